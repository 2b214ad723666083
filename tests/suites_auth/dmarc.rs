//! DMARC: public suffixes, alignment, records, From domains, the tree walk.

use crate::{Tally, json, mail, zone::Zone};
use serde_json::{Value, json as object};
use wehr::{
    judge::{
        auth::{Authentication, DmarcPolicy, Settings, Word, dmarc::record::Record},
        facts::{Name, Question},
    },
    mail::address::{Address, Domain},
};

/// A mail of that author; SPF passes for `sender`.
fn authenticate(zone: &Value, from: &str, sender: &str) -> (Authentication, Vec<Name>) {
    let mut zone = zone.clone();
    let client = "192.0.2.1";
    let entry = zone.as_object_mut().unwrap().entry(sender).or_insert_with(|| object!({}));
    entry["TXT"] = object!([format!("v=spf1 ip4:{client} -all")]);
    let mut message = mail(format!("From: {from}\r\n\r\n"), 0);
    message.client.address = Some(client.parse().unwrap());
    message.envelope.sender = Address::new(&format!("<x@{sender}>"));
    let (authentication, asked) = Zone::by_type(&zone).authenticate(&message, &Settings::default());
    let texts = asked.into_iter().filter_map(|question| match question {
        Question::Txt(name) if name.as_str().starts_with("_dmarc.") => Some(name),
        _ => None,
    });
    (authentication, texts.collect())
}

#[test]
fn registrable_domains() {
    let suite = json("dmarc/psl-registrable-domain.json");
    let mut tally = Tally::new(&[]);
    let cases = suite["cases"].as_array().unwrap();
    for case in cases {
        let domain = case["domain"].as_str().unwrap();
        let found = Domain::parse(domain).and_then(|domain| domain.registrable());
        let expected = case["registrable"].as_str().and_then(Domain::parse);
        tally.case(domain, found == expected, format!("{found:?} instead of {expected:?}"));
    }
    tally.finish(cases.len());
}

#[test]
fn alignment() {
    let suite = json("dmarc/alignment.json");
    let mut tally = Tally::new(&[]);
    let mut count = 0;
    for case in suite["alignment"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let (author, sender, mode) = (text("b"), text("a"), text("mode"));
        let mut zone = object!({});
        // The records that make the walk find what the public suffix list says.
        for domain in [author, sender].into_iter().filter_map(|domain| Domain::parse(domain)?.registrable()) {
            let letter = if mode == "strict" { "s" } else { "r" };
            zone[format!("_dmarc.{domain}")] = object!({"TXT": [format!("v=DMARC1; p=reject; aspf={letter}")]});
        }
        let (authentication, _) = authenticate(&zone, &format!("<x@{author}>"), sender);
        let is_aligned = authentication.dmarc.result == Word::Pass;
        let is_malformed = [author, sender].iter().any(|name| name.starts_with('.') || name.contains(".."));
        // Malformed names may be refused, never aligned with others (note in the suite).
        let is_right = is_aligned == case["aligned"].as_bool().unwrap() || (is_malformed && !is_aligned);
        tally.case(&format!("{sender} {author} {mode}"), is_right, format!("{:?}", authentication.dmarc));
        count += 1;
    }
    for case in suite["org_domain_opendmarc"].as_array().unwrap() {
        let domain = case["domain"].as_str().unwrap();
        let expected = case["organizational_domain"].as_str().unwrap();
        let zone = object!({format!("_dmarc.{expected}"): {"TXT": ["v=DMARC1; p=none"]}});
        let (authentication, _) = authenticate(&zone, &format!("<x@{domain}>"), "other.example");
        let found = authentication.dmarc.organizational_domain.map(|domain| domain.to_string());
        tally.case(domain, found.as_deref() == Some(expected), format!("{found:?}"));
        count += 1;
    }
    tally.finish(count);
}

#[test]
fn records() {
    let suite = json("dmarc/record-parsing.json");
    let mut tally = Tally::new(&[]);
    let mut count = 0;
    for case in suite["opendmarc_parse"].as_array().unwrap() {
        let text = case["record"].as_str().unwrap();
        let wanted = case["rfc9989"].as_str().unwrap();
        let record = Record::parse(text.as_bytes());
        let policy = record.as_ref().and_then(|record| record.policy);
        let is_right = match wanted {
            _ if case["acceptable"].is_array() => policy.is_none_or(|policy| policy == DmarcPolicy::None),
            "apply" => policy == stated(text),
            wanted if wanted.starts_with("no-record") => record.is_none(),
            wanted if wanted.starts_with("p missing") => policy == Some(DmarcPolicy::None),
            // A bad value of a known tag is ignored; `p` counts if it can be read.
            _ => record.is_some() && policy == stated(text),
        };
        tally.case(text, is_right, format!("{record:?} instead of {wanted}"));
        count += 1;
    }
    for case in suite["records_seen_in_the_wild_with_syntax_errors"]["records"].as_array().unwrap() {
        let text = case["record"].as_str().unwrap();
        let record = Record::parse(text.as_bytes());
        let is_right = record.as_ref().is_some_and(|record| record.policy == stated(text));
        tally.case(case["domain"].as_str().unwrap(), is_right, format!("{record:?}"));
        count += 1;
    }
    tally.finish(count);
}

/// The policy word that stands after `p=`.
fn stated(text: &str) -> Option<DmarcPolicy> {
    let after = text.split(';').find_map(|piece| piece.trim().strip_prefix("p="))?;
    [DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject].into_iter().find(|policy| policy.word() == after)
}

#[test]
fn from_domains() {
    let suite = json("dmarc/from-domain.json");
    let cases = suite.as_array().unwrap();
    let mut tally = Tally::new(&[]);
    for case in cases {
        let from = case["from"].as_str().unwrap();
        let (authentication, _) = authenticate(&object!({}), from, "other.example");
        let dmarc = &authentication.dmarc;
        let domains: Vec<&str> = dmarc.author_domains.iter().map(Domain::as_str).collect();
        let expected = case["opendmarc_domain"].as_str().or(case["domain"].as_str());
        let is_several = domains.len() > 1 && dmarc.result == Word::Fail;
        let is_right = match expected {
            Some(expected) if case["safe"].is_string() => domains.contains(&expected),
            Some(expected) => domains == [expected],
            None => domains.is_empty() && dmarc.result == Word::PermError || is_several,
        };
        tally.case(from, is_right, format!("{domains:?} instead of {expected:?}, {:?}", dmarc.result));
    }
    tally.finish(cases.len());
}

#[test]
fn tree_walk() {
    let suite = json("dmarc/discovery-treewalk.json");
    let mut tally = Tally::new(&[]);
    let cases = suite["cases"].as_array().unwrap();
    for case in cases {
        let zone = &suite["zones"][case["zone"].as_str().unwrap()];
        let from = format!("<x@{}>", case["from_domain"].as_str().unwrap());
        let sender = case["spf"]["domain"].as_str().unwrap_or("elsewhere.test");
        let (authentication, asked) = authenticate(zone, &from, sender);
        let (dmarc, expect) = (&authentication.dmarc, &case["expect"]);
        let says = |key: &str, found: &str| expect[key].as_str().is_none_or(|expected| expected == found);
        let own: Vec<&Name> = asked.iter().filter(|name| !name.as_str().ends_with("elsewhere.test")).collect();
        let is_right = says("dmarc", dmarc.result.word())
            && says("policy", dmarc.policy.word())
            && expect["max_dmarc_txt_queries"].as_u64().is_none_or(|max| own.len() as u64 <= max);
        tally.case(case["id"].as_str().unwrap(), is_right, format!("{dmarc:?} instead of {expect}, asked {own:?}"));
    }
    tally.finish(cases.len());
}

/// Rules of RFC 9989 that the suites leave out.
#[test]
fn corners() {
    let aligned = |record: &str, from: &str| {
        let zone = object!({"_dmarc.a.example": {"TXT": [record]}, "x.a.example": {"A": ["192.0.2.1"]}});
        authenticate(&zone, from, "a.example").0
    };
    assert_eq!(aligned("v=DMARC1; p=reject", "b@a.example").dmarc.result, Word::Pass);
    assert_eq!(aligned("v=DMARC1; p=reject; aspf=s", "b@x.a.example").dmarc.result, Word::Fail);
    assert_eq!(aligned("v=DMARC1; p=reject; t=y; aspf=s", "b@x.a.example").dmarc.disposition, DmarcPolicy::Quarantine);
    assert_eq!(aligned("v=DMARC1; p=reject", "b@a.example, c@b.example").dmarc.result, Word::Fail);
    assert_eq!(aligned("v=DMARC1; p=reject", "b@a.example, c@x.a.example").dmarc.result, Word::Pass);
    assert_eq!(aligned("v=DMARC1; p=reject", "b@b.example").dmarc.result, Word::None);
    assert_eq!(aligned("v=DMARC1; p=reject", "\"\" <>").dmarc.result, Word::PermError);
    let several = object!({"_dmarc.a.example": {"TXT": ["v=DMARC1; p=reject", "v=DMARC1; p=none"]}});
    assert_eq!(authenticate(&several, "b@a.example", "c.example").0.dmarc.result, Word::None);
    let failing = object!({"_dmarc.a.example": {"RCODE": "SERVFAIL"}});
    assert_eq!(authenticate(&failing, "b@a.example", "c.example").0.dmarc.result, Word::TempError);
}

/// An SPF record that lets everybody pass proves no author, and its owner's policy is not turned against his mail.
#[test]
fn permissive_spf_is_no_pass() {
    let zone = Zone::by_type(&object!({
        "a.example": {"TXT": ["v=spf1 +all"]},
        "_dmarc.a.example": {"TXT": ["v=DMARC1; p=reject"]},
    }));
    let mut message = mail("From: b@a.example\r\n\r\n", 0);
    message.client.address = Some("192.0.2.1".parse().unwrap());
    message.envelope.sender = Address::new("<b@a.example>");
    let (authentication, _) = zone.authenticate(&message, &Settings::default());
    assert_eq!(authentication.dmarc.result, Word::Fail);
    assert_eq!(
        (authentication.dmarc.policy, authentication.dmarc.disposition),
        (DmarcPolicy::Reject, DmarcPolicy::None)
    );
}

/// Mail of this machine and of users who logged in is not judged by address.
#[test]
fn trusted_clients_are_not_judged() {
    for (address, login) in [("127.0.0.1", None), ("::1", None), ("192.0.2.1", Some("user"))] {
        let mut message = mail("From: b@a.example\r\n\r\n", 0);
        message.client.address = Some(address.parse().unwrap());
        message.client.login = login.map(str::to_owned);
        message.client.helo = Some("a.example".to_owned());
        message.envelope.sender = Address::new("<b@a.example>");
        let (authentication, asked) = Zone::default().authenticate(&message, &Settings::default());
        assert!(asked.is_empty(), "{asked:?}");
        let results = [authentication.spf.result, authentication.iprev.result, authentication.dmarc.result];
        assert_eq!(results, [Word::None; 3]);
    }
}
