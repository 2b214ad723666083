//! Faults of ours: the case of a mail that a check panicked on, kept so that it can be repeated and mended.
//!
//! The mail itself was deferred and stays with the MTA. Bounded in number; only the owner may read it.

use crate::{judge::case::Case, limits, mail::hex::hex};
use bytes::Bytes;
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
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

    /// Deletes the cases that were kept long enough. Blocking.
    ///
    /// # Errors
    /// When the disk does not let one go.
    pub fn sweep(&self, now: SystemTime) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        entries.filter_map(Result::ok).map(|entry| sweep_one(&entry.path(), now)).fold(Ok(()), io::Result::and)
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
        let folder = self.folder.join(hex(digest.as_ref().iter().take(8)));
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

/// We are at fault: says it, and keeps the case for whoever mends it; but not of a mail that is to be sealed
/// or was opened with a lent key, for no plaintext of it may touch the disk.
pub(super) async fn keep(faults: Option<Arc<Faults>>, raw: Bytes, case: Case, may_be_kept: bool) {
    if !may_be_kept {
        tracing::error!(
            "judge: a check panicked; this mail is deferred, its case is not kept: it is to be sealed, or opened with a lent key"
        );
        return;
    }
    let Some(faults) = faults else {
        tracing::error!("judge: a check panicked; this mail is deferred");
        return;
    };
    let saved = tokio::task::spawn_blocking(move || faults.save(&raw, &case)).await;
    match saved.map_err(io::Error::other).flatten() {
        Ok(Some(folder)) => {
            tracing::error!(case = %folder.display(), "judge: a check panicked; this mail is deferred, its case is kept");
        }
        Ok(None) => tracing::error!("judge: a check panicked; this mail is deferred, enough cases are kept already"),
        Err(error) => {
            tracing::error!(%error, "judge: a check panicked; this mail is deferred, its case cannot be kept");
        }
    }
}

/// Deletes the folder of a case whose mail was written longer ago than it may be kept. Half a case counts by its folder.
fn sweep_one(case: &Path, now: SystemTime) -> io::Result<()> {
    let written = fs::metadata(case.join("message.eml")).or_else(|_| fs::metadata(case))?.modified()?;
    let age = now.duration_since(written).unwrap_or_default();
    if age > limits::FAULT_CASE_SECONDS_MAX { fs::remove_dir_all(case) } else { Ok(()) }
}

fn write(path: &Path, octets: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_case_is_deleted_when_its_days_are_over() {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new(folder.path().join("faults"));
        faults.sweep(SystemTime::now()).unwrap();
        for (case, files) in [("whole", &["message.eml", "case.toml"][..]), ("half", &[])] {
            let case = folder.path().join("faults").join(case);
            fs::create_dir_all(&case).unwrap();
            for file in files {
                fs::write(case.join(file), "x").unwrap();
            }
        }
        let count = || fs::read_dir(folder.path().join("faults")).unwrap().count();
        faults.sweep(SystemTime::now()).unwrap();
        assert_eq!(count(), 2);
        faults.sweep(SystemTime::now() + limits::FAULT_CASE_SECONDS_MAX + Duration::from_secs(9)).unwrap();
        assert_eq!(count(), 0);
    }
}
