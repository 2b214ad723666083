//! Private keys that a mailbox lends, so that what was encrypted to it can be looked at: kinds of keys, and reading them.
//!
//! Pure: the caller reads the files. A key without use for decrypting is refused when it is read, not when mail comes.

pub mod envelope;
mod exchange;
#[cfg_attr(not(feature = "openpgp"), path = "openpgp_left_out.rs")]
pub mod openpgp;
mod smime;
mod triple;

use crate::mail::hex::hex;
use aws_lc_rs::digest::{SHA256, digest};
use std::{fmt, sync::Arc};

/// The mark of what a lent key opened.
pub const OPENED: &str = "opened_with_lent_key";

/// The keys that may be tried on a mail; cheap to clone.
#[derive(Clone, Default)]
pub struct Lent(Vec<Arc<Key>>);

/// One private key.
pub struct Key {
    kind: Kind,
    /// SHA-256 of its public key, in hex.
    fingerprint: String,
}

enum Kind {
    Smime(smime::Key),
    Openpgp(Box<openpgp::Key>),
}

impl Key {
    /// Reads the private keys of a file: PEM (PKCS #8, with its certificates if they stand there), or OpenPGP.
    ///
    /// # Errors
    /// Why it gives none that decrypts, and what to do.
    pub fn read(octets: &[u8]) -> Result<Vec<Self>, String> {
        let has = |mark: &str| memchr::memmem::find(octets, mark.as_bytes()).is_some();
        let is_packets = octets.first().is_some_and(|first| matches!(first, 0x94..=0x97 | 0xc5));
        if has("-----BEGIN PGP") || is_packets {
            let keys = openpgp::Key::read(octets)?;
            let named = |(key, public): (openpgp::Key, Vec<u8>)| Self {
                kind: Kind::Openpgp(Box::new(key)),
                fingerprint: fingerprint(&public),
            };
            return Ok(keys.into_iter().map(named).collect());
        }
        if has("ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
            return Err("has a passphrase; write it without one: openssl pkcs8 -topk8 -nocrypt -in FILE".to_owned());
        }
        let (key, public) = smime::Key::read(octets)?;
        Ok(vec![Self { kind: Kind::Smime(key), fingerprint: fingerprint(&public) }])
    }

    /// SHA-256 of the public key, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl Lent {
    #[must_use]
    pub fn of(keys: Vec<Arc<Key>>) -> Self {
        Self(keys)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn smime(&self) -> impl Iterator<Item = &smime::Key> {
        self.0.iter().filter_map(|key| match &key.kind {
            Kind::Smime(key) => Some(key),
            Kind::Openpgp(_) => None,
        })
    }

    fn openpgp(&self) -> impl Iterator<Item = &openpgp::Key> {
        self.0.iter().filter_map(|key| match &key.kind {
            Kind::Openpgp(key) => Some(&**key),
            Kind::Smime(_) => None,
        })
    }
}

/// Names keys by their public half; the private one is never shown.
impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Key").field(&self.fingerprint).finish()
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(&self.0).finish()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Key {}

fn fingerprint(public: &[u8]) -> String {
    hex(digest(&SHA256, public).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_private_key_is_refused_with_a_way_out() {
        for (octets, part) in [
            (&b""[..], "holds no private key"),
            (b"\xc5\x00", "OpenPGP"),
            (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "-nocrypt"),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "RSA"),
            (b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "-topk8"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no private key"),
        ] {
            let told = Key::read(octets).map(drop).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
    }
}
