//! Sweeping the quarantine: what is too old goes, and what is there is counted.
//!
//! Touches the folder. Names tell the age, so nothing is decrypted for it.

use super::{Quarantine, blocking, ids};
use crate::{limits, mail::timestamp::Timestamp, world::clock::now};
use std::{io, sync::atomic::Ordering};

/// What the quarantine holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    pub mails: usize,
    /// As they lie on the disk.
    pub octets: u64,
    /// Seconds since the oldest came; 0 without any.
    pub oldest_age: u64,
    /// Mails that this sweep deleted.
    pub deleted: usize,
}

impl Quarantine {
    /// Deletes mails that are older than they are kept, and what broken stores and deletions left; counts the rest.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sweep(&self) -> io::Result<Census> {
        let keep = i64::try_from(self.0.settings.keep.as_secs()).unwrap_or(i64::MAX);
        let oldest_kept = Timestamp::from_seconds(now().seconds().saturating_sub(keep).max(0)).basic();
        let mut deleted = 0;
        for id in self.ids()?.iter().take_while(|id| **id < oldest_kept) {
            match self.entry(id).and_then(|entry| entry.lock().and_then(|()| entry.erase())) {
                Ok(()) => deleted += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // Whatever it was, its days are over.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    self.0.shelf.erase(id)?;
                    deleted += 1;
                }
                Err(error) => return Err(error),
            }
        }
        self.0.shelf.sweep_remains(limits::QUARANTINE_DRAFT_MAX)?;
        self.recount().map(|census| Census { deleted, ..census })
    }

    /// The same, from a task.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn swept(&self) -> io::Result<Census> {
        let quarantine = self.clone();
        blocking(move || quarantine.sweep()).await
    }

    /// Counts what is there.
    pub(super) fn recount(&self) -> io::Result<Census> {
        let ids = ids(&self.0.shelf)?;
        let octets = self.0.shelf.octets(&ids)?;
        self.0.bytes.store(octets, Ordering::Relaxed);
        let came = ids.first().and_then(|id| seconds(id));
        let age = came.map_or(0, |came| now().seconds().saturating_sub(came));
        Ok(Census { mails: ids.len(), octets, oldest_age: u64::try_from(age).unwrap_or_default(), deleted: 0 })
    }
}

/// When the mail with this id came, in seconds since 1970.
fn seconds(id: &str) -> Option<i64> {
    let part = |from, to| id.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(9, 11)?, part(11, 13)?, part(13, 15)?);
    Timestamp::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).map(Timestamp::seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_age() {
        let time = Timestamp::from_seconds(1_772_356_447);
        assert_eq!(seconds(&format!("{}-0011223344556677", time.basic())), Some(time.seconds()));
    }
}
