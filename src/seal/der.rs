//! DER, written and read (X.690): what a certificate and an envelope need. Pure.
//!
//! The reader is that of BER, without what DER does not have: indefinite lengths, and items that are cut off.

use crate::mail::asn1::{Item, item};

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OID: u8 = 0x06;
pub const UTC_TIME: u8 = 0x17;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// `[number]`, constructed.
#[must_use]
pub const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// Tag and length of an element whose content has `bytes` octets.
#[must_use]
pub fn start(tag: u8, bytes: usize) -> Vec<u8> {
    let mut out = vec![tag];
    let length = bytes.to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|octet| *octet == 0).collect();
    match u8::try_from(bytes) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
            out.extend_from_slice(&significant);
        }
    }
    out
}

/// An element with these contents one behind the other.
#[must_use]
pub fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let mut out = start(tag, contents.iter().map(|content| content.len()).sum());
    for content in contents {
        out.extend_from_slice(content);
    }
    out
}

/// One element that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    /// Tag and length included.
    pub whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside.
    #[must_use]
    pub fn inside(&self) -> Reader<'a> {
        Reader { rest: self.content }
    }

    /// The element, if it has that tag.
    #[must_use]
    pub fn of(self, tag: u8) -> Option<Self> {
        (self.tag == tag).then_some(self)
    }
}

/// Elements one behind the other; ends where something is no DER.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// The next element, if it has that tag.
    pub fn read(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next()?.of(tag)
    }

    /// The next element only where it has that tag; otherwise it stays.
    pub fn take_optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.rest.first() == Some(&tag) { self.next() } else { None }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let Item { tag, content, whole, .. } = item(self.rest).filter(|item| !item.is_cut && !item.is_indefinite)?;
        self.rest = self.rest.get(whole.len()..)?;
        Some(Element { tag, content, whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        assert_eq!(start(SEQUENCE, 0), [0x30, 0]);
        assert_eq!(start(SEQUENCE, 127), [0x30, 127]);
        assert_eq!(start(SEQUENCE, 128), [0x30, 0x81, 128]);
        assert_eq!(start(SEQUENCE, 65536), [0x30, 0x83, 1, 0, 0]);
    }

    #[test]
    fn foreign_octets_end_the_reading() {
        for octets in [&[0x30][..], &[0x30, 0x80, 0, 0], &[0x30, 2, 1], &[0x1f, 1, 0], &[0x30, 0x85, 0, 0, 0, 0, 0]] {
            assert_eq!(Reader::new(octets).next(), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 1_u8..31, content in prop::collection::vec(any::<u8>(), 0..700)) {
            let written = element(tag, &[&content, b"x"]);
            let read = Reader::new(&written).read(tag).unwrap();
            prop_assert_eq!(read.whole, &written[..]);
            prop_assert_eq!(read.content, [&content[..], b"x"].concat());
        }

        #[test]
        fn any_octets_are_read(octets in prop::collection::vec(any::<u8>(), 0..100)) {
            let found = Reader::new(&octets).count();
            prop_assert!(found <= octets.len());
        }
    }
}
