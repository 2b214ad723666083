//! Findings: named observations, and the exact arithmetic of scores.
//!
//! Pure. A check reports facts about the mail; what they weigh stands in `rules/`.

use std::{borrow::Cow, fmt, iter::Sum, ops::Add, str::FromStr};

/// The name of an observation, for example `DMARC_FAIL`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Cow<'static, str>);

impl Symbol {
    /// A symbol that a check declares.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A symbol that a file names.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One observation in one mail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub symbol: Symbol,
    /// What was seen, for the operator: a domain, a file name, a reason. Never sent to a client.
    pub detail: String,
    /// How often it was seen, where that counts; else 1.
    pub times: u32,
}

impl Finding {
    #[must_use]
    pub fn new(symbol: Symbol, detail: impl Into<String>) -> Self {
        Self { symbol, detail: detail.into(), times: 1 }
    }
}

/// A weight or a sum of weights, in hundredths of a point: exact, and independent of the order of adding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(i32);

impl Score {
    #[must_use]
    pub const fn from_hundredths(hundredths: i32) -> Self {
        Self(hundredths)
    }

    #[must_use]
    pub const fn hundredths(self) -> i32 {
        self.0
    }

    /// As much on the other side.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }

    /// The weight of something that was seen several times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self(self.0.saturating_mul(i32::try_from(times).unwrap_or(i32::MAX)))
    }

    /// For output only; arithmetic stays in hundredths.
    #[must_use]
    pub fn points(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl FromStr for Score {
    type Err = ();

    /// Reads `-1`, `2.5`, `0.25`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if fraction.len() > 2 || whole.len() > 5 || whole.is_empty() {
            return Err(());
        }
        let whole: i32 = whole.parse().map_err(|_| ())?;
        let hundredths: i32 = format!("{fraction:0<2}").parse().map_err(|_| ())?;
        let total = whole * 100 + hundredths;
        Ok(Self(if negative { -total } else { total }))
    }
}

impl Add for Score {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Score {
    fn sum<I: Iterator<Item = Self>>(scores: I) -> Self {
        scores.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.2}", self.points())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_exact() {
        let sum: Score = ["0.1", "0.2", "-0.3"].iter().map(|text| text.parse::<Score>().unwrap()).sum();
        assert_eq!(sum, Score::default());
        assert_eq!("7.25".parse::<Score>().unwrap().to_string(), "7.25");
        assert!("1.234".parse::<Score>().is_err());
        assert!("NaN".parse::<Score>().is_err());
    }
}
