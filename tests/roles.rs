//! The admin API with a real door before it: live stream, explanations, quarantine, subjects and lessons, by role.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/office.rs"]
mod office;

use office::{Office, unwanted};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

const MIA: &str = "mia.lang@school.example";
const PROGRAM: &str = "From: a@b.example\r\nTo: x@school.example\r\nSubject: tool\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\
    Message-ID: <1@b.example>\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"tool.exe\"\r\n\r\nMZ\r\n";

/// What a portal says of a subject.
fn say(office: &Office, who: &str, name: &str, addresses: &[&str], class: &str) -> (u16, Value) {
    let body = json!({ "addresses": addresses, "class": class }).to_string();
    office.ask("PUT", &format!("recipients/{name}"), who, body.as_bytes(), "Content-Type: application/json\r\n")
}

#[test]
fn a_portal_says_which_class_counts_for_whom() {
    let mut office = Office::start();
    assert!(office.deliver("a@b.example", "x@school.example", PROGRAM).starts_with("550"));
    let (status, told) = say(&office, "iserv", "p-1", &["X@school.example"], "labor");
    assert_eq!((status, &told["addresses"][0], &told["class"]), (200, &json!("x@school.example"), &json!("labor")));
    // It counts with the next mail, and after a restart.
    assert!(office.deliver("a@b.example", "x@school.example", PROGRAM).starts_with("250"));
    let (_, health) = office.get("health", "anna");
    assert!(health["subjects"] == 1 && health["rulebook"].as_str().unwrap().contains('+'), "{health}");
    office.restart();
    assert!(office.deliver("a@b.example", "x+y@school.example", PROGRAM).starts_with("250"));
    assert_eq!(office.get("health", "anna").1["rulebook"], health["rulebook"]);
    // The same again keeps the date; an address of two subjects is a conflict, until it has left the first one.
    assert_eq!(say(&office, "iserv", "p-1", &["x@school.example"], "labor").1["since"], told["since"]);
    let (status, told) = say(&office, "iserv", "p-2", &["x@school.example"], "everybody");
    assert!(status == 409 && told["error"].as_str().unwrap().contains("p-1"), "{told}");
    assert_eq!(say(&office, "iserv", "p-1", &["x@other.example"], "labor").0, 200);
    assert_eq!(say(&office, "iserv", "p-2", &["x@school.example"], "everybody").0, 200);
    assert!(office.deliver("a@b.example", "x@school.example", PROGRAM).starts_with("550"));
    // What cannot be is told.
    let (status, told) = say(&office, "iserv", "p-3", &["y@school.example"], "labour");
    assert!(status == 422 && told["error"].as_str().unwrap().contains("did you mean `labor`"), "{told}");
    assert_eq!(say(&office, "iserv", "p-3", &["y"], "labor").0, 422);
    assert_eq!(say(&office, "ben", "p-3", &["y@school.example"], "labor").0, 403);
    assert_eq!(office.get("verdicts", "iserv").0, 403);
    assert_eq!(office.get("recipients", "iserv").1["subjects"].as_array().map(Vec::len), Some(2));
    assert_eq!(office.ask("DELETE", "recipients/p-2", "iserv", b"", "").0, 200);
    assert_eq!(office.get("recipients/p-2", "iserv").0, 404);
    let stored: Value =
        serde_json::from_str(&fs::read_to_string(office.folder.path().join("subjects.json")).unwrap()).unwrap();
    assert_eq!(stored["subjects"].as_object().unwrap().keys().collect::<Vec<_>>(), ["p-1"]);
}

#[test]
fn recipients_see_and_release_what_is_theirs() {
    let office = Office::start();
    for to in [MIA, "leo@school.example", "tim@pupils.example"] {
        assert!(office.deliver("b@sender.example", to, &unwanted(to)).starts_with("250"));
    }
    assert_eq!(office.get("quarantine", "anna").1["mails"].as_array().map(Vec::len), Some(3));
    let (_, own) = office.get("quarantine", "mia");
    let mails = own["mails"].as_array().unwrap();
    assert!(mails.len() == 1 && mails[0]["may_release"] == true && !own.to_string().contains("leo@"), "{own}");
    let (_, verdicts) = office.get("verdicts", "mia");
    assert_eq!(verdicts["verdicts"].as_array().map(Vec::len), Some(1));
    assert!(verdicts["verdicts"][0]["private"]["facts"].as_array().unwrap().is_empty());
    let (_, bare) = office.get("quarantine", "ben");
    assert!(!bare.to_string().contains("school.example") && !bare.to_string().contains("renewal"), "{bare}");
    // A token of a subject follows its addresses.
    assert!(office.get("quarantine", "leo").1["mails"].as_array().unwrap().is_empty());
    say(&office, "iserv", "p-leo", &["leo@school.example", "tim@pupils.example"], "pupils");
    let (_, leo) = office.get("quarantine", "leo");
    assert_eq!(leo["mails"].as_array().map(Vec::len), Some(2));
    assert_eq!(leo["mails"][0]["may_release"], false, "the class says no");
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let (his, hers) = (id(&leo["mails"][0]), id(&mails[0]));
    assert_eq!(office.ask("POST", &format!("quarantine/{his}/release"), "leo", b"", "").0, 403);
    assert_eq!(office.ask("POST", &format!("quarantine/{his}/release"), "mia", b"", "").0, 404);
    assert_eq!(office.get(&format!("quarantine/{his}"), "mia").0, 404);
    assert_eq!(office.ask("DELETE", &format!("quarantine/{his}"), "mia", b"", "").0, 404);
    let (_, shown) = office.get(&format!("quarantine/{hers}"), "mia");
    assert!(shown["head"].as_str().unwrap().contains("Subject:") && shown["parts"].is_array(), "{shown}");
    let (status, told) = office.ask("POST", &format!("quarantine/{hers}/release"), "mia", b"", "");
    assert_eq!((status, &told["recipients"][0]["state"]), (200, &json!("released")), "{told}");
    let (_, told) = office.ask("POST", &format!("quarantine/{hers}/release"), "mia", b"", "");
    assert_eq!(told["recipients"][0]["reply"], "before");
    assert!(office.get("quarantine", "mia").1["mails"].as_array().unwrap().is_empty());
    assert_eq!(office.ask("DELETE", &format!("quarantine/{his}"), "anna", b"", "").0, 200);
    assert_eq!(office.get(&format!("quarantine/{his}"), "anna").0, 404);
}

#[test]
fn what_recipients_may_release_is_configured() {
    let office = Office::start_with("[quarantine.digest]\nrelease = ['infected']\n");
    assert!(office.deliver("b@sender.example", MIA, &unwanted(MIA)).starts_with("250"));
    let (_, own) = office.get("quarantine", "mia");
    assert_eq!(own["mails"][0]["may_release"], false, "{own}");
    let id = own["mails"][0]["id"].as_str().unwrap();
    assert_eq!(office.ask("POST", &format!("quarantine/{id}/release"), "mia", b"", "").0, 403);
    assert_eq!(office.ask("POST", &format!("quarantine/{id}/release"), "anna", b"", "").0, 200);
}

#[test]
fn a_mail_is_explained_without_consequences() {
    let office = Office::start();
    let mail = unwanted(MIA);
    let (status, told) =
        office.ask("POST", "explain?why_not=DATE_MISSING", "ben", mail.as_bytes(), "IP: 192.0.2.9\r\n");
    assert_eq!(status, 200, "{told}");
    assert!(told["verdict"]["action"] == "quarantine" && told["trace"]["why_not"][0]["symbol"] == "DATE_MISSING");
    assert!(told["trace"]["client"].as_str().unwrap().contains("192.0.2.9"));
    let matches =
        told["trace"]["rules"].as_array().unwrap().iter().map(|rule| rule["matches"].as_array().unwrap().len());
    assert!(matches.sum::<usize>() > 0 && !told["trace"]["changes"].as_array().unwrap().is_empty());
    assert!(office.get("verdicts", "anna").1["verdicts"].as_array().unwrap().is_empty());
    assert_eq!(office.get("rules", "anna").1["mails"], 0.0);
    assert!(office.get("quarantine", "anna").1["mails"].as_array().unwrap().is_empty());
    let (status, told) = office.ask("POST", "explain?why_not=DATE_MISING", "anna", mail.as_bytes(), "");
    assert!(status == 422 && told["error"].as_str().unwrap().contains("DATE_MISSING"), "{told}");
    assert_eq!(office.ask("POST", "explain", "anna", b"", "").0, 422);
    assert_eq!(office.ask("POST", "explain", "mia", mail.as_bytes(), "").0, 403);
}

#[test]
fn a_lesson_changes_the_model_and_the_server_takes_it_up() {
    let office = Office::start();
    let mail = unwanted(MIA);
    let (status, first) = office.ask("POST", "learn?as=spam", "ben", mail.as_bytes(), "");
    assert_eq!((status, &first["ham"], &first["spam"]), (200, &json!(1), &json!(2)), "{first}");
    office.deliver("b@sender.example", MIA, &mail);
    let (_, held) = office.get("quarantine", "anna");
    for name in ["id", "reference"] {
        let body = json!({ "quarantine": held["mails"][0][name] }).to_string();
        let fields = "Content-Type: application/json\r\n";
        assert_eq!(office.ask("POST", "learn?as=ham", "anna", body.as_bytes(), fields).0, 200, "{body}");
    }
    let before = office.get("health", "anna").1["rulebook"].clone();
    let taken_up = (0..30).any(|_| {
        std::thread::sleep(Duration::from_millis(500));
        office.get("health", "anna").1["rulebook"] != before
    });
    assert!(taken_up || office.get("health", "anna").1["reloads"]["done"] != 0.0, "the new model was not read");
    assert_eq!(office.ask("POST", "learn?as=junk", "anna", mail.as_bytes(), "").0, 422);
    assert_eq!(office.ask("POST", "learn?as=ham", "mia", mail.as_bytes(), "").0, 403);
    let missing = json!({ "quarantine": "nothing" }).to_string();
    assert_eq!(
        office.ask("POST", "learn?as=ham", "anna", missing.as_bytes(), "Content-Type: application/json\r\n").0,
        404
    );
}

/// The live stream: event and data, line by line.
fn follow(office: &Office, name: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(&office.admin).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!("GET /api/v1/live HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {name}-token\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    BufReader::new(stream)
}

fn until(reader: &mut BufReader<TcpStream>, wanted: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended before {wanted}: {lines:?}");
        lines.push(line.trim_end().to_owned());
        if line.starts_with(wanted) {
            return lines;
        }
    }
}

#[test]
fn the_live_stream_tells_each_verdict_and_ends_with_the_server() {
    let mut office = Office::start();
    let (mut anna, mut ben) = (follow(&office, "anna"), follow(&office, "ben"));
    until(&mut anna, ": begins");
    until(&mut ben, ": begins");
    office.deliver("b@sender.example", MIA, &unwanted(MIA));
    let heard = until(&mut anna, "data: ").pop().unwrap();
    let entry: Value = serde_json::from_str(heard.trim_start_matches("data: ")).unwrap();
    assert_eq!((&entry["action"], &entry["private"]["sender"]), (&json!("quarantine"), &json!("b@sender.example")));
    let heard = until(&mut ben, "data: ").pop().unwrap();
    assert!(heard.contains("quarantine") && !heard.contains('@'), "{heard}");
    assert_eq!(office.get("live", "mia").0, 403);
    office.terminate();
    until(&mut anna, "event: end");
}
