//! The store in one file of this machine (redb): transactions, no server.
//!
//! Touches the file. Only one process can have it open, so it is closed at every rest, and waited for at most a second.

use super::{Change, Kind, Store, Trouble, appended, count};
use crate::limits;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    thread,
    time::{Duration, Instant},
};

/// How long another process may have the file: mail waits meanwhile.
const WAIT_SECONDS_MAX: Duration = Duration::from_secs(1);
/// The same for an operator, who waits until a busy server rests (`limits::STORE_RESTS_EVERY`).
const BESIDE_SECONDS_MAX: Duration = Duration::from_secs(15);
const WAIT_STEP: Duration = Duration::from_millis(5);
/// Octets of the file kept in memory.
const CACHE_BYTES: usize = 4 << 20;

/// Values begin with their expiry, eight octets.
type Table = TableDefinition<'static, &'static str, &'static [u8]>;

/// A store in a file.
pub struct File {
    path: PathBuf,
    open: RwLock<Option<Database>>,
    /// How long another process may have the file.
    patience: Duration,
}

impl File {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), open: RwLock::new(None), patience: WAIT_SECONDS_MAX }
    }

    /// The same for an operator's verb beside a busy server, which rests seldom.
    #[must_use]
    pub fn beside(path: &Path) -> Self {
        Self { patience: BESIDE_SECONDS_MAX, ..Self::new(path) }
    }

    /// Works on the open file; many may at once, for readers do not wait for whoever writes.
    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, Trouble> {
        let mut open = self.read();
        while open.is_none() {
            drop(open);
            let mut closed = self.closed();
            if closed.is_none() {
                *closed = Some(self.opened()?);
            }
            drop(closed);
            open = self.read();
        }
        let done = open.as_ref().map(work);
        drop(open);
        match done {
            Some(Ok(done)) => Ok(done),
            Some(Err(error)) => {
                // After a failure the file is opened anew: the next use may find it mended.
                self.rest();
                Err(self.trouble(&error))
            }
            None => Err(self.trouble(&"the file was closed")),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody works on the file.
    fn closed(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> Result<Database, Trouble> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| self.trouble(&error))?;
        }
        let is_new = !self.path.exists();
        let until = Instant::now() + self.patience;
        let database = loop {
            match Database::builder().set_cache_size(CACHE_BYTES).create(&self.path) {
                Ok(database) => break database,
                Err(DatabaseError::DatabaseAlreadyOpen) if Instant::now() < until => thread::sleep(WAIT_STEP),
                Err(error) => return Err(self.trouble(&error)),
            }
        };
        if is_new {
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&self.path, private).map_err(|error| self.trouble(&error))?;
        }
        Ok(database)
    }

    fn trouble(&self, why: &dyn std::fmt::Display) -> Trouble {
        Trouble(format!("{}: {why}", self.path.display()))
    }
}

impl Store for File {
    fn get(&self, kind: Kind, keys: &[String], now: i64) -> Result<Vec<Option<Vec<u8>>>, Trouble> {
        self.with(|database| {
            let reading = database.begin_read()?;
            let table = match reading.open_table(table(kind)) {
                Ok(table) => table,
                Err(TableError::TableDoesNotExist(_)) => return Ok(vec![None; keys.len()]),
                Err(error) => return Err(error.into()),
            };
            let mut values = Vec::new();
            for key in keys {
                let found = table.get(key.as_str())?;
                values.push(found.and_then(|kept| live(kept.value(), now).map(<[u8]>::to_vec)));
            }
            Ok(values)
        })
    }

    fn change(&self, changes: &[Change], now: i64) -> Result<(), Trouble> {
        self.with(|database| {
            let writing = database.begin_write()?;
            for change in changes {
                apply(&writing, change, now)?;
            }
            writing.commit()?;
            Ok(())
        })
    }

    fn all(&self, kind: Kind, now: i64) -> Result<Vec<(String, Vec<u8>)>, Trouble> {
        self.with(|database| {
            let reading = database.begin_read()?;
            let table = match reading.open_table(table(kind)) {
                Ok(table) => table,
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            };
            let mut found = Vec::new();
            for entry in table.iter()? {
                let (key, kept) = entry?;
                found.extend(live(kept.value(), now).map(|value| (key.value().to_owned(), value.to_vec())));
            }
            Ok(found)
        })
    }

    fn sweep(&self, now: i64) -> Result<usize, Trouble> {
        if !self.path.exists() {
            return Ok(0);
        }
        let gone = self.with(|database| {
            let mut gone = 0_usize;
            let writing = database.begin_write()?;
            for kind in Kind::ALL {
                writing.open_table(table(kind))?.retain(|_, kept| {
                    let is_live = live(kept, now).is_some();
                    gone += usize::from(!is_live);
                    is_live
                })?;
            }
            writing.commit()?;
            Ok(gone)
        })?;
        if gone >= limits::STORE_COMPACTED_FROM
            && let Some(database) = &mut *self.closed()
        {
            database.compact().map_err(|error| self.trouble(&error))?;
        }
        Ok(gone)
    }

    fn rest(&self) {
        drop(self.closed().take());
    }
}

fn table(kind: Kind) -> Table {
    TableDefinition::new(kind.word())
}

/// The value, unless it has expired or is not one of ours.
fn live(kept: &[u8], now: i64) -> Option<&[u8]> {
    let (expires, value) = kept.split_first_chunk()?;
    (i64::from_be_bytes(*expires) > now).then_some(value)
}

fn apply(writing: &redb::WriteTransaction, change: &Change, now: i64) -> Result<(), redb::Error> {
    let kept = |expires: i64, value: &[u8]| [&expires.to_be_bytes(), value].concat();
    match change {
        Change::Put { kind, key, value, expires } => {
            writing.open_table(table(*kind))?.insert(key.as_str(), kept(*expires, value).as_slice())?;
        }
        Change::PutNew { kind, key, value, expires } => {
            let mut table = writing.open_table(table(*kind))?;
            let is_there = table.get(key.as_str())?.is_some_and(|kept| live(kept.value(), now).is_some());
            if !is_there {
                table.insert(key.as_str(), kept(*expires, value).as_slice())?;
            }
        }
        Change::Add { kind, key, by, expires } => {
            let mut table = writing.open_table(table(*kind))?;
            let before =
                table.get(key.as_str())?.and_then(|kept| live(kept.value(), now).map(count)).unwrap_or_default();
            let sum = before.saturating_add(*by).to_be_bytes();
            table.insert(key.as_str(), kept(*expires, &sum).as_slice())?;
        }
        Change::Append { kind, key, records, width, most, expires } => {
            let mut table = writing.open_table(table(*kind))?;
            let before = table.get(key.as_str())?.and_then(|kept| live(kept.value(), now).map(<[u8]>::to_vec));
            let value = appended(&before.unwrap_or_default(), records, *width, *most);
            table.insert(key.as_str(), kept(*expires, &value).as_slice())?;
        }
        Change::Forget { kind, key } => {
            writing.open_table(table(*kind))?.remove(key.as_str())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, expires: i64) -> Change {
        Change::Put { kind: Kind::PartnerTimes, key: key.to_owned(), value: b"v".to_vec(), expires }
    }

    #[test]
    fn what_expired_is_swept_and_the_file_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        let store = File::new(&path);
        let mut sizes = Vec::new();
        for round in 0..6_i64 {
            let now = round * 1000;
            let puts: Vec<Change> =
                (0..12_000).map(|number| put(&format!("{round} {number} {}", "x".repeat(60)), now + 999)).collect();
            store.change(&puts, now).unwrap();
            let gone = store.sweep(now + 500).unwrap();
            assert_eq!(gone, 0, "what lives stays");
            assert_eq!(store.sweep(now + 1000).unwrap(), 12_000);
            sizes.push(fs::metadata(&path).unwrap().len());
        }
        store.change(&[put("kept", 10_000)], 6000).unwrap();
        store.sweep(6000).unwrap();
        assert_eq!(store.all(Kind::PartnerTimes, 6000).unwrap().len(), 1);
        let (first, last) = (sizes.first().unwrap(), sizes.last().unwrap());
        assert!(last <= first && *last < 1 << 20, "{sizes:?}");
    }

    #[test]
    fn two_users_of_the_file_take_turns_and_a_broken_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        let (one, other) = (File::new(&path), File::new(&path));
        one.change(&[put("a", 10)], 0).unwrap();
        assert!(other.all(Kind::PartnerTimes, 0).is_err(), "the file is in use");
        one.rest();
        assert_eq!(other.all(Kind::PartnerTimes, 0).unwrap().len(), 1);
        other.rest();
        fs::write(&path, b"no store at all, but some text").unwrap();
        assert!(one.all(Kind::PartnerTimes, 0).unwrap_err().0.contains("state.redb"));
    }
}
