//! Every Prometheus series, in one place, registered once and at zero.
//!
//! Labels come from closed enums only; never an address, a domain or a file name.

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

/// Through which door a mail came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    Milter,
    Lmtp,
}

impl Door {
    pub const ALL: [Self; 2] = [Self::Milter, Self::Lmtp];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Milter => "milter",
            Self::Lmtp => "lmtp",
        }
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
}

impl Dependency {
    pub const ALL: [Self; 4] = [Self::Dns, Self::Clamd, Self::Mailstore, Self::Quarantine];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Clamd => "clamd",
            Self::Mailstore => "mailstore",
            Self::Quarantine => "quarantine",
        }
    }
}

/// All series. One per process; shared by reference.
pub struct Metrics {
    registry: Registry,
    connections: IntGaugeVec,
    connections_total: IntCounterVec,
    connections_refused_total: IntCounterVec,
    protocol_errors_total: IntCounterVec,
    mails_open: IntGauge,
    mails_total: IntCounterVec,
    recipients_total: IntCounterVec,
    refused_early_total: IntCounterVec,
    aborted_total: IntCounterVec,
    message_bytes: Histogram,
    stage_seconds: HistogramVec,
    auth_results_total: IntCounterVec,
    questions_total: IntCounterVec,
    question_seconds: HistogramVec,
    dependency_up: IntGaugeVec,
    deliveries_total: IntCounterVec,
    judge_panics_total: IntCounter,
    reloads_total: IntCounterVec,
}
