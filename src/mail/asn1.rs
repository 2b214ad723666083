//! Items of BER (X.690 8.1): tag, content, and the octets they stand in, indefinite lengths included.
//!
//! Pure. DER is a part of BER, so one reader serves both. What is cut off is read as far as it goes and marked.

use crate::limits;
use std::borrow::Cow;

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const OBJECT: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
/// OCTET STRING in pieces (X.690 8.7.3.2).
const OCTET_STRINGS: u8 = 0x24;
/// Tags above 30 take further octets; no format that is read here has them.
const LONG_TAG: u8 = 0x1f;
const CONSTRUCTED: u8 = 0x20;

/// One item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Class, constructed bit and number, as they stand: `0x30` is SEQUENCE, `0xa0` is `[0]`.
    pub tag: u8,
    pub content: &'a [u8],
    /// Tag, length and content.
    pub whole: &'a [u8],
    /// The octets end before the item does.
    pub is_cut: bool,
    /// Its length is not told before (X.690 8.1.3.6).
    pub is_indefinite: bool,
}

impl<'a> Item<'a> {
    /// The items in it.
    #[must_use]
    pub fn items(&self) -> Items<'a> {
        Items { rest: self.content }
    }

    /// The octets of an OCTET STRING, whole or in pieces; `[0]` and the like count by what they hold.
    #[must_use]
    pub fn octets(&self) -> Cow<'a, [u8]> {
        if self.tag & CONSTRUCTED == 0 {
            return Cow::Borrowed(self.content);
        }
        let mut pieces = Vec::new();
        gather(self.content, limits::ASN1_DEPTH_MAX, &mut pieces);
        match pieces.as_slice() {
            [one] => Cow::Borrowed(one),
            _ => Cow::Owned(pieces.concat()),
        }
    }
}

fn gather<'a>(bytes: &'a [u8], depth: usize, pieces: &mut Vec<&'a [u8]>) {
    for item in (Items { rest: bytes }) {
        match item.tag {
            OCTET_STRING => pieces.push(item.content),
            OCTET_STRINGS if depth > 0 => gather(item.content, depth - 1, pieces),
            _ => return,
        }
    }
}

/// Items one after another, up to the end, an end-of-contents mark or something that is no item.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    rest: &'a [u8],
}

impl<'a> Items<'a> {
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next item if it has this tag.
    pub fn next_if(&mut self, tag: u8) -> Option<Item<'a>> {
        if self.rest.first() == Some(&tag) { self.next() } else { None }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let item = item(self.rest)?;
        self.rest = self.rest.get(item.whole.len()..).unwrap_or_default();
        Some(item)
    }
}

/// The item at the start of `bytes`; none at their end and at an end-of-contents mark (X.690 8.1.5).
#[must_use]
pub fn item(bytes: &[u8]) -> Option<Item<'_>> {
    let (tag, head, length) = head(bytes)?;
    if tag == 0 {
        return None;
    }
    let rest = bytes.get(head..)?;
    if let Some(length) = length {
        let is_cut = rest.len() < length;
        let content = rest.get(..length).unwrap_or(rest);
        let whole = bytes.get(..head.saturating_add(content.len()))?;
        return Some(Item { tag, content, whole, is_cut, is_indefinite: false });
    }
    let (end, is_cut) = end_of_contents(rest);
    let content = rest.get(..end)?;
    let mark = if is_cut { 0 } else { 2 };
    let whole = bytes.get(..head + end + mark)?;
    Some(Item { tag, content, whole, is_cut, is_indefinite: true })
}

/// Where the end-of-contents mark stands that closes this content; its end if there is none. One pass.
fn end_of_contents(bytes: &[u8]) -> (usize, bool) {
    let (mut at, mut open) = (0usize, 1usize);
    while let Some((tag, size, length)) = bytes.get(at..).and_then(head) {
        match (tag, length) {
            (0, Some(0)) => {
                open -= 1;
                if open == 0 {
                    return (at, false);
                }
                at += size;
            }
            (_, Some(length)) => match at.checked_add(size).and_then(|start| start.checked_add(length)) {
                Some(next) if next <= bytes.len() => at = next,
                _ => break,
            },
            (_, None) if open < limits::ASN1_DEPTH_MAX => {
                open += 1;
                at += size;
            }
            (_, None) => break,
        }
    }
    (bytes.len(), true)
}

/// Tag, octets of tag and length, and the length; no length if it is indefinite.
fn head(bytes: &[u8]) -> Option<(u8, usize, Option<usize>)> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    if tag & LONG_TAG == LONG_TAG {
        return None;
    }
    match first {
        0x80 if tag & CONSTRUCTED != 0 => Some((*tag, 2, None)),
        0..0x80 => Some((*tag, 2, Some(usize::from(*first)))),
        0x81..=0x84 => {
            let count = usize::from(first & 0x0f);
            let length = rest.get(..count)?.iter().fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
            Some((*tag, 2 + count, Some(length)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_all_kinds_are_read() {
        for (bytes, content, cut) in [
            (&b"\x04\x02ab"[..], &b"ab"[..], false),
            (b"\x04\x81\x02ab", b"ab", false),
            (b"\x04\x82\0\x02abc", b"ab", false),
            (b"\x04\x05ab", b"ab", true),
            (b"\x24\x80\x04\x01a\x04\x01b\0\0rest", b"\x04\x01a\x04\x01b", false),
            (b"\x24\x80\x04\x01a", b"\x04\x01a", true),
        ] {
            let item = item(bytes).unwrap();
            assert_eq!((item.content, item.is_cut), (content, cut), "{bytes:?}");
        }
        for bytes in [&b""[..], b"\x04", b"\0\0", b"\x1f\x81\x01a", b"\x04\x80a\0\0", b"\x04\x85\0\0\0\0\x01a"] {
            assert_eq!(item(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn octets_in_pieces_are_joined() {
        let bytes = b"\xa0\x80\x24\x80\x04\x01a\x24\x04\x04\x02bc\0\0\x04\x01d\0\0";
        assert_eq!(item(bytes).unwrap().octets().as_ref(), b"abcd");
    }

    #[test]
    fn deep_nesting_ends() {
        let bytes = b"\x24\x80".repeat(100_000);
        assert!(item(&bytes).unwrap().is_cut);
        assert!(item(&bytes).unwrap().octets().is_empty());
    }
}
