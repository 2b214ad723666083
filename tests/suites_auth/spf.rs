//! SPF: the suites of RFC 7208 and RFC 4408, and pyspf's own cases.

use crate::{Tally, json, mail, zone::Zone};
use std::collections::BTreeSet;
use wehr::{
    judge::{
        auth::{Settings, spf},
        facts::{Facts, Question, Reading},
    },
    mail::address::Address,
};

fn run(file: &str, known: &[(&str, &str)], count: usize) {
    let suite = json(file);
    let zones = suite["zones_normalized"].as_array().unwrap();
    let mut tally = Tally::new(known);
    for test in suite["tests"].as_array().unwrap() {
        let scenario = usize::try_from(test["scenario_index"].as_u64().unwrap()).unwrap();
        let zone = Zone::by_record(&zones[scenario]);
        let text = |key: &str| test[key].as_str().unwrap_or_default();
        let mut message = mail("From: a@b.example\r\n\r\n", 0);
        message.client.address = Some(text("host").parse().unwrap());
        message.client.helo = Some(text("helo").to_owned());
        message.envelope.sender = Address::new(text("mailfrom"));
        let (spf, asked) = check(&zone, &message);
        let accepted: Vec<&str> =
            test["accept_results"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let is_right = accepted.contains(&spf.result.word());
        tally.case(text("id"), is_right, format!("{spf:?} instead of {accepted:?}; asked {asked:?}"));
        let addresses = |question: &&Question| matches!(question, Question::Ipv4(_) | Question::Ipv6(_));
        let terms = asked.len() - asked.iter().filter(addresses).count();
        assert!(terms <= 1 + 10 + 1, "{}: {} questions besides addresses", text("id"), terms);
    }
    tally.finish(count);
}

/// MAIL FROM alone, so that the questions are its own.
fn check(zone: &Zone, mail: &wehr::mail::Mail) -> (wehr::judge::auth::Spf, BTreeSet<Question>) {
    let address = mail.client.address.unwrap();
    let helo = mail.client.helo.as_deref().unwrap();
    let (identity, _) = wehr::judge::auth::identities(address, helo, &mail.envelope);
    let mut facts = Facts::default();
    let mut asked = BTreeSet::new();
    for _ in 0..wehr::limits::ROUNDS_MAX {
        let reading = Reading::of(&facts);
        if let Ok(spf) = spf::check(&reading, &identity) {
            return (spf, asked);
        }
        for question in reading.wanted() {
            facts.learn(zone.answer(&question));
            asked.insert(question);
        }
    }
    panic!("no end; asked {asked:?}");
}

#[test]
fn rfc7208() {
    run("spf/rfc7208-tests.json", &[], 203);
}

#[test]
fn rfc4408() {
    run("spf/rfc4408-tests.json", &[], 191);
}

#[test]
fn pyspf_extra() {
    let reason = "default= is of drafts before RFC 4408; RFC 7208 6 ignores unknown modifiers";
    let known = [("pyspf-extra/default-modifier", reason), ("pyspf-extra/default-modifier-harsh", reason)];
    run("spf/pyspf-extra.json", &known, 16);
}

/// What a record proves that nearly everybody passes.
#[test]
fn permissive_records() {
    for (record, is_permissive) in [
        ("v=spf1 +all", true),
        ("v=spf1 ip4:128.0.0.0/1 -all", true),
        ("v=spf1 ip4:192.0.0.0/8 -all", false),
        ("v=spf1 a/4 -all", true),
        ("v=spf1 exists:here.example -all", true),
        ("v=spf1 exists:%{ir}.here.example -all", false),
        ("v=spf1 include:open.example -all", true),
        ("v=spf1 redirect=open.example", true),
        ("v=spf1 ip4:192.0.2.1 +all", false),
        ("v=spf1 ip4:192.0.2.1/8 ip4:1.0.0.0/4 -all", true),
    ] {
        let zone = Zone::by_type(&serde_json::json!({
            "s.example": {"TXT": [record], "A": ["192.0.2.7"]},
            "open.example": {"TXT": ["v=spf1 +all"]},
            "here.example": {"A": ["127.0.0.2"]},
            "1.2.0.192.here.example": {"A": ["127.0.0.2"]},
        }));
        let mut message = mail("From: a@s.example\r\n\r\n", 0);
        message.client.address = Some("192.0.2.1".parse().unwrap());
        message.envelope.sender = Address::new("<a@s.example>");
        let (authentication, _) = zone.authenticate(&message, &Settings::default());
        assert_eq!(authentication.spf.result.word(), "pass", "{record}");
        assert_eq!(authentication.spf.is_permissive, is_permissive, "{record}");
    }
}
