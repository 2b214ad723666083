//! The connection to the mailstore: unix socket or TCP, plain or under TLS (RFC 8314 3, RFC 3207).
//!
//! Touches sockets and, once, the file of root certificates. A certificate is always verified: there is no switch.

use crate::doors::keys;
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, client::WantsClientCert, crypto::aws_lc_rs, sign::SingleCertAndKey,
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;

/// A connection of either kind.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub type Stream = Box<dyn Duplex>;

/// Where the mailstore listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Unix(PathBuf),
    /// Host and port, for example `imap.example:24` or `[::1]:24`.
    Tcp(String),
}

impl Place {
    /// A host, which may be an IPv6 address without brackets, and its port.
    #[must_use]
    pub fn tcp(host: &str, port: u16) -> Self {
        if host.contains(':') { Self::Tcp(format!("[{host}]:{port}")) } else { Self::Tcp(format!("{host}:{port}")) }
    }

    /// The host without port and brackets, which is the name a certificate has to carry if none is configured.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Unix(_) => None,
            Self::Tcp(text) => {
                text.rsplit_once(':').map(|(host, _)| host.trim_start_matches('[').trim_end_matches(']'))
            }
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn connect(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address.as_str()).await?;
                // Commands go out in one write each; waiting for more would only add delay.
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
            Self::Tcp(address) => out.write_str(address),
        }
    }
}

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsStart {
    /// With the first byte.
    Immediate,
    /// After STARTTLS; a mailstore that does not offer it gets no mail.
    StartTls,
}

/// How the connection is secured.
#[derive(Clone, Debug)]
pub struct Tls {
    pub start: TlsStart,
    /// PEM file of the authorities to trust; without it those that browsers trust.
    pub roots: Option<PathBuf>,
    /// The name the certificate must carry; without it the host of the place.
    pub server_name: Option<String>,
    /// PEM files of our own certificate chain and its key, shown to a mailstore that asks for one.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// TLS made ready: everything that can be wrong in the settings has been looked at.
#[derive(Clone)]
pub struct Secured {
    pub start: TlsStart,
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl Secured {
    /// Reads the roots and the name.
    ///
    /// # Errors
    /// What is wrong with the settings, in words.
    pub fn new(tls: &Tls, place: &Place) -> Result<Self, String> {
        let name = tls.server_name.as_deref().or_else(|| place.host()).ok_or_else(|| {
            format!("TLS to {place} needs a server name: the name that the mailstore's certificate carries")
        })?;
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| format!("'{name}' can be in no certificate; write a host name or an IP address"))?;
        let config = client(tls.roots.as_deref())?;
        let config = match &tls.client {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let shown = SingleCertAndKey::from(keys::read(certificate, key)?);
                config.with_client_cert_resolver(Arc::new(shown))
            }
        };
        Ok(Self { start: tls.start, name, connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Does the handshake.
    ///
    /// # Errors
    /// When the other side does not speak TLS or its certificate does not hold.
    pub async fn secure(&self, stream: Stream) -> io::Result<Stream> {
        Ok(Box::new(self.connector.connect(self.name.clone(), stream).await?))
    }
}

/// TLS towards servers whose certificates these authorities vouch for; without a file those that browsers trust.
///
/// # Errors
/// What is wrong with the file, in words.
pub fn client(roots: Option<&Path>) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, String> {
    let roots = match roots {
        Some(path) => read_roots(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(config.with_root_certificates(roots))
}

fn read_roots(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("{}: no PEM certificates can be read: {error}", path.display()))?;
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(format!("{}: holds no certificate that can be trusted", path.display()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert_eq!(Place::tcp("::1", 24).to_string(), "[::1]:24");
        assert_eq!(Place::tcp("::1", 24).host(), Some("::1"));
        assert_eq!(Place::tcp("imap.example", 24).host(), Some("imap.example"));
        assert_eq!(Place::Unix("/run/lmtp".into()).host(), None);
    }
}
