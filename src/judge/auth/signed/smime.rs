//! S/MIME (RFC 8551): digest, attributes, signature, path of certificates, address.
//!
//! Pure. Signatures and paths are verified by webpki over aws-lc; SHA-1, MD5 and RSA below 2048 bits prove nothing.

use super::{Scene, Signature, Standing, certificate::Certificate};
use crate::mail::cms::{
    self, oids,
    signed::{self, SignedData, Signer},
};
use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use std::time::Duration;
use webpki::{
    EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext,
    aws_lc_rs as algorithms,
};

/// Verifies a CMS file: its own content, or `detached`, the signed octets in canonical form.
#[must_use]
pub fn verify(octets: &[u8], detached: Option<&[u8]>, scene: &Scene<'_>) -> Signature {
    let unsupported = |reason: &str| Signature::new(Standing::Unsupported, reason);
    let Some(info) = cms::read(octets) else { return unsupported("the signature is no CMS file") };
    let Some(data) = signed::read(&info) else { return unsupported("the signature cannot be read") };
    if data.is_cut {
        return unsupported("the signature is cut off, or too much of it");
    }
    let content = match (detached, &data.content) {
        (Some(content), None) => content,
        (None, Some(content)) => content,
        (Some(_), Some(_)) => return Signature::new(Standing::Invalid, "two contents"),
        (None, None) => return Signature::new(Standing::Invalid, "nothing is signed"),
    };
    let signatures = data.signers.iter().map(|signer| one(signer, &data, content, scene));
    Signature::best(signatures).unwrap_or_else(|| Signature::new(Standing::Invalid, "nobody signed"))
}

/// One signer.
fn one(signer: &Signer<'_>, data: &SignedData<'_>, content: &[u8], scene: &Scene<'_>) -> Signature {
    if WEAK.contains(&signer.digest) || WEAK.contains(&signer.algorithm) {
        return Signature::new(Standing::Invalid, "a weak algorithm");
    }
    let certificates: Vec<Certificate<'_>> =
        data.certificates.iter().filter_map(|der| Certificate::read(der)).collect();
    let Some(certificate) = certificates.iter().find(|certificate| certificate.is(&signer.id)) else {
        return Signature::new(Standing::UnknownKey, "the certificate is not in the mail");
    };
    let named = Signature { issuer: certificate.issuer(), serial: certificate.serial(), ..Signature::default() };
    let covered = match signed_octets(signer, data, content) {
        Ok(octets) => octets,
        Err((result, reason)) => return named.but(result, reason),
    };
    let der = CertificateDer::from(certificate.der);
    let Ok(end) = EndEntityCert::try_from(&der) else {
        return named.but(Standing::Unsupported, "the certificate cannot be read");
    };
    let candidates = algorithms_of(signer);
    if candidates.is_empty() {
        return named.but(Standing::Unsupported, "an algorithm that is not known");
    }
    let is_right = |algorithm: &&dyn SignatureVerificationAlgorithm| {
        end.verify_signature(*algorithm, covered, &signer.signature).is_ok()
    };
    if !candidates.iter().any(is_right) {
        return named.but(Standing::Invalid, "the signature is not right");
    }
    let named = Signature { addresses: certificate.addresses(), ..named };
    if let Err((result, reason)) = path(&end, certificate, &certificates, scene) {
        return named.but(result, reason);
    }
    scene.attributed(named)
}

/// The octets that the signature is over, once digest and attributes are found right (RFC 5652 5.4, 5.6).
fn signed_octets<'a>(
    signer: &'a Signer<'_>,
    data: &SignedData<'_>,
    content: &'a [u8],
) -> Result<&'a [u8], (Standing, &'static str)> {
    let algorithm = digest_of(signer.digest).ok_or((Standing::Unsupported, "a digest that is not known"))?;
    let Some(attributes) = &signer.signed_octets else {
        // Signed attributes of another mail, shown as content, would verify.
        let is_plain = data.content_type == oids::DATA && content.first() != Some(&crate::mail::asn1::SET);
        return if is_plain { Ok(content) } else { Err((Standing::Invalid, "no signed attributes")) };
    };
    let only = |kind: &[u8]| {
        let mut found = signer.attributes.iter().filter(|(oid, _)| *oid == kind);
        match (found.next(), found.next()) {
            (Some((_, values)), None) => match values.as_slice() {
                [value] => Some(value.content),
                _ => None,
            },
            _ => None,
        }
    };
    if only(oids::CONTENT_TYPE) != Some(data.content_type) {
        return Err((Standing::Invalid, "the content type is not what was signed"));
    }
    if only(oids::MESSAGE_DIGEST) != Some(digest(algorithm, content).as_ref()) {
        return Err((Standing::Invalid, "the content is not what was signed"));
    }
    Ok(attributes)
}

fn digest_of(oid: &[u8]) -> Option<&'static Algorithm> {
    [(oids::SHA256, &SHA256), (oids::SHA384, &SHA384), (oids::SHA512, &SHA512)]
        .into_iter()
        .find(|(known, _)| *known == oid)
        .map(|(_, algorithm)| algorithm)
}

/// What may verify the signature: the algorithm that it names, with every curve that its certificate may have.
fn algorithms_of(signer: &Signer<'_>) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    let rsa = |digest: &[u8]| -> Vec<&'static dyn SignatureVerificationAlgorithm> {
        match digest {
            oids::SHA256 => {
                vec![algorithms::RSA_PKCS1_2048_8192_SHA256, algorithms::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS]
            }
            oids::SHA384 => {
                vec![algorithms::RSA_PKCS1_2048_8192_SHA384, algorithms::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS]
            }
            oids::SHA512 => {
                vec![algorithms::RSA_PKCS1_2048_8192_SHA512, algorithms::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS]
            }
            _ => Vec::new(),
        }
    };
    match signer.algorithm {
        oids::RSA => rsa(signer.digest),
        oids::RSA_SHA256 => rsa(oids::SHA256),
        oids::RSA_SHA384 => rsa(oids::SHA384),
        oids::RSA_SHA512 => rsa(oids::SHA512),
        oids::RSA_PSS => probabilistic(signer),
        oids::ECDSA_SHA256 => {
            vec![algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256, algorithms::ECDSA_P521_SHA256]
        }
        oids::ECDSA_SHA384 => {
            vec![algorithms::ECDSA_P256_SHA384, algorithms::ECDSA_P384_SHA384, algorithms::ECDSA_P521_SHA384]
        }
        oids::ECDSA_SHA512 => {
            vec![algorithms::ECDSA_P256_SHA512, algorithms::ECDSA_P384_SHA512, algorithms::ECDSA_P521_SHA512]
        }
        oids::ED25519 => vec![algorithms::ED25519],
        _ => Vec::new(),
    }
}

/// RSASSA-PSS (RFC 4056): digest `[0]`, and a salt `[2]` as long as the digest, which RFC 4056 3 recommends.
fn probabilistic(signer: &Signer<'_>) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    let Some(parameters) = signer.parameters else { return Vec::new() };
    let field = |tag: u8| parameters.items().find(|item| item.tag == tag).and_then(|item| item.items().next());
    let hash = field(0xa0).and_then(|hash| hash.items().next()).map(|oid| oid.content).unwrap_or_default();
    let salt = field(0xa2).map(|salt| salt.content).unwrap_or_default();
    match (hash, salt) {
        (oids::SHA256, [32]) => vec![algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        (oids::SHA384, [48]) => vec![algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        (oids::SHA512, [64]) => vec![algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        _ => Vec::new(),
    }
}

/// Does a configured authority stand behind the certificate, for signing mail, when the mail arrived?
fn path(
    end: &EndEntityCert<'_>,
    certificate: &Certificate<'_>,
    brought: &[Certificate<'_>],
    scene: &Scene<'_>,
) -> Result<(), (Standing, String)> {
    let others: Vec<CertificateDer<'_>> = brought
        .iter()
        .filter(|other| other.der != certificate.der)
        .map(|other| CertificateDer::from(other.der))
        .collect();
    let verify = |at: UnixTime| {
        let known = webpki::ALL_VERIFICATION_ALGS;
        end.verify_for_usage(known, scene.trust.anchors(), &others, at, EmailProtection, None, None).map(|_| ())
    };
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(scene.at).unwrap_or(0)));
    let untrusted = |error: &Error| (Standing::Untrusted, format!("no path to an authority: {error}"));
    match verify(at) {
        Ok(()) => {}
        // Somebody else's certificate that is too old as well stays somebody else's.
        Err(Error::CertExpired { not_after: edge, .. } | Error::CertNotValidYet { not_before: edge, .. }) => {
            match verify(edge) {
                Ok(()) | Err(Error::CertExpired { .. } | Error::CertNotValidYet { .. }) => {
                    return Err((Standing::Expired, "a certificate was not valid when the mail arrived".to_owned()));
                }
                Err(error) => return Err(untrusted(&error)),
            }
        }
        Err(error) => return Err(untrusted(&error)),
    }
    if !certificate.is_for_signing() {
        return Err((Standing::Untrusted, "the certificate is not for signing".to_owned()));
    }
    Ok(())
}

/// RFC 8550 4.4.4: without extendedKeyUsage any purpose; else emailProtection or any.
#[derive(Clone, Copy, Debug)]
struct EmailProtection;

impl ExtendedKeyUsageValidator for EmailProtection {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let mut present = Vec::new();
        for purpose in purposes {
            let purpose = purpose?.to_decoded_oid();
            if purpose == [1, 3, 6, 1, 5, 5, 7, 3, 4] || purpose == [2, 5, 29, 37, 0] {
                return Ok(());
            }
            present.push(purpose);
        }
        if present.is_empty() {
            return Ok(());
        }
        let required = KeyUsage::required(EMAIL_PROTECTION);
        Err(Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required, present }))
    }
}

/// 1.3.6.1.5.5.7.3.4 as octets.
const EMAIL_PROTECTION: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x04";

/// Algorithms that prove nothing any more.
const WEAK: [&[u8]; 5] = [oids::SHA1, oids::MD5, oids::RSA_SHA1, oids::RSA_MD5, oids::ECDSA_SHA1];
