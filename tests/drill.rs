//! The drill: what becomes of sample mails when a dependency is down, by class of recipients and door.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use serde_json::Value;
use std::{fs, process::Command};

const BOTH: &str =
    "own_domains = ['school.example']\n[dns]\nresolvers = '127.0.0.1'\n[clamd]\naddress = '127.0.0.1:1'\n";

struct Drilled {
    code: Option<i32>,
    rows: Vec<Value>,
    errors: String,
}

impl Drilled {
    /// The actions as usual and with the loss.
    fn of(&self, class: &str, mail: &str, door: &str) -> (&str, &str) {
        let row = self.rows.iter().find(|row| row["class"] == class && row["mail"] == mail && row["door"] == door);
        let row = row.unwrap_or_else(|| panic!("no {class} {mail} {door}: {}", self.errors));
        (row["usual"]["action"].as_str().unwrap(), row["down"]["action"].as_str().unwrap())
    }
}

fn drill(down: &str, config: &str, classes: Option<&str>) -> Drilled {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wehr.toml");
    let mut text = config.to_owned();
    if let Some(classes) = classes {
        fs::write(folder.path().join("classes.toml"), classes).unwrap();
        text.push_str("[policy]\nrecipients = 'classes.toml'\n");
    }
    fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wehr"));
    command.current_dir(folder.path()).args(["drill", "--json", "--down", down, "--config"]).arg(&file);
    let output = command.output().unwrap();
    let rows =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.len() <= 2, "a drill leaves nothing behind: {left:?}");
    Drilled { code: output.status.code(), rows, errors }
}

#[test]
fn without_the_scanner_mail_waits() {
    let drilled = drill("clamd", BOTH, None);
    for door in ["milter", "lmtp"] {
        assert_eq!(drilled.of("everybody", "letter", door), ("accept", "defer"));
        assert_eq!(drilled.of("everybody", "virus", door), ("reject", "defer"));
        assert_eq!(drilled.of("everybody", "program", door), ("reject", "reject"));
    }
    let letter = &drilled.rows[0];
    assert_eq!(letter["new_symbols"][0], "VIRUS_SCAN_FAILED", "{letter}");
    assert_eq!(drilled.code, Some(0), "{}", drilled.errors);
}

#[test]
fn an_operator_who_lets_unscanned_mail_in_is_told() {
    let lax = format!("{BOTH}[policy.actions]\nVIRUS_SCAN_FAILED = 'accept'\n");
    let drilled = drill("clamd", &lax, None);
    assert_eq!(drilled.of("everybody", "virus", "lmtp"), ("reject", "accept"));
    assert_eq!(drilled.code, Some(1), "a virus would be delivered");
}

#[test]
fn without_dns_a_forgery_is_not_seen() {
    let drilled = drill("dns", BOTH, None);
    let (usual, down) = drilled.of("everybody", "forged", "lmtp");
    assert_eq!(usual, "reject");
    let is_delivered = down == "accept" || down == "tag";
    assert_eq!(drilled.code, Some(i32::from(is_delivered)), "{down}");
    assert_ne!(drilled.of("everybody", "letter", "lmtp").1, "reject");
}

#[test]
fn without_the_mailstore_mail_waits_at_the_lmtp_door_only() {
    let drilled = drill("mailstore", BOTH, None);
    assert_eq!(drilled.of("everybody", "letter", "lmtp"), ("accept", "defer"));
    assert_eq!(drilled.of("everybody", "letter", "milter"), ("accept", "accept"));
    assert_eq!(drilled.of("everybody", "forged", "lmtp"), ("reject", "reject"));
    assert_eq!(drilled.code, Some(0));
}

#[test]
fn without_the_quarantine_what_is_set_aside_waits() {
    let drilled = drill("quarantine", BOTH, None);
    assert_eq!(drilled.of("everybody", "doubtful", "lmtp"), ("quarantine", "defer"));
    assert_eq!(drilled.of("everybody", "doubtful", "milter"), ("quarantine", "quarantine"));
    assert_eq!(drilled.of("everybody", "letter", "lmtp"), ("accept", "accept"));
}

#[test]
fn each_class_is_drilled() {
    let classes = "[[class]]\nname = 'labor'\nrecipients = ['@labor.example']\nexecutable = 'accept'\n\
                   [[class]]\nname = 'alle'\nexecutable = 'reject'\n";
    let drilled = drill("clamd,mailstore", BOTH, Some(classes));
    assert_eq!(drilled.of("alle", "program", "lmtp").0, "reject");
    assert_eq!(drilled.of("labor", "letter", "lmtp"), ("accept", "defer"));
    assert_eq!(drilled.rows.len(), 2 * 5 * 2);
}

#[test]
fn what_is_not_configured_is_told() {
    let drilled = drill("dns", "", None);
    assert!(drilled.errors.contains("dns.resolvers is empty"), "{}", drilled.errors);
    assert!(drilled.rows.iter().all(|row| row["change"] == "same"));
    assert_eq!(drill("power", "", None).code, Some(2));
}
