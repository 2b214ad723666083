//! The header section as SpamAssassin reads it: lenient about three bad lines, strict about lengths.
//!
//! Pure.

use super::{
    lines::{self, Line},
    node::Field,
};
use crate::limits;

/// A header section.
#[derive(Debug, Default)]
pub struct Head {
    pub fields: Vec<Field>,
    /// As it came, its empty line included.
    pub pristine: Vec<u8>,
    /// No empty line follows it.
    pub missing_separator: bool,
    /// A name or value was cut.
    pub truncated: bool,
}

/// Reads the header section; the second is the body.
#[must_use]
pub fn parse(raw: &[u8]) -> (Head, Vec<Line<'_>>) {
    let mut all = lines::split(if raw.is_empty() { b"\n" } else { raw });
    if all.first().is_some_and(is_mbox_separator) {
        all.remove(0);
    }
    let mut head = Head::default();
    let mut field: Option<Vec<Line<'_>>> = None;
    let mut errors = 0;
    let mut at = 0;
    loop {
        let Some(line) = all.get(at).copied() else {
            head.missing_separator = true;
            head.take(field.take());
            break;
        };
        if matches!(line.text.first(), Some(b' ' | b'\t')) {
            head.keep(line);
            field.get_or_insert_default().push(line);
            at += 1;
            continue;
        }
        head.take(field.take());
        if line.text.is_empty() {
            head.keep(line);
            at += 1;
            break;
        }
        if !line.is_field(true) {
            errors += 1;
        }
        if line.text.starts_with(b"--") || errors > BAD_LINES_MAX {
            head.missing_separator = true;
            break;
        }
        head.keep(line);
        field = Some(vec![line]);
        at += 1;
    }
    all.drain(..at);
    (head, all)
}

/// `From ` of a mailbox file.
fn is_mbox_separator(line: &Line<'_>) -> bool {
    let Some(rest) = line.text.strip_prefix(b"From") else { return false };
    let text = rest.iter().position(|octet| !super::wide::is_blank(octet)).unwrap_or(rest.len());
    // White space, then anything but a colon, or more white space before the colon.
    text > 0 && (rest.get(text) != Some(&b':') || text > 1)
}

impl Head {
    fn keep(&mut self, line: Line<'_>) {
        self.pristine.extend_from_slice(line.text);
        if line.ended {
            self.pristine.push(b'\n');
        }
    }

    fn take(&mut self, field: Option<Vec<Line<'_>>>) {
        let Some(field) = field else { return };
        let whole = lines::join(&field);
        let Some(colon) = memchr::memchr(b':', &whole) else { return };
        let (name, value) = whole.split_at(colon);
        let mut value = value.get(1..).unwrap_or_default();
        let kept = name.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |last| last + 1);
        let mut name = name.get(..kept).unwrap_or_default();
        if let Some(short) = name.get(..NAME_BYTES_MAX).filter(|_| name.len() > NAME_BYTES_MAX) {
            name = short;
            self.truncated = true;
        }
        if let Some(short) = value.get(..VALUE_BYTES_MAX).filter(|_| value.len() > VALUE_BYTES_MAX) {
            value = short;
            self.truncated = true;
        }
        if self.fields.len() < limits::FIELDS_MAX {
            self.fields.push(Field::new(name, value));
        }
    }
}

/// Lines that are no field before the header counts as ended.
const BAD_LINES_MAX: u32 = 3;
/// Octets of a field name that SpamAssassin keeps.
const NAME_BYTES_MAX: usize = 256;
/// Octets of a field body that SpamAssassin keeps.
const VALUE_BYTES_MAX: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_ends_where_it_must() {
        let (head, body) = parse(b"From x@y Mon\nA : b\n c\nbad\n\nbody\n");
        assert_eq!(head.fields.len(), 1);
        assert_eq!((head.fields[0].name.as_slice(), head.fields[0].value.as_slice()), (&b"A"[..], &b"b c"[..]));
        assert_eq!(body.len(), 1);
        let (head, body) = parse(b"A: b\none\ntwo\nthree\nfour\n\nfive\n");
        assert!(head.missing_separator);
        assert_eq!(body.len(), 3);
        let (head, body) = parse(b"A: b");
        assert!(head.missing_separator && body.is_empty() && head.fields.len() == 1);
    }
}
