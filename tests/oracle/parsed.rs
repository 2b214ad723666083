//! The reading of rule files: names, kinds, patterns after tags, flags and scores, rule by rule.

use crate::parts;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wehr::judge::rules::import::{
    book::{Book, Place, Stage, Test},
    expression::Expression,
    header::{Ask, HeaderTest},
};

/// Differences that are known, with their reason. This list may only shrink.
const KNOWN: [(&str, &str); 0] = [];

pub fn every_rule() -> Result<(), String> {
    let site = parts::site()?;
    let (files, mut answers) = parts::stock()?;
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    let book = Book::read(&files, &mut answers);
    let theirs = parts::perl("parsed.pl", &[parts::RULES, site.to_str().expect("UTF-8")]);
    let theirs: BTreeMap<String, Value> = theirs
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|rule| (rule["name"].as_str().expect("a name").to_owned(), rule))
        .collect();
    let ours: BTreeMap<String, Value> = book.rules.keys().map(|name| (name.clone(), described(&book, name))).collect();
    let mut differences = Vec::new();
    for name in theirs.keys().chain(ours.keys().filter(|name| !theirs.contains_key(*name))) {
        match (theirs.get(name), ours.get(name)) {
            (Some(theirs), Some(ours)) => {
                for (key, value) in theirs.as_object().expect("an object") {
                    let (value, own) = match key.as_str() {
                        "pattern" => (bare(value), ours[key].clone()),
                        // Theirs depend on the order of a hash: a meta inherits `net` or not. Nothing reads it.
                        "tflags" if ours["kind"] == "meta" => (without_net(value), without_net(&ours[key])),
                        _ => (value.clone(), ours[key].clone()),
                    };
                    if own != value {
                        differences.push((name, format!("{key}: theirs {value} ours {own}")));
                    }
                }
            }
            (Some(theirs), None) => differences.push((name, format!("only theirs: {theirs}"))),
            (None, ours) => differences.push((name, format!("only ours: {ours:?}"))),
        }
    }
    let unknown: Vec<_> =
        differences.iter().filter(|(name, _)| !KNOWN.iter().any(|(known, _)| known == name)).collect();
    for (name, what) in &unknown {
        println!("  {name}: {what}");
    }
    let idle: Vec<_> = KNOWN.iter().filter(|(known, _)| !differences.iter().any(|(name, _)| name == known)).collect();
    println!("  {} rules theirs, {} ours, {} differences", theirs.len(), ours.len(), differences.len());
    assert!(unknown.is_empty() && idle.is_empty(), "differences; listed but gone: {idle:?}");
    Ok(())
}

/// `(?^aa:(?aa)(?i)x)` is how Perl shows the pattern `(?i)x`.
fn bare(pattern: &Value) -> Value {
    let text = pattern.as_str().expect("a text");
    let inner = text.strip_prefix("(?^aa:").and_then(|inner| inner.strip_suffix(')')).unwrap_or(text);
    // `x` patterns are shown with a line end, so that a comment cannot eat the parenthesis.
    let inner = inner.strip_suffix('\n').unwrap_or(inner);
    let inner = inner.strip_prefix("(?aa)").unwrap_or(inner);
    // Captured texts of other rules are shown escaped.
    json!(inner.replace("%\\{GB_TO_ADDR\\}", "%{GB_TO_ADDR}"))
}

fn without_net(flags: &Value) -> Value {
    let flags = flags.as_str().expect("a text");
    json!(flags.split(' ').filter(|flag| *flag != "net").collect::<Vec<_>>().join(" "))
}

fn described(book: &Book, name: &str) -> Value {
    let mut rule = match &book.rules[name].test {
        Test::Text(place, expression) => {
            let kind = match place {
                Place::Body => "body",
                Place::RawBody => "rawbody",
                Place::Full => "full",
                Place::Uri => "uri",
            };
            json!({ "kind": kind, "eval": false, "pattern": flagged(expression) })
        }
        Test::Header(test) => header("header", test),
        Test::Mime(test) => header("mimeheader", test),
        Test::Meta(text) => json!({ "kind": "meta", "eval": false, "text": text }),
        Test::Eval(stage, function, arguments) => {
            let kind = match stage {
                Stage::Header => "header",
                Stage::Body => "body",
                Stage::RawBody => "rawbody",
                Stage::Full => "full",
            };
            json!({ "kind": kind, "eval": true, "text": format!("{function}({arguments})") })
        }
        Test::Empty => json!({ "kind": "empty", "eval": false }),
    };
    let mut flags: Vec<&str> = book.flags.get(name).map_or("", String::as_str).split_ascii_whitespace().collect();
    flags.sort_unstable();
    rule["name"] = json!(name);
    rule["tflags"] = json!(flags.join(" "));
    rule["about"] = json!(book.about.get(name));
    rule["scores"] = json!(book.scores_of(name).map(tidy));
    rule
}

/// Perl prints 1 for 1.0.
fn tidy(score: f64) -> Value {
    #[allow(clippy::cast_possible_truncation, reason = "whole numbers of two digits")]
    if score.fract() == 0.0 { json!(score as i64) } else { json!(score) }
}

fn header(kind: &str, test: &HeaderTest) -> Value {
    match &test.ask {
        Ask::Exists => json!({ "kind": kind, "eval": false, "header": test.field, "exists": true, "negated": false }),
        Ask::Matches { expression, negated, unset } => json!({
            "kind": kind, "eval": false, "header": test.field, "exists": false, "negated": negated,
            "pattern": flagged(expression), "unset": unset,
        }),
    }
}

fn flagged(expression: &Expression) -> String {
    if expression.flags.is_empty() {
        expression.pattern.clone()
    } else {
        format!("(?{}){}", expression.flags, expression.pattern)
    }
}
