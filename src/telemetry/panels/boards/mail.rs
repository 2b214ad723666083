//! Mail flow. Pure data.

use super::line;
use crate::telemetry::panels::{
    Board,
    Form::{Lines, Stacked},
    Panel,
    Unit::{Bytes, Count, PerMinute},
};

pub const MAIL: Board = Board {
    uid: "wehr-mail",
    title: "Wehr: mail flow",
    about: "Doors, connections, sizes, and whether the books balance.",
    panels: &[
        Panel {
            title: "Mails by door and action",
            about: "One per mail.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{door}} {{action}}",
                r#"60 * sum by (door, action) (rate(wehr_mails_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Recipients by door and action",
            about: "One per recipient.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{door}} {{action}}",
                r#"60 * sum by (door, action) (rate(wehr_recipients_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Connections",
            about: "Open, by door.",
            form: Lines,
            unit: Count,
            lines: &[line("{{door}}", r#"sum by (door) (wehr_connections{instance=~"$instance"})"#)],
        },
        Panel {
            title: "Connections taken and refused",
            about: "Refused: too many at once.",
            form: Lines,
            unit: PerMinute,
            lines: &[
                line(
                    "{{door}} taken",
                    r#"60 * sum by (door) (rate(wehr_connections_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
                line(
                    "{{door}} refused",
                    r#"60 * sum by (door) (rate(wehr_connections_refused_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
            ],
        },
        Panel {
            title: "Refused early, given up, protocol errors",
            about: "Mails that got no verdict: a limit or a disk, a client that left, a peer that broke the protocol.",
            form: Lines,
            unit: PerMinute,
            lines: &[
                line(
                    "{{door}} refused early {{class}}",
                    r#"60 * sum by (door, class) (rate(wehr_refused_early_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
                line(
                    "{{door}} given up",
                    r#"60 * sum by (door) (rate(wehr_aborted_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
                line(
                    "{{door}} protocol errors",
                    r#"60 * sum by (door) (rate(wehr_protocol_errors_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
            ],
        },
        Panel {
            title: "Size of messages",
            about: "Median and 95th percentile.",
            form: Lines,
            unit: Bytes,
            lines: &[
                line(
                    "median",
                    r#"histogram_quantile(0.5, sum by (le) (rate(wehr_message_bytes_bucket{instance=~"$instance"}[$__rate_interval])))"#,
                ),
                line(
                    "95 %",
                    r#"histogram_quantile(0.95, sum by (le) (rate(wehr_message_bytes_bucket{instance=~"$instance"}[$__rate_interval])))"#,
                ),
            ],
        },
        Panel {
            title: "Mails unaccounted for",
            about: "Begun less ended less open. It may show a mail for one scrape; what stays is a fault.",
            form: Lines,
            unit: Count,
            lines: &[line(
                "{{instance}}",
                r#"sum by (instance) (wehr_mails_begun_total{instance=~"$instance"}) - sum by (instance) (wehr_mails_total{instance=~"$instance"}) - sum by (instance) (wehr_refused_early_total{instance=~"$instance"}) - sum by (instance) (wehr_aborted_total{instance=~"$instance"}) - sum by (instance) (wehr_mails_open{instance=~"$instance"})"#,
            )],
        },
        Panel {
            title: "Recipients told yes without the mailstore",
            about: "At the LMTP door: told accepted less taken by the mailstore. Always zero.",
            form: Lines,
            unit: Count,
            lines: &[line(
                "{{instance}}",
                r#"sum by (instance) (wehr_recipients_total{door="lmtp", action=~"accept|tag", instance=~"$instance"}) - sum by (instance) (wehr_deliveries_total{class="2xx", instance=~"$instance"})"#,
            )],
        },
        Panel {
            title: "Recorded cases",
            about: "Mails whose recipients consent to recording, by what became of them.",
            form: Lines,
            unit: PerMinute,
            lines: &[line(
                "{{result}}",
                r#"60 * sum by (result) (rate(wehr_records_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Recipients by what became of them",
            about: "Every recipient that was taken is delivered, set aside, deferred, refused or given up.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{door}} {{outcome}}",
                r#"60 * sum by (door, outcome) (rate(wehr_recipients_settled_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Recipients taken and not yet settled",
            about: "Mail under way; what stays here for long was lost sight of.",
            form: Lines,
            unit: Count,
            lines: &[
                line("{{door}}", r#"sum by (door) (wehr_recipients_unaccounted{instance=~"$instance"})"#),
                line(
                    "{{door}} taken a minute",
                    r#"60 * sum by (door) (rate(wehr_recipients_taken_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
            ],
        },
        Panel {
            title: "Quarantine",
            about: "Mails that are held.",
            form: Lines,
            unit: Count,
            lines: &[line("{{instance}}", r#"sum by (instance) (wehr_quarantine_mails{instance=~"$instance"})"#)],
        },
        Panel {
            title: "Quarantine on its disk",
            about: "Octets; beyond quarantine.bytes_max new mail waits at its sender.",
            form: Lines,
            unit: Bytes,
            lines: &[line("{{instance}}", r#"sum by (instance) (wehr_quarantine_octets{instance=~"$instance"})"#)],
        },
        Panel {
            title: "Oldest mail in the quarantine, days",
            about: "It is deleted after quarantine.keep_days.",
            form: Lines,
            unit: Count,
            lines: &[line(
                "{{instance}}",
                r#"max by (instance) (wehr_quarantine_oldest_age_seconds{instance=~"$instance"}) / 86400"#,
            )],
        },
        Panel {
            title: "Digests of the quarantine, an hour",
            about: "Mails that tell recipients what is held for them; deferred ones are tried again.",
            form: Lines,
            unit: Count,
            lines: &[line(
                "{{result}}",
                r#"3600 * sum by (result) (rate(wehr_digests_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "What recipients ask for, an hour",
            about: "Requests to the page of their mails. Many invalid links: somebody guesses, or the secret was changed.",
            form: Lines,
            unit: Count,
            lines: &[
                line(
                    "{{act}} {{result}}",
                    r#"3600 * sum by (act, result) (rate(wehr_mailbox_requests_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
                line(
                    "learned",
                    r#"3600 * sum(rate(wehr_mailbox_learned_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
            ],
        },
    ],
};
