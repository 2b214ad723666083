//! Paper: a small file that several programs of this house change: one at a time, and always whole.
//!
//! Touches files. The lock is on a file beside it, `NAME.lock`, for the file itself is replaced.

use super::deliver::folder::{parent_of, sync_parent};
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Waits until nobody else changes the file, as long as what it answers lives.
///
/// # Errors
/// When the folder cannot be written.
pub fn lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(PathBuf::from(name))?;
    file.lock()?;
    Ok(file)
}

/// Puts these octets in place of the file, synced; the old one stays whole until then.
///
/// # Errors
/// When the disk does not take it; then the old one stands.
pub fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(parent_of(path))?;
    file.write_all(octets)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_parent(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, thread};

    #[test]
    fn changes_follow_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("count");
        replace(&path, b"0").unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let _held = lock(&path).unwrap();
                        let count: u32 = fs::read_to_string(&path).unwrap().parse().unwrap();
                        replace(&path, (count + 1).to_string().as_bytes()).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&path).unwrap(), "40");
    }
}
