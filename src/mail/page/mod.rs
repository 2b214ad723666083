//! Pages: what an HTML text shows its reader, what it hides, and what it refers to (WHATWG HTML tokenization).
//!
//! Pure, and linear in the octets. Builds no tree: broken nesting cannot hide an attribute. One pass serves links and texts.

pub mod color;
mod flow;
mod look;
pub mod reader;
pub mod references;
mod script;
mod sheet;
mod start;
mod style;
mod tags;

use self::references::Found;

/// What is known of one page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Text as a reader sees it: white space runs as one space, blocks parted by a space.
    pub visible: String,
    /// Text that the page keeps from its reader: not displayed, too small, in the colour of its background, out of sight.
    pub hidden: String,
    pub title: String,
    /// Texts that stand for pictures, each once a picture, empty ones left out.
    pub alts: Vec<String>,
    pub anchors: Vec<Anchor>,
    pub images: usize,
    /// Pictures that are fetched from somewhere, which tells that the mail was opened.
    pub remote_images: usize,
    /// Those of them that nobody sees: up to 3 pixels wide or high, or hidden.
    pub tracking_images: usize,
    pub forms: usize,
    /// Fields for input of any kind.
    pub inputs: usize,
    pub password_inputs: usize,
    pub scripts: usize,
    /// Attributes such as `onload`.
    pub event_handlers: usize,
    pub iframes: usize,
    /// Start tags.
    pub tags: usize,
    /// Octets of comments, those for Outlook (`<!--[if`) left out.
    pub comment_bytes: usize,
    /// Attributes that carry their target in themselves (`data:`).
    pub data_uris: usize,
    pub meta_refresh: usize,
    /// Words of what is visible that are parted by characters without width.
    pub split_words: usize,
    /// What is odd about how text looks, sorted: why some is hidden (`display_none`, `invisible`, `tiny_font`,
    /// `text_on_same_color`, `off_screen`, `zero_size`), `hidden_in_word`, `split_word`, `zero_width_run`, `reversed_text`.
    pub style_oddities: Vec<&'static str>,
    /// Marks of HTML smuggling in scripts, sorted, such as `atob` or `blob`.
    pub script_marks: Vec<&'static str>,
    /// A bound was met: some of the page's styles, anchors or depth were left out.
    pub cut: bool,
}

/// A place to click.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// As it stands there, references to characters resolved.
    pub href: String,
    /// What is shown for it; the texts of its pictures where there is nothing else.
    pub text: String,
}

impl Page {
    /// Reads a page; hands out what it refers to as it is met.
    #[must_use]
    pub fn read(html: &str, found: &mut dyn FnMut(Found<'_>)) -> Self {
        reader::read(html, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Page {
        Page::read(html, &mut |_| {})
    }

    #[test]
    fn what_is_shown_is_visible() {
        for (html, visible) in [
            ("<p>Gr&uuml;&szlig;e<p>aus  der\n<b>Sch</b>ule<br>heute", "Gr\u{fc}\u{df}e aus der Schule heute"),
            ("<table><tr><td>a<td>b<tr><td>c</table>d", "a b c d"),
            ("a<!-- b -->c<style>d</style><script>e</script><title>f</title>", "ac"),
            ("<noscript><noscript>a <a href=x>b</a></noscript>", "a b"),
            ("<td style='font-size:0'>\n<span style='font-size:14px'>a</span></td>", "a"),
            ("<div style='visibility:hidden'>x<b style='visibility:visible'>a</b></div>", "a"),
            ("<td bgcolor=#000000><font color=white>a</font></td>", "a"),
            ("<td background=x.png><font color=white>a</font></td>", "a"),
            ("<style>@media (max-width:9px) {p {display:none}}</style><p>a", "a"),
            ("<style media='screen and (max-width:9px)'>p {display:none}</style><p>a", "a"),
            ("<style>p {display:none}</style><p style='display:block'>a", "a"),
            ("<div style='color:white;background:white'>x<a href=y>a</a></div>", "a"),
            ("<div style='mso-hide:all'>a</div>", "a"),
            ("</html>a<body>b", "a b"),
            ("<p style='display:none'>x<p>a", "a"),
            ("<span style='display:none'>x</div></span>a", "a"),
            ("<p>\u{202e}prodriA\u{202c} now", "Airdorp now"),
        ] {
            assert_eq!(read(html).visible, visible, "{html}");
        }
    }

    #[test]
    fn what_is_hidden_is_not() {
        for (html, oddity) in [
            ("a<p style='display : NONE'>x</p>", "display_none"),
            ("a<p hidden>x</p>", "display_none"),
            ("a<template>x</template>", "display_none"),
            ("a<style>.h{display:none!important}</style><i class='b h' style='display:block'>x</i>", "display_none"),
            ("a<style>div.o > #i{display:none}</style><div class=o><i id=i>x</i></div>", "display_none"),
            ("a<p style='visibility:hidden'>x</p>", "invisible"),
            ("a<p style='opacity:0'><b style='opacity:1'>x</b></p>", "invisible"),
            ("a<p style='font-size:1px'>x</p>", "tiny_font"),
            ("a<p style='font-size:10px'><b style='font-size:0.1em'>x</b></p>", "tiny_font"),
            ("a<font color=white>x</font>", "text_on_same_color"),
            ("a<div style='background:#123456'><font color='#123457'>x</font></div>", "text_on_same_color"),
            ("a<p style='color:rgba(0,0,0,0)'>x</p>", "text_on_same_color"),
            ("a<table><td bgcolor=red style='color:red'>x</table>", "text_on_same_color"),
            ("a<p style='position:absolute;left:-9999px'>x</p>", "off_screen"),
            ("a<p style='text-indent:-99em'>x</p>", "off_screen"),
            ("a<div style='max-height:0;overflow:hidden'>x</div>", "zero_size"),
        ] {
            let page = read(html);
            assert_eq!((page.visible.as_str(), page.hidden.as_str()), ("a", "x"), "{html}");
            assert_eq!(page.style_oddities, [oddity], "{html}");
        }
    }

    #[test]
    fn words_that_are_taken_apart_are_told() {
        let page = read("Pay<span style='font-size:0'>qx</span>pal");
        assert_eq!((page.visible.as_str(), page.hidden.as_str()), ("Paypal", "qx"));
        assert_eq!(page.style_oddities, ["hidden_in_word", "tiny_font"]);
        let page = read("Pass\u{200b}wo\u{200c}rt, v\u{ad}om 2\u{200d} \u{200c}\u{a0}\u{200c}");
        assert_eq!(page.style_oddities, ["split_word"]);
        assert_eq!(page.split_words, 2);
        assert_eq!(read(&"a \u{200c}".repeat(9)).style_oddities, Vec::<&str>::new());
        assert_eq!(read(&"\u{200c}&nbsp;".repeat(9)).style_oddities, ["zero_width_run"]);
    }

    #[test]
    fn things_are_counted() {
        let page = read(concat!(
            "<title> Konto\n</title><form><input type=Password><input name=a></form><img src=cid:a alt=' Das  Logo '>",
            "<img src=https://a.example/x width=1><img src='//b.example' style='height:2px'><img src=http://c width=600>",
            "<img src='http://d' style='display:none'><meta http-equiv=refresh content='0;url=http://e'>",
            "<meta content='text/html; charset=utf-8'><iframe src='data:text/html,x'></iframe><p onclick='eval(x)'>",
            "<!--[if mso]>x<![endif]--><!-- 123 -->",
        ));
        assert_eq!(page.title, "Konto");
        assert_eq!((page.forms, page.inputs, page.password_inputs), (1, 2, 1));
        assert_eq!((page.images, page.remote_images, page.tracking_images), (5, 4, 3));
        assert_eq!((page.meta_refresh, page.iframes, page.data_uris, page.event_handlers), (1, 1, 1, 1));
        assert_eq!(page.alts, ["Das Logo"]);
        assert_eq!(page.script_marks, ["eval"]);
        assert_eq!(page.comment_bytes, 5);
    }

    #[test]
    fn anchors_have_a_text() {
        let page = read(concat!(
            "<a href=a>Zum <b>Portal</b></a> <a href=b><img alt=Logo><img alt=Pfeil></a><a name=x>y</a>",
            "<a href=c>eins<a href=d>zwei<td>drei</td>vier<a href=e><i hidden>x</i></a>",
        ));
        let shown: Vec<_> = page.anchors.iter().map(|anchor| (anchor.href.as_str(), anchor.text.as_str())).collect();
        assert_eq!(shown, [("a", "Zum Portal"), ("b", "Logo Pfeil"), ("c", "eins"), ("d", "zwei drei"), ("e", "")]);
    }

    #[test]
    fn bounds_are_told() {
        assert!(read(&"<b>".repeat(1000)).cut);
        assert!(read(&"<a href=x>".repeat(2000)).cut);
        let rules: String = (0..9000).map(|number| format!(".a{number} {{display:none}}")).collect();
        assert!(read(&format!("<style>{rules}</style>")).cut);
        assert!(!read("<p>a</p>").cut);
    }
}
