//! The parts of a multipart body as SpamAssassin finds them: first delimiter, headers, body, last delimiter.
//!
//! Pure.

use super::{
    lines::{self, Line},
    node::{Field, Oddities},
    types,
};
use crate::limits;

/// One part.
#[derive(Debug, Default)]
pub struct Part<'a> {
    pub fields: Vec<Field>,
    pub kind: Vec<u8>,
    /// What its Content-Type names.
    pub boundary: Option<Vec<u8>>,
    pub body: Vec<Line<'a>>,
}

/// A part under way.
#[derive(Default)]
struct Open<'a> {
    fields: Vec<Field>,
    body: Vec<Line<'a>>,
    /// The field that may still be continued.
    field: Vec<Line<'a>>,
    in_body: bool,
}

/// Cuts `body` at the delimiters of `boundary`. `kind` is the type of the multipart.
#[must_use]
pub fn split<'a>(body: &[Line<'a>], boundary: &[u8], kind: &[u8], oddities: &mut Oddities) -> Vec<Part<'a>> {
    let first = body.iter().position(|line| line.delimiter(boundary) == Some(false));
    let body = first.map_or(body, |at| body.get(at + 1..).unwrap_or_default());
    if first.is_some() && body.first().is_some_and(|line| !line.is_field(false)) {
        oddities.missing_mime_headers = true;
    }
    let mut parts = Vec::new();
    let mut open = Open::default();
    // A part that names the same boundary again: its own delimiters are not ours.
    let mut nested = false;
    for (at, line) in body.iter().enumerate() {
        let mut delimiter = line.delimiter(boundary);
        if nested && let Some(is_last) = delimiter.take() {
            nested = !is_last;
        }
        let is_end = at + 1 == body.len();
        if delimiter.is_none() && !is_end {
            open.take(*line, boundary, &mut nested, oddities);
            continue;
        }
        parts.push(std::mem::take(&mut open).close(*line, delimiter.is_some(), kind));
        if delimiter == Some(true) {
            let rest = body.get(at + 1..).unwrap_or_default();
            let is_ink = |octet: &u8| !super::wide::is_blank(octet) && *octet != b'.';
            oddities.mime_epilogue_exists |= rest.iter().any(|line| line.text.iter().any(is_ink));
            break;
        }
        if body.get(at + 1).is_some_and(|next| !next.is_field(false)) {
            oddities.missing_mime_headers = true;
        }
        if parts.len() >= limits::PARTS_MAX {
            oddities.mimepart_limit_exceeded = true;
            break;
        }
    }
    parts
}

impl<'a> Open<'a> {
    fn take(&mut self, line: Line<'a>, boundary: &[u8], nested: &mut bool, oddities: &mut Oddities) {
        if !self.in_body {
            if line.is_field(true) {
                self.end_field();
                self.field.push(line);
                return;
            }
            if matches!(line.text.first(), Some(b' ' | b'\t')) && !self.field.is_empty() {
                self.field.push(line);
                return;
            }
            self.end_field();
            if let Some(last) = self.fields.last().filter(|last| last.is("content-type")) {
                *nested |= types::parse(Some(&last.value)).boundary.as_deref() == Some(boundary);
            }
            self.in_body = true;
            if matches!(line.text, b"" | b"\r") {
                return;
            }
            oddities.missing_mime_head_body_separator = true;
        }
        line.cut_into(&mut self.body);
    }

    fn end_field(&mut self) {
        if self.field.is_empty() {
            return;
        }
        let whole = lines::join(&self.field);
        self.field.clear();
        let Some(colon) = memchr::memchr(b':', &whole) else { return };
        let (name, value) = whole.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        let text = value.iter().position(|octet| !super::wide::is_blank(octet)).unwrap_or(value.len());
        if self.fields.len() < limits::FIELDS_MAX {
            self.fields.push(Field::new(name, value.get(text..).unwrap_or_default()));
        }
    }

    /// Ends the part at a delimiter, or with the last line of all. A field still open is lost.
    fn close(mut self, line: Line<'a>, is_delimiter: bool, kind: &[u8]) -> Part<'a> {
        if is_delimiter {
            if let Some(last) = self.body.last_mut() {
                last.ended = false;
                if last.text.is_empty() {
                    self.body.pop();
                }
            }
        } else {
            line.cut_into(&mut self.body);
        }
        let value = self.fields.iter().rev().find(|field| field.is("content-type")).map(|field| field.value.as_slice());
        let read = types::parse(value);
        let is_digest = read.missing && kind == b"multipart/digest";
        let kind = if is_digest { b"message/rfc822".to_vec() } else { read.kind };
        Part {
            fields: self.fields,
            kind,
            boundary: read.boundary.filter(|boundary| !boundary.is_empty()),
            body: self.body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &[u8], boundary: &[u8]) -> Vec<Vec<u8>> {
        let mut oddities = Oddities::default();
        let body = lines::split(body);
        split(&body, boundary, b"multipart/mixed", &mut oddities).iter().map(|part| lines::join(&part.body)).collect()
    }

    #[test]
    fn parts_end_where_delimiters_are() {
        assert_eq!(texts(b"--a\n\none\n\n--a\nX: y\n\ntwo\n--a--\nrest\n", b"a"), [b"one\n".to_vec(), b"two".to_vec()]);
        assert_eq!(texts(b"--a\n\none\ntwo", b"a"), [b"one\ntwo".to_vec()]);
        assert_eq!(texts(b"no delimiter\nat all\n", b"a"), [b"no delimiter\nat all\n".to_vec()]);
        let inner = b"--a\nContent-Type: multipart/x; boundary=a\n\n--a\n\nin\n--a--\n--a\n\nout\n--a--\n";
        assert_eq!(texts(inner, b"a").len(), 2);
    }
}
