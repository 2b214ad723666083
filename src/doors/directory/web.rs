//! One small file by HTTPS: no redirect is followed, nothing is remembered, no proxy is used, size and time are bounded.
//!
//! Touches sockets. Names are asked of the world; what they lead to has to be public, unless the operator said where a
//! host is.

use super::reachable::is_public;
use crate::{
    doors::deliver::lmtp::stream::client,
    judge::facts::{Answer, Fact, Failure, Name, Question},
    limits,
    world::World,
};
use hyper::{Request, StatusCode, body::Body, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use std::{
    fmt,
    future::poll_fn,
    net::{IpAddr, SocketAddr},
    path::Path,
    pin::pin,
    sync::Arc,
};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Why nothing is known, in words for the log.
#[derive(Debug)]
pub struct Trouble(pub String);

impl<E: fmt::Display> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Whom we ask, and whom we trust to be it.
pub struct Web {
    connector: TlsConnector,
    hosts: Vec<(String, SocketAddr)>,
    world: Arc<dyn World>,
}

impl Web {
    /// `hosts` are where the operator says; without `authorities` those count that browsers trust.
    ///
    /// # Errors
    /// What is wrong with the authorities, in words.
    pub fn new(
        authorities: Option<&Path>,
        hosts: &[(String, SocketAddr)],
        world: &Arc<dyn World>,
    ) -> Result<Self, String> {
        let mut config = client(authorities)?.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { connector, hosts: hosts.to_vec(), world: Arc::clone(world) })
    }

    /// Did the operator say where this host is?
    pub fn is_placed(&self, host: &str) -> bool {
        self.hosts.iter().any(|(known, _)| known == host)
    }

    /// Where a host is; none where there is no such host.
    ///
    /// # Errors
    /// The name servers do not say, or name no address that may be reached.
    pub async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, Trouble> {
        const HTTPS: u16 = 443;
        let placed: Vec<SocketAddr> =
            self.hosts.iter().filter(|(known, _)| known == host).map(|(_, address)| *address).collect();
        if !placed.is_empty() {
            return Ok(placed);
        }
        let (fourth, sixth) = (Question::Ipv4(Name::new(host)), Question::Ipv6(Name::new(host)));
        let (fourth, sixth) = tokio::join!(self.world.ask(&fourth), self.world.ask(&sixth));
        let (mut found, mut failure) = (Vec::new(), None);
        for fact in [fourth, sixth] {
            match fact {
                Fact::Ipv4(_, answer) => failure = heard(&answer, &mut found).or(failure),
                Fact::Ipv6(_, answer) => failure = heard(&answer, &mut found).or(failure),
                _ => {}
            }
        }
        if let (true, Some(failure)) = (found.is_empty(), failure) {
            return Err(Trouble(format!("{host}: no address from the name servers: {}", failure.word())));
        }
        let public: Vec<SocketAddr> =
            found.iter().filter(|address| is_public(**address)).map(|address| (*address, HTTPS).into()).collect();
        if public.is_empty() && !found.is_empty() {
            return Err(Trouble(format!(
                "{host} has private addresses only; where that is meant, say so in encryption.wkd_hosts"
            )));
        }
        Ok(public)
    }

    /// The file at a host and path; `None` where the host says that there is none.
    ///
    /// # Errors
    /// Any other answer, or none.
    pub async fn get(&self, host: &str, at: &[SocketAddr], path: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let stream = self.connect(host, at).await?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(limits::KEY_HEAD_BYTES_MAX)
            .handshake::<_, String>(TokioIo::new(stream))
            .await?;
        // Ends with this request.
        let mut driving = JoinSet::new();
        driving.spawn(connection);
        let request = Request::get(path)
            .header(header::HOST, host)
            .header(header::USER_AGENT, "wehr")
            .header(header::CONNECTION, "close")
            .body(String::new())?;
        let answer = sender.send_request(request).await?;
        match answer.status() {
            StatusCode::OK => body(answer.into_body()).await.map(Some),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status if status.is_redirection() => {
                Err(Trouble(format!("{host} answers with a redirect ({status}), which is not followed")))
            }
            status => Err(Trouble(format!("{host} answers {status}"))),
        }
    }

    async fn connect(&self, host: &str, at: &[SocketAddr]) -> Result<TlsStream<TcpStream>, Trouble> {
        let name = ServerName::try_from(host.to_owned())?;
        let mut last = format!("{host} has no address");
        for address in at.iter().take(limits::KEY_ADDRESSES_MAX) {
            match timeout(limits::KEY_CONNECT_SECONDS_MAX, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    let stream = self.connector.connect(name, stream).await;
                    return stream.map_err(|error| Trouble(format!("{host}: {error}")));
                }
                Ok(Err(error)) => last = format!("{host}: {error}"),
                Err(_) => last = format!("{host}: no connection in time"),
            }
        }
        Err(Trouble(last))
    }
}

/// Adds the addresses of an answer; why none came.
fn heard<T: Copy + Into<IpAddr>>(answer: &Answer<T>, found: &mut Vec<IpAddr>) -> Option<Failure> {
    found.extend(answer.records().iter().map(|address| (*address).into()));
    answer.failure()
}

/// A body that is no larger than a key.
async fn body(body: Incoming) -> Result<Vec<u8>, Trouble> {
    let (mut octets, mut body) = (Vec::new(), pin!(body));
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        if let Ok(data) = frame?.into_data() {
            if octets.len() + data.len() > limits::KEY_ANSWER_BYTES_MAX {
                return Err(Trouble(format!("more than {} octets", limits::KEY_ANSWER_BYTES_MAX)));
            }
            octets.extend_from_slice(&data);
        }
    }
    Ok(octets)
}
