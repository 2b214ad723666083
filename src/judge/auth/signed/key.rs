//! OpenPGP public keys that the operator trusts (RFC 9580 5.5, 10.1): which of their parts may sign, for whom, until when.
//!
//! Pure. What a key says of itself counts only where its primary key signed it; that is verified once, when it is read.

use super::comparable;
use crate::mail::{
    hex::hex,
    openpgp::armor::{self, Label},
};
use pgp::{
    composed::{Deserializable, SignedPublicKey},
    packet::{PublicKey, PublicSubkey, Signature, SignatureType, SubpacketData},
    ser::Serialize,
    types::{Fingerprint, KeyDetails, KeyId, PublicParams, Tag},
};

/// One key with its subkeys.
#[derive(Clone, Debug)]
pub struct Key {
    pub parts: Vec<Part>,
    /// Addresses of its user IDs, as they are compared.
    pub addresses: Vec<String>,
    pub fingerprint: String,
    /// Seconds since the epoch; none if it does not end.
    pub expires: Option<i64>,
    pub is_revoked: bool,
}

/// A primary key or subkey that may sign.
#[derive(Clone, Debug)]
pub struct Part {
    pub public: Public,
    pub created: i64,
    pub expires: Option<i64>,
    pub is_revoked: bool,
    /// RSA below 2048 bits, DSA.
    pub is_weak: bool,
}

/// What verifies.
#[derive(Clone, Debug)]
pub enum Public {
    Primary(Box<PublicKey>),
    Subkey(Box<PublicSubkey>),
}

impl Part {
    /// Does a signature name this one?
    #[must_use]
    pub fn is(&self, fingerprints: &[&Fingerprint], ids: &[&KeyId]) -> bool {
        let (fingerprint, id) = match &self.public {
            Public::Primary(key) => (key.fingerprint(), key.legacy_key_id()),
            Public::Subkey(key) => (key.fingerprint(), key.legacy_key_id()),
        };
        if fingerprints.is_empty() { ids.contains(&&id) } else { fingerprints.contains(&&fingerprint) }
    }
}

impl Key {
    /// Reads every public key of a file, armoured or not.
    ///
    /// # Errors
    /// Why it gives none.
    pub fn read_all(octets: &[u8]) -> Result<Vec<Self>, String> {
        let blocks: Vec<Vec<u8>> =
            armor::blocks(octets).filter(|block| block.label == Label::Key).map(|block| block.octets()).collect();
        let blocks = if blocks.is_empty() { vec![octets.to_vec()] } else { blocks };
        let mut keys = Vec::new();
        for block in &blocks {
            let found = SignedPublicKey::from_bytes_many(block.as_slice()).map_err(|error| unreadable(&error))?;
            for key in found {
                keys.push(Self::of(&key.map_err(|error| unreadable(&error))?)?);
            }
        }
        if keys.is_empty() {
            Err("holds no OpenPGP public key; export one with gpg --export".to_owned())
        } else {
            Ok(keys)
        }
    }

    fn of(key: &SignedPublicKey) -> Result<Self, String> {
        let primary = &key.primary_key;
        let fingerprint = hex(primary.fingerprint().as_bytes());
        let created = seconds(primary.created_at());
        let mut own: Vec<&Signature> =
            key.details.direct_signatures.iter().filter(|signature| signature.verify_key(primary).is_ok()).collect();
        let mut addresses = Vec::new();
        for user in &key.details.users {
            let right =
                user.signatures.iter().filter(|one| one.verify_certification(primary, Tag::UserId, &user.id).is_ok());
            // The last word counts, be it a certification or its revocation.
            let Some(last) = right.max_by_key(|signature| created_at(signature)) else { continue };
            if last.typ() == Some(SignatureType::CertRevocation) {
                continue;
            }
            own.push(last);
            addresses.extend(address(user.id.id()));
        }
        let Some(latest) = own.iter().max_by_key(|signature| created_at(signature)) else {
            return Err(format!("key {fingerprint} has no user ID that it signed itself; export it again"));
        };
        let is_revoked = key.details.revocation_signatures.iter().any(|one| one.verify_key(primary).is_ok());
        let expires = ends(latest, created);
        let mut parts = Vec::new();
        if may_sign(latest) {
            let public = Public::Primary(Box::new(primary.clone()));
            parts.push(Part { public, created, expires, is_revoked, is_weak: is_weak(primary.public_params()) });
        }
        parts.extend(key.public_subkeys.iter().filter_map(|subkey| {
            let right = |signature: &&Signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok();
            let is_revocation = |signature: &&Signature| signature.typ() == Some(SignatureType::SubkeyRevocation);
            let bindings = subkey.signatures.iter().filter(right).filter(|one| !is_revocation(one));
            let binding = bindings.max_by_key(|signature| created_at(signature))?;
            // A subkey that signs says itself to whom it belongs (RFC 9580 5.2.1.8).
            let back = binding.embedded_signature()?;
            let is_bound = back.verify_primary_key_binding(&subkey.key, primary).is_ok();
            (may_sign(binding) && is_bound).then(|| Part {
                created: seconds(subkey.key.created_at()),
                expires: ends(binding, seconds(subkey.key.created_at())),
                is_revoked: subkey.signatures.iter().filter(right).any(|one| is_revocation(&one)),
                is_weak: is_weak(subkey.key.public_params()),
                public: Public::Subkey(Box::new(subkey.key.clone())),
            })
        }));
        Ok(Self { parts, addresses, fingerprint, expires, is_revoked })
    }
}

fn unreadable(error: &pgp::errors::Error) -> String {
    format!("is no OpenPGP key ({error}); export it with gpg --export")
}

/// The address in a user ID: what stands in angle brackets, or all of it.
fn address(user: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(user).ok()?;
    let inner = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(text);
    inner.contains('@').then(|| comparable(inner))
}

fn seconds(moment: pgp::types::Timestamp) -> i64 {
    i64::from(moment.as_secs())
}

fn created_at(signature: &Signature) -> i64 {
    signature.created().map_or(0, seconds)
}

/// When the key ends that a signature speaks of; none if it does not.
fn ends(signature: &Signature, created: i64) -> Option<i64> {
    let length = signature.key_expiration_time().map(|length| i64::from(length.as_secs())).filter(|length| *length > 0);
    length.map(|length| created.saturating_add(length))
}

/// Do the key flags allow signing? Without flags they do (RFC 9580 5.2.3.29 leaves it open; old keys have none).
fn may_sign(signature: &Signature) -> bool {
    let is_flags = |data: &SubpacketData| matches!(data, SubpacketData::KeyFlags(_));
    let has_flags = signature.config().is_some_and(|config| config.hashed_subpackets().any(|one| is_flags(&one.data)));
    !has_flags || signature.key_flags().sign()
}

/// RSA below 2048 bits and DSA (RFC 9580 12.4, 12.5).
fn is_weak(parameters: &PublicParams) -> bool {
    match parameters {
        PublicParams::RSA(rsa) => {
            let mut octets = Vec::new();
            let is_written = rsa.to_writer(&mut octets).is_ok();
            // The first number is the modulus, its length in bits before it.
            let bits = octets.first_chunk::<2>().map_or(0, |bits| u16::from_be_bytes(*bits));
            !is_written || bits < RSA_BITS_MIN
        }
        PublicParams::DSA(_) => true,
        _ => false,
    }
}

const RSA_BITS_MIN: u16 = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_in_brackets() {
        assert_eq!(address(b"Anna Beispiel <Anna@Schule.example>"), Some("anna@schule.example".to_owned()));
        assert_eq!(address(b"anna@schule.example"), Some("anna@schule.example".to_owned()));
        assert_eq!(address(b"Anna"), None);
    }

    #[test]
    fn what_is_no_key_is_told() {
        assert!(Key::read_all(b"hello").unwrap_err().contains("gpg --export"));
        assert!(Key::read_all(b"").unwrap_err().contains("gpg --export"));
    }
}
