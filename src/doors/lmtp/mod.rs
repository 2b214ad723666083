//! The LMTP door (RFC 2033): the session on a stream, its events carried to the reception.
//!
//! Touches the stream it is given and the clock (idle time). It holds no policy. An idle connection holds a buffer for
//! one line.

pub mod certificate;
pub mod data;
mod dialogue;
pub mod line;
pub mod path;
pub mod session;
pub mod xforward;

use self::{
    certificate::Certificate,
    session::{Begin, Event, Offers, Session},
};
use super::{
    desk::Desk,
    listener::{Connection, Peer},
    reception::{MailParameters, Reception},
};
use crate::{
    judge::policy::verdict::Reply, limits, mail::address::Address, mail::network::Network, telemetry::metrics::Door,
};
use bytes::BytesMut;
use futures_util::FutureExt;
use std::{future::pending, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::timeout,
};

/// Octets read at once while commands are expected; an idle connection holds so many.
const IDLE_BUFFER_BYTES: usize = 1024;

/// What the operator decides about this door.
pub struct Settings {
    /// Our name in greeting and LHLO reply.
    pub hostname: String,
    /// Who may say XFORWARD; unix sockets always may, for who opens them is a matter of file modes.
    pub trusted_peers: Vec<Network>,
    /// `None`: STARTTLS is not offered.
    pub certificate: Option<Arc<Certificate>>,
    /// How long a client may be silent.
    pub idle_seconds_max: Duration,
}

impl Settings {
    /// Safe defaults: nobody but unix sockets is trusted, no STARTTLS.
    #[must_use]
    pub fn new(hostname: &str) -> Self {
        Self {
            hostname: hostname.to_owned(),
            trusted_peers: Vec::new(),
            certificate: None,
            idle_seconds_max: limits::IDLE_SECONDS_MAX,
        }
    }

    fn trusts(&self, peer: Peer) -> bool {
        match peer {
            Peer::Local => true,
            Peer::Address(address) => self.trusted_peers.iter().any(|network| network.contains(address)),
        }
    }
}

/// Serves one connection of an MTA until it ends.
pub async fn serve<S>(mut stream: S, desk: Arc<Desk>, settings: Arc<Settings>, connection: Connection)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(_permit) = connection.permit else {
        let refusal = format!("421 4.3.2 {} has too many connections, try again later\r\n", settings.hostname);
        // A client that does not read it learns the same from the closed connection.
        let _ = timeout(limits::LINGER_SECONDS_MAX, stream.write_all(refusal.as_bytes())).await;
        return;
    };
    let session = Session::new(Offers {
        hostname: settings.hostname.clone(),
        message_bytes_max: desk.limits().message_bytes_max,
        starttls: settings.certificate.is_some(),
        xforward: settings.trusts(connection.peer),
        require_tls: desk.mailstore().is_some_and(|mailstore| mailstore.can_require_tls()),
    });
    let conversation = Conversation {
        session,
        desk,
        settings,
        drain: connection.drain,
        input: BytesMut::new(),
        is_roomy: false,
        mail: None,
    };
    if let Err(error) = conversation.hold(stream).await {
        tracing::debug!(%error, "lmtp: connection lost");
    }
}

/// Why a conversation pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    StartTls,
    Closed,
}

struct Conversation {
    session: Session,
    desk: Arc<Desk>,
    settings: Arc<Settings>,
    drain: watch::Receiver<bool>,
    input: BytesMut,
    /// The input has grown for message content.
    is_roomy: bool,
    /// Boxed, so that an idle connection does not carry the room for a mail.
    mail: Option<Box<Reception>>,
}

impl Conversation {
    /// Talks in clear, and after STARTTLS over TLS.
    async fn hold<S: AsyncRead + AsyncWrite + Unpin>(mut self, mut stream: S) -> io::Result<()> {
        if self.talk(&mut stream).await? == Pause::Closed {
            return self.close(&mut stream).await;
        }
        let Some(certificate) = self.settings.certificate.clone() else { return Ok(()) };
        // What came in clear after STARTTLS was put there by somebody else (RFC 3207 5): it is not obeyed.
        self.input = BytesMut::new();
        let handshake = timeout(self.settings.idle_seconds_max, certificate.acceptor().accept(stream));
        let mut stream = Box::pin(handshake).await.map_err(|_| io::ErrorKind::TimedOut)??;
        self.session.secured();
        Box::pin(async move {
            self.talk(&mut stream).await?;
            self.close(&mut stream).await
        })
        .await
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<Pause> {
        loop {
            match self.session.next(&mut self.input) {
                Event::Flush => self.flush(stream).await?,
                Event::Read => {
                    self.flush(stream).await?;
                    if !self.read(stream).await? {
                        return Ok(Pause::Closed);
                    }
                }
                Event::Begin(begin) => Box::pin(self.begin(*begin)).await,
                Event::Recipient(mailbox) => {
                    let answer = match &mut self.mail {
                        Some(mail) => Box::pin(mail.offer(Address::new(&mailbox))).await,
                        None => Err(Reply::new(503, "5.5.1", "say MAIL first")),
                    };
                    self.session.answer(answer);
                }
                Event::Content => self.content().await,
                Event::End => {
                    self.flush(stream).await?;
                    self.end().await;
                }
                Event::Abandon => self.mail = None,
                Event::StartTls => {
                    self.flush(stream).await?;
                    return Ok(Pause::StartTls);
                }
                Event::Close => {
                    self.mail = None;
                    self.flush(stream).await?;
                    return Ok(Pause::Closed);
                }
            }
        }
    }

    async fn begin(&mut self, begin: Begin) {
        let parameters = MailParameters {
            smtputf8: begin.sender.smtputf8,
            eight_bit: begin.sender.eight_bit.unwrap_or(false),
            size: begin.sender.size,
            queue_id: begin.forwarded.queue_id.clone(),
            witness: begin.witness,
            require_tls: begin.sender.require_tls,
        };
        let sender = Address::new(&begin.sender.mailbox);
        let reception = Reception::welcome(&self.desk, Door::Lmtp, begin.forwarded.client(), sender, parameters).await;
        self.session.answer(reception.map(|mail| self.mail = Some(Box::new(mail))));
    }

    async fn content(&mut self) {
        let Some(mail) = &mut self.mail else {
            self.session.refuse(Reply::new(451, "4.3.0", "the mail is gone, try again later"));
            return;
        };
        let Err(reply) = mail.bytes(self.session.content()).boxed().await else { return };
        if let Some(mail) = self.mail.take() {
            // It says the same reply again, and counts the mail as refused instead of given up.
            let _ = mail.conclude().boxed().await;
        }
        self.session.refuse(reply);
    }

    /// Judges the mail and hands it over: nobody is told 250 before the mailstore said so.
    async fn end(&mut self) {
        let recipients = self.session.recipients();
        let replies = match self.mail.take() {
            None => Vec::new(),
            Some(mail) => match mail.conclude().boxed().await {
                Ok(concluded) => concluded.hand_over().boxed().await,
                Err(reply) => vec![reply; recipients],
            },
        };
        self.session.conclude(replies);
    }

    async fn flush<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        let replies = self.session.take_replies();
        if replies.is_empty() {
            return Ok(());
        }
        timeout(self.settings.idle_seconds_max, stream.write_all(&replies))
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
        timeout(self.settings.idle_seconds_max, stream.flush()).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// Reads more; false when the client closed the stream.
    async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<bool> {
        if self.session.is_receiving() {
            self.input.reserve(limits::CONTENT_READ_BYTES_MAX);
            self.is_roomy = true;
        } else if self.is_roomy && self.input.is_empty() {
            self.input = BytesMut::with_capacity(IDLE_BUFFER_BYTES);
            self.is_roomy = false;
        } else {
            self.input.reserve(IDLE_BUFFER_BYTES);
        }
        let is_draining = self.session.is_draining();
        tokio::select! {
            biased;
            () = asked_to_drain(&mut self.drain), if !is_draining => self.session.drain(),
            read = timeout(self.settings.idle_seconds_max, stream.read_buf(&mut self.input)) => match read {
                Ok(octets) => return Ok(octets? > 0),
                Err(_) => self.session.hang_up(&Reply::new(421, "4.4.2", "idle for too long")),
            },
        }
        Ok(true)
    }

    /// Says goodbye to the stream. A client that we hung up on may still send: closing with its bytes unread would
    /// reset the connection and take our last reply with it.
    async fn close<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        self.mail = None;
        if self.session.is_broken() {
            self.desk.metrics().protocol_error(Door::Lmtp);
        }
        stream.shutdown().await?;
        if self.session.has_hung_up() {
            let mut rest = stream.take(limits::LONG_LINE_BYTES_MAX as u64);
            // Whether the client heard it or time is up: the connection ends here.
            let _ = timeout(limits::LINGER_SECONDS_MAX, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
        }
        Ok(())
    }
}

/// Returns when `drain` is true; never, when nobody can say it any more.
async fn asked_to_drain(drain: &mut watch::Receiver<bool>) {
    if drain.wait_for(|is_draining| *is_draining).await.is_err() {
        pending::<()>().await;
    }
}
