//! What a rule change must not bring: `--fail-on new-fp,flip>10`.
//!
//! Pure.

use crate::replay::report::Report;
use std::str::FromStr;

/// Counts with the most that is borne of each.
#[derive(Clone, Debug, Default)]
pub struct Demands(Vec<(What, u64)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Ham that was not marked before and is now.
    NewFalsePositives,
    /// Mails with another action than before.
    Flips,
    /// Ham that is marked or kept back.
    FalsePositives,
}

impl What {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "new-fp" => Some(Self::NewFalsePositives),
            "flip" => Some(Self::Flips),
            "fp" => Some(Self::FalsePositives),
            _ => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NewFalsePositives => "new false positives",
            Self::Flips => "flips",
            Self::FalsePositives => "false positives",
        }
    }
}

impl FromStr for Demands {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let demand = |word: &str| {
            let (what, most) = word.split_once('>').unwrap_or((word, "0"));
            let told = || format!("{word}: not new-fp, flip or fp, each alone or with >NUMBER");
            Ok((What::parse(what.trim()).ok_or_else(told)?, most.trim().parse().map_err(|_| told())?))
        };
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(demand).collect::<Result<_, _>>().map(Self)
    }
}

impl Demands {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Can they be met only beside something else?
    #[must_use]
    pub fn need_comparison(&self) -> bool {
        self.0.iter().any(|(what, _)| *what != What::FalsePositives)
    }

    /// What has come that must not, in words.
    #[must_use]
    pub fn met(&self, report: &Report) -> Vec<String> {
        let against = report.against.as_ref();
        let count = |what| match what {
            What::NewFalsePositives => against.map_or(0, |flips| flips.kinds.new_false_positives),
            What::Flips => against.map_or(0, |flips| flips.flips),
            What::FalsePositives => report.confusion.by_caught.false_positives,
        };
        let met = self.0.iter().filter(|(what, most)| count(*what) > *most);
        met.map(|(what, most)| format!("{} {}, {most} are borne", count(*what), what.words())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demands_are_words_with_numbers() {
        let demands: Demands = "new-fp, flip>12".parse().unwrap();
        assert_eq!(demands.0, [(What::NewFalsePositives, 0), (What::Flips, 12)]);
        assert!(demands.need_comparison() && !"fp>3".parse::<Demands>().unwrap().need_comparison());
        assert!("".parse::<Demands>().unwrap().0.is_empty());
        assert!("flip>x".parse::<Demands>().is_err() && "flop".parse::<Demands>().is_err());
    }
}
