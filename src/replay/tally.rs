//! Tally: rows added up, one after the other; what it holds does not grow with the number of mails.
//!
//! Pure.

use super::{
    costs::Costs,
    label::{Class, Label},
    report::{ActionLine, ByTag, Errors, NotRecorded},
    row::Row,
    sweep::{Scores, share},
    symbols::Symbols,
};
use crate::{
    judge::{findings::Score, policy::verdict::Action},
    limits,
};
use std::collections::BTreeMap;

/// Sums over mails.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub mails: u64,
    pub bytes: u64,
    /// Time in reading and judging, over all threads, in microseconds.
    pub micros: u64,
    pub scores: Scores,
    pub symbols: Symbols,
    /// Of each rule, where they were weighed.
    pub costs: Costs,
    labels: BTreeMap<Label, u64>,
    actions: BTreeMap<(Action, Label), u64>,
    /// Mails whose score reaches the tag threshold.
    tagged: BTreeMap<Label, u64>,
    not_recorded: NotRecorded,
    errors: Errors,
}

impl Tally {
    pub fn add(&mut self, row: &Row, tag_from: Score) {
        self.mails += 1;
        self.bytes += u64::try_from(row.bytes).unwrap_or(u64::MAX);
        self.micros += row.micros;
        self.scores.add(row.label, row.side.score);
        self.symbols.add(row.label, &row.side.symbols);
        *self.labels.entry(row.label).or_default() += 1;
        *self.actions.entry((row.side.action, row.label)).or_default() += 1;
        if row.side.score >= tag_from {
            *self.tagged.entry(row.label).or_default() += 1;
        }
        if !row.not_recorded.is_empty() {
            self.not_recorded.mails += 1;
        }
        for kind in &row.not_recorded {
            *self.not_recorded.questions.entry(kind.clone()).or_default() += 1;
        }
    }

    /// A mail that could not be read or judged; `told` begins with its path.
    pub fn fail(&mut self, told: String) {
        self.errors.count += 1;
        if self.errors.listed.len() < limits::REPLAY_LISTED_MAX {
            self.errors.listed.push(told);
        }
    }

    #[must_use]
    pub fn labelled(&self, class: Class) -> u64 {
        self.labels.iter().filter(|(label, _)| label.class() == Some(class)).map(|(_, count)| count).sum()
    }

    #[must_use]
    pub fn labels(&self) -> BTreeMap<&'static str, u64> {
        Label::ALL.into_iter().map(|label| (label.word(), self.labels.get(&label).copied().unwrap_or(0))).collect()
    }

    /// The confusion table, where a score from the tag threshold on calls a mail unwanted.
    #[must_use]
    pub fn by_tag(&self) -> ByTag {
        self.confusion(|class| {
            self.tagged.iter().filter(|(label, _)| label.class() == Some(class)).map(|(_, n)| n).sum()
        })
    }

    /// The same, where every action but accept does.
    #[must_use]
    pub fn by_caught(&self) -> ByTag {
        let caught = |class| {
            let is_meant = |(action, label): &(Action, Label)| *action >= Action::Tag && label.class() == Some(class);
            self.actions.iter().filter(|(key, _)| is_meant(key)).map(|(_, count)| count).sum()
        };
        self.confusion(caught)
    }

    fn confusion(&self, called: impl Fn(Class) -> u64) -> ByTag {
        let (ham, unwanted) = (self.labelled(Class::Ham), self.labelled(Class::Unwanted));
        let (false_positives, true_positives) = (called(Class::Ham), called(Class::Unwanted));
        ByTag {
            true_positives,
            false_negatives: unwanted - true_positives,
            false_positives,
            true_negatives: ham - false_positives,
            catch_rate: share(true_positives, unwanted),
            ham_rate: share(false_positives, ham),
        }
    }

    #[must_use]
    pub fn by_action(&self) -> Vec<ActionLine> {
        let line = |action: Action| {
            let of = |label| self.actions.get(&(action, label)).copied().unwrap_or(0);
            ActionLine {
                action: action.word(),
                ham: of(Label::Ham),
                spam: of(Label::Spam),
                phish: of(Label::Phish),
                unlabelled: of(Label::Unlabelled),
            }
        };
        Action::ALL.into_iter().map(line).collect()
    }

    #[must_use]
    pub fn not_recorded(&self) -> &NotRecorded {
        &self.not_recorded
    }

    #[must_use]
    pub fn errors(&self) -> &Errors {
        &self.errors
    }
}
