//! Answers of the virus scanner in the store, so that every machine asks once about the same octets.
//!
//! Names are keyed hashes of digest and version of the signatures: nobody can look up who got which file, and new signatures ask
//! anew.

use super::{Change, Kind, Store, Trouble, remembered::Keys};
use crate::{
    judge::facts::{Digest, Scanned},
    limits,
};

fn text(digest: &Digest, version: &[u8]) -> String {
    format!("scan {} {}", digest.as_str(), String::from_utf8_lossy(version))
}

/// What was said of these octets.
///
/// # Errors
/// The store cannot be read.
pub fn get(
    store: &dyn Store,
    keys: &Keys,
    digest: &Digest,
    version: &[u8],
    now: i64,
) -> Result<Option<Scanned>, Trouble> {
    let found = store.get(Kind::Scans, &keys.names_of(&text(digest, version)), now)?;
    Ok(found.into_iter().flatten().next().and_then(|value| match value.split_first() {
        Some((b'c', [])) => Some(Scanned::Clean),
        Some((b'i', name)) => Some(Scanned::Infected(String::from_utf8_lossy(name).into_owned())),
        _ => None,
    }))
}

/// Keeps answers for a day.
///
/// # Errors
/// The store cannot be written; then nothing is.
pub fn keep(store: &dyn Store, keys: &Keys, answers: &[(Digest, Vec<u8>, Scanned)], now: i64) -> Result<(), Trouble> {
    let change = |(digest, version, scanned): &(Digest, Vec<u8>, Scanned)| {
        let value = match scanned {
            Scanned::Clean => b"c".to_vec(),
            Scanned::Infected(name) => [b"i", name.as_bytes()].concat(),
            Scanned::NotAsked | Scanned::Failed(_) => return None,
        };
        let key = keys.names_of(&text(digest, version)).into_iter().next()?;
        Some(Change::Put { kind: Kind::Scans, key, value, expires: now.saturating_add(limits::SCAN_KEPT_SECONDS) })
    };
    let changes: Vec<Change> = answers.iter().filter_map(change).collect();
    store.change(&changes, now)
}
