//! Partner: what this house remembers of the transport of mails from one domain.
//!
//! Pure. Only mails whose domain was authenticated are remembered, so that nobody teaches us habits of others.

use super::transport::Level;

/// Seconds of a day: TLS over less than that is no habit yet.
const HABIT_SECONDS: i64 = 24 * 3600;
/// Seconds after the last mail over TLS until it is no longer expected: half a year.
const FORGOTTEN_SECONDS: i64 = 183 * 24 * 3600;

/// What is remembered of one domain. Times are seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Mails by what their transport reached, in the order of `Level::ALL`.
    pub mails: [u64; 5],
    /// The first and the last mail over TLS.
    pub encrypted_since: Option<i64>,
    pub encrypted_until: Option<i64>,
    pub last_seen: i64,
}

impl History {
    #[must_use]
    pub fn plaintext(&self) -> u64 {
        let [plaintext, ..] = self.mails;
        plaintext
    }

    /// Mails over any kind of TLS.
    #[must_use]
    pub fn encrypted(&self) -> u64 {
        let [_, encrypted @ ..] = self.mails;
        encrypted.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The best level that was seen.
    #[must_use]
    pub fn level(&self) -> Level {
        let seen = Level::ALL.into_iter().zip(self.mails).filter(|(_, count)| *count > 0);
        seen.map(|(level, _)| level).max().unwrap_or_default()
    }

    /// Is TLS a habit that a mail in plaintext at `now` breaks? `mails` of them over a day make one.
    #[must_use]
    pub fn expects_tls(&self, mails: u64, now: i64) -> bool {
        let (Some(since), Some(until)) = (self.encrypted_since, self.encrypted_until) else { return false };
        self.encrypted() >= mails.max(1)
            && until.saturating_sub(since) >= HABIT_SECONDS
            && now.saturating_sub(until) <= FORGOTTEN_SECONDS
    }

    /// Adds one mail that came at `at`.
    #[must_use]
    pub fn with(mut self, level: Level, at: i64) -> Self {
        for (known, count) in Level::ALL.into_iter().zip(&mut self.mails) {
            *count = count.saturating_add(u64::from(known == level));
        }
        if level > Level::None {
            self.encrypted_since = Some(self.encrypted_since.map_or(at, |since| since.min(at)));
            self.encrypted_until = Some(self.encrypted_until.map_or(at, |until| until.max(at)));
        }
        self.last_seen = self.last_seen.max(at);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;

    #[test]
    fn a_habit_takes_mails_and_a_day_and_is_forgotten() {
        let thrice = |step: i64| {
            (0..3).fold(History::default(), |history, number| history.with(Level::Tls12, 1000 + number * step))
        };
        assert!(!thrice(60).expects_tls(3, 2000));
        let history = thrice(DAY / 2);
        assert!(history.expects_tls(3, 2 * DAY) && !history.expects_tls(4, 2 * DAY));
        assert!(!history.expects_tls(3, 400 * DAY));
        let history = history.with(Level::None, 3 * DAY);
        assert_eq!((history.plaintext(), history.encrypted(), history.level()), (1, 3, Level::Tls12));
        assert!(history.expects_tls(3, 3 * DAY), "one mail in plaintext does not end it");
        assert!(!History::default().expects_tls(0, 0));
    }
}
