//! Entry: one mail set aside, four files, each encrypted, in a folder or as objects of a bucket (`shelf`).
//!
//! `key` holds two keys of this entry, locked with the operator's: one for the records of `message`, one
//! for `case` and `slip`. Whoever deletes the entry overwrites `key` first, so that nothing else of it can be read again,
//! wherever the file system left old copies. Only its slip changes, as a whole.

use super::{
    shelf::{Begun, Home, Shelf},
    slip::Slip,
};
use crate::seal::{
    safe::{self, KEY_BYTES, Safe},
    vault::{TAG_BYTES, Vault},
};
use std::io::{self, ErrorKind};

/// Octets of the mail in one record of `message`.
const RECORD_BYTES: usize = 256 << 10;
/// Stands in the number of the last record, so that a file cut at a record's end is no whole mail.
const LAST: u64 = 1 << 63;
pub const KEY: &str = "key";
pub const MESSAGE: &str = "message";
pub const CASE: &str = "case";
pub const SLIP: &str = "slip";
/// What an entry begins as.
pub const DRAFT: &str = ".new-";
/// What an entry is called while it is deleted.
pub const GONE: &str = ".gone-";

/// The keys of an entry.
struct Keys {
    records: Vault,
    papers: Safe,
}

impl Keys {
    fn of(octets: &[u8]) -> io::Result<Self> {
        let (records, rest) = octets.split_first_chunk::<KEY_BYTES>().ok_or(ErrorKind::InvalidData)?;
        let papers = rest.first_chunk::<KEY_BYTES>().ok_or(ErrorKind::InvalidData)?;
        Ok(Self {
            records: Vault::with_key(records).map_err(io::Error::other)?,
            papers: Safe::new(papers).map_err(io::Error::other)?,
        })
    }
}

/// An entry being written. Dropped before it is published, it is removed.
pub struct Draft {
    begun: Begun,
    keys: Keys,
    pending: Vec<u8>,
    records: u64,
    is_published: bool,
}

impl Draft {
    /// # Errors
    /// When the shelf does not take it.
    pub fn begin(shelf: &Shelf, id: &str, operator: &Safe) -> io::Result<Self> {
        let drawn = [safe::draw().map_err(io::Error::other)?, safe::draw().map_err(io::Error::other)?].concat();
        let locked = operator.lock(id, &drawn).map_err(io::Error::other)?;
        let keys = Keys::of(&drawn)?;
        let draft = Self { begun: shelf.begin(id)?, keys, pending: Vec::new(), records: 0, is_published: false };
        draft.begun.write(KEY, locked)?;
        Ok(draft)
    }

    /// # Errors
    /// When the shelf does not take it.
    pub fn push(&mut self, octets: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(octets);
        // The last record is written at the end, be it full or not.
        while self.pending.len() > RECORD_BYTES {
            let rest = self.pending.split_off(RECORD_BYTES);
            let record = std::mem::replace(&mut self.pending, rest);
            self.write_record(self.records, &record)?;
            self.records += 1;
        }
        Ok(())
    }

    fn write_record(&mut self, number: u64, octets: &[u8]) -> io::Result<()> {
        let record = self.keys.records.lock(number, octets).map_err(io::Error::other)?;
        self.begun.push(&record)
    }

    /// Writes the rest, synced, and shows the entry under its name.
    ///
    /// # Errors
    /// When the shelf fails: the mail is not stored then, or might be, and has to be deferred.
    pub fn publish(mut self, slip: &Slip, case: Option<&str>) -> io::Result<()> {
        let last = std::mem::take(&mut self.pending);
        self.write_record(self.records | LAST, &last)?;
        self.begun.end_message()?;
        if let Some(case) = case {
            self.begun.write(CASE, self.keys.papers.lock(CASE, case.as_bytes()).map_err(io::Error::other)?)?;
        }
        self.begun.show(locked(slip, &self.keys)?)?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_published {
            self.begun.discard();
        }
    }
}

/// A mail set aside.
pub struct Entry {
    pub id: String,
    home: Home,
    keys: Keys,
}

impl Entry {
    /// # Errors
    /// `NotFound` when it is gone; when it was altered or locked with another key.
    pub fn open(shelf: &Shelf, id: &str, operator: &Safe) -> io::Result<Self> {
        let (home, octets) = shelf.open(id)?;
        let octets = operator.unlock(id, &octets).map_err(|_| {
            io::Error::new(ErrorKind::InvalidData, format!("{id}: altered, or locked with another key"))
        })?;
        Ok(Self { id: id.to_owned(), keys: Keys::of(&octets)?, home })
    }

    /// Waits until nobody else changes the entry, as long as `self` lives.
    ///
    /// # Errors
    /// `NotFound` when it was deleted meanwhile.
    pub fn lock(&self) -> io::Result<()> {
        self.home.lock()
    }

    /// # Errors
    /// When it cannot be read, or was altered.
    pub fn slip(&self) -> io::Result<Slip> {
        let octets = self.paper(SLIP)?;
        serde_json::from_slice(&octets).map_err(io::Error::other)
    }

    /// The mail's circumstances and facts as text; `None` for mail that was sealed.
    ///
    /// # Errors
    /// When it cannot be read, or was altered.
    pub fn case(&self) -> io::Result<Option<String>> {
        match self.paper(CASE) {
            Ok(octets) => Ok(Some(String::from_utf8_lossy(&octets).into_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes the case. The caller holds the lock.
    ///
    /// # Errors
    /// When the shelf refuses.
    pub fn drop_case(&self) -> io::Result<()> {
        self.home.remove(CASE)
    }

    fn paper(&self, name: &str) -> io::Result<Vec<u8>> {
        self.keys.papers.unlock(name, &self.home.read(name)?).map_err(io::Error::other)
    }

    /// The whole mail as it would have been handed over.
    ///
    /// # Errors
    /// When it cannot be read, was altered or cut.
    pub fn message(&self) -> io::Result<Vec<u8>> {
        let stored = self.home.read(MESSAGE)?;
        let mut message = Vec::with_capacity(stored.len());
        let last = stored.len().div_ceil(RECORD_BYTES + TAG_BYTES).saturating_sub(1);
        for (place, record) in stored.chunks(RECORD_BYTES + TAG_BYTES).enumerate() {
            let number = place as u64 | if place == last { LAST } else { 0 };
            message.extend(self.keys.records.unlock(number, record.to_vec()).map_err(io::Error::other)?);
        }
        if stored.is_empty() { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(message) }
    }

    /// Replaces the slip, synced. The caller holds the lock.
    ///
    /// # Errors
    /// When the shelf does not take it: the old one stands.
    pub fn write_slip(&self, slip: &Slip) -> io::Result<()> {
        self.home.replace_slip(locked(slip, &self.keys)?)
    }

    /// Deletes the entry for good. The caller holds the lock.
    ///
    /// # Errors
    /// When the shelf refuses.
    pub fn erase(self) -> io::Result<()> {
        self.home.erase()
    }
}

fn locked(slip: &Slip, keys: &Keys) -> io::Result<Vec<u8>> {
    keys.papers.lock(SLIP, &serde_json::to_vec(slip)?).map_err(io::Error::other)
}
