//! SignedData (RFC 5652 5.1): what is signed, by whom, with which certificates at hand.
//!
//! Pure. Reads the structure only; whether a signature is right is the judge's affair.

use super::{ContentInfo, EXPLICIT, Kind};
use crate::{
    limits,
    mail::asn1::{INTEGER, Item, Items, OBJECT, OCTET_STRING, SEQUENCE, SET},
};
use std::borrow::Cow;

/// SignedData.
#[derive(Clone, Debug, Default)]
pub struct SignedData<'a> {
    /// eContentType.
    pub content_type: &'a [u8],
    /// eContent; none where the signature is detached.
    pub content: Option<Cow<'a, [u8]>>,
    /// X.509 certificates in DER, as they came; `limits::SIGNER_CERTIFICATES_MAX` at most.
    pub certificates: Vec<&'a [u8]>,
    /// `limits::SIGNERS_MAX` at most.
    pub signers: Vec<Signer<'a>>,
    /// The octets end too early, or there are more signers or certificates than are read.
    pub is_cut: bool,
}

/// SignerInfo (RFC 5652 5.3).
#[derive(Clone, Debug)]
pub struct Signer<'a> {
    pub id: SignerId<'a>,
    /// Object identifier of digestAlgorithm.
    pub digest: &'a [u8],
    /// The octets that are signed where there are signedAttrs: those of a SET OF (RFC 5652 5.4).
    pub signed_octets: Option<Vec<u8>>,
    /// Type and values of each signed attribute.
    pub attributes: Vec<(&'a [u8], Vec<Item<'a>>)>,
    /// signatureAlgorithm: its identifier, and its parameters.
    pub algorithm: &'a [u8],
    pub parameters: Option<Item<'a>>,
    pub signature: Cow<'a, [u8]>,
}

/// Which certificate a signer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerId<'a> {
    /// Name (DER) and serial number (content octets) of IssuerAndSerialNumber.
    Issuer(&'a [u8], &'a [u8]),
    KeyIdentifier(&'a [u8]),
}

/// Reads SignedData; none if its structure is broken before its content.
#[must_use]
pub fn read<'a>(info: &ContentInfo<'a>) -> Option<SignedData<'a>> {
    let whole = info.content.filter(|content| info.kind == Kind::Signed && content.tag == SEQUENCE)?;
    let mut fields = whole.items();
    fields.next_if(INTEGER)?;
    fields.next_if(SET)?;
    let encapsulated = fields.next_if(SEQUENCE)?;
    let mut inner = encapsulated.items();
    let content_type = inner.next_if(OBJECT)?.content;
    let wrapped = inner.next_if(EXPLICIT);
    let content = wrapped.and_then(|wrapped| wrapped.items().next());
    let mut signed = SignedData {
        content_type,
        // PKCS #7 takes any type here; it counts by its content.
        content: content.map(|content| if content.tag == SEQUENCE { content.content.into() } else { content.octets() }),
        is_cut: whole.is_cut || encapsulated.is_cut || content.is_some_and(|content| content.is_cut),
        ..SignedData::default()
    };
    if let Some(certificates) = fields.next_if(CERTIFICATES) {
        let found: Vec<Item<'_>> = certificates.items().filter(|item| item.tag == SEQUENCE).collect();
        signed.is_cut |= found.len() > limits::SIGNER_CERTIFICATES_MAX;
        signed.certificates = found.iter().take(limits::SIGNER_CERTIFICATES_MAX).map(|item| item.whole).collect();
    }
    fields.next_if(REVOCATIONS);
    if let Some(signers) = fields.next_if(SET) {
        let found: Vec<Item<'_>> = signers.items().collect();
        signed.is_cut |= found.len() > limits::SIGNERS_MAX;
        signed.signers = found.iter().take(limits::SIGNERS_MAX).filter_map(signer).collect();
    }
    Some(signed)
}

fn signer<'a>(item: &Item<'a>) -> Option<Signer<'a>> {
    let mut fields = item.items();
    fields.next_if(INTEGER)?;
    let id = match fields.next()? {
        id if id.tag == SEQUENCE => {
            let mut parts = id.items();
            SignerId::Issuer(parts.next_if(SEQUENCE)?.whole, parts.next_if(INTEGER)?.content)
        }
        id if id.tag == KEY_IDENTIFIER => SignerId::KeyIdentifier(id.content),
        _ => return None,
    };
    let digest = fields.next_if(SEQUENCE)?.items().next_if(OBJECT)?.content;
    let attributes = fields.next_if(SIGNED_ATTRIBUTES);
    let signed_octets = attributes.map(|attributes| {
        let mut octets = attributes.whole.to_vec();
        if let Some(tag) = octets.first_mut() {
            *tag = SET;
        }
        octets
    });
    let attributes = attributes.map(|attributes| attributes.items().map_while(attribute).collect());
    let mut algorithm = fields.next_if(SEQUENCE)?.items();
    let oid = algorithm.next_if(OBJECT)?.content;
    let parameters = algorithm.next();
    let signature = fields.next().filter(|signature| signature.tag & !0x20 == OCTET_STRING && !signature.is_cut)?;
    Some(Signer {
        id,
        digest,
        signed_octets,
        attributes: attributes.unwrap_or_default(),
        algorithm: oid,
        parameters,
        signature: signature.octets(),
    })
}

/// Attribute (RFC 5652 5.3): type and values.
fn attribute<'a>(item: Item<'a>) -> Option<(&'a [u8], Vec<Item<'a>>)> {
    let mut fields: Items<'a> = item.items();
    let kind = fields.next_if(OBJECT)?.content;
    let values = fields.next_if(SET)?.items().take(2).collect();
    Some((kind, values))
}

const CERTIFICATES: u8 = 0xa0;
const REVOCATIONS: u8 = 0xa1;
const SIGNED_ATTRIBUTES: u8 = 0xa0;
const KEY_IDENTIFIER: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_is_found_in_ber_too() {
        let plain = b"\x30\x25\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x18\x30\x16\x02\x01\x01\x31\x00\
                      \x30\x0f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x02\x04\x00";
        let info = crate::mail::cms::read(plain).unwrap();
        let signed = read(&info).unwrap();
        assert_eq!((signed.content.as_deref(), signed.signers.len()), (Some(&b""[..]), 0));
        let ber = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00\
                    \x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x24\x80\x04\x02ab\x04\x01c\0\0\0\0\0\0\0\0\0\0\0\0";
        let info = crate::mail::cms::read(ber).unwrap();
        assert_eq!(read(&info).unwrap().content.as_deref(), Some(&b"abc"[..]));
    }
}
