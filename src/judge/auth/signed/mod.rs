//! Signatures of authors: S/MIME against configured authorities, OpenPGP against configured keys.
//!
//! Pure: time is when the mail arrived, authorities and keys come in with the settings. Only a signature over the whole
//! body speaks for a mail, and only one by the address that every reader shows as its author.

pub mod certificate;
#[cfg(feature = "openpgp")]
pub mod key;
#[cfg(feature = "openpgp")]
pub mod openpgp;
pub mod smime;
pub mod trust;

use self::trust::Trust;
use crate::mail::{
    Mail,
    address::Address,
    author::Author,
    protection::{Family, Form, Signed},
};
use std::borrow::Cow;

/// What became of a signature over the whole mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// There is no signature over the whole body.
    #[default]
    None,
    /// The octets are signed by the author's address, with a certificate or key that is trusted.
    Valid,
    /// The octets are not what was signed, or it was signed in a way that proves nothing (SHA-1, MD5, short keys).
    Invalid,
    /// Rightly signed, but no configured authority stands behind the certificate, it is not for signing mail, or the
    /// key was revoked.
    Untrusted,
    /// Rightly signed, but certificate, key or signature was not valid any more, or not yet, when the mail arrived.
    Expired,
    /// Rightly signed by somebody trusted who is not the author that From shows.
    WrongAddress,
    /// The certificate is not in the mail, the key not in the folder: nothing could be verified.
    UnknownKey,
    /// The structure or algorithm is not read here: nothing could be verified.
    Unsupported,
}

impl Standing {
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Valid,
        Self::Invalid,
        Self::Untrusted,
        Self::Expired,
        Self::WrongAddress,
        Self::UnknownKey,
        Self::Unsupported,
    ];

    /// The word used in rules and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Untrusted => "untrusted",
            Self::Expired => "expired",
            Self::WrongAddress => "wrong_address",
            Self::UnknownKey => "unknown_key",
            Self::Unsupported => "unsupported",
        }
    }

    /// The word of RFC 7281 4 and RFC 8601 2.7.
    #[must_use]
    pub fn result(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Valid => "pass",
            Self::Invalid => "fail",
            Self::Untrusted | Self::Expired | Self::WrongAddress => "policy",
            Self::UnknownKey | Self::Unsupported => "neutral",
        }
    }

    /// Of several signatures the one that says most counts: whoever adds one takes nothing from the others.
    fn rank(self) -> usize {
        let order = [
            Self::Valid,
            Self::WrongAddress,
            Self::Expired,
            Self::Untrusted,
            Self::Invalid,
            Self::Unsupported,
            Self::UnknownKey,
            Self::None,
        ];
        order.iter().position(|standing| *standing == self).unwrap_or(order.len())
    }
}

/// One signature over the whole mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    pub result: Standing,
    /// Addresses that certificate or key speak for; empty while it is not known whose they are.
    pub addresses: Vec<String>,
    /// Issuer of the certificate, readable.
    pub issuer: String,
    /// Serial number of the certificate, or fingerprint of the key, in hex.
    pub serial: String,
    pub reason: String,
}

impl Signature {
    fn new(result: Standing, reason: impl Into<String>) -> Self {
        Self { result, reason: reason.into(), ..Self::default() }
    }

    /// The same with another result.
    fn but(self, result: Standing, reason: impl Into<String>) -> Self {
        Self { result, reason: reason.into(), ..self }
    }

    /// The one of several that counts.
    fn best(signatures: impl IntoIterator<Item = Self>) -> Option<Self> {
        signatures.into_iter().min_by_key(|signature| signature.result.rank())
    }
}

/// What the signatures of a mail came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatures {
    pub smime: Signature,
    pub openpgp: Signature,
}

impl Signatures {
    /// The signature that is there.
    #[must_use]
    pub fn any(&self) -> Option<&Signature> {
        [&self.smime, &self.openpgp].into_iter().find(|signature| signature.result != Standing::None)
    }

    /// The addresses that signed the mail validly, in lower case.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        let valid = [&self.smime, &self.openpgp].into_iter().filter(|signature| signature.result == Standing::Valid);
        valid.flat_map(|signature| &signature.addresses).map(String::as_str)
    }
}

/// Verifies the signature over the whole mail, if there is one.
#[must_use]
pub fn verify(mail: &Mail, authors: &[Author], trust: &Trust) -> Signatures {
    let mut signatures = Signatures::default();
    let Some(signed) = &mail.message.protection.signed else { return signatures };
    let scene = Scene { authors, at: mail.received_at.seconds(), trust };
    let content = match &signed.form {
        Form::Detached(range) => mail.message.raw.get(range.clone()).map(canonical),
        Form::Opaque | Form::Inline => None,
        Form::Broken => {
            let broken = Signature::new(Standing::Invalid, "not all that clients show is signed");
            match signed.family {
                Family::Smime => signatures.smime = broken,
                Family::Openpgp => signatures.openpgp = broken,
            }
            return signatures;
        }
    };
    match signed.family {
        Family::Smime => signatures.smime = smime::verify(&signed.octets, content.as_deref(), &scene),
        Family::Openpgp => signatures.openpgp = by_key(signed, content.as_deref(), &scene),
    }
    signatures
}

/// What a signature is held against.
pub struct Scene<'a> {
    pub authors: &'a [Author],
    /// Seconds since the epoch.
    pub at: i64,
    pub trust: &'a Trust,
}

impl Scene<'_> {
    /// Is every author that some reader shows among these addresses, and is there one?
    fn is_by(&self, addresses: &[String]) -> bool {
        let is_among = |author: &Author| addresses.contains(&comparable(&author.address));
        !self.authors.is_empty() && self.authors.iter().all(is_among)
    }

    /// A signature that is right in itself, held against From (RFC 8550 3).
    fn attributed(&self, signature: Signature) -> Signature {
        if self.is_by(&signature.addresses) {
            return signature.but(Standing::Valid, "");
        }
        let whose = signature.addresses.first().cloned().unwrap_or_else(|| "no address".to_owned());
        signature.but(Standing::WrongAddress, format!("signed by {whose}"))
    }
}

#[cfg(feature = "openpgp")]
fn by_key(signed: &Signed, content: Option<&[u8]>, scene: &Scene<'_>) -> Signature {
    openpgp::verify(&signed.octets, content, scene)
}

#[cfg(not(feature = "openpgp"))]
fn by_key(_: &Signed, _: Option<&[u8]>, _: &Scene<'_>) -> Signature {
    Signature::new(Standing::Unsupported, "built without OpenPGP")
}

/// An address as it is compared: lower case, its domain in A-labels. Local parts are too: nobody tells them apart by case.
#[must_use]
pub fn comparable(address: &str) -> String {
    let address = Address::new(address);
    let local = address.local_part().to_ascii_lowercase();
    match (address.domain(), address.domain_text()) {
        (Some(domain), _) => format!("{local}@{domain}", domain = domain.as_str()),
        (None, Some(text)) => format!("{local}@{text}"),
        (None, None) => local,
    }
}

/// Lines ended by CRLF (RFC 8551 3.1.1, RFC 3156 5), however they came.
fn canonical(octets: &[u8]) -> Cow<'_, [u8]> {
    let bare = |at: &usize| at.checked_sub(1).and_then(|before| octets.get(before)) != Some(&b'\r');
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', octets).filter(bare).collect();
    if ends.is_empty() {
        return Cow::Borrowed(octets);
    }
    let mut out = Vec::with_capacity(octets.len() + ends.len());
    let mut from = 0;
    for end in ends {
        out.extend_from_slice(octets.get(from..end).unwrap_or_default());
        out.push(b'\r');
        from = end;
    }
    out.extend_from_slice(octets.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_crlf() {
        assert_eq!(canonical(b"a\nb\r\nc\n").as_ref(), b"a\r\nb\r\nc\r\n");
        assert!(matches!(canonical(b"a\r\n"), Cow::Borrowed(_)));
        assert_eq!(canonical(b"\n").as_ref(), b"\r\n");
    }

    #[test]
    fn every_author_that_is_shown_must_have_signed() {
        let author = |address: &str| Author { address: address.to_owned(), ..Author::default() };
        let trust = Trust::default();
        let is_by =
            |authors: &[Author]| Scene { authors, at: 0, trust: &trust }.is_by(&["anna@schule.example".to_owned()]);
        assert!(is_by(&[author("Anna@Schule.example")]));
        assert!(!is_by(&[author("anna@schule.example"), author("boss@schule.example")]));
        assert!(!is_by(&[]));
    }
}
