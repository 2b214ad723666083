//! The report of a replay: the last JSON object of `wehr replay --json`, a contract (docs/replay.md).
//!
//! Pure. All keys are always there but `against`, which needs something to compare with, and `costs`, which have to be measured.

use super::{
    costs::CostLine,
    flips::Flips,
    label::Class,
    sweep::{Bar, Sweep, float},
    symbols::{Known, SymbolLine},
    tally::Tally,
};
use crate::judge::rulebook::{Rulebook, Thresholds};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Everything that is told of a replay.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub mails: u64,
    pub mails_per_second: f64,
    /// Over the time that reading and judging took, without waiting for input.
    pub mails_per_second_per_core: f64,
    pub seconds: f64,
    pub bytes: u64,
    pub jobs: usize,
    /// For example `1/4`; empty if every mail was meant.
    pub shard: String,
    /// It was stopped before the end.
    pub interrupted: bool,
    pub labels: BTreeMap<&'static str, u64>,
    pub thresholds: Levels,
    pub confusion: Confusion,
    pub histogram: Vec<Bar>,
    pub sweep: Sweep,
    pub symbols: Vec<SymbolLine>,
    /// Configured symbols that no mail had.
    pub never: Vec<String>,
    /// What rules take; none are told unless they were weighed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<CostLine>,
    pub not_recorded: NotRecorded,
    pub errors: Errors,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Flips>,
}

/// Scores from which mails are marked, set aside, refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Levels {
    pub tag: f64,
    pub quarantine: f64,
    pub reject: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confusion {
    /// A score from the tag threshold on calls a mail unwanted.
    pub by_tag: ByTag,
    /// Every action but accept calls a mail unwanted.
    pub by_caught: ByTag,
    pub by_action: Vec<ActionLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ByTag {
    pub true_positives: u64,
    pub false_negatives: u64,
    pub false_positives: u64,
    pub true_negatives: u64,
    pub catch_rate: f64,
    pub ham_rate: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionLine {
    pub action: &'static str,
    pub ham: u64,
    pub spam: u64,
    pub phish: u64,
    pub unlabelled: u64,
}

/// Questions that nobody had recorded the answer of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NotRecorded {
    /// Mails that had any.
    pub mails: u64,
    /// By kind, the number of mails that asked.
    pub questions: BTreeMap<String, u64>,
}

/// What could not be read or judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Errors {
    pub count: u64,
    /// The first so many of them, each with its path.
    pub listed: Vec<String>,
}

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub took: Duration,
    pub jobs: usize,
    pub shard: String,
    pub interrupted: bool,
}

/// The report of what was added up.
#[must_use]
pub fn report(tally: &Tally, rulebook: &Rulebook, run: &Run, flips: Option<&Flips>) -> Report {
    let known = known(rulebook);
    let seconds = run.took.as_secs_f64();
    let rate = |seconds: f64| if seconds > 0.0 { rounded(float(tally.mails) / seconds) } else { 0.0 };
    let Thresholds { tag, quarantine, reject } = rulebook.thresholds;
    Report {
        mails: tally.mails,
        mails_per_second: rate(seconds),
        mails_per_second_per_core: rate(Duration::from_micros(tally.micros).as_secs_f64()),
        seconds,
        bytes: tally.bytes,
        jobs: run.jobs,
        shard: run.shard.clone(),
        interrupted: run.interrupted,
        labels: tally.labels(),
        thresholds: Levels { tag: tag.points(), quarantine: quarantine.points(), reject: reject.points() },
        confusion: Confusion { by_tag: tally.by_tag(), by_caught: tally.by_caught(), by_action: tally.by_action() },
        histogram: tally.scores.histogram(),
        sweep: tally.scores.sweep(),
        symbols: tally.symbols.lines(&known, tally.labelled(Class::Ham), tally.labelled(Class::Unwanted)),
        never: tally.symbols.never(&known),
        costs: tally.costs.lines(),
        not_recorded: tally.not_recorded().clone(),
        errors: tally.errors().clone(),
        against: flips.map(Flips::finished),
    }
}

/// What is configured for every symbol that can be reported; sub-rules (`__NAME`) never are.
fn known(rulebook: &Rulebook) -> BTreeMap<String, Known> {
    let rules = &rulebook.rules;
    let entry = |(symbol, rule): (&crate::judge::findings::Symbol, &crate::judge::rules::Rule)| {
        let cost = rules.program.place(symbol).map_or("facts", |place| rules.program.cost(place).word());
        let known = Known { score: rule.score, group: rule.group.clone(), cost, is_shadow: rule.is_shadow };
        (symbol.to_string(), known)
    };
    rules.table.iter().map(entry).filter(|(name, _)| !name.starts_with("__")).collect()
}

/// To a tenth: more digits of a rate say nothing.
fn rounded(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}
