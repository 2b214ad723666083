//! Sweep: what every threshold would have caught, and at what price: the ROC curve and its area.
//!
//! Pure. Sums are over exact scores, so the order of mails does not count.

use super::label::{Class, Label};
use crate::judge::findings::Score;
use serde::Serialize;
use std::collections::BTreeMap;

/// Points of a curve that are told; a curve with more is thinned evenly.
const POINTS_MAX: usize = 400;
/// Shares of ham at which the catch is told.
const HAM_RATES: [f64; 3] = [0.0, 0.001, 0.01];
/// Points of score that a bar of the histogram covers.
const BAR: i32 = 100;
/// The histogram's ends, in bars: what lies outside counts in the last bar on its side.
const BARS: std::ops::RangeInclusive<i32> = -15..=40;

/// How often each score came.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    counts: BTreeMap<Score, [u64; 3]>,
}

/// Every threshold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sweep {
    /// Area under the ROC curve, from 0 to 1; 0.5 where one class is missing.
    pub auc: f64,
    pub catch_at: Vec<Catch>,
    /// From the highest threshold to the lowest.
    pub points: Vec<Point>,
}

/// The lowest threshold that keeps to a share of ham, and what it catches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Catch {
    pub ham_rate: f64,
    pub threshold: f64,
    /// Share of unwanted mail at or above the threshold.
    pub catch_rate: f64,
}

/// One threshold: shares of ham and of unwanted mail at or above it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    pub threshold: f64,
    pub ham_rate: f64,
    pub catch_rate: f64,
}

/// One bar of the histogram: scores from `from` up to, but not including, `to`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    pub from: f64,
    pub to: f64,
    pub ham: u64,
    pub unwanted: u64,
    pub unlabelled: u64,
}

impl Scores {
    pub fn add(&mut self, label: Label, score: Score) {
        self.add_many(label, score, 1);
    }

    pub fn add_many(&mut self, label: Label, score: Score, count: u64) {
        let [ham, unwanted, unlabelled] = self.counts.entry(score).or_default();
        match label.class() {
            Some(Class::Ham) => *ham += count,
            Some(Class::Unwanted) => *unwanted += count,
            None => *unlabelled += count,
        }
    }

    /// Bars from the first that holds a mail to the last.
    #[must_use]
    pub fn histogram(&self) -> Vec<Bar> {
        let mut bars: BTreeMap<i32, [u64; 3]> = BTreeMap::new();
        for (score, counts) in &self.counts {
            let at = score.hundredths().div_euclid(BAR).clamp(*BARS.start(), *BARS.end());
            for (sum, count) in bars.entry(at).or_default().iter_mut().zip(counts) {
                *sum += count;
            }
        }
        let (Some((first, _)), Some((last, _))) = (bars.first_key_value(), bars.last_key_value()) else {
            return Vec::new();
        };
        let bar = |at: i32| {
            let [ham, unwanted, unlabelled] = bars.get(&at).copied().unwrap_or_default();
            let points = |at: i32| f64::from(at * BAR) / 100.0;
            Bar { from: points(at), to: points(at + 1), ham, unwanted, unlabelled }
        };
        (*first..=*last).map(bar).collect()
    }

    /// The lowest threshold with no more than this share of ham.
    #[must_use]
    pub fn catch_at(&self, ham_rate: f64) -> Catch {
        catch(&self.curve().0, ham_rate)
    }

    #[must_use]
    pub fn sweep(&self) -> Sweep {
        let (points, area) = self.curve();
        let is_complete = area.is_some();
        let catch_at = HAM_RATES.iter().filter(|_| is_complete).map(|rate| catch(&points, *rate)).collect();
        Sweep { auc: area.unwrap_or(0.5), catch_at, points: thinned(points) }
    }

    /// Every point of the curve, and the area below it if there is mail of both classes.
    fn curve(&self) -> (Vec<Point>, Option<f64>) {
        let sum = |class: fn(&[u64; 3]) -> u64| self.counts.values().map(class).sum::<u64>();
        let (ham_all, unwanted_all) = (sum(|[ham, ..]| *ham), sum(|[_, unwanted, _]| *unwanted));
        let (mut ham, mut unwanted, mut area) = (0, 0, 0.0);
        let mut points = Vec::new();
        for (score, [ham_here, unwanted_here, _]) in self.counts.iter().rev() {
            if ham_here + unwanted_here == 0 {
                continue;
            }
            area +=
                share(*ham_here, ham_all) * (share(unwanted, unwanted_all) + share(*unwanted_here, unwanted_all) / 2.0);
            ham += ham_here;
            unwanted += unwanted_here;
            points.push(Point {
                threshold: score.points(),
                ham_rate: share(ham, ham_all),
                catch_rate: share(unwanted, unwanted_all),
            });
        }
        let is_complete = ham_all > 0 && unwanted_all > 0;
        (points, is_complete.then_some(area))
    }
}

/// The lowest threshold with no more than this share of ham; just above the highest score where every score has more.
fn catch(points: &[Point], ham_rate: f64) -> Catch {
    const HUNDREDTH: f64 = 0.01;
    let above = points.first().map_or(0.0, |highest| highest.threshold + HUNDREDTH);
    match points.iter().take_while(|point| point.ham_rate <= ham_rate).last() {
        Some(best) => Catch { ham_rate, threshold: best.threshold, catch_rate: best.catch_rate },
        None => Catch { ham_rate, threshold: above, catch_rate: 0.0 },
    }
}

fn thinned(points: Vec<Point>) -> Vec<Point> {
    let step = points.len().div_ceil(POINTS_MAX).max(1);
    let last = points.len().saturating_sub(1);
    points.into_iter().enumerate().filter(|(at, _)| at % step == 0 || *at == last).map(|(_, point)| point).collect()
}

/// `count` of `all`; none of none.
#[must_use]
pub fn share(count: u64, all: u64) -> f64 {
    if all == 0 {
        return 0.0;
    }
    float(count) / float(all)
}

/// Counts of mails are far below 2^52.
#[must_use]
pub fn float(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of mails are far below 2^52")]
    let float = count as f64;
    float
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(ham: &[i32], spam: &[i32]) -> Scores {
        let mut scores = Scores::default();
        for (label, score) in
            ham.iter().map(|score| (Label::Ham, score)).chain(spam.iter().map(|score| (Label::Spam, score)))
        {
            scores.add(label, Score::from_hundredths(*score));
        }
        scores
    }

    #[test]
    fn the_area_is_the_chance_that_spam_scores_above_ham() {
        // Of four pairs spam is higher in two, equal in one, lower in one.
        let sweep = scores(&[100, 300], &[300, 200]).sweep();
        assert!((sweep.auc - 2.5 / 4.0).abs() < 1e-12, "{sweep:?}");
        assert!((scores(&[1], &[]).sweep().auc - 0.5).abs() < 1e-12);
        // The highest score is ham's as well, so without ham nothing is caught.
        assert!(sweep.catch_at[0].catch_rate < 1e-9 && (sweep.catch_at[0].threshold - 3.01).abs() < 1e-9);
    }

    #[test]
    fn bars_reach_from_the_lowest_to_the_highest_score() {
        let bars = scores(&[-1, 0], &[250, 99_900]).histogram();
        assert_eq!(bars.first().map(|bar| (bar.from, bar.ham)), Some((-1.0, 1)));
        assert_eq!(bars.last().map(|bar| (bar.from, bar.unwanted)), Some((40.0, 1)));
        assert_eq!(bars.len(), 42);
    }
}
