//! Costs: the time that each rule takes by itself, added up over mails.
//!
//! Pure. Times are measured, so they differ from run to run; everything else of a replay does not.

use super::sweep::float;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Sums by rule.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    sums: BTreeMap<String, Duration>,
    bytes: u64,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostLine {
    pub name: String,
    /// Nanoseconds for each KiB of mail, fields made already, no pass shared with other rules.
    pub nanos_per_kib: f64,
    /// Of what all rules take so.
    pub share: f64,
}

impl Costs {
    /// Adds what rules took on a mail of so many octets.
    pub fn add<'s>(&mut self, bytes: usize, took: impl Iterator<Item = (&'s str, Duration)>) {
        self.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        for (name, took) in took {
            if let Some(sum) = self.sums.get_mut(name) {
                *sum += took;
            } else {
                self.sums.insert(name.to_owned(), took);
            }
        }
    }

    /// A line for each rule, the dearest first.
    #[must_use]
    pub fn lines(&self) -> Vec<CostLine> {
        let nanos = |took: &Duration| float(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        let kib = (float(self.bytes) / 1024.0).max(f64::MIN_POSITIVE);
        let all: f64 = self.sums.values().map(nanos).sum();
        let line = |(name, took): (&String, &Duration)| CostLine {
            name: name.clone(),
            nanos_per_kib: (nanos(took) / kib * 10.0).round() / 10.0,
            share: if all > 0.0 { nanos(took) / all } else { 0.0 },
        };
        let mut lines: Vec<CostLine> = self.sums.iter().map(line).collect();
        lines.sort_by(|one, other| other.share.total_cmp(&one.share).then_with(|| one.name.cmp(&other.name)));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_comes_first() {
        let mut costs = Costs::default();
        let nanos = Duration::from_nanos;
        costs.add(1024, [("A", nanos(100)), ("B", nanos(1000))].into_iter());
        costs.add(1024, [("A", nanos(100)), ("B", nanos(2800))].into_iter());
        let lines = costs.lines();
        assert_eq!((lines[0].name.as_str(), lines[1].name.as_str()), ("B", "A"));
        assert!((lines[0].nanos_per_kib - 1900.0).abs() < 1e-9 && (lines[1].share - 0.05).abs() < 1e-9);
        assert!(Costs::default().lines().is_empty());
    }
}
