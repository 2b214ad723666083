//! One connection to the mailstore: greeting, LHLO, STARTTLS, commands and answers (RFC 2033, RFC 3207, RFC 2920).
//!
//! Touches its stream and the clock. Every wait ends: each has a limit of its own and all of a mail have one together.

use super::{
    reply::{Answer, Malformed, Replies},
    stream::{Place, Secured, Stream, TlsStart},
};
use crate::{judge::policy::verdict::Reply, limits};
use futures_util::FutureExt;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout_at},
};

/// Octets read at once.
const READ_BYTES: usize = 4 << 10;

/// Why a connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("the mailstore cannot be reached: {0}")]
    Unreachable(io::Error),
    #[error("TLS to the mailstore failed: {0}")]
    Tls(io::Error),
    #[error("the mailstore does not offer STARTTLS, which the settings demand")]
    NoStartTls,
    #[error("the mailstore does not want to talk: {0}")]
    Unwilling(Reply),
    #[error("the connection to the mailstore broke: {0}")]
    Broken(#[from] io::Error),
    #[error("the mailstore is too slow")]
    Slow,
    #[error("the mailstore does not speak LMTP: {}", .0.0)]
    Garbled(Malformed),
    #[error("the spool cannot be read: {0}")]
    Spool(io::Error),
}

impl Trouble {
    /// The reply for recipients that got none from the mailstore. Always transient: nobody said no.
    #[must_use]
    pub fn reply(&self) -> Reply {
        match self {
            Self::Unreachable(_) => Reply::new(451, "4.4.1", "mailstore does not answer, try again later"),
            Self::Tls(_) | Self::NoStartTls => Reply::new(451, "4.7.5", "mailstore cannot be trusted, try again later"),
            Self::Unwilling(reply) => {
                let enhanced = if reply.is_transient() { reply.enhanced.as_str() } else { "4.3.2" };
                Reply::new(451, enhanced, reply.text.clone())
            }
            Self::Broken(_) | Self::Slow => Reply::new(451, "4.4.2", "mailstore connection lost, try again later"),
            Self::Garbled(_) => Reply::new(451, "4.5.0", "mailstore trouble, try again later"),
            Self::Spool(_) => Reply::new(451, "4.3.0", "mail system trouble, try again later"),
        }
    }
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Garbled(malformed)
    }
}

/// What the mailstore offered in its answer to LHLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is one keyword of the answer
pub struct Offers {
    pub pipelining: bool,
    pub eight_bit: bool,
    pub smtputf8: bool,
    pub size: bool,
    pub starttls: bool,
    pub require_tls: bool,
}

impl Offers {
    /// Reads the lines after the first, which is a greeting (RFC 5321 4.1.1.1).
    #[must_use]
    pub fn read(answer: &Answer) -> Self {
        let mut offers = Self::default();
        for line in answer.lines.iter().skip(1) {
            let word = line.split(|byte| matches!(byte, b' ' | b'=' | b'\t')).next().unwrap_or_default();
            match word.to_ascii_uppercase().as_slice() {
                b"PIPELINING" => offers.pipelining = true,
                b"8BITMIME" => offers.eight_bit = true,
                b"SMTPUTF8" => offers.smtputf8 = true,
                b"SIZE" => offers.size = true,
                b"STARTTLS" => offers.starttls = true,
                b"REQUIRETLS" => offers.require_tls = true,
                _ => {}
            }
        }
        offers
    }
}

/// A connection on which LHLO was said.
pub struct Dialogue {
    stream: Stream,
    replies: Replies,
    pub offers: Offers,
    /// It never leaves this machine.
    pub is_local: bool,
    /// It is under TLS, the certificate verified.
    pub is_secured: bool,
    /// It carried a mail before: a transaction may be open, and the mailstore may be gone.
    pub is_reused: bool,
    /// Both sides agree where they are, so another mail may follow.
    pub is_in_step: bool,
    /// When the mail under way has to be through.
    pub deadline: Instant,
}

impl Dialogue {
    /// Connects, secures the connection and says LHLO as `hostname`.
    ///
    /// # Errors
    /// When any of it fails; no mail was told of yet.
    pub async fn open(
        place: &Place,
        secured: Option<&Secured>,
        hostname: &str,
        deadline: Instant,
    ) -> Result<Self, Trouble> {
        let limit = || deadline.min(Instant::now() + limits::MAILSTORE_CONNECT_SECONDS_MAX);
        let connected = timeout_at(limit(), place.connect()).await;
        let mut stream = connected
            .map_err(|_| Trouble::Unreachable(io::ErrorKind::TimedOut.into()))?
            .map_err(Trouble::Unreachable)?;
        let immediate = secured.filter(|secured| secured.start == TlsStart::Immediate);
        if let Some(secured) = immediate {
            stream =
                timeout_at(limit(), secured.secure(stream)).await.map_err(|_| Trouble::Slow)?.map_err(Trouble::Tls)?;
        }
        let mut dialogue = Self {
            stream,
            replies: Replies::default(),
            offers: Offers::default(),
            is_local: matches!(place, Place::Unix(_)),
            is_secured: secured.is_some(),
            is_reused: false,
            is_in_step: true,
            deadline,
        };
        dialogue.expect_willing(limits::MAILSTORE_CONNECT_SECONDS_MAX).await?;
        dialogue.greet(hostname).await?;
        if let Some(secured) = secured.filter(|secured| secured.start == TlsStart::StartTls) {
            dialogue.start_tls(secured, limit()).await?;
            dialogue.offers = Offers::default();
            dialogue.greet(hostname).await?;
        }
        Ok(dialogue)
    }

    async fn greet(&mut self, hostname: &str) -> Result<(), Trouble> {
        self.write(format!("LHLO {hostname}\r\n").as_bytes()).await?;
        let answer = self.expect_willing(limits::MAILSTORE_REPLY_SECONDS_MAX).await?;
        self.offers = Offers::read(&answer);
        Ok(())
    }

    async fn start_tls(&mut self, secured: &Secured, limit: Instant) -> Result<(), Trouble> {
        if !self.offers.starttls {
            return Err(Trouble::NoStartTls);
        }
        self.write(b"STARTTLS\r\n").await?;
        self.expect_willing(limits::MAILSTORE_REPLY_SECONDS_MAX).await?;
        if !self.replies.is_empty() {
            // Bytes in the clear after the answer would be read as if they came under TLS (RFC 3207 4.2).
            return Err(Trouble::Tls(io::Error::other("plain bytes after the answer to STARTTLS")));
        }
        let plain = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let secure = timeout_at(limit, secured.secure(plain)).await;
        self.stream = secure.map_err(|_| Trouble::Slow)?.map_err(Trouble::Tls)?;
        Ok(())
    }

    async fn expect_willing(&mut self, limit: Duration) -> Result<Answer, Trouble> {
        let answer = self.answer(limit).await?;
        if answer.is_positive() { Ok(answer) } else { Err(Trouble::Unwilling(answer.relayed())) }
    }

    /// The next answer.
    ///
    /// # Errors
    /// When none comes in time, or what comes is none.
    pub async fn answer(&mut self, limit: Duration) -> Result<Answer, Trouble> {
        let limit = self.deadline.min(Instant::now() + limit);
        timeout_at(limit, async {
            loop {
                if let Some(answer) = self.replies.take()? {
                    return Ok(answer);
                }
                let buffer = self.replies.buffer();
                buffer.reserve(READ_BYTES);
                if self.stream.read_buf(buffer).await? == 0 {
                    return Err(Trouble::Broken(io::ErrorKind::UnexpectedEof.into()));
                }
            }
        })
        .await
        .map_err(|_| Trouble::Slow)?
    }

    /// Writes bytes, all of them, to the other side.
    ///
    /// # Errors
    /// When the other side does not take them in time.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let limit = self.deadline.min(Instant::now() + limits::MAILSTORE_REPLY_SECONDS_MAX);
        timeout_at(limit, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        })
        .await
        .map_err(|_| Trouble::Slow)?
        .map_err(Trouble::Broken)
    }

    /// Did the mailstore say nothing that it was not asked?
    #[must_use]
    pub fn has_nothing_left_over(&self) -> bool {
        self.replies.is_empty()
    }

    /// Is an unused connection still open and silent? A mailstore that left said 421 or closed it.
    pub fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        self.replies.is_empty() && self.stream.read(&mut byte).now_or_never().is_none()
    }

    /// Says goodbye if that needs no waiting.
    pub async fn quit(mut self) {
        self.deadline = Instant::now() + Duration::from_secs(1);
        // The connection is dropped either way.
        let _ = self.write(b"QUIT\r\n").await;
    }
}
