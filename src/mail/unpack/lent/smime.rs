//! A private key of S/MIME, and the certificates that say which recipient of an envelope it is.
//!
//! Pure.

use crate::mail::asn1::{self, SEQUENCE};
use aws_lc_rs::{
    agreement::{ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey},
    encoding::AsDer,
    rsa::{OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// A private key.
pub struct Key {
    pub private: Private,
    /// Issuer and serial number of its certificates, as they stand in an envelope (RFC 5652 10.2.4). Empty: it may be
    /// any recipient.
    names: Vec<Vec<u8>>,
}

pub enum Private {
    /// For both paddings.
    Rsa(Box<(Pkcs1PrivateDecryptingKey, OaepPrivateDecryptingKey)>),
    Ec(PrivateKey),
}

impl Key {
    /// Reads a PEM file: the key, and its public half.
    ///
    /// # Errors
    /// Why it is none that decrypts.
    pub fn read(pem: &[u8]) -> Result<(Self, Vec<u8>), String> {
        let Ok(key) = PrivateKeyDer::from_pem_slice(pem) else {
            return Err("holds no private key, neither PEM nor OpenPGP; export it without a passphrase".to_owned());
        };
        let (private, public) = match &key {
            PrivateKeyDer::Pkcs1(_) => {
                return Err("is in the old form of RSA keys; say openssl pkcs8 -topk8 -nocrypt -in FILE".to_owned());
            }
            key => private(key.secret_der())?,
        };
        let names = CertificateDer::pem_slice_iter(pem).flatten().filter_map(|der| name(&der)).collect();
        Ok((Self { private, names }, public))
    }

    /// May this be the recipient with this identifier (RFC 5652 6.2.1)?
    #[must_use]
    pub fn may_be(&self, recipient: &asn1::Item<'_>) -> bool {
        self.names.is_empty()
            || recipient.tag != SEQUENCE
            || self.names.iter().any(|name| name.as_slice() == recipient.content)
    }
}

fn private(der: &[u8]) -> Result<(Private, Vec<u8>), String> {
    if let Ok(key) = PrivateDecryptingKey::from_pkcs8(der) {
        let public = key.public_key().as_der().map(|public| public.as_ref().to_vec());
        let pair = (Pkcs1PrivateDecryptingKey::new(key.clone()), OaepPrivateDecryptingKey::new(key));
        if let (Ok(public), (Ok(pkcs1), Ok(oaep))) = (public, pair) {
            return Ok((Private::Rsa(Box::new((pkcs1, oaep))), public));
        }
    }
    for curve in [&ECDH_P256, &ECDH_P384, &ECDH_P521] {
        if let Ok(key) = PrivateKey::from_private_key_der(curve, der)
            && let Ok(public) = key.compute_public_key()
        {
            return Ok((Private::Ec(key), public.as_ref().to_vec()));
        }
    }
    Err("is no RSA key of 2048 to 8192 bits and no key of P-256, P-384 or P-521; nothing else decrypts S/MIME"
        .to_owned())
}

/// Issuer and serial number of a certificate, one after the other (RFC 5280 4.1).
fn name(der: &[u8]) -> Option<Vec<u8>> {
    let mut fields = asn1::item(der)?.items().next()?.items();
    // The version.
    fields.next_if(0xa0);
    let serial = fields.next_if(asn1::INTEGER)?;
    fields.next_if(SEQUENCE)?;
    let issuer = fields.next_if(SEQUENCE)?;
    Some([issuer.whole, serial.whole].concat())
}
