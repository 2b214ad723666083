//! Doubt: does every mail client read this message the way the main reading does?
//!
//! Pure. Cheap, for every mail is asked: header blocks are walked once, bodies are searched for their boundary.

use super::{field, value};
use crate::mail::{coding::lines, content::Defect, defects};
use memchr::memmem;
use std::collections::BTreeSet;

/// The faults of an entity's header block for which clients read the entity in several ways.
pub fn of_header(block: &[u8], is_first: bool, into: &mut BTreeSet<Defect>) {
    let mut open: Option<(field::Field, usize)> = None;
    let mut start = 0;
    let mut is_start = is_first;
    for newline in memchr::memchr_iter(b'\n', block).chain([block.len()]) {
        let end = newline.min(block.len());
        let line = block.get(start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line_start = std::mem::replace(&mut start, newline + 1);
        if line.is_empty() {
            if newline < block.len() {
                close(block, open.take(), line_start, into);
            }
            continue;
        }
        if memchr::memchr2(b'\r', 0, line).is_some() {
            into.insert(defects::CONTROL_IN_HEADER);
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if line.trim_ascii().is_empty() {
                into.insert(defects::BLANK_LINE_IN_HEADER);
            }
            if line_start == 0 {
                into.insert(defects::LINE_WITHOUT_FIELD);
            }
            continue;
        }
        close(block, open.take(), line_start, into);
        if !field::is_sound(line) {
            // The envelope line of a mail file may come first.
            if !(std::mem::take(&mut is_start) && (line.starts_with(b"From ") || line.starts_with(b">From "))) {
                into.insert(defects::LINE_WITHOUT_FIELD);
            }
        } else if let Some((field, value)) = field::mime_field(line) {
            if !field::is_exact(line) {
                into.insert(defects::DOUBTFUL_FIELD_NAME);
            }
            open = Some((field, line_start + line.len() - value.len()));
        }
        is_start = false;
    }
    close(block, open, block.len(), into);
}

/// Looks at the value of a field that ends before `end`.
fn close(block: &[u8], open: Option<(field::Field, usize)>, end: usize, into: &mut BTreeSet<Defect>) {
    let Some((field, start)) = open else { return };
    let text = block.get(start..end).unwrap_or_default();
    match field {
        field::Field::Type => value::of_type(text, into),
        field::Field::TransferEncoding if !value::is_known_encoding(text) => {
            into.insert(defects::DOUBTFUL_TRANSFER_ENCODING);
        }
        _ => {}
    }
}

/// The faults of the delimiters of a multipart: `body` is all of it, `children` how many parts the main reading saw.
pub fn of_delimiters(body: &[u8], boundary: &str, children: usize, into: &mut BTreeSet<Defect>) {
    let mut openings = 0;
    let mut is_closed = false;
    let needle = [b"--", boundary.as_bytes()].concat();
    for at in memmem::find_iter(body, &needle) {
        let is_line_start = at == 0 || body.get(at - 1) == Some(&b'\n');
        let rest = body.get(at + needle.len()..).unwrap_or_default();
        let (is_close, rest) = rest.strip_prefix(b"--").map_or((false, rest), |rest| (true, rest));
        let is_line_end = rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n");
        if !is_line_start || !is_line_end {
            into.insert(defects::AMBIGUOUS_DELIMITER);
        } else if is_closed {
            into.insert(defects::DELIMITER_BEHIND_CLOSING);
        } else if is_close {
            is_closed = true;
        } else {
            openings += 1;
        }
    }
    if has_similar(body, boundary) {
        into.insert(defects::AMBIGUOUS_DELIMITER);
    }
    if openings != children && !is_closed {
        into.insert(defects::AMBIGUOUS_DELIMITER);
    } else if openings != children {
        into.insert(defects::DELIMITER_BEHIND_CLOSING);
    }
}

/// Is there a line that differs from a delimiter only in what some client cuts off or passes over?
fn has_similar(body: &[u8], boundary: &str) -> bool {
    let letters = |text: &[u8]| -> Vec<u8> {
        text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    let wanted = letters(boundary.as_bytes());
    memmem::find_iter(body, b"\n--").any(|at| {
        let rest = body.get(at + 3..).unwrap_or_default();
        let rest = rest.get(..rest.len().min(DELIMITER_BYTES_MAX)).unwrap_or_default();
        let line = rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
        if line.starts_with(boundary.as_bytes()) {
            return false;
        }
        let found = letters(line);
        !found.is_empty() && (found.starts_with(&wanted) || wanted.starts_with(&found))
    })
}

/// Is there a line with a Content-Type or Content-Transfer-Encoding?
#[must_use]
pub fn holds_type(body: &[u8]) -> bool {
    lines::from(body, 0).any(|line| {
        matches!(field::mime_field(line.of(body)), Some((field::Field::Type | field::Field::TransferEncoding, _)))
    })
}

/// Does the body of a leaf begin as if the header went on?
#[must_use]
pub fn is_header_in_body(body: &[u8]) -> bool {
    let sample = body.get(..SAMPLE_BYTES).unwrap_or(body);
    let mut junk = 0;
    for line in lines::from(sample, 0).map(|line| line.of(sample)).filter(|line| !line.trim_ascii().is_empty()) {
        if field::mime_field(line).is_some() {
            return true;
        }
        if !field::is_sound(line) && !matches!(line.first(), Some(b' ' | b'\t')) {
            junk += 1;
        }
        if junk > JUNK_LINES {
            return false;
        }
    }
    false
}

/// Octets of a line that are compared with a boundary.
const DELIMITER_BYTES_MAX: usize = 200;
/// Octets of a body in which a header that goes on shows itself.
const SAMPLE_BYTES: usize = 4096;
/// Lines that are no fields before that.
const JUNK_LINES: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn header(block: &str) -> Vec<Defect> {
        let mut defects = BTreeSet::new();
        of_header(block.as_bytes(), true, &mut defects);
        defects.into_iter().collect()
    }

    fn delimiters(body: &str, children: usize) -> Vec<Defect> {
        let mut defects = BTreeSet::new();
        of_delimiters(body.as_bytes(), "b", children, &mut defects);
        defects.into_iter().collect()
    }

    #[test]
    fn sound_headers_leave_no_doubt() {
        assert!(
            header("From x\r\nSubject: a\r\n b\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\n\r\n").is_empty()
        );
        assert!(header("Content-Type: text/plain").is_empty());
    }

    #[test]
    fn odd_headers_do() {
        assert_eq!(header("Content-Type : text/plain\r\n\r\n"), [defects::LINE_WITHOUT_FIELD]);
        assert_eq!(header("X: a\rContent-Type: text/plain\r\n\r\n"), [defects::CONTROL_IN_HEADER]);
        assert_eq!(header("\"Content-Type\": text/plain\r\n\r\n"), [defects::DOUBTFUL_FIELD_NAME]);
        assert_eq!(header(" Content-Type: text/plain\r\n\r\n"), [defects::LINE_WITHOUT_FIELD]);
        assert_eq!(header("X: a\r\n  \r\nY: b\r\n\r\n"), [defects::BLANK_LINE_IN_HEADER]);
        assert_eq!(header("Content-Transfer-Encoding: base64 (x)\r\n\r\n"), [defects::DOUBTFUL_TRANSFER_ENCODING]);
    }

    #[test]
    fn delimiters_are_counted() {
        assert!(delimiters("--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n", 2).is_empty());
        assert_eq!(delimiters("--b\r\n\r\nx\r\n--bc\r\n\r\ny\r\n--b--\r\n", 1), [defects::AMBIGUOUS_DELIMITER]);
        assert_eq!(
            delimiters("--b\r\n\r\nx\r\n--b \r\n\r\ny\r\n--b--\r\n", 2).first(),
            Some(&defects::AMBIGUOUS_DELIMITER)
        );
        assert_eq!(delimiters("--b\r\n\r\nx\r\n--\"B\"\r\n\r\ny\r\n--b--\r\n", 1), [defects::AMBIGUOUS_DELIMITER]);
        assert_eq!(delimiters("--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\n", 1), [defects::DELIMITER_BEHIND_CLOSING]);
    }

    #[test]
    fn headers_in_bodies_are_seen() {
        assert!(is_header_in_body(b"\r\n\r\nContent-Type: text/html\r\n"));
        assert!(is_header_in_body(b"\r\nFrom: a\r\nTo: b\r\n c\r\nSubject: d\r\nContent-Type: text/html\r\n"));
        assert!(!is_header_in_body(b"Hello\r\n"));
        assert!(!is_header_in_body(b"a\r\nb\r\nc\r\nContent-Type: text/html\r\n"));
    }
}
