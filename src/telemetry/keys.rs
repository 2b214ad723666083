//! The series of keys: what is sealed to them, directories that are asked for them, mail that is opened with a lent one.

use super::registrar::Registrar;
use prometheus::{HistogramVec, IntCounterVec};

/// What can become of sealing a mail: how it was sealed, why it was not, or why a key could not be used.
pub const SEALINGS: [&str; 14] = [
    "openpgp",
    "smime",
    "already_encrypted",
    "fault",
    "missing",
    "unanswered",
    "unreadable",
    "secret",
    "expired",
    "not_yet_valid",
    "revoked",
    "usage",
    "address",
    "algorithm",
];

/// Who is asked for a key beyond the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySource {
    Wkd,
    Ldap,
}

impl KeySource {
    pub const ALL: [Self; 2] = [Self::Wkd, Self::Ldap];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wkd => "wkd",
            Self::Ldap => "ldap",
        }
    }
}

/// What can come of asking: a key, none, one that cannot be used, no answer; or the answer was remembered.
const LOOKUPS: [&str; 5] = ["found", "absent", "unusable", "failed", "cached"];
/// What can become of encrypted mail to somebody who lends keys.
const LENT: [&str; 2] = ["opened", "not_opened"];

/// What is asked and opened.
pub struct KeySeries {
    pub sealings_total: IntCounterVec,
    pub lookups_total: IntCounterVec,
    pub lookup_seconds: HistogramVec,
    pub lent_total: IntCounterVec,
}

impl KeySeries {
    /// # Errors
    /// When a series is declared twice.
    pub fn new(registrar: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            sealings_total: registrar.counters(
                "sealings_total",
                "Copies sealed to a key, and recipients whose mail could not be or was encrypted already.",
                &["outcome"],
            )?,
            lookups_total: registrar.counters(
                "key_lookups_total",
                "Keys of recipients that a directory was asked for.",
                &["source", "outcome"],
            )?,
            lookup_seconds: registrar.histograms(
                "key_lookup_seconds",
                "Time until a directory had told of a key.",
                &["source"],
                prometheus::exponential_buckets(0.001, 4.0, 8)?,
            )?,
            lent_total: registrar.counters(
                "lent_total",
                "Encrypted mails to recipients who lend private keys.",
                &["outcome"],
            )?,
        })
    }

    /// Makes every label combination.
    pub fn start_at_zero(&self) {
        for outcome in SEALINGS {
            self.sealings_total.with_label_values(&[outcome]).reset();
        }
        for source in KeySource::ALL {
            let _ = self.lookup_seconds.with_label_values(&[source.word()]);
            for outcome in LOOKUPS {
                self.lookups_total.with_label_values(&[source.word(), outcome]).reset();
            }
        }
        for outcome in LENT {
            self.lent_total.with_label_values(&[outcome]).reset();
        }
    }
}
