//! One verdict told in full: facts, checks, rules with their places in the mail, and what would have changed the action.
//!
//! Pure. Judging is pure as well, so that "what if" is found by judging again.

pub mod judged;
pub mod learned;
pub mod matches;
pub mod report;
pub mod trace;
pub mod why;

use self::{judged::Judged, report::Report, trace::Trace, why::Why};
use crate::judge::{document, findings::Symbol, rulebook::Rulebook};
use serde_json::{Value, json};
use std::sync::Arc;

/// The report of a judged message.
#[must_use]
pub fn report_of(judged: &Judged, rulebook: &Rulebook) -> Report {
    report::report(&report::Judged {
        path: &judged.path,
        index: judged.index,
        mail: &judged.mail,
        facts: &judged.facts,
        verdict: &judged.verdict,
        rulebook,
        guessed: &judged.guessed,
        took: judged.took,
        details: matches::details(judged, rulebook),
    })
}

/// How a verdict came about, with the conditions of the rules that are asked for.
///
/// # Errors
/// The first of them that there is not, with the nearest that there is.
pub fn trace_of(judged: &Judged, rulebook: &Arc<Rulebook>, why_not: &[String]) -> Result<Trace, String> {
    let table = &rulebook.rules.table;
    if let Some(missing) = why_not.iter().find(|name| !table.contains_key(&Symbol::named(name))) {
        return Err(document::unknown("rule", missing, table.keys().map(Symbol::as_str)));
    }
    let whys: Vec<Why> = why_not.iter().filter_map(|name| why::why(judged, rulebook, name)).collect();
    Ok(Trace { why_not: whys, ..Trace::of(judged, rulebook) })
}

/// What `wehr explain --json` prints of a message.
#[must_use]
pub fn told(judged: &Judged, rulebook: &Rulebook, trace: &Trace) -> Value {
    json!({ "verdict": report_of(judged, rulebook), "trace": trace })
}
