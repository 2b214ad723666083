//! Fit: scores that part unwanted mail from ham at the tag threshold, within the bounds of each.
//!
//! Pure. Coordinates are turned one after the other in the order of their names, with additions and multiplications only,
//! so the same mails give the same scores on every machine. A mail costs by how far it lies on the wrong side of the
//! threshold, with a point of margin: a square near it, a line far from it, so that a hopeless mail does not bend the rest.
//! Every score is drawn to what it is now, so that few mails cannot turn a rule far.

use super::{knobs::Knobs, samples::Sample};
use crate::judge::findings::Score;

/// Points by which a mail should lie on its side of the threshold.
const MARGIN: f64 = 1.0;
/// Points behind the margin from which a mail costs no more than proportionally.
const HOPELESS: f64 = 3.0;
/// As many mails as it takes to turn a score half of the way that they ask for.
const PULL: f64 = 5.0;
/// Rounds over all scores, at most.
const ROUNDS_MAX: usize = 60;
/// A round that turns no score by so many points is the last.
const SETTLED: f64 = 0.005;
/// How much heavier a ham mail weighs than an unwanted one: the least that keeps to the rate is taken.
const HAM_WEIGHTS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0, 1024.0];

/// A sample and how often it came.
pub type Counted<'s> = (&'s Sample, u32);

/// Scores for these samples: at most this share of ham at or above the tag threshold, where that can be had.
#[must_use]
pub fn fit(knobs: &Knobs, samples: &[Counted<'_>], ham_rate: f64) -> Vec<i32> {
    let now = knobs.now();
    let mut best = (judged(knobs, samples, &now, ham_rate), now);
    let mut course = Course::new(knobs, samples);
    for ham_weight in HAM_WEIGHTS {
        course.descend(ham_weight);
        let scores = course.rounded();
        let merit = judged(knobs, samples, &scores, ham_rate);
        let keeps = merit.keeps;
        if merit > best.0 {
            best = (merit, scores);
        }
        if keeps {
            break;
        }
    }
    best.1
}

/// How good scores are, the better the greater: first the rate of ham, then what is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Merit {
    keeps: bool,
    /// Above the rate: ham that is not marked, negative.
    ham_over: i64,
    caught: u64,
}

fn judged(knobs: &Knobs, samples: &[Counted<'_>], scores: &[i32], ham_rate: f64) -> Merit {
    let (mut ham, mut ham_tagged, mut caught) = (0_u32, 0_u32, 0_u64);
    for (sample, count) in samples {
        let is_tagged = knobs.sum(&sample.hits, scores) >= knobs.thresholds.tag;
        if sample.is_unwanted {
            caught += if is_tagged { u64::from(*count) } else { 0 };
        } else {
            ham += count;
            ham_tagged += if is_tagged { *count } else { 0 };
        }
    }
    let keeps = f64::from(ham_tagged) <= f64::from(ham) * ham_rate;
    Merit { keeps, ham_over: if keeps { 0 } else { -i64::from(ham_tagged) }, caught }
}

/// The way down: scores in points, and what they make of every sample.
struct Course<'k> {
    knobs: &'k Knobs,
    scores: Vec<f64>,
    /// For each knob its samples and how often it is found there.
    columns: Vec<Vec<(usize, f64)>>,
    mails: Vec<Mail>,
    /// Ham mails for each unwanted one.
    ham_share: f64,
}

/// One sample on the way.
struct Mail {
    is_unwanted: bool,
    count: f64,
    /// Sum of each slot, before its cap.
    sums: Vec<f64>,
    /// All of it, within the caps.
    score: f64,
}

impl<'k> Course<'k> {
    fn new(knobs: &'k Knobs, samples: &[Counted<'_>]) -> Self {
        let points = |hundredths: i32| Score::from_hundredths(hundredths).points();
        let scores: Vec<f64> = knobs.all.iter().map(|knob| points(knob.now)).collect();
        let mut columns: Vec<Vec<(usize, f64)>> = knobs.all.iter().map(|_| Vec::new()).collect();
        let mut mails = Vec::with_capacity(samples.len());
        let (mut ham, mut unwanted) = (0.0, 0.0);
        for (row, (sample, count)) in samples.iter().enumerate() {
            let mut sums = vec![0.0; knobs.caps.len()];
            for (at, times) in &sample.hits {
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                let (Some(knob), Some(column)) = (knobs.all.get(at), columns.get_mut(at)) else { continue };
                column.push((row, f64::from(*times)));
                if let Some(sum) = sums.get_mut(knob.slot) {
                    *sum += points(knob.now) * f64::from(*times);
                }
            }
            let score = sums.iter().zip(&knobs.caps).map(|(sum, cap)| within(*sum, *cap)).sum();
            let count = f64::from(*count);
            *(if sample.is_unwanted { &mut unwanted } else { &mut ham }) += count;
            mails.push(Mail { is_unwanted: sample.is_unwanted, count, sums, score });
        }
        let ham_share = if ham > 0.0 && unwanted > 0.0 { unwanted / ham } else { 1.0 };
        Self { knobs, scores, columns, mails, ham_share }
    }

    fn descend(&mut self, ham_weight: f64) {
        for _ in 0..ROUNDS_MAX {
            let mut widest: f64 = 0.0;
            for at in 0..self.scores.len() {
                widest = widest.max(self.turn(at, ham_weight).unwrap_or_default());
            }
            if widest < SETTLED {
                return;
            }
        }
    }

    /// Turns one score to where the mails that have it want it; how far.
    fn turn(&mut self, at: usize, ham_weight: f64) -> Option<f64> {
        let knob = self.knobs.all.get(at)?;
        let column = self.columns.get(at).filter(|column| knob.low < knob.high && !column.is_empty())?;
        let points = |hundredths: i32| Score::from_hundredths(hundredths).points();
        let (was, tag) = (*self.scores.get(at)?, self.knobs.thresholds.tag.points());
        let cap = self.knobs.caps.get(knob.slot).copied().flatten();
        let (mut slope, mut bend) = (PULL * (was - points(knob.now)), PULL);
        for (row, times) in column {
            let Some(mail) = self.mails.get(*row) else { continue };
            let sum = mail.sums.get(knob.slot).copied().unwrap_or_default();
            let side = if mail.is_unwanted { 1.0 } else { -1.0 };
            let short = MARGIN - side * (mail.score - tag);
            // Where the group is at its cap, another score of it changes nothing.
            if short <= 0.0 || cap.is_some_and(|cap| sum.abs() > points(cap)) {
                continue;
            }
            let weight = mail.count * if mail.is_unwanted { 1.0 } else { ham_weight * self.ham_share };
            slope -= weight * side * times * short.min(HOPELESS);
            bend += weight * times * times;
        }
        let is = (was - slope / bend).clamp(points(knob.low), points(knob.high));
        for (row, times) in column {
            if let Some(mail) = self.mails.get_mut(*row)
                && let Some(sum) = mail.sums.get_mut(knob.slot)
            {
                let before = within(*sum, cap);
                *sum += (is - was) * times;
                mail.score += within(*sum, cap) - before;
            }
        }
        *self.scores.get_mut(at)? = is;
        Some((is - was).abs())
    }

    /// To hundredths, within the bounds. What moved by less than a tenth stays as it was: nobody should review it.
    fn rounded(&self) -> Vec<i32> {
        let round = |(score, knob): (&f64, &super::knobs::Knob)| {
            #[expect(clippy::cast_possible_truncation, reason = "scores lie within thresholds")]
            let hundredths = (score * 100.0).round() as i32;
            let is_moved = (hundredths - knob.now).abs() >= 10 || !(knob.low..=knob.high).contains(&knob.now);
            if is_moved { hundredths.clamp(knob.low, knob.high) } else { knob.now }
        };
        self.scores.iter().zip(&self.knobs.all).map(round).collect()
    }
}

fn within(sum: f64, cap: Option<i32>) -> f64 {
    match cap.map(|cap| Score::from_hundredths(cap).points()) {
        Some(cap) => sum.clamp(-cap, cap),
        None => sum,
    }
}
