//! Armour: OpenPGP packets as text (RFC 9580 6.2).
//!
//! Pure. Read as loosely as clients do: blank lines, checksum and the line that ends it may be missing.

use crate::mail::coding::base64;
use memchr::{memchr, memmem};

pub const BEGIN: &[u8] = b"-----BEGIN PGP ";
const END: &[u8] = b"-----END PGP ";
/// Octets of base64 that show what the first packets are: session keys for dozens of recipients fit.
const START_BYTES: usize = 64 << 10;

/// What the line at the start says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    Message,
    Signature,
    /// Text in the clear, its signature behind it.
    SignedMessage,
    Key,
}

/// One block of armour in a text.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    pub label: Label,
    /// Base64 behind the headers.
    body: &'a [u8],
    /// Where its first line begins in the text.
    pub at: usize,
    /// Octets behind its last line; none where that is missing.
    pub rest: Option<&'a [u8]>,
}

impl Block<'_> {
    /// All octets in it.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        base64::decoded(self.body)
    }

    /// The first octets in it.
    #[must_use]
    pub fn start(&self) -> Vec<u8> {
        base64::decoded(self.body.get(..START_BYTES).unwrap_or(self.body))
    }
}

/// The blocks of a text, in order. Only lines that begin with the mark count; white space may stand before it.
pub fn blocks(text: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + memmem::find(text.get(from..)?, BEGIN)?;
            from = at + BEGIN.len();
            if let Some(block) = block(text, at) {
                return Some(block);
            }
        }
    })
}

/// The block whose first line has its mark at `at`.
fn block(text: &[u8], at: usize) -> Option<Block<'_>> {
    let before = text.get(..at)?;
    let line = before.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
    if !before.get(line..)?.trim_ascii().is_empty() {
        return None;
    }
    let rest = text.get(at + BEGIN.len()..)?;
    let (first, rest) = rest.split_at(memchr(b'\n', rest).unwrap_or(rest.len()));
    let label = match first.trim_ascii().strip_suffix(b"-----")? {
        b"SIGNATURE" => Label::Signature,
        b"SIGNED MESSAGE" => Label::SignedMessage,
        b"PUBLIC KEY BLOCK" | b"PRIVATE KEY BLOCK" => Label::Key,
        name if name.starts_with(b"MESSAGE") => Label::Message,
        _ => return None,
    };
    let end = memmem::find(rest, END);
    let behind = end.and_then(|end| rest.get(end..)).map(|tail| {
        let line = memchr(b'\n', tail).map_or(tail.len(), |newline| newline + 1);
        tail.get(line..).unwrap_or_default()
    });
    let body = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
    Some(Block { label, body: without_headers(body), at: line, rest: behind })
}

/// What stands behind the headers (`Version: ...`), without the checksum.
fn without_headers(mut body: &[u8]) -> &[u8] {
    body = body.trim_ascii_start();
    while let Some(end) = memchr(b'\n', body)
        && body.get(..end).is_some_and(|line| line.contains(&b':'))
    {
        body = body.get(end..).unwrap_or_default().trim_ascii_start();
    }
    let checksum = memmem::rfind(body, b"\n=").filter(|at| body.len() - at < CHECKSUM_BYTES_MAX);
    checksum.and_then(|at| body.get(..at)).unwrap_or(body)
}

/// Octets from the line end before a checksum to the end of the armour.
const CHECKSUM_BYTES_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_at_the_start_of_lines() {
        let text = b"Hello\r\n-----BEGIN PGP MESSAGE-----\r\nVersion: 1\r\n\r\naGVsbG8=\r\n=abcd\r\n-----END PGP MESSAGE-----\r\nbye \
                     -----BEGIN PGP MESSAGE-----\r\n";
        let found: Vec<Block<'_>> = blocks(text).collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].label, found[0].octets(), found[0].at), (Label::Message, b"hello".to_vec(), 7));
        assert!(found[0].rest.unwrap().starts_with(b"bye"));
    }

    #[test]
    fn a_block_without_end_goes_to_the_end() {
        let text = b"-----BEGIN PGP SIGNATURE-----\n\naGVsbG8";
        let block = blocks(text).next().unwrap();
        assert_eq!((block.octets(), block.rest), (b"hello".to_vec(), None));
    }
}
