//! The learned model that the configuration names.
//!
//! Reads one file.

use crate::judge::{
    document::Errors,
    learned::{file, model::Model},
};
use std::{fs::File, io::Read, path::Path};

/// Reads a model, prepared for many mails.
///
/// # Errors
/// When the file cannot be read, or is not as it was written.
pub fn read(path: &Path) -> Result<Model, Errors> {
    let told = |what: String| Errors::whole_file(&path.display().to_string(), what);
    let bound = u64::try_from(file::FILE_BYTES_MAX).unwrap_or(u64::MAX - 1) + 1;
    let mut octets = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bound).read_to_end(&mut octets));
    read.map_err(|error| told(format!("cannot read it: {error}")))?;
    Model::of_file(&octets).map(Model::prepared).map_err(told)
}
