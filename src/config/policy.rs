//! The operator's policy files: classes of recipients, and what must arrive encrypted.
//!
//! Reads files.

use crate::judge::{
    document::Errors,
    policy::{
        classes::{self, Classes},
        encryption::{self, Encryption},
    },
};
use std::{fs, path::Path};

/// What each class of recipients takes; without a file what is built in.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn classes(path: Option<&Path>) -> Result<Classes, Errors> {
    path.map_or_else(|| Ok(Classes::embedded()), |path| read(path, classes::read::read))
}

/// What must arrive encrypted; without a file nobody demands anything.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn encryption(path: Option<&Path>) -> Result<Encryption, Errors> {
    path.map_or_else(|| Ok(Encryption::embedded()), |path| read(path, encryption::read::read))
}

fn read<T>(path: &Path, parse: impl Fn(&str, &str) -> Result<T, Errors>) -> Result<T, Errors> {
    let file = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| Errors::whole_file(&file, format!("cannot read it: {error}")))?;
    parse(&file, &text)
}
