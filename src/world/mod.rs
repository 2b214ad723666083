//! The world: whoever answers questions. The only trait between the filter and the outside.

pub mod clamd;
pub mod clock;
pub mod dns;
mod dns_socket;
pub mod faulty;
pub mod inspected;
pub mod labels;
pub mod live;
pub mod masterfile;
pub mod place;
pub mod store;
pub mod tokens;
pub mod zone;

use crate::{
    judge::entry::Deed,
    judge::facts::{Digest, Fact, Failure, Question, Scanned},
    mail::{address::Domain, transport::Level},
};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};

/// Whoever answers questions. Infallible by type: that no answer came is an answer.
///
/// Deadlines belong to the caller; implementations are cancelled by dropping the future.
pub trait World: Send + Sync {
    /// Answers one question. `Question::Virus` is answered here only when no scan was fed (`NotAsked`).
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact>;

    /// A virus scan that is fed while the message arrives; `None` when no scanner is configured.
    fn scan(&self) -> Option<Box<dyn Scan>>;

    /// Takes a note of a mail that was taken in, for questions of later mails. It may get lost; nobody waits for it.
    fn note(&self, _note: Note) {}

    /// What the scanner says of octets that are all there: a file out of an archive, a part in another reading.
    fn inspect(&self, _digest: &Digest, octets: Bytes) -> BoxFuture<'static, Scanned> {
        inspect(self.scan(), octets)
    }
}

/// What is worth remembering of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A mail of an authenticated domain came by this transport, at that second since 1970.
    Transport { domain: Domain, level: Level, at: i64 },
    /// What to write down of senders, at that second since 1970.
    Senders { deeds: Vec<Deed>, at: i64 },
}

/// Feeds octets to a scan of their own; without one nobody was asked.
pub fn inspect(scan: Option<Box<dyn Scan>>, octets: Bytes) -> BoxFuture<'static, Scanned> {
    async move {
        let Some(mut scan) = scan else { return Scanned::NotAsked };
        scan.feed(octets).await;
        match scan.finish().await {
            Fact::Virus(scanned) => scanned,
            other => Scanned::Failed(other.failure().unwrap_or(Failure::Malformed)),
        }
    }
    .boxed()
}

/// One virus scan under way.
pub trait Scan: Send {
    /// Takes the next bytes; returns when the scanner took them, so a slow scanner slows the socket.
    /// A scan that has failed swallows the rest at once and reports the failure from `finish`.
    fn feed(&mut self, bytes: Bytes) -> BoxFuture<'_, ()>;

    /// Ends the message and waits for the answer: a `Fact::Virus`, within `limits::SCAN_SECONDS_MAX`.
    fn finish(self: Box<Self>) -> BoxFuture<'static, Fact>;
}
