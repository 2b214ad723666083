//! The store: what has to outlive a restart, as few operations on entries that expire.
//!
//! Every kind of entry has a table of its own. Get, put, add and forget with an expiry are what a file here and a server
//! shared by several machines can both do; whoever needs more composes it from these.

pub mod file;
pub mod memory;
pub mod partners;

/// A kind of entry: a table of its own, so that kinds never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Counters of mails by partner and level.
    PartnerMails,
    /// When a partner was seen.
    PartnerTimes,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::PartnerMails, Self::PartnerTimes];

    /// The name of its table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PartnerMails => "partner.mails",
            Self::PartnerTimes => "partner.times",
        }
    }
}

/// A change to one entry. `expires` are seconds since 1970; an entry is gone from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Put {
        kind: Kind,
        key: String,
        value: Vec<u8>,
        expires: i64,
    },
    /// Adds to a counter, which begins at 0; its value is eight octets, the most significant first.
    Add {
        kind: Kind,
        key: String,
        by: u64,
        expires: i64,
    },
    Forget {
        kind: Kind,
        key: String,
    },
}

/// Why the store did not do it, in words for operators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

/// Whoever keeps entries. Calls block: never on a thread that serves sockets.
pub trait Store: Send + Sync {
    /// The values of some keys that have not expired at `now`, same order.
    ///
    /// # Errors
    /// The store cannot be read.
    fn get(&self, kind: Kind, keys: &[String], now: i64) -> Result<Vec<Option<Vec<u8>>>, Trouble>;

    /// Makes all changes or none.
    ///
    /// # Errors
    /// The store cannot be written.
    fn change(&self, changes: &[Change], now: i64) -> Result<(), Trouble>;

    /// Every entry of a kind that has not expired, by key.
    ///
    /// # Errors
    /// The store cannot be read.
    fn all(&self, kind: Kind, now: i64) -> Result<Vec<(String, Vec<u8>)>, Trouble>;

    /// Nothing is asked for a moment: others may have the store.
    fn rest(&self) {}
}

/// A counter's value.
#[must_use]
pub fn count(value: &[u8]) -> u64 {
    value.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets))
}
