//! The overview. Pure data.

use super::line;
use crate::telemetry::panels::{
    Board,
    Form::{Lines, Number, Stacked},
    Panel,
    Unit::{Bytes, Count, PerMinute, Seconds, Share},
};

pub const OVERVIEW: Board = Board {
    uid: "wehr-overview",
    title: "Wehr: overview",
    about: "Is mail flowing, what becomes of it, and does everything answer?",
    panels: &[
        Panel {
            title: "Instances",
            about: "Filters that Prometheus reaches.",
            form: Number,
            unit: Count,
            lines: &[line("", r#"count(wehr_build_info{instance=~"$instance"})"#)],
        },
        Panel {
            title: "Mails a minute",
            about: "Verdicts over the last five minutes.",
            form: Number,
            unit: PerMinute,
            lines: &[line("", r#"60 * sum(rate(wehr_mails_total{instance=~"$instance"}[5m]))"#)],
        },
        Panel {
            title: "Put off",
            about: "Share of mails deferred over the last 15 minutes. Normally next to nothing.",
            form: Number,
            unit: Share,
            lines: &[line(
                "",
                r#"sum(rate(wehr_mails_total{action="defer", instance=~"$instance"}[15m])) / sum(rate(wehr_mails_total{instance=~"$instance"}[15m]))"#,
            )],
        },
        Panel {
            title: "Mails open",
            about: "Between MAIL and their last reply.",
            form: Number,
            unit: Count,
            lines: &[line("", r#"sum(wehr_mails_open{instance=~"$instance"})"#)],
        },
        Panel {
            title: "Dependencies down",
            about: "Whose last use failed.",
            form: Number,
            unit: Count,
            lines: &[line("", r#"count(wehr_dependency_up{instance=~"$instance"} == 0) or vector(0)"#)],
        },
        Panel {
            title: "Panics",
            about: "Mails put off within a day because a check broke. Each one is a fault of ours: report it.",
            form: Number,
            unit: Count,
            lines: &[line("", r#"sum(increase(wehr_judge_panics_total{instance=~"$instance"}[24h]))"#)],
        },
        Panel {
            title: "What became of mail",
            about: "What senders were told, per minute.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{action}}",
                r#"60 * sum by (action) (rate(wehr_mails_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Time to a verdict, 95th percentile",
            about: "Of each stage. queue: waiting for a turn. ask: waiting for DNS and the scanner.",
            form: Lines,
            unit: Seconds,
            lines: &[line(
                "{{stage}}",
                r#"histogram_quantile(0.95, sum by (stage, le) (rate(wehr_stage_seconds_bucket{stage!="receive", instance=~"$instance"}[$__rate_interval])))"#,
            )],
        },
        Panel {
            title: "Memory",
            about: "In use, and the most that mails should take under the configured limits.",
            form: Lines,
            unit: Bytes,
            lines: &[
                line(
                    "{{instance}} in use",
                    r#"process_resident_memory_bytes and on (instance, job) wehr_build_info{instance=~"$instance"}"#,
                ),
                line("{{instance}} most", r#"wehr_memory_bytes_max{instance=~"$instance"}"#),
            ],
        },
        Panel {
            title: "CPU",
            about: "Seconds of CPU time a second; 1 is one core.",
            form: Lines,
            unit: Count,
            lines: &[line(
                "{{instance}}",
                r#"rate(process_cpu_seconds_total[$__rate_interval]) and on (instance, job) wehr_build_info{instance=~"$instance"}"#,
            )],
        },
    ],
};
