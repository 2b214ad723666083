//! The milter door: sockets on one side, the reception on the other (libmilter protocol versions 2 to 6).
//!
//! It holds no policy. An idle connection costs its task, a small buffer and the few macros that were asked for.

pub mod field;
pub mod frame;
pub mod macros;
pub mod negotiation;
pub mod reply;
pub mod session;

use self::{
    frame::{Fault, Frame, Frames},
    session::{Beginning, Session, Step, Then},
};
use super::{
    desk::Desk,
    listener::Connection,
    reception::{Concluded, Reception},
};
use crate::{judge::policy::verdict::Reply, limits, telemetry::metrics::Door};
use bytes::BytesMut;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::{Instant, interval_at, timeout},
};

/// Octets of the read buffer of an idle connection.
const IDLE_BUFFER_BYTES: usize = 512;
/// Octets asked for at once while a mail is under way.
const READ_BYTES: usize = 16 << 10;

/// What the operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How often the MTA is told that the verdict takes longer; its patience is milter_content_timeout (300 s).
    pub progress_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { progress_every: limits::MILTER_PROGRESS_SECONDS }
    }
}

/// Why a connection ended before QUIT.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Protocol(#[from] Fault),
    #[error("connection lost: {0}")]
    Socket(#[from] io::Error),
}

/// Serves one connection of an MTA until it ends.
pub async fn serve<S>(stream: S, desk: Arc<Desk>, settings: Settings, connection: Connection)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(_permit) = connection.permit else { return };
    let wire = Wire { stream, frames: Frames::default(), drain: connection.drain };
    let metrics = Arc::clone(desk.metrics());
    let mut dialogue = Dialogue { wire, desk, settings, session: Session::default(), mail: None };
    let ended = dialogue.run().await;
    for _ in 0..dialogue.session.take_irregularities() {
        metrics.protocol_error(Door::Milter);
    }
    match ended {
        Ok(()) => {}
        Err(Broken::Protocol(fault)) => {
            metrics.protocol_error(Door::Milter);
            tracing::warn!(%fault, "milter: the mail server broke the protocol; connection closed");
        }
        Err(Broken::Socket(error)) => tracing::debug!(%error, "milter: connection ended"),
    }
}

/// The two ends of one connection.
struct Dialogue<S> {
    wire: Wire<S>,
    desk: Arc<Desk>,
    settings: Settings,
    session: Session,
    /// Boxed, so that an idle connection does not carry the room for a mail.
    mail: Option<Box<Reception>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    async fn run(&mut self) -> Result<(), Broken> {
        loop {
            let step = match self.wire.next(&mut self.session).await {
                Ok(Some(frame)) => self.session.take(frame),
                Ok(None) => return Ok(()),
                Err(Broken::Protocol(fault)) => Err(fault),
                Err(lost) => return Err(lost),
            };
            match step {
                Ok(Step { then: Then::Close, .. }) => return self.wire.flush(&mut self.session).await,
                Ok(step) => self.perform(step).await?,
                Err(fault) => {
                    self.wire.flush(&mut self.session).await?;
                    return Err(fault.into());
                }
            }
        }
    }

    async fn perform(&mut self, step: Step) -> Result<(), Broken> {
        let mut result = Ok(());
        if let Some(mail) = &mut self.mail {
            if let Some(queue_id) = &step.queue_id {
                mail.queue_id(queue_id);
            }
            if !step.bytes.is_empty() {
                result = Box::pin(mail.bytes(&step.bytes)).await;
            }
        }
        match step.then {
            Then::Settle => {}
            Then::Begin(beginning) => result = Box::pin(self.begin(*beginning)).await,
            Then::Recipient(recipient) => {
                result = match &mut self.mail {
                    Some(mail) => Box::pin(mail.offer(recipient)).await,
                    None => Err(lost_track()),
                };
            }
            Then::Conclude => return Box::pin(self.conclude()).await,
            Then::GiveUp | Then::Close => self.mail = None,
        }
        self.session.settle(result);
        Ok(())
    }

    async fn begin(&mut self, beginning: Beginning) -> Result<(), Reply> {
        self.mail = None;
        let Beginning { client, sender, parameters } = beginning;
        let mail = Reception::welcome(&self.desk, Door::Milter, client, sender, parameters).await?;
        self.mail = Some(Box::new(mail));
        Ok(())
    }

    /// Judges the mail, telling the MTA to wait on meanwhile, and gives the final reply.
    async fn conclude(&mut self) -> Result<(), Broken> {
        let Some(mail) = self.mail.take() else {
            self.session.failed(&lost_track());
            return Ok(());
        };
        self.wire.flush(&mut self.session).await?;
        match self.verdict(*mail).await? {
            Err(reply) => self.session.failed(&reply),
            Ok(concluded) => {
                let verdict = &concluded.verdict;
                let left_out = self.session.concluded(
                    &verdict.for_message(),
                    &verdict.edits,
                    &concluded.rewritten(),
                    verdict.reference.as_str(),
                );
                if left_out.added + left_out.removed > 0 {
                    self.desk.metrics().edits_left_out(left_out.added + left_out.removed);
                }
                self.wire.flush(&mut self.session).await?;
                concluded.close();
            }
        }
        Ok(())
    }

    async fn verdict(&mut self, mail: Reception) -> Result<Result<Concluded, Reply>, Broken> {
        let every = self.settings.progress_every;
        let mut ticks = interval_at(Instant::now() + every, every);
        let mut concluding = Box::pin(mail.conclude());
        loop {
            tokio::select! {
                biased;
                concluded = &mut concluding => return Ok(concluded),
                _ = ticks.tick() => {
                    self.session.output.progress();
                    self.wire.flush(&mut self.session).await?;
                }
            }
        }
    }
}

/// The reply when door and session disagree about a mail, which would be our mistake.
fn lost_track() -> Reply {
    Reply::new(451, "4.3.0", "internal error, try again later")
}

/// Packets over a stream.
struct Wire<S> {
    stream: S,
    frames: Frames,
    drain: watch::Receiver<bool>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// The next packet; `None` when the MTA hung up between packets or the door closes between mails.
    ///
    /// Replies are written before waiting, so that a batch of packets gets its replies in one write.
    async fn next(&mut self, session: &mut Session) -> Result<Option<Frame>, Broken> {
        loop {
            if let Some(frame) = self.frames.take()? {
                return Ok(Some(frame));
            }
            self.flush(session).await?;
            let is_idle = session.is_between_mails();
            self.make_room(is_idle)?;
            let patience = if is_idle { limits::MILTER_IDLE_SECONDS_MAX } else { limits::MILTER_MAIL_IDLE_SECONDS_MAX };
            let read = tokio::select! {
                biased;
                _ = self.drain.wait_for(|is_draining| *is_draining), if is_idle => return Ok(None),
                read = timeout(patience, self.stream.read_buf(&mut self.frames.buffer)) => read,
            };
            let octets = read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            if octets == 0 {
                return if self.frames.is_between_packets() { Ok(None) } else { Err(eof().into()) };
            }
        }
    }

    /// The buffer grows with what has arrived, not with what was announced, and is given back between mails.
    fn make_room(&mut self, is_idle: bool) -> Result<(), Fault> {
        if is_idle && self.frames.is_between_packets() {
            self.frames.buffer = BytesMut::with_capacity(IDLE_BUFFER_BYTES);
            return Ok(());
        }
        let batch = if is_idle { IDLE_BUFFER_BYTES } else { READ_BYTES };
        let arrived = self.frames.buffer.len();
        let missing = self.frames.missing()?;
        self.frames.buffer.reserve(missing.max(batch).min(arrived.max(READ_BYTES)));
        Ok(())
    }

    async fn flush(&mut self, session: &mut Session) -> Result<(), Broken> {
        if session.output.is_empty() {
            return Ok(());
        }
        let packets = session.output.take();
        timeout(limits::MILTER_MAIL_IDLE_SECONDS_MAX, async {
            self.stream.write_all(&packets).await?;
            self.stream.flush().await
        })
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok(())
    }
}

fn eof() -> io::Error {
    io::Error::from(io::ErrorKind::UnexpectedEof)
}
