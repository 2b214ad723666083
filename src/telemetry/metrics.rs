//! What is counted and told, in one place; every Prometheus series is registered once and at zero.
//!
//! Labels come from closed enums, and from the names of rules; never an address, a domain or a file name.

use super::{
    aside::{self, QuarantineSeries},
    keys::{KeySeries, KeySource},
    registrar::Registrar,
    series::{DoorSeries, MailSeries, OutsideSeries, SendersSeries},
    settlement::Settlement,
};
use prometheus::{Encoder, IntCounterVec, IntGauge, Registry, TextEncoder};
use std::time::Duration;

/// Through which door a mail came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    Milter,
    Lmtp,
    /// rspamd's `/checkv2` over HTTP: asks only, nothing is taken.
    Check,
    /// The protocol of SpamAssassin's spamd: asks only, nothing is taken.
    Spamd,
}

impl Door {
    pub const ALL: [Self; 4] = [Self::Milter, Self::Lmtp, Self::Check, Self::Spamd];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Milter => "milter",
            Self::Lmtp => "lmtp",
            Self::Check => "check",
            Self::Spamd => "spamd",
        }
    }

    /// Is its mail on its way to us? The others only ask what we would say.
    #[must_use]
    pub fn takes_mail(self) -> bool {
        matches!(self, Self::Milter | Self::Lmtp)
    }
}

/// A stage of a mail's way through the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// From MAIL to the last byte.
    Receive,
    /// Waiting for a judge permit.
    Queue,
    /// Reading the message.
    Parse,
    /// Judging, over all rounds.
    Judge,
    /// Waiting for answers, over all rounds.
    Ask,
    /// Handing over to the mailstore.
    Deliver,
}

impl Stage {
    pub const ALL: [Self; 6] = [Self::Receive, Self::Queue, Self::Parse, Self::Judge, Self::Ask, Self::Deliver];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Queue => "queue",
            Self::Parse => "parse",
            Self::Judge => "judge",
            Self::Ask => "ask",
            Self::Deliver => "deliver",
        }
    }
}

/// Something outside that the filter depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependency {
    Dns,
    Clamd,
    Mailstore,
    Quarantine,
    Store,
}

impl Dependency {
    pub const ALL: [Self; 5] = [Self::Dns, Self::Clamd, Self::Mailstore, Self::Quarantine, Self::Store];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Clamd => "clamd",
            Self::Mailstore => "mailstore",
            Self::Quarantine => "quarantine",
            Self::Store => "store",
        }
    }
}

/// What became of a mail that may be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recording {
    Kept,
    /// Not in the sample.
    NotChosen,
    /// Too large, or not in the form that a file keeps.
    Unfit,
    /// Too many waited to be written.
    Crowded,
    /// The disk did not take it.
    Failed,
}

impl Recording {
    pub const ALL: [Self; 5] = [Self::Kept, Self::NotChosen, Self::Unfit, Self::Crowded, Self::Failed];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::NotChosen => "not_chosen",
            Self::Unfit => "unfit",
            Self::Crowded => "crowded",
            Self::Failed => "failed",
        }
    }
}

/// Methods of RFC 8601 2.7 that are counted.
pub const METHODS: [&str; 6] = ["spf", "spf_helo", "dkim", "arc", "iprev", "dmarc"];
/// Result words of RFC 8601 2.7.
pub const RESULTS: [&str; 8] = ["none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror"];
/// Words of `Action`.
const ACTIONS: [&str; 5] = ["accept", "tag", "quarantine", "defer", "reject"];
/// Words of `Level`, and mail that crossed no network.
const LEVELS: [&str; 6] = ["none", "tls", "tls1.2", "verified", "dane", "local"];
/// Kinds of `Question`.
const QUESTIONS: [&str; 9] = ["txt", "ipv4", "ipv6", "mx", "names", "virus", "virus_inner", "partner", "stored"];
/// Outcomes of a question: an answer, or the word of a `Failure`.
const OUTCOMES: [&str; 10] = [
    "answered",
    "cached",
    "timeout",
    "server_failure",
    "refused",
    "interrupted",
    "malformed",
    "too_large",
    "over_budget",
    "not_recorded",
];

/// All series. One per process; shared by reference.
pub struct Metrics {
    registry: Registry,
    doors: DoorSeries,
    mails: MailSeries,
    outside: OutsideSeries,
    senders: SendersSeries,
    reloads_total: IntCounterVec,
    symbols_total: IntCounterVec,
    records_total: IntCounterVec,
    memory_bytes_max: IntGauge,
    quarantine: QuarantineSeries,
    keys: KeySeries,
}

impl Metrics {
    /// Registers every series at zero.
    ///
    /// # Errors
    /// When a series is declared twice: a mistake of ours that the first test shows.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let registrar = Registrar(&registry);
        let metrics = Self {
            doors: DoorSeries::new(&registrar)?,
            mails: MailSeries::new(&registrar)?,
            senders: SendersSeries::new(&registrar)?,
            outside: OutsideSeries::new(&registrar)?,
            reloads_total: registrar.counters("reloads_total", "Configuration reloads.", &["result"])?,
            symbols_total: registrar.counters("symbols_total", "Mails in which a symbol was found.", &["symbol"])?,
            records_total: registrar.counters(
                "records_total",
                "Mails whose recipients consent to recording, by what became of them.",
                &["result"],
            )?,
            memory_bytes_max: registrar
                .gauge("memory_bytes_max", "Octets that mails take at most under the configured limits.")?,
            quarantine: QuarantineSeries::new(&registrar)?,
            keys: KeySeries::new(&registrar)?,
            registry: registry.clone(),
        };
        let info = registrar.gauges("build_info", "Constant 1, labelled with the version.", &["version"])?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        metrics.register_process()?;
        metrics.start_at_zero();
        Ok(metrics)
    }

    #[cfg(target_os = "linux")]
    fn register_process(&self) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
    }

    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the process collector reads /proc")]
    fn register_process(&self) -> Result<(), prometheus::Error> {
        Ok(())
    }

    /// Makes every label combination, so that a rate over it exists from the first scrape on.
    fn start_at_zero(&self) {
        for result in Recording::ALL.map(Recording::word) {
            self.records_total.with_label_values(&[result]).reset();
        }
        for door in Door::ALL.map(Door::word) {
            self.doors.connections.with_label_values(&[door]).set(0);
            for counters in [
                &self.doors.connections_total,
                &self.doors.connections_refused_total,
                &self.doors.protocol_errors_total,
                &self.mails.aborted_total,
                &self.mails.begun_total,
            ] {
                counters.with_label_values(&[door]).reset();
            }
            for class in ["4xx", "5xx", "greylisted"] {
                self.mails.refused_early_total.with_label_values(&[door, class]).reset();
            }
            self.mails.transport_refused_total.with_label_values(&[door]).reset();
            self.senders.greylisted_early_total.with_label_values(&[door]).reset();
            for level in LEVELS {
                self.mails.transport_total.with_label_values(&[door, level]).reset();
            }
            self.mails.recipients_taken_total.with_label_values(&[door]).reset();
            self.mails.recipients_unaccounted.with_label_values(&[door]).set(0);
            for outcome in Settlement::ALL.map(Settlement::word) {
                self.mails.recipients_settled_total.with_label_values(&[door, outcome]).reset();
            }
            for action in ACTIONS {
                self.mails.mails_total.with_label_values(&[door, action]).reset();
                self.mails.recipients_total.with_label_values(&[door, action]).reset();
            }
        }
        for stage in Stage::ALL {
            let _ = self.mails.stage_seconds.with_label_values(&[stage.word()]);
        }
        for method in METHODS {
            for result in RESULTS {
                self.mails.auth_results_total.with_label_values(&[method, result]).reset();
            }
        }
        for kind in QUESTIONS {
            let _ = self.outside.question_seconds.with_label_values(&[kind]);
            for outcome in OUTCOMES {
                self.outside.questions_total.with_label_values(&[kind, outcome]).reset();
            }
        }
        for dependency in Dependency::ALL {
            self.outside.dependency_up.with_label_values(&[dependency.word()]).set(-1);
        }
        for class in ["2xx", "4xx", "5xx"] {
            self.outside.deliveries_total.with_label_values(&[class]).reset();
        }
        self.quarantine.start_at_zero();
        self.keys.start_at_zero();
        for result in ["done", "failed"] {
            self.reloads_total.with_label_values(&[result]).reset();
        }
    }

    /// All series in the text format 0.0.4.
    ///
    /// # Errors
    /// When the encoder fails, which a text buffer does not.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    pub fn connection_opened(&self, door: Door) {
        self.doors.connections.with_label_values(&[door.word()]).inc();
        self.doors.connections_total.with_label_values(&[door.word()]).inc();
    }

    pub fn connection_closed(&self, door: Door) {
        self.doors.connections.with_label_values(&[door.word()]).dec();
    }

    pub fn connection_refused(&self, door: Door) {
        self.doors.connections_refused_total.with_label_values(&[door.word()]).inc();
    }

    pub fn protocol_error(&self, door: Door) {
        self.doors.protocol_errors_total.with_label_values(&[door.word()]).inc();
    }

    /// Header edits that the MTA does not offer to make.
    pub fn edits_left_out(&self, edits: usize) {
        self.doors.edits_left_out_total.inc_by(edits as u64);
    }

    /// A mail begins (MAIL), even if it is refused at once.
    pub fn mail_begun(&self, door: Door) {
        self.mails.begun_total.with_label_values(&[door.word()]).inc();
    }

    pub fn mail_opened(&self) {
        self.mails.mails_open.inc();
    }

    pub fn mail_closed(&self) {
        self.mails.mails_open.dec();
    }

    /// One verdict; `action` is a word of `Action`.
    pub fn mail(&self, door: Door, action: &'static str, bytes: usize) {
        self.mails.mails_total.with_label_values(&[door.word(), action]).inc();
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        self.mails.message_bytes.observe(bytes as f64);
    }

    /// One outcome of one recipient; `action` is a word of `Action`.
    pub fn recipient(&self, door: Door, action: &'static str) {
        self.mails.recipients_total.with_label_values(&[door.word(), action]).inc();
    }

    /// One recipient was taken: RCPT was answered with 250.
    pub fn recipient_taken(&self, door: Door) {
        self.mails.recipients_taken_total.with_label_values(&[door.word()]).inc();
        self.mails.recipients_unaccounted.with_label_values(&[door.word()]).inc();
    }

    /// What became of one recipient that was taken.
    pub fn recipient_settled(&self, door: Door, settlement: Settlement) {
        self.mails.recipients_settled_total.with_label_values(&[door.word(), settlement.word()]).inc();
        self.mails.recipients_unaccounted.with_label_values(&[door.word()]).dec();
    }

    /// A mail refused without verdict: `4xx`, `5xx` or `greylisted`.
    pub fn refused_early(&self, door: Door, class: &'static str) {
        self.mails.refused_early_total.with_label_values(&[door.word(), class]).inc();
    }

    pub fn aborted(&self, door: Door) {
        self.mails.aborted_total.with_label_values(&[door.word()]).inc();
    }

    /// A part that an engine did not look at, or not wholly.
    pub fn coverage_gap(&self, engine: &str, reason: &str) {
        self.mails.coverage_gaps_total.with_label_values(&[engine, reason]).inc();
    }

    /// Octets of a message that an engine saw, of those that came.
    pub fn coverage_octets(&self, engine: &str, seen: usize, bytes: usize) {
        let octets = &self.mails.coverage_octets_total;
        octets.with_label_values(&[engine, "seen"]).inc_by(seen as u64);
        octets.with_label_values(&[engine, "missed"]).inc_by(bytes.saturating_sub(seen) as u64);
    }

    /// One judged mail; `level` is a word of `Level`, or `local`.
    pub fn transport(&self, door: Door, level: &'static str) {
        self.mails.transport_total.with_label_values(&[door.word(), level]).inc();
    }

    /// A recipient whose mail did not come encrypted enough.
    pub fn transport_refused(&self, door: Door) {
        self.mails.transport_refused_total.with_label_values(&[door.word()]).inc();
    }

    pub fn stage(&self, stage: Stage, took: Duration) {
        self.mails.stage_seconds.with_label_values(&[stage.word()]).observe(took.as_secs_f64());
    }

    /// `method` from `METHODS`, `result` from `RESULTS`.
    pub fn auth_result(&self, method: &'static str, result: &'static str) {
        self.mails.auth_results_total.with_label_values(&[method, result]).inc();
    }

    /// One question answered: its kind, `answered`, `cached` or the word of the failure, and how long it took.
    pub fn question(&self, kind: &'static str, outcome: &'static str, took: Duration) {
        self.outside.questions_total.with_label_values(&[kind, outcome]).inc();
        self.outside.question_seconds.with_label_values(&[kind]).observe(took.as_secs_f64());
    }

    /// Tells whether the last use of a dependency worked; returns whether that is a change.
    pub fn dependency_up(&self, dependency: Dependency, is_up: bool) -> bool {
        let gauge = self.outside.dependency_up.with_label_values(&[dependency.word()]);
        let before = gauge.get();
        gauge.set(i64::from(is_up));
        before != i64::from(is_up)
    }

    /// Did the last use of this dependency fail?
    #[must_use]
    pub fn is_down(&self, dependency: Dependency) -> bool {
        self.outside.dependency_up.with_label_values(&[dependency.word()]).get() == 0
    }

    /// One reply of the mailstore for one recipient.
    pub fn delivery(&self, code: u16) {
        let class = match code {
            200..300 => "2xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.outside.deliveries_total.with_label_values(&[class]).inc();
    }

    /// What became of sealing a copy of a mail: one of `keys::SEALINGS`.
    pub fn sealing(&self, outcome: &str) {
        self.keys.sealings_total.with_label_values(&[outcome]).inc();
    }

    /// What a directory said of a key, and how long that took; `None`: it was remembered.
    pub fn key_lookup(&self, source: KeySource, outcome: &'static str, took: Option<Duration>) {
        self.keys.lookups_total.with_label_values(&[source.word(), outcome]).inc();
        if let Some(took) = took {
            self.keys.lookup_seconds.with_label_values(&[source.word()]).observe(took.as_secs_f64());
        }
    }

    /// An encrypted mail to somebody who lends keys was opened, or not.
    pub fn lent(&self, is_opened: bool) {
        let outcome = if is_opened { "opened" } else { "not_opened" };
        self.keys.lent_total.with_label_values(&[outcome]).inc();
    }

    pub fn judge_panicked(&self) {
        self.mails.judge_panics_total.inc();
    }

    /// Mails of one shape have reached many mailboxes.
    pub fn campaign_began(&self) {
        self.senders.campaigns_total.inc();
    }

    /// A recipient was told to come again before the body came.
    pub fn greylisted_early(&self, door: Door) {
        self.senders.greylisted_early_total.with_label_values(&[door.word()]).inc();
    }

    pub fn recorded(&self, what: Recording) {
        self.records_total.with_label_values(&[what.word()]).inc();
    }

    /// What the quarantine holds.
    pub fn quarantine(&self, mails: usize, octets: u64, oldest_age: u64) {
        self.quarantine.mails.set(i64::try_from(mails).unwrap_or(i64::MAX));
        self.quarantine.octets.set(i64::try_from(octets).unwrap_or(i64::MAX));
        self.quarantine.oldest_age.set(i64::try_from(oldest_age).unwrap_or(i64::MAX));
    }

    /// A digest that was handed to the mailstore, by its reply.
    pub fn digest(&self, code: u16) {
        self.quarantine.digests_total.with_label_values(&[aside::digest_word(code)]).inc();
    }

    /// What a recipient asked for on the page of their mails, one of `aside::ACTS`, and what became of it.
    pub fn mailbox(&self, act: &'static str, result: &'static str) {
        self.quarantine.mailbox_requests_total.with_label_values(&[act, result]).inc();
    }

    /// A mail that the model learned because its recipient said that it is no spam.
    pub fn learned_from_recipient(&self) {
        self.quarantine.learned_total.inc();
    }

    pub fn reload(&self, worked: bool) {
        self.reloads_total.with_label_values(&[if worked { "done" } else { "failed" }]).inc();
    }

    /// Octets that mails take at most under the configured limits.
    pub fn memory_bytes_max(&self, bytes: usize) {
        self.memory_bytes_max.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// A symbol was found in a mail; those in the shadow are counted too, that is what they run for.
    pub fn symbol(&self, symbol: &str) {
        self.symbols_total.with_label_values(&[symbol]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_exists_before_the_first_mail() {
        let text = Metrics::new().unwrap().render().unwrap();
        assert!(text.contains("wehr_mails_total{action=\"reject\",door=\"milter\"} 0"));
        assert!(text.contains("wehr_stage_seconds_count{stage=\"judge\"} 0"));
        assert!(text.contains("wehr_dependency_up{dependency=\"clamd\"} -1"));
        assert!(text.contains("wehr_build_info{version="));
    }

    #[test]
    fn a_dependency_tells_changes_only() {
        let metrics = Metrics::new().unwrap();
        assert!(metrics.dependency_up(Dependency::Dns, false));
        assert!(!metrics.dependency_up(Dependency::Dns, false));
        assert!(metrics.is_down(Dependency::Dns));
        assert!(metrics.dependency_up(Dependency::Dns, true));
    }
}
