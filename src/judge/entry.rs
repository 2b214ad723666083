//! What this house remembers: the names of its entries, and what is asked of them.
//!
//! Pure. An entry is named in clear here, as the mail itself is; whoever keeps entries keeps keyed hashes of their names.

use super::facts::Failure;
use crate::mail::address::Address;
use std::{fmt, str::FromStr};

/// The sort of an entry, with the seconds of its window where it is a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// Network, sender, recipient: when were they first seen together?
    Triplet,
    /// Sender and recipient: when did authenticated mail last go this way?
    Correspondence,
    /// Network and sender's domain: when did authenticated mail last come so?
    Standing,
    /// Mails of a client's network in a window.
    Network(u32),
    /// Mails of a sender's domain in a window.
    Sender(u32),
    /// Mails to a recipient in a window.
    Recipient(u32),
    /// Recipients in the seconds before now of mails that share one of some marks of their shape.
    Shape(u32),
}

impl Sort {
    /// The seconds of a window.
    #[must_use]
    pub fn window(self) -> Option<u32> {
        match self {
            Self::Triplet | Self::Correspondence | Self::Standing => None,
            Self::Network(seconds) | Self::Sender(seconds) | Self::Recipient(seconds) | Self::Shape(seconds) => {
                Some(seconds)
            }
        }
    }
}

/// Something that is remembered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    pub sort: Sort,
    /// Network, addresses or domain, in lower case; the marks of a shape, parted by spaces.
    pub about: String,
}

impl Entry {
    #[must_use]
    pub fn new(sort: Sort, about: &str) -> Self {
        Self { sort, about: about.to_lowercase() }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sort {
            Sort::Triplet => out.write_str("triplet")?,
            Sort::Correspondence => out.write_str("correspondence")?,
            Sort::Standing => out.write_str("standing")?,
            Sort::Network(seconds) => write!(out, "network/{seconds}")?,
            Sort::Sender(seconds) => write!(out, "sender/{seconds}")?,
            Sort::Recipient(seconds) => write!(out, "recipient/{seconds}")?,
            Sort::Shape(seconds) => write!(out, "shape/{seconds}")?,
        }
        write!(out, " {}", self.about)
    }
}

impl FromStr for Entry {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (word, about) = text.split_once(' ').ok_or(())?;
        let (word, seconds) = match word.split_once('/') {
            Some((word, seconds)) => (word, seconds.parse().ok().filter(|seconds| *seconds > 0)),
            None => (word, None),
        };
        let sort = match (word, seconds) {
            ("triplet", None) => Sort::Triplet,
            ("correspondence", None) => Sort::Correspondence,
            ("standing", None) => Sort::Standing,
            ("network", Some(seconds)) => Sort::Network(seconds),
            ("sender", Some(seconds)) => Sort::Sender(seconds),
            ("recipient", Some(seconds)) => Sort::Recipient(seconds),
            ("shape", Some(seconds)) => Sort::Shape(seconds),
            _ => return Err(()),
        };
        Ok(Self { sort, about: about.to_owned() })
    }
}

/// What is remembered of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recalled {
    Nothing,
    /// Seconds since 1970 for `Triplet`, `Correspondence` and `Standing`, recipients for `Shape`, else mails in the window.
    Number(i64),
    Failed(Failure),
}

/// What is written down about an entry after a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It was seen at that time; an earlier first time stays. `lasts` are seconds.
    First { entry: Entry, lasts: i64 },
    /// It is kept with this time.
    Keep { entry: Entry, time: i64, lasts: i64 },
    /// One mail more in the window.
    Count { entry: Entry },
    /// A mail of that shape went to these recipients, and became of each what stands there. `lasts` are seconds.
    Copy { entry: Entry, copies: Vec<(Address, Fate)>, reference: String, lasts: i64 },
    /// A mail of that shape was found to be one of a campaign, which had reached so many recipients.
    Campaign { entry: Entry, recipients: i64, lasts: i64 },
}

/// What became of a copy of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It went on, marked or not.
    Passed,
    /// It was set aside.
    Held,
    Refused,
}

impl Fate {
    pub const ALL: [Self; 3] = [Self::Passed, Self::Held, Self::Refused];

    /// The word for operators.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Held => "held",
            Self::Refused => "refused",
        }
    }

    /// The letter it is kept as.
    #[must_use]
    pub fn letter(self) -> u8 {
        match self {
            Self::Passed => b'p',
            Self::Held => b'h',
            Self::Refused => b'r',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let sorts = [
            Sort::Triplet,
            Sort::Correspondence,
            Sort::Standing,
            Sort::Network(60),
            Sort::Sender(3600),
            Sort::Recipient(86400),
            Sort::Shape(300),
        ];
        for sort in sorts {
            let entry = Entry::new(sort, "192.0.2.0/24 A@b.example \"c d\"@e.example");
            assert_eq!(entry.to_string().parse(), Ok(entry));
        }
        for wrong in ["", "triplet", "network a", "network/0 a", "triplet/5 a", "network/x a", "other b"] {
            assert_eq!(wrong.parse::<Entry>(), Err(()), "{wrong}");
        }
    }
}
