//! Judging and rules. Pure data.

use super::line;
use crate::telemetry::panels::{
    Board,
    Form::{Lines, Stacked, Table},
    Panel,
    Unit::{Count, PerMinute, Seconds, Share},
};

pub const JUDGING: Board = Board {
    uid: "wehr-judging",
    title: "Wehr: judging and rules",
    about: "What is found in mails, how senders authenticate, and what judging costs.",
    panels: &[
        Panel {
            title: "Sender authentication",
            about: "Results of RFC 8601 by method, per minute.",
            form: Stacked,
            unit: PerMinute,
            lines: &[line(
                "{{method}} {{result}}",
                r#"60 * sum by (method, result) (rate(wehr_auth_results_total{method=~"spf|dkim|dmarc|arc", result!="none", instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Share of mails that pass DMARC",
            about: "Of those whose domain has a policy. A sudden fall is DNS, or an attack.",
            form: Lines,
            unit: Share,
            lines: &[line(
                "pass",
                r#"sum(rate(wehr_auth_results_total{method="dmarc", result="pass", instance=~"$instance"}[$__rate_interval])) / sum(rate(wehr_auth_results_total{method="dmarc", result!="none", instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
        Panel {
            title: "Symbols found most",
            about: "The twenty most frequent of the last hour, with mails a minute. Rules in the shadow are counted too.",
            form: Table,
            unit: PerMinute,
            lines: &[line(
                "{{symbol}}",
                r#"topk(20, 60 * sum by (symbol) (rate(wehr_symbols_total{instance=~"$instance"}[1h])))"#,
            )],
        },
        Panel {
            title: "Symbols that rise",
            about: "Found in the last hour at least three times as often as over the day.",
            form: Table,
            unit: PerMinute,
            lines: &[line(
                "{{symbol}}",
                r#"60 * sum by (symbol) (rate(wehr_symbols_total{instance=~"$instance"}[1h])) > 3 * 60 * sum by (symbol) (rate(wehr_symbols_total{instance=~"$instance"}[24h]))"#,
            )],
        },
        Panel {
            title: "Reading and judging",
            about: "95th and 99th percentile of the time on the CPU.",
            form: Lines,
            unit: Seconds,
            lines: &[
                line(
                    "{{stage}} 95 %",
                    r#"histogram_quantile(0.95, sum by (stage, le) (rate(wehr_stage_seconds_bucket{stage=~"parse|judge", instance=~"$instance"}[$__rate_interval])))"#,
                ),
                line(
                    "{{stage}} 99 %",
                    r#"histogram_quantile(0.99, sum by (stage, le) (rate(wehr_stage_seconds_bucket{stage=~"parse|judge", instance=~"$instance"}[$__rate_interval])))"#,
                ),
            ],
        },
        Panel {
            title: "Waiting for a turn",
            about: "Time until a mail may be judged, 95th percentile.",
            form: Lines,
            unit: Seconds,
            lines: &[line(
                "{{instance}}",
                r#"histogram_quantile(0.95, sum by (instance, le) (rate(wehr_stage_seconds_bucket{stage="queue", instance=~"$instance"}[$__rate_interval])))"#,
            )],
        },
        Panel {
            title: "Reloads and panics",
            about: "Configurations loaded and refused; mails that a check broke on.",
            form: Lines,
            unit: Count,
            lines: &[
                line(
                    "reload {{result}}",
                    r#"sum by (result) (increase(wehr_reloads_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
                line("panics", r#"sum(increase(wehr_judge_panics_total{instance=~"$instance"}[$__rate_interval]))"#),
            ],
        },
        Panel {
            title: "Campaigns and early greylisting",
            about: "Campaigns that were found; recipients and mails told to come again before the body came.",
            form: Lines,
            unit: Count,
            lines: &[
                line("campaigns", r#"sum(increase(wehr_campaigns_total{instance=~"$instance"}[$__rate_interval]))"#),
                line(
                    "greylisted early {{door}}",
                    r#"sum by (door) (increase(wehr_greylisted_early_total{instance=~"$instance"}[$__rate_interval]))"#,
                ),
            ],
        },
        Panel {
            title: "Header edits left out",
            about: "Edits that the MTA does not let the milter make: its configuration has to be mended.",
            form: Lines,
            unit: PerMinute,
            lines: &[line(
                "{{instance}}",
                r#"60 * sum by (instance) (rate(wehr_edits_left_out_total{instance=~"$instance"}[$__rate_interval]))"#,
            )],
        },
    ],
};
