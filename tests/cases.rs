//! Cases: golden verdicts over `corpus/cases/**` (message.eml, case.toml, expect.toml).
//!
//! `UPDATE_EXPECT=1` rewrites every expect.toml; the diff is what a reviewer reads. `WEHR_CASES` names a further folder
//! of cases that are not for everybody's eyes. A question that a case does not answer is `Failed(NotRecorded)`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use wehr::{
    config::Settings,
    judge::{
        Judge, Progress,
        case::{Case, expectation::Expectation},
        checks,
        facts::{Fact, Facts, Failure, Question, Scanned},
        findings::Symbol,
        policy::verdict::Verdict,
        rulebook::Rulebook,
    },
    limits,
    mail::{Mail, address::Domain, message::Message},
};

/// Symbols that no case shows yet. The list may only shrink.
const WITHOUT_CASE: [&str; 0] = [];

/// Every folder below that holds a case.toml, sorted.
fn folders(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        if folder.join("case.toml").is_file() {
            found.push(folder);
        } else {
            open.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
        }
    }
    found.sort();
    found
}

fn all_folders() -> Vec<PathBuf> {
    let mut found = folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/cases"));
    assert!(found.len() >= 20, "only {} cases were found in corpus/cases", found.len());
    if let Some(more) = env::var_os("WEHR_CASES") {
        found.extend(folders(Path::new(&more)));
    }
    found
}

/// The embedded rules under a name that is the same on every machine.
fn rulebook() -> Arc<Rulebook> {
    let mut settings = Settings::load(None).unwrap();
    settings.authserv_id = "mx.school.example".into();
    settings.trusted_sealers = vec![Domain::parse("trusted.example").unwrap()];
    // By default nobody trusts or demands anything; cases of `signed` and `transport` are judged by these files.
    let trust = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/trust");
    settings.encryption_anchors = Some(trust.join("authorities.pem"));
    settings.encryption_file = Some(trust.join("encryption.toml"));
    Arc::new(settings.rulebook().unwrap())
}

fn case(folder: &Path) -> (Mail, Facts) {
    let file = folder.join("case.toml");
    let text = fs::read_to_string(&file).unwrap();
    let case = Case::parse(&file.display().to_string(), &text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(Case::parse("again", &case.to_text()), Ok(case.clone()), "{}: the text loses something", file.display());
    let message = Message::parse(fs::read(folder.join("message.eml")).unwrap().into());
    let Case { received_at, client, envelope, facts } = case;
    (Mail { client, envelope, message, received_at }, facts)
}

/// The verdict on these facts, and the questions that they do not answer.
fn judge(mail: Mail, facts: impl IntoIterator<Item = Fact>, rulebook: &Arc<Rulebook>) -> (Verdict, Vec<Question>) {
    let mut judge = Judge::new(Arc::new(mail), Arc::clone(rulebook));
    let (mut known, mut missing) = (Facts::default(), Vec::new());
    facts.into_iter().for_each(|fact| known.learn(fact));
    for _ in 0..limits::ROUNDS_MAX {
        match judge.advance(&known) {
            Progress::Done(verdict) => return (*verdict, missing),
            Progress::Wants(wanted) => {
                for question in wanted {
                    known.learn(match question {
                        Question::Virus => Fact::Virus(Scanned::NotAsked),
                        _ => question.failed(Failure::NotRecorded),
                    });
                    missing.push(question);
                }
            }
        }
    }
    panic!("the judge does not end");
}

#[test]
fn every_case_comes_to_what_is_expected() {
    let rulebook = rulebook();
    let is_update = env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for folder in all_folders() {
        let (mail, facts) = case(&folder);
        let (verdict, missing) = judge(mail, facts.all(), &rulebook);
        let found = Expectation::of(&verdict);
        let file = folder.join("expect.toml");
        if is_update {
            fs::write(&file, found.to_text()).unwrap();
            continue;
        }
        let text = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_EXPECT=1 writes it", file.display()));
        let expected =
            Expectation::parse(&file.display().to_string(), &text).unwrap_or_else(|errors| panic!("{errors}"));
        if found != expected {
            wrong.push(format!(
                "{}\nexpected\n{}found\n{}not recorded: {missing:?}\n",
                folder.display(),
                expected.to_text(),
                found.to_text()
            ));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ; UPDATE_EXPECT=1 rewrites them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_order_of_facts_changes_no_verdict() {
    let rulebook = rulebook();
    for folder in all_folders() {
        let (mail, facts) = case(&folder);
        let all = facts.all();
        let forward = judge(mail.clone(), all.clone(), &rulebook);
        let backward = judge(mail, all.into_iter().rev(), &rulebook);
        let found = |(verdict, missing): &(Verdict, Vec<Question>)| {
            format!("{:?} {:?} {:?} {missing:?}", verdict.findings, verdict.outcomes, verdict.edits)
        };
        assert_eq!(found(&forward), found(&backward), "{}", folder.display());
    }
}

#[test]
fn every_symbol_has_a_case() {
    let mut shown = BTreeSet::new();
    for folder in all_folders() {
        let text = fs::read_to_string(folder.join("expect.toml")).unwrap_or_default();
        let expected = Expectation::parse("expect.toml", &text).unwrap_or_default();
        shown.extend(expected.symbols.iter().map(ToString::to_string));
    }
    let mut wrong = Vec::new();
    for symbol in checks::ALL.iter().flat_map(|check| check.symbols).map(Symbol::as_str) {
        match (shown.contains(symbol), WITHOUT_CASE.contains(&symbol)) {
            (false, false) => wrong.push(format!("{symbol}: no case in corpus/cases shows it")),
            (true, true) => wrong.push(format!("{symbol}: has a case now; take it off WITHOUT_CASE")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
