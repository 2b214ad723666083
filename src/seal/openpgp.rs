//! OpenPGP (RFC 9580, RFC 4880): which key of a certificate mail is encrypted to, and the encrypting.
//!
//! Draws randomness. The library verifies single signatures; which of them count is decided here: only those of the
//! primary key itself, of several the newest.

use super::{Fault, keyring::Reason};
use crate::{limits, mail::timestamp::Timestamp};
use pgp::{
    composed::{Deserializable, MessageBuilder, SignedPublicKey, SignedPublicSubKey},
    crypto::{
        aead::{AeadAlgorithm, ChunkSize},
        sym::SymmetricKeyAlgorithm,
    },
    packet::{Features, KeyFlags, PublicKey, PublicSubkey, Signature, SignatureType},
    ser::Serialize,
    types::{Duration, KeyDetails, KeyVersion, PublicParams, Tag},
};
use rand08::rngs::OsRng;

/// Bits of the shortest RSA modulus that is used.
const RSA_BITS_MIN: u16 = 2048;

/// A key that mail can be encrypted to.
#[derive(Clone, Debug)]
pub struct Key {
    /// Of the encrypting key, in hex.
    pub fingerprint: String,
    to: Encrypting,
    /// The holder's programs read SEIPD version 2 (RFC 9580 5.13.2).
    reads_version_2: bool,
    not_before: i64,
    not_after: Option<i64>,
}

#[derive(Clone, Debug)]
enum Encrypting {
    Primary(Box<PublicKey>),
    Subkey(Box<PublicSubkey>),
}

/// What the newest self-signature that counts says of a key.
struct Binding<'a> {
    signature: &'a Signature,
    made: i64,
}

impl Key {
    /// Reads a certificate, armoured or not, and chooses its encryption key.
    ///
    /// # Errors
    /// Why mail to `address` may not be encrypted to it, its time apart.
    pub fn read(octets: &[u8], address: &str) -> Result<Self, Reason> {
        let (certificate, _) = SignedPublicKey::from_reader_single(octets).map_err(|_| Reason::Unreadable)?;
        Self::of(&certificate, address)
    }

    /// Reads several certificates, one behind the other; of too many the first ones.
    pub fn each(octets: &[u8], address: &str) -> Vec<Result<Self, Reason>> {
        let Ok((certificates, _)) = SignedPublicKey::from_reader_many(octets) else {
            return vec![Err(Reason::Unreadable)];
        };
        let read =
            |certificate: Result<SignedPublicKey, _>| Self::of(&certificate.map_err(|_| Reason::Unreadable)?, address);
        certificates.take(limits::KEYS_IN_ANSWER_MAX).map(read).collect()
    }

    fn of(certificate: &SignedPublicKey, address: &str) -> Result<Self, Reason> {
        let primary = &certificate.primary_key;
        if certificate.details.revocation_signatures.iter().any(|signature| signature.verify_key(primary).is_ok()) {
            return Err(Reason::Revoked);
        }
        let users = users(certificate);
        let named = |id: &[u8]| is_address_of(id, address);
        if !users.iter().any(|(id, _)| named(id)) {
            return Err(Reason::Address);
        }
        let direct =
            newest(certificate.details.direct_signatures.iter().filter(|signature| {
                signature.typ() == Some(SignatureType::Key) && signature.verify_key(primary).is_ok()
            }));
        let of_key = newest_binding(users.into_iter().map(|(_, binding)| binding).chain(direct));
        let of_key = of_key.ok_or(Reason::Unreadable)?;
        let features = of_key.signature.features();
        let chosen = chosen(certificate, of_key.signature)?;
        let ends = [
            end(primary.created_at().as_secs(), of_key.signature),
            end(chosen.created, chosen.binding),
            signature_end(of_key.signature),
            signature_end(chosen.binding),
        ];
        let key = Self {
            fingerprint: chosen.fingerprint,
            to: chosen.to,
            reads_version_2: features.is_some_and(Features::seipd_v2) || primary.version() == KeyVersion::V6,
            not_before: i64::from(primary.created_at().as_secs().max(chosen.created)),
            not_after: ends.into_iter().flatten().min(),
        };
        // Whether it takes a session key is known when it has taken one.
        encrypt(Vec::new(), &key).map_err(|_| Reason::Algorithm)?;
        Ok(key)
    }

    /// May it be used at that time?
    ///
    /// # Errors
    /// When it may not.
    pub fn at(&self, now: Timestamp) -> Result<(), Reason> {
        if self.not_after.is_some_and(|end| now.seconds() >= end) {
            Err(Reason::Expired)
        } else if now.seconds() < self.not_before {
            Err(Reason::NotYetValid)
        } else {
            Ok(())
        }
    }
}

/// Encrypts a MIME entity to one key: packets, not armoured.
///
/// # Errors
/// When the key or the cipher does not work.
pub fn encrypt(content: Vec<u8>, key: &Key) -> Result<Vec<u8>, Fault> {
    let message = MessageBuilder::from_bytes("", content);
    let cipher = SymmetricKeyAlgorithm::AES256;
    if key.reads_version_2 {
        let mut message = message.seipd_v2(OsRng, cipher, AeadAlgorithm::Ocb, ChunkSize::C64KiB);
        match &key.to {
            Encrypting::Primary(to) => message.encrypt_to_key(OsRng, to.as_ref()),
            Encrypting::Subkey(to) => message.encrypt_to_key(OsRng, to.as_ref()),
        }
        .map_err(|_| Fault::Key)?;
        return message.to_vec(OsRng).map_err(|_| Fault::Cipher);
    }
    let mut message = message.seipd_v1(OsRng, cipher);
    match &key.to {
        Encrypting::Primary(to) => message.encrypt_to_key(OsRng, to.as_ref()),
        Encrypting::Subkey(to) => message.encrypt_to_key(OsRng, to.as_ref()),
    }
    .map_err(|_| Fault::Key)?;
    message.to_vec(OsRng).map_err(|_| Fault::Cipher)
}

/// Every user ID that the primary key has certified and not revoked since, with that certification.
fn users(certificate: &SignedPublicKey) -> Vec<(&[u8], Binding<'_>)> {
    let primary = &certificate.primary_key;
    let mut found = Vec::new();
    for user in &certificate.details.users {
        let valid = |signature: &&Signature| signature.verify_certification(primary, Tag::UserId, &user.id).is_ok();
        let own = newest(user.signatures.iter().filter(|signature| signature.is_certification()).filter(valid));
        let revoked = newest(
            user.signatures
                .iter()
                .filter(|signature| signature.typ() == Some(SignatureType::CertRevocation))
                .filter(valid),
        );
        if let Some(own) = own
            && revoked.is_none_or(|revoked| revoked.made < own.made)
        {
            found.push((user.id.id(), own));
        }
    }
    found
}

/// `Name <address>`, or the address alone.
fn is_address_of(id: &[u8], address: &str) -> bool {
    let text = String::from_utf8_lossy(id);
    let inside = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(&*text, |(inside, _)| inside);
    inside.trim().eq_ignore_ascii_case(address)
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<Binding<'a>> {
    newest_binding(signatures.map(|signature| {
        let made = signature.created().map_or(0, |made| i64::from(made.as_secs()));
        Binding { signature, made }
    }))
}

fn newest_binding<'a>(bindings: impl Iterator<Item = Binding<'a>>) -> Option<Binding<'a>> {
    bindings.max_by_key(|binding| binding.made)
}

/// The key that is encrypted to.
struct Chosen<'a> {
    to: Encrypting,
    fingerprint: String,
    created: u32,
    binding: &'a Signature,
}

/// The newest subkey for encryption that is bound and not revoked; the primary key where it is made for that itself.
fn chosen<'a>(certificate: &'a SignedPublicKey, of_key: &'a Signature) -> Result<Chosen<'a>, Reason> {
    let mut reason = Reason::Usage;
    let mut found: Option<Chosen<'a>> = None;
    for subkey in &certificate.public_subkeys {
        match bound(certificate, subkey) {
            Ok(next) if found.as_ref().is_none_or(|best| is_better(&next, best)) => found = Some(next),
            Ok(_) => {}
            Err(why) => reason = why,
        }
    }
    let primary = &certificate.primary_key;
    match found {
        Some(found) => Ok(found),
        None if encrypts(&of_key.key_flags()) => {
            strong(primary.public_params())?;
            Ok(Chosen {
                to: Encrypting::Primary(Box::new(primary.clone())),
                fingerprint: primary.fingerprint().to_string(),
                created: primary.created_at().as_secs(),
                binding: of_key,
            })
        }
        None => Err(reason),
    }
}

/// One that ends later is better, then the newer one: holders leave expired subkeys in.
fn is_better(next: &Chosen<'_>, best: &Chosen<'_>) -> bool {
    let rank = |key: &Chosen<'_>| (end(key.created, key.binding).unwrap_or(i64::MAX), key.created);
    rank(next) > rank(best)
}

fn bound<'a>(certificate: &SignedPublicKey, subkey: &'a SignedPublicSubKey) -> Result<Chosen<'a>, Reason> {
    let of_kind = |kind: SignatureType| {
        newest(subkey.signatures.iter().filter(move |signature| {
            signature.typ() == Some(kind)
                && signature.verify_subkey_binding(&certificate.primary_key, &subkey.key).is_ok()
        }))
    };
    let binding = of_kind(SignatureType::SubkeyBinding).ok_or(Reason::Unreadable)?;
    if !encrypts(&binding.signature.key_flags()) {
        return Err(Reason::Usage);
    }
    if of_kind(SignatureType::SubkeyRevocation).is_some() {
        return Err(Reason::Revoked);
    }
    strong(subkey.key.public_params())?;
    Ok(Chosen {
        to: Encrypting::Subkey(Box::new(subkey.key.clone())),
        fingerprint: subkey.key.fingerprint().to_string(),
        created: subkey.key.created_at().as_secs(),
        binding: binding.signature,
    })
}

fn encrypts(flags: &KeyFlags) -> bool {
    flags.encrypt_comms() || flags.encrypt_storage()
}

fn strong(parameters: &PublicParams) -> Result<(), Reason> {
    match parameters {
        PublicParams::RSA(rsa) => {
            let mut written = Vec::new();
            let bits = rsa.to_writer(&mut written).ok().and_then(|()| written.first_chunk()).copied();
            if bits.map_or(0, u16::from_be_bytes) >= RSA_BITS_MIN { Ok(()) } else { Err(Reason::Algorithm) }
        }
        PublicParams::ECDH(_) | PublicParams::X25519(_) | PublicParams::X448(_) => Ok(()),
        _ => Err(Reason::Algorithm),
    }
}

/// When a key expires, by the signature that binds it (RFC 9580 5.2.3.13); zero is never.
fn end(created: u32, binding: &Signature) -> Option<i64> {
    let after = binding.key_expiration_time().map(Duration::as_secs).filter(|seconds| *seconds > 0)?;
    Some(i64::from(created) + i64::from(after))
}

/// When a signature expires (RFC 9580 5.2.3.18).
fn signature_end(signature: &Signature) -> Option<i64> {
    let after = signature.signature_expiration_time().map(Duration::as_secs).filter(|seconds| *seconds > 0)?;
    Some(i64::from(signature.created()?.as_secs()) + i64::from(after))
}
