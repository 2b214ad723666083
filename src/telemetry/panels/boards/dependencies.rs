//! Dependencies. Pure data.

use super::line;
use crate::telemetry::panels::{
    Board,
    Form::{Lines, Stacked},
    Panel,
    Unit::{Count, PerMinute, Seconds, Share},
};

pub const DEPENDENCIES: Board = Board {
    uid: "wehr-dependencies",
    title: "Wehr: dependencies",
    about: "Name servers, virus scanner, mailstore and quarantine: do they answer, and how fast?",
    panels: &[
        Panel {
            title: "Up",
            about: "1: the last use worked. 0: it failed. -1: not used yet.",
            form: Lines,
            unit: Count,
            lines: &[line("{{dependency}}", r#"min by (dependency) (wehr_dependency_up{instance=~"$instance"})"#)],
        },
        Panel {
            title: "Time until an answer, 95th percentile",
            about: "By kind of question; virus is the scan of a message, virus_inner of a file in it.",
            form: Lines,
            unit: Seconds,
            lines: &[line(
                "{{kind}}",
                r#"histogram_quantile(0.95, sum by (kind, le) (rate(wehr_question_seconds_bucket{instance=~"$instance"}[$__rate_interval])))"#,
            )],
        },
        Panel {
            title: "Questions",
            about: "By kind, with those answered from memory.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{kind}} {{outcome}}",
                r#"60 * sum by (kind, outcome) (rate(wehr_questions_total{outcome=~"answered|cached", instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Questions without answer",
            about: "By kind and failure.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{kind}} {{outcome}}",
                r#"60 * sum by (kind, outcome) (rate(wehr_questions_total{outcome!~"answered|cached", instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Answers of the mailstore",
            about: "Replies per recipient.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{class}}",
                r#"60 * sum by (class) (rate(wehr_deliveries_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Time of a delivery, 95th percentile",
            about: "Handing a mail over to mailstore and quarantine.",
            form: Lines,
            unit: Seconds,
            lines: &[line(
                "{{instance}}",
                r#"histogram_quantile(0.95, sum by (instance, le) (rate(wehr_stage_seconds_bucket{stage="deliver", instance=~"$instance"}[$__rate_interval])))"#,
            )],
        },
        Panel {
            title: "Open files",
            about: "Of those allowed.",
            form: Lines,
            unit: Share,
            lines: &[line(
                "{{instance}}",
                r#"process_open_fds / process_max_fds and on (instance, job) wehr_build_info{instance=~"$instance"}"#,
            )],
        },
    ],
};
