//! The series of the quarantine: what it holds, whom it tells, what recipients ask for.

use super::registrar::Registrar;
use prometheus::{IntCounter, IntCounterVec, IntGauge};

/// What can become of a digest.
const DIGESTS: [&str; 3] = ["sent", "deferred", "refused"];
/// What a recipient may ask for on the page of their mails.
pub const ACTS: [&str; 3] = ["view", "release", "not_spam"];
/// What becomes of that.
const RESULTS: [&str; 6] = ["done", "before", "deferred", "not_allowed", "invalid_link", "failed"];

/// What became of a digest, by the mailstore's reply.
#[must_use]
pub fn digest_word(code: u16) -> &'static str {
    match code {
        200..300 => "sent",
        400..500 => "deferred",
        _ => "refused",
    }
}

/// What is set aside.
pub struct QuarantineSeries {
    pub mails: IntGauge,
    pub octets: IntGauge,
    pub oldest_age: IntGauge,
    pub digests_total: IntCounterVec,
    pub mailbox_requests_total: IntCounterVec,
    pub learned_total: IntCounter,
}

impl QuarantineSeries {
    /// # Errors
    /// When a series is declared twice.
    pub fn new(registrar: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            mails: registrar.gauge("quarantine_mails", "Mails in the quarantine, once a minute.")?,
            octets: registrar.gauge("quarantine_octets", "Octets that the quarantine takes on its disk.")?,
            oldest_age: registrar
                .gauge("quarantine_oldest_age_seconds", "Age of the oldest mail in the quarantine; 0 without any.")?,
            digests_total: registrar.counters(
                "digests_total",
                "Digests of the quarantine handed to the mailstore.",
                &["result"],
            )?,
            mailbox_requests_total: registrar.counters(
                "mailbox_requests_total",
                "What recipients asked for on the page of their mails.",
                &["act", "result"],
            )?,
            learned_total: registrar.counter(
                "mailbox_learned_total",
                "Mails that the model learned because their recipient said that they are no spam.",
            )?,
        })
    }

    /// Makes every label combination.
    pub fn start_at_zero(&self) {
        for result in DIGESTS {
            self.digests_total.with_label_values(&[result]).reset();
        }
        for act in ACTS {
            for result in RESULTS {
                self.mailbox_requests_total.with_label_values(&[act, result]).reset();
            }
        }
    }
}
