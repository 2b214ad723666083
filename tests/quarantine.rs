//! The quarantine as operators see it: the program's door sets a mail aside, its verbs give it back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with the tests of other verbs, which use more of it")]
mod program;
#[path = "support/serving.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod serving;

use program::{code, err, folder, lines, out, wehr};
use serde_json::Value;
use serving::Serving;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

const CONFIG: &str = "authserv_id = 'mx.school.example'\n[milter]\nlisten = []\n[lmtp]\nlisten = ['127.0.0.1:0']\n\
    [http]\nlisten = ['127.0.0.1:0']\n[deliver]\nto = 'maildir:mail'\n[state]\nurl = 'redb:state.redb'\n\
    [quarantine]\nfolder = 'aside'\n[policy]\ntag = -100\nquarantine = -100\n";
const BODY: &str = "From: Bert <bert@other.example>\r\nTo: anna@school.example\r\nSubject: The marks\r\n\
    Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@other.example>\r\n\r\nTen of ten.\r\n";

fn serve(files: &Path) -> Serving {
    Serving::start(&mut serving::command(files, "w.toml", &[]))
}

/// Hands a mail to the door; the codes of all replies.
fn send(server: &Serving, recipients: &[&str], message: &str) -> Vec<String> {
    let stream = TcpStream::connect(server.place("lmtp")).unwrap();
    let (mut from, mut to) = (BufReader::new(stream.try_clone().unwrap()), stream);
    let mut reply = || loop {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        if line.get(3..4) != Some("-") {
            return line.get(..3).unwrap_or_default().to_owned();
        }
    };
    let mut codes = vec![reply()];
    let rcpt = recipients.iter().map(|recipient| format!("RCPT TO:<{recipient}>\r\n"));
    let commands = ["LHLO test\r\n".to_owned(), "MAIL FROM:<bert@other.example>\r\n".to_owned()];
    for command in commands.into_iter().chain(rcpt).chain(["DATA\r\n".to_owned()]) {
        to.write_all(command.as_bytes()).unwrap();
        codes.push(reply());
    }
    to.write_all(format!("{message}.\r\n").as_bytes()).unwrap();
    codes.extend(recipients.iter().map(|_| reply()));
    codes
}

fn http(server: &Serving, request: &str) -> String {
    let mut stream = TcpStream::connect(server.host("metrics")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

/// Waits until the metrics say this.
fn wait_for(server: &Serving, line: &str) {
    let page = || http(server, "GET /metrics HTTP/1.0\r\n\r\n");
    for _ in 0..50 {
        if page().contains(line) {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{line} does not come in\n{}", page());
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

fn verb(files: &Path, arguments: &[&str]) -> std::process::Output {
    wehr(files, &[&["quarantine", "--config", "w.toml"], arguments].concat())
}

#[test]
fn a_mail_is_set_aside_listed_shown_released_and_deleted_while_the_server_runs() {
    let place = folder(&[("w.toml", CONFIG)]);
    let early = verb(place.path(), &["list"]);
    assert!(code(&early) == 2 && err(&early).contains("wehr serve makes"), "{}", err(&early));
    let server = serve(place.path());
    let codes = send(&server, &["anna@school.example", "bea@school.example"], BODY);
    assert_eq!(codes, ["220", "250", "250", "250", "250", "354", "250", "250"]);
    assert!(files(&place.path().join("mail")).is_empty());
    wait_for(&server, "wehr_recipients_settled_total{door=\"lmtp\",outcome=\"quarantined\"} 2");
    wait_for(&server, "wehr_recipients_unaccounted{door=\"lmtp\"} 0");

    let listed = verb(place.path(), &["list", "--json", "--to", "ANNA@school.example"]);
    let [mail] = &lines(&listed)[..] else { panic!("{}", out(&listed)) };
    assert_eq!((mail["subject"].as_str(), mail["sender"].as_str()), (Some("The marks"), Some("bert@other.example")));
    assert_eq!(mail["recipients"][1]["state"], "held");
    let id = mail["id"].as_str().unwrap().to_owned();
    for filter in [
        ["--to", "carl@school.example"],
        ["--symbol", "NOTHING"],
        ["--until", "2020-01-01T00:00:00Z"],
        ["--limit", "0"],
    ] {
        assert_eq!(out(&verb(place.path(), &[&["list"][..], &filter].concat())), "");
    }
    assert_eq!(code(&verb(place.path(), &["list", "--since", "yesterday"])), 2);

    let shown = verb(place.path(), &["show", &id]);
    assert!(out(&shown).contains("recipient anna@school.example  held") && out(&shown).contains("Subject: The marks"));
    let by_reference = verb(place.path(), &["show", "--json", mail["reference"].as_str().unwrap()]);
    let case = lines(&by_reference)[0]["case"].as_str().unwrap().to_owned();
    assert!(case.contains("bert@other.example"), "{case}");
    let raw = out(&verb(place.path(), &["show", "--raw", &id]));
    assert!(raw.ends_with(BODY) && raw.contains("X-Wehr-Verdict: action=quarantine"));

    let released = verb(place.path(), &["release", &id, "--to", "anna@school.example", "--not-spam", "ham", "--json"]);
    assert_eq!((code(&released), lines(&released)[0]["state"].as_str()), (0, Some("released")), "{}", err(&released));
    assert_eq!(fs::read_to_string(place.path().join(format!("ham/{id}.eml"))).unwrap(), raw);
    let delivered = files(&place.path().join("mail"));
    assert_eq!(delivered.len(), 1);
    let text = fs::read_to_string(&delivered[0]).unwrap();
    let ours: Vec<&str> = text.lines().filter(|line| line.starts_with("X-Wehr-Released: ")).collect();
    let own = ["Return-Path: <bert@other.example>", "Delivered-To: anna@school.example", ours[0]].join("\n");
    assert_eq!(text, format!("{own}\n{}", raw.replace("\r\n", "\n")), "the same but for our field");
    // Again: she has it. All: the other one gets it.
    assert!(out(&verb(place.path(), &["release", &id, "--to", "anna@school.example"])).contains("released  before"));
    assert_eq!(code(&verb(place.path(), &["release", &id])), 0);
    assert_eq!(files(&place.path().join("mail")).len(), 2);
    assert_eq!(out(&verb(place.path(), &["list"])), "");
    assert_eq!(lines(&verb(place.path(), &["list", "--all", "--json"])).len(), 1);

    assert_eq!(code(&verb(place.path(), &["delete", &id])), 0);
    assert_eq!(code(&verb(place.path(), &["delete", &id])), 1);
    assert_eq!(code(&verb(place.path(), &["release", &id])), 1);
    assert!(files(&place.path().join("aside")).is_empty());
    assert_eq!(lines(&verb(place.path(), &["sweep", "--json"]))[0]["mails"], 0);
}

/// A server that is killed at any moment: who was told 250 has the mail in the quarantine, whole.
#[test]
fn no_kill_loses_a_mail_that_was_answered_for() {
    let place = folder(&[("w.toml", CONFIG)]);
    let body = BODY.replace("Ten of ten.\r\n", &"Ten of ten, and many more of them.\r\n".repeat(10_000));
    let mut answered = 0;
    for millis in [0, 5, 10, 20, 40, 80] {
        let mut server = serve(place.path());
        if send(&server, &["anna@school.example"], &body).last().map(String::as_str) == Some("250") {
            answered += 1;
        }
        let stream = TcpStream::connect(server.place("lmtp")).unwrap();
        (&stream)
            .write_all(format!("LHLO t\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n{body}.\r\n").as_bytes())
            .unwrap();
        thread::sleep(Duration::from_millis(millis));
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        let mut told = String::new();
        let _ = (&stream).read_to_string(&mut told);
        answered += usize::from(told.lines().filter(|line| line.starts_with("250 2.0.0")).count() > 0);
    }
    let all = lines(&verb(place.path(), &["list", "--json"]));
    assert!(answered >= 6 && all.len() >= answered, "{answered} answered, {} there", all.len());
    for mail in all {
        let raw = out(&verb(place.path(), &["show", "--raw", mail["id"].as_str().unwrap()]));
        assert!(raw.ends_with("many more of them.\r\n"));
        assert_eq!(raw.len(), usize::try_from(mail["bytes"].as_u64().unwrap()).unwrap());
    }
}

#[test]
fn what_is_held_about_an_address_is_shown_and_erased() {
    let config =
        format!("{CONFIG}subjects = 'subjects'\n[record]\nfolder = 'cases'\nrecipients = ['@school.example']\n");
    let subjects = serde_json::json!({ "format": "wehr-subjects 1", "subjects": {
        "p-1": { "addresses": ["anna@school.example"], "class": "everybody", "since": "2026-03-01T09:14:07Z" },
        "p-2": { "addresses": ["bea@school.example"], "class": "everybody", "since": "2026-03-01T09:14:07Z" } } });
    let place = folder(&[("w.toml", config.as_str()), ("subjects", &subjects.to_string())]);
    let server = serve(place.path());
    let anna = |verb: &str, more: &[&str]| {
        wehr(place.path(), &[&[verb, "anna@school.example", "--config", "w.toml", "--json"], more].concat())
    };
    let of = |told: &std::process::Output, kind: &str| -> Vec<Value> {
        assert_eq!(code(told), 0, "{}", err(told));
        lines(told).into_iter().filter(|line| line["kind"] == kind).collect()
    };
    send(&server, &["anna@school.example", "bea@school.example"], BODY);
    send(&server, &["carl@school.example"], &BODY.replace("To: anna@", "To: joanna@").replace("<1@", "<2@"));
    wait_for(&server, "wehr_records_total{result=\"kept\"} 2");
    drop(server);
    let held = anna("subject-access", &[]);
    let [mail] = &of(&held, "quarantined mail")[..] else { panic!("{}", out(&held)) };
    assert_eq!((mail["state"].as_str(), mail["slip"]["subject"].as_str()), (Some("held"), Some("The marks")));
    assert_eq!(of(&held, "recorded case").len(), 1);
    assert_eq!(of(&held, "subject")[0]["what"], "p-1");
    assert!(of(&held, "note").iter().any(|note| note["what"].as_str().unwrap().contains("learned model")));

    let erased = anna("erase", &[]);
    assert_eq!(of(&erased, "quarantined mail")[0]["state"], "erased");
    assert_eq!(of(&erased, "recorded case")[0]["state"], "erased");
    assert_eq!(of(&erased, "subject")[0]["state"], "erased");
    let left = fs::read_to_string(place.path().join("subjects")).unwrap();
    assert!(!left.contains("anna") && left.contains("bea"), "{left}");
    let after = anna("subject-access", &[]);
    assert!(of(&after, "quarantined mail").is_empty() && of(&after, "recorded case").is_empty(), "{}", out(&after));
    // Bea still has hers, without the case that named Anna; Carl was never touched.
    let left = lines(&verb(place.path(), &["list", "--json"]));
    assert_eq!(left.len(), 2);
    // Within one second the order is by chance.
    let hers = left.iter().find(|mail| mail["recipients"][0]["address"] == "bea@school.example").unwrap();
    assert_eq!(hers["recipients"].as_array().unwrap().len(), 1);
    assert_eq!(code(&verb(place.path(), &["show", "--case", hers["id"].as_str().unwrap()])), 1);
    // Who sent it may ask, too.
    let bert = wehr(place.path(), &["erase", "bert@other.example", "--sent", "--config", "w.toml", "--json"]);
    assert_eq!(of(&bert, "quarantined mail").len(), 2);
    assert!(files(&place.path().join("aside")).is_empty());
    assert_eq!(code(&wehr(place.path(), &["erase", "anna"])), 2);
}
