//! Watched: the files whose change is looked for while the server runs, so that nobody has to tell it (DESIGN.md D22).
//!
//! Reads folders and the times of files.

use super::{Settings, keyring, lent, rules};
use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// When and how large files are: another stamp, other contents.
pub type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// The stamp of everything that is read beside the configuration file: rules, lists, policies, keys, the model.
#[must_use]
pub fn stamp(settings: &Settings) -> Stamp {
    let files = [
        &settings.recipients_file,
        &settings.subjects_file,
        &settings.encryption_file,
        &settings.encryption_anchors,
        &settings.model_file,
        &settings.admin_tokens_file,
        // Its time changes when a key comes or goes.
        &settings.encryption_keys,
    ];
    let mut paths: Vec<PathBuf> = files.into_iter().flatten().cloned().collect();
    paths.extend(settings.rules_dir.iter().flat_map(|path| rules::paths(path)));
    paths.extend(lent::paths(settings));
    paths.extend(settings.recipient_keys.iter().flat_map(|folder| keyring::paths(folder)));
    paths.iter().map(|path| of(path)).collect()
}

fn of(path: &Path) -> (PathBuf, u64, Option<SystemTime>) {
    let known = fs::metadata(path).ok();
    let bytes = known.as_ref().map_or(0, fs::Metadata::len);
    (path.to_owned(), bytes, known.and_then(|known| known.modified().ok()))
}
