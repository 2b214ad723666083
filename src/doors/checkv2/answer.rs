//! The answer of `/checkv2` in the JSON of rspamd's clients.
//!
//! Pure.

use crate::judge::{
    findings::Score,
    policy::verdict::{Action, Edit, Verdict},
    rulebook::Rulebook,
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

/// The word that rspamd's clients know. Mail to be set aside is marked: these clients have no place for it of ours.
#[must_use]
pub fn action(action: Action) -> &'static str {
    match action {
        Action::Accept => "no action",
        Action::Tag | Action::Quarantine => "add header",
        Action::Defer => "soft reject",
        Action::Reject => "reject",
    }
}

/// The whole answer; `message_id` without angle brackets.
#[must_use]
pub fn answer(verdict: &Verdict, rulebook: &Rulebook, message_id: &str, took: Duration) -> Value {
    let outcome = verdict.for_message();
    let thresholds = rulebook.thresholds;
    json!({
        "is_skipped": false,
        "score": verdict.score.points(),
        "required_score": thresholds.reject.points(),
        "action": action(outcome.action),
        "thresholds": { "add header": thresholds.tag.points(), "reject": thresholds.reject.points() },
        "symbols": symbols(verdict, rulebook),
        "messages": { "smtp_message": outcome.reply.text },
        "message-id": message_id,
        "time_real": took.as_secs_f64(),
        "milter": milter(&verdict.edits),
        "wehr": { "action": outcome.action.word(), "reference": verdict.reference, "reply": outcome.reply.to_string() },
    })
}

fn symbols(verdict: &Verdict, rulebook: &Rulebook) -> Map<String, Value> {
    let mut found: BTreeMap<&str, (Score, String, Vec<&str>)> = BTreeMap::new();
    for finding in &verdict.findings {
        let about = || rulebook.rules.table.get(&finding.symbol).map(|rule| rule.about.clone()).unwrap_or_default();
        let entry = found.entry(finding.symbol.as_str()).or_insert_with(|| (Score::default(), about(), Vec::new()));
        entry.0 = entry.0 + rulebook.weight(finding);
        if !finding.detail.is_empty() {
            entry.2.push(&finding.detail);
        }
    }
    let object = |(name, (score, about, options)): (&str, (Score, String, Vec<&str>))| {
        let (score, name) = (score.points(), name.to_owned());
        let value = json!({
            "name": name, "score": score, "metric_score": score, "description": about, "options": options,
        });
        (name, value)
    };
    found.into_iter().map(object).collect()
}

/// Header edits: `order` is the place of a new field from the top; a removed field is counted from 1, topmost first.
fn milter(edits: &[Edit]) -> Value {
    let (mut added, mut removed): (Map<String, Value>, Map<String, Value>) = (Map::new(), Map::new());
    let mut order = 0;
    for edit in edits {
        match edit {
            Edit::AddField { name, value } => {
                let one = json!({ "value": value.replace("\r\n", "\n"), "order": order });
                order += 1;
                join(&mut added, name, one);
            }
            Edit::RemoveField { name, index, .. } => join(&mut removed, name, json!(index)),
        }
    }
    json!({ "add_headers": added, "remove_headers": removed })
}

/// The first of a name stands alone, several are an array.
fn join(into: &mut Map<String, Value>, name: &str, value: Value) {
    match into.get_mut(name) {
        None => drop(into.insert(name.to_owned(), value)),
        Some(Value::Array(several)) => several.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_one_name_are_an_array() {
        let add = |name: &str, value: &str| Edit::AddField { name: name.to_owned(), value: value.to_owned() };
        let remove = Edit::RemoveField { name: "X".to_owned(), index: 2, value: String::new() };
        let told = milter(&[add("A", "1\r\n\t2"), add("B", "3"), add("A", "4"), remove]);
        let expected = json!({
            "add_headers": {
                "A": [{ "value": "1\n\t2", "order": 0 }, { "value": "4", "order": 2 }],
                "B": { "value": "3", "order": 1 },
            },
            "remove_headers": { "X": 2 },
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn every_action_has_a_word_that_rspamd_knows() {
        let words = Action::ALL.map(action);
        assert_eq!(words, ["no action", "add header", "add header", "soft reject", "reject"]);
    }
}
