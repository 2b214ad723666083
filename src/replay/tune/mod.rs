//! Tune: scores fitted to labelled mails, and what that is worth on mails that the fit has not seen.
//!
//! Pure, and without chance: the same mails give the same scores.

pub mod fit;
pub mod knobs;
pub mod patch;
pub mod samples;

use self::{
    fit::{Counted, fit},
    knobs::Knobs,
    samples::Samples,
};
use super::{
    label::Label,
    sweep::{Scores, share},
};
use crate::judge::findings::Score;
use serde::Serialize;

/// Parts of the fitted way, percent, of which held-out mails choose one: a fit that turns too far on mails that it knows is
/// still right about the direction.
const PARTS: [u32; 5] = [100, 75, 50, 25, 10];
/// Hundredths of a point below which a score stays as it is: nobody should review that.
const MOVE_MIN: i32 = 10;

/// What scores are worth on a set of mails.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worth {
    pub ham: u64,
    pub unwanted: u64,
    /// Mails at or above the tag threshold.
    pub ham_tagged: u64,
    pub caught: u64,
    pub ham_rate: f64,
    pub catch_rate: f64,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Share that the best threshold without any ham catches, and the best within the demanded rate.
    pub catch_without_ham: f64,
    pub catch_within_rate: f64,
}

/// One score that is another now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub symbol: String,
    pub before: f64,
    pub after: f64,
    /// Mails that have it, of those that were fitted to.
    pub ham: u64,
    pub unwanted: u64,
    #[serde(skip)]
    pub score: Score,
}

/// Everything that tuning found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuning {
    pub mails: u64,
    /// Mails that were not fitted to: without label; decided by a demanded action; beyond our bound.
    pub unlabelled: u64,
    pub decided_by_action: u64,
    pub left_out: u64,
    pub folds: u32,
    /// The highest share of ham that may reach the tag threshold.
    pub false_positives: f64,
    /// Each mail by scores fitted to the other folds: what counts.
    pub held_out: BeforeAfter,
    /// All mails by scores fitted to all of them: flattering.
    pub fitted: BeforeAfter,
    /// How much of the fitted way is taken, percent; chosen on held-out mails.
    pub part: u32,
    /// On held-out mails the new scores are better.
    pub is_better: bool,
    pub changes: Vec<Change>,
    /// Symbols whose score was not to be turned.
    pub locked: Vec<Locked>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BeforeAfter {
    pub before: Worth,
    pub after: Worth,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Locked {
    pub symbol: String,
    pub why: &'static str,
}

/// Fits scores to the samples, which lie in `folds` folds.
///
/// # Errors
/// When a fold has no ham or no unwanted mail, in words.
pub fn tune(knobs: &Knobs, samples: &Samples, folds: u32, ham_rate: f64) -> Result<Tuning, String> {
    for fold in 0..folds {
        for (is_unwanted, what) in [(false, "ham"), (true, "unwanted mail")] {
            if samples.of(is_unwanted, Some(fold)) == 0 {
                let all = samples.of(is_unwanted, None);
                return Err(format!(
                    "fold {} of {folds} has no {what} ({all} in all): more mails, or fewer --folds",
                    fold + 1
                ));
            }
        }
    }
    let all: Vec<Counted<'_>> = samples.counts.iter().map(|(sample, count)| (sample, *count)).collect();
    let now = knobs.now();
    let (part, held_out) = held_out(knobs, &all, folds, ham_rate);
    let scores = part_of_the_way(knobs, &fit(knobs, &all, ham_rate), part);
    let worth = |scores: &[i32]| {
        let mut sums = Sums::default();
        sums.add(knobs, &all, scores);
        sums.worth(ham_rate)
    };
    let changes = changes(knobs, samples, &scores);
    Ok(Tuning {
        mails: samples.mails,
        unlabelled: samples.unlabelled,
        decided_by_action: samples.aside,
        left_out: samples.left_out,
        folds,
        false_positives: ham_rate,
        part,
        is_better: is_better(&held_out, ham_rate) && !changes.is_empty(),
        held_out,
        fitted: BeforeAfter { before: worth(&now), after: worth(&scores) },
        changes,
        locked: knobs
            .all
            .iter()
            .filter_map(|knob| Some(Locked { symbol: knob.symbol.clone(), why: knob.locked? }))
            .collect(),
    })
}

/// What each fold is worth by scores fitted to the others, and the part of the way that is best there.
fn held_out(knobs: &Knobs, all: &[Counted<'_>], folds: u32, ham_rate: f64) -> (u32, BeforeAfter) {
    let mut before = Sums::default();
    let mut afters = PARTS.map(|part| (part, Sums::default()));
    for fold in 0..folds {
        let (held, others): (Vec<Counted<'_>>, Vec<Counted<'_>>) =
            all.iter().copied().partition(|(sample, _)| sample.fold == fold);
        let scores = fit(knobs, &others, ham_rate);
        before.add(knobs, &held, &knobs.now());
        for (part, after) in &mut afters {
            after.add(knobs, &held, &part_of_the_way(knobs, &scores, *part));
        }
    }
    let before = before.worth(ham_rate);
    let merit = |after: &Worth| {
        let keeps = after.ham_rate <= ham_rate;
        (keeps, if keeps { 0 } else { u64::MAX - after.ham_tagged }, after.caught)
    };
    let mut best = (100, BeforeAfter { before: before.clone(), after: before.clone() });
    for (at, (part, after)) in afters.iter().enumerate() {
        let after = after.worth(ham_rate);
        if at == 0 || merit(&after) > merit(&best.1.after) {
            best = (*part, BeforeAfter { before: before.clone(), after });
        }
    }
    best
}

/// Scores between those of now and the fitted ones, within the bounds.
fn part_of_the_way(knobs: &Knobs, fitted: &[i32], part: u32) -> Vec<i32> {
    let part = i32::try_from(part).unwrap_or(100);
    let step = |(knob, fitted): (&knobs::Knob, &i32)| {
        let by = (fitted - knob.now) * part / 100;
        let is_within = (knob.low..=knob.high).contains(&knob.now);
        if by.abs() < MOVE_MIN && is_within { knob.now } else { (knob.now + by).clamp(knob.low, knob.high) }
    };
    knobs.all.iter().zip(fitted).map(step).collect()
}

/// Scores of mails being added up.
#[derive(Default)]
struct Sums {
    scores: Scores,
    ham: u64,
    unwanted: u64,
    ham_tagged: u64,
    caught: u64,
}

impl Sums {
    fn add(&mut self, knobs: &Knobs, samples: &[Counted<'_>], scores: &[i32]) {
        for (sample, count) in samples {
            let score = knobs.sum(&sample.hits, scores);
            let count = u64::from(*count);
            let tagged = if score >= knobs.thresholds.tag { count } else { 0 };
            if sample.is_unwanted {
                self.unwanted += count;
                self.caught += tagged;
                self.scores.add_many(Label::Spam, score, count);
            } else {
                self.ham += count;
                self.ham_tagged += tagged;
                self.scores.add_many(Label::Ham, score, count);
            }
        }
    }

    fn worth(&self, ham_rate: f64) -> Worth {
        Worth {
            ham: self.ham,
            unwanted: self.unwanted,
            ham_tagged: self.ham_tagged,
            caught: self.caught,
            ham_rate: share(self.ham_tagged, self.ham),
            catch_rate: share(self.caught, self.unwanted),
            auc: self.scores.sweep().auc,
            catch_without_ham: self.scores.catch_at(0.0).catch_rate,
            catch_within_rate: self.scores.catch_at(ham_rate).catch_rate,
        }
    }
}

/// Less ham where there was too much; else more caught, or the same with a better order of mails, within the rate.
fn is_better(held_out: &BeforeAfter, ham_rate: f64) -> bool {
    let BeforeAfter { before, after } = held_out;
    if before.ham_rate > ham_rate {
        return after.ham_tagged < before.ham_tagged;
    }
    let has_caught_more = after.caught > before.caught || (after.caught == before.caught && after.auc > before.auc);
    after.ham_rate <= ham_rate && has_caught_more
}

fn changes(knobs: &Knobs, samples: &Samples, scores: &[i32]) -> Vec<Change> {
    let mut seen = vec![[0_u64; 2]; knobs.all.len()];
    for (sample, count) in &samples.counts {
        for (at, _) in &sample.hits {
            if let Some(seen) = seen.get_mut(usize::try_from(*at).unwrap_or(usize::MAX)) {
                let [ham, unwanted] = seen;
                *(if sample.is_unwanted { unwanted } else { ham }) += u64::from(*count);
            }
        }
    }
    let moved = knobs.all.iter().zip(scores).zip(seen).filter(|((knob, score), _)| knob.now != **score);
    let change = |((knob, score), [ham, unwanted]): ((&knobs::Knob, &i32), [u64; 2])| {
        let score = Score::from_hundredths(*score);
        let before = Score::from_hundredths(knob.now).points();
        Change { symbol: knob.symbol.clone(), before, after: score.points(), ham, unwanted, score }
    };
    moved.map(change).collect()
}

#[cfg(test)]
mod tests;
