//! Encryption: how mail comes, who is refused for it, and what is sealed.
//!
//! Pure data.

use super::line;
use crate::telemetry::panels::{
    Board,
    Form::{Lines, Stacked},
    Panel,
    Unit::{PerMinute, Seconds},
};

pub const ENCRYPTION: Board = Board {
    uid: "wehr-encryption",
    title: "Wehr: encryption",
    about: "How mail comes, who is refused for it, and what is sealed before hand-over.",
    panels: &[
        Panel {
            title: "Transport of mails",
            about: "What the transport of judged mails reached.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{level}}",
                r#"60 * sum by (level) (rate(wehr_transport_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Refused for their transport",
            about: "Recipients refused because the mail did not come encrypted enough.",
            form: Lines,
            unit: PerMinute,
            lines: &[line(
                "{{door}}",
                r#"60 * sum by (door) (rate(wehr_transport_refused_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Sealing",
            about: "Recipients whose class wants mail sealed, by what became of it.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{outcome}}",
                r#"60 * sum by (outcome) (rate(wehr_sealings_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Directories of keys",
            about: "Keys of recipients that a directory was asked for, by what it said; failed: no answer, so no key.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{source}} {{outcome}}",
                r#"60 * sum by (source, outcome) (rate(wehr_key_lookups_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Time of directories",
            about: "The time within which 95 of 100 questions for a key had their answer.",
            form: Lines,
            unit: Seconds,
            lines: &[line(
                "{{source}}",
                r#"histogram_quantile(0.95, sum by (source, le) (rate(wehr_key_lookup_seconds_bucket{instance=~"$instance"}[$__rate_interval])))"#,
            )],
        },
        Panel {
            title: "Lent keys",
            about: "Encrypted mails to recipients who lend private keys: opened with one, or not.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{outcome}}",
                r#"60 * sum by (outcome) (rate(wehr_lent_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
    ],
};
