//! Counts: in how many mails of each class a slot was met, and what that says (naive Bayes, each slot's say by how sure it is).
//!
//! Pure. A slot that only one class knows speaks with the logarithm of the odds; one that both know alike is silent
//! (after the confidence factor of EDDC: Siefkes, Assis, Chhabra and Yerazunis, 2004; its fourth power). Counts are added
//! and subtracted, so forgetting is exact.

use super::model::{Class, SLOTS};

/// What a mail is taken to have been seen besides the mails that were, for slots that a class does not know.
const UNSEEN: f64 = 0.03;
/// Mails a slot must be met in to have half its say.
const HALF_SURE: f64 = 0.5;

/// Mails in which a slot was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub ham: u32,
    pub spam: u32,
}

impl Count {
    /// What it says after so many mails of each class, in units of the logarithm of the odds; above zero speaks for
    /// unwanted.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share of mails needs no more digits")]
    fn says(self, (hams, spams): (u64, u64)) -> f64 {
        if self == Self::default() || hams == 0 || spams == 0 {
            return 0.0;
        }
        let (ham, spam, hams, spams) = (f64::from(self.ham), f64::from(self.spam), hams as f64, spams as f64);
        let odds = ((spam + UNSEEN) * (hams + 2.0 * UNSEEN) / ((ham + UNSEEN) * (spams + 2.0 * UNSEEN))).ln();
        let (of_ham, of_spam) = (ham / hams, spam / spams);
        let apart = (of_spam - of_ham) / (of_spam + of_ham);
        let met = ham + spam;
        odds * (apart * apart) * (apart * apart) * met / (met + HALF_SURE)
    }
}

/// The counts of all slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts(Vec<Count>);

impl Counts {
    #[must_use]
    pub fn new() -> Self {
        Self(vec![Count::default(); SLOTS])
    }

    /// As they stand in a file; there must be `SLOTS` of them.
    #[must_use]
    pub fn of(counts: Vec<Count>) -> Self {
        Self(counts)
    }

    pub fn all(&self) -> impl Iterator<Item = Count> {
        self.0.iter().copied()
    }

    /// A mail of this class met these slots.
    pub fn add(&mut self, mail: &[(u32, f32)], class: Class) {
        self.each(mail, class, |count| count.saturating_add(1));
    }

    /// A mail of this class is taken back.
    pub fn subtract(&mut self, mail: &[(u32, f32)], class: Class) {
        self.each(mail, class, |count| count.saturating_sub(1));
    }

    fn each(&mut self, mail: &[(u32, f32)], class: Class, change: impl Fn(u32) -> u32) {
        for (slot, _) in mail {
            let count = usize::try_from(*slot).ok().and_then(|slot| self.0.get_mut(slot));
            match (count, class) {
                (Some(count), Class::Ham) => count.ham = change(count.ham),
                (Some(count), Class::Spam) => count.spam = change(count.spam),
                (None, _) => {}
            }
        }
    }

    /// What a slot says after so many mails of each class.
    #[must_use]
    pub fn says(&self, slot: u32, known: (u64, u64)) -> f64 {
        let count = usize::try_from(slot).ok().and_then(|slot| self.0.get(slot)).copied();
        count.unwrap_or_default().says(known)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_classes_know_alike_is_silent() {
        let mut counts = Counts::new();
        for _ in 0..10 {
            counts.add(&[(1, 1.0), (2, 1.0)], Class::Ham);
            counts.add(&[(1, 1.0), (3, 1.0)], Class::Spam);
        }
        assert!(counts.says(1, (10, 10)).abs() < f64::EPSILON);
        assert!(counts.says(2, (10, 10)) < -5.0 && counts.says(3, (10, 10)) > 5.0);
        assert!(counts.says(4, (10, 10)).abs() < f64::EPSILON);
        assert!(counts.says(3, (0, 10)).abs() < f64::EPSILON);
    }

    #[test]
    fn a_slot_met_once_says_less_than_one_met_often() {
        let mut counts = Counts::new();
        counts.add(&[(1, 1.0), (2, 1.0)], Class::Spam);
        let once = counts.says(1, (100, 100));
        (0..20).for_each(|_| counts.add(&[(2, 1.0)], Class::Spam));
        assert!(once > 0.0 && counts.says(2, (100, 100)) > 2.0 * once);
    }

    #[test]
    fn what_was_counted_is_subtracted() {
        let mut counts = Counts::new();
        counts.add(&[(1, 1.0)], Class::Spam);
        counts.subtract(&[(1, 1.0), (2, 1.0)], Class::Spam);
        assert_eq!(counts, Counts::new());
    }
}
