//! The header section as it came: fields in order, names and values verbatim (RFC 5322 2.2).
//!
//! Pure. A line that is neither a field nor a fold is kept as a field without name, and is a defect.

use crate::limits;
use bytes::Bytes;

/// One header field. All slices share the message's buffer.
#[derive(Clone, Debug)]
pub struct Field {
    /// The whole field, folds included, without its final line end.
    pub raw: Bytes,
    /// What stands before the colon, verbatim: `From ` with a space is not `From`.
    pub name: Bytes,
    /// What follows the colon, verbatim, leading space and folds included.
    pub value: Bytes,
}

impl Field {
    /// Compares the name as RFC 5322 1.2.2 says: without case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value unfolded and trimmed, foreign bytes replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let flat: Vec<u8> = self.value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        String::from_utf8_lossy(&flat).trim().to_owned()
    }
}

/// The header section of a message.
#[derive(Clone, Debug, Default)]
pub struct Head {
    fields: Vec<Field>,
    /// The whole section verbatim, up to and including the empty line.
    raw: Bytes,
    /// More than `limits::FIELDS_MAX` fields: the rest is not here.
    pub cut: bool,
}

impl Head {
    /// Reads the header section of `raw`, up to the empty line or the end. Line ends may be CRLF or LF.
    #[must_use]
    pub fn parse(raw: &Bytes) -> Self {
        let mut head = Self::default();
        let mut at = 0;
        while at < raw.len() {
            let (end, next) = field_end(raw, at);
            if end == at {
                at = next;
                break;
            }
            if head.fields.len() < limits::FIELDS_MAX {
                head.fields.push(field(raw.slice(at..end)));
            } else {
                head.cut = true;
            }
            at = next;
        }
        head.raw = raw.slice(..at);
        head
    }

    /// All fields, topmost first.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The fields of that name, topmost first.
    pub fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// The topmost field of that name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// Octets of the header section, the empty line included.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.raw.len()
    }

    /// The whole section verbatim: line ends, the fields that `cut` left unread, and the empty line if it has one.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }
}

fn field(raw: Bytes) -> Field {
    match memchr::memchr(b':', &raw) {
        Some(colon) => Field { name: raw.slice(..colon), value: raw.slice(colon + 1..), raw },
        None => Field { name: Bytes::new(), value: raw.clone(), raw },
    }
}

/// End of the field that starts at `start` (without its line end), and start of the next one.
fn field_end(raw: &[u8], start: usize) -> (usize, usize) {
    let mut at = start;
    loop {
        let rest = raw.get(at..).unwrap_or_default();
        let Some(newline) = memchr::memchr(b'\n', rest) else {
            return (raw.len(), raw.len());
        };
        let next = at + newline + 1;
        let is_fold = matches!(raw.get(next), Some(b' ' | b'\t'));
        let stripped = raw.get(start..next - 1).unwrap_or_default();
        let end = start + stripped.strip_suffix(b"\r").unwrap_or(stripped).len();
        if !is_fold || end == start {
            return (end, next);
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_bytes() {
        let raw = Bytes::from_static(b"Subject: a\r\n b\r\nFrom : x\r\njunk\r\n\r\nbody\r\n");
        let head = Head::parse(&raw);
        let names: Vec<&[u8]> = head.fields().iter().map(|field| field.name.as_ref()).collect();
        assert_eq!(names, [&b"Subject"[..], b"From ", b""]);
        assert_eq!(head.fields()[0].value.as_ref(), b" a\r\n b");
        assert_eq!(head.fields()[0].text(), "a b");
        assert_eq!(&raw[head.len_bytes()..], b"body\r\n");
        assert!(head.first("From").is_none());
    }

    #[test]
    fn a_head_without_body_ends_at_the_end() {
        let raw = Bytes::from_static(b"A: b");
        assert_eq!(Head::parse(&raw).len_bytes(), 4);
        assert_eq!(Head::parse(&Bytes::new()).fields().len(), 0);
    }
}
