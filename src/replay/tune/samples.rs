//! Samples: labelled mails as the symbols they have; equal ones are kept once and counted.
//!
//! Pure.

use super::knobs::Knobs;
use crate::{
    judge::policy::verdict::Action,
    limits,
    replay::{label::Class, row::Row},
};
use std::collections::BTreeMap;

/// What of a mail counts: two that are equal are one, seen twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample {
    pub fold: u32,
    pub is_unwanted: bool,
    /// Places of knobs, ascending, and how often each symbol was found.
    pub hits: Vec<(u32, u32)>,
}

/// Mails gathered for tuning.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// How often each came.
    pub counts: BTreeMap<Sample, u32>,
    /// Mails that were looked at.
    pub mails: u64,
    /// Mails without label.
    pub unlabelled: u64,
    /// Mails whose action does not rest on the score.
    pub aside: u64,
    /// Mails that came when `limits::TUNE_SAMPLES_MAX` different ones were held.
    pub left_out: u64,
}

impl Samples {
    /// Takes a mail into a fold.
    pub fn add(&mut self, row: &Row, knobs: &Knobs, fold: u32) {
        self.mails += 1;
        let Some(class) = row.label.class() else {
            self.unlabelled += 1;
            return;
        };
        if row.side.symbols.iter().any(|hit| hit.least_action > Action::Accept) {
            self.aside += 1;
            return;
        }
        let mut hits: Vec<(u32, u32)> = Vec::new();
        for hit in &row.side.symbols {
            if let Some(at) = knobs.place(&hit.name)
                && let Some(knob) = knobs.all.get(at)
            {
                let times = hit.score.hundredths().checked_div(knob.now).unwrap_or_default();
                hits.push((u32::try_from(at).unwrap_or(u32::MAX), u32::try_from(times).unwrap_or_default()));
            }
        }
        hits.sort_unstable();
        let sample = Sample { fold, is_unwanted: class == Class::Unwanted, hits };
        if let Some(count) = self.counts.get_mut(&sample) {
            *count += 1;
        } else if self.counts.len() < limits::TUNE_SAMPLES_MAX {
            self.counts.insert(sample, 1);
        } else {
            self.left_out += 1;
        }
    }

    /// Mails of a class that are held, in all folds or in one.
    #[must_use]
    pub fn of(&self, is_unwanted: bool, fold: Option<u32>) -> u64 {
        let is_meant =
            |sample: &Sample| sample.is_unwanted == is_unwanted && fold.is_none_or(|fold| sample.fold == fold);
        self.counts.iter().filter(|(sample, _)| is_meant(sample)).map(|(_, count)| u64::from(*count)).sum()
    }
}

/// The fold of a mail, by its digest or the name of its campaign: FNV-1a of 64 bits, the same on every machine.
#[must_use]
pub fn fold(name: &str, folds: u32) -> u32 {
    let fnv = |sum: u64, octet: u8| (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
    let sum = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    u32::try_from(sum % u64::from(folds.max(1))).unwrap_or_default()
}
