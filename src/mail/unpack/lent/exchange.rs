//! The content key of an envelope: RecipientInfo with the private key of one recipient (RFC 5652 6.2).
//!
//! Pure.

use super::smime::{Key, Private};
use crate::mail::{
    asn1::{self, INTEGER, Item, OBJECT, OCTET_STRING, SEQUENCE},
    cms::oids,
};
use aws_lc_rs::{
    agreement::{PrivateKey, UnparsedPublicKey, agree},
    digest,
    key_wrap::{AES_128, AES_256, AesKek, KeyWrap},
    rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm},
};

/// `[0]` to `[2]` with something in them.
const EXPLICIT_0: u8 = 0xa0;
const EXPLICIT_1: u8 = 0xa1;
const EXPLICIT_2: u8 = 0xa2;

/// id-RSAES-OAEP and id-pSpecified's sibling id-mgf1 (RFC 8017 C).
const RSA_OAEP: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07";
/// id-aes128-wrap, id-aes256-wrap (RFC 3565 2.3.2).
const AES_128_WRAP: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x05";
const AES_256_WRAP: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2d";
/// dhSinglePass-stdDH and -cofactorDH (RFC 5753 7.1.4): on curves with the cofactor 1 they are the same.
const SCHEMES: &[(&[u8], &digest::Algorithm)] = &[
    (b"\x2b\x81\x05\x10\x86\x48\x3f\x00\x02", &digest::SHA1_FOR_LEGACY_USE_ONLY),
    (b"\x2b\x81\x05\x10\x86\x48\x3f\x00\x03", &digest::SHA1_FOR_LEGACY_USE_ONLY),
    (b"\x2b\x81\x04\x01\x0b\x00", &digest::SHA224),
    (b"\x2b\x81\x04\x01\x0b\x01", &digest::SHA256),
    (b"\x2b\x81\x04\x01\x0b\x02", &digest::SHA384),
    (b"\x2b\x81\x04\x01\x0b\x03", &digest::SHA512),
    (b"\x2b\x81\x04\x01\x0e\x00", &digest::SHA224),
    (b"\x2b\x81\x04\x01\x0e\x01", &digest::SHA256),
    (b"\x2b\x81\x04\x01\x0e\x02", &digest::SHA384),
    (b"\x2b\x81\x04\x01\x0e\x03", &digest::SHA512),
];

/// A key that a recipient is given, still encrypted.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub recipient: Item<'a>,
    encrypted: &'a [u8],
    how: How<'a>,
}

#[derive(Clone, Copy)]
enum How<'a> {
    /// With this algorithm.
    Transported(Item<'a>),
    Agreed(Agreement<'a>),
}

#[derive(Clone, Copy)]
struct Agreement<'a> {
    /// The sender's public key of this mail alone.
    point: &'a [u8],
    material: Option<Item<'a>>,
    scheme: &'a [u8],
    wrap: Item<'a>,
}

/// The keys that one RecipientInfo gives.
#[must_use]
pub fn given<'a>(info: &Item<'a>) -> Vec<Given<'a>> {
    match info.tag {
        SEQUENCE => transported(info).into_iter().collect(),
        EXPLICIT_1 => agreed(info).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// KeyTransRecipientInfo (RFC 5652 6.2.1).
fn transported<'a>(info: &Item<'a>) -> Option<Given<'a>> {
    let mut fields = info.items();
    fields.next_if(INTEGER)?;
    let recipient = fields.next()?;
    let algorithm = fields.next_if(SEQUENCE)?;
    let encrypted = fields.next_if(OCTET_STRING)?.content;
    Some(Given { recipient, encrypted, how: How::Transported(algorithm) })
}

/// KeyAgreeRecipientInfo (RFC 5652 6.2.2) with the sender's key in it (RFC 5753 3.1.1).
fn agreed<'a>(info: &Item<'a>) -> Option<Vec<Given<'a>>> {
    let mut fields = info.items();
    fields.next_if(INTEGER)?;
    let mut originator = fields.next_if(EXPLICIT_0)?.items().next().filter(|key| key.tag == EXPLICIT_1)?.items();
    originator.next_if(SEQUENCE)?;
    // Behind the number of unused bits.
    let point = originator.next_if(asn1::BIT_STRING)?.content.get(1..)?;
    let material = fields.next_if(EXPLICIT_1).and_then(|wrapped| wrapped.items().next());
    let mut algorithm = fields.next_if(SEQUENCE)?.items();
    let scheme = algorithm.next_if(OBJECT)?.content;
    let wrap = algorithm.next_if(SEQUENCE)?;
    let how = How::Agreed(Agreement { point, material, scheme, wrap });
    let recipients = fields.next_if(SEQUENCE)?.items().filter_map(|given| {
        let mut fields = given.items();
        let recipient = fields.next()?;
        Some(Given { recipient, encrypted: fields.next_if(OCTET_STRING)?.content, how })
    });
    Some(recipients.collect())
}

impl Given<'_> {
    /// The content key, if this private key opens it.
    #[must_use]
    pub fn open(&self, key: &Key) -> Option<Vec<u8>> {
        match (&key.private, self.how) {
            (Private::Rsa(keys), How::Transported(algorithm)) => {
                let mut fields = algorithm.items();
                let oid = fields.next_if(OBJECT)?.content;
                let (pkcs1, oaep) = &**keys;
                let mut room = vec![0; pkcs1.min_output_size()];
                let opened = match oid {
                    oids::RSA => pkcs1.decrypt(self.encrypted, &mut room),
                    RSA_OAEP => oaep.decrypt(padding(fields.next())?, self.encrypted, &mut room, None),
                    _ => return None,
                };
                opened.ok().map(|key| key.to_vec())
            }
            (Private::Ec(key), How::Agreed(agreement)) => agreement.open(key, self.encrypted),
            _ => None,
        }
    }
}

/// RSAES-OAEP-params (RFC 8017 A.2.1): one digest for both, and no label.
fn padding(parameters: Option<Item<'_>>) -> Option<&'static OaepAlgorithm> {
    let mut fields = parameters.map(|parameters| parameters.items())?;
    let hash = fields.next_if(EXPLICIT_0).map(|wrapped| first_oid(wrapped.items().next()));
    let mask = fields.next_if(EXPLICIT_1).map(|wrapped| {
        let mut mask = wrapped.items().next()?.items();
        mask.next_if(OBJECT)?;
        first_oid(mask.next())
    });
    if fields.next_if(EXPLICIT_2).is_some() {
        return None;
    }
    let (hash, mask) = (hash.unwrap_or(Some(oids::SHA1))?, mask.unwrap_or(Some(oids::SHA1))?);
    match hash {
        _ if hash != mask => None,
        oids::SHA1 => Some(&OAEP_SHA1_MGF1SHA1),
        oids::SHA256 => Some(&OAEP_SHA256_MGF1SHA256),
        oids::SHA384 => Some(&OAEP_SHA384_MGF1SHA384),
        oids::SHA512 => Some(&OAEP_SHA512_MGF1SHA512),
        _ => None,
    }
}

fn first_oid(algorithm: Option<Item<'_>>) -> Option<&[u8]> {
    algorithm?.items().next_if(OBJECT).map(|oid| oid.content)
}

impl Agreement<'_> {
    fn open(&self, key: &PrivateKey, encrypted: &[u8]) -> Option<Vec<u8>> {
        let (_, hash) = SCHEMES.iter().find(|(oid, _)| *oid == self.scheme)?;
        let (cipher, bytes) = match first_oid(Some(self.wrap))? {
            AES_128_WRAP => (&AES_128, 16),
            AES_256_WRAP => (&AES_256, 32),
            _ => return None,
        };
        let peer = UnparsedPublicKey::new(key.algorithm(), self.point);
        let kek = agree(key, peer, (), |secret| self.derived(hash, secret, bytes).ok_or(())).ok()?;
        let kek = AesKek::new(cipher, &kek).ok()?;
        let mut room = vec![0; encrypted.len()];
        kek.unwrap(encrypted, &mut room).ok().map(|key| key.to_vec())
    }

    /// X9.63 key derivation (SEC 1 3.6.1) with ECC-CMS-SharedInfo (RFC 5753 7.2).
    fn derived(&self, hash: &'static digest::Algorithm, secret: &[u8], bytes: usize) -> Option<Vec<u8>> {
        let bits = u32::try_from(bytes * 8).ok()?.to_be_bytes();
        let material = self.material.map(|material| element(EXPLICIT_0, &element(OCTET_STRING, &material.octets())));
        let length = element(EXPLICIT_2, &element(OCTET_STRING, &bits));
        let shared = element(SEQUENCE, &[self.wrap.whole, &material.unwrap_or_default(), &length].concat());
        let mut derived = Vec::new();
        for round in 1u32..=MAX_ROUNDS {
            let mut context = digest::Context::new(hash);
            context.update(secret);
            context.update(&round.to_be_bytes());
            context.update(&shared);
            derived.extend_from_slice(context.finish().as_ref());
            if derived.len() >= bytes {
                derived.truncate(bytes);
                return Some(derived);
            }
        }
        None
    }
}

/// Rounds that give 32 octets with the shortest digest.
const MAX_ROUNDS: u32 = 2;

/// Tag, length, content (X.690 8.1); of contents below 64 KiB.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut whole = match length {
        [0, short @ 0..0x80] => vec![tag, short],
        [high, low] => vec![tag, 0x82, high, low],
    };
    whole.extend_from_slice(content);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_octets_give_no_key() {
        for octets in [&b""[..], b"\x30\x00", b"\xa1\x05\x02\x01\x03\xa0\x00", b"\x30\x07\x02\x01\x00\x30\x02\x30\x00"]
        {
            let keys = asn1::item(octets).map(|info| given(&info).len()).unwrap_or_default();
            assert_eq!(keys, 0, "{octets:?}");
        }
    }

    #[test]
    fn long_contents_have_long_lengths() {
        assert_eq!(element(4, b"a"), b"\x04\x01a");
        assert_eq!(element(4, &[7; 300]).get(..4), Some(&b"\x04\x82\x01\x2c"[..]));
    }
}
