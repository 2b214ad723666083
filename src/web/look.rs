//! What the API shows without asking anybody: who asks, health, verdicts, rules. Each role sees its part.

use super::{
    Api, Asked, Trouble,
    tokens::{Holder, Role, Whose},
    trouble,
};
use crate::{
    doors::history::Entry,
    judge::{findings::Symbol, rules::Rule},
    limits,
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::atomic::Ordering};

/// Who asks.
#[must_use]
pub fn me(asked: &Asked<'_>) -> Value {
    let subjects = asked.api.desk.rulebook().classes.subjects().clone();
    let addresses = |whose: &Whose| match whose {
        Whose::Mailbox(whom) => vec![whom.to_string()],
        Whose::Subject(name) => subjects.get(name).map(|subject| subject.addresses.clone()).unwrap_or_default(),
    };
    let addresses: Vec<String> = asked.who.whose.iter().flat_map(addresses).collect();
    json!({ "name": asked.who.name, "role": asked.who.role.word(), "addresses": addresses })
}

/// The series of the server, by name and labels as Prometheus writes them.
fn series(api: &Api) -> BTreeMap<String, f64> {
    let text = api.desk.metrics().render().unwrap_or_default();
    let one = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(one).collect()
}

/// The value of a label in a series' name, such as `wehr_symbols_total{symbol="A"}`.
fn label<'a>(series: &'a str, name: &str) -> Option<&'a str> {
    series.strip_prefix(name)?.split('"').nth(1)
}

/// Is mail taken, what is down, how much is under way?
#[must_use]
pub fn health(api: &Api) -> Value {
    let (series, load, rulebook) = (series(api), api.desk.load(), api.desk.rulebook());
    let dependencies: Vec<Value> = series
        .iter()
        .filter_map(|(name, value)| {
            let dependency = label(name, "wehr_dependency_up")?;
            let state = if *value > 0.0 {
                "up"
            } else if *value < 0.0 {
                "unused"
            } else {
                "down"
            };
            Some(json!({ "name": dependency, "state": state }))
        })
        .collect();
    let down: Vec<&Value> = dependencies.iter().filter(|one| one["state"] == "down").map(|one| &one["name"]).collect();
    let value = |name: &str| series.get(name).copied().unwrap_or_default();
    json!({
        "is_ready": api.is_ready.load(Ordering::Relaxed),
        "is_draining": *api.draining.borrow(),
        "down": down,
        "dependencies": dependencies,
        "rulebook": rulebook.digest,
        "subjects": rulebook.classes.subjects().all().len(),
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": api.bounds.started.elapsed().as_secs(),
        "load": {
            "mails": load.mails, "mails_max": load.mails_max,
            "small_judged": load.small_judged, "small_judged_max": load.small_judged_max,
            "large_judged_bytes": load.large_judged_bytes, "large_judged_bytes_max": load.large_judged_bytes_max,
        },
        "quarantine": {
            "mails": value("wehr_quarantine_mails"), "octets": value("wehr_quarantine_octets"),
            "oldest_age_seconds": value("wehr_quarantine_oldest_age_seconds"),
        },
        "reloads": {
            "done": value("wehr_reloads_total{result=\"done\"}"),
            "failed": value("wehr_reloads_total{result=\"failed\"}"),
        },
    })
}

/// What somebody may see of a verdict.
#[must_use]
pub fn shown(api: &Api, who: &Holder, entry: &Entry) -> Option<Value> {
    match who.role {
        Role::Operator => Some(json!(entry)),
        Role::HelpDesk => Some(json!(entry.without_persons())),
        Role::Recipient => {
            let rulebook = api.desk.rulebook();
            let own = entry.for_recipients(|address| who.owns(address, rulebook.classes.subjects()))?;
            Some(json!(own))
        }
        Role::Portal => None,
    }
}

/// The last verdicts, newest first.
#[must_use]
pub fn verdicts(asked: &Asked<'_>) -> Value {
    let most = limits::HISTORY_VERDICTS_MAX;
    let limit = asked.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(most);
    let found = asked.api.history.since(asked.number("after").unwrap_or_default(), most);
    let shown = found.iter().filter_map(|entry| shown(asked.api, asked.who, entry)).take(limit);
    json!({ "verdicts": shown.collect::<Vec<Value>>() })
}

/// One verdict.
///
/// # Errors
/// When it is not kept, or is somebody else's.
pub fn verdict(asked: &Asked<'_>) -> Result<Value, Trouble> {
    let found = asked.api.history.find(asked.name);
    found.and_then(|entry| shown(asked.api, asked.who, &entry)).ok_or_else(|| {
        trouble(StatusCode::NOT_FOUND, "no such verdict is kept", "the last ones are kept, until a restart")
    })
}

/// Rules with their hits since the start, as the metrics count them.
#[must_use]
pub fn rules(api: &Api) -> Value {
    let (series, rulebook) = (series(api), api.desk.rulebook());
    let mails: f64 =
        series.iter().filter(|(name, _)| name.starts_with("wehr_mails_total{")).map(|(_, count)| count).sum();
    let hits: BTreeMap<&str, f64> =
        series.iter().filter_map(|(name, count)| Some((label(name, "wehr_symbols_total")?, *count))).collect();
    let one = |(symbol, rule): (&Symbol, &Rule)| {
        let hits = hits.get(symbol.as_str()).copied().unwrap_or_default();
        json!({
            "symbol": symbol.as_str(),
            "score": rule.score.points(),
            "least_action": rule.action.word(),
            "group": rule.group,
            "is_shadow": rule.is_shadow,
            "about": rule.about,
            "hits": hits,
            "rate": if mails > 0.0 { hits / mails } else { 0.0 },
        })
    };
    json!({ "mails": mails, "rules": rulebook.rules.table.iter().map(one).collect::<Vec<_>>() })
}
