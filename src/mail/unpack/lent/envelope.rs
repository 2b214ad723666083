//! EnvelopedData and AuthEnvelopedData opened with a lent key (RFC 5652 6, RFC 5083).
//!
//! Pure.

use super::{Lent, exchange, triple};
use crate::mail::{
    asn1::{INTEGER, Item, OBJECT, OCTET_STRING, SEQUENCE, SET},
    cms::ContentInfo,
    unpack::budget::{Budget, Output, SIZE_LIMIT},
};
use aws_lc_rs::{
    aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey},
    cipher::{self, AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    iv::FixedLength,
};
use std::borrow::Cow;

/// id-aesNNN-CBC and id-aesNNN-GCM (RFC 3565, RFC 5084), des-ede3-cbc (RFC 3370 5.1).
const CIPHERS: &[(&[u8], Cipher)] = &[
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x02", Cipher::Cbc(&AES_128)),
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x16", Cipher::Cbc(&AES_192)),
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a", Cipher::Cbc(&AES_256)),
    (b"\x2a\x86\x48\x86\xf7\x0d\x03\x07", Cipher::Triple),
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x06", Cipher::Gcm(&AES_128_GCM)),
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x1a", Cipher::Gcm(&AES_192_GCM)),
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x2e", Cipher::Gcm(&AES_256_GCM)),
];

#[derive(Clone, Copy)]
enum Cipher {
    Cbc(&'static cipher::Algorithm),
    Gcm(&'static Algorithm),
    Triple,
}

impl Cipher {
    /// What an octet costs beside one of AES.
    fn cost(self) -> usize {
        match self {
            Self::Cbc(_) | Self::Gcm(_) => 1,
            Self::Triple => 12,
        }
    }
}

/// What is encrypted, and how.
struct Content<'a> {
    cipher: Cipher,
    /// Initialization vector or nonce.
    start: &'a [u8],
    encrypted: Cow<'a, [u8]>,
    /// Attributes that are authenticated with it, as they are signed: a SET (RFC 5083 2.2).
    attributes: Vec<u8>,
    tag: &'a [u8],
}

/// What is in an envelope; none where no key opens it.
#[must_use]
pub fn open(info: &ContentInfo<'_>, lent: &Lent, budget: &mut Budget) -> Option<Output> {
    let mut fields = info.content?.items();
    fields.next_if(INTEGER)?;
    fields.next_if(ORIGINATOR_INFO);
    let recipients = fields.next_if(SET)?;
    let content = content(&fields.next_if(SEQUENCE)?, &mut fields)?;
    if content.encrypted.len() > budget.bytes_left() {
        budget.meet(SIZE_LIMIT);
        return Some(Output::nothing(SIZE_LIMIT));
    }
    for info in recipients.items() {
        for given in exchange::given(&info) {
            for key in lent.smime().filter(|key| key.may_be(&given.recipient)) {
                if !budget.try_lent_key() {
                    return None;
                }
                let Some(session) = given.open(key) else { continue };
                if !budget.spend(content.encrypted.len().saturating_mul(content.cipher.cost())) {
                    return None;
                }
                if let Some(plain) = content.decrypted(&session) {
                    return Some(budget.copy(&plain));
                }
            }
        }
    }
    None
}

/// EncryptedContentInfo (RFC 5652 6.1), and what stands behind it in AuthEnvelopedData.
fn content<'a>(info: &Item<'a>, behind: &mut impl Iterator<Item = Item<'a>>) -> Option<Content<'a>> {
    let mut fields = info.items();
    fields.next_if(OBJECT)?;
    let mut algorithm = fields.next_if(SEQUENCE)?.items();
    let oid = algorithm.next_if(OBJECT)?.content;
    let (_, cipher) = CIPHERS.iter().find(|(known, _)| *known == oid)?;
    let parameter = algorithm.next()?;
    let encrypted = fields.next().filter(|content| matches!(content.tag, 0x80 | 0xa0))?;
    let mut content =
        Content { cipher: *cipher, start: &[], encrypted: encrypted.octets(), attributes: Vec::new(), tag: &[] };
    match cipher {
        Cipher::Cbc(_) | Cipher::Triple => {
            content.start = Some(parameter).filter(|vector| vector.tag == OCTET_STRING)?.content;
        }
        Cipher::Gcm(_) => {
            content.start = parameter.items().next_if(OCTET_STRING)?.content;
            let mut next = behind.next()?;
            if next.tag == ATTRIBUTES {
                content.attributes = next.whole.to_vec();
                *content.attributes.first_mut()? = SET;
                next = behind.next()?;
            }
            content.tag = Some(next).filter(|mac| mac.tag == OCTET_STRING)?.content;
        }
    }
    Some(content)
}

impl Content<'_> {
    fn decrypted(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut octets = Vec::with_capacity(self.encrypted.len() + self.tag.len());
        octets.extend_from_slice(&self.encrypted);
        let length = match self.cipher {
            Cipher::Cbc(algorithm) => {
                let key = UnboundCipherKey::new(algorithm, key).ok()?;
                let vector: [u8; 16] = self.start.try_into().ok()?;
                let context = DecryptionContext::Iv128(FixedLength::from(vector));
                PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?.decrypt(&mut octets, context).ok()?.len()
            }
            Cipher::Triple => triple::decrypt(key, self.start, &mut octets)?,
            Cipher::Gcm(algorithm) => {
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let nonce = Nonce::try_assume_unique_for_key(self.start).ok()?;
                octets.extend_from_slice(self.tag);
                key.open_in_place(nonce, Aad::from(&self.attributes), &mut octets).ok()?.len()
            }
        };
        octets.truncate(length);
        Some(octets)
    }
}

/// `[0]`: certificates of the sender.
const ORIGINATOR_INFO: u8 = 0xa0;
/// `[1]`: attributes that are authenticated.
const ATTRIBUTES: u8 = 0xa1;
