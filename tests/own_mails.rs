//! The embedded packs over mails of our own: what is wanted goes untagged, what is not is caught.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::Value;
use std::{path::Path, process::Command};

/// From here a mail is tagged.
const TAGGED: f64 = 6.0;

/// Path, score and action of every mail in a folder of `corpus/`.
fn judged(folder: &str) -> Vec<(String, f64, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let output = Command::new(env!("CARGO_BIN_EXE_wehr")).args(["scan", "--json"]).arg(folder).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let reports = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    reports
        .map(|report| {
            let text = |key: &str| report[key].as_str().unwrap().to_owned();
            (text("path"), report["score"].as_f64().unwrap(), text("action"))
        })
        .collect()
}

#[test]
fn wanted_mail_goes_untagged() {
    let mails = judged("neutral");
    assert!(mails.len() > 70, "{} mails", mails.len());
    for (path, score, action) in mails {
        assert!(score < TAGGED && action == "accept", "{path} has {score}: {action}");
    }
}

#[test]
fn unwanted_mail_is_caught() {
    let mails = judged("unwanted");
    assert!(mails.len() > 15, "{} mails", mails.len());
    for (path, score, action) in mails {
        assert!(score >= TAGGED && action != "accept", "{path} has {score}: {action}");
    }
}
