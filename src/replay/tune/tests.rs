//! Sentences of tuning.

use super::*;
use crate::{
    judge::{
        policy::verdict::Action,
        rulebook::{Rulebook, Thresholds},
        rules::{Group, Rule, ruleset::Ruleset},
    },
    replay::row::{Hit, Row, Side},
};
use std::collections::BTreeMap;

const RULES: &[(&str, i32, &str)] = &[
    ("GOOD", -100, "g"),
    ("LURE", 200, "g"),
    ("NOISE", 500, "n"),
    ("TWIN_A", 200, "capped"),
    ("TWIN_B", 200, "capped"),
];

fn knobs() -> Knobs {
    let symbol = |name: &str| crate::judge::findings::Symbol::named(name);
    let rule = |score: i32, group: &str| Rule {
        score: Score::from_hundredths(score),
        group: group.to_owned(),
        ..Rule::default()
    };
    let table = RULES.iter().map(|(name, score, group)| (symbol(name), rule(*score, group))).collect();
    let mut rules = Ruleset::of(table);
    let group = Group { cap: Some(Score::from_hundredths(300)), ..Group::default() };
    rules.groups = BTreeMap::from([("capped".to_owned(), group)]);
    let rulebook = Rulebook {
        auth: crate::judge::auth::Settings::default(),
        own_domains: Vec::new(),
        thresholds: Thresholds::default(),
        rules,
        classes: crate::judge::policy::classes::Classes::embedded(),
        encryption: crate::judge::policy::encryption::Encryption::default(),
        senders: crate::judge::policy::senders::Senders::default(),
        learned: None,
        digest: String::new(),
    };
    Knobs::of(&rulebook, &[]).unwrap()
}

fn row(label: Label, names: &[&str]) -> Row {
    let score = |name: &str| RULES.iter().find(|(known, ..)| *known == name).map_or(0, |(_, score, _)| *score);
    let hit = |name: &&str| Hit {
        name: (*name).to_owned(),
        score: Score::from_hundredths(score(name)),
        least_action: Action::Accept,
        decided: false,
    };
    let side = Side { symbols: names.iter().map(hit).collect(), ..Side::default() };
    Row {
        path: String::new(),
        index: 1,
        label,
        bytes: 1,
        digest: String::new(),
        side,
        not_recorded: Vec::new(),
        verdict: String::new(),
        micros: 0,
    }
}

fn samples(of: &[(Label, &[&str], usize)]) -> Samples {
    let (knobs, mut samples) = (knobs(), Samples::default());
    for (label, names, count) in of {
        for number in 0..*count {
            samples.add(&row(*label, names), &knobs, u32::try_from(number % 5).unwrap());
        }
    }
    samples
}

#[test]
fn scores_learn_what_parts_the_mails_and_it_shows_on_held_out_ones() {
    let mails = samples(&[
        (Label::Spam, &["LURE", "TWIN_A"], 100),
        (Label::Spam, &["LURE", "NOISE"], 20),
        (Label::Ham, &["NOISE", "TWIN_A"], 50),
        (Label::Ham, &["GOOD"], 200),
    ]);
    let tuning = tune(&knobs(), &mails, 5, 0.0).unwrap();
    let (before, after) = (&tuning.held_out.before, &tuning.held_out.after);
    assert_eq!((before.caught, before.ham_tagged), (20, 50));
    assert_eq!((after.caught, after.ham_tagged), (120, 0), "{:?}", tuning.changes);
    assert!(tuning.is_better && after.auc > before.auc);
    assert_eq!(tune(&knobs(), &mails, 5, 0.0).unwrap(), tuning);
    for Change { symbol, after, .. } in &tuning.changes {
        let knob = knobs().all.into_iter().find(|knob| knob.symbol == *symbol).unwrap();
        assert!(
            (knob.low..=knob.high).contains(&Score::hundredths(format!("{after:.2}").parse().unwrap())),
            "{symbol}"
        );
    }
}

#[test]
fn a_cap_of_a_group_is_heeded() {
    // The twins reach their cap together, so only another rule can lift these mails.
    let mails = samples(&[(Label::Spam, &["LURE", "TWIN_A", "TWIN_B"], 50), (Label::Ham, &["TWIN_A", "TWIN_B"], 50)]);
    let tuning = tune(&knobs(), &mails, 5, 0.0).unwrap();
    assert_eq!((tuning.held_out.after.caught, tuning.held_out.after.ham_tagged), (50, 0));
    assert_eq!(tuning.held_out.before.caught, 0);
    assert!(tuning.changes.iter().any(|change| change.symbol == "LURE" && change.after > 2.9));
}

#[test]
fn what_nothing_parts_is_not_called_better() {
    let mails = samples(&[(Label::Spam, &["LURE"], 50), (Label::Ham, &["LURE"], 50)]);
    let tuning = tune(&knobs(), &mails, 5, 0.0).unwrap();
    assert!(!tuning.is_better && tuning.held_out.after.ham_tagged == 0);
}

#[test]
fn a_part_of_the_way_stays_between_then_and_now() {
    let knobs = knobs();
    let fitted: Vec<i32> = knobs.all.iter().map(|knob| knob.high).collect();
    let half = part_of_the_way(&knobs, &fitted, 50);
    assert_eq!(part_of_the_way(&knobs, &fitted, 100), fitted);
    for ((knob, half), fitted) in knobs.all.iter().zip(&half).zip(&fitted) {
        assert!((knob.now..=*fitted).contains(half) && (knob.low..=knob.high).contains(half), "{knob:?} {half}");
    }
}

#[test]
fn every_fold_needs_both_kinds() {
    let mails = samples(&[(Label::Spam, &["LURE"], 50), (Label::Ham, &["LURE"], 3)]);
    assert!(tune(&knobs(), &mails, 5, 0.0).unwrap_err().contains("fold 4 of 5 has no ham"));
}

#[test]
fn unlabelled_and_decided_mails_stand_aside() {
    let knobs = knobs();
    let mut samples = Samples::default();
    samples.add(&row(Label::Unlabelled, &["LURE"]), &knobs, 0);
    let mut decided = row(Label::Spam, &["LURE"]);
    decided.side.symbols[0].least_action = Action::Reject;
    samples.add(&decided, &knobs, 0);
    assert_eq!((samples.mails, samples.unlabelled, samples.aside, samples.counts.len()), (2, 1, 1, 0));
}
