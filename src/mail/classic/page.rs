//! One HTML part as SpamAssassin renders it: its text, and the facts about it that `eval:html_*` asks for.
//!
//! Pure.

use super::{
    style::{Element, Styles, Visibility, attribute},
    tokens::{Token, Tokenizer},
    uris::References,
    wide::{Wide, is_space},
};
use std::collections::{BTreeMap, BTreeSet};

/// Elements of HTML 4; others are odd.
const ELEMENTS: [&str; 94] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "applet",
    "area",
    "b",
    "base",
    "basefont",
    "bdo",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "font",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "isindex",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "map",
    "menu",
    "meta",
    "nobr",
    "noframes",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "pre",
    "q",
    "s",
    "samp",
    "script",
    "select",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "x-sigsep",
    "x-tab",
];

/// What a page says.
#[derive(Debug, Default)]
pub struct Page {
    /// What somebody reads, hidden parts included.
    pub text: Wide,
    last: Option<Piece>,
    styles: Styles,
    /// How deep we are inside of each element; one that was closed too often stays at 0.
    pub inside: BTreeMap<String, i64>,
    pub elements: u64,
    pub elements_seen: u64,
    pub tags: u64,
    pub tags_seen: u64,
    pub closed_extra: u64,
    pub obfuscation: u64,
    pub backhair: BTreeSet<(usize, usize)>,
    pub image_area: f64,
    pub titles: Vec<Wide>,
    pub anchors: Vec<Wide>,
    pub comments: Vec<String>,
    pub scripts: Vec<Wide>,
    /// Words of charset parameters in `meta` elements.
    pub charsets: Vec<String>,
    /// Names of the tests that hold: `embeds`, `font_low_contrast` and the like.
    pub tests: BTreeSet<&'static str>,
    pub references: References,
    /// Characters of the page.
    pub length: usize,
    /// Octets of the part before it was decoded.
    pub octets: usize,
    /// Characters of the text.
    pub text_length: usize,
    /// Characters of the text that are no white space.
    pub ink_length: usize,
}

/// The last piece of rendered text.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it starts in the text.
    start: usize,
    is_space: bool,
    is_hidden: bool,
}

impl Page {
    /// Renders a page. `octets` is its size before decoding.
    #[must_use]
    pub fn render(source: &Wide, octets: usize) -> Self {
        let mut page = Self { octets, length: source.len(), ..Self::default() };
        page.tests.insert("html");
        let text = prepare(source);
        Tokenizer::new(&text, source.decoded).run(&mut |token| page.take(token));
        let text = &page.text;
        let is_blank = |letter: &char| {
            if text.decoded { text.is_space(*letter) } else { matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b') }
        };
        page.text_length = text.len();
        page.ink_length = page.text_length - text.text.chars().filter(is_blank).count();
        page
    }

    /// Largest and smallest font size.
    #[must_use]
    pub fn sizes(&self) -> (i64, i64) {
        (self.styles.size_max, self.styles.size_min)
    }

    fn is_in(&self, name: &str) -> bool {
        self.inside.get(name).is_some_and(|depth| *depth > 0)
    }

    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Start { name, attributes } => self.tag(&name, Some(attributes)),
            Token::End { name } => self.tag(&name, None),
            Token::Text(text) => self.words(text),
            Token::Comment(text) => self.comments.push(text.to_owned()),
            Token::Declaration(text) => {
                if text.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype")) {
                    self.elements += 1;
                    self.tags += 1;
                    self.inside.insert("!doctype".to_owned(), 0);
                }
            }
        }
    }

    fn tag(&mut self, name: &str, attributes: Option<Vec<(String, Wide)>>) {
        let is_element = ELEMENTS.binary_search(&name).is_ok();
        let is_namespace = is_office(name);
        let is_new = !self.inside.contains_key(name);
        if is_element || is_namespace {
            self.elements += 1;
            self.elements_seen += u64::from(is_new);
        }
        self.tags += 1;
        self.tags_seen += u64::from(is_new);
        let depth = self.inside.entry(name.to_owned()).or_default();
        *depth += if attributes.is_some() { 1 } else { -1 };
        if *depth < 0 {
            *depth = 0;
            self.closed_extra += 1;
        }
        if is_namespace || !(is_element || matches!(name, "bgsound" | "embed" | "listing" | "plaintext" | "xmp")) {
            return;
        }
        if let Some(element) = Element::named(name) {
            match &attributes {
                Some(attributes) => self.styles.start(element, attributes),
                None => self.styles.end(element),
            }
        }
        match name {
            "br" | "div" => self.space("\n"),
            "li" | "th" | "td" | "dd" | "dt" | "embed" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.space(" "),
            "p" | "hr" | "blockquote" | "pre" | "listing" | "plaintext" | "xmp" | "title" => self.space("\n\n"),
            _ => {}
        }
        if let Some(mut attributes) = attributes {
            self.references.take(name, &mut attributes);
            self.test(name, &attributes);
        }
    }

    /// White space that an element makes.
    fn space(&mut self, text: &str) {
        let is_open = |last: &Piece| !last.is_space && !last.is_hidden;
        if let Some(last) = self.last.filter(is_open)
            && self.text.text.len() > last.start
            && self.text.text.ends_with(' ')
        {
            self.text.text.pop();
        }
        self.last = Some(Piece { start: self.text.text.len(), is_space: true, is_hidden: false });
        self.text.text.push_str(text);
    }

    fn words(&mut self, text: Wide) {
        if self.is_in("script") {
            self.scripts.push(text);
            return;
        }
        if self.is_in("style") {
            return;
        }
        if self.is_in("a") {
            self.references.anchor_text(&text);
            if let Some(anchor) = self.anchors.last_mut() {
                anchor.push(&text);
            }
        }
        if self.is_in("title")
            && let Some(title) = self.titles.last_mut()
        {
            title.push(&text);
        }
        let is_hidden = is_inked(&text.text) && self.is_hidden();
        self.mark_obfuscation(&text);
        let kept = collapse(&text.text);
        let follows_space = !is_hidden && self.last.is_some_and(|last| last.is_space);
        let kept = kept.strip_prefix(' ').filter(|_| follows_space).unwrap_or(&kept);
        self.last = Some(Piece { start: self.text.text.len(), is_space: false, is_hidden });
        self.text.text.push_str(kept);
        self.text.decoded |= text.decoded;
    }

    fn is_hidden(&mut self) -> bool {
        match self.styles.visibility() {
            Visibility::Shown => return false,
            Visibility::Hidden => {}
            Visibility::LowContrast => {
                self.tests.insert("font_low_contrast");
            }
            Visibility::InvalidColor => {
                self.tests.insert("font_invalid_color");
            }
        }
        true
    }

    /// Words that a tag cuts in two.
    fn mark_obfuscation(&mut self, text: &Wide) {
        let Some(last) = self.last else { return };
        let tail = self.text.text.get(last.start..).unwrap_or_default();
        let inner = |word: &Wide, letter: char| !letter.is_ascii_punctuation() && !word.is_space(letter);
        let before = tail.chars().rev().take(8).take_while(|letter| inner(&self.text, *letter)).count();
        let after = text.text.chars().take(8).take_while(|letter| inner(text, *letter)).count();
        if before > 0 && after > 0 {
            self.obfuscation += 1;
        }
        if (1..8).contains(&before) && (1..8).contains(&after) {
            self.backhair.insert((before, after));
        }
    }

    fn test(&mut self, name: &str, attributes: &[(String, Wide)]) {
        let value = |key: &str| attribute(attributes, key).map(|value| value.text.as_str());
        match name {
            "font" if value("face").is_some_and(|face| !is_face(face)) => {
                self.tests.insert("font_face_bad");
            }
            "img" => {
                if self.is_in("a") {
                    let mark = Wide { text: "<img>\n".to_owned(), decoded: false };
                    self.references.anchor_text(&mark);
                    if let Some(anchor) = self.anchors.last_mut() {
                        anchor.push(&mark);
                    }
                }
                if let (Some(width), Some(height)) = (value("width"), value("height")) {
                    self.image_area += pixels(width, 8.0) * pixels(height, 6.0);
                }
            }
            "form" if value("action").is_some_and(|action| action.to_ascii_lowercase().contains("mailto:")) => {
                self.tests.insert("form_action_mailto");
            }
            "object" | "embed" => {
                self.tests.insert("embeds");
            }
            "a" => {
                self.references.open_anchor(attribute(attributes, "href"));
                self.anchors.push(Wide::default());
            }
            "title" => self.titles.push(Wide::default()),
            "meta" => self.charsets.extend(meta_charset(value("http-equiv"), value("content"))),
            _ => {}
        }
    }
}

/// `&nbsp;` is a space, `<br/>` is `<br>`, curly quotes are straight ones.
fn prepare(source: &Wide) -> String {
    let mut text = source.text.replace("&nbsp;", " ");
    if source.decoded {
        text = text.replace(['\u{201c}', '\u{201d}'], "\"");
    } else {
        text = text.replace("\u{e2}\u{80}\u{9c}", "\"").replace("\u{e2}\u{80}\u{9d}", "\"");
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = rest.find('<') {
        let (before, tail) = rest.split_at(open + 1);
        kept.push_str(before);
        let is_word = |letter: char| letter == '_' || letter.is_alphanumeric();
        let name = tail.find(|letter| !is_word(letter)).unwrap_or(tail.len());
        let behind = tail.get(name..).unwrap_or_default();
        let slash = behind.trim_start_matches(|letter| source.is_space(letter));
        rest = tail;
        if name > 0
            && let Some(after) = slash.strip_prefix("/>")
        {
            kept.push_str(tail.get(..name).unwrap_or_default());
            kept.push('>');
            rest = after;
        }
    }
    kept.push_str(rest);
    kept
}

/// Something but white space, octets of a no-break space included.
fn is_inked(text: &str) -> bool {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{c2}' && letters.peek() == Some(&'\u{a0}') {
            letters.next();
        } else if !is_space(letter) {
            return true;
        }
    }
    false
}

/// Runs of white space become one space, and so does a no-break space that was read as octets.
fn collapse(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut in_space = false;
    while let Some(letter) = letters.next() {
        if is_space(letter) {
            if !in_space {
                kept.push(' ');
            }
            in_space = true;
            continue;
        }
        in_space = false;
        if letter == '\u{c2}' && letters.peek() == Some(&'\u{a0}') {
            letters.next();
            kept.push(' ');
        } else {
            kept.push(letter);
        }
    }
    kept
}

/// A name as office programs write them: `o:p`, `st1:city`.
fn is_office(name: &str) -> bool {
    let Some((prefix, local)) = name.split_once(':') else { return false };
    let is_prefix = prefix == "o" || matches!(prefix.as_bytes(), [b's', b't', digit] if digit.is_ascii_digit());
    let local = local.strip_suffix('/').unwrap_or(local);
    is_prefix
        && !local.is_empty()
        && local.chars().all(|letter| letter == '_' || letter == '-' || letter.is_alphanumeric())
}

/// A list of font names as people write them.
fn is_face(face: &str) -> bool {
    static FACE: std::sync::LazyLock<super::expression::Expression> = std::sync::LazyLock::new(|| {
        super::expression::Expression::new(
            r#"(?i)^\s*["'.]?[a-z ][a-z -]*[a-z]\d?["']?(?:,\s*["']?[a-z][a-z -]*[a-z]\d?["']?)*;?\n?\z"#,
        )
    });
    FACE.is_match(face.as_bytes())
}

/// Pixels of a length; percents are of a small screen, and what is no number is guessed.
fn pixels(length: &str, percent: f64) -> f64 {
    let length = length.strip_suffix('\n').unwrap_or(length);
    let (digits, factor) = length.strip_suffix('%').map_or((length, 1.0), |digits| (digits, percent));
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = if is_number { digits.parse::<f64>().unwrap_or(0.0) * factor } else { 0.0 };
    if number > 0.0 { number } else { 200.0 }
}

fn meta_charset(equivalent: Option<&str>, content: Option<&str>) -> Option<String> {
    static CHARSET: std::sync::LazyLock<super::expression::Expression> =
        std::sync::LazyLock::new(|| super::expression::Expression::new(r#"(?i)\bcharset\s*=\s*["']?([^"']+)"#));
    if !equivalent?.to_ascii_lowercase().contains("content-type") {
        return None;
    }
    let found = CHARSET.groups(content?.as_bytes(), 0)?;
    Some(String::from_utf8_lossy(found.get(1)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(page: &str) -> String {
        Page::render(&Wide::octets(page.as_bytes()), page.len()).text.text
    }

    #[test]
    fn pages_become_text() {
        assert_eq!(text("<p>a <br/> b</p> c"), "\n\na\nb\n\nc");
        assert_eq!(text("<b>x</b>y&nbsp;z <td>w"), "xy z w");
        assert_eq!(text("<style>p</style><script>q</script>r"), "r");
        assert!(ELEMENTS.is_sorted());
    }

    #[test]
    fn facts_are_counted() {
        let page = "<html><a href=x><img width=10 height=50%>t</a></b><font color=white>h</font></html>";
        let page = Page::render(&Wide::octets(page.as_bytes()), page.len());
        assert_eq!((page.tags, page.closed_extra), (8, 1));
        assert!((page.image_area - 3000.0).abs() < 0.1);
        assert_eq!(page.anchors[0].text, "<img>\nt");
        assert!(page.tests.contains("font_low_contrast"));
        assert_eq!(page.inside.get("b"), Some(&0));
    }
}
