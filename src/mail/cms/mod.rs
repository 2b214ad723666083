//! What a CMS file is (RFC 5652), by its bytes: signed, enveloped, compressed.
//!
//! Pure. BER as it is written by clients (indefinite lengths, strings in pieces) is read like DER.

pub mod oids;
pub mod signed;

use self::oids::PKCS9_SMIME_TYPES;
use super::asn1::{self, Item, OBJECT, SEQUENCE};
use std::borrow::Cow;

/// The content types that are told apart (RFC 5652 3, RFC 5083 2.1, RFC 3274 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Data,
    Signed,
    Enveloped,
    AuthEnveloped,
    Compressed,
    /// Digested, encrypted with a key known beforehand, authenticated: no client shows them as mail.
    Other,
}

impl Kind {
    /// The kind that an object identifier names; its content octets.
    #[must_use]
    pub fn of(oid: &[u8]) -> Option<Self> {
        if let Some([number]) = oid.strip_prefix(oids::PKCS7) {
            return match number {
                1 => Some(Self::Data),
                2 => Some(Self::Signed),
                3 => Some(Self::Enveloped),
                4..=6 => Some(Self::Other),
                _ => None,
            };
        }
        match oid.strip_prefix(PKCS9_SMIME_TYPES)? {
            [2] => Some(Self::Other),
            [9] => Some(Self::Compressed),
            [23] => Some(Self::AuthEnveloped),
            _ => None,
        }
    }

    /// Can only its recipient read it?
    #[must_use]
    pub fn is_encrypted(self) -> bool {
        matches!(self, Self::Enveloped | Self::AuthEnveloped)
    }
}

/// ContentInfo (RFC 5652 3).
#[derive(Clone, Copy, Debug)]
pub struct ContentInfo<'a> {
    pub kind: Kind,
    /// What stands in `[0]`: SignedData, EnvelopedData, ...
    pub content: Option<Item<'a>>,
}

/// Reads the outermost structure; none if it is no CMS file. The first octets of one are enough to tell the kind.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<ContentInfo<'_>> {
    let mut fields = asn1::item(bytes).filter(|info| info.tag == SEQUENCE)?.items();
    let oid = fields.next_if(OBJECT).filter(|oid| !oid.is_cut)?;
    let kind = Kind::of(oid.content)?;
    let content = fields.next_if(EXPLICIT).and_then(|wrapped| wrapped.items().next());
    Some(ContentInfo { kind, content })
}

/// The entity in CompressedData (RFC 3274 1.1), still compressed.
#[must_use]
pub fn compressed<'a>(info: &ContentInfo<'a>) -> Option<Cow<'a, [u8]>> {
    let mut fields = info.content.filter(|_| info.kind == Kind::Compressed)?.items();
    fields.next_if(asn1::INTEGER)?;
    fields.next_if(SEQUENCE)?;
    let mut inner = fields.next_if(SEQUENCE)?.items();
    inner.next_if(OBJECT)?;
    inner.next_if(EXPLICIT).map(|content| content.octets())
}

/// `[0] EXPLICIT`.
const EXPLICIT: u8 = 0xa0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_first_octets() {
        for (bytes, expected) in [
            (&b"\x30\x82\x10\0\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x82"[..], Some(Kind::Signed)),
            (b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80", Some(Kind::Enveloped)),
            (b"\x30\x82\x10\0\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17", Some(Kind::AuthEnveloped)),
            (b"\x30\x82\x10\0\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09", Some(Kind::Compressed)),
            (b"\x30\x82\x10\0\x06\x03\x55\x04\x03", None),
            (b"0123456789 plain words", None),
            (b"0", None),
        ] {
            assert_eq!(read(bytes).map(|info| info.kind), expected, "{bytes:?}");
        }
    }
}
