//! The model: two scorers over the same slots, weights by on-line logistic regression and counts, added up.
//!
//! Pure. A mail is a vector of length 1 over slots, in which each kind of mark has about the same say. One step moves its
//! score from `s` to the `t` with `t = s + r(y - p(t))`: the step is measured where it ends (implicit or proximal descent),
//! so it never overshoots. Slots whose counts speak up move further than others, and `y` is not quite 0 or 1, so what is
//! plain already teaches little. `forget` computes `s` from `t`, which is exact but for rounding for what was learned last; for an
//! older mail it takes back the step that the mail would have made last. Counts of a mail are subtracted exactly. The two err
//! on different mails, which is why their sum errs less (Lynam and Cormack, 2006).

use super::{
    counts::Counts,
    hash::{Hasher, Key},
    marks,
};
use crate::mail::message::Message;

/// Binary logarithm of the number of slots.
pub const SLOT_BITS: u32 = 19;
pub const SLOTS: usize = 1 << SLOT_BITS;

/// How far one mail moves its score: a mail that was thought even ends at odds of about `exp(5)`.
const RATE: f64 = 2000.0;
/// What a mail of either class leaves to doubt: mails are taught to odds of 2000 to 1, and one beyond them is led back.
const DOUBT: f64 = 0.0005;
/// The least that the class with more mails counts.
const CLASS_WEIGHT_MIN: f64 = 0.25;

/// What counts say weighs this much beside what weights say: about as much on the whole, as counts are the louder ones.
const COUNTS_SHARE: f64 = 0.3;

/// What a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Ham,
    Spam,
}

/// A mail as the model sees it: slots, sorted, each once, with their values; of length 1.
pub type Vector = Vec<(u32, f32)>;

/// Weights and counts, with what is needed to go on learning.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) key: Key,
    /// How often each mail was learned.
    pub(super) passes: u32,
    pub(super) ham: u64,
    pub(super) spam: u64,
    /// `SLOTS` of them.
    pub(super) weights: Vec<f32>,
    pub(super) counts: Counts,
    /// What each slot says, where it was worked out beforehand; else empty.
    pub(super) said: Vec<f64>,
}

impl Model {
    /// A model that knows nothing. The key should be random; `passes` is how often each mail is learned.
    #[must_use]
    pub fn new(key: Key, passes: u32) -> Self {
        Self { key, passes, ham: 0, spam: 0, weights: vec![0.0; SLOTS], counts: Counts::new(), said: Vec::new() }
    }

    /// The same, with what each slot says worked out, for many mails to come: one number of 8 octets a slot.
    #[must_use]
    pub fn prepared(mut self) -> Self {
        self.said = (0..1 << SLOT_BITS).map(|slot| self.work_out(slot)).collect();
        self
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

    /// A mail as a vector.
    #[must_use]
    pub fn vector(&self, message: &Message) -> Vector {
        let mut found = Vec::new();
        marks::each(message, &mut |kind, first, second| {
            found.push(packed(self.slot(kind, first, second), kind.number()));
        });
        vector(found)
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

    /// What a slot adds to the logarithm of the odds, in a mail where it has the value 1.
    pub(super) fn says(&self, slot: u32) -> f64 {
        let said = usize::try_from(slot).ok().and_then(|slot| self.said.get(slot));
        said.copied().unwrap_or_else(|| self.work_out(slot))
    }

    fn work_out(&self, slot: u32) -> f64 {
        f64::from(self.weight(slot)) + COUNTS_SHARE * self.counts.says(slot, self.known())
    }

    fn weight(&self, slot: u32) -> f32 {
        usize::try_from(slot).ok().and_then(|slot| self.weights.get(slot)).copied().unwrap_or_default()
    }

    /// The logarithm of the odds that a mail is unwanted.
    #[must_use]
    pub fn score(&self, mail: &[(u32, f32)]) -> f64 {
        mail.iter().map(|(slot, value)| self.says(*slot) * f64::from(*value)).sum()
    }

    /// What weights alone say of a mail: by this they are taught.
    fn weighed(&self, mail: &[(u32, f32)]) -> f64 {
        mail.iter().map(|(slot, value)| f64::from(self.weight(*slot)) * f64::from(*value)).sum()
    }

    /// The probability that a mail is unwanted, 0 to 1.
    #[must_use]
    pub fn probability(&self, message: &Message) -> f64 {
        logistic(self.score(&self.vector(message)))
    }

    /// Learns mails in this order, `passes` times.
    pub fn learn(&mut self, mails: &[(Class, Vector)]) {
        self.said.clear();
        for (class, mail) in mails {
            self.counts.add(mail, *class);
            let known = self.known_of(*class);
            *known = known.saturating_add(1);
        }
        for _ in 0..self.passes {
            for (class, mail) in mails {
                let lesson = self.lesson(mail, *class);
                let before = self.weighed(mail);
                let after = score_after(before, lesson.rate, target(*class));
                self.shift(&lesson, after - before);
            }
        }
    }

    /// Takes mails back, the last of the list first.
    pub fn forget(&mut self, mails: &[(Class, Vector)]) {
        self.said.clear();
        for _ in 0..self.passes {
            for (class, mail) in mails.iter().rev() {
                let lesson = self.lesson(mail, *class);
                let after = self.weighed(mail);
                self.shift(&lesson, -lesson.rate * (target(*class) - logistic(after)));
            }
        }
        for (class, mail) in mails {
            self.counts.subtract(mail, *class);
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

    /// What a mail moves: a slot by its value, the more the louder its counts speak (as naive Bayes weighs features for
    /// another learner: Wang and Manning, 2012).
    fn lesson(&self, mail: &[(u32, f32)], class: Class) -> Lesson {
        let mut reach = 0.0;
        let pulls = mail.iter().map(|(slot, value)| {
            let pull = f64::from(*value) * (1.0 + self.counts.says(*slot, self.known()).abs());
            reach += f64::from(*value) * pull;
            (*slot, pull)
        });
        let pulls = pulls.collect();
        Lesson { pulls, reach, rate: self.rate(class) * reach }
    }

    /// Moves the score of a mail by `by`.
    #[expect(clippy::cast_possible_truncation, reason = "weights are kept as f32")]
    fn shift(&mut self, lesson: &Lesson, by: f64) {
        for (slot, pull) in &lesson.pulls {
            let weight = usize::try_from(*slot).ok().and_then(|slot| self.weights.get_mut(slot));
            if let Some(weight) = weight {
                *weight = (f64::from(*weight) + by / lesson.reach * pull) as f32;
            }
        }
    }
}

/// How one mail moves weights.
struct Lesson {
    /// Slots, and how far each goes with the others.
    pulls: Vec<(u32, f64)>,
    /// How far the mail's score goes when each slot goes as far as it is pulled; above 0 but for a mail without slots.
    reach: f64,
    rate: f64,
}

/// A slot with the number of its mark's kind.
#[must_use]
pub fn packed(slot: u32, kind: u8) -> u32 {
    slot << u8::BITS | u32::from(kind)
}

/// The vector of marks, given by slot and number of kind, packed: `n` marks of a kind have the value `1/sqrt(n)`, then all
/// are scaled to length 1. A slot with several kinds has the value of the least.
#[must_use]
pub fn vector(mut found: Vec<u32>) -> Vector {
    found.sort_unstable();
    found.dedup();
    let kind_of = |found: u32| usize::try_from(found & u32::from(u8::MAX)).unwrap_or_default();
    let mut values = [0.0_f32; 1 << u8::BITS];
    for found in &found {
        if let Some(count) = values.get_mut(kind_of(*found)) {
            *count += 1.0;
        }
    }
    for value in &mut values {
        *value = 1.0 / value.sqrt();
    }
    found.dedup_by_key(|found| *found >> u8::BITS);
    let value = |found: u32| values.get(kind_of(found)).copied().unwrap_or(1.0);
    let mut vector: Vector = found.into_iter().map(|found| (found >> u8::BITS, value(found))).collect();
    let length = vector.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    for (_, value) in &mut vector {
        *value /= length;
    }
    vector
}

fn target(class: Class) -> f64 {
    match class {
        Class::Ham => DOUBT,
        Class::Spam => 1.0 - DOUBT,
    }
}

/// The probability of these odds.
#[must_use]
pub fn logistic(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// The score to which a step leads: the root of a strictly rising function, by bisection.
fn score_after(before: f64, rate: f64, target: f64) -> f64 {
    let (mut low, mut high) = (before - rate, before + rate);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if middle - rate * (target - logistic(middle)) < before {
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

    fn mail(slots: &[u32]) -> Vector {
        vector(slots.iter().map(|slot| packed(*slot, 1)).collect())
    }

    fn mails() -> Vec<(Class, Vector)> {
        vec![(Class::Ham, mail(&[1, 2, 3])), (Class::Spam, mail(&[3, 4, 5, 6])), (Class::Ham, mail(&[2, 9]))]
    }

    #[test]
    fn what_was_learned_last_is_forgotten_to_rounding() {
        let mut model = Model::new([1; 16], 3);
        model.learn(&mails());
        let before = model.clone();
        let more = vec![(Class::Spam, mail(&[2, 3, 70])), (Class::Ham, mail(&[1, 70, 71]))];
        model.learn(&more);
        assert!(model.weights != before.weights);
        model.forget(&more);
        assert_eq!((model.known(), &model.counts), (before.known(), &before.counts));
        for (now, then) in model.weights.iter().zip(&before.weights) {
            assert!((now - then).abs() < 0.05, "{now} {then}");
        }
    }

    #[test]
    fn what_was_learned_is_known() {
        let mut model = Model::new([1; 16], 3);
        assert!((model.score(&mail(&[1, 2]))).abs() < f64::EPSILON);
        model.learn(&mails());
        assert!(model.score(&mail(&[1, 2])) < 0.0 && model.score(&mail(&[4, 5])) > 0.0);
        assert_eq!(model.known(), (2, 1));
    }

    #[test]
    fn what_was_worked_out_beforehand_is_the_same() {
        let mut model = Model::new([1; 16], 2);
        model.learn(&mails());
        let asked = mail(&[1, 3, 4, 9, 400_000]);
        let plain = model.score(&asked);
        let mut model = model.prepared();
        assert_eq!((model.said.len(), model.score(&asked).to_bits()), (SLOTS, plain.to_bits()));
        model.learn(&mails());
        assert!(model.score(&asked).to_bits() != plain.to_bits());
    }

    #[test]
    fn slots_whose_counts_speak_move_further() {
        let mut model = Model::new([1; 16], 1);
        model.learn(&mails());
        let moved = |model: &Model, slot: usize| model.weights[slot];
        let before = (moved(&model, 4), moved(&model, 3));
        model.learn(&[(Class::Spam, mail(&[3, 4, 80]))]);
        let (plain, even) = (moved(&model, 4) - before.0, moved(&model, 3) - before.1);
        assert!(plain > even && even > 0.0, "{plain} {even}");
    }

    #[test]
    fn what_is_plain_already_is_not_led_on() {
        let mut model = Model::new([1; 16], 1);
        let again = vec![(Class::Spam, mail(&[1, 2]))];
        (0..50).for_each(|_| model.learn(&again));
        assert!((logistic(model.weighed(&again[0].1)) - (1.0 - DOUBT)).abs() < DOUBT / 2.0);
    }

    #[test]
    fn a_step_can_be_undone_everywhere() {
        for before in [-30.0, -1.0, 0.0, 0.2, 4.0, 30.0] {
            for target in [0.0, 1.0] {
                let after = score_after(before, RATE, target);
                assert!((after - RATE * (target - logistic(after)) - before).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn kinds_have_the_same_say() {
        let marks = [(7, 1), (8, 2), (9, 2), (10, 2), (11, 2), (9, 2)];
        let mail = vector(marks.into_iter().map(|(slot, kind)| packed(slot, kind)).collect());
        assert_eq!(mail.len(), 5);
        let of_one: f32 = mail.iter().take(1).map(|(_, value)| value * value).sum();
        assert!((of_one - 0.5).abs() < 1e-6, "{mail:?}");
        assert!(vector(Vec::new()).is_empty());
    }
}
