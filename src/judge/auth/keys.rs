//! Public keys in DNS, and what they verify (RFC 6376 3.6, RFC 8301, RFC 8463).
//!
//! Pure. The keys and signatures themselves are aws-lc's matter. mail-auth has both, too, but gives them to its own
//! verifier alone: `DomainKey` shows neither its key nor its size nor what `h=` and `s=` allow, and it takes a faulty
//! tag for none.

use super::tags::{self, Tags};
use crate::{
    judge::facts::{Answer, Text},
    limits,
};
use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY},
};

/// Octets of a signature by the shortest RSA key that may be believed, of 1024 bits (RFC 8301 3.2, RFC 8017 8.2.1).
const RSA_SIGNATURE_BYTES_MIN: usize = 128;
/// Octets of an Ed25519 key, which stands bare in the record (RFC 8463 4).
const ED25519_BYTES: usize = 32;

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

    /// Reads `b=`.
    ///
    /// # Errors
    /// Why it cannot be a signature of this algorithm.
    pub fn signature(self, text: &str) -> Result<Vec<u8>, &'static str> {
        let signature = tags::base64(text).ok_or("b= is not base64")?;
        match self {
            // As long as the modulus; that the key is of 1024 bits and more is what aws-lc sees to.
            Self::RsaSha256 if signature.len() < RSA_SIGNATURE_BYTES_MIN => Err("an RSA key of less than 1024 bits"),
            Self::RsaSha256 | Self::Ed25519Sha256 => Ok(signature),
        }
    }
}

/// A key record that can be used.
#[derive(Clone, Debug)]
pub struct Key {
    algorithm: Algorithm,
    public: ParsedPublicKey,
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
        let (algorithm, parsed) = match tags.get("k").unwrap_or("rsa").to_ascii_lowercase().as_str() {
            // As SubjectPublicKeyInfo or as RSAPublicKey (RFC 6376 3.6.1 and its errata).
            "rsa" => {
                (Algorithm::RsaSha256, ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, octets))
            }
            "ed25519" if octets.len() == ED25519_BYTES => {
                (Algorithm::Ed25519Sha256, ParsedPublicKey::new(&ED25519, octets))
            }
            "ed25519" => return Err("an ed25519 key of another length than 32 octets"),
            _ => return Err("the key is of an unknown type"),
        };
        let public = parsed.map_err(|_| "the key cannot be decoded")?;
        let flags = || tags.get("t").into_iter().flat_map(tags::list);
        let (is_strict, is_testing) = (flags().any(|flag| flag == "s"), flags().any(|flag| flag == "y"));
        Ok(Self { algorithm, public, is_strict, is_testing })
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
            Algorithm::RsaSha256 => self.public.verify_sig(data, signature).is_ok(),
            // RFC 8463 3: what is signed is the hash.
            Algorithm::Ed25519Sha256 => {
                let hash = digest(&SHA256, data);
                self.public.verify_sig(hash.as_ref(), signature).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key and its signature of `signed octets`, both as long in octets as those of 1024 bits.
    fn is_believed(key: &str, signature: &str) -> bool {
        let key = Key::parse(format!("v=DKIM1; p={key}").as_bytes()).unwrap();
        let signature = Algorithm::RsaSha256.signature(signature).unwrap();
        key.verifies(Algorithm::RsaSha256, b"signed octets", &signature)
    }

    #[test]
    fn short_rsa_keys_are_not_believed() {
        assert!(is_believed(
            "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDC5irnYo+zISGSBir/0Vzf8TL0qsbN1rw+o0NNGlEzcTcSTuM8G7Jb \
             zsVmnB+/FCUx5/TJDIYp9OuOBsMXc3HXZvTUpm9U25pUp9oHpibLwsH8l24MoJjqIA0lUW2uINUpNfCAuyvOSaYNb/QE \
             Ndli8lok/j2/uaFdj6C7SkkegwIDAQAB",
            "PH+dtMAaXjT39s9EePho/gPu4X4jGRVWzh7uSDE7RdI/hKnNYGgKXovJJwcq84LosoVyJucbXIbL05IsrcXFEuuSEW3Z \
             TsfjaxzDZsLb1MflC1wgX2q/YsCCbR3rY4YfA7/xF8MAtI41qZ/4VcRzEUmBsTK4ptTNtI0IFDZlTl0=",
        ));
        // 1020 bits.
        assert!(!is_believed(
            "MIGeMA0GCSqGSIb3DQEBAQUAA4GMADCBiAKBgAtFscgrqvj4sy6H1OEp7qP8zlXBxQBdlzuXRxy64aAUGFZ3UI/qXFRw \
             dDnIw/utzYKKRYCG95x54jaetBUhbTWR4f/IHFXfg2kNq4k73O4M8WE0m6YrxmsOuSBPpnYz8aocpb+JxbsLperIFp1h \
             1980e44N0E/tWgI5zPoN7UfVAgMBAAE=",
            "CRMnCRe2hxBleOmAIdRf0P6B6srXyrlqHBGzjcNrAbNiPaTHakR0BKYrgiTXT/u3mowcC7EP87lR+Ep6RAuhEzvvYQXV \
             aymoskwGCj9knFCrSz5Tk5AKyU9k1ndrDrmK3WJrRWkUHH3oz79sdRvdVK/V5y83kL1QCqYFLpwLGBE=",
        ));
        assert!(Algorithm::RsaSha256.signature(&"AAAA".repeat(42)).is_err(), "126 octets");
    }
}
