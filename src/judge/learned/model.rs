//! The model: a weight for every slot; on-line logistic regression on unit vectors.
//!
//! Pure. A mail is the set of its slots, each with the value `1/sqrt(n)`, so one step of learning moves its score `s` to
//! `s + r(y - p(s))`. As `r` stays below 4 that is a strictly rising function of `s`, so a step can be undone: `forget`
//! finds the score before the step and takes the step back. Exact (but for rounding) for what was learned last; for an
//! older mail it takes back the step that the mail would make last.

use super::{
    hash::{Hasher, Key},
    marks,
};
use crate::mail::message::Message;

/// Binary logarithm of the number of slots.
pub const SLOT_BITS: u32 = 19;
pub const SLOTS: usize = 1 << SLOT_BITS;

/// How far one mail moves the weights; below 4, see above.
const RATE: f64 = 3.5;
/// The least that the class with more mails counts.
const CLASS_WEIGHT_MIN: f64 = 0.25;

/// What a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Ham,
    Spam,
}

/// Weights, with what is needed to go on learning.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) key: Key,
    /// How often each mail was learned.
    pub(super) passes: u32,
    pub(super) ham: u64,
    pub(super) spam: u64,
    /// `SLOTS` of them.
    pub(super) weights: Vec<f32>,
}

impl Model {
    /// A model that knows nothing. The key should be random; `passes` is how often each mail is learned.
    #[must_use]
    pub fn new(key: Key, passes: u32) -> Self {
        Self { key, passes, ham: 0, spam: 0, weights: vec![0.0; SLOTS] }
    }

    /// How many mails it knows: wanted ones, unwanted ones.
    #[must_use]
    pub fn known(&self) -> (u64, u64) {
        (self.ham, self.spam)
    }

    #[must_use]
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// The slots of a mail, sorted, each once.
    #[must_use]
    pub fn slots(&self, message: &Message) -> Vec<u32> {
        let mut slots = Vec::new();
        marks::each(message, &mut |kind, first, second| slots.push(self.slot(kind, first, second)));
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    pub(super) fn slot(&self, kind: marks::Kind, first: &str, second: &str) -> u32 {
        let mut hasher = Hasher::new(&self.key);
        hasher.write(&[kind.number()]);
        hasher.write(first.as_bytes());
        if !second.is_empty() {
            hasher.write(&[0]);
            hasher.write(second.as_bytes());
        }
        u32::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default()
    }

    pub(super) fn weight(&self, slot: u32) -> f32 {
        usize::try_from(slot).ok().and_then(|slot| self.weights.get(slot)).copied().unwrap_or_default()
    }

    /// The logarithm of the odds that a mail of these slots is unwanted.
    #[must_use]
    pub fn score(&self, slots: &[u32]) -> f64 {
        slots.iter().map(|slot| f64::from(self.weight(*slot))).sum::<f64>() * scale(slots)
    }

    /// The probability that a mail is unwanted, 0 to 1.
    #[must_use]
    pub fn probability(&self, message: &Message) -> f64 {
        logistic(self.score(&self.slots(message)))
    }

    /// Learns mails in this order, `passes` times.
    pub fn learn(&mut self, mails: &[(Class, Vec<u32>)]) {
        for (class, _) in mails {
            let known = self.known_of(*class);
            *known = known.saturating_add(1);
        }
        for _ in 0..self.passes {
            for (class, slots) in mails {
                let (rate, target) = (self.rate(*class), target(*class));
                let before = self.score(slots);
                self.shift(slots, rate * (target - logistic(before)));
            }
        }
    }

    /// Takes mails back, the last of the list first.
    pub fn forget(&mut self, mails: &[(Class, Vec<u32>)]) {
        for _ in 0..self.passes {
            for (class, slots) in mails.iter().rev() {
                let (rate, target) = (self.rate(*class), target(*class));
                let before = score_before(self.score(slots), rate, target);
                self.shift(slots, -rate * (target - logistic(before)));
            }
        }
        for (class, _) in mails {
            let known = self.known_of(*class);
            *known = known.saturating_sub(1);
        }
    }

    fn known_of(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::Ham => &mut self.ham,
            Class::Spam => &mut self.spam,
        }
    }

    /// The class with more mails counts less, so that both together count alike.
    #[expect(clippy::cast_precision_loss, reason = "a share of mails needs no more digits")]
    fn rate(&self, class: Class) -> f64 {
        let (own, other) = match class {
            Class::Ham => (self.ham, self.spam),
            Class::Spam => (self.spam, self.ham),
        };
        RATE * ((other as f64 + 1.0) / (own as f64 + 1.0)).clamp(CLASS_WEIGHT_MIN, 1.0)
    }

    /// Moves the score of these slots by `by`.
    #[expect(clippy::cast_possible_truncation, reason = "weights are kept as f32")]
    fn shift(&mut self, slots: &[u32], by: f64) {
        let step = by * scale(slots);
        for slot in slots {
            let weight = usize::try_from(*slot).ok().and_then(|slot| self.weights.get_mut(slot));
            if let Some(weight) = weight {
                *weight = (f64::from(*weight) + step) as f32;
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mail has far less than 2^53 slots")]
fn scale(slots: &[u32]) -> f64 {
    1.0 / (slots.len().max(1) as f64).sqrt()
}

fn target(class: Class) -> f64 {
    match class {
        Class::Ham => 0.0,
        Class::Spam => 1.0,
    }
}

/// The probability of these odds.
#[must_use]
pub fn logistic(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// The score from which a step of learning led to `after`: by bisection, as the step rises with it.
fn score_before(after: f64, rate: f64, target: f64) -> f64 {
    let (mut low, mut high) = (after - rate, after + rate);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if middle + rate * (target - logistic(middle)) < after {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mails() -> Vec<(Class, Vec<u32>)> {
        vec![(Class::Ham, vec![1, 2, 3]), (Class::Spam, vec![3, 4, 5, 6]), (Class::Ham, vec![2, 9])]
    }

    #[test]
    fn what_was_learned_last_is_forgotten_to_rounding() {
        let mut model = Model::new([1; 16], 3);
        model.learn(&mails());
        let before = model.clone();
        let more = vec![(Class::Spam, vec![2, 3, 70]), (Class::Ham, vec![1, 70, 71])];
        model.learn(&more);
        assert!(model.weights != before.weights);
        model.forget(&more);
        assert_eq!(model.known(), before.known());
        for (now, then) in model.weights.iter().zip(&before.weights) {
            assert!((now - then).abs() < 1e-4, "{now} {then}");
        }
    }

    #[test]
    fn what_was_learned_is_known() {
        let mut model = Model::new([1; 16], 3);
        assert!((model.score(&[1, 2])).abs() < f64::EPSILON);
        model.learn(&mails());
        assert!(model.score(&[1, 2]) < 0.0 && model.score(&[4, 5]) > 0.0);
        assert_eq!(model.known(), (2, 1));
    }

    #[test]
    fn a_step_can_be_undone_everywhere() {
        for score in [-30.0, -1.0, 0.0, 0.2, 4.0, 30.0] {
            for target in [0.0, 1.0] {
                let after = score + RATE * (target - logistic(score));
                assert!((score_before(after, RATE, target) - score).abs() < 1e-9);
            }
        }
    }
}
