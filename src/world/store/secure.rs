//! A connection to a Redis server under TLS: its certificate is verified, by the authorities of a file or those that browsers trust.
//!
//! Touches the network.

use super::Trouble;
use redis::{Cmd, ConnectionAddr, ConnectionInfo, ConnectionLike, ErrorKind, Parser, RedisError, RedisResult, Value};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use std::{
    io::{self, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// Whom to trust; read once.
pub struct Authorities(Arc<ClientConfig>);

impl Authorities {
    /// Reads certificates from a PEM file; without one those that browsers trust count.
    ///
    /// # Errors
    /// The file cannot be read or has none.
    pub fn read(file: Option<&Path>) -> Result<Self, Trouble> {
        let mut roots = RootCertStore::empty();
        match file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let certificates =
                    CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(
                        |error| Trouble(format!("{}: no PEM certificates can be read: {error}", path.display())),
                    )?;
                if roots.add_parsable_certificates(certificates).0 == 0 {
                    return Err(Trouble(format!("{}: holds no certificate that can be trusted", path.display())));
                }
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Trouble(format!("TLS cannot be set up: {error}")))?;
        Ok(Self(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
    }
}

/// One connection.
pub struct Secure {
    stream: StreamOwned<ClientConnection, TcpStream>,
    parser: Parser,
    database: i64,
    is_open: bool,
}

impl Secure {
    /// Connects, does the handshake, logs in and chooses the database.
    ///
    /// # Errors
    /// The server does not answer in time, its certificate does not hold, or it does not want us.
    pub fn connect(info: &ConnectionInfo, authorities: &Authorities, wait: Duration) -> RedisResult<Self> {
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err((ErrorKind::InvalidClientConfig, "TLS needs a host").into());
        };
        let name = ServerName::try_from(host.clone())
            .map_err(|_| (ErrorKind::InvalidClientConfig, "no certificate can carry this host's name"))?;
        let stream = reach(host, *port, wait)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(wait))?;
        stream.set_write_timeout(Some(wait))?;
        let session = ClientConnection::new(Arc::clone(&authorities.0), name).map_err(io::Error::other)?;
        let settings = info.redis_settings();
        let mut secure = Self {
            stream: StreamOwned::new(session, stream),
            parser: Parser::new(),
            database: settings.db(),
            is_open: true,
        };
        if let Some(password) = settings.password() {
            let mut login = redis::cmd("AUTH");
            login.arg(settings.username()).arg(password);
            login.query::<()>(&mut secure)?;
        }
        if secure.database != 0 {
            redis::cmd("SELECT").arg(secure.database).query::<()>(&mut secure)?;
        }
        Ok(secure)
    }

    fn sent(&mut self, octets: &[u8]) -> RedisResult<()> {
        let sent = self.stream.write_all(octets).and_then(|()| self.stream.flush());
        self.is_open &= sent.is_ok();
        Ok(sent?)
    }

    fn heard(&mut self) -> RedisResult<Value> {
        let heard = self.parser.parse_value(&mut self.stream);
        self.is_open &= heard.is_ok();
        heard
    }
}

impl ConnectionLike for Secure {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        self.sent(command)?;
        self.heard()
    }

    fn req_packed_commands(&mut self, commands: &[u8], offset: usize, count: usize) -> RedisResult<Vec<Value>> {
        self.sent(commands)?;
        for _ in 0..offset {
            self.heard()?;
        }
        (0..count).map(|_| self.heard()).collect()
    }

    fn get_db(&self) -> i64 {
        self.database
    }

    fn check_connection(&mut self) -> bool {
        Cmd::new().arg("PING").query::<String>(self).is_ok()
    }

    fn is_open(&self) -> bool {
        self.is_open
    }
}

fn reach(host: &str, port: u16, wait: Duration) -> Result<TcpStream, RedisError> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, wait) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last.into())
}
