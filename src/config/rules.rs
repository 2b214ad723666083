//! Reads the operator's rules: a folder of `*.toml` with `lists/*.txt`, or one file that `wehr rules compile` made.
//!
//! Reads files.

use super::read;
use crate::{
    judge::{
        document::Errors,
        rules::{
            lists::List,
            ruleset::{Proof, Sources},
        },
    },
    limits,
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What was read, and whether its samples still have to be tried.
pub struct Found {
    pub sources: Sources,
    pub proof: Proof,
}

/// Reads rules from a folder or a compiled file; without either those that are built in.
///
/// # Errors
/// Every file that cannot be read.
pub fn find(path: Option<&Path>) -> Result<Found, Errors> {
    match path {
        None => Ok(Found { sources: Sources::embedded(), proof: Proof::Done }),
        Some(path) if path.is_dir() => Ok(Found { sources: folder(path)?, proof: Proof::Samples }),
        Some(path) => compiled(path),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Errors {
    Errors::whole_file(&path.display().to_string(), format!("cannot read it: {error}"))
}

/// The files of a folder with that extension, in the order of their names.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Errors> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Every `*.toml` and `lists/*.txt`; lists that are built in stay where the folder has none of that name.
fn folder(folder: &Path) -> Result<Sources, Errors> {
    let paths = files(folder, "toml")?;
    if paths.is_empty() {
        return Err(Errors::whole_file(&folder.display().to_string(), "no *.toml rule file in this folder"));
    }
    let mut complaints = Vec::new();
    let mut text_of = |path: &Path| {
        read::bounded(path, limits::RULE_FILE_BYTES_MAX)
            .map_err(|error| complaints.extend(unreadable(path, &error).0))
            .ok()
    };
    let mut sources = Sources { lists: Sources::embedded().lists, files: Vec::new() };
    for path in paths {
        if let Some(text) = text_of(&path) {
            sources.files.push((path.display().to_string(), text));
        }
    }
    let lists = folder.join("lists");
    let paths = if lists.is_dir() { files(&lists, "txt")? } else { Vec::new() };
    for path in paths {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(text) = text_of(&path) {
            sources.lists.insert(name, List::read(&path.display().to_string(), &text));
        }
    }
    if complaints.is_empty() { Ok(sources) } else { Err(Errors(complaints)) }
}

/// The content of a compiled file: rules whose samples were tried, by the same program.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// `wehr-rules` and the version of the program that tried the samples.
    format: String,
    sources: Sources,
}

/// Names the format and who wrote it: another version may read rules otherwise.
fn format() -> String {
    format!("wehr-rules {}", env!("CARGO_PKG_VERSION"))
}

fn compiled(path: &Path) -> Result<Found, Errors> {
    let name = path.display().to_string();
    let text = read::bounded(path, limits::RULES_COMPILED_BYTES_MAX).map_err(|error| unreadable(path, &error))?;
    let wrong = |what: String| Errors::whole_file(&name, what);
    let saved: Saved = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("no folder, and not made by `wehr rules compile`: {error}")))?;
    if saved.format != format() {
        return Err(wrong(format!(
            "made as `{}`, this is `{}`; compile it again: wehr rules compile --rules DIR -o {name}",
            saved.format,
            format()
        )));
    }
    Ok(Found { sources: saved.sources, proof: Proof::Done })
}

/// The text of a compiled file, for rules whose samples were tried.
///
/// # Errors
/// None that is known; the encoder has them.
pub fn save(sources: Sources) -> io::Result<String> {
    Ok(serde_json::to_string(&Saved { format: format(), sources })?)
}

/// Every file that rules are read from.
#[must_use]
pub fn paths(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let mut paths = files(path, "toml").unwrap_or_default();
    paths.extend(files(&path.join("lists"), "txt").unwrap_or_default());
    paths
}
