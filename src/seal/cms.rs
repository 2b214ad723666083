//! The envelope of S/MIME: AuthEnvelopedData with AES-256-GCM (RFC 5083, RFC 5084), or EnvelopedData with AES-256-CBC.
//!
//! Draws randomness. RSA keys get the content key by PKCS #1 v1.5, which every client opens; curve keys by ephemeral
//! Diffie-Hellman, X9.63 derivation and AES-256 key wrap (RFC 5753).

use super::{
    Fault,
    certificate::{Certificate, Curve, Public},
    der::{self, element, start},
    random,
};
use crate::judge::policy::encryption::sealing::Cipher;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, PrivateKey, UnparsedPublicKey},
    cipher::{AES_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    digest,
    key_wrap::{self, AesKek, KeyWrap},
    rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey},
};

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// Content types of an envelope.
pub const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
pub const AUTH_ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17];
const AES_256_CBC_OID: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
const AES_256_GCM_OID: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e];
const AES_256_WRAP_OID: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `[0]` IMPLICIT OCTET STRING: the encrypted content.
const ENCRYPTED_CONTENT: u8 = 0x80;
const KEY_BYTES: usize = 32;
/// Octets of the tag of AES-GCM (RFC 5084 3.2: aes-ICVlen).
const TAG_BYTES: u8 = 16;

/// A ContentInfo (RFC 5652 3) with the word for it in `smime-type` (RFC 8551 3.2.2).
pub struct Enveloped {
    pub kind: &'static str,
    pub octets: Vec<u8>,
}

/// Encrypts a MIME entity to one recipient.
///
/// # Errors
/// When the key or the cipher does not work.
pub fn envelop(mut content: Vec<u8>, certificate: &Certificate, cipher: Cipher) -> Result<Enveloped, Fault> {
    let key = random::<KEY_BYTES>()?;
    let recipient = recipient_info(certificate, &key)?;
    let recipients = element(der::SET, &[&recipient]);
    let (algorithm, mac) = match cipher {
        Cipher::Gcm => gcm(&mut content, &key)?,
        Cipher::Cbc => (cbc(&mut content, &key)?, Vec::new()),
    };
    // From the inside out: type, algorithm and content; version, recipients and authentication tag around them.
    let before = [element(der::OID, &[DATA]), algorithm, start(ENCRYPTED_CONTENT, content.len())].concat();
    let info = start(der::SEQUENCE, before.len() + content.len());
    let (kind, name, version) = match (cipher, &certificate.public) {
        (Cipher::Gcm, _) => ("authEnveloped-data", AUTH_ENVELOPED_DATA, 0),
        (Cipher::Cbc, Public::Rsa(_)) => ("enveloped-data", ENVELOPED_DATA, 0),
        (Cipher::Cbc, Public::Ec { .. }) => ("enveloped-data", ENVELOPED_DATA, 2),
    };
    let front = [element(der::INTEGER, &[&[version]]), recipients, info, before].concat();
    let envelope = start(der::SEQUENCE, front.len() + content.len() + mac.len());
    let explicit = start(der::context(0), envelope.len() + front.len() + content.len() + mac.len());
    let name = element(der::OID, &[name]);
    let bytes = name.len() + explicit.len() + envelope.len() + front.len() + content.len() + mac.len();
    let outermost = start(der::SEQUENCE, bytes);
    let mut octets = Vec::with_capacity(outermost.len() + bytes);
    for piece in [&outermost, &name, &explicit, &envelope, &front, &content, &mac] {
        octets.extend_from_slice(piece);
    }
    Ok(Enveloped { kind, octets })
}

/// Encrypts in place; the algorithm with its parameters, and the tag as an OCTET STRING.
fn gcm(content: &mut [u8], key: &[u8; KEY_BYTES]) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let nonce = random::<12>()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(|_| Fault::Cipher)?);
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), content)
        .map_err(|_| Fault::Cipher)?;
    let parameters =
        element(der::SEQUENCE, &[&element(der::OCTET_STRING, &[&nonce]), &element(der::INTEGER, &[&[TAG_BYTES]])]);
    let algorithm = element(der::SEQUENCE, &[&element(der::OID, &[AES_256_GCM_OID]), &parameters]);
    Ok((algorithm, element(der::OCTET_STRING, &[tag.as_ref()])))
}

/// Encrypts in place; the algorithm with its parameter (RFC 3565 4.1).
fn cbc(content: &mut Vec<u8>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, Fault> {
    let key = UnboundCipherKey::new(&AES_256, key).map_err(|_| Fault::Cipher)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| Fault::Cipher)?;
    let DecryptionContext::Iv128(vector) = key.encrypt(content).map_err(|_| Fault::Cipher)? else {
        return Err(Fault::Cipher);
    };
    let vector = element(der::OCTET_STRING, &[vector.as_ref()]);
    Ok(element(der::SEQUENCE, &[&element(der::OID, &[AES_256_CBC_OID]), &vector]))
}

/// RecipientInfo (RFC 5652 6.2) that gives `key` to the holder of the certificate.
///
/// # Errors
/// When the certificate's key does not take it.
pub fn recipient_info(certificate: &Certificate, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, Fault> {
    let who = element(der::SEQUENCE, &[&certificate.issuer, &certificate.serial]);
    match &certificate.public {
        Public::Rsa(public) => {
            let public = PublicEncryptingKey::from_der(public).map_err(|_| Fault::Key)?;
            let public = Pkcs1PublicEncryptingKey::new(public).map_err(|_| Fault::Key)?;
            let mut room = vec![0; public.ciphertext_size()];
            let encrypted = public.encrypt(key, &mut room).map_err(|_| Fault::Key)?;
            let algorithm = element(der::SEQUENCE, &[&element(der::OID, &[RSA_ENCRYPTION]), &element(der::NULL, &[])]);
            let version = element(der::INTEGER, &[&[0]]);
            Ok(element(der::SEQUENCE, &[&version, &who, &algorithm, &element(der::OCTET_STRING, &[encrypted])]))
        }
        Public::Ec { curve, point } => agreed(curve, point, &who, key),
    }
}

/// KeyAgreeRecipientInfo with a key pair drawn for this mail alone (RFC 5753 3.1).
fn agreed(curve: &Curve, point: &[u8], who: &[u8], key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, Fault> {
    let ours = PrivateKey::generate(curve.agreement).map_err(|_| Fault::Randomness)?;
    let our_point = ours.compute_public_key().map_err(|_| Fault::Key)?;
    let wrap = element(der::SEQUENCE, &[&element(der::OID, &[AES_256_WRAP_OID])]);
    let theirs = UnparsedPublicKey::new(curve.agreement, point);
    let secret = agreement::agree(&ours, theirs, Fault::Key, |secret| Ok(derived(curve.digest, secret, &wrap)))?;
    let kek = AesKek::new(&key_wrap::AES_256, secret.get(..KEY_BYTES).ok_or(Fault::Key)?).map_err(|_| Fault::Key)?;
    let mut room = [0; KEY_BYTES + 8];
    let wrapped = kek.wrap(key, &mut room).map_err(|_| Fault::Key)?;
    let algorithm = element(der::SEQUENCE, &[&element(der::OID, &[EC_PUBLIC_KEY])]);
    let our_key = element(der::context(1), &[&algorithm, &element(der::BIT_STRING, &[&[0], our_point.as_ref()])]);
    let scheme = element(der::SEQUENCE, &[&element(der::OID, &[curve.scheme]), &wrap]);
    let given = element(der::SEQUENCE, &[who, &element(der::OCTET_STRING, &[wrapped])]);
    let version = element(der::INTEGER, &[&[3]]);
    let originator = element(der::context(0), &[&our_key]);
    Ok(element(der::context(1), &[&version, &originator, &scheme, &element(der::SEQUENCE, &[&given])]))
}

/// X9.63 key derivation (SEC 1 3.6.1) with ECC-CMS-SharedInfo (RFC 5753 7.2); one round gives more than a key.
fn derived(algorithm: &'static digest::Algorithm, secret: &[u8], wrap: &[u8]) -> Vec<u8> {
    let key_bits = element(der::OCTET_STRING, &[&[0, 0, 1, 0]]);
    let shared = element(der::SEQUENCE, &[wrap, &element(der::context(2), &[&key_bits])]);
    let mut hash = digest::Context::new(algorithm);
    hash.update(secret);
    hash.update(&[0, 0, 0, 1]);
    hash.update(&shared);
    hash.finish().as_ref().to_vec()
}
