//! Dashboards and alerts: they name only series, labels and values that exist, their copies are those of the program,
//! and every alert fires when it should and is silent when it should, by promtool where that is installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
    process::Command,
};
use wehr::{
    judge::coverage::Engine,
    telemetry::{
        metrics::Metrics,
        panels::{self, alerts, boards},
    },
};

/// Labels that Prometheus adds, and the one of a histogram's buckets.
const ADDED: [&str; 3] = ["instance", "job", "le"];
const FUNCTIONS: [&str; 20] = [
    "abs",
    "absent",
    "changes",
    "count",
    "day_of_week",
    "group",
    "histogram_quantile",
    "hour",
    "increase",
    "label_values",
    "max",
    "min",
    "rate",
    "sort_desc",
    "sum",
    "time",
    "topk",
    "vector",
    "avg",
    "clamp_min",
];
const WORDS: [&str; 5] = ["and", "or", "unless", "offset", "bool"];
const LABEL_LISTS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Series, each with its labels, each with its values; read from the page itself.
type Registry = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn registry() -> Registry {
    let metrics = Metrics::new().unwrap();
    for engine in Engine::ALL {
        metrics.coverage_octets(engine.word(), 1, 2);
        metrics.coverage_gap(engine.word(), "timeout");
    }
    metrics.symbol("A_SYMBOL");
    let mut registry = Registry::new();
    for line in metrics.render().unwrap().lines().filter(|line| !line.starts_with('#')) {
        let series = line.rsplit_once(' ').unwrap().0;
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let known = registry.entry(name.to_owned()).or_default();
        for (label, value) in labels.trim_end_matches('}').split(',').filter_map(|pair| pair.split_once('=')) {
            known.entry(label.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
        }
    }
    assert!(registry.len() > 30, "the page was not read");
    registry
}

/// What a query names.
#[derive(Debug, Default)]
struct Named {
    series: BTreeSet<String>,
    /// Series, label, value as it stands.
    matchers: Vec<(String, String, String)>,
    labels: BTreeSet<String>,
    unknown: Vec<String>,
}

/// Reads a query far enough to know every name in it.
fn named(query: &str) -> Named {
    let mut named = Named::default();
    let mut rest = query;
    let mut series = String::new();
    while let Some(first) = rest.chars().next() {
        if first == '{' {
            let (inside, after) = rest[1..].split_once('}').expect("a brace is closed");
            for matcher in inside.split("\",").map(str::trim).filter(|matcher| !matcher.is_empty()) {
                let end = matcher.find(['=', '!']).expect("a matcher");
                let value = matcher[end..].trim_start_matches(['=', '!', '~']).trim_matches('"');
                named.matchers.push((series.clone(), matcher[..end].trim().to_owned(), value.to_owned()));
            }
            rest = after;
        } else if first == '[' {
            rest = rest.split_once(']').expect("a bracket is closed").1;
        } else if first.is_ascii_digit() {
            rest = rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '.');
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            let after = after.trim_start();
            rest = after;
            if LABEL_LISTS.contains(&word) {
                let (list, after) = after[1..].split_once(')').expect("a list is closed");
                named.labels.extend(list.split(',').map(|label| label.trim().to_owned()));
                rest = after;
            } else if WORDS.contains(&word) || (FUNCTIONS.contains(&word) && after.starts_with(['(', 'b'])) {
            } else if after.starts_with('(') {
                named.unknown.push(format!("{word}()"));
            } else {
                word.clone_into(&mut series);
                named.series.insert(series.clone());
            }
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    named.labels.remove("");
    named
}

/// What is wrong with a query and the labels that its words use.
fn faults(registry: &Registry, query: &str, used: &BTreeSet<String>) -> Vec<String> {
    let named = named(query);
    let mut faults = named.unknown;
    let mut labels: BTreeSet<&str> = ADDED.into();
    for series in &named.series {
        match registry.get(series) {
            Some(known) => labels.extend(known.keys().map(String::as_str)),
            None => faults.push(format!("no series {series}")),
        }
    }
    for (series, label, value) in &named.matchers {
        if label == "instance" && value == "$instance" {
            continue;
        }
        let Some(values) = registry.get(series).and_then(|known| known.get(label)) else {
            faults.push(format!("{series} has no label {label}"));
            continue;
        };
        for word in value.split('|') {
            let fits = |known: &String| word.strip_suffix(".*").map_or(known == word, |head| known.starts_with(head));
            if !values.iter().any(fits) {
                faults.push(format!("{series}: {label} is never {word}"));
            }
        }
    }
    for label in named.labels.iter().chain(used) {
        if !labels.contains(label.as_str()) {
            faults.push(format!("none of the series has a label {label}"));
        }
    }
    faults
}

/// Names after `$labels.` or between double braces.
fn used_labels(text: &str) -> BTreeSet<String> {
    let word = |rest: &str| -> String {
        rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
    };
    let by_alert = text.split("$labels.").skip(1).map(word);
    let by_legend = text.split("{{").skip(1).map(word).filter(|word| !word.is_empty());
    by_alert.chain(by_legend).collect()
}

#[test]
fn panels_and_alerts_name_only_what_exists() {
    let registry = registry();
    let mut wrong = Vec::new();
    for board in boards::ALL {
        for panel in board.panels {
            for line in panel.lines {
                for fault in faults(&registry, line.query, &used_labels(line.legend)) {
                    wrong.push(format!("{}: {}: {fault}", board.title, panel.title));
                }
            }
        }
    }
    for alert in alerts::ALL {
        for fault in faults(&registry, alert.query, &used_labels(&format!("{}{}", alert.summary, alert.runbook))) {
            wrong.push(format!("{}: {fault}", alert.name));
        }
        for word in alert.runbook.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')) {
            let is_known = registry.keys().any(|series| series.starts_with(word));
            if (word.starts_with("wehr_") || word.starts_with("process_")) && !is_known {
                wrong.push(format!("{}: its runbook names {word}", alert.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_that_does_not_exist_is_found() {
    let registry = registry();
    let no_labels = BTreeSet::new();
    for (query, fault) in [
        ("rate(wehr_nothing_total[5m])", "no series wehr_nothing_total"),
        ("sum(wehr_mails_total{colour=\"red\"})", "wehr_mails_total has no label colour"),
        ("sum(wehr_mails_total{action=~\"accept|eat\"})", "wehr_mails_total: action is never eat"),
        ("sum by (action, stage) (wehr_mails_total)", "none of the series has a label stage"),
        ("frobnicate(wehr_mails_open)", "frobnicate()"),
    ] {
        assert_eq!(faults(&registry, query, &no_labels), [fault], "{query}");
    }
    let legend = used_labels("{{ $labels.door }} and {{action}}");
    assert_eq!(faults(&registry, "sum(wehr_mails_open)", &legend).len(), 2);
}

#[test]
fn every_series_of_ours_is_on_a_dashboard() {
    let shown: BTreeSet<String> = boards::ALL
        .iter()
        .flat_map(|board| board.panels)
        .flat_map(|panel| panel.lines)
        .flat_map(|line| named(line.query).series)
        .collect();
    let family =
        |name: &str| name.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count").to_owned();
    let shown: BTreeSet<String> = shown.iter().map(|name| family(name)).collect();
    let missing: BTreeSet<String> = registry()
        .keys()
        .filter(|name| name.starts_with("wehr_"))
        .map(|name| family(name))
        .filter(|name| !shown.contains(name))
        .collect();
    assert!(missing.is_empty(), "no panel shows {missing:?}");
}

#[test]
fn the_committed_files_are_those_of_the_program() {
    let folder = root().join("dashboards");
    for (name, text) in panels::files() {
        let committed = fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(committed == text, "dashboards/{name} is another: run `cargo wehr dashboards -o dashboards`");
    }
}

#[test]
fn every_alert_has_a_test_that_fires_and_one_that_does_not() {
    let folder = root().join("dashboards/tests");
    let tests: Vec<String> =
        fs::read_dir(&folder).unwrap().flatten().map(|entry| fs::read_to_string(entry.path()).unwrap()).collect();
    for alert in alerts::ALL {
        let asked = format!("alertname=\"{}\"", alert.name);
        let text = tests.iter().find(|text| text.contains(&asked));
        let text = text.unwrap_or_else(|| panic!("dashboards/tests has nothing on {}", alert.name));
        assert!(text.contains("name: 'fires") && text.contains("- value: 1"), "{}: no test that fires", alert.name);
        assert!(text.contains("name: 'is silent") && text.contains("exp_samples: []"), "{}: no silent one", alert.name);
    }
    assert_eq!(tests.len(), alerts::ALL.len(), "a test for an alert that is gone");
}

#[test]
fn promtool_finds_the_alerts_right() {
    if Command::new("promtool").arg("--version").output().is_err() {
        let is_required = ["CI", "WEHR_REQUIRE_PARTS"].iter().any(|name| env::var_os(name).is_some());
        assert!(!is_required, "promtool is missing (Debian package prometheus)");
        eprintln!("left out: promtool is missing (Debian package prometheus)");
        return;
    }
    let folder = root().join("dashboards");
    let mut tests: Vec<PathBuf> =
        fs::read_dir(folder.join("tests")).unwrap().flatten().map(|entry| entry.path()).collect();
    tests.sort();
    let promtool = |arguments: &[&str], files: &[PathBuf]| {
        let output = Command::new("promtool").args(arguments).args(files).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
    };
    promtool(&["check", "rules"], &[folder.join("wehr.rules.yml")]);
    promtool(&["test", "rules"], &tests);
}
