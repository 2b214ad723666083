//! Public keys in DNS, and what they verify (RFC 6376 3.6, RFC 8301, RFC 8463).
//!
//! Pure.

use super::tags::{self, Tags};
use crate::{
    judge::facts::{Answer, Text},
    limits,
};
use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey},
};

/// Bits of the shortest RSA key that may be believed (RFC 8301 3.2).
const RSA_BITS_MIN: usize = 1024;

/// Signature algorithms that may be believed; rsa-sha1 is not among them (RFC 8301 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    RsaSha256,
    Ed25519Sha256,
}

impl Algorithm {
    /// Reads `a=`.
    ///
    /// # Errors
    /// Why signatures of this algorithm are not looked at.
    pub fn parse(word: &str) -> Result<Self, &'static str> {
        match word.to_ascii_lowercase().as_str() {
            "rsa-sha256" => Ok(Self::RsaSha256),
            "ed25519-sha256" => Ok(Self::Ed25519Sha256),
            "rsa-sha1" => Err("rsa-sha1 is not believed (RFC 8301)"),
            _ => Err("unknown algorithm"),
        }
    }
}

/// A key record that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    algorithm: Algorithm,
    octets: Vec<u8>,
    /// `t=s`: `i=` has to name the very domain of `d=`.
    pub is_strict: bool,
    /// `t=y`: the domain is trying DKIM; a failure says nothing.
    pub is_testing: bool,
}

/// What a key lookup gave.
pub enum Found {
    /// Usable keys, at least one.
    Keys(Vec<Key>),
    /// None came; it may come later.
    Later(String),
    /// There is none.
    Never(String),
}

/// Reads the answer to a key question. Several records are undefined (RFC 6376 3.6.2.2): each usable one is tried.
#[must_use]
pub fn find(answer: &Answer<Text>) -> Found {
    if let Some(failure) = answer.failure() {
        return Found::Later(format!("key lookup: {}", failure.word()));
    }
    let mut keys = Vec::new();
    let mut reason = "no key for this signature";
    for record in answer.records().iter().take(limits::KEYS_MAX) {
        match Key::parse(record) {
            Ok(key) => keys.push(key),
            Err(wrong) => reason = wrong,
        }
    }
    if keys.is_empty() { Found::Never(reason.to_owned()) } else { Found::Keys(keys) }
}

impl Key {
    /// Reads one record.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn parse(record: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(record).map_err(|_| "the key record is not text")?;
        let tags = Tags::strict(text).map_err(|_| "the key record is malformed")?;
        if tags.get("v").is_some_and(|version| version != "DKIM1" || tags.first() != Some(("v", "DKIM1"))) {
            return Err("the key record is of another version");
        }
        if tags.get("h").is_some_and(|hashes| !tags::list(hashes).any(|hash| hash.eq_ignore_ascii_case("sha256"))) {
            return Err("the key does not allow sha256");
        }
        if tags.get("s").is_some_and(|services| {
            !tags::list(services).any(|service| service == "*" || service.eq_ignore_ascii_case("email"))
        }) {
            return Err("the key is not for mail");
        }
        let octets = tags.get("p").ok_or("the key record has no key")?;
        if octets.is_empty() {
            return Err("the key is revoked");
        }
        let octets = tags::base64(octets).ok_or("the key is not base64")?;
        let algorithm = match tags.get("k").unwrap_or("rsa").to_ascii_lowercase().as_str() {
            "rsa" => Algorithm::RsaSha256,
            "ed25519" if octets.len() == 32 => Algorithm::Ed25519Sha256,
            "ed25519" => return Err("an ed25519 key of another length than 32 octets"),
            _ => return Err("the key is of an unknown type"),
        };
        let octets = if algorithm == Algorithm::RsaSha256 {
            let (octets, bits) = rsa_key(&octets).ok_or("the key cannot be decoded")?;
            if bits < RSA_BITS_MIN {
                return Err("an RSA key of less than 1024 bits");
            }
            octets.to_vec()
        } else {
            octets
        };
        let flags = || tags.get("t").into_iter().flat_map(tags::list);
        let (is_strict, is_testing) = (flags().any(|flag| flag == "s"), flags().any(|flag| flag == "y"));
        Ok(Self { algorithm, octets, is_strict, is_testing })
    }

    /// Is the key of the type that the algorithm needs?
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithm == algorithm
    }

    /// Does `signature` sign `data`?
    #[must_use]
    pub fn verifies(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> bool {
        if !self.fits(algorithm) {
            return false;
        }
        match algorithm {
            Algorithm::RsaSha256 => {
                UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &self.octets)
                    .verify(data, signature)
                    .is_ok()
            }
            // RFC 8463 3: what is signed is the hash.
            Algorithm::Ed25519Sha256 => {
                let hash = digest(&SHA256, data);
                UnparsedPublicKey::new(&ED25519, &self.octets).verify(hash.as_ref(), signature).is_ok()
            }
        }
    }
}

/// The RSAPublicKey inside a SubjectPublicKeyInfo (RFC 5280 4.1) or as it stands (RFC 8017 A.1.1), and its bits.
fn rsa_key(der: &[u8]) -> Option<(&[u8], usize)> {
    let (_, sequence, _) = element(der).filter(|(tag, ..)| *tag == 0x30)?;
    let (tag, first, rest) = element(sequence)?;
    let key = match tag {
        0x02 => der,
        0x30 => {
            let (_, bits, _) = element(rest).filter(|(tag, ..)| *tag == 0x03)?;
            return rsa_key_bits(bits.strip_prefix(&[0])?);
        }
        _ => return None,
    };
    let _ = first;
    rsa_key_bits(key)
}

fn rsa_key_bits(key: &[u8]) -> Option<(&[u8], usize)> {
    let (_, sequence, _) = element(key).filter(|(tag, ..)| *tag == 0x30)?;
    let (_, modulus, _) = element(sequence).filter(|(tag, ..)| *tag == 0x02)?;
    let start = modulus.iter().position(|byte| *byte != 0)?;
    let modulus = modulus.get(start..)?;
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    Some((key, bits))
}

/// One DER element: tag, content, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x83 => {
            let (octets, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
