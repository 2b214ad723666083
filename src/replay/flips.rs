//! Flips: mails whose action is another than before, and the symbols that made it so.
//!
//! Pure.

use super::{
    label::{Class, Label},
    row::{Hit, Row, Side},
};
use crate::{
    judge::{findings::Score, policy::by_score, policy::verdict::Action, rulebook::Thresholds},
    limits,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is another than before.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flips {
    /// What was compared with.
    pub against: String,
    /// Mails that both know.
    pub compared: u64,
    /// Mails that the earlier report does not have.
    pub unknown: u64,
    pub flips: u64,
    /// Mails whose whole verdict is the recorded one, bit for bit, and those whose verdict is not.
    pub same_verdicts: u64,
    pub other_verdicts: u64,
    #[serde(flatten)]
    pub kinds: Kinds,
    /// The symbols that made mails flip, those of most flips first. A mail with several counts for each.
    pub causes: Vec<CauseLine>,
    /// The first so many of them.
    pub mails: Vec<Flip>,
    #[serde(skip)]
    sums: BTreeMap<String, CauseLine>,
}

/// What flips mean for readers: crossing the line between a mail that is marked or kept back, and one that is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kinds {
    pub new_false_positives: u64,
    pub mended_false_positives: u64,
    pub new_catches: u64,
    pub lost_catches: u64,
}

/// What one symbol did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CauseLine {
    pub name: String,
    pub flips: u64,
    #[serde(flatten)]
    pub kinds: Kinds,
}

/// One mail.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flip {
    pub path: String,
    pub index: usize,
    pub label: Label,
    pub before: String,
    pub after: String,
    pub score_before: f64,
    pub score_after: f64,
    pub kind: &'static str,
    pub causes: Vec<String>,
}

impl Kinds {
    fn add(&mut self, kind: &str) {
        match kind {
            "new_false_positive" => self.new_false_positives += 1,
            "mended_false_positive" => self.mended_false_positives += 1,
            "new_catch" => self.new_catches += 1,
            "lost_catch" => self.lost_catches += 1,
            _ => {}
        }
    }
}

impl Flips {
    #[must_use]
    pub fn against(what: impl Into<String>) -> Self {
        Self { against: what.into(), ..Self::default() }
    }

    /// Compares a mail with what was made of it before.
    pub fn add(&mut self, before: Option<&Side>, row: &Row, thresholds: Thresholds) {
        let Some(before) = before else {
            self.unknown += 1;
            return;
        };
        self.compared += 1;
        let after = &row.side;
        if before.action == after.action {
            return;
        }
        self.flips += 1;
        let kind = kind(row.label, before.is_caught(), after.is_caught());
        self.kinds.add(kind);
        let causes = causes(before, after, thresholds);
        for name in &causes {
            let line = self.sums.entry(name.clone()).or_default();
            line.flips += 1;
            line.kinds.add(kind);
        }
        if self.mails.len() < limits::REPLAY_LISTED_MAX {
            self.mails.push(Flip {
                path: row.path.clone(),
                index: row.index,
                label: row.label,
                before: before.action.word().to_owned(),
                after: after.action.word().to_owned(),
                score_before: before.score.points(),
                score_after: after.score.points(),
                kind,
                causes,
            });
        }
    }

    /// Counts a whole verdict that was held to a recorded one.
    pub fn hold(&mut self, is_same: Option<bool>) {
        match is_same {
            Some(true) => self.same_verdicts += 1,
            Some(false) => self.other_verdicts += 1,
            None => {}
        }
    }

    /// Puts the causes in order.
    #[must_use]
    pub fn finished(&self) -> Self {
        let mut finished = self.clone();
        finished.causes =
            self.sums.iter().map(|(name, line)| CauseLine { name: name.clone(), ..line.clone() }).collect();
        finished.causes.sort_by(|one, other| other.flips.cmp(&one.flips).then_with(|| one.name.cmp(&other.name)));
        finished
    }
}

fn kind(label: Label, was_caught: bool, is_caught: bool) -> &'static str {
    match (label.class(), was_caught, is_caught) {
        (Some(Class::Ham), false, true) => "new_false_positive",
        (Some(Class::Ham), true, false) => "mended_false_positive",
        (Some(Class::Unwanted), false, true) => "new_catch",
        (Some(Class::Unwanted), true, false) => "lost_catch",
        _ => "other",
    }
}

/// The symbols whose weight or demand changed and that alone explain the flip; where none does alone, all that changed.
fn causes(before: &Side, after: &Side, thresholds: Thresholds) -> Vec<String> {
    fn table(side: &Side) -> BTreeMap<&str, (Score, Action)> {
        let entry = |hit: &Hit| (hit.score, hit.least_action);
        side.symbols.iter().map(|hit| (hit.name.as_str(), entry(hit))).collect()
    }
    let (old, new) = (table(before), table(after));
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let changed: Vec<&str> = names.into_iter().filter(|name| old.get(name) != new.get(name)).collect();
    let explains = |name: &&str| {
        let (was, least_before) = old.get(name).copied().unwrap_or_default();
        let (is, _) = new.get(name).copied().unwrap_or_default();
        let others = new.iter().filter(|(other, _)| *other != name).map(|(_, (_, least))| *least).max();
        let score = after.score + was + is.negated();
        by_score(score, thresholds).max(others.unwrap_or_default()).max(least_before) != after.action
    };
    let alone: Vec<&str> = changed.iter().filter(|name| explains(name)).copied().collect();
    let causes = if alone.is_empty() { changed } else { alone };
    causes.into_iter().map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(action: Action, score: i32, symbols: &[(&str, i32)]) -> Side {
        let hit = |(name, score): &(&str, i32)| Hit {
            name: (*name).to_owned(),
            score: Score::from_hundredths(*score),
            least_action: Action::Accept,
            decided: false,
        };
        Side { score: Score::from_hundredths(score), action, symbols: symbols.iter().map(hit).collect() }
    }

    fn row(label: Label, side: Side) -> Row {
        let (path, verdict) = ("a".to_owned(), String::new());
        Row {
            path,
            index: 1,
            label,
            bytes: 1,
            digest: String::new(),
            side,
            not_recorded: Vec::new(),
            verdict,
            micros: 0,
        }
    }

    #[test]
    fn the_symbol_that_alone_explains_a_flip_is_its_cause() {
        let mut flips = Flips::against("x");
        let before = side(Action::Accept, 500, &[("OLD", 500)]);
        let after = side(Action::Tag, 650, &[("NEW", 140), ("OLD", 500), ("SMALL", 10)]);
        flips.add(Some(&before), &row(Label::Ham, after.clone()), Thresholds::default());
        flips.add(Some(&after), &row(Label::Spam, before.clone()), Thresholds::default());
        flips.add(Some(&before), &row(Label::Ham, before.clone()), Thresholds::default());
        flips.add(None, &row(Label::Ham, before), Thresholds::default());
        let flips = flips.finished();
        assert_eq!((flips.compared, flips.unknown, flips.flips), (3, 1, 2));
        assert_eq!((flips.kinds.new_false_positives, flips.kinds.lost_catches), (1, 1));
        assert_eq!(flips.mails[0].causes, ["NEW"]);
        assert_eq!(flips.causes[0].name, "NEW");
    }
}
