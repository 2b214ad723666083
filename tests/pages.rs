//! Manual pages and completions: every verb has a page that groff takes without a word, shells take their scripts, and
//! the manuals for operators name only verbs, keys, symbols and alerts that exist.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};
use wehr::{config::keys::KEYS, judge::rules::ruleset::Ruleset, telemetry::panels::alerts};

fn wehr() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wehr"))
}

/// Verbs that `--help` lists.
fn verbs() -> Vec<String> {
    let help = String::from_utf8(wehr().arg("--help").output().unwrap().stdout).unwrap();
    let list = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let words = list.lines().filter_map(|line| line.split_whitespace().next());
    words.filter(|word| *word != "help").map(str::to_owned).collect()
}

#[test]
fn every_verb_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let status = wehr().args(["man", "-o"]).arg(folder.path()).status().unwrap();
    assert!(status.success());
    let verbs = verbs();
    assert!(verbs.len() >= 10, "{verbs:?}");
    for page in verbs.iter().map(|verb| format!("wehr-{verb}.1")).chain(["wehr.1".to_owned()]) {
        let path = folder.path().join(&page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.contains(".SH NAME") && text.contains(".TH "), "{page}");
        // Groff tells on stderr what it cannot make of a page.
        match Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(&path).output() {
            Ok(output) => assert!(
                output.status.success() && output.stderr.is_empty(),
                "{page}: {}",
                String::from_utf8_lossy(&output.stderr)
            ),
            Err(_) => eprintln!("left out: groff is missing (Debian package groff-base)"),
        }
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let output = wehr().args(["man", "-o", "/proc/nowhere"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/proc/nowhere"));
}

#[test]
fn shells_take_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let output = wehr().args(["completions", shell]).output().unwrap();
        assert!(output.status.success());
        let script = String::from_utf8(output.stdout).unwrap();
        for verb in verbs() {
            assert!(script.contains(&verb), "{shell} does not know {verb}");
        }
        // -n: read, do not run.
        let Ok(mut child) = Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
            eprintln!("left out: {shell} is missing");
            continue;
        };
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn manual(name: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_way_from_rspamd_names_symbols_that_exist() {
    let rules = Ruleset::embedded(&[]).unwrap();
    let known: BTreeSet<String> = rules.table.keys().map(ToString::to_string).collect();
    let text = manual("migration-rspamd.md");
    let table = text.split_once("## Symbols").unwrap().1;
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').collect();
        for symbol in quoted(cells[2]).chain(quoted(cells[3])) {
            assert!(known.contains(symbol), "{symbol} in {row}");
            named += 1;
        }
    }
    assert!(named > 40, "the table was not read");
}

#[test]
fn manuals_name_keys_and_verbs_that_exist() {
    let (verbs, tables) = (verbs(), KEYS.iter().filter_map(|key| key.name.split_once('.')));
    let tables: BTreeSet<&str> = tables.map(|(table, _)| table).collect();
    for name in ["mta.md", "operating.md", "migration-rspamd.md"] {
        let text = manual(name);
        let ours = text.lines().map(|line| match line.strip_prefix("| ") {
            // In the tables of the migration the first column is rspamd's.
            Some(row) if name == "migration-rspamd.md" => row.split_once('|').map_or("", |(_, rest)| rest),
            _ => line,
        });
        for word in ours.flat_map(|line| quoted(line).collect::<Vec<_>>()) {
            let first = word.split([' ', '=']).next().unwrap();
            if let Some((table, key)) = first.split_once('.')
                && tables.contains(table)
                && !key.contains('/')
            {
                assert!(KEYS.iter().any(|known| known.name == first), "{name}: no key {first}");
            }
            if let Some(verb) = word.strip_prefix("wehr ") {
                let verb = verb.split(' ').next().unwrap();
                assert!(verbs.iter().any(|known| known == verb), "{name}: no verb {verb}");
            }
        }
    }
    let text = manual("operating.md");
    for alert in alerts::ALL {
        assert!(text.contains(alert.name), "docs/operating.md does not name {}", alert.name);
    }
}
