//! Armour: OpenPGP packets as text (RFC 9580 6.2).
//!
//! Pure. Read as loosely as clients do: blank lines, checksum and the line that ends it may be missing.

use crate::mail::{ahead::Ahead, coding::base64};
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
    /// Where it ends, its last line included.
    pub end: usize,
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

/// The blocks of a text, in order. Only lines that begin with the mark count; white space may stand before it. A block ends
/// where one that it cannot hold begins, if its last line is missing.
pub fn blocks(text: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let (mut from, mut begins, mut ends) = (0, Ahead::new(BEGIN), Ahead::new(END));
    std::iter::from_fn(move || {
        loop {
            let at = begins.find(text, from)?;
            from = at + BEGIN.len();
            let Some((label, line, start)) = first_line(text, at) else { continue };
            let (next, end) = (begins.find(text, from), ends.find(text, start));
            let is_whole = label == Label::SignedMessage || next.is_none_or(|next| end.is_some_and(|end| end < next));
            let end = end.filter(|_| is_whole);
            let stop = end.or(next.filter(|next| *next >= start)).unwrap_or(text.len());
            let behind = end.and_then(|end| text.get(end..)).map(|tail| {
                let line = memchr(b'\n', tail).map_or(tail.len(), |newline| newline + 1);
                tail.get(line..).unwrap_or_default()
            });
            let body = without_headers(text.get(start..stop).unwrap_or_default());
            let end = text.len() - behind.map_or(text.len() - stop, <[u8]>::len);
            return Some(Block { label, body, at: line, end, rest: behind });
        }
    })
}

/// What the first line of a block says whose mark stands at `at`, where that line begins, and where it ends.
fn first_line(text: &[u8], at: usize) -> Option<(Label, usize, usize)> {
    let before = text.get(..at)?;
    let is_blank = |octet: &&u8| octet.is_ascii_whitespace() && **octet != b'\n';
    let line = at - before.iter().rev().take_while(is_blank).count();
    if line.checked_sub(1).is_some_and(|last| text.get(last) != Some(&b'\n')) {
        return None;
    }
    let rest = text.get(at + BEGIN.len()..)?;
    let end = memchr(b'\n', rest).unwrap_or(rest.len());
    let label = match rest.get(..end)?.trim_ascii().strip_suffix(b"-----")? {
        b"SIGNATURE" => Label::Signature,
        b"SIGNED MESSAGE" => Label::SignedMessage,
        b"PUBLIC KEY BLOCK" | b"PRIVATE KEY BLOCK" => Label::Key,
        name if name.starts_with(b"MESSAGE") => Label::Message,
        _ => return None,
    };
    Some((label, line, at + BEGIN.len() + end))
}

/// What stands behind the headers (`Version: ...`), without the checksum.
fn without_headers(mut body: &[u8]) -> &[u8] {
    body = body.trim_ascii_start();
    while let Some(end) = memchr(b'\n', body)
        && body.get(..end).is_some_and(|line| line.contains(&b':'))
    {
        body = body.get(end..).unwrap_or_default().trim_ascii_start();
    }
    let (front, tail) = body.split_at_checked(body.len().saturating_sub(CHECKSUM_BYTES_MAX - 1)).unwrap_or((body, b""));
    memmem::rfind(tail, b"\n=").and_then(|at| body.get(..front.len() + at)).unwrap_or(body)
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

    #[test]
    fn a_block_that_is_begun_again_ends_there() {
        let text = b"-----BEGIN PGP MESSAGE-----\n\naGVs\n \t-----BEGIN PGP MESSAGE-----\n\nbG8=\n-----END PGP MESSAGE-----\nx";
        let found: Vec<Block<'_>> = blocks(text).collect();
        assert_eq!(found[0].octets(), b"hel");
        assert_eq!((found[0].rest, found[0].end), (None, found[1].at + 2));
        assert_eq!((found[1].octets(), found[1].rest), (b"lo".to_vec(), Some(&b"x"[..])));
    }

    #[test]
    fn many_beginnings_take_no_longer_than_their_octets() {
        for line in ["-----BEGIN PGP MESSAGE-----\r\n", "-----BEGIN PGP SIGNED MESSAGE-----\r\n", " -----BEGIN PGP "] {
            let text = line.repeat(200_000);
            let octets: usize = blocks(text.as_bytes()).map(|block| block.start().len()).sum();
            assert!(octets <= text.len() && blocks(text.as_bytes()).count() <= 200_000);
        }
    }
}
