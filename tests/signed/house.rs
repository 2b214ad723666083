//! Programs that are run, and the judge with a configuration of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use wehr::{
    config::Settings,
    judge::{
        Judge, Progress,
        facts::{Fact, Facts, Failure, Question, Scanned},
        policy::verdict::Verdict,
        rulebook::Rulebook,
    },
    mail::{
        Mail,
        address::Address,
        envelope::{Client, Envelope},
        message::Message,
        timestamp::Timestamp,
    },
};

pub const ANNA: &str = "anna@schule.example";
pub const DAY: i64 = 24 * 60 * 60;

/// Is the program there? If it has to be and is not, the test fails.
pub fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    let is_needed = env::var_os("CI").is_some() || env::var_os("WEHR_REQUIRE_PARTS").is_some();
    assert!(is_there || !is_needed, "{program} is missing");
    if !is_there {
        eprintln!("left out: {program} is missing");
    }
    is_there
}

/// Runs a program in a folder with these words; its output, or what it said.
pub fn run(folder: &Path, program: &str, words: &str) -> Result<Vec<u8>, String> {
    let mut command = Command::new(program);
    command.current_dir(folder).env("GNUPGHOME", folder.join("gnupg")).stdin(Stdio::null());
    let output = command.args(words.split_whitespace()).output().unwrap();
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{program} {words}: {}", String::from_utf8_lossy(&output.stderr)))
}

pub fn must(folder: &Path, program: &str, words: &str) -> Vec<u8> {
    run(folder, program, words).unwrap_or_else(|error| panic!("{error}"))
}

/// Line ends as they travel.
pub fn crlf(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, octet) in octets.iter().enumerate() {
        if *octet == b'\n' && at.checked_sub(1).map(|at| octets[at]) != Some(b'\r') {
            out.push(b'\r');
        }
        out.push(*octet);
    }
    out
}

pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A rulebook that trusts these.
pub fn rulebook(anchors: Option<PathBuf>, keys: Option<PathBuf>, policy: Option<&str>) -> Arc<Rulebook> {
    let mut settings = Settings::load(None).unwrap();
    settings.authserv_id = "mx.schule.example".into();
    settings.encryption_anchors = anchors;
    settings.encryption_keys = keys;
    let folder = tempfile::tempdir().unwrap();
    if let Some(policy) = policy {
        let file = folder.path().join("encryption.toml");
        fs::write(&file, policy).unwrap();
        settings.encryption_file = Some(file);
    }
    Arc::new(settings.rulebook().unwrap_or_else(|errors| panic!("{errors}")))
}

/// The verdict on a mail that arrives at `at` for `to`; nobody outside answers.
pub fn judge(rulebook: &Arc<Rulebook>, raw: &[u8], to: &str, at: i64) -> Verdict {
    let envelope = Envelope { sender: Address::new(ANNA), recipients: vec![Address::new(to)], ..Envelope::default() };
    let message = Message::parse(crlf(raw).into());
    let mail = Mail { client: Client::default(), envelope, message, received_at: Timestamp::from_seconds(at) };
    let mut judge = Judge::new(Arc::new(mail), Arc::clone(rulebook));
    let mut facts = Facts::default();
    loop {
        match judge.advance(&facts) {
            Progress::Done(verdict) => return *verdict,
            Progress::Wants(wanted) => wanted.into_iter().for_each(|question| {
                facts.learn(match question {
                    Question::Virus => Fact::Virus(Scanned::NotAsked),
                    _ => question.failed(Failure::NotRecorded),
                });
            }),
        }
    }
}

/// The names of the symbols that were found.
pub fn symbols(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|finding| finding.symbol.as_str()).collect()
}
