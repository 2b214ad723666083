//! Encrypted OpenPGP messages opened with a lent key (RFC 9580 5.1, 5.13): integrity is checked before anything is given.
//!
//! Pure. Packets without protection of their integrity (tag 9) stay closed: anybody can alter them unseen.

use super::Lent;
use crate::mail::{
    openpgp::armor::{self, Label},
    unpack::budget::{Budget, Cost, MALFORMED, Output},
};
use pgp::{
    composed::{DecryptionOptions, Deserializable, Esk, Message, PlainSessionKey, SignedSecretKey},
    packet::{PublicKeyEncryptedSessionKey, SecretKey, SecretSubkey},
    types::{DecryptionKey, EskType, KeyDetails, Password, PkeskVersion, PublicParams},
};

/// The parts of a key that decrypt.
pub struct Key {
    primary: Option<SecretKey>,
    subkeys: Vec<SecretSubkey>,
}

impl Key {
    /// Reads every private key of a file, armoured or not, each with the fingerprint of its primary key.
    ///
    /// # Errors
    /// Why one of them does not decrypt.
    pub fn read(octets: &[u8]) -> Result<Vec<(Self, Vec<u8>)>, String> {
        let blocks: Vec<Vec<u8>> =
            armor::blocks(octets).filter(|block| block.label == Label::Key).map(|block| block.octets()).collect();
        let blocks = if blocks.is_empty() { vec![octets.to_vec()] } else { blocks };
        let unreadable = || "holds no OpenPGP private key; say gpg --armor --export-secret-keys ADDRESS".to_owned();
        let mut keys = Vec::new();
        for block in &blocks {
            for key in SignedSecretKey::from_bytes_many(block.as_slice()).map_err(|_| unreadable())? {
                keys.push(Self::of(key.map_err(|_| unreadable())?)?);
            }
        }
        if keys.is_empty() { Err(unreadable()) } else { Ok(keys) }
    }

    fn of(key: SignedSecretKey) -> Result<(Self, Vec<u8>), String> {
        let name = key.primary_key.fingerprint().as_bytes().to_vec();
        let is_locked = key.primary_key.secret_params().is_encrypted()
            || key.secret_subkeys.iter().any(|subkey| subkey.key.secret_params().is_encrypted());
        let subkeys: Vec<SecretSubkey> = key
            .secret_subkeys
            .into_iter()
            .map(|subkey| subkey.key)
            .filter(|key| !key.secret_params().is_encrypted() && decrypts(key.public_params()))
            .collect();
        let primary =
            Some(key.primary_key).filter(|key| !key.secret_params().is_encrypted() && decrypts(key.public_params()));
        match (primary.is_none() && subkeys.is_empty(), is_locked) {
            (true, true) => Err("has a passphrase; take it away with gpg --edit-key ADDRESS passwd".to_owned()),
            (true, false) => {
                Err("holds no key that decrypts; export the one with the subkey for encryption".to_owned())
            }
            (false, _) => Ok((Self { primary, subkeys }, name)),
        }
    }

    /// The parts that a session key may be for.
    fn parts<'a>(&'a self, session: &'a PublicKeyEncryptedSessionKey) -> impl Iterator<Item = &'a dyn DecryptionKey> {
        let primary = self.primary.iter().filter(|key| session.match_identity(key.public_key()));
        let subkeys = self.subkeys.iter().filter(|key| session.match_identity(key.public_key()));
        primary.map(|key| -> &dyn DecryptionKey { key }).chain(subkeys.map(|key| -> &dyn DecryptionKey { key }))
    }
}

fn decrypts(parameters: &PublicParams) -> bool {
    matches!(parameters, PublicParams::RSA(_) | PublicParams::ECDH(_) | PublicParams::X25519(_) | PublicParams::X448(_))
}

/// The packets in an encrypted message; none where no key opens it, or where it was altered.
#[must_use]
pub fn open(octets: &[u8], lent: &Lent, budget: &mut Budget) -> Option<Output> {
    lent.openpgp().next()?;
    let Ok(Message::Encrypted { esk, .. }) = Message::from_bytes(octets) else { return None };
    for session in &esk {
        let Esk::PublicKeyEncryptedSessionKey(session) = session else { continue };
        for part in lent.openpgp().flat_map(|key| key.parts(session)) {
            if !budget.try_lent_key() {
                return None;
            }
            // What a session key opens is known only then: another may stand behind one that is a decoy.
            if let Some(plain) = session_key(session, part)
                && let Some(output) = read(octets, &plain, budget)
            {
                return Some(output);
            }
        }
    }
    None
}

fn session_key(session: &PublicKeyEncryptedSessionKey, part: &dyn DecryptionKey) -> Option<PlainSessionKey> {
    let kind = match session.version() {
        PkeskVersion::V3 => EskType::V3_4,
        PkeskVersion::V6 => EskType::V6,
        PkeskVersion::Other(_) => return None,
    };
    part.decrypt(&Password::empty(), session.values().ok()?, kind).ok()?.ok()
}

fn read(octets: &[u8], key: &PlainSessionKey, budget: &mut Budget) -> Option<Output> {
    let Ok(Message::Encrypted { mut edata, .. }) = Message::from_bytes(octets) else { return None };
    edata.decrypt_with_options(key, DecryptionOptions::new().enable_gnupg_aead()).ok()?;
    let output = budget.read(&mut edata, octets.len(), Cost::Copy);
    (output.cut != Some(MALFORMED)).then_some(output)
}
