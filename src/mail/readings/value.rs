//! Values of MIME fields that leave no doubt: the grammar of RFC 2045 5.1 and 6.1 as all clients read it.
//!
//! Pure. A value that is right by the letter of the standards but that clients read in several ways, with comments,
//! escapes or continuations, is in doubt as well.

use crate::mail::{content::Defect, defects};
use std::collections::BTreeSet;

/// The faults of a Content-Type value, folded as it stands.
pub fn of_type(value: &[u8], into: &mut BTreeSet<Defect>) {
    let value = value.trim_ascii();
    let end = value.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(value.len());
    let (media_type, parameters) = value.split_at(end);
    let (main, sub) = match media_type.iter().position(|byte| *byte == b'/') {
        Some(slash) => (media_type.get(..slash).unwrap_or_default(), media_type.get(slash + 1..).unwrap_or_default()),
        None => (media_type, &[][..]),
    };
    if main.is_empty() || sub.is_empty() || !main.iter().chain(sub).all(|byte| is_token(*byte)) {
        into.insert(defects::DOUBTFUL_CONTENT_TYPE);
    }
    let boundaries = of_parameters(parameters, into);
    let is_multipart = main.eq_ignore_ascii_case(b"multipart");
    if !is_multipart && boundaries > 0 {
        into.insert(defects::BOUNDARY_WITHOUT_MULTIPART);
    }
    if main.eq_ignore_ascii_case(b"message") {
        if sub.eq_ignore_ascii_case(b"partial") {
            into.insert(defects::PARTIAL_MESSAGE);
        }
        if sub.eq_ignore_ascii_case(b"external-body") {
            into.insert(defects::EXTERNAL_BODY);
        }
    }
}

/// Walks `; name=value`; says how many of them are a boundary.
fn of_parameters(text: &[u8], into: &mut BTreeSet<Defect>) -> usize {
    let mut boundaries = 0;
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let Some(tail) = rest.strip_prefix(b";") else {
            into.insert(defects::MALFORMED_PARAMETER);
            return boundaries.max(usize::from(holds_boundary(rest)));
        };
        let tail = tail.trim_ascii_start();
        let end = tail.iter().position(|byte| !is_token(*byte)).unwrap_or(tail.len());
        let (name, tail) = tail.split_at(end);
        if name.is_empty() {
            // `;;` and a semicolon at the end are harmless.
            rest = tail;
            if !rest.is_empty() && !rest.starts_with(b";") {
                into.insert(defects::MALFORMED_PARAMETER);
                return boundaries.max(usize::from(holds_boundary(rest)));
            }
            continue;
        }
        let is_boundary = name.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"boundary"));
        let Some(tail) = tail.strip_prefix(b"=") else {
            into.insert(defects::MALFORMED_PARAMETER);
            return boundaries.max(usize::from(holds_boundary(tail) || is_boundary));
        };
        if is_boundary {
            boundaries += 1;
            if name.len() > 8 {
                into.insert(defects::CONTINUED_BOUNDARY);
            }
        }
        let is_name = name.len() >= 4 && name.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"name"));
        rest = of_value(tail, is_boundary, is_name, into).trim_ascii_start();
    }
    if boundaries > 1 {
        into.insert(defects::REPEATED_BOUNDARY);
    }
    boundaries
}

/// Looks at one value and gives what follows it.
fn of_value<'a>(text: &'a [u8], is_boundary: bool, is_name: bool, into: &mut BTreeSet<Defect>) -> &'a [u8] {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        // Names are read in all their forms elsewhere; everything up to the semicolon is theirs.
        let end = text.iter().position(|byte| *byte == b';' || (!is_name && byte.is_ascii_whitespace()));
        let (value, rest) = text.split_at(end.unwrap_or(text.len()));
        if !is_name && !value.iter().all(|byte| is_token(*byte) || matches!(byte, b'=' | b'/' | b':' | b'?')) {
            into.insert(defects::MALFORMED_PARAMETER);
        }
        if is_boundary {
            of_boundary(value, into);
        }
        return rest;
    };
    let mut at = 0;
    while let Some(byte) = quoted.get(at) {
        match byte {
            b'"' => break,
            b'\\' => {
                at += 1;
                if !is_name {
                    into.insert(defects::MALFORMED_PARAMETER);
                }
            }
            _ => {}
        }
        at += 1;
    }
    if at >= quoted.len() {
        into.insert(defects::MALFORMED_PARAMETER);
    }
    let value = quoted.get(..at).unwrap_or_default();
    if is_boundary {
        of_boundary(value, into);
    } else if holds_boundary(value) {
        into.insert(defects::MALFORMED_PARAMETER);
    }
    quoted.get(at + 1..).unwrap_or_default()
}

/// A boundary that all clients cut alike: `bchars` of RFC 2046 5.1.1 without blanks, and no more than 70 of them.
fn of_boundary(value: &[u8], into: &mut BTreeSet<Defect>) {
    let is_sound = |byte: &u8| byte.is_ascii_alphanumeric() || b"()+_,-./:=?'#$%&*!@^~{}|<>[]`".contains(byte);
    if value.is_empty() || value.len() > 70 || !value.iter().all(is_sound) {
        into.insert(defects::MALFORMED_BOUNDARY);
    }
    let is_edged = value.starts_with(b"'") || value.ends_with(b"'");
    if is_edged || memchr::memmem::find(value, b"=?").is_some() || memchr::memmem::find(value, b"(").is_some() {
        into.insert(defects::MALFORMED_BOUNDARY);
    }
}

/// Could a careless reader find a boundary in it?
fn holds_boundary(text: &[u8]) -> bool {
    memchr::memmem::find(&text.to_ascii_lowercase(), b"boundary").is_some()
}

/// Does the Content-Transfer-Encoding value name one encoding as RFC 2045 6.1 wants it?
#[must_use]
pub fn is_known_encoding(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    [&b"7bit"[..], b"8bit", b"binary", b"base64", b"quoted-printable"]
        .iter()
        .any(|name| value.eq_ignore_ascii_case(name))
}

/// A token octet of RFC 2045 5.1.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Vec<Defect> {
        let mut defects = BTreeSet::new();
        of_type(value.as_bytes(), &mut defects);
        defects.into_iter().collect()
    }

    #[test]
    fn usual_values_are_sound() {
        for value in [
            " text/plain",
            " text/plain; charset=utf-8; format=flowed;",
            " text/html;\r\n\tcharset=\"iso-8859-1\"",
            " multipart/mixed; boundary=\"----=_NextPart_000_0001_01D0.ABC\"",
            " multipart/signed; micalg=\"pgp-sha1\"; protocol=\"application/pgp-signature\"; boundary=\"=_x-1\"",
            " application/pdf; name=\"a \\\"b\\\".pdf\"",
            " application/pdf; name=a b.pdf",
            " multipart/related; type=text/html; boundary=Apple-Mail-1--2",
        ] {
            assert!(of(value).is_empty(), "{value} {:?}", of(value));
        }
    }

    #[test]
    fn doubtful_values_are_told() {
        for (value, defect) in [
            (" multipart/mixed; boundary=a; boundary=b", defects::REPEATED_BOUNDARY),
            (" multipart/mixed; boundary=\"\"", defects::MALFORMED_BOUNDARY),
            (" multipart/mixed; boundary=\"a \"", defects::MALFORMED_BOUNDARY),
            (" multipart/mixed; boundary*0=a", defects::CONTINUED_BOUNDARY),
            (" multipart/mixed; boundary=(x)a", defects::MALFORMED_PARAMETER),
            (" multipart/mixed; boundary =a", defects::MALFORMED_PARAMETER),
            (" multipart/mixed boundary=a", defects::MALFORMED_PARAMETER),
            (" multipart/mixed; x=\"; boundary=a\"", defects::MALFORMED_PARAMETER),
            (" text/plain; boundary=a", defects::BOUNDARY_WITHOUT_MULTIPART),
            (" multipart; boundary=a", defects::DOUBTFUL_CONTENT_TYPE),
            (" (x) multipart/mixed; boundary=a", defects::DOUBTFUL_CONTENT_TYPE),
            (" message/partial; id=x; number=1", defects::PARTIAL_MESSAGE),
        ] {
            assert!(of(value).contains(&defect), "{value} {:?}", of(value));
        }
    }

    #[test]
    fn encodings_are_known_by_their_exact_names() {
        assert!(is_known_encoding(b" Base64\r\n"));
        assert!(!is_known_encoding(b" base64 (x)"));
    }
}
