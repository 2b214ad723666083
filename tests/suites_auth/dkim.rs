//! DKIM: vectors of RFC 8463 and MimeKit, mail-auth, OpenDKIM and chasquid.

use crate::{Tally, bytes, json, lines, mail, zone::Zone};
use serde_json::Value;
use wehr::judge::auth::Settings;

/// When the signatures that were made for the suites were made.
const NOW: i64 = 1_795_310_000;

fn words(raw: Vec<u8>, zone: &Zone, at: i64) -> Vec<&'static str> {
    let (authentication, _) = zone.authenticate(&mail(raw, at), &Settings::default());
    authentication.dkim.iter().map(|dkim| dkim.result.word()).collect()
}

#[test]
fn rfc_examples() {
    let mut tally = Tally::new(&[]);
    let zone = Zone::by_type(&json("dkim/rfc/zone.json"));
    for case in lines("dkim/rfc/cases.jsonl") {
        let file = case["file"].as_str().unwrap();
        let found = words(bytes(&format!("dkim/rfc/{file}")), &zone, NOW);
        let expected = Value::from(found.clone());
        tally.case(case["id"].as_str().unwrap(), expected == case["expect"]["per_signature"], format!("{found:?}"));
    }
    tally.finish(4);
}

/// What a `t=` after the arrival says is nothing: the arrival of a mail that is looked at later is a guess.
#[test]
fn signing_times_are_ignored() {
    let zone = Zone::by_type(&json("dkim/rfc/zone.json"));
    for case in lines("dkim/rfc/cases.jsonl") {
        let raw = bytes(&format!("dkim/rfc/{}", case["file"].as_str().unwrap()));
        assert_eq!(words(raw.clone(), &zone, 0), words(raw, &zone, NOW), "{}", case["id"]);
    }
    let raw = String::from_utf8(bytes("dkim/rfc/rfc8463-example.eml")).unwrap();
    let altered = raw.replace(" t=1528637909;", " t=1528637909; x=1528637909;");
    assert_ne!(raw, altered);
    assert_eq!(words(altered.into_bytes(), &zone, 0), ["permerror", "permerror"], "x= has to be after t=");
}

#[test]
fn mail_auth() {
    let mut tally = Tally::new(&[]);
    for number in 1..=6 {
        let zone = Zone::by_type(&json(&format!("dkim/mail-auth/00{number}.zone.json")));
        // The fifth has an x= and a clock of its own (README).
        let at = if number == 5 { 1_667_843_664 } else { NOW };
        let found = words(bytes(&format!("dkim/mail-auth/00{number}.eml")), &zone, at);
        let is_right = !found.is_empty() && found.iter().all(|word| *word == "pass");
        tally.case(&format!("00{number}"), is_right, format!("{found:?}"));
    }
    let zone = Zone::by_type(&json("dkim/mail-auth/005.zone.json"));
    let late = words(bytes("dkim/mail-auth/005.eml"), &zone, NOW);
    tally.case("005 expired", late.iter().all(|word| *word == "permerror"), format!("{late:?}"));
    tally.finish(7);
}

#[test]
fn opendkim() {
    let tail = "l= leaves content unsigned: policy (RFC 8601 2.7.1) instead of pass";
    let mut tally = Tally::new(&[
        ("opendkim/t-test28", tail),
        ("opendkim/t-test29", tail),
        ("opendkim/t-test30", tail),
        ("opendkim/t-test31", tail),
    ]);
    let zone = Zone::by_type(&json("dkim/opendkim/zone.json"));
    let cases = lines("dkim/opendkim/cases.jsonl");
    let count = cases.len();
    for case in cases {
        let file = case["file"].as_str().unwrap();
        let found = words(bytes(&format!("dkim/opendkim/{file}")), &zone, NOW);
        let expect = &case["expect"];
        let has_sha1 = case["algorithms"].as_array().unwrap().iter().any(|name| name == "rsa-sha1");
        let has_sha256 = case["algorithms"].as_array().unwrap().iter().any(|name| name == "rsa-sha256");
        let is_right = if has_sha1 && !has_sha256 {
            // RFC 8301: never valid, whatever OpenDKIM said of it.
            found.iter().all(|word| *word != "pass")
        } else {
            is_as_expected(expect, &found)
        };
        tally.case(case["id"].as_str().unwrap(), is_right, format!("{found:?}, {expect}"));
    }
    tally.finish(count);
}

fn is_as_expected(expect: &Value, found: &[&str]) -> bool {
    let best = |word: &str| found.contains(&word);
    let accepts = |wanted: &str| match wanted {
        "pass" => best("pass"),
        "fail" => !best("pass") && best("fail"),
        "permerror" | "limit" | "none" => !best("pass"),
        wanted => wanted.starts_with("unspecified"),
    };
    match expect["acceptable"].as_array() {
        Some(words) => words.iter().any(|word| accepts(word.as_str().unwrap())),
        None => accepts(expect["result"].as_str().unwrap()),
    }
}

#[test]
fn chasquid() {
    let mut tally = Tally::new(&[
        ("chasquid/02-too_many_headers", "a cap of 5 signatures is chasquid's choice, ours is 10"),
        ("chasquid/09-limited_body", "l= leaves content unsigned: policy (RFC 8601 2.7.1) instead of pass"),
    ]);
    let cases = lines("dkim/chasquid/cases.jsonl");
    let count = cases.len();
    for case in cases {
        let name = case["id"].as_str().unwrap();
        let file = case["file"].as_str().unwrap();
        let mut raw = bytes(&format!("dkim/chasquid/{file}"));
        // A symbolic link that was copied as text.
        if raw == b"01-rfc8463.msg" {
            raw = bytes("dkim/chasquid/01-rfc8463.eml");
        }
        let found = words(raw, &Zone::by_type(&case["zone"]), NOW);
        let expected: Option<Vec<&str>> = case["expect"]["per_signature"].as_array().map(|states| {
            let state = |state: &Value| match state["state"].as_str().unwrap() {
                "SUCCESS" => "pass",
                "TEMPFAIL" => "temperror",
                _ => "permerror",
            };
            states.iter().map(state).collect()
        });
        let is_right = match &expected {
            Some(expected) => {
                let kinds: Vec<&str> =
                    found.iter().map(|word| if *word == "fail" { "permerror" } else { *word }).collect();
                kinds == *expected
            }
            None => !found.contains(&"temperror"),
        };
        tally.case(name, is_right, format!("{found:?} instead of {expected:?}"));
    }
    tally.finish(count);
}
