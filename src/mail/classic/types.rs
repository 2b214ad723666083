//! Content-Type as SpamAssassin reads it: type, boundary, charset, name.
//!
//! Pure.

use super::expression::Expression;
use std::sync::LazyLock;

/// What a Content-Type field says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentType {
    /// Lower case, of the form `type/subtype`; most other text types are `text/plain`.
    pub kind: Vec<u8>,
    pub boundary: Option<Vec<u8>>,
    pub charset: Option<Vec<u8>>,
    pub name: Option<Vec<u8>>,
    /// There is none, or it is empty.
    pub missing: bool,
}

static BOUNDARY: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r#"(?i)\bboundary\s*=\s*(?:("[^"]+)|([^\s";]+)(?:[\s;]|\z))"#));
static CHARSET: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r#"(?i)\bcharset\s*=\s*["']?([^\n]*?)["']?(?:;|\n?\z)"#));
static NAME: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r#"(?i)\b(?:file)?name\s*=\s*["']?([^\n]*?)["']?(?:;|\n?\z)"#));
static NAME_PART: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r#"(?i)\b(?:file)?name\*(\d+)\s*=\s*["']?([^\n]*?)["']?(?:;|\n?\z)"#));

/// Reads the decoded value of a Content-Type field; the last one counts where there are more.
#[must_use]
pub fn parse(value: Option<&[u8]>) -> ContentType {
    let present = value.filter(|value| !value.is_empty() && *value != b"0");
    let value = present.unwrap_or(b"text/plain; charset=us-ascii");
    let group =
        |expression: &Expression| expression.groups(value, 0).and_then(|found| found.get(1).map(<[u8]>::to_vec));
    let boundary = BOUNDARY.groups(value, 0).and_then(|found| {
        let text = found.get(1).or_else(|| found.get(2))?;
        Some(text.iter().copied().filter(|octet| *octet != b'"').collect::<Vec<u8>>())
    });
    let name = group(&NAME).filter(|name| !name.is_empty() && name != b"0").or_else(|| name_parts(value));
    let (kind, empty) = kind(value);
    ContentType { kind, boundary, charset: group(&CHARSET), name, missing: present.is_none() || empty }
}

/// The pieces of a continued name (RFC 2231 section 3) in the order of their numbers.
fn name_parts(value: &[u8]) -> Option<Vec<u8>> {
    let mut parts = std::collections::BTreeMap::new();
    let mut at = 0;
    while let Some(found) = NAME_PART.groups(value, at) {
        at = found.end().max(at + 1);
        let number: Option<u32> = found.get(1).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        if let (Some(number), Some(text)) = (number, found.get(2)) {
            parts.insert(number, text.to_vec());
        }
    }
    parts.contains_key(&0).then(|| parts.into_values().flatten().collect())
}

/// The media type, and whether none is there.
fn kind(value: &[u8]) -> (Vec<u8>, bool) {
    let start = value.iter().position(|octet| !super::wide::is_blank(octet)).unwrap_or(value.len());
    let text = value.get(start..).unwrap_or_default();
    let text = text.split(|octet| *octet == b';').next().unwrap_or_default();
    let kept = match memchr::memchr(b'/', text) {
        Some(slash) if slash > 0 => {
            let rest = text.get(slash + 1..).unwrap_or_default();
            let end =
                rest.iter().position(|octet| *octet == b'/' || super::wide::is_blank(octet)).unwrap_or(rest.len());
            text.get(..slash + 1 + end).unwrap_or(text)
        }
        _ => text,
    };
    let lower = kept.to_ascii_lowercase();
    let empty = lower.is_empty() || lower == b"0";
    let is_text = lower
        .strip_prefix(b"text")
        .is_some_and(|rest| rest.first().is_none_or(|octet| !(octet.is_ascii_alphanumeric() || *octet == b'_')));
    if empty || (is_text && !matches!(lower.as_slice(), b"text/x-vcard" | b"text/calendar" | b"text/html")) {
        return (b"text/plain".to_vec(), empty);
    }
    let is_token = |octet: &u8| octet.is_ascii_graphic() && !b"\"(),:;<=>?@[\\]".contains(octet);
    (lower.into_iter().filter(is_token).collect(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_lenient() {
        let read = parse(Some(b"Multipart/Mixed; boundary=\"a b\"; charset='x'; name=\"f.html\""));
        assert_eq!(read.kind, b"multipart/mixed");
        assert_eq!(read.boundary.as_deref(), Some(&b"a b"[..]));
        assert_eq!(read.charset.as_deref(), Some(&b"x"[..]));
        assert_eq!(read.name.as_deref(), Some(&b"f.html"[..]));
        assert_eq!(parse(Some(b"text/enriched")).kind, b"text/plain");
        assert_eq!(parse(Some(b"text/html charset=x")).kind, b"text/html");
        assert!(parse(None).missing && parse(Some(b" ;x")).missing);
        let name = parse(Some(b"a/b; name*1=\"c\"; name*0=ab")).name;
        assert_eq!(name.as_deref(), Some(&b"abc"[..]));
    }
}
