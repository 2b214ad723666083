//! LMTP client to the mailstore (RFC 2033): bounded, reused connections, one answer per recipient.
//!
//! Touches sockets. When the mailstore is away every answer is transient, so the MTA keeps the mail. A connection that
//! was used before may be dead without anybody knowing: a mail that meets one is tried once more on a new connection,
//! but never after the mailstore asked for its bytes.

pub mod dialogue;
pub mod pool;
pub mod reply;
pub mod stream;
pub mod transaction;

use self::{
    dialogue::{Dialogue, Trouble},
    pool::Pool,
    stream::{Place, Secured, Tls},
    transaction::Attempt,
};
use super::parcel::Parcel;
use crate::{judge::policy::verdict::Reply, limits, mail::address::Address};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

/// What the operator says about the mailstore.
#[derive(Clone, Debug)]
pub struct Settings {
    pub place: Place,
    pub tls: Option<Tls>,
    /// The name we say in LHLO.
    pub hostname: String,
}

/// LMTP client.
pub struct Client {
    place: Place,
    secured: Option<Secured>,
    hostname: String,
    pool: Pool,
    permits: Semaphore,
    /// The log speaks once when the mailstore goes away and once when it is back.
    is_away: AtomicBool,
}

impl Client {
    /// Makes the client ready; connects nowhere yet.
    ///
    /// # Errors
    /// What is wrong with the settings, in words.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let Settings { place, tls, hostname } = settings;
        let is_name = !hostname.is_empty() && hostname.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name {
            return Err(format!("'{hostname}' is no host name to say in LHLO"));
        }
        let secured = tls.map(|tls| Secured::new(&tls, &place)).transpose()?;
        Ok(Self {
            place,
            secured,
            hostname,
            pool: Pool::default(),
            permits: Semaphore::new(limits::MAILSTORE_CONNECTIONS_MAX),
            is_away: AtomicBool::new(false),
        })
    }

    /// Is the way there a socket of this machine, or under TLS with a verified certificate?
    #[must_use]
    pub fn can_require_tls(&self) -> bool {
        self.secured.is_some() || matches!(self.place, Place::Unix(_))
    }

    /// Hands one mail over for some recipients; one reply per recipient, same order.
    pub async fn deliver(&self, parcel: &Parcel, recipients: &[Address]) -> Vec<Reply> {
        let deadline = Instant::now() + limits::MAILSTORE_SENDING_SECONDS_MAX;
        let Ok(Ok(_permit)) = timeout_at(deadline, self.permits.acquire()).await else {
            let busy = Reply::new(451, "4.3.2", "mailstore busy, try again later");
            return vec![busy; recipients.len()];
        };
        let attempt = self.attempt(parcel, recipients, deadline).await;
        let gap = attempt
            .trouble
            .as_ref()
            .map_or_else(|| Reply::new(451, "4.3.0", "mail system trouble, try again later"), Trouble::reply);
        self.note(attempt.trouble.as_ref());
        attempt.replies.into_iter().map(|reply| reply.unwrap_or_else(|| gap.clone())).collect()
    }

    /// One mail over a connection that waits, or a new one; a second time if the first proved dead.
    async fn attempt(&self, parcel: &Parcel, recipients: &[Address], deadline: Instant) -> Attempt {
        if let Some(mut dialogue) = self.pool.take() {
            dialogue.deadline = deadline;
            let attempt = dialogue.transact(parcel, recipients).await;
            if attempt.trouble.is_none() || attempt.is_acknowledged {
                self.keep(dialogue);
                return attempt;
            }
            self.pool.clear();
        }
        match Dialogue::open(&self.place, self.secured.as_ref(), &self.hostname, deadline).await {
            Ok(mut dialogue) => {
                let attempt = dialogue.transact(parcel, recipients).await;
                self.keep(dialogue);
                attempt
            }
            Err(trouble) => {
                Attempt { replies: vec![None; recipients.len()], trouble: Some(trouble), is_acknowledged: false }
            }
        }
    }

    fn keep(&self, dialogue: Dialogue) {
        if dialogue.is_in_step {
            self.pool.put(dialogue);
        }
    }

    fn note(&self, trouble: Option<&Trouble>) {
        if let Some(Trouble::Spool(error)) = trouble {
            tracing::error!(%error, "a mail could not be read back from the spool; it is deferred");
            return;
        }
        let Some(trouble) = trouble else {
            if self.is_away.swap(false, Ordering::Relaxed) {
                tracing::warn!(place = %self.place, "the mailstore takes mail again");
            }
            return;
        };
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::error!(place = %self.place, %trouble, "mail for the mailstore is deferred until it is back");
        }
    }
}
