//! A certificate chain with its private key, from two PEM files.
//!
//! Touches the files.

use rustls::{crypto::aws_lc_rs, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::path::Path;

/// Reads chain (leaf first) and key.
///
/// # Errors
/// In words, when a file cannot be read, holds no certificate or key, or the two do not belong together.
pub fn read(chain_file: &Path, key_file: &Path) -> Result<CertifiedKey, String> {
    let shown = chain_file.display();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(chain_file)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{shown}: cannot read the certificate: {error}"))?;
    if chain.is_empty() {
        return Err(format!("{shown}: no certificate inside; it has to begin with -----BEGIN CERTIFICATE-----"));
    }
    let shown = key_file.display();
    let key = PrivateKeyDer::from_pem_file(key_file)
        .map_err(|error| format!("{shown}: cannot read the private key: {error}"))?;
    let key = aws_lc_rs::sign::any_supported_type(&key)
        .map_err(|error| format!("{shown}: this kind of key is not usable: {error}"))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(error) => Err(format!("{shown}: does not belong to {}: {error}", chain_file.display())),
    }
}
