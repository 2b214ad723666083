//! `wehr learn` from the outside: what is learned speaks in rules, is repeatable, can be forgotten and holds no text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const KEY: &str = "000102030405060708090a0b0c0d0e0f";

fn wehr(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wehr")).current_dir(folder).args(arguments).output().unwrap()
}

fn fine(folder: &Path, arguments: &[&str]) -> String {
    let output = wehr(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with mails of both classes.
fn house() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (class, words) in [("ham", "Elternabend Turnhalle Klassenzimmer"), ("spam", "Jackpot Casino Freispiele")] {
        fs::create_dir(folder.path().join(class)).unwrap();
        for number in 0..4 {
            let mail = format!(
                "From: someone <a@{class}.example>\r\nSubject: {words} {number}\r\n\r\n{words}, day {number}: {words}\r\n"
            );
            fs::write(folder.path().join(class).join(format!("{number}.eml")), mail).unwrap();
        }
    }
    folder
}

fn learn(folder: &Path, output: &str) -> String {
    fine(folder, &["learn", "--spam", "spam", "--ham", "ham", "--key", KEY, "-o", output])
}

/// The weights in a file, and its counts as they stand there.
fn weights(path: &Path) -> (Vec<f32>, Vec<u8>) {
    let octets = fs::read(path).unwrap();
    let start = octets.windows(2).position(|two| two == b"\n\n").unwrap() + 2;
    let (weights, counts) = octets[start..].split_at((octets.len() - start) / 3);
    (weights.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect(), counts.to_vec())
}

#[test]
fn the_same_mails_give_the_same_file_and_no_word_of_them() {
    let folder = house();
    let told = learn(folder.path(), "a.model");
    assert!(told.contains("knows 4 ham, 4 spam; digest "), "{told}");
    learn(folder.path(), "b.model");
    let file = fs::read(folder.path().join("a.model")).unwrap();
    assert_eq!(file, fs::read(folder.path().join("b.model")).unwrap());
    let lower = file.to_ascii_lowercase();
    for word in ["elternabend", "turnhalle", "jackpot", "casino", "freispiele", "example", "someone"] {
        assert!(!lower.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
    fine(folder.path(), &["learn", "--spam", "spam", "--ham", "ham", "-o", "c.model"]);
    assert_ne!(file, fs::read(folder.path().join("c.model")).unwrap(), "a key of its own");
}

#[test]
fn what_was_learned_last_can_be_forgotten() {
    let folder = house();
    learn(folder.path(), "a.model");
    fs::write(folder.path().join("x.eml"), "Subject: Casino Turnhalle\r\n\r\nFreispiele im Klassenzimmer\r\n").unwrap();
    fine(folder.path(), &["learn", "--model", "a.model", "--spam", "x.eml", "-o", "b.model"]);
    let told = fine(folder.path(), &["learn", "--model", "b.model", "--forget", "x.eml", "--was", "spam", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["ham"], &told["spam"]), (&4.into(), &4.into()));
    let (before, counted) = weights(&folder.path().join("a.model"));
    let (after, left) = weights(&folder.path().join("b.model"));
    assert!(counted == left && counted.iter().any(|octet| *octet != 0));
    let furthest = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(furthest < 0.01, "{furthest}");
}

#[test]
fn a_model_speaks_in_rules() {
    let folder = house();
    learn(folder.path(), "a.model");
    fs::write(folder.path().join("wehr.toml"), "[learn]\nmodel = \"a.model\"\n").unwrap();
    for (mail, symbol) in [("spam/1.eml", "LEARNED_SPAM"), ("ham/1.eml", "LEARNED_HAM")] {
        let said = wehr(folder.path(), &["scan", "--config", "wehr.toml", "--json", mail]);
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains(symbol), "{said}");
        let silent = wehr(folder.path(), &["scan", "--json", mail]);
        assert!(!String::from_utf8(silent.stdout).unwrap().contains("LEARNED_"));
    }
    let told = wehr(folder.path(), &["explain", "--config", "wehr.toml", "spam/1.eml"]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("learned"), "{told}");
}

#[test]
fn a_damaged_model_is_refused() {
    let folder = house();
    learn(folder.path(), "a.model");
    let path = folder.path().join("a.model");
    let mut octets = fs::read(&path).unwrap();
    let last = octets.len() - 1;
    octets[last] ^= 1;
    fs::write(&path, octets).unwrap();
    let output = wehr(folder.path(), &["learn", "--model", "a.model", "--spam", "spam"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("a.model: the learned model is damaged: its digest"), "{told}");
    fs::write(folder.path().join("wehr.toml"), "[learn]\nmodel = \"a.model\"\n").unwrap();
    let output = wehr(folder.path(), &["scan", "--config", "wehr.toml", "spam/1.eml"]);
    assert_eq!(output.status.code(), Some(2));
}
