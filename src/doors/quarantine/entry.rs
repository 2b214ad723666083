//! Entry: one mail set aside, a folder with four files, each encrypted.
//!
//! Touches files. `key` holds two keys of this entry, locked with the operator's: one for the records of `message`, one
//! for `case` and `slip`. Whoever deletes the entry overwrites `key` first, so that nothing else of it can be read again,
//! wherever the file system left old copies. An entry is written as `.new-ID`, synced and renamed; only its slip changes,
//! by a rename.

use super::slip::Slip;
use crate::seal::{
    safe::{self, KEY_BYTES, Safe},
    vault::{TAG_BYTES, Vault},
};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Octets of the mail in one record of `message`.
const RECORD_BYTES: usize = 256 << 10;
/// Stands in the number of the last record, so that a file cut at a record's end is no whole mail.
const LAST: u64 = 1 << 63;
const KEY: &str = "key";
const MESSAGE: &str = "message";
const CASE: &str = "case";
const SLIP: &str = "slip";
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
    folder: PathBuf,
    place: PathBuf,
    message: File,
    keys: Keys,
    pending: Vec<u8>,
    records: u64,
    is_published: bool,
}

impl Draft {
    /// # Errors
    /// When the disk does not take it.
    pub fn begin(root: &Path, id: &str, operator: &Safe) -> io::Result<Self> {
        let folder = root.join(format!("{DRAFT}{id}"));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let drawn = [safe::draw().map_err(io::Error::other)?, safe::draw().map_err(io::Error::other)?].concat();
        write(&folder.join(KEY), &operator.lock(id, &drawn).map_err(io::Error::other)?)?;
        let message = create(&folder.join(MESSAGE))?;
        let place = root.join(id);
        Ok(Self {
            folder,
            place,
            message,
            keys: Keys::of(&drawn)?,
            pending: Vec::new(),
            records: 0,
            is_published: false,
        })
    }

    /// # Errors
    /// When the disk does not take it.
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
        self.message.write_all(&record)
    }

    /// Writes the rest, syncs every file and folder, and shows the entry under its name.
    ///
    /// # Errors
    /// When the disk fails: the mail is not stored then, or might be, and has to be deferred.
    pub fn publish(mut self, slip: &Slip, case: Option<&str>) -> io::Result<()> {
        let last = std::mem::take(&mut self.pending);
        self.write_record(self.records | LAST, &last)?;
        self.message.sync_all()?;
        if let Some(case) = case {
            write(&self.folder.join(CASE), &self.keys.papers.lock(CASE, case.as_bytes()).map_err(io::Error::other)?)?;
        }
        write(&self.folder.join(SLIP), &locked(slip, &self.keys)?)?;
        sync(&self.folder)?;
        fs::rename(&self.folder, &self.place)?;
        self.is_published = true;
        self.place.parent().map_or(Ok(()), sync)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_published {
            // What cannot be removed now is swept later.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A mail set aside.
pub struct Entry {
    pub id: String,
    folder: PathBuf,
    keys: Keys,
    /// Kept while the entry is changed.
    lock: File,
}

impl Entry {
    /// # Errors
    /// `NotFound` when it is gone; when it was altered or locked with another key.
    pub fn open(root: &Path, id: &str, operator: &Safe) -> io::Result<Self> {
        let folder = root.join(id);
        let mut lock = File::open(folder.join(KEY))?;
        let mut octets = Vec::new();
        lock.read_to_end(&mut octets)?;
        let octets = operator.unlock(id, &octets).map_err(|_| {
            io::Error::new(ErrorKind::InvalidData, format!("{}: altered, or locked with another key", folder.display()))
        })?;
        Ok(Self { id: id.to_owned(), keys: Keys::of(&octets)?, folder, lock })
    }

    /// Waits until nobody else changes the entry, as long as `self` lives.
    ///
    /// # Errors
    /// `NotFound` when it was deleted meanwhile.
    pub fn lock(&self) -> io::Result<()> {
        self.lock.lock()?;
        fs::metadata(self.folder.join(KEY)).map(drop)
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
    /// When the disk refuses.
    pub fn drop_case(&self) -> io::Result<()> {
        match fs::remove_file(self.folder.join(CASE)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => sync(&self.folder),
        }
    }

    fn paper(&self, name: &str) -> io::Result<Vec<u8>> {
        self.keys.papers.unlock(name, &fs::read(self.folder.join(name))?).map_err(io::Error::other)
    }

    /// The whole mail as it would have been handed over.
    ///
    /// # Errors
    /// When it cannot be read, was altered or cut.
    pub fn message(&self) -> io::Result<Vec<u8>> {
        let stored = fs::read(self.folder.join(MESSAGE))?;
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
    /// When the disk does not take it: the old one stands.
    pub fn write_slip(&self, slip: &Slip) -> io::Result<()> {
        let draft = self.folder.join(".slip");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        write(&draft, &locked(slip, &self.keys)?)?;
        fs::rename(&draft, self.folder.join(SLIP))?;
        sync(&self.folder)
    }

    /// Deletes the entry for good. The caller holds the lock.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn erase(self) -> io::Result<()> {
        let gone = self.folder.with_file_name(format!("{GONE}{}", self.id));
        fs::rename(&self.folder, &gone)?;
        erase_folder(&gone)
    }
}

/// Overwrites the keys of an entry, and removes it.
///
/// # Errors
/// When the disk refuses.
pub fn erase_folder(folder: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(folder.join(KEY)) {
        Ok(mut key) => {
            let bytes = usize::try_from(key.metadata()?.len()).unwrap_or_default();
            key.write_all(&vec![0; bytes])?;
            key.sync_all()?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    match fs::remove_dir_all(folder) {
        // A sweep was quicker.
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    folder.parent().map_or(Ok(()), sync)
}

fn locked(slip: &Slip, keys: &Keys) -> io::Result<Vec<u8>> {
    keys.papers.lock(SLIP, &serde_json::to_vec(slip)?).map_err(io::Error::other)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn write(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
