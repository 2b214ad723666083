//! The store: what has to outlive a restart, as few operations on entries that expire.
//!
//! Every kind of entry has a table of its own. Get, put, add and forget with an expiry are what a file here and a server
//! shared by several machines can both do; whoever needs more composes it from these.

pub mod campaigns;
pub mod file;
pub mod memory;
pub mod partners;
pub mod remembered;
pub mod scans;
#[cfg(feature = "redis")]
mod secure;
#[cfg(feature = "redis")]
pub mod server;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum Site {
    /// A file of this machine.
    File(PathBuf),
    /// The URL of a Redis or Valkey server; it may hold a password. `ca` is a file of certificates to trust, for TLS.
    Server { url: String, ca: Option<PathBuf> },
}

impl Site {
    /// Reads `redb:PATH`, `redis://..` or `redis+unix:///..`; a relative path counts from `base`.
    ///
    /// # Errors
    /// What is wrong with it, without its password.
    pub fn parse(text: &str, base: &Path) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("redb:").filter(|path| !path.is_empty()) {
            return Ok(Self::File(base.join(path)));
        }
        if ["redis:", "rediss:", "redis+unix:"].iter().any(|scheme| text.starts_with(scheme)) {
            let site = Self::Server { url: text.to_owned(), ca: None };
            return site.open().map(|_| site).map_err(|trouble| trouble.to_string());
        }
        let scheme = text.split(':').next().unwrap_or_default();
        Err(format!(
            "`{scheme}:` is no state store: redb:PATH, redis://HOST:PORT, rediss://HOST:PORT or redis+unix:///PATH"
        ))
    }

    /// The same, where a server's certificate is verified by the authorities of this file alone.
    #[must_use]
    pub fn trusting(self, ca: Option<PathBuf>) -> Self {
        match self {
            Self::Server { url, .. } => Self::Server { url, ca },
            file @ Self::File(_) => file,
        }
    }

    /// The store for an operator's verb that runs beside a server.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_beside(&self) -> Result<Arc<dyn Store>, Trouble> {
        match self {
            Self::File(path) => Ok(Arc::new(file::File::beside(path))),
            Self::Server { .. } => self.open(),
        }
    }

    /// The store; nothing is connected or opened before its first use.
    ///
    /// # Errors
    /// The URL is none, or this program was built without the feature `redis`.
    pub fn open(&self) -> Result<Arc<dyn Store>, Trouble> {
        match self {
            Self::File(path) => Ok(Arc::new(file::File::new(path))),
            #[cfg(feature = "redis")]
            Self::Server { url, ca } => Ok(Arc::new(server::Server::new(url, ca.as_deref())?)),
            #[cfg(not(feature = "redis"))]
            Self::Server { .. } => Err(Trouble("this program was built without the feature redis".to_owned())),
        }
    }
}

impl std::fmt::Debug for Site {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(out, "redb:{}", path.display()),
            Self::Server { .. } => out.write_str("redis"),
        }
    }
}

/// A kind of entry: a table of its own, so that kinds never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Counters of mails by partner and level.
    PartnerMails,
    /// When a partner was seen.
    PartnerTimes,
    /// Keys that the names of other entries are hashed with, by period.
    Secrets,
    /// When something was first seen, under a hash.
    FirstSeen,
    /// How often something was seen in a stretch of time, under a hash.
    Counts,
    /// Copies of a shape, under the hash of a mark.
    Shapes,
    /// Campaigns, by name.
    Campaigns,
    /// The campaign that a mark belongs to, under its hash.
    CampaignNames,
    /// What the scanner said of octets, under the hash of their digest and of its signatures' version.
    Scans,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::PartnerMails,
        Self::PartnerTimes,
        Self::Secrets,
        Self::FirstSeen,
        Self::Counts,
        Self::Shapes,
        Self::Campaigns,
        Self::CampaignNames,
        Self::Scans,
    ];

    /// The name of its table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PartnerMails => "partner.mails",
            Self::PartnerTimes => "partner.times",
            Self::Secrets => "secrets",
            Self::FirstSeen => "first_seen",
            Self::Counts => "counts",
            Self::Shapes => "shapes",
            Self::Campaigns => "campaigns",
            Self::CampaignNames => "campaign_names",
            Self::Scans => "scans",
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
    /// The same, unless there is an entry that has not expired: the first one stays.
    PutNew {
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
    /// Appends records of `width` octets to a value, each unless it is there; of more than `most` the one in the middle goes,
    /// so that the first and the last stay.
    Append {
        kind: Kind,
        key: String,
        records: Vec<u8>,
        width: usize,
        most: usize,
        expires: i64,
    },
    Forget {
        kind: Kind,
        key: String,
    },
}

impl Change {
    /// The kind of the entry that changes.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Put { kind, .. }
            | Self::PutNew { kind, .. }
            | Self::Add { kind, .. }
            | Self::Append { kind, .. }
            | Self::Forget { kind, .. } => *kind,
        }
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. }
            | Self::PutNew { key, .. }
            | Self::Add { key, .. }
            | Self::Append { key, .. }
            | Self::Forget { key, .. } => key,
        }
    }
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

    /// Clears out what has expired, where that is not done by itself; gives how many entries.
    ///
    /// # Errors
    /// The store cannot be written.
    fn sweep(&self, _now: i64) -> Result<usize, Trouble> {
        Ok(0)
    }

    /// Nothing is asked for a moment: others may have the store.
    fn rest(&self) {}
}

/// A value with records appended, as every store does it.
fn appended(value: &[u8], records: &[u8], width: usize, most: usize) -> Vec<u8> {
    let width = width.max(1);
    let mut kept: Vec<&[u8]> = value.chunks(width).collect();
    for record in records.chunks(width) {
        if !kept.contains(&record) {
            kept.push(record);
        }
        if kept.len() > most {
            kept.remove(most / 2);
        }
    }
    kept.concat()
}

/// A counter's value.
#[must_use]
pub fn count(value: &[u8]) -> u64 {
    value.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets))
}
