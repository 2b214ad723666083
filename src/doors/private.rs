//! Private: a file that only its owner may read.

use super::deliver::folder::{make_with_parents, parent_of, sync_parent};
use std::{
    fs::{self, Metadata, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Where a file is made first: nobody may read half of it.
pub const DRAFT: &str = ".tmp";

/// May others than its owner read it?
#[must_use]
pub fn is_open(found: &Metadata) -> bool {
    found.permissions().mode() & 0o077 != 0
}

/// What is known of a file that holds `what`, such as "the key of the quarantine".
///
/// # Errors
/// In words, with what to do: no file, or others may read it.
pub fn found(file: &Path, what: &str) -> Result<Metadata, String> {
    let shown = file.display();
    let found = fs::metadata(file).map_err(|error| format!("{shown}: cannot read {what}: {error}"))?;
    if is_open(&found) {
        return Err(format!("{shown} holds {what} and others can read it; say chmod 600 {shown}"));
    }
    Ok(found)
}

/// Makes the file, unless there is one: another process may be faster, and its file counts then. Synced.
///
/// # Errors
/// When the disk refuses.
pub fn make(file: &Path, octets: &[u8]) -> io::Result<()> {
    make_with_parents(parent_of(file))?;
    let draft = file.with_extension(format!("{}{DRAFT}", std::process::id()));
    let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let linked = made.write_all(octets).and_then(|()| made.sync_all()).and_then(|()| fs::hard_link(&draft, file));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_parent(file),
    }
}
