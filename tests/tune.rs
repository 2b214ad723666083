//! `wehr tune` as rule authors see it: a patch that `git apply` takes, files that keep their comments, exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

const RULES: &str = "\
# Rules of a test.

[LURE]
about = \"a lure\"   # a comment that stays
score = 2.0        # too low
when = '''subject ~ /lure/i'''

[NOISE]
about = \"noise\"
score = 5.0
when = '''subject ~ /noise/i'''

[KEPT]
about = \"locked\"
score = 3.0
locked = true
when = '''subject ~ /kept/i'''
";

fn wehr(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wehr")).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Spam has lures, ham has noise and what is kept.
fn workshop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (label, subject) in [("spam", "a lure kept"), ("ham", "noise kept")] {
        fs::create_dir_all(folder.path().join("m").join(label)).unwrap();
        for number in 0..60 {
            let text = format!("From: a@b.example\r\nSubject: {subject}\r\nMessage-ID: <{number}@x>\r\n\r\nhello\r\n");
            fs::write(folder.path().join(format!("m/{label}/{number}.eml")), text).unwrap();
        }
    }
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(folder.path().join("rules/a.toml"), RULES).unwrap();
    folder
}

#[test]
fn a_patch_is_taken_by_git_and_the_same_with_any_number_of_threads() {
    let work = workshop();
    let at = work.path();
    let tune = |jobs: &str, file: &str| {
        let done = wehr(at, &["tune", "m", "--rules", "rules", "--jobs", jobs, "--json", "--patch", file]);
        assert_eq!(done.status.code(), Some(0), "{}", err(&done));
        serde_json::from_slice::<Value>(&done.stdout).unwrap()
    };
    let told = tune("1", "one.patch");
    assert_eq!(tune("4", "four.patch"), told);
    assert_eq!(fs::read(at.join("one.patch")).unwrap(), fs::read(at.join("four.patch")).unwrap());
    assert_eq!(told["locked"][0]["symbol"], "KEPT");
    let held_out = &told["held_out"];
    assert_eq!((&held_out["before"]["caught"], &held_out["before"]["ham_tagged"]), (&0.into(), &60.into()));
    assert_eq!((&held_out["after"]["caught"], &held_out["after"]["ham_tagged"]), (&60.into(), &0.into()));
    for arguments in [&["init", "--quiet"][..], &["apply", "--check", "one.patch"], &["apply", "one.patch"]] {
        let git = Command::new("git").args(arguments).current_dir(at).output().unwrap();
        assert!(git.status.success(), "{arguments:?}: {}", err(&git));
    }
    let tuned = fs::read_to_string(at.join("rules/a.toml")).unwrap();
    let changed: Vec<(&str, &str)> =
        RULES.lines().zip(tuned.lines()).filter(|(before, after)| before != after).collect();
    assert_eq!((changed.len(), tuned.lines().count()), (2, RULES.lines().count()), "{tuned}");
    assert!(changed[0].1.starts_with("score = ") && changed[0].1.ends_with("        # too low"), "{changed:?}");
    let replayed = wehr(at, &["replay", "m", "--rules", "rules", "--json", "--fail-on", "fp"]);
    assert_eq!(replayed.status.code(), Some(0), "{}", err(&replayed));
}

#[test]
fn written_in_place_it_is_what_the_patch_says() {
    let (patched, written) = (workshop(), workshop());
    let done = wehr(patched.path(), &["tune", "m", "--rules", "rules", "--patch", "-"]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    let told = String::from_utf8(done.stdout).unwrap();
    assert!(told.contains("better on mails the fit has not seen\n--- a/rules/a.toml\n+++ b/rules/a.toml\n"), "{told}");
    let done = wehr(written.path(), &["tune", "m", "--rules", "rules", "--write"]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    let tuned = fs::read_to_string(written.path().join("rules/a.toml")).unwrap();
    let added: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("+score")).collect();
    assert!(added.len() == 2 && added.iter().all(|line| tuned.contains(line)), "{tuned}");
    assert_eq!(fs::read_dir(written.path().join("rules")).unwrap().count(), 1);
}

#[test]
fn what_is_not_better_is_not_written_and_what_is_wrong_is_told() {
    let work = workshop();
    let at = work.path();
    let done = wehr(at, &["tune", "m", "--rules", "rules", "--lock", "LURE", "--lock", "NOISE", "--patch", "no.patch"]);
    assert_eq!((done.status.code(), at.join("no.patch").exists()), (Some(1), false), "{}", err(&done));
    // A campaign is held out as one: with a single one of spam no fold but one has any.
    let one: String = (0..60).map(|number| format!("m/spam/{number}.eml\tone\n")).collect();
    fs::write(at.join("campaigns.tsv"), one).unwrap();
    for (wrong, told) in [
        (&["--lock", "NOBODY"][..], "--lock NOBODY: no symbol"),
        (&["--campaigns", "campaigns.tsv"], "has no unwanted mail (60 in all)"),
        (&["--false-positives", "2"], "not a share"),
        (&["--folds", "1"], "--folds"),
        (&["absent"], "absent: "),
    ] {
        let done = wehr(at, &[&["tune", "m", "--rules", "rules"], wrong].concat());
        assert!(done.status.code() == Some(2) && err(&done).contains(told), "{wrong:?}: {}", err(&done));
    }
}
