//! Paper: a small file that several programs of this house change: one at a time, and always whole.
//!
//! Touches files. The lock is on a file beside it, `NAME.lock`, for the file itself is replaced.

use super::deliver::folder::{parent_of, sync_parent};
use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
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

/// Puts these octets in place of the file, synced; the old one stays whole until then, and its mode counts for the new one.
/// A new one is for this user alone. Behind a link the file itself is replaced; what is no file (a device, a pipe) is written.
///
/// # Errors
/// When the disk does not take it; then the old one stands.
pub fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    replace_or_make(path, octets, 0o600)
}

/// The same; a new file has this mode, without what the umask takes.
///
/// # Errors
/// When the disk does not take it; then the old one stands.
pub fn replace_or_make(path: &Path, octets: &[u8], mode: u32) -> io::Result<()> {
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(octets);
    }
    let real = if old.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(parent_of(&real))?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.write_all(octets)?;
    file.as_file().sync_all()?;
    file.persist(&real).map_err(|error| error.error)?;
    sync_parent(&real)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::fs::symlink, thread};

    #[test]
    fn a_link_stays_one_and_a_device_too() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        replace_or_make(&file, b"1", 0o640).unwrap();
        symlink(&file, &link).unwrap();
        replace(&link, b"2").unwrap();
        assert!(link.is_symlink());
        assert_eq!(
            (fs::read(&file).unwrap(), file.metadata().unwrap().permissions().mode() & 0o777),
            (b"2".to_vec(), 0o640)
        );
        let device = folder.path().join("device");
        symlink("/dev/full", &device).unwrap();
        assert_eq!(replace(&device, b"3").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(!fs::metadata("/dev/full").unwrap().is_file());
    }

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
