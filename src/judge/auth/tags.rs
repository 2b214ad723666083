//! Tag lists (RFC 6376 3.2) and the base64 in them: the common grammar of signatures, keys and DMARC records.
//!
//! Pure. mail-parser decodes base64. Lists are read here and not by mail-auth, which takes the last of several tags, an
//! unreadable number for 0 and 0 for absent: `x=` garbage would never expire, `l=0` would sign all.

use crate::limits;
use mail_parser::Encoding;

/// The tags of a list in order, names and values trimmed of folding white space, values otherwise verbatim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// Reads a list as RFC 6376 3.2 says: a name that appears twice or a piece without `=` spoils all of it.
    ///
    /// # Errors
    /// What is wrong.
    pub fn strict(text: &'a str) -> Result<Self, &'static str> {
        let mut tags: Vec<(&str, &str)> = Vec::new();
        let mut pieces = text.split(';').peekable();
        while let Some(piece) = pieces.next() {
            if trim(piece).is_empty() && pieces.peek().is_none() {
                break;
            }
            let (name, value) = piece.split_once('=').ok_or("a tag without =")?;
            let (name, value) = (trim(name), trim(value));
            let is_name = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name {
                return Err("a tag name with other characters than letters, digits and _");
            }
            if tags.iter().any(|(known, _)| *known == name) {
                return Err("a tag that appears twice");
            }
            if tags.len() == limits::TAGS_MAX {
                return Err("too many tags");
            }
            tags.push((name, value));
        }
        if tags.is_empty() { Err("no tags") } else { Ok(Self(tags)) }
    }

    /// Reads what can be read; the first of several tags of a name counts.
    #[must_use]
    pub fn lenient(text: &'a str) -> Self {
        let pieces = text.split(';').filter_map(|piece| piece.split_once('='));
        Self(pieces.map(|(name, value)| (trim(name), trim(value))).take(limits::TAGS_MAX).collect())
    }

    /// The value of a tag; names are case-sensitive (RFC 6376 3.2).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The first tag.
    #[must_use]
    pub fn first(&self) -> Option<(&'a str, &'a str)> {
        self.0.first().copied()
    }
}

/// Without folding white space at both ends.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// The elements of a colon-separated list, trimmed.
pub fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(':').map(trim)
}

/// A decimal number of at most 12 digits (RFC 6376 3.5 `t=`, `x=`).
#[must_use]
pub fn number(value: &str) -> Option<i64> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return None;
    }
    // Longer ones lie beyond the year 30000 and mean "never" alike.
    Some(value.parse().unwrap_or(i64::MAX))
}

/// Decodes base64 with folding white space in it; `None` when other characters are there.
#[must_use]
pub fn base64(value: &str) -> Option<Vec<u8>> {
    let (octets, is_malformed) = Encoding::Base64.decode_checked(value.as_bytes());
    (!is_malformed).then(|| octets.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_strict_and_lenient() {
        let tags = Tags::strict(" v = 1 ;\r\n\ta=x;").unwrap();
        assert_eq!((tags.get("v"), tags.get("a"), tags.get("A")), (Some("1"), Some("x"), None));
        for bad in ["", "a", "a=1;;b=2", "a=1;a=2", "=1"] {
            assert!(Tags::strict(bad).is_err(), "{bad}");
        }
        assert_eq!(Tags::lenient("a=1; junk; a=2;b=").get("b"), Some(""));
    }

    #[test]
    fn base64_is_decoded() {
        assert_eq!(base64("Zm9v\r\n YmE=").unwrap(), b"fooba");
        assert_eq!(base64("").unwrap(), b"");
        assert_eq!(base64("Zm8!"), None);
    }
}
