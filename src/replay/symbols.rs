//! Symbols: how often each was found in ham and in unwanted mail, with which other, and whether it decided anything.
//!
//! Pure.

use super::{
    label::{Class, Label},
    row::Hit,
    sweep::{float, share},
};
use crate::{judge::findings::Score, limits};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Sums for each symbol.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    at: HashMap<String, usize>,
    sums: Vec<Sums>,
    /// Mails in which two symbols were found together, the smaller place first.
    pairs: HashMap<(usize, usize), u64>,
}

#[derive(Clone, Debug, Default)]
struct Sums {
    name: String,
    ham: u64,
    unwanted: u64,
    unlabelled: u64,
    decided: u64,
}

/// What is configured for a symbol.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub score: Score,
    pub group: String,
    /// As `wehr rules list` says it.
    pub cost: &'static str,
    pub is_shadow: bool,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SymbolLine {
    pub name: String,
    pub ham: u64,
    pub unwanted: u64,
    pub unlabelled: u64,
    /// S/O: its share of unwanted mail beside its share of ham, 1 where it is found in unwanted mail only; -1 where no labelled
    /// mail has it.
    pub spam_over_overall: f64,
    pub score: f64,
    pub group: String,
    pub shadow: bool,
    pub cost: &'static str,
    /// The symbol it is most often found with; empty if it stands alone.
    pub overlaps: String,
    /// Share of its mails that have that one too.
    pub overlap: f64,
    /// Share of its mails whose action would be the same without it.
    pub redundancy: f64,
}

impl Symbols {
    pub fn add(&mut self, label: Label, hits: &[Hit]) {
        let mut found: Vec<usize> = Vec::with_capacity(hits.len());
        for hit in hits {
            let place = self.place(&hit.name);
            found.push(place);
            if let Some(sums) = self.sums.get_mut(place) {
                match label.class() {
                    Some(Class::Ham) => sums.ham += 1,
                    Some(Class::Unwanted) => sums.unwanted += 1,
                    None => sums.unlabelled += 1,
                }
                sums.decided += u64::from(hit.decided);
            }
        }
        found.sort_unstable();
        for (at, one) in found.iter().enumerate() {
            for other in found.iter().skip(at + 1) {
                if let Some(count) = self.pairs.get_mut(&(*one, *other)) {
                    *count += 1;
                } else if self.pairs.len() < limits::REPLAY_PAIRS_MAX {
                    self.pairs.insert((*one, *other), 1);
                }
            }
        }
    }

    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.at.get(name) {
            return *place;
        }
        let place = self.sums.len();
        self.at.insert(name.to_owned(), place);
        self.sums.push(Sums { name: name.to_owned(), ..Sums::default() });
        place
    }

    /// A line for each symbol that was found, those in most mails first.
    #[must_use]
    pub fn lines(&self, known: &BTreeMap<String, Known>, ham_all: u64, unwanted_all: u64) -> Vec<SymbolLine> {
        let partners = self.partners();
        let line = |(place, sums): (usize, &Sums)| {
            let Known { score, group, cost, is_shadow } = known.get(&sums.name).cloned().unwrap_or_default();
            let all = sums.ham + sums.unwanted + sums.unlabelled;
            let (partner, together) = partners.get(&place).copied().unwrap_or_default();
            let overlaps = self.sums.get(partner).filter(|_| together > 0).map(|sums| sums.name.clone());
            SymbolLine {
                name: sums.name.clone(),
                ham: sums.ham,
                unwanted: sums.unwanted,
                unlabelled: sums.unlabelled,
                spam_over_overall: spam_over_overall(share(sums.ham, ham_all), share(sums.unwanted, unwanted_all)),
                score: score.points(),
                group,
                shadow: is_shadow,
                cost,
                overlaps: overlaps.unwrap_or_default(),
                overlap: share(together, all),
                redundancy: share(all - sums.decided, all),
            }
        };
        let mut lines: Vec<SymbolLine> = self.sums.iter().enumerate().map(line).collect();
        let all = |line: &SymbolLine| line.ham + line.unwanted + line.unlabelled;
        lines.sort_by(|one, other| all(other).cmp(&all(one)).then_with(|| one.name.cmp(&other.name)));
        lines
    }

    /// For each symbol the one it is most often found with; of several the first by name.
    fn partners(&self) -> HashMap<usize, (usize, u64)> {
        let mut partners: HashMap<usize, (usize, u64)> = HashMap::new();
        let name = |place: usize| self.sums.get(place).map(|sums| sums.name.as_str()).unwrap_or_default();
        for ((one, other), count) in &self.pairs {
            for (own, partner) in [(*one, *other), (*other, *one)] {
                let best = partners.entry(own).or_insert((partner, *count));
                if *count > best.1 || (*count == best.1 && name(partner) < name(best.0)) {
                    *best = (partner, *count);
                }
            }
        }
        partners
    }

    /// Configured symbols that no mail had.
    #[must_use]
    pub fn never(&self, known: &BTreeMap<String, Known>) -> Vec<String> {
        known.keys().filter(|name| !self.at.contains_key(*name)).cloned().collect()
    }
}

fn spam_over_overall(ham: f64, unwanted: f64) -> f64 {
    if ham + unwanted <= float(0) { -1.0 } else { unwanted / (ham + unwanted) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::policy::verdict::Action;

    fn hits(names: &[&str]) -> Vec<Hit> {
        let hit = |name: &&str| Hit {
            name: (*name).to_owned(),
            score: Score::default(),
            least_action: Action::Accept,
            decided: *name == "A",
        };
        names.iter().map(hit).collect()
    }

    #[test]
    fn shares_overlap_and_redundancy_are_told() {
        let mut symbols = Symbols::default();
        symbols.add(Label::Ham, &hits(&["B"]));
        symbols.add(Label::Spam, &hits(&["A", "B"]));
        symbols.add(Label::Phish, &hits(&["A", "B", "C"]));
        let known = BTreeMap::from([("NEVER".to_owned(), Known::default())]);
        let lines = symbols.lines(&known, 1, 2);
        let line = |name: &str| lines.iter().find(|line| line.name == name).cloned().unwrap();
        assert_eq!((line("B").ham, line("B").unwanted, line("B").overlaps.as_str()), (1, 2, "A"));
        assert!((line("A").spam_over_overall - 1.0).abs() < 1e-9 && (line("B").spam_over_overall - 0.5).abs() < 1e-9);
        assert!(line("A").redundancy < 1e-9 && (line("B").redundancy - 1.0).abs() < 1e-9);
        assert_eq!(symbols.never(&known), ["NEVER"]);
    }
}
