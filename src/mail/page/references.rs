//! References: what a page points to in its attributes and style sheets.
//!
//! Pure.

/// One thing found, in document order; handed out as it is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// `<base href>`: what relative references are relative to.
    Base(&'a str),
    /// The value of an attribute or of a style sheet that names a resource, verbatim but for character references.
    Reference(&'a str),
    /// Text between tags.
    Text(&'a str),
}

/// Is this an attribute whose value is one reference?
#[must_use]
pub fn is_reference(name: &[u8]) -> bool {
    REFERENCES.contains(&name)
}

/// Attributes whose value is one reference.
const REFERENCES: &[&[u8]] = &[
    b"href",
    b"src",
    b"action",
    b"formaction",
    b"background",
    b"data",
    b"poster",
    b"xlink:href",
    b"codebase",
    b"cite",
    b"longdesc",
    b"lowsrc",
    b"dynsrc",
    b"manifest",
    b"ping",
];

/// Every candidate of a `srcset`.
pub fn source_set(value: &str, found: &mut dyn FnMut(Found<'_>)) {
    value
        .split(',')
        .filter_map(|candidate| candidate.split_ascii_whitespace().next())
        .for_each(|source| found(Found::Reference(source)));
}

/// The target in `5; url='https://a.example/'`.
#[must_use]
pub fn refresh_target(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once([';', ','])?;
    let rest = rest.trim_start();
    let rest = if rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("url")) {
        rest.get(3..)?.trim_start().strip_prefix('=')?.trim_start()
    } else {
        rest
    };
    let target = match rest.strip_prefix(['\'', '"']) {
        Some(quoted) => quoted.split(['\'', '"']).next()?,
        None => rest.trim_end(),
    };
    (!target.is_empty()).then_some(target)
}

/// Every `url(...)` and `@import "..."` of a style sheet.
pub fn style(text: &str, found: &mut dyn FnMut(Found<'_>)) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'(', rest.as_bytes()) {
        let (before, after) = rest.split_at(at);
        rest = after.get(1..).unwrap_or_default();
        let is_url = before.len() >= 3
            && before.as_bytes().get(before.len() - 3..).is_some_and(|word| word.eq_ignore_ascii_case(b"url"));
        if !is_url {
            continue;
        }
        let Some(end) = rest.find(')') else { return };
        let (inner, tail) = rest.split_at(end);
        let inner = inner.trim().trim_matches(['\'', '"']).trim();
        if !inner.is_empty() {
            found(Found::Reference(inner));
        }
        rest = tail;
    }
    if memchr::memchr(b'@', text.as_bytes()).is_none() {
        return;
    }
    for import in text.split("@import").skip(1) {
        let import = import.trim_start();
        let Some(quote) = import.chars().next().filter(|mark| matches!(mark, '\'' | '"')) else { continue };
        if let Some(target) = import.get(1..).and_then(|rest| rest.split(quote).next()).filter(|text| !text.is_empty())
        {
            found(Found::Reference(target));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::page::Page;

    fn references(html: &str) -> Vec<String> {
        let mut all = Vec::new();
        let _ = Page::read(html, &mut |found| match found {
            Found::Base(target) => all.push(format!("base {target}")),
            Found::Reference(target) => all.push(target.to_owned()),
            Found::Text(_) => {}
        });
        all
    }

    #[test]
    fn every_kind_of_reference_is_seen() {
        let html = r#"<base href="http://b.example/"><a HREF=/x>y</a><img src='i&amp;j'><form action=f>
            <button formaction="g"></button></form><meta http-equiv=refresh content="0;URL='h'">
            <td style="background:URL( 'k' )"></td><style>@import "l"; p { background: url(m) }</style>
            <img srcset="n 1x, o 2x"><svg><a xlink:href="p"></a></svg>"#;
        assert_eq!(
            references(html),
            ["base http://b.example/", "/x", "i&j", "f", "g", "h", "k", "m", "l", "n", "o", "p"]
        );
    }

    #[test]
    fn broken_markup_hides_nothing() {
        assert_eq!(references("<a href='x"), Vec::<String>::new());
        assert_eq!(references("<a\n/href\n=\n\"x\"/>"), ["x"]);
        assert_eq!(references("<p><<a href=x>"), ["x"]);
        assert_eq!(references("<title></title><a href=x>"), ["x"]);
    }

    #[test]
    fn text_is_handed_out() {
        let mut text = String::new();
        let _ = Page::read("a<b>b</b><style>c</style>&amp;<script>d</script>", &mut |found| {
            if let Found::Text(shown) = found {
                text.push_str(shown);
            }
        });
        assert_eq!(text, "ab&d");
    }
}
