//! Whom the operator trusts to sign: certificate authorities and OpenPGP keys.
//!
//! Pure: the caller reads the files. Equal trust has an equal digest.

#[cfg(feature = "openpgp")]
use super::key::Key;
use crate::mail::hex::hex;
use aws_lc_rs::digest::{SHA256, digest};
use rustls_pki_types::{CertificateDer, TrustAnchor};
use std::collections::BTreeSet;

/// Authorities and keys.
#[derive(Clone, Default)]
pub struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    #[cfg(feature = "openpgp")]
    keys: Vec<Key>,
    /// Digest of each certificate and key.
    digests: BTreeSet<String>,
}

impl Trust {
    /// Adds a certificate authority in DER.
    ///
    /// # Errors
    /// Why it is none.
    pub fn add_authority(&mut self, der: &[u8]) -> Result<(), String> {
        let certificate = CertificateDer::from(der);
        let anchor = webpki::anchor_from_trusted_cert(&certificate)
            .map_err(|error| format!("holds a certificate that is no authority ({error})"))?;
        self.anchors.push(anchor.to_owned());
        self.digests.insert(hex(digest(&SHA256, der).as_ref()));
        Ok(())
    }

    /// Adds the public keys of a file, armoured or not.
    ///
    /// # Errors
    /// Why it gives none.
    #[cfg(feature = "openpgp")]
    pub fn add_keys(&mut self, octets: &[u8]) -> Result<(), String> {
        let keys = Key::read_all(octets)?;
        self.keys.extend(keys);
        self.digests.insert(hex(digest(&SHA256, octets).as_ref()));
        Ok(())
    }

    /// Adds the public keys of a file, armoured or not.
    ///
    /// # Errors
    /// Always: this program was built without OpenPGP.
    #[cfg(not(feature = "openpgp"))]
    pub fn add_keys(&mut self, _: &[u8]) -> Result<(), String> {
        Err("this program was built without OpenPGP; leave encryption.keys empty".to_owned())
    }

    #[must_use]
    pub fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    #[cfg(feature = "openpgp")]
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// SHA-256 in hex over everything trusted; empty if nothing is.
    #[must_use]
    pub fn digest(&self) -> String {
        if self.digests.is_empty() {
            return String::new();
        }
        let all: String = self.digests.iter().map(String::as_str).collect();
        hex(digest(&SHA256, all.as_bytes()).as_ref())
    }
}

impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        self.digests == other.digests
    }
}

impl Eq for Trust {}

impl std::fmt::Debug for Trust {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Trust").field(&self.digest()).finish()
    }
}
