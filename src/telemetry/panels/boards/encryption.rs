//! Encryption: how mail comes, who is refused for it, and what is sealed.
//!
//! Pure data.

use super::line;
use crate::telemetry::panels::{
    Board,
    Form::{Lines, Stacked},
    Panel,
    Unit::PerMinute,
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
    ],
};
