//! The mails that are judged, and what SpamAssassin found in them.

use crate::parts;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Hits by rule, for one mail.
pub type Hits = BTreeMap<String, f64>;

/// Every n-th mail of each folder is judged; SpamAssassin takes 80 ms for one. `WEHR_ORACLE_EVERY` sets it.
const EVERY: usize = 40;
/// The packed mails, beside the repository.
const PACKED: &str = "../shared/corpora/dev.tar.zst";

/// The folder of mails and the sample of it, as paths below.
///
/// # Errors
/// That there are no mails.
pub fn sample() -> Result<(PathBuf, Vec<String>), String> {
    let root = root()?;
    let every = env::var("WEHR_ORACLE_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(EVERY).max(1);
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                folders.entry(folder.clone()).or_default().push(path);
            }
        }
    }
    let mut sample = Vec::new();
    for mails in folders.values_mut() {
        mails.sort();
        sample.extend(
            mails
                .iter()
                .step_by(every)
                .map(|path| path.strip_prefix(&root).expect("below the root").to_str().expect("UTF-8").to_owned()),
        );
    }
    if sample.is_empty() { Err(format!("{} has no mails", root.display())) } else { Ok((root, sample)) }
}

fn root() -> Result<PathBuf, String> {
    if let Some(folder) = env::var_os("WEHR_CORPORA") {
        return Ok(PathBuf::from(folder));
    }
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join(PACKED);
    if !packed.is_file() {
        return Err(format!("mails are missing: set WEHR_CORPORA, or have {PACKED}"));
    }
    let folder = parts::scratch().join("mails");
    if !folder.join("done").is_file() {
        fs::create_dir_all(&folder).expect("target is writable");
        let unpack = format!("zstd -dc --long=27 '{}' | tar x -C '{}'", packed.display(), folder.display());
        let done = Command::new("sh").args(["-c", &unpack]).status().expect("sh starts");
        if !done.success() {
            return Err("zstd or tar is missing".to_owned());
        }
        fs::write(folder.join("done"), "").expect("target is writable");
    }
    Ok(folder)
}

/// What one of the scripts says of each mail of the sample; kept in `target/` until script, rules or sample change.
///
/// # Errors
/// What is missing.
pub fn told(script: &str) -> Result<BTreeMap<String, Value>, String> {
    let site = parts::site()?;
    let (root, sample) = sample()?;
    let list = sample.join("\n") + "\n";
    let source = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(script)).expect("a script");
    let rules = parts::files(parts::RULES, "cf")?;
    let mut print: u64 = 0xcbf2_9ce4_8422_2325;
    let texts = rules.iter().map(|(_, text)| text.as_slice()).chain([source.as_slice(), list.as_bytes()]);
    for octet in texts.flatten() {
        print = (print ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
    }
    let kept = parts::scratch().join(format!("{script}-{print:016x}.jsonl"));
    if !kept.is_file() {
        let text =
            run(script, &[parts::RULES, site.to_str().expect("UTF-8"), root.to_str().expect("UTF-8"), "2"], &list);
        fs::write(&kept, text).expect("target is writable");
    }
    let text = fs::read_to_string(&kept).expect("a kept answer");
    let mails: BTreeMap<String, Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|mail| (mail["mail"].as_str().expect("a path").to_owned(), mail))
        .collect();
    assert_eq!(mails.len(), sample.len(), "every mail has an answer");
    Ok(mails)
}

fn run(script: &str, arguments: &[&str], input: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(script);
    let mut child = Command::new("perl")
        .arg(path)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("perl starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("perl reads");
    let done = child.wait_with_output().expect("perl ends");
    assert!(done.status.success(), "{script} failed");
    String::from_utf8(done.stdout).expect("ASCII")
}

/// The hits of every mail.
///
/// # Errors
/// What is missing.
pub fn hits() -> Result<BTreeMap<String, Hits>, String> {
    let read = |mail: &Value| {
        let hits = mail["hits"].as_object().expect("hits");
        hits.iter().map(|(name, count)| (name.clone(), count.as_f64().expect("a number"))).collect()
    };
    Ok(told("hits.pl")?.iter().map(|(path, mail)| (path.clone(), read(mail))).collect())
}
