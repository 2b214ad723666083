//! What the dashboards show. Pure data.

use super::{
    Board,
    Form::{Lines, Number, Stacked, Table},
    Line, Panel,
    Unit::{Bytes, Count, PerMinute, Seconds, Share},
};

const fn line(legend: &'static str, query: &'static str) -> Line {
    Line { query, legend }
}

/// All dashboards.
pub const ALL: &[Board] = &[OVERVIEW, MAIL, JUDGING, DEPENDENCIES, COVERAGE];

const OVERVIEW: Board = Board {
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

const MAIL: Board = Board {
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
    ],
};

const JUDGING: Board = Board {
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

const DEPENDENCIES: Board = Board {
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

const COVERAGE: Board = Board {
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
