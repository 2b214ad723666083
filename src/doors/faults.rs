//! Faults of ours: the case of a mail that a check panicked on, kept so that it can be repeated and mended.
//!
//! The mail itself was deferred and stays with the MTA. Bounded in number; only the owner may read it.

use crate::{judge::case::Case, limits};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// A folder of cases, each a folder with `message.eml` and `case.toml`.
pub struct Faults {
    folder: PathBuf,
}

impl Faults {
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps one case; `None` when there are enough already. Blocking.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn save(&self, raw: &[u8], case: &Case) -> io::Result<Option<PathBuf>> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if fs::read_dir(&self.folder)?.count() >= limits::FAULT_CASES_MAX {
            return Ok(None);
        }
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, raw);
        let name: String = digest.as_ref().iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        let folder = self.folder.join(name);
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            // The same mail again: the MTA tries anew.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Some(folder)),
            created => created?,
        }
        write(&folder.join("message.eml"), raw)?;
        write(&folder.join("case.toml"), case.to_text().as_bytes())?;
        Ok(Some(folder))
    }
}

fn write(path: &Path, octets: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(octets)
}
