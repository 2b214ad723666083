//! Whom the operator trusts to sign: the files that `encryption.anchors` and `encryption.keys` name.
//!
//! Reads files.

use crate::{
    judge::{auth::signed::trust::Trust, document::Errors},
    limits,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// File names of keys.
const EXTENSIONS: [&str; 4] = ["asc", "pgp", "gpg", "key"];

/// Reads the authorities of a file and the keys of a folder.
///
/// # Errors
/// Everything that is wrong with each file.
pub fn read(anchors: Option<&Path>, keys: Option<&Path>) -> Result<Trust, Errors> {
    let mut trust = Trust::default();
    let mut complaints = Vec::new();
    let mut complain =
        |path: &Path, what: String| complaints.extend(Errors::whole_file(&path.display().to_string(), what).0);
    if let Some(path) = anchors
        && let Err(what) = octets(path).and_then(|pem| authorities(&pem, &mut trust))
    {
        complain(path, what);
    }
    match keys.map(|folder| (folder, files(folder))) {
        Some((_, Ok(found))) => {
            for path in found {
                if let Err(what) = octets(&path).and_then(|octets| trust.add_keys(&octets)) {
                    complain(&path, what);
                }
            }
        }
        Some((folder, Err(what))) => complain(folder, what),
        None => {}
    }
    complaints.sort();
    if complaints.is_empty() { Ok(trust) } else { Err(Errors(complaints)) }
}

fn authorities(pem: &[u8], trust: &mut Trust) -> Result<(), String> {
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|error| format!("is no PEM file ({error}); write certificates as PEM"))?;
        trust.add_authority(&certificate)?;
        count += 1;
    }
    if count == 0 {
        return Err("holds no certificate; put the PEM certificates of the trusted authorities into it".to_owned());
    }
    Ok(())
}

/// The key files of a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read the folder: {error}"))?;
    let is_key = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str())
    };
    let mut found = Vec::new();
    for entry in entries {
        found.extend(Some(entry.map_err(|error| format!("cannot read the folder: {error}"))?.path()).filter(is_key));
        if found.len() > limits::TRUST_FILES_MAX {
            return Err(format!("holds more than {} keys; put several into one file", limits::TRUST_FILES_MAX));
        }
    }
    found.sort();
    Ok(found)
}

fn octets(path: &Path) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(limits::TRUST_FILE_BYTES_MAX + 1).read_to_end(&mut octets));
    let count = read.map_err(|error| format!("cannot read it: {error}"))?;
    if u64::try_from(count).is_ok_and(|count| count > limits::TRUST_FILE_BYTES_MAX) {
        return Err(format!("is larger than {} octets", limits::TRUST_FILE_BYTES_MAX));
    }
    Ok(octets)
}
