//! Coverage. Pure data.

use super::line;
use crate::telemetry::panels::{
    Board,
    Form::{Lines, Stacked, Table},
    Panel,
    Unit::{Count, PerMinute, Share},
};

pub const COVERAGE: Board = Board {
    uid: "wehr-coverage",
    title: "Wehr: coverage",
    about: "How much of the mail was looked at, by which engine, and why not all of it.",
    panels: &[
        Panel {
            title: "Octets seen",
            about: "Share of the octets that came; the rest is listed below.",
            form: Lines,
            unit: Share,
            lines: &[line(
                "{{engine}}",
                r#"sum by (engine) (rate(wehr_coverage_octets_total{outcome="seen", instance=~"$instance"}[$__rate_interval])) / sum by (engine) (rate(wehr_coverage_octets_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Parts not looked at",
            about: "By engine and reason, per minute.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{engine}} {{reason}}",
                r#"60 * sum by (engine, reason) (rate(wehr_coverage_gaps_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Reasons of the last day",
            about: "Parts not looked at, or not wholly.",
            form: Table,
            unit: Count,
            lines: &[line(
                "{{engine}} {{reason}}",
                r#"sort_desc(sum by (engine, reason) (increase(wehr_coverage_gaps_total{instance=~"$instance"}[24h])))"#,
            )],
        },
    ],
};
