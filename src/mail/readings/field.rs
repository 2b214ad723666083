//! MIME fields as tolerant readers find them: names with junk in them, values of which several are plausible.
//!
//! Pure.

/// Which MIME field a line is taken for (RFC 2045, RFC 2183).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Type,
    TransferEncoding,
    Disposition,
    /// `Content-ID` and others that say nothing of how the body is read.
    Other,
}

/// Names without their hyphens, the longest of a common start first.
const NAMES: [(&[u8], Field); 7] = [
    (b"contenttransferencoding", Field::TransferEncoding),
    (b"contenttype", Field::Type),
    (b"contentdisposition", Field::Disposition),
    (b"contentdescription", Field::Other),
    (b"contentid", Field::Other),
    (b"contentlocation", Field::Other),
    (b"mimeversion", Field::Other),
];

/// The MIME field that the line is, for some reader, and its value.
///
/// Blanks, control characters and octets beyond ASCII before, in and behind the name are passed over; the colon may be
/// missing where nothing but junk stands between name and value.
#[must_use]
pub fn mime_field(line: &[u8]) -> Option<(Field, &[u8])> {
    let line = without_comment(line);
    let first = line.iter().take(JUNK_MAX).find(|byte| byte.is_ascii_alphanumeric())?;
    if !matches!(first.to_ascii_lowercase(), b'c' | b'm') {
        return None;
    }
    NAMES.iter().find_map(|(name, field)| value_behind(line, name).map(|value| (*field, value)))
}

/// The line without a comment at its start.
fn without_comment(line: &[u8]) -> &[u8] {
    let start = line.get(..line.len().min(COMMENT_BYTES_MAX)).unwrap_or_default();
    match memchr::memchr(b')', start) {
        Some(end) if start.trim_ascii_start().starts_with(b"(") => line.get(end + 1..).unwrap_or_default(),
        _ => line,
    }
}

fn value_behind<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut junk = 0;
    let mut wanted = name.iter();
    let mut next = wanted.next();
    let mut rest = line;
    while let Some(letter) = next {
        let (byte, tail) = rest.split_first()?;
        if byte.to_ascii_lowercase() == *letter {
            next = wanted.next();
        } else if *byte != b'-' {
            junk += 1;
            if byte.is_ascii_alphanumeric() || *byte == b':' || junk > JUNK_MAX {
                return None;
            }
        }
        rest = tail;
    }
    let colon = rest.iter().take(JUNK_MAX).position(|byte| *byte == b':');
    let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'-';
    match colon {
        Some(colon)
            if rest.get(..colon).is_some_and(|between| between.iter().all(|byte| !byte.is_ascii_alphanumeric())) =>
        {
            rest.get(colon + 1..)
        }
        // `Content-Type multipart/mixed`, or the colon stands on the next line.
        _ if rest.first().is_none_or(is_end) => Some(rest),
        _ => None,
    }
}

/// Is it `name: value` with a name as RFC 5322 2.2 wants it?
#[must_use]
pub fn is_sound(line: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    colon > 0 && line.get(..colon).is_some_and(|name| name.iter().all(u8::is_ascii_graphic))
}

/// Is the name of the MIME field spelt as the standards do, hyphens and all?
#[must_use]
pub fn is_exact(line: &[u8]) -> bool {
    let name = line.get(..memchr::memchr(b':', line).unwrap_or_default()).unwrap_or_default();
    EXACT.iter().any(|exact| name.eq_ignore_ascii_case(exact))
}

const EXACT: [&[u8]; 7] = [
    b"Content-Type",
    b"Content-Transfer-Encoding",
    b"Content-Disposition",
    b"Content-Description",
    b"Content-ID",
    b"Content-Location",
    b"MIME-Version",
];

/// Octets of a comment before a name.
const COMMENT_BYTES_MAX: usize = 64;
/// Octets of junk that a reader passes over to recognise a name.
const JUNK_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_junk() {
        for (line, field, value) in [
            (&b"Content-Type: a/b"[..], Field::Type, &b" a/b"[..]),
            (b"content-type : a/b", Field::Type, b" a/b"),
            (b"\x0bContent-Transfer-Encoding: x", Field::TransferEncoding, b" x"),
            (b"Content-\0Type:x", Field::Type, b"x"),
            (b"Content Type:x", Field::Type, b"x"),
            (b"(a)Content-Type:x", Field::Type, b"x"),
            (b"Content-Disposition\xa0: x", Field::Disposition, b" x"),
            (b"Content-Transfer-Encoding", Field::TransferEncoding, b""),
        ] {
            assert_eq!(mime_field(line), Some((field, value)), "{:?}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn other_lines_are_none() {
        for line in ["Contents: x", "Content-Types: x", "The content type: x", "X-Content-Type: x", "c", ""] {
            assert_eq!(mime_field(line.as_bytes()), None, "{line}");
        }
    }
}
