//! One LMTP connection: the session on a stream, its events carried to the reception.
//!
//! Touches the stream it is given and the clock (idle time). An idle connection holds a buffer of one line.

use super::{
    Settings,
    session::{Begin, Event, Offers, Session},
    trust::Peer,
};
use crate::{
    doors::{
        desk::Desk,
        reception::{MailParameters, Reception},
    },
    judge::policy::verdict::Reply,
    limits,
    mail::address::Address,
    telemetry::metrics::Door,
};
use bytes::BytesMut;
use std::{future::pending, io, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::timeout,
};

/// Serves one connection until it ends. `drain` true: the mail under way is finished, then the client gets 421.
///
/// # Errors
/// When the stream fails or the TLS handshake does; the client is gone then.
pub async fn serve<S>(
    mut stream: S,
    peer: Peer,
    desk: &Arc<Desk>,
    settings: &Settings,
    drain: watch::Receiver<bool>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let session = Session::new(Offers {
        hostname: settings.hostname.clone(),
        message_bytes_max: desk.limits().message_bytes_max,
        starttls: settings.certificate.is_some(),
        xforward: peer.is_trusted(&settings.trusted_peers),
    });
    let mut conversation = Conversation { session, desk, settings, drain, input: BytesMut::new(), reception: None };
    if conversation.talk(&mut stream).await? == Pause::Closed {
        return conversation.close(&mut stream).await;
    }
    let Some(certificate) = &settings.certificate else { return Ok(()) };
    // What came in clear after STARTTLS was put there by somebody else (RFC 3207 5): it is not obeyed.
    conversation.input = BytesMut::new();
    let handshake = Box::pin(timeout(settings.idle_seconds_max, certificate.acceptor().accept(stream)));
    let mut stream = Box::new(handshake.await.map_err(|_| io::ErrorKind::TimedOut)??);
    conversation.session.secured();
    Box::pin(async move {
        conversation.talk(&mut stream).await?;
        conversation.close(&mut stream).await
    })
    .await
}

/// Why a conversation pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    StartTls,
    Closed,
}

struct Conversation<'a> {
    session: Session,
    desk: &'a Arc<Desk>,
    settings: &'a Settings,
    drain: watch::Receiver<bool>,
    input: BytesMut,
    reception: Option<Reception>,
}

impl Conversation<'_> {
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
                Event::Begin(begin) => self.begin(*begin),
                Event::Recipient(mailbox) => {
                    let answer = match &mut self.reception {
                        Some(reception) => reception.recipient(Address::new(&mailbox)),
                        None => Err(Reply::new(503, "5.5.1", "say MAIL first")),
                    };
                    self.session.answer(answer);
                }
                Event::Content => self.content().await,
                Event::End => {
                    self.flush(stream).await?;
                    self.end().await;
                }
                Event::Abandon => self.reception = None,
                Event::StartTls => {
                    self.flush(stream).await?;
                    return Ok(Pause::StartTls);
                }
                Event::Close => {
                    self.reception = None;
                    self.flush(stream).await?;
                    return Ok(Pause::Closed);
                }
            }
        }
    }

    fn begin(&mut self, begin: Begin) {
        let parameters = MailParameters {
            smtputf8: begin.sender.smtputf8,
            eight_bit: begin.sender.eight_bit.unwrap_or(false),
            size: begin.sender.size,
            queue_id: begin.forwarded.queue_id,
        };
        let sender = Address::new(&begin.sender.mailbox);
        let begun = Reception::begin(self.desk, Door::Lmtp, begin.forwarded.client, sender, parameters);
        self.session.answer(begun.map(|reception| self.reception = Some(reception)));
    }

    async fn content(&mut self) {
        let Some(reception) = &mut self.reception else {
            self.session.refuse(Reply::new(451, "4.3.0", "the mail is gone, try again later"));
            return;
        };
        if let Err(reply) = reception.bytes(self.session.content()).await {
            self.session.refuse(reply);
        }
    }

    /// Judges the mail and hands it over: nobody is told 250 before the mailstore said so.
    async fn end(&mut self) {
        let recipients = self.session.recipients();
        let replies = match self.reception.take() {
            None => Vec::new(),
            Some(reception) => match reception.conclude().await {
                Ok(concluded) => concluded.hand_over().await,
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
        let writing = async {
            stream.write_all(&replies).await?;
            stream.flush().await
        };
        timeout(self.settings.idle_seconds_max, writing).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// Reads more; false when the client closed the stream.
    async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<bool> {
        if self.session.is_receiving() {
            self.input.reserve(limits::CONTENT_READ_BYTES_MAX);
        } else if self.input.is_empty() && self.input.capacity() > limits::LINE_BYTES_MAX {
            self.input = BytesMut::with_capacity(limits::LINE_BYTES_MAX / 4);
        } else {
            self.input.reserve(limits::LINE_BYTES_MAX / 4);
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
        self.reception = None;
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
pub(super) async fn asked_to_drain(drain: &mut watch::Receiver<bool>) {
    if drain.wait_for(|is_draining| *is_draining).await.is_err() {
        pending().await
    }
}
