//! The folder of recipients' keys: `ADDRESS.asc`, `ADDRESS.pem`, `ADDRESS.crt`, one key a file.
//!
//! Reads files. A key that cannot be used is kept with its reason: one expired certificate must not stop a reload.

use super::folder;
use crate::{
    judge::document::Errors,
    limits,
    seal::keyring::{Entry, Key, Keyring, Reason},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Extensions of files that hold keys; others are left alone.
const EXTENSIONS: [&str; 3] = ["asc", "pem", "crt"];

/// Reads every key of the folder; without a folder there are none.
///
/// # Errors
/// When the folder cannot be read, or holds more keys than a program can keep.
pub fn read(folder: Option<&Path>) -> Result<Keyring, Errors> {
    let mut keyring = Keyring::default();
    let Some(folder) = folder else { return Ok(keyring) };
    let wrong = |what: String| Errors::whole_file(&folder.display().to_string(), what);
    let files = folder::files(folder, &EXTENSIONS)
        .map_err(|error| wrong(format!("encryption.recipient_keys: cannot read it: {error}")))?;
    if files.len() > limits::KEY_FILES_MAX {
        return Err(wrong(format!("encryption.recipient_keys: more than {} keys", limits::KEY_FILES_MAX)));
    }
    for path in files {
        let address = path.file_stem().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let key = folder::octets(&path).map_err(|_| Reason::Unreadable).and_then(|octets| Key::read(&octets, &address));
        keyring.add(&address, Entry { file: path.display().to_string(), key: key.map(Arc::new) });
    }
    Ok(keyring)
}

/// Every file with a key.
#[must_use]
pub fn paths(folder: &Path) -> Vec<PathBuf> {
    folder::files(folder, &EXTENSIONS).unwrap_or_default()
}
