//! A folder with one key a file: which of its files count, and what one holds.
//!
//! Reads files.

use crate::limits;
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The files with one of these extensions, in the order of their names; others are left alone.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(folder: &Path, extensions: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().and_then(OsStr::to_str).is_some_and(|extension| extensions.contains(&extension)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What a file holds.
///
/// # Errors
/// When it cannot be read, or is larger than any key.
pub fn octets(path: &Path) -> io::Result<Vec<u8>> {
    let bound = u64::try_from(limits::KEY_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut octets = Vec::new();
    File::open(path)?.take(bound.saturating_add(1)).read_to_end(&mut octets)?;
    if octets.len() > limits::KEY_FILE_BYTES_MAX {
        return Err(io::Error::other("too large"));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.pem", "a.asc", "c.txt", "asc"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let found = files(folder.path(), &["asc", "pem"]).unwrap();
        assert_eq!(found, ["a.asc", "b.pem"].map(|name| folder.path().join(name)));
        assert_eq!(octets(found.first().unwrap()).unwrap(), b"a.asc");
        fs::write(folder.path().join("large.pem"), vec![0; limits::KEY_FILE_BYTES_MAX + 1]).unwrap();
        assert!(octets(&folder.path().join("large.pem")).is_err());
    }
}
