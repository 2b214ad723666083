//! What a suite wants of a mail, held against what the program said of it.

use crate::suites::Case;
use serde_json::Value;
use std::collections::BTreeMap;

/// Cases that are not as the suite wants them, with the reason. Who mends one strikes it out.
const DEVIATIONS: &[(&str, &str)] = &[
    ("attach/name/nul-inzip", "the archive has an underscore where the case speaks of a NUL: a.exe_.jpg is a picture"),
    ("attach/name/html-2231", "pages are delivered unless a class of recipients refuses the extension"),
];

/// Marks of pages that do something.
const ACTIVE: [&str; 4] = ["script", "form", "redirect", "smuggling"];

/// Is the case there to take long?
pub fn is_about_time(expect: &str) -> bool {
    ["limit", "hang", "allocation"].iter().any(|word| expect.contains(word))
}

/// Prints how many mails of each expectation fared how, and what is not as wanted; fails where the list says otherwise.
pub fn compare(cases: &[Case], reports: &[Value]) {
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, report) in cases.iter().zip(reports) {
        let (action, virus) = (text(&report["action"]), text(&report["virus"]["result"]));
        let kind = case.expect.split(" (").next().unwrap_or_default();
        *counts.entry((kind, format!("{action}, {virus}"))).or_default() += 1;
        let reason = DEVIATIONS.iter().find(|(id, _)| *id == case.id).map(|(_, reason)| reason);
        match (is_met(&case.expect, report), reason) {
            (true, None) => {}
            (false, Some(reason)) => println!("  not as wanted: {} ({}): {reason}", case.id, case.expect),
            (true, Some(_)) => wrong.push(format!("{} is as wanted, and is listed", case.id)),
            (false, None) => {
                let names = |key: &str| report[key].as_array().unwrap().iter().map(|one| text(&one["name"])).collect();
                let (symbols, parts): (Vec<_>, Vec<_>) = (names("symbols"), names("parts"));
                wrong.push(format!("{} ({}): {action}, {virus}, {symbols:?}, {parts:?}", case.id, case.expect));
            }
        }
    }
    for ((kind, fate), count) in counts {
        println!("  {count:4} {kind}: {fate}");
    }
    assert!(wrong.is_empty(), "{} of {} mails:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Did the mail fare as this expectation wants it? Alternatives are all acceptable.
fn is_met(expect: &str, report: &Value) -> bool {
    let is_infected = report["virus"]["result"] == "infected";
    let is_kept_away = report["action"] == "reject" || report["action"] == "quarantine";
    // An infected mail is never delivered.
    if is_infected && report["action"] != "reject" {
        return false;
    }
    match expect.split([' ', ':', ',']).next().unwrap_or_default() {
        "found" | "malware_found" => is_infected,
        "found_or_rejected"
        | "malware_found_or_unscannable"
        | "malware_found_or_flagged"
        | "malware_found_or_limit"
        | "malware_found_or_depth_limit_marks_unscannable" => is_infected || is_kept_away,
        "policy_encrypted" | "blocked_extension" => is_kept_away,
        "not_clean_or_limit" => report["action"] != "accept",
        "content_type_mismatch" => has_symbol(report, "ATTACHMENT_TYPE_MISMATCH"),
        // Whoever gets it may get it, but nobody has looked at it.
        "encrypted" => is_kept_away || has_gap(report, "encrypted"),
        "flag" => !report["links"].as_array().unwrap().is_empty() && weighs(report),
        "extension" => has_extension(report, "zip") || (expect.contains(" or ") && is_kept_away),
        "html_attachment_with_active_content" => is_infected || is_kept_away || (is_active(report) && weighs(report)),
        "control" => report["action"] == "accept" && report["virus"]["result"] == "clean",
        // Informational, or a matter of time and memory: it ended.
        _ => true,
    }
}

fn has_symbol(report: &Value, symbol: &str) -> bool {
    report["symbols"].as_array().unwrap().iter().any(|found| found["name"] == symbol)
}

fn has_gap(report: &Value, reason: &str) -> bool {
    report["coverage"]["skipped"].as_array().unwrap().iter().any(|gap| gap["reason"] == reason)
}

fn has_extension(report: &Value, extension: &str) -> bool {
    let names = report["parts"].as_array().unwrap().iter().flat_map(|part| part["names"].as_array().unwrap());
    names.map(text).any(|name| {
        let end = name.trim_end_matches(|mark: char| !mark.is_alphanumeric()).rsplit('.').next().unwrap_or_default();
        end.eq_ignore_ascii_case(extension)
    })
}

fn is_active(report: &Value) -> bool {
    let marks = report["parts"].as_array().unwrap().iter().flat_map(|part| part["traits"].as_array().unwrap());
    marks.map(text).any(|mark| ACTIVE.contains(&mark))
}

/// Does anything found in the content count against the mail?
fn weighs(report: &Value) -> bool {
    let symbols = report["symbols"].as_array().unwrap().iter();
    symbols.filter(|found| found["group"] != "authentication").any(|found| found["score"].as_f64() > Some(0.0))
}
