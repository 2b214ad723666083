//! The program, run in a folder of its own, and what it said.

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

pub const WEHR: &str = env!("CARGO_BIN_EXE_wehr");

/// A folder with these files.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

pub fn wehr(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(WEHR).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by a signal")
}

pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What it printed with `--json`.
pub fn lines(output: &Output) -> Vec<Value> {
    out(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}
