//! Patterns: every imported rule that is one pattern, run by our engine over the texts SpamAssassin has, against its hits.

use crate::{imported, mails};
use serde_json::Value;
use std::collections::BTreeMap;
use wehr::judge::rules::{
    pattern::Pattern,
    scan::{Haystack, Hits, Matcher},
};

/// Rules that may differ, with the reason. This list may only shrink.
const KNOWN: [(&str, &str); 0] = [];

/// One rule that is one pattern on one field.
struct Asked {
    name: String,
    field: String,
    pattern: Pattern,
    hits_max: usize,
    negated: bool,
}

pub fn every_pattern() -> Result<(), String> {
    let told = mails::told("fields.pl")?;
    let hits = mails::hits()?;
    let mut fields: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
    let imported = imported::stock()?;
    let names: BTreeMap<String, String> =
        imported.report.rules.into_iter().map(|rule| (rule.here, rule.name)).collect();
    for asked in asked(&imported.packs) {
        fields.entry(asked.field.clone()).or_default().push(asked);
    }
    let (mut pairs, mut found, mut wrong) = (0_usize, 0_usize, BTreeMap::<String, (usize, String)>::new());
    for (field, asked) in &fields {
        let matcher = Matcher::new(asked.iter().map(|asked| asked.pattern.clone()).collect());
        let mut seen = Hits::default();
        for (path, texts) in &told {
            let hay = haystack(field, texts);
            matcher.scan(&hay, &mut seen);
            for (index, asked) in asked.iter().enumerate() {
                let theirs = hits[path].get(&names[&asked.name]).copied().unwrap_or_default();
                let count = match (asked.hits_max, seen.contains(index)) {
                    (1, is_hit) => usize::from(is_hit != asked.negated),
                    (_, false) => 0,
                    (most, true) => matcher.count(index, &hay, most),
                };
                pairs += 1;
                found += usize::from(theirs != 0.0);
                #[allow(clippy::cast_precision_loss, reason = "counts below 100,000")]
                if (count as f64 - theirs).abs() > 1e-9 {
                    let entry = wrong.entry(asked.name.clone()).or_default();
                    entry.0 += 1;
                    if entry.0 == 1 {
                        entry.1 = format!("{path}: theirs {theirs} ours {count}");
                    }
                }
            }
        }
    }
    let differing: usize = wrong.values().map(|(count, _)| count).sum();
    println!("  {pairs} pairs, {found} hits, {differing} pairs of {} rules differ", wrong.len());
    for (name, (count, example)) in &wrong {
        println!("  {name}: {count}, {example}");
    }
    wrong.retain(|name, _| !KNOWN.iter().any(|(known, _)| known == name));
    assert!(wrong.is_empty());
    Ok(())
}

/// The texts of a field as SpamAssassin has them.
fn haystack(field: &str, texts: &Value) -> Haystack {
    let mut hay = Haystack::new();
    let mut push = |text: &Value| hay.push(&octets(text.as_str().expect("a text")));
    let list = |name: &str| texts[name].as_array().expect("a list").clone();
    match field {
        "body" | "rawbody" | "uri" => list(field).iter().for_each(push),
        "body_only" => list("body").iter().skip(1).for_each(push),
        "full" => push(&texts["full"]),
        _ => {
            let (call, rest) = field.split_once('(').expect("a call");
            let names: Vec<String> =
                serde_json::from_str(&format!("[{}]", rest.strip_suffix(')').expect("an end"))).expect("texts");
            let default = names.get(1).map(|text| Value::String(text.clone()));
            let values = if call == "sa_header" { vec![texts["header"].clone()] } else { list("parts") };
            for value in values {
                if let Some(text) = value.get(names[0].as_str()).or(default.as_ref()) {
                    push(text);
                }
            }
        }
    }
    hay
}

fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).expect("an octet")).collect()
}

/// The rules of packs that are one pattern on one field.
fn asked(packs: &[(String, String)]) -> Vec<Asked> {
    let mut found = Vec::new();
    for (_, text) in packs {
        let table: toml::Table = text.parse().expect("TOML");
        for (name, rule) in &table {
            let Some(when) = rule.get("when").and_then(toml::Value::as_str).map(str::trim) else { continue };
            let negated = when.starts_with("not (");
            let plain = when.strip_prefix("not (").and_then(|when| when.strip_suffix(')')).unwrap_or(when);
            if let Some(call) = plain.strip_prefix("count(").and_then(|when| when.strip_suffix(") > 0")) {
                let pattern = Pattern::parse("^", "").expect("a pattern");
                found.push(Asked { name: name.clone(), field: call.to_owned(), pattern, hits_max: 1, negated });
                continue;
            }
            let Some((field, pattern)) = plain.split_once(" ~ /") else { continue };
            let (source, flags) = pattern.rsplit_once('/').expect("an end");
            let pattern = Pattern::bounded(source, flags).expect("a pattern of a pack");
            let most = rule.get("multiple").and_then(toml::Value::as_integer).unwrap_or(1);
            let hits_max = usize::try_from(most).expect("a count");
            found.push(Asked { name: name.clone(), field: field.to_owned(), pattern, hits_max, negated });
        }
    }
    found
}
