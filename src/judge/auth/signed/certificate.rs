//! What a signer's certificate says (RFC 5280 4.1) besides its path: who, which key, for what, which addresses.
//!
//! Pure. The path is verified by webpki; here stands what that does not tell.

use super::comparable;
use crate::mail::{
    asn1::{self, BIT_STRING, INTEGER, Item, OBJECT, OCTET_STRING, SEQUENCE},
    cms::{oids, signed::SignerId},
    hex::hex,
};

/// Fields of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate<'a> {
    pub der: &'a [u8],
    /// Name of the issuer in DER.
    issuer: &'a [u8],
    serial: &'a [u8],
    key_identifier: Option<&'a [u8]>,
    /// First octet of keyUsage.
    usage: Option<u8>,
    /// rfc822Names of subjectAltName.
    alternatives: Vec<String>,
    /// emailAddress in the subject.
    subject: Vec<String>,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate in DER.
    #[must_use]
    pub fn read(der: &'a [u8]) -> Option<Self> {
        let mut fields = asn1::item(der)?.items().next_if(SEQUENCE)?.items();
        fields.next_if(VERSION);
        let serial = fields.next_if(INTEGER)?.content;
        fields.next_if(SEQUENCE)?;
        let issuer = fields.next_if(SEQUENCE)?.whole;
        fields.next_if(SEQUENCE)?;
        let subject = fields.next_if(SEQUENCE)?;
        fields.next_if(SEQUENCE)?;
        let mut certificate = Self { der, issuer, serial, ..Self::default() };
        certificate.subject = values(&subject).filter(|(oid, _)| *oid == oids::EMAIL_ADDRESS).map(address).collect();
        if let Some(extensions) = fields.find(|field| field.tag == EXTENSIONS) {
            for extension in extensions.items().flat_map(|list| list.items()) {
                certificate.extension(&extension);
            }
        }
        Some(certificate)
    }

    fn extension(&mut self, extension: &Item<'a>) -> Option<()> {
        let mut fields = extension.items();
        let oid = fields.next_if(OBJECT)?.content;
        let value = asn1::item(fields.find(|field| field.tag == OCTET_STRING)?.content)?;
        match oid {
            oids::SUBJECT_KEY_IDENTIFIER => self.key_identifier = Some(value.content),
            oids::KEY_USAGE if value.tag == BIT_STRING => self.usage = Some(value.content.get(1).copied().unwrap_or(0)),
            oids::SUBJECT_ALT_NAME => {
                let names = value.items().filter(|name| name.tag == RFC822_NAME);
                self.alternatives.extend(names.map(|name| address((oid, name.content))));
            }
            _ => {}
        }
        Some(())
    }

    /// Is this the certificate that a signer means?
    #[must_use]
    pub fn is(&self, id: &SignerId<'_>) -> bool {
        match id {
            SignerId::Issuer(name, serial) => self.issuer == *name && self.serial == *serial,
            SignerId::KeyIdentifier(identifier) => self.key_identifier == Some(identifier),
        }
    }

    /// May its key sign mail (RFC 8550 4.4.2)? Without keyUsage it may.
    #[must_use]
    pub fn is_for_signing(&self) -> bool {
        self.usage.is_none_or(|usage| usage & (DIGITAL_SIGNATURE | NON_REPUDIATION) != 0)
    }

    /// The addresses it speaks for (RFC 8550 3): rfc822Names, or where there are none those of the subject.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        if self.alternatives.is_empty() { self.subject.clone() } else { self.alternatives.clone() }
    }

    /// Serial number in hex.
    #[must_use]
    pub fn serial(&self) -> String {
        hex(self.serial)
    }

    /// The issuer's name for people: its values, the most special first.
    #[must_use]
    pub fn issuer(&self) -> String {
        let Some(name) = asn1::item(self.issuer) else { return String::new() };
        let mut texts: Vec<String> =
            values(&name).map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect();
        texts.reverse();
        texts.join(", ")
    }
}

/// Types and values of a name.
fn values<'a>(name: &Item<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    name.items().flat_map(|set| set.items()).filter_map(|pair| {
        let mut fields = pair.items();
        Some((fields.next_if(OBJECT)?.content, fields.next()?.content))
    })
}

fn address((_, text): (&[u8], &[u8])) -> String {
    // What ends early for a reader in C is not the address that it seems.
    let text = String::from_utf8_lossy(text);
    if text.contains('\0') { String::new() } else { comparable(&text) }
}

/// `[0] EXPLICIT` version, `[3] EXPLICIT` extensions, `[1] IMPLICIT` rfc822Name.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const RFC822_NAME: u8 = 0x81;
const DIGITAL_SIGNATURE: u8 = 0x80;
const NON_REPUDIATION: u8 = 0x40;
