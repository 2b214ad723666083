//! Packets: tag, length, body (RFC 9580 4.2), both formats, partial lengths joined.
//!
//! Pure. Octets that are no packet end the list; a packet that is cut off comes as far as it goes.

use flate2::read::DeflateDecoder;
use std::{borrow::Cow, io::Read};

pub const PUBLIC_SESSION_KEY: u8 = 1;
pub const SIGNATURE: u8 = 2;
pub const SECRET_SESSION_KEY: u8 = 3;
pub const ONE_PASS_SIGNATURE: u8 = 4;
pub const SECRET_KEY: u8 = 5;
pub const PUBLIC_KEY: u8 = 6;
pub const COMPRESSED: u8 = 8;
pub const ENCRYPTED: u8 = 9;
pub const MARKER: u8 = 10;
pub const LITERAL: u8 = 11;
pub const ENCRYPTED_PROTECTED: u8 = 18;
pub const ENCRYPTED_AEAD: u8 = 20;
pub const PADDING: u8 = 21;

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub tag: u8,
    pub body: Cow<'a, [u8]>,
    pub is_cut: bool,
}

impl Packet<'_> {
    /// Does the body begin with one of these version numbers?
    #[must_use]
    pub fn has_version(&self, versions: &[u8]) -> bool {
        self.body.first().is_some_and(|first| versions.contains(first))
    }
}

/// Packets one after another.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Packets<'a> {
    #[must_use]
    pub fn of(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// Takes this many octets, or what there is.
    fn take(&mut self, length: usize) -> (&'a [u8], bool) {
        let is_cut = self.rest.len() < length;
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        (taken, is_cut)
    }

    fn number(&mut self, octets: usize) -> Option<usize> {
        let (number, rest) = self.rest.split_at_checked(octets)?;
        self.rest = rest;
        Some(number.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)))
    }

    /// A length of the new format: how many octets, and whether more follow (RFC 9580 4.2.1).
    fn length(&mut self) -> Option<(usize, bool)> {
        let first = self.number(1)?;
        Some(match first {
            0..192 => (first, false),
            192..224 => (((first - 192) << 8) + self.number(1)? + 192, false),
            224..255 => (1 << (first & 0x1f), true),
            _ => (self.number(4)?, false),
        })
    }

    fn body(&mut self) -> Option<(Cow<'a, [u8]>, bool)> {
        let (length, is_partial) = self.length()?;
        let (first, mut is_cut) = self.take(length);
        if !is_partial {
            return Some((Cow::Borrowed(first), is_cut));
        }
        let mut body = first.to_vec();
        loop {
            let Some((length, is_partial)) = self.length() else { return Some((Cow::Owned(body), true)) };
            let (piece, is_short) = self.take(length);
            body.extend_from_slice(piece);
            is_cut |= is_short;
            if !is_partial || is_short {
                return Some((Cow::Owned(body), is_cut));
            }
        }
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let (first, rest) = self.rest.split_first()?;
        if first & 0x80 == 0 {
            return None;
        }
        self.rest = rest;
        let (tag, body, is_cut) = if first & 0x40 != 0 {
            let (body, is_cut) = self.body()?;
            (first & 0x3f, body, is_cut)
        } else {
            let length = match first & 3 {
                0 => self.number(1)?,
                1 => self.number(2)?,
                2 => self.number(4)?,
                _ => self.rest.len(),
            };
            let (body, is_cut) = self.take(length);
            (first >> 2 & 0x0f, Cow::Borrowed(body), is_cut)
        };
        Some(Packet { tag, body, is_cut })
    }
}

/// Does deflated data begin with a packet of a message? For files that have no other mark.
#[must_use]
pub fn is_deflated_message(data: &[u8]) -> bool {
    let mut start = [0; 3];
    let is_read = DeflateDecoder::new(data).read_exact(&mut start).is_ok();
    is_read && matches!(start, [0x90 | 0xc4, 0x0d, 3] | [0xac..=0xae | 0xcb, _, _])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_both_formats_are_read() {
        let long = [&[0xcb, 0xc0, 0x01][..], &[7; 193]].concat();
        for (octets, tag, length, is_cut) in [
            (&b"\xcb\x02ab"[..], LITERAL, 2, false),
            (&long, LITERAL, 193, false),
            (b"\xcb\xe1ab\x01c", LITERAL, 3, false),
            (b"\xcb\xe1ab", LITERAL, 2, true),
            (b"\xcb\xff\0\0\0\x01a", LITERAL, 1, false),
            (b"\xac\x02ab", LITERAL, 2, false),
            (b"\xad\0\x02ab", LITERAL, 2, false),
            (b"\xafabc", LITERAL, 3, false),
            (b"\xac\x09ab", LITERAL, 2, true),
        ] {
            let packet = Packets::of(octets).next().unwrap();
            assert_eq!((packet.tag, packet.body.len(), packet.is_cut), (tag, length, is_cut), "{octets:?}");
        }
        assert_eq!(Packets::of(b"text").next(), None);
        assert_eq!(Packets::of(b"\xcb").next(), None);
    }
}
