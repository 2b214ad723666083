//! OpenPGP signatures (RFC 3156 5, RFC 9580 5.2) against the operator's keys.
//!
//! Pure. MD5, SHA-1, RIPEMD-160 and 224 bits prove nothing, nor do RSA below 2048 bits and DSA.

use super::{
    Scene, Signature, Standing,
    key::{Key, Part, Public},
};
use crate::{limits, mail::openpgp::cleartext};
use pgp::{
    composed::{Deserializable, DetachedSignature},
    crypto::hash::HashAlgorithm,
    packet::{self, SignatureType},
};

/// Verifies a detached signature over `detached`, or where there is none, a text signed in the clear.
#[must_use]
pub fn verify(octets: &[u8], detached: Option<&[u8]>, scene: &Scene<'_>) -> Signature {
    let Some(content) = detached else {
        let Some(text) = cleartext::read(octets) else {
            return Signature::new(Standing::Invalid, "not all that clients show is signed");
        };
        return all(&text.signature, &text.signed, scene);
    };
    all(octets, content, scene)
}

/// Every signature of a block.
fn all(block: &[u8], content: &[u8], scene: &Scene<'_>) -> Signature {
    let unsupported = || Signature::new(Standing::Unsupported, "the signature cannot be read");
    let Ok(found) = DetachedSignature::from_bytes_many(block) else { return unsupported() };
    let read = found.take(limits::SIGNERS_MAX).filter_map(Result::ok);
    Signature::best(read.map(|one_of| one(&one_of.signature, content, scene))).unwrap_or_else(unsupported)
}

fn one(signature: &packet::Signature, content: &[u8], scene: &Scene<'_>) -> Signature {
    if !signature.hash_alg().is_some_and(is_strong) {
        return Signature::new(Standing::Invalid, "a weak algorithm");
    }
    if !matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text)) {
        return Signature::new(Standing::Invalid, "a signature that is none over a document");
    }
    let (fingerprints, ids) = (signature.issuer_fingerprint(), signature.issuer_key_id());
    let keys = scene.trust.keys().iter();
    let mut known = keys.flat_map(|key| key.parts.iter().map(move |part| (key, part)));
    let Some((key, part)) = known.find(|(_, part)| part.is(&fingerprints, &ids)) else {
        return Signature::new(Standing::UnknownKey, "the key is not in the folder of keys");
    };
    let named = Signature { serial: key.fingerprint.clone(), ..Signature::default() };
    if part.is_weak {
        return named.but(Standing::Invalid, "a weak key");
    }
    let verified = match &part.public {
        Public::Primary(public) => signature.verify(public.as_ref(), content),
        Public::Subkey(public) => signature.verify(public.as_ref(), content),
    };
    if verified.is_err() {
        return named.but(Standing::Invalid, "the content is not what was signed");
    }
    let named = Signature { addresses: key.addresses.clone(), ..named };
    match standing(signature, key, part, scene.at) {
        Ok(()) => scene.attributed(named),
        Err((result, reason)) => named.but(result, reason),
    }
}

/// Did key and signature hold when the mail arrived?
fn standing(signature: &packet::Signature, key: &Key, part: &Part, at: i64) -> Result<(), (Standing, &'static str)> {
    if key.is_revoked || part.is_revoked {
        return Err((Standing::Untrusted, "the key was revoked"));
    }
    let Some(made) = signature.created().map(|made| i64::from(made.as_secs())) else {
        return Err((Standing::Invalid, "the signature does not say when it was made"));
    };
    let is_over = |end: Option<i64>| end.is_some_and(|end| at >= end);
    let length = signature.signature_expiration_time().map(|length| i64::from(length.as_secs()));
    let end = length.filter(|length| *length > 0).map(|length| made.saturating_add(length));
    if is_over(key.expires) || is_over(part.expires) {
        return Err((Standing::Expired, "the key was not valid any more when the mail arrived"));
    }
    if is_over(end) {
        return Err((Standing::Expired, "the signature was not valid any more when the mail arrived"));
    }
    if made < part.created || made > at.saturating_add(limits::SIGNER_CLOCK_SECONDS) {
        return Err((Standing::Expired, "the signature was made at an impossible time"));
    }
    Ok(())
}

fn is_strong(algorithm: HashAlgorithm) -> bool {
    matches!(
        algorithm,
        HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    )
}
