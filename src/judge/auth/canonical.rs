//! Canonical forms of header fields and bodies, and the body hash (RFC 6376 3.4, 3.7).
//!
//! Pure. Our own: mail-auth has no way to its canonical forms but through its verifier. Its bodies also lose bare CR,
//! gain CR before bare LF and count `l=` before the canonical form, not after it, so that altered bodies could pass.
//! Linear in the octets; nothing larger than a block is held besides one line.

use crate::mail::{
    author::sources::visible_name,
    head::{Field, Head},
};
use aws_lc_rs::digest::{Context, SHA256};
use std::collections::BTreeMap;

/// How much a field or body may change underway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Simple,
    Relaxed,
}

impl Form {
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [("simple", Self::Simple), ("relaxed", Self::Relaxed)]
            .into_iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name))
            .map(|(_, form)| form)
    }
}

/// The fields of a head by name, so that hostile `h=` lists cost no search.
pub struct Index<'a> {
    head: &'a Head,
    places: BTreeMap<Vec<u8>, Vec<usize>>,
}

impl<'a> Index<'a> {
    #[must_use]
    pub fn new(head: &'a Head) -> Self {
        let mut places: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        for (place, field) in head.fields().iter().enumerate() {
            places.entry(visible_name(&field.name)).or_default().push(place);
        }
        Self { head, places }
    }

    /// How many fields some reader takes for this one (lower case name).
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.places.get(name.as_bytes()).map_or(0, Vec::len)
    }

    /// The signed fields in the order of `h=`: each mention takes the next field from the bottom (RFC 6376 5.4.2).
    pub fn signed<'b>(&'b self, names: &'b [String]) -> impl Iterator<Item = &'a Field> + use<'a, 'b> {
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        names.iter().filter_map(move |name| {
            let places = self.places.get(name.as_bytes())?;
            let taken = taken.entry(name).or_default();
            *taken += 1;
            let place = places.len().checked_sub(*taken).and_then(|at| places.get(at))?;
            self.head.fields().get(*place)
        })
    }
}

/// Appends one field in canonical form, with its line end.
pub fn field(field: &Field, form: Form, out: &mut Vec<u8>) {
    field_value(&field.name, &field.value, form, out);
    out.extend_from_slice(b"\r\n");
}

/// Appends name and value in canonical form, without line end.
pub fn field_value(name: &[u8], value: &[u8], form: Form, out: &mut Vec<u8>) {
    if form == Form::Simple {
        out.extend_from_slice(name);
        out.push(b':');
        out.extend_from_slice(value);
        return;
    }
    let name_end = name.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    out.extend(name.iter().take(name_end).map(u8::to_ascii_lowercase));
    out.push(b':');
    let start = out.len();
    let mut space = false;
    for byte in value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        if matches!(byte, b' ' | b'\t') {
            space = true;
            continue;
        }
        if space && out.len() > start {
            out.push(b' ');
        }
        space = false;
        out.push(byte);
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The value of a signature field with the value of its `b=` tag taken out (RFC 6376 3.7).
#[must_use]
pub fn without_signature(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for (position, piece) in value.split(|byte| *byte == b';').enumerate() {
        if position > 0 {
            out.push(b';');
        }
        let equals = piece.iter().position(|byte| *byte == b'=');
        let name = equals.and_then(|at| piece.get(..at)).unwrap_or_default();
        let is_signature = name.iter().copied().filter(|byte| !is_space(*byte)).eq([b'b']);
        match equals.and_then(|at| piece.get(..=at)) {
            Some(start) if is_signature => out.extend_from_slice(start),
            _ => out.extend_from_slice(piece),
        }
    }
    out
}

/// A body hash and how many canonical octets the body has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyHash {
    pub sha256: Vec<u8>,
    pub bytes: u64,
}

/// Hashes a body in canonical form, at most `length` octets of it.
#[must_use]
pub fn body_hash(body: &[u8], form: Form, length: Option<u64>) -> BodyHash {
    let mut sink = Sink { context: Context::new(&SHA256), left: length.unwrap_or(u64::MAX), bytes: 0 };
    match form {
        Form::Simple => simple_body(body, &mut sink),
        Form::Relaxed => relaxed_body(body, &mut sink),
    }
    BodyHash { sha256: sink.context.finish().as_ref().to_vec(), bytes: sink.bytes }
}

struct Sink {
    context: Context,
    left: u64,
    bytes: u64,
}

impl Sink {
    fn take(&mut self, octets: &[u8]) {
        self.bytes += octets.len() as u64;
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(octets.len());
        self.context.update(octets.get(..wanted).unwrap_or_default());
        self.left -= wanted as u64;
    }
}

/// All empty lines at the end become one line end; an empty body is one line end.
fn simple_body(body: &[u8], sink: &mut Sink) {
    let mut end = body;
    while let Some(shorter) = end.strip_suffix(b"\r\n") {
        end = shorter;
    }
    sink.take(end);
    sink.take(b"\r\n");
}

/// Runs of spaces become one, spaces at line ends and empty lines at the end vanish; an empty body stays empty.
fn relaxed_body(body: &[u8], sink: &mut Sink) {
    /// Octets gathered before they are hashed; a hash call a line would cost more than the hash.
    const BLOCK_BYTES: usize = 16 << 10;
    let mut block = Vec::with_capacity(BLOCK_BYTES + 1024);
    let mut empty_lines = 0_usize;
    let mut rest = body;
    while !rest.is_empty() {
        let (line, next) = split_line(rest);
        rest = next;
        let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
        let line = line.get(..end).unwrap_or_default();
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            block.extend_from_slice(b"\r\n");
            flush(&mut block, BLOCK_BYTES, sink);
        }
        squeeze(line, &mut block);
        block.extend_from_slice(b"\r\n");
        flush(&mut block, BLOCK_BYTES, sink);
    }
    flush(&mut block, 0, sink);
}

fn flush(block: &mut Vec<u8>, above: usize, sink: &mut Sink) {
    if block.len() > above {
        sink.take(block);
        block.clear();
    }
}

/// Up to the next CRLF, and what follows it.
fn split_line(body: &[u8]) -> (&[u8], &[u8]) {
    let mut from = 0;
    while let Some(found) = body.get(from..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let at = from + found;
        if at > 0 && body.get(at - 1) == Some(&b'\r') {
            return (body.get(..at - 1).unwrap_or_default(), body.get(at + 1..).unwrap_or_default());
        }
        from = at + 1;
    }
    (body, &[])
}

/// Appends a line with runs of spaces and tabs made one space.
fn squeeze(line: &[u8], out: &mut Vec<u8>) {
    if memchr::memchr2(b' ', b'\t', line).is_none() {
        out.extend_from_slice(line);
        return;
    }
    let mut after_space = false;
    for byte in line.iter().copied() {
        let is_space = matches!(byte, b' ' | b'\t');
        if !is_space {
            out.push(byte);
        } else if !after_space {
            out.push(b' ');
        }
        after_space = is_space;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn relaxed(body: &[u8]) -> u64 {
        body_hash(body, Form::Relaxed, None).bytes
    }

    #[test]
    fn rfc_6376_3_4_5() {
        let head = Head::parse(&Bytes::from_static(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n"));
        let mut out = Vec::new();
        for part in head.fields() {
            field(part, Form::Relaxed, &mut out);
        }
        assert_eq!(out, b"a:X\r\nb:Y Z\r\n");
        let body = b" C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(body_hash(body, Form::Relaxed, None), body_hash(b" C\r\nD E\r\n", Form::Relaxed, None));
        assert_eq!(body_hash(body, Form::Simple, None), body_hash(b" C \r\nD \t E\r\n", Form::Simple, None));
    }

    #[test]
    fn ends_of_bodies() {
        assert_eq!((relaxed(b""), relaxed(b"\r\n \r\n"), relaxed(b"a"), relaxed(b"a\nb \n\r\n")), (0, 0, 3, 7));
        assert_eq!(body_hash(b"", Form::Simple, None).bytes, 2);
        let long = vec![b'a'; 40_000];
        assert_eq!(body_hash(&long, Form::Relaxed, Some(10)).sha256, body_hash(&long, Form::Simple, Some(10)).sha256);
    }

    #[test]
    fn the_signature_is_taken_out() {
        assert_eq!(without_signature(b" bh=x; b = ab\r\n c ; d=b=c"), b" bh=x; b =; d=b=c");
    }

    #[test]
    fn fields_are_taken_from_the_bottom() {
        let head = Head::parse(&Bytes::from_static(b"To: 1\r\nFrom: a\r\nto: 2\r\n\r\n"));
        let index = Index::new(&head);
        let names: Vec<String> = ["to", "to", "to", "cc"].map(String::from).into();
        let values: Vec<String> = index.signed(&names).map(Field::text).collect();
        assert_eq!(values, ["2", "1"]);
    }
}
