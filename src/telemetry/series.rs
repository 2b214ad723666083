//! Names and help texts of the series, grouped by what they are about.

use super::registrar::Registrar;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

/// Connections of the doors.
pub(super) struct DoorSeries {
    pub(super) connections: IntGaugeVec,
    pub(super) connections_total: IntCounterVec,
    pub(super) connections_refused_total: IntCounterVec,
    pub(super) protocol_errors_total: IntCounterVec,
    pub(super) edits_left_out_total: IntCounter,
}

impl DoorSeries {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            connections: registrar.gauges("connections", "Open connections.", &["door"])?,
            connections_total: registrar.counters("connections_total", "Connections taken.", &["door"])?,
            connections_refused_total: registrar.counters(
                "connections_refused_total",
                "Connections refused because there were too many.",
                &["door"],
            )?,
            protocol_errors_total: registrar.counters(
                "protocol_errors_total",
                "Breaches of the protocol by the peer; most of them end the connection.",
                &["door"],
            )?,
            edits_left_out_total: registrar
                .counter("edits_left_out_total", "Header edits that the MTA did not let the milter make.")?,
        })
    }
}

/// Mails and their verdicts.
pub(super) struct MailSeries {
    pub(super) begun_total: IntCounterVec,
    pub(super) mails_open: IntGauge,
    pub(super) mails_total: IntCounterVec,
    pub(super) recipients_total: IntCounterVec,
    pub(super) recipients_taken_total: IntCounterVec,
    pub(super) recipients_settled_total: IntCounterVec,
    pub(super) recipients_unaccounted: IntGaugeVec,
    pub(super) refused_early_total: IntCounterVec,
    pub(super) aborted_total: IntCounterVec,
    pub(super) message_bytes: Histogram,
    pub(super) coverage_gaps_total: IntCounterVec,
    pub(super) coverage_octets_total: IntCounterVec,
    pub(super) stage_seconds: HistogramVec,
    pub(super) auth_results_total: IntCounterVec,
    pub(super) judge_panics_total: IntCounter,
    pub(super) transport_total: IntCounterVec,
    pub(super) transport_refused_total: IntCounterVec,
}

impl MailSeries {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            begun_total: registrar.counters("mails_begun_total", "Mails that began with MAIL.", &["door"])?,
            mails_open: registrar.gauge("mails_open", "Mails between MAIL and their last reply.")?,
            mails_total: registrar.counters(
                "mails_total",
                "Verdicts, by what the sender was told.",
                &["door", "action"],
            )?,
            recipients_total: registrar.counters("recipients_total", "Outcomes per recipient.", &["door", "action"])?,
            recipients_taken_total: registrar.counters("recipients_taken_total", "Recipients taken.", &["door"])?,
            recipients_settled_total: registrar.counters(
                "recipients_settled_total",
                "Recipients by what became of their mail.",
                &["door", "outcome"],
            )?,
            recipients_unaccounted: registrar.gauges(
                "recipients_unaccounted",
                "Recipients taken less recipients settled: mails under way; at rest anything but 0 is lost mail.",
                &["door"],
            )?,
            refused_early_total: registrar.counters(
                "refused_early_total",
                "Mails refused without verdict: a limit, a disk, a fault of ours, or their sender is new here.",
                &["door", "class"],
            )?,
            aborted_total: registrar.counters(
                "aborted_total",
                "Mails given up by the client before their end.",
                &["door"],
            )?,
            message_bytes: registrar.histogram(
                "message_bytes",
                "Size of judged messages.",
                prometheus::exponential_buckets(1024.0, 4.0, 9)?,
            )?,
            transport_total: registrar.counters(
                "transport_total",
                "Judged mails by what their transport reached.",
                &["door", "level"],
            )?,
            transport_refused_total: registrar.counters(
                "transport_refused_total",
                "Recipients refused because the mail did not come encrypted enough.",
                &["door"],
            )?,
            coverage_gaps_total: registrar.counters(
                "coverage_gaps_total",
                "Parts that an engine did not look at, or not wholly.",
                &["engine", "reason"],
            )?,
            coverage_octets_total: registrar.counters(
                "coverage_octets_total",
                "Octets of messages that an engine saw or missed.",
                &["engine", "outcome"],
            )?,
            stage_seconds: registrar.histograms(
                "stage_seconds",
                "Time a mail spent in a stage.",
                &["stage"],
                prometheus::exponential_buckets(0.000_05, 4.0, 12)?,
            )?,
            auth_results_total: registrar.counters(
                "auth_results_total",
                "Results of sender authentication (RFC 8601).",
                &["method", "result"],
            )?,
            judge_panics_total: registrar.counter("judge_panics_total", "Mails deferred because a check panicked.")?,
        })
    }
}

/// What senders have to bear.
pub(super) struct SendersSeries {
    pub(super) campaigns_total: IntCounter,
    pub(super) greylisted_early_total: IntCounterVec,
}

impl SendersSeries {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            campaigns_total: registrar
                .counter("campaigns_total", "Campaigns that were found: one mail in many copies within minutes.")?,
            greylisted_early_total: registrar.counters(
                "greylisted_early_total",
                "Recipients and mails told to come again before the body was taken.",
                &["door"],
            )?,
        })
    }
}

/// Whatever answers us or takes our mail.
pub(super) struct OutsideSeries {
    pub(super) questions_total: IntCounterVec,
    pub(super) question_seconds: HistogramVec,
    pub(super) dependency_up: IntGaugeVec,
    pub(super) deliveries_total: IntCounterVec,
}

impl OutsideSeries {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            questions_total: registrar.counters(
                "questions_total",
                "Questions to the outside.",
                &["kind", "outcome"],
            )?,
            question_seconds: registrar.histograms(
                "question_seconds",
                "Time until a question had its answer.",
                &["kind"],
                prometheus::exponential_buckets(0.000_1, 4.0, 10)?,
            )?,
            dependency_up: registrar.gauges(
                "dependency_up",
                "1 while the last use of a dependency worked, 0 after a failure, -1 while unused.",
                &["dependency"],
            )?,
            deliveries_total: registrar.counters(
                "deliveries_total",
                "Replies of the mailstore, per recipient.",
                &["class"],
            )?,
        })
    }
}
