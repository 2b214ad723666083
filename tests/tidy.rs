//! Tidy: the walls of the house, kept by reading its sources.
//!
//! Layers, purity, one home per library, length of files and functions, heads of files, rules for symbols, series
//! that are documented. A test, not a script, so that everybody runs it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use wehr::judge::{checks, rules};

/// Lowest first; a `use crate::` may only point to its own layer or one before it.
const LAYERS: [&str; 13] = [
    "limits",
    "telemetry",
    "mail",
    "judge",
    "explain",
    "replay",
    "world",
    "seal",
    "doors",
    "web",
    "config",
    "server",
    "cli",
];

/// The order inside the judge.
const JUDGE: [&[&str]; 10] = [
    &["document", "entry", "facts", "findings"],
    &["auth"],
    &["coverage"],
    &["policy/verdict", "policy/whom"],
    &["policy/classes", "policy/encryption", "policy/senders"],
    &["learned"],
    &["rules", "rulebook"],
    &["checks", "foresee"],
    &["policy"],
    &["case", "told", "mod"],
];

/// A library has one home, so that a new major version changes one place.
const HOMES: [(&str, &[&str]); 17] = [
    ("landlock", &["server/hardening/files.rs"]),
    ("seccompiler", &["server/hardening/calls.rs"]),
    ("listenfd", &["server/handed.rs"]),
    ("object_store", &["doors/quarantine/bucket.rs"]),
    ("mail_parser", &["mail/", "judge/auth/"]),
    ("mail_auth", &["judge/auth/", "world/dns.rs", "world/dns_socket.rs"]),
    ("hickory", &["world/dns.rs", "world/dns_socket.rs", "judge/auth/lookups.rs"]),
    ("clamav_client", &["world/clamd.rs"]),
    (
        "prometheus",
        &[
            "telemetry/aside.rs",
            "telemetry/keys.rs",
            "telemetry/metrics.rs",
            "telemetry/registrar.rs",
            "telemetry/series.rs",
        ],
    ),
    ("axum", &["telemetry/http.rs", "doors/http.rs", "doors/checkv2/", "web/"]),
    ("hyper", &["doors/http.rs", "doors/directory/web.rs"]),
    ("tokio_rustls", &["doors/"]),
    ("html5gum", &["mail/page/reader.rs"]),
    ("clap", &["cli/", "main.rs"]),
    ("redis", &["world/store/server.rs", "world/store/secure.rs"]),
    ("parquet::", &["cli/replay/columns.rs"]),
    ("webpki", &["judge/auth/signed/"]),
];

/// Words that have no place in pure code.
const IMPURE: [&str; 9] =
    ["tokio", "std::fs", "std::thread", "SystemTime", "Instant::now", "TcpStream", "UdpSocket", "rand::", "std::env"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Path below `src/` and text of every source file.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root().join("src")).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 30, "the sources were not found");
    found
}

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// Every path below `crate::` that a file names, nested use lists unfolded.
fn crate_paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if rest.starts_with('{') {
            let body = braces(rest);
            paths.extend(split_list(body));
        } else {
            let end = rest
                .find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
                .unwrap_or(rest.len());
            let head = rest[..end].trim_end_matches(':');
            if rest[end..].starts_with('{') {
                paths.extend(split_list(braces(&rest[end..])).into_iter().map(|tail| format!("{head}::{tail}")));
            } else {
                paths.push(head.to_owned());
            }
        }
    }
    paths
}

/// What stands between the first brace and its partner.
fn braces(text: &str) -> &str {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[1..at];
        }
    }
    ""
}

/// The entries of a use list, nested ones joined with their head.
fn split_list(body: &str) -> Vec<String> {
    let (mut entries, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in body.char_indices().chain([(body.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                entries.push(body[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    entries
        .into_iter()
        .filter(|entry| !entry.is_empty())
        .flat_map(|entry| match entry.split_once("::{") {
            Some((head, _)) => {
                let inner = braces(&entry[head.len() + 2..]);
                split_list(inner).into_iter().map(|tail| format!("{head}::{tail}")).collect()
            }
            None => vec![entry.to_owned()],
        })
        .collect()
}

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let own = name.split(['/', '.']).next().unwrap_or_default();
        let Some(height) = LAYERS.iter().position(|layer| *layer == own) else { continue };
        for path in crate_paths(without_tests(&text)) {
            let used = path.split("::").next().unwrap_or_default();
            match LAYERS.iter().position(|layer| *layer == used) {
                Some(other) if other <= height => {}
                _ => wrong.push(format!("{name}: crate::{path}")),
            }
        }
    }
    assert!(wrong.is_empty(), "these imports point upward:\n{}", wrong.join("\n"));
}

#[test]
fn imports_inside_the_judge_run_one_way() {
    let level = |place: &str| {
        let fits = |known: &str| place == known || place.strip_prefix(known).is_some_and(|rest| rest.starts_with('/'));
        JUDGE
            .iter()
            .position(|level| level.iter().any(|known| known.contains('/') && fits(known)))
            .or_else(|| JUDGE.iter().position(|level| level.iter().any(|known| fits(known))))
    };
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let Some(own) = name.strip_prefix("judge/").and_then(|own| own.strip_suffix(".rs")) else { continue };
        let Some(height) = level(own) else {
            wrong.push(format!("{name}: not in the order of the judge"));
            continue;
        };
        for path in crate_paths(without_tests(&text)) {
            let Some(used) = path.strip_prefix("judge::") else { continue };
            let used: Vec<&str> = used.split("::").collect();
            let place = used.join("/");
            if level(&place).is_none_or(|other| other > height) {
                wrong.push(format!("{name}: crate::{path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "these imports point upward inside judge/:\n{}", wrong.join("\n"));
}

#[test]
fn mail_judge_and_replay_are_pure() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        if !["mail/", "judge/", "explain/", "replay/"].iter().any(|pure| name.starts_with(pure)) {
            continue;
        }
        for (number, line) in without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            // `Brand::of` is not `rand::`.
            let is_named = |word: &str| {
                code.match_indices(word)
                    .any(|(at, _)| !code[..at].ends_with(|mark: char| mark.is_alphanumeric() || mark == '_'))
            };
            for word in IMPURE.iter().filter(|word| is_named(word)) {
                wrong.push(format!("{name}:{}: {word}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "pure code reaches out:\n{}", wrong.join("\n"));
}

#[test]
fn every_library_has_one_home() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        for (library, homes) in HOMES {
            let names_it = without_tests(&text).lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.contains(&format!("{library}::")) || code.contains(&format!("{library}_resolver::"))
            });
            if names_it && !homes.iter().any(|home| name.starts_with(home)) {
                wrong.push(format!("{name}: {library} lives in {homes:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_know() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        if lines > 700 {
            wrong.push(format!("{name}: {lines} lines; what second thing does it know?"));
        }
        if !text.starts_with("//! ") {
            wrong.push(format!("{name}: no head that says what the file knows"));
        }
        if text.contains("TODO") || text.contains("todo!(") || text.contains("unimplemented!(") {
            wrong.push(format!("{name}: something is not done"));
        }
        if !text.is_ascii() {
            wrong.push(format!("{name}: not ASCII"));
        }
        if text.lines().any(|line| line.trim_start().starts_with("pub use ")) {
            wrong.push(format!("{name}: a re-export"));
        }
        if text.lines().any(|line| line.trim_start().starts_with("macro_rules!")) && name != "judge/checks/mod.rs" {
            wrong.push(format!("{name}: a macro of our own"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_symbol_has_a_rule_and_every_rule_a_symbol() {
    let known: BTreeSet<String> =
        checks::ALL.iter().flat_map(|check| check.symbols).map(|symbol| symbol.as_str().to_owned()).collect();
    let known: BTreeSet<String> =
        known.into_iter().chain(rules::ruleset::Ruleset::own_symbols().iter().map(ToString::to_string)).collect();
    let mut wrong = Vec::new();
    let rules = rules::ruleset::Ruleset::embedded(&[]).expect("the embedded packs are right");
    let is_plain = |rule: &rules::Rule| rule.when.is_empty();
    let weighed: BTreeMap<String, String> = rules
        .table
        .iter()
        .filter(|(_, rule)| is_plain(rule))
        .map(|(symbol, rule)| (symbol.to_string(), rule.position.file.clone()))
        .collect();
    for symbol in &known {
        if !weighed.contains_key(symbol) {
            wrong.push(format!("{symbol}: a check reports it, no rule weighs it"));
        }
    }
    for (symbol, file) in &weighed {
        if !known.contains(symbol) {
            wrong.push(format!("rules/{file}: {symbol}: no check reports it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_series_is_used_and_documented() {
    let metrics = wehr::telemetry::metrics::Metrics::new().unwrap().render().unwrap();
    let manual = fs::read_to_string(root().join("docs/metrics.md")).expect("docs/metrics.md lists every series");
    let missing: Vec<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .filter(|name| name.starts_with("wehr_") && !manual.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "docs/metrics.md does not mention {missing:?}");
    let code: String =
        sources().into_iter().filter(|(name, _)| name != "telemetry/metrics.rs").map(|(_, text)| text).collect();
    let own = fs::read_to_string(root().join("src/telemetry/metrics.rs")).unwrap();
    let unused: Vec<&str> = own
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub fn "))
        .filter_map(|line| line.split('(').next())
        .filter(|name| !code.contains(&format!(".{name}(")) && !["new", "word"].contains(name))
        .collect();
    assert!(unused.is_empty(), "nobody calls {unused:?}");
}

/// Types whose values may stand in the log as they are: a new one is a decision (DESIGN.md D56).
const NAMES_NOBODY: [&str; 4] = ["&'static str", "Domain", "Score", "usize"];

/// Fields of log lines beside the line of a mail. None holds anything that a mail or its sender says.
const LOG_FIELDS: [&str; 44] = [
    "act",
    "address",
    "campaign",
    "case",
    "case.display",
    "certificate",
    "code",
    "connections_max",
    "count",
    "demanded",
    "dependency",
    "digests",
    "door",
    "enhanced",
    "error",
    "failure",
    "fault",
    "field",
    "folder",
    "folder.display",
    "got",
    "ham",
    "id",
    "keys",
    "landlock",
    "meanwhile",
    "memory_mib_max",
    "name",
    "path",
    "place",
    "reached",
    "reason",
    "recipients",
    "reference",
    "result",
    "rulebook",
    "seccomp",
    "spam",
    "threads",
    "trouble",
    "wanted",
    "whose",
    "why",
    "zone",
];

/// What stands between the brackets of every `tracing::..!(..)`, with the line it begins in.
fn log_calls(text: &str) -> Vec<(usize, &str)> {
    let mut calls = Vec::new();
    for (at, _) in text.match_indices("tracing::") {
        let rest = &text[at..];
        let Some(open) = rest.find('(').filter(|open| rest[..*open].ends_with('!')) else { continue };
        let (mut depth, mut is_quoted) = (0, false);
        let end = rest[open..].char_indices().find_map(|(place, letter)| {
            match letter {
                '"' => is_quoted = !is_quoted,
                '(' if !is_quoted => depth += 1,
                ')' if !is_quoted => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(place)
        });
        calls.push((text[..at].lines().count() + 1, &rest[open + 1..open + end.unwrap()]));
    }
    calls
}

/// The names of the fields of a call, and of what its text takes up.
fn log_fields(call: &str) -> Vec<String> {
    let (text, outside): (Vec<_>, Vec<_>) = call.split('"').enumerate().partition(|(index, _)| index % 2 == 1);
    let mut names: Vec<String> = text
        .iter()
        .flat_map(|(_, text)| text.split('{').skip(1).filter_map(|rest| rest.split(['}', ':']).next()))
        .map(str::to_owned)
        .collect();
    for field in outside.iter().flat_map(|(_, outside)| outside.split(',')) {
        let field = field.split('=').next().unwrap_or_default().trim().trim_start_matches(['%', '?', '&']);
        names.extend(field.starts_with(char::is_alphabetic).then(|| field.to_owned()));
    }
    names
}

#[test]
fn the_log_takes_only_what_names_nobody() {
    let mut wrong = Vec::new();
    let mut trusted = BTreeSet::new();
    for (name, text) in sources() {
        let text = without_tests(&text);
        for (_, rest) in text.match_indices("impl NamesNobody for ").map(|(at, found)| (at, &text[at + found.len()..]))
        {
            trusted.insert(rest.split(" {").next().unwrap_or_default().to_owned());
        }
        if text.lines().any(|line| line.starts_with("use tracing::") && line != "use tracing::Level;") {
            wrong.push(format!("{name}: log lines are written as tracing::.., so that they are found here"));
        }
        if name == "telemetry/log.rs" {
            continue;
        }
        for (line, call) in log_calls(text) {
            if call.contains("\"mail\"") {
                wrong.push(format!("{name}:{line}: the line of a mail is telemetry/log.rs's"));
            }
            for field in log_fields(call).into_iter().filter(|field| !LOG_FIELDS.contains(&field.as_str())) {
                wrong.push(format!("{name}:{line}: `{field}` is no field that is known to name nobody"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(trusted, NAMES_NOBODY.map(str::to_owned).into(), "who names nobody?");
}

#[test]
fn every_limit_is_kept_by_somebody() {
    let code: String = sources().into_iter().filter(|(name, _)| name != "limits.rs").map(|(_, text)| text).collect();
    let limits = fs::read_to_string(root().join("src/limits.rs")).unwrap();
    let idle: Vec<&str> = limits
        .lines()
        .filter_map(|line| line.strip_prefix("pub const "))
        .filter_map(|line| line.split(':').next())
        .filter(|name| !code.contains(*name))
        .collect();
    assert!(idle.is_empty(), "nobody keeps {idle:?}");
}

#[test]
fn the_pages_stay_true() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap_or_else(|_| panic!("{name} is missing"));
    assert!(read("CHANGELOG.md").contains("## Unreleased"));
    assert!(read("ARCHITECTURE.md").lines().count() <= 200, "ARCHITECTURE.md has at most 200 lines");
    for (folder, _) in sources().iter().filter_map(|(name, _)| name.rsplit_once('/')) {
        let top = folder.split('/').next().unwrap_or_default();
        assert!(read("ARCHITECTURE.md").contains(&format!("{top}/")), "ARCHITECTURE.md does not know {top}/");
    }
    assert!(Path::new(&root().join("README.md")).exists());
}
