//! The certificate of STARTTLS (RFC 3207): read from PEM files, exchanged while running.
//!
//! Touches the two files, when made and on `reload`.

use crate::doors::keys;
use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_rustls::TlsAcceptor;

/// A certificate chain with its key, and what accepts connections with it.
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Certificate {
    /// Reads chain (leaf first) and key.
    ///
    /// # Errors
    /// In words, when a file cannot be read, holds no certificate or key, or the two do not belong together.
    pub fn load(chain: &Path, key: &Path) -> Result<Self, String> {
        let current = Arc::new(Current(ArcSwap::from_pointee(keys::read(chain, key)?)));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| format!("TLS: {error}"))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Current>::clone(&current));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { chain: chain.to_owned(), key: key.to_owned(), current, acceptor })
    }

    /// Reads the files again; new connections get what they say now.
    ///
    /// # Errors
    /// As `load`; the certificate in use stays then.
    pub fn reload(&self) -> Result<(), String> {
        self.current.0.store(Arc::new(keys::read(&self.chain, &self.key)?));
        Ok(())
    }

    /// What accepts a TLS connection.
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}
