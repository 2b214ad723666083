//! What the oracle needs: SpamAssassin, its stock rules, the configuration that loads its plugins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use wehr::judge::rules::import::site::{ScoreSet, Site};

/// Files by name.
pub type Files = Vec<(String, Vec<u8>)>;

/// Where distributions put the stock rules.
pub const RULES: &str = "/usr/share/spamassassin";
/// Where the files stand that load plugins.
const PLUGINS: &str = "/etc/spamassassin";

/// Files that this target makes.
pub fn scratch() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle");
    fs::create_dir_all(&folder).expect("target is writable");
    folder
}

/// A folder with the stock `*.pre` files and nothing of this machine's own.
///
/// # Errors
/// What is missing.
pub fn site() -> Result<PathBuf, String> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    MADE.get_or_init(|| {
        let version = Command::new("perl")
            .args(["-MMail::SpamAssassin", "-e", "print Mail::SpamAssassin->VERSION"])
            .output()
            .map_err(|error| format!("perl is missing: {error}"))?;
        if version.stdout != b"4.000001" {
            return Err("Mail::SpamAssassin 4.0.1 is missing".to_owned());
        }
        let folder = scratch().join("site");
        fs::create_dir_all(&folder).expect("target is writable");
        for (name, text) in files(PLUGINS, "pre")? {
            fs::write(folder.join(name), text).expect("target is writable");
        }
        Ok(folder)
    })
    .clone()
}

/// Files with an extension, by name.
///
/// # Errors
/// That there is no such folder.
pub fn files(folder: &str, extension: &str) -> Result<Files, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut found: Files = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|found| found == extension))
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a readable file"))
        })
        .collect();
    found.sort();
    if found.is_empty() { Err(format!("{folder} has no *.{extension}")) } else { Ok(found) }
}

/// The stock rules as our import takes them.
pub fn stock() -> Result<(Files, Site), String> {
    Ok((files(RULES, "cf")?, Site::stock(ScoreSet::Local)))
}

/// Runs one of the Perl scripts beside this file and returns what it printed.
pub fn perl(script: &str, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(script);
    let done = Command::new("perl").arg(path).args(arguments).output().expect("perl starts");
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("ASCII")
}
