//! The folders of private keys that classes lend: `ADDRESS.asc`, `.key`, `.pem` for one mailbox, other names for the class.
//!
//! Reads files.

use super::{Settings, folder as listed, policy};
use crate::{
    judge::{
        document::Complaint,
        policy::{
            encryption::{Class, Encryption, loans::Loan},
            whom::Whom,
        },
    },
    limits,
    mail::{address::Address, unpack::lent::Key},
};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Extensions of files that hold keys; others are left alone.
const EXTENSIONS: [&str; 5] = ["asc", "key", "pem", "gpg", "pgp"];

/// Reads the keys that classes lend into the policy.
///
/// # Errors
/// Every class with a key that cannot be read or used, at its place.
pub fn read(settings: &Settings, encryption: &mut Encryption) -> Vec<Complaint> {
    let (mut loans, mut complaints) = (Vec::new(), Vec::new());
    for class in &encryption.classes {
        let Some(folder) = folder(settings, class) else { continue };
        match keys(&folder, class, encryption) {
            Ok(found) => loans.extend(found),
            Err(wrong) => complaints.extend(wrong.into_iter().map(|what| {
                let what = format!("class `{}` lends private keys, but {what}", class.name);
                Complaint { position: class.at.position(), what }
            })),
        }
    }
    encryption.loans = loans;
    complaints
}

/// Every file with a lent key, for those who watch them.
#[must_use]
pub fn paths(settings: &Settings) -> Vec<PathBuf> {
    folders(settings).iter().flat_map(|folder| listed::files(folder, &EXTENSIONS).unwrap_or_default()).collect()
}

/// The folders that classes lend keys from.
#[must_use]
pub fn folders(settings: &Settings) -> Vec<PathBuf> {
    let Ok(encryption) = policy::encryption(settings.encryption_file.as_deref()) else { return Vec::new() };
    encryption.classes.iter().filter_map(|class| folder(settings, class)).collect()
}

/// The folder of a class; a relative one lies beside the file that names it.
fn folder(settings: &Settings, class: &Class) -> Option<PathBuf> {
    let base = settings.encryption_file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    class.lent.as_ref().map(|folder| base.join(folder))
}

fn keys(folder: &Path, class: &Class, encryption: &Encryption) -> Result<Vec<Loan>, Vec<String>> {
    let shown = folder.display();
    let files = listed::files(folder, &EXTENSIONS).map_err(|error| vec![format!("{shown} cannot be read: {error}")])?;
    if files.is_empty() {
        return Err(vec![format!("{shown} holds none; lay ADDRESS.asc, ADDRESS.key or ADDRESS.pem into it")]);
    }
    if files.len() > limits::LENT_FILES_MAX {
        return Err(vec![format!("{shown} holds more than {} files", limits::LENT_FILES_MAX)]);
    }
    let (mut loans, mut wrong) = (Vec::new(), Vec::new());
    for path in files {
        match loan(&path, class, encryption) {
            Ok(found) => loans.extend(found),
            Err(what) => wrong.push(what),
        }
    }
    if wrong.is_empty() { Ok(loans) } else { Err(wrong) }
}

/// The keys of one file, for whom its name says.
fn loan(path: &Path, class: &Class, encryption: &Encryption) -> Result<Vec<Loan>, String> {
    let path = policy::secret(path)?;
    let shown = path.display();
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let mailbox = if stem.contains('@') { Whom::parse(stem) } else { None };
    if mailbox.is_some() && encryption.class_of(&Address::new(stem)).is_none_or(|theirs| theirs.name != class.name) {
        return Err(format!("{shown} is for an address of another class; lay it into that one's folder"));
    }
    let octets = listed::octets(&path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let keys = Key::read(&octets).map_err(|what| format!("{shown} {what}"))?;
    let loan = |key| Loan { class: class.name.clone(), mailbox: mailbox.clone(), key: Arc::new(key) };
    Ok(keys.into_iter().map(loan).collect())
}
