//! Knobs: the scores that may be turned, how far, and how they add up in a mail.
//!
//! Pure. Scores are hundredths of a point.

use crate::judge::{
    findings::{Score, Symbol},
    policy::verdict::Action,
    rulebook::{Rulebook, Thresholds},
    rules::Rule,
};
use std::collections::{BTreeMap, BTreeSet};

/// One score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    pub symbol: String,
    /// As it stands in the rules; never 0.
    pub now: i32,
    /// It may be turned from here to there, both included; equal if it is locked.
    pub low: i32,
    pub high: i32,
    /// Where it is added up: 0 without a cap, else that of its group and sign.
    pub slot: usize,
    /// Why it may not be turned.
    pub locked: Option<&'static str>,
}

/// All scores that weigh something.
#[derive(Clone, Debug, Default)]
pub struct Knobs {
    pub all: Vec<Knob>,
    /// The most that a slot's sum counts, on its side of 0; `None` for the one without a cap.
    pub caps: Vec<Option<i32>>,
    pub thresholds: Thresholds,
    at: BTreeMap<String, usize>,
}

impl Knobs {
    /// Those of a rulebook. Locked are the named ones, rules with `locked = true` and rules that demand an action.
    ///
    /// # Errors
    /// Names that are no symbols with a score.
    pub fn of(rulebook: &Rulebook, locks: &[String]) -> Result<Self, String> {
        let mut knobs = Self { caps: vec![None], thresholds: rulebook.thresholds, ..Self::default() };
        let locks: BTreeSet<&str> = locks.iter().map(String::as_str).collect();
        let mut slots: BTreeMap<(&str, bool), usize> = BTreeMap::new();
        for (symbol, rule) in rulebook.rules.table.iter().filter(|(symbol, rule)| weighs(symbol, rule)) {
            let now = rule.score.hundredths();
            let cap = rulebook.rules.groups.get(&rule.group).and_then(|group| group.cap).map(Score::hundredths);
            let slot = match cap {
                None => 0,
                Some(cap) => *slots.entry((&rule.group, now < 0)).or_insert_with(|| {
                    knobs.caps.push(Some(cap));
                    knobs.caps.len() - 1
                }),
            };
            let locked = lock(symbol, rule, &locks);
            let (low, high) = if locked.is_some() { (now, now) } else { bounds(rule, cap, rulebook.thresholds) };
            knobs.at.insert(symbol.to_string(), knobs.all.len());
            knobs.all.push(Knob { symbol: symbol.to_string(), now, low, high, slot, locked });
        }
        match locks.iter().find(|name| !knobs.at.contains_key(**name)) {
            Some(name) => Err(format!("--lock {name}: no symbol that weighs something; `wehr rules list` shows them")),
            None => Ok(knobs),
        }
    }

    #[must_use]
    pub fn place(&self, symbol: &str) -> Option<usize> {
        self.at.get(symbol).copied()
    }

    /// The scores as they are.
    #[must_use]
    pub fn now(&self) -> Vec<i32> {
        self.all.iter().map(|knob| knob.now).collect()
    }

    /// What a mail with these hits weighs: as `Rulebook::sum`.
    #[must_use]
    pub fn sum(&self, hits: &[(u32, u32)], scores: &[i32]) -> Score {
        let mut sums = vec![Score::default(); self.caps.len()];
        for (at, times) in hits {
            let at = usize::try_from(*at).unwrap_or(usize::MAX);
            if let (Some(knob), Some(score)) = (self.all.get(at), scores.get(at))
                && let Some(sum) = sums.get_mut(knob.slot)
            {
                *sum = *sum + Score::from_hundredths(*score).times(*times);
            }
        }
        let within = |(sum, cap): (&Score, &Option<i32>)| match cap {
            Some(cap) => (*sum).clamp(Score::from_hundredths(-cap), Score::from_hundredths(*cap)),
            None => *sum,
        };
        sums.iter().zip(&self.caps).map(within).sum()
    }
}

fn weighs(symbol: &Symbol, rule: &Rule) -> bool {
    !rule.is_shadow && rule.score != Score::default() && !symbol.as_str().starts_with("__")
}

fn lock(symbol: &Symbol, rule: &Rule, locks: &BTreeSet<&str>) -> Option<&'static str> {
    if rule.action != Action::Accept {
        Some("it demands an action")
    } else if rule.is_locked {
        Some("its rule says so")
    } else if locks.contains(symbol.as_str()) {
        Some("--lock")
    } else {
        None
    }
}

/// The sign stays. What does not reach the tag threshold alone never will; what does stays below refusing.
fn bounds(rule: &Rule, cap: Option<i32>, thresholds: Thresholds) -> (i32, i32) {
    let most = rule.multiple.map_or(1, |most| i32::try_from(most).unwrap_or(i32::MAX)).max(1);
    let now = rule.score.hundredths();
    let reach = |threshold: Score| (threshold.hundredths() - 1) / most;
    let (tag, reject) = (reach(thresholds.tag), reach(thresholds.reject));
    if now < 0 {
        return ((-tag).min(now), -1);
    }
    let high = if now <= tag { tag } else { reject };
    (1, high.min(cap.unwrap_or(i32::MAX)).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::ruleset::Ruleset;

    fn bounds_of(score: i32, multiple: Option<usize>, cap: Option<i32>) -> (i32, i32) {
        let rule = Rule { score: Score::from_hundredths(score), multiple, ..Rule::default() };
        bounds(&rule, cap, Thresholds::default())
    }

    #[test]
    fn no_score_changes_its_sign_or_reaches_further_than_it_may() {
        assert_eq!(bounds_of(150, None, None), (1, 599));
        assert_eq!(bounds_of(650, None, None), (1, 1499));
        assert_eq!(bounds_of(2000, None, None), (1, 1499));
        assert_eq!(bounds_of(150, None, Some(350)), (1, 350));
        assert_eq!(bounds_of(10, Some(10), None), (1, 59));
        assert_eq!(bounds_of(-50, None, None), (-599, -1));
    }

    #[test]
    fn a_demanded_action_locks_and_unknown_names_are_told() {
        let mut rulebook = Rulebook {
            auth: crate::judge::auth::Settings::default(),
            own_domains: Vec::new(),
            thresholds: Thresholds::default(),
            rules: Ruleset::of(BTreeMap::new()),
            classes: crate::judge::policy::classes::Classes::embedded(),
            encryption: crate::judge::policy::encryption::Encryption::default(),
            senders: crate::judge::policy::senders::Senders::default(),
            learned: None,
            digest: String::new(),
        };
        for (name, action, score) in [("A", Action::Accept, 100), ("B", Action::Reject, 100), ("C", Action::Accept, 0)]
        {
            let rule = Rule { score: Score::from_hundredths(score), action, ..Rule::default() };
            rulebook.rules.table.insert(Symbol::named(name), rule);
        }
        let knobs = Knobs::of(&rulebook, &["A".to_owned()]).unwrap();
        let locked: Vec<_> = knobs.all.iter().map(|knob| (knob.symbol.as_str(), knob.locked)).collect();
        assert_eq!(locked, [("A", Some("--lock")), ("B", Some("it demands an action"))]);
        assert!(Knobs::of(&rulebook, &["C".to_owned()]).unwrap_err().starts_with("--lock C: "));
        assert_eq!(knobs.sum(&[(0, 2), (1, 1)], &[50, 7]), Score::from_hundredths(107));
    }
}
