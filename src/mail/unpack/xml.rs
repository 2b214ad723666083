//! XML as office files have it: start tags with their attributes, and the text behind them.
//!
//! Pure. No tree, no entities but the five and numbers, and no error: what is no tag is text.

use super::octets::{utf16_be, utf16_le};
use crate::mail::charset;
use std::borrow::Cow;

/// One tag and the text up to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// Without prefix; `/name` for an end tag.
    pub name: &'a str,
    /// With prefix.
    pub full: &'a str,
    attributes: &'a str,
    /// The raw text behind it.
    pub text: &'a str,
}

/// The text of a file, by its byte order mark or as it looks.
#[must_use]
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] | rest @ [b'<', 0, ..] => Cow::Owned(utf16_le(rest)),
        [0xfe, 0xff, rest @ ..] | rest @ [0, b'<', ..] => Cow::Owned(utf16_be(rest)),
        _ => charset::guess(bytes),
    }
}

/// Every tag of a text.
pub fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    text.split('<').skip(1).filter_map(|piece| {
        let (tag, text) = piece.split_once('>')?;
        let end = tag.find(|mark: char| mark.is_whitespace()).unwrap_or(tag.len());
        let (full, attributes) = tag.split_at(end);
        let full = full.trim_end_matches('/');
        let local = full.rsplit_once(':').map_or(full, |(_, local)| local);
        let name =
            if full.starts_with('/') && !local.starts_with('/') { full.get(..0).unwrap_or_default() } else { local };
        Some(Tag { name, full, attributes, text })
    })
}

impl<'a> Tag<'a> {
    /// The value of an attribute, by its name without prefix.
    #[must_use]
    pub fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        while let Some((name, behind)) = rest.split_once('=') {
            let behind = behind.trim_start();
            let quote = behind.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
            let value: &'a str = behind.get(1..)?;
            let (value, next) = value.split_once(quote).unwrap_or((value, ""));
            let name = name.trim();
            if name == wanted || name.rsplit_once(':').is_some_and(|(_, local)| local == wanted) {
                return Some(unescaped(value));
            }
            rest = next;
        }
        None
    }
}

/// Undoes entities.
#[must_use]
pub fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        plain.push_str(before);
        let known = behind.split_once(';').filter(|(name, _)| name.len() <= 8).and_then(|(name, next)| {
            let mark = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((mark, next))
        });
        let (mark, next) = known.unwrap_or(('&', behind));
        plain.push(mark);
        rest = next;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_give_names_attributes_and_text() {
        let text = "<?xml version='1.0'?><w:a r:id=\"x&amp;y\" b='2'/>one<c>two</c>";
        let tags: Vec<Tag<'_>> = tags(text).collect();
        assert_eq!(tags.iter().map(|tag| tag.name).collect::<Vec<_>>(), ["?xml", "a", "c", "/c"]);
        assert_eq!(tags[1].attribute("id").unwrap(), "x&y");
        assert_eq!(tags[1].attribute("b").unwrap(), "2");
        assert_eq!((tags[1].text, tags[2].text), ("one", "two"));
        assert_eq!(unescaped("a&#65;&#x42;&bad;&"), "aAB&bad;&");
    }
}
