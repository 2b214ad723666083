//! The program as operators and scripts see it: verbs, exit codes, JSON, errors, pipes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/program.rs"]
mod program;

use program::{WEHR, code, err, folder, lines, out, wehr};
use serde_json::{Value, json};
use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const MAIL: &str = "From: \"A\" <a@school.example>\r\nTo: b@school.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
                    Date: Sun, 22 Nov 2026 08:15:02 +0000\r\nMessage-ID: <1@school.example>\r\n\r\nhello\r\n";
const ZONE: &str = "school.example. IN TXT \"v=spf1 ip4:192.0.2.9 -all\"\n\
                    _dmarc.school.example. IN TXT \"v=DMARC1; p=reject\"\n";

fn wehr_fed(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(WEHR)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn assert_has(value: &Value, wanted: &[&str]) {
    let found = keys(value);
    for key in wanted {
        assert!(found.contains(key), "{key} is missing in {found:?}");
    }
}

/// No null but where the contract says so.
fn assert_no_null(value: &Value, path: &str) {
    match value {
        Value::Null => assert!(path.starts_with(".links") && path.ends_with(".domain"), "null at {path}"),
        Value::Array(items) => items.iter().for_each(|item| assert_no_null(item, &format!("{path}[]"))),
        Value::Object(pairs) => pairs.iter().for_each(|(key, item)| assert_no_null(item, &format!("{path}.{key}"))),
        _ => {}
    }
}

#[test]
fn the_json_of_scan_has_every_key_of_the_contract() {
    let files = folder(&[("m.eml", MAIL), ("z.zone", ZONE)]);
    let scanned = wehr(
        files.path(),
        &["scan", "--json", "--ip", "192.0.2.9", "--from", "a@school.example", "--dns", "z.zone", "m.eml"],
    );
    assert_eq!(code(&scanned), 0, "{}", err(&scanned));
    let report = &lines(&scanned)[0];
    assert_has(
        report,
        &[
            "path",
            "action",
            "reply",
            "score",
            "subject",
            "from",
            "recipients",
            "symbols",
            "auth",
            "headers_added",
            "headers_removed",
            "parts",
            "links",
            "defects",
            "coverage",
            "virus",
            "questions",
            "micros",
        ],
    );
    assert_no_null(report, "");
    assert_eq!(report["path"], "m.eml");
    assert_eq!(report["subject"], "Gr\u{fc}\u{df}e");
    assert_eq!(report["from"][0]["address"], "a@school.example");
    assert_eq!(report["recipients"][0]["address"], "b@school.example");
    assert_has(&report["auth"], &["spf", "spf_helo", "dkim", "arc", "iprev", "dmarc"]);
    assert_has(
        &report["auth"]["dmarc"],
        &["result", "policy", "disposition", "author_domain", "author_domains", "organizational_domain"],
    );
    assert_eq!(report["auth"]["spf"]["result"], "pass");
    assert_eq!(report["auth"]["dmarc"]["result"], "pass");
    assert_eq!(report["auth"]["arc"]["result"], "none");
    assert_eq!(report["virus"]["result"], "not_asked");
    assert_has(
        &report["parts"][0],
        &["path", "name", "names", "declared", "detected", "bytes", "sha256", "within", "disputed"],
    );
    assert_eq!(report["guessed"], serde_json::json!(["to", "at"]));
    assert!(report["questions"]["dns"].as_u64().unwrap() >= 3, "{report}");
}

#[test]
fn parts_that_only_some_readers_see_are_marked() {
    let mail = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\
                Content-Type: multipart/mixed; boundary=c\r\n\r\n--b\r\nContent-Type: x/y; name=a.exe\r\n\
                Content-Transfer-Encoding: base64\r\n\r\nTVqQAAMA\r\n--b--\r\n--c\r\n\r\ntwo\r\n--c--\r\n";
    let files = folder(&[("m.eml", mail)]);
    let scanned = wehr(files.path(), &["scan", "--json", "m.eml"]);
    let report = &lines(&scanned)[0];
    let parts = report["parts"].as_array().unwrap();
    let found: Vec<_> = parts.iter().map(|part| (part["name"].as_str().unwrap(), &part["disputed"])).collect();
    assert_eq!(found, [("", &json!(false)), ("a.exe", &json!(true))]);
}

/// Section 6 of DESIGN.md: what every object of `scan --json` looks like.
fn contract() -> Value {
    let action = "accept|tag|quarantine|defer|reject";
    let word = "none|pass|fail|softfail|neutral|temperror|permerror|policy";
    let named = json!({ "result": word, "domain": "string" });
    json!({
        "path": "string", "action": action, "reply": "string", "score": "number", "subject": "string",
        "from": [{ "name": "string", "address": "string" }],
        "recipients": [{ "address": "string", "action": action }],
        "symbols": [{ "name": "string", "score": "number", "detail": "string", "group": "string" }],
        "auth": {
            "spf": named, "spf_helo": named,
            "dkim": [{ "result": word, "domain": "string", "selector": "string" }],
            "arc": { "result": word, "sealers": ["string"] },
            "iprev": { "result": word },
            "dmarc": {
                "result": word, "policy": "none|quarantine|reject", "disposition": "none|quarantine|reject",
                "author_domain": "string", "author_domains": ["string"], "organizational_domain": "string",
            },
        },
        "headers_added": [{ "name": "string", "value": "string" }],
        "headers_removed": [{ "name": "string", "index": "count", "value": "string" }],
        "parts": [{
            "path": "string", "name": "string", "names": ["string"], "declared": "string", "detected": "string",
            "bytes": "count", "sha256": "string", "interpretations": "count", "within": "string",
            "encrypted": "boolean", "disputed": "boolean", "traits": ["string"],
        }],
        "links": [{ "url": "string", "host": "string", "domain": "string or null", "where": "text|html|attachment|qr" }],
        "defects": ["string"],
        "coverage": { "bytes": "count", "scanned": "count", "skipped": [{ "part": "string", "reason": "string" }] },
        "virus": { "result": "clean|infected|failed|not_asked", "name": "string" },
        "questions": { "dns": "count", "spf": "count" }, "micros": "count",
    })
}

fn assert_fits(value: &Value, shape: &Value, place: &str) {
    let fits = match shape {
        Value::Array(shapes) => value.as_array().is_some_and(|items| {
            for item in items {
                assert_fits(item, &shapes[0], &format!("{place}[]"));
            }
            true
        }),
        Value::Object(shapes) => value.as_object().is_some_and(|pairs| {
            for (key, shape) in shapes {
                assert_fits(pairs.get(key).unwrap_or(&Value::Null), shape, &format!("{place}.{key}"));
            }
            true
        }),
        word => match word.as_str().unwrap() {
            "string" => value.is_string(),
            "string or null" => value.is_string() || value.is_null(),
            "number" => value.is_number(),
            "count" => value.is_u64(),
            "boolean" => value.is_boolean(),
            words => value.as_str().is_some_and(|found| words.split('|').any(|word| word == found)),
        },
    };
    assert!(fits, "{place} is {value}, not {shape}");
}

#[test]
fn whatever_the_mail_its_report_keeps_to_the_contract() {
    let suites = env::var_os("WEHR_SUITES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites")), PathBuf::from);
    assert!(suites.is_dir(), "{} is missing: put the suites there or set WEHR_SUITES", suites.display());
    let files = folder(&[]);
    let mut mails = 0;
    for below in ["mime/mail-parser", "mime/mime4j", "mime/clamav", "attach", "unicode", "spoof/msg"] {
        let path = suites.join(below).display().to_string();
        let options = ["scan", "--json", "--ip", "192.0.2.1", "--helo", "mx.example", "--clamd", "unix:gone", &path];
        let scanned = wehr(files.path(), &options);
        for report in lines(&scanned) {
            assert_fits(&report, &contract(), report["path"].as_str().unwrap());
            assert_eq!(report["virus"]["result"], "failed");
            assert!(report["coverage"]["scanned"].as_u64() <= report["coverage"]["bytes"].as_u64(), "{report}");
            mails += 1;
        }
    }
    assert!(mails > 300, "the suites have lost their mails: {mails}");
}

#[test]
fn a_mail_that_is_refused_is_a_finding() {
    let files = folder(&[("m.eml", MAIL), ("z.zone", ZONE)]);
    let options = ["scan", "--ip", "192.0.2.8", "--from", "a@school.example", "--dns", "z.zone", "m.eml"];
    let scanned = wehr(files.path(), &options);
    assert_eq!(code(&scanned), 1);
    assert!(out(&scanned).starts_with("m.eml: reject "), "{}", out(&scanned));
}

#[test]
fn without_a_name_server_nobody_is_asked() {
    let files = folder(&[("m.eml", MAIL)]);
    let scanned = wehr(files.path(), &["scan", "--json", "--ip", "192.0.2.9", "m.eml"]);
    let report = &lines(&scanned)[0];
    assert_eq!(report["questions"]["dns"], 0);
    assert_eq!(report["auth"]["dmarc"]["result"], "temperror");
}

#[test]
fn envelope_values_are_judged_never_refused() {
    let files = folder(&[("m.eml", MAIL)]);
    for sender in ["<>", "", "a b@c@d", "-x", "\u{fc}@\u{fc}.example", "<a@b"] {
        let scanned = wehr(files.path(), &["scan", "--json", "--from", sender, "--to", "--", "--helo", "-", "m.eml"]);
        assert!(code(&scanned) < 2, "{sender}: {}", err(&scanned));
        assert_eq!(lines(&scanned)[0]["recipients"][0]["address"], "--");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_goes_on() {
    let files = folder(&[("m.eml", MAIL)]);
    let scanned = wehr(files.path(), &["scan", "--json", "gone.eml", "m.eml"]);
    assert_eq!(code(&scanned), 2);
    assert!(err(&scanned).starts_with("gone.eml: No such file"), "{}", err(&scanned));
    assert_eq!(lines(&scanned).len(), 1);
    for wrong in [
        &["scan"][..],
        &["scan", "--ip", "x", "m.eml"],
        &["scan", "--at", "noon", "m.eml"],
        &["scan", "--dns", "gone", "m.eml"],
        &["scan", "--rules", "gone", "m.eml"],
        &["scan", "--config", "gone", "m.eml"],
        &["scann"],
    ] {
        let scanned = wehr(files.path(), wrong);
        assert_eq!(code(&scanned), 2, "{wrong:?}");
        assert!(!err(&scanned).is_empty() && scanned.stdout.is_empty(), "{wrong:?}");
    }
    fs::create_dir(files.path().join("empty")).unwrap();
    let scanned = wehr(files.path(), &["scan", "empty"]);
    assert_eq!((code(&scanned), err(&scanned).as_str()), (2, "empty: no message in this folder\n"));
}

#[test]
fn folders_mboxes_maildirs_and_stdin_are_read_in_order() {
    let mbox = "From a now\nSubject: one\n\n>From here\n\nFrom b now\nSubject: two\n\nx\n";
    let files = folder(&[
        ("all/b.eml", MAIL),
        ("all/a/deep.eml", MAIL),
        ("all/c.mbox", mbox),
        ("all/d/new/1", MAIL),
        ("all/d/cur/2:2,S", MAIL),
        ("all/d/tmp/3", MAIL),
        ("all/.hidden", MAIL),
    ]);
    let scanned = wehr(files.path(), &["scan", "--json", "all"]);
    let found: Vec<(String, u64)> = lines(&scanned)
        .iter()
        .map(|report| (report["path"].as_str().unwrap().to_owned(), report["index"].as_u64().unwrap()))
        .collect();
    let wanted = [
        ("all/a/deep.eml", 1),
        ("all/b.eml", 1),
        ("all/c.mbox", 1),
        ("all/c.mbox", 2),
        ("all/d/cur/2:2,S", 1),
        ("all/d/new/1", 1),
    ];
    assert_eq!(found, wanted.map(|(path, index)| (path.to_owned(), index)));
    let fed = wehr_fed(files.path(), &["scan", "--json", "-"], mbox.as_bytes());
    let subjects: Vec<_> = lines(&fed).iter().map(|report| report["subject"].clone()).collect();
    assert_eq!(subjects, ["one", "two"]);
}

#[test]
fn a_case_folder_brings_its_circumstances() {
    let case = "format = 1\nreceived_at = 2026-11-22T08:15:02Z\n[client]\naddress = '192.0.2.9'\n[envelope]\n\
                sender = 'a@school.example'\nrecipients = ['b@school.example']\n[facts]\nvirus = { infected = 'Eicar' }\n";
    let files = folder(&[
        ("one/message.eml", MAIL),
        ("one/case.toml", case),
        ("two/message.eml", MAIL),
        ("two/case.toml", "x"),
    ]);
    let scanned = wehr(files.path(), &["scan", "--json", "one"]);
    assert_eq!(code(&scanned), 1, "{}", err(&scanned));
    let report = &lines(&scanned)[0];
    assert_eq!(report["virus"], serde_json::json!({ "result": "infected", "name": "Eicar" }));
    assert_eq!(report["action"], "reject");
    assert_eq!(report["guessed"], serde_json::json!([]));
    let scanned = wehr(files.path(), &["scan", "two"]);
    assert_eq!(code(&scanned), 2);
    assert!(err(&scanned).contains("two/case.toml:1:"), "{}", err(&scanned));
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let files = folder(&[("m.eml", MAIL)]);
    let many = vec!["m.eml"; 300];
    for verb in [vec!["scan", "--json"], vec!["explain"], vec!["config", "explain"]] {
        let paths = if verb[0] == "config" { &[][..] } else { &many[..] };
        let mut child = Command::new(WEHR)
            .args(verb.iter().chain(paths))
            .current_dir(files.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert!(err(&ended).is_empty(), "{verb:?}: {}", err(&ended));
        assert_eq!(code(&ended), 0, "{verb:?}");
    }
}

#[test]
fn explain_says_what_would_have_changed_the_action() {
    let files = folder(&[("m.eml", MAIL), ("z.zone", ZONE)]);
    let options = ["explain", "--ip", "192.0.2.8", "--from", "a@school.example", "--dns", "z.zone", "m.eml"];
    let told = out(&wehr(files.path(), &options));
    for wanted in [
        "txt _dmarc.school.example = \"v=DMARC1; p=reject\"   read by authentication",
        "check     authentication, looks at From at octets 0..",
        "action    reject, because DMARC_FAIL_REJECT asks for it whatever the score",
        "without DMARC_FAIL_REJECT -> accept",
        "had txt school.example not been answered -> accept",
    ] {
        assert!(told.contains(wanted), "missing {wanted} in\n{told}");
    }
    let json = wehr(files.path(), &[&options[..], &["--json"]].concat());
    let told = &lines(&json)[0];
    assert_eq!(told["verdict"]["action"], "reject");
    assert_eq!(told["trace"]["changes"][0]["when"], "without DMARC_FAIL_REJECT");
}

#[test]
fn rules_and_configuration_are_checked_at_their_places() {
    let files = folder(&[
        ("wehr.toml", "[policy]\ntga = 5\n[milter]\nlisten = 'nowhere'\n"),
        ("good.toml", "[policy]\ntag = 5\n"),
        ("rules/mine.toml", "[A]\nabout = 'x'\nscroe = 1\n"),
    ]);
    let checked = wehr(files.path(), &["config", "check", "wehr.toml"]);
    assert_eq!(code(&checked), 2);
    assert!(
        err(&checked).contains("wehr.toml:2:1: unknown key of [policy] `tga`; did you mean `tag`?"),
        "{}",
        err(&checked)
    );
    assert_eq!(code(&wehr(files.path(), &["config", "check", "good.toml"])), 0);
    let explained = wehr(files.path(), &["config", "explain", "policy.tag", "--config", "good.toml", "--json"]);
    let told = &lines(&explained)[0];
    assert_eq!((&told["value"], &told["default"]), (&Value::from("5.00"), &Value::from("6")));
    assert_eq!(told["origin"], "good.toml:2:1");
    let unknown = wehr(files.path(), &["config", "explain", "policy.tga"]);
    assert_eq!(code(&unknown), 2);
    assert_eq!(err(&unknown), "unknown key `policy.tga`; did you mean `policy.tag`?\n");
    let checked = wehr(files.path(), &["rules", "check", "--rules", "rules"]);
    assert_eq!(code(&checked), 2);
    assert!(
        err(&checked).contains("rules/mine.toml:3:1: unknown key `scroe`; did you mean `score`?"),
        "{}",
        err(&checked)
    );
    assert!(lines(&wehr(files.path(), &["rules", "list", "--json"])).len() > 20);
}

#[test]
fn keys_that_cannot_be_used_are_named() {
    let files = folder(&[
        ("wehr.toml", "[policy]\nencryption = 'e.toml'\n[encryption]\nrecipient_keys = 'keys'\n"),
        ("milter.toml", "include = ['wehr.toml']\n[lmtp]\nlisten = []\n"),
        ("keyless.toml", "[policy]\nencryption = 'e.toml'\n"),
        ("e.toml", "[[class]]\nname = 'sealed'\nrecipients = ['a@b.example']\nseal = 'any'\n"),
        ("keys/readme.txt", "not a key"),
    ]);
    let checked = |file| wehr(files.path(), &["config", "check", file]);
    assert_eq!(code(&checked("wehr.toml")), 0, "{}", err(&checked("wehr.toml")));
    fs::write(files.path().join("keys/a@b.example.pem"), "no key").unwrap();
    assert_eq!(code(&checked("wehr.toml")), 1);
    assert!(err(&checked("wehr.toml")).contains("keys/a@b.example.pem:1:1: neither an OpenPGP"));
    let told = &lines(&wehr(files.path(), &["config", "check", "wehr.toml", "--json"]))[0];
    assert_eq!((&told["keys"], told["unusable_keys"].as_array().unwrap().len()), (&Value::from(1), 1));
    assert_eq!(code(&checked("milter.toml")), 2);
    assert!(err(&checked("milter.toml")).contains("a milter cannot encrypt"), "{}", err(&checked("milter.toml")));
    assert_eq!(code(&checked("keyless.toml")), 2);
    assert!(err(&checked("keyless.toml")).contains("encryption.recipient_keys"), "{}", err(&checked("keyless.toml")));
}

#[test]
fn other_rules_and_policy_change_the_verdict() {
    let rules = "[DKIM_NONE]\nabout = 'x'\nscore = 7\n";
    let files =
        folder(&[("m.eml", MAIL), ("rules/r.toml", rules), ("c.toml", "[policy.actions]\nDKIM_NONE = 'defer'\n")]);
    let scanned = wehr(files.path(), &["scan", "--json", "--rules", "rules", "m.eml"]);
    assert_eq!((lines(&scanned)[0]["action"].clone(), lines(&scanned)[0]["score"].clone()), ("tag".into(), 7.0.into()));
    let scanned = wehr(files.path(), &["scan", "--json", "--config", "c.toml", "m.eml"]);
    assert_eq!(lines(&scanned)[0]["action"], "defer");
    assert!(lines(&scanned)[0]["reply"].as_str().unwrap().starts_with("451 4."));
}

#[test]
fn rules_of_spamassassin_become_packs_that_judge() {
    let rules = "body GREETS /hello|subject/i\ndescribe GREETS says hello\nscore GREETS 7 8 9 10\nbody BAD /(/\n\
                 body RBL eval:check_rbl('a', 'b')\nendif\n";
    let files = folder(&[("m.eml", MAIL), ("cf/10_x.cf", rules), ("empty/x", "")]);
    let imported = wehr(files.path(), &["rules", "import-spamassassin", "cf", "-o", "packs", "--json"]);
    assert_eq!(code(&imported), 0, "{}", err(&imported));
    let told = lines(&imported);
    assert_eq!(told.iter().filter(|line| line["fate"] == "left-out").count(), 2);
    assert_eq!(told.last().unwrap()["without_eval"]["exact"], 1);
    let imported = wehr(files.path(), &["rules", "import-spamassassin", "cf", "-o", "packs", "--verbose"]);
    assert!(err(&imported).contains("10_x.cf:6: `endif` without `if`"), "{}", err(&imported));
    assert!(out(&imported).contains("10_x.cf:5: RBL left out, network: check_rbl"), "{}", out(&imported));
    assert!(out(&imported).contains("imported of the rules that can hit: 50.00 % without eval"), "{}", out(&imported));
    let scanned = wehr(files.path(), &["scan", "--json", "--rules", "packs", "m.eml"]);
    assert_eq!(lines(&scanned)[0]["score"], 7.0, "{}", out(&scanned));
    assert_eq!(code(&wehr(files.path(), &["rules", "import-spamassassin", "empty", "-o", "packs"])), 2);
}

#[test]
fn the_demo_delivers_every_sample() {
    let files = folder(&[]);
    let shown = wehr(files.path(), &["demo", "--once", "--json"]);
    assert_eq!(code(&shown), 0, "{}{}", out(&shown), err(&shown));
    let told = lines(&shown);
    let (places, samples) = told.split_last().unwrap();
    assert!(samples.len() >= 8);
    for sample in samples {
        assert_eq!(sample["action"], sample["expected"], "{sample}");
        let is_kept = ["accept", "tag", "quarantine"].contains(&sample["action"].as_str().unwrap());
        assert_eq!(Path::new(sample["file"].as_str().unwrap()).is_file(), is_kept, "{sample}");
    }
    let maildir = PathBuf::from(places["maildir"].as_str().unwrap());
    assert!(maildir.is_absolute() && maildir.is_dir());
    assert!(places["places"]["metrics"][0].as_str().unwrap().ends_with("/metrics"));
}

/// Every verb's help has an example, and the example works as it is printed.
#[test]
fn the_examples_of_the_help_work() {
    let files = folder(&[]);
    let verbs: [&[&str]; 14] = [
        &["serve"],
        &["demo"],
        &["scan"],
        &["explain"],
        &["replay"],
        &["quarantine", "sweep"],
        &["subject-access"],
        &["erase"],
        &["config", "check"],
        &["config", "explain"],
        &["rules", "list"],
        &["rules", "check"],
        &["rules", "test"],
        &["rules", "compile"],
    ];
    let path = format!("{}:{}", Path::new(WEHR).parent().unwrap().display(), env::var("PATH").unwrap());
    for verb in verbs {
        let help = wehr(files.path(), &[verb, &["--help"]].concat());
        assert_eq!(code(&help), 0);
        let help = out(&help);
        let (_, example) = help.split_once("Example:\n").unwrap_or_else(|| panic!("{verb:?} has no example:\n{help}"));
        let example = example.trim();
        if verb == ["serve"] {
            // It serves until it is stopped; `timeout` of coreutils stops it as a service manager would.
            let served = format!("timeout --signal=TERM --preserve-status 3 {example} --json");
            let ended =
                Command::new("sh").args(["-c", &served]).env("PATH", &path).current_dir(files.path()).output().unwrap();
            // The default ports may be taken on this machine; then it says so.
            let is_taken = err(&ended).contains("in use");
            assert!(code(&ended) == 0 || is_taken, "{example}: {}{}", out(&ended), err(&ended));
            continue;
        }
        let ended =
            Command::new("sh").args(["-c", example]).env("PATH", &path).current_dir(files.path()).output().unwrap();
        assert_eq!(code(&ended), 0, "{example}\n{}{}", out(&ended), err(&ended));
        assert!(!ended.stdout.is_empty(), "{example}");
    }
}
