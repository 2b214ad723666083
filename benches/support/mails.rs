//! Mails of a folder, for benches.

use bytes::Bytes;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// At most so many mails, spread over the whole tree, the same on every run.
pub fn read(folder: &Path, mails_max: usize) -> Vec<Bytes> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder").flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { paths.push(entry.path()) }
        }
    }
    paths.sort();
    assert!(!paths.is_empty(), "{}: no mails", folder.display());
    let step = (paths.len() / mails_max).max(1);
    paths.iter().step_by(step).take(mails_max).map(|path| fs::read(path).expect("a readable mail").into()).collect()
}
