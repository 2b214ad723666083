//! Teacher: the file of the learned model, read, taught one mail and written back, as `wehr learn` does.
//!
//! Touches the file, under its lock.

use super::paper;
use crate::{
    judge::learned::{
        file,
        model::{Class, Model},
    },
    mail::message::Message,
};
use std::{fs::File, io::Read, path::Path};

/// Reads a model.
///
/// # Errors
/// In words: the file cannot be read, or is not as it was written.
pub fn read(path: &Path) -> Result<Model, String> {
    let told = |what: String| format!("{}: {what}", path.display());
    let bound = u64::try_from(file::FILE_BYTES_MAX).unwrap_or(u64::MAX - 1) + 1;
    let mut octets = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bound).read_to_end(&mut octets));
    read.map_err(|error| told(error.to_string()))?;
    Model::of_file(&octets).map_err(told)
}

/// Teaches the model one mail. Answers with the model that was written.
///
/// # Errors
/// In words: the file cannot be read or written; then the old one stands.
pub fn teach(path: &Path, class: Class, message: &Message) -> Result<Model, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let _held = paper::lock(path).map_err(told)?;
    let mut model = read(path)?;
    let vector = model.vector(message);
    model.learn(&[(class, vector)]);
    paper::replace(path, &model.to_file()).map_err(told)?;
    Ok(model)
}
