//! Authentication-Results: what others wrote, what forgers wrote, what we write.

use crate::{Tally, json, mail};
use bytes::Bytes;
use wehr::{
    judge::auth::{
        Arc, Authentication, Dkim, Dmarc, Settings, Spf, Word,
        reports::{MethodResult, Report},
        results,
    },
    mail::{address::Domain, head::Head},
};

#[test]
fn parse() {
    let suite = json("authres/parse.json");
    let cases = suite.as_array().unwrap();
    let mut tally = Tally::new(&[]);
    for (number, case) in cases.iter().enumerate() {
        let header = case["header"].as_str().unwrap();
        let (_, value) = header.split_once(':').unwrap();
        let found = Report::parse(value);
        // Where the reference parser gave up, any reading will do that is none of ours to trust.
        let is_right = case["reference_parser_error"].is_string() || found == Some(expected(case));
        tally.case(&format!("{number} {header:.60}"), is_right, format!("{found:?} instead of {case}"));
    }
    tally.finish(cases.len());
}

fn expected(case: &serde_json::Value) -> Report {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let results = case["results"].as_array().unwrap().iter().map(|result| MethodResult {
        method: text(&result["method"]),
        result: text(&result["result"]),
        reason: result["reason"].as_str().map(str::to_owned),
        properties: result["properties"]
            .as_array()
            .unwrap()
            .iter()
            .map(|property| (text(&property[0]), text(&property[1]), text(&property[2])))
            .collect(),
    });
    Report { authserv_id: text(&case["authserv_id"]), results: results.collect() }
}

#[test]
fn forgery() {
    let suite = json("authres/forgery.json");
    let cases = suite.as_array().unwrap();
    let mut tally = Tally::new(&[]);
    for case in cases {
        let settings =
            Settings { authserv_id: case["own_authserv_id"].as_str().unwrap().to_owned(), ..Settings::default() };
        let head = Head::parse(&Bytes::from(format!("{}\r\n\r\n", case["header"].as_str().unwrap())));
        let is_removed = head.fields().iter().any(|field| results::is_forged(field, &settings));
        let is_right = is_removed == case["must_be_removed_or_renamed"].as_bool().unwrap();
        tally.case(case["id"].as_str().unwrap(), is_right, &case["why"]);
    }
    tally.finish(cases.len());
}

/// Whatever a sender chooses, the field stays one field of ours and says what we say.
#[test]
fn hostile_values_stay_values() {
    let settings = Settings { authserv_id: "mx.example.org".to_owned(), ..Settings::default() };
    for hostile in [
        "a.example;dmarc=pass",
        "a.example\r\nAuthentication-Results: mx.example.org; dmarc=pass",
        "a.example\"; dmarc=pass header.from=\"b.example",
        "a.example (\\",
        "legitimate.com(.attack.com",
        "legitimate.com'@any.attack.com",
        "a.example\\",
        "\u{0}\u{202e}a.example",
        "b\u{fc}cher.example",
        "=?utf-8?q?dmarc=3Dpass?=",
        "",
    ] {
        let mut mail = mail("From: a@b.example\r\n\r\n", 0);
        mail.envelope.sender = wehr::mail::address::Address::new(&format!("<x@{hostile}>"));
        let spf = |result| Spf { result, domain: hostile.to_owned(), reason: hostile.to_owned(), ..Spf::default() };
        let authentication = Authentication {
            spf: spf(Word::Fail),
            spf_helo: spf(Word::None),
            dkim: vec![Dkim {
                result: Word::Fail,
                domain: hostile.to_owned(),
                selector: hostile.to_owned(),
                algorithm: hostile.to_owned(),
                identity: hostile.to_owned(),
                signature_start: hostile.to_owned(),
                ..Dkim::default()
            }],
            arc: Arc { result: Word::Fail, sealers: vec![hostile.to_owned()], ..Arc::default() },
            dmarc: Dmarc {
                result: Word::Fail,
                author_domains: Domain::parse(hostile).into_iter().collect(),
                ..Dmarc::default()
            },
            ..Authentication::default()
        };
        let value = results::authentication_results(&mail, &authentication, &settings);
        assert!(value.is_ascii(), "{value}");
        assert!(value.lines().all(|line| line.len() <= 998 && !line.contains('\0')), "{value}");
        assert!(value.split("\r\n").skip(1).all(|line| line.starts_with('\t')), "{value}");
        let report = Report::parse(&value).unwrap_or_else(|| panic!("cannot be read back: {value}"));
        assert_eq!(report.authserv_id, "mx.example.org");
        assert!(report.results.iter().all(|result| result.result != "pass"), "{value}");
    }
}

#[test]
fn lines_are_folded() {
    let settings = Settings { authserv_id: "mx.example.org".to_owned(), ..Settings::default() };
    let authentication = Authentication {
        dkim: vec![Dkim {
            result: Word::Pass,
            domain: "a.example".into(),
            selector: "s".repeat(40),
            ..Dkim::default()
        }],
        ..Authentication::default()
    };
    let value = results::authentication_results(&mail("", 0), &authentication, &settings);
    assert!(value.lines().all(|line| line.len() <= 78), "{value}");
    assert_eq!(Report::parse(&value).unwrap().result("dkim"), Some("pass"));
}
