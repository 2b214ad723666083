//! ARC: validation cases of the ValiMail suite and two messages of mail-auth.

use crate::{Tally, bytes, crlf, json, mail, zone::Zone};
use wehr::{judge::auth::Settings, mail::address::Domain};

#[test]
fn valimail_validation() {
    let mut tally = Tally::new(&[]);
    for scenario in json("arc/valimail/arc-draft-validation-tests.json").as_array().unwrap() {
        let zone = Zone::of_texts(&scenario["txt-records"]);
        for (name, test) in scenario["tests"].as_object().unwrap() {
            let raw = crlf(test["message"].as_str().unwrap());
            let (authentication, _) = zone.authenticate(&mail(raw, 1_700_000_000), &Settings::default());
            let expected = test["cv"].as_str().unwrap().to_ascii_lowercase();
            // Empty for the chains whose newest seal says cv=fail: RFC 8617 5.2 step 2 makes them fail.
            let expected = if expected.is_empty() { "fail" } else { &expected };
            let arc = &authentication.arc;
            let what = format!("{arc:?} instead of {expected}: {}", test["description"]);
            tally.case(name, arc.result.word() == expected, what);
        }
    }
    tally.finish(171);
}

#[test]
fn mail_auth_chains_pass() {
    for number in ["001", "002"] {
        let zone = Zone::by_type(&json(&format!("arc/mail-auth/{number}.zone.json")));
        let raw = bytes(&format!("arc/mail-auth/{number}.eml"));
        let (authentication, _) = zone.authenticate(&mail(raw.clone(), 1_700_000_000), &Settings::default());
        assert_eq!(authentication.arc.result.word(), "pass", "{number}: {:?}", authentication.arc);
        assert!(!authentication.arc.is_trusted, "nobody is trusted unless configured");
        let last = authentication.arc.sealers.last().unwrap();
        let settings = Settings { trusted_sealers: vec![Domain::parse(last).unwrap()], ..Settings::default() };
        let (authentication, _) = zone.authenticate(&mail(raw, 1_700_000_000), &settings);
        assert!(authentication.arc.is_trusted);
    }
}
