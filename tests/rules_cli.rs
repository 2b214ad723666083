//! `wehr rules` as rule authors see it, and rules that change under a running server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/program.rs"]
mod program;

use program::{WEHR, code, err, folder, lines, out, wehr};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const RULE: &str = "[LURE]\nabout = \"a lure\"\nscore = 7.0\nwhen = '''any link.host in shorteners or subject ~ /lure/i'''\n\
                    hits = [\"A lure\"]\nmisses = [\"nothing here\"]\n";
const MAIL: &str = "From: a@b.example\r\nSubject: hello\r\n\r\nhttps://sh.example/x\r\n";

#[test]
fn rules_are_checked_tried_listed_and_compiled() {
    let files = folder(&[("r/a.toml", RULE), ("r/lists/shorteners.txt", "sh.example # ours\n"), ("m.eml", MAIL)]);
    let at = files.path();
    let checked = wehr(at, &["rules", "check", "--rules", "r"]);
    assert_eq!((code(&checked), out(&checked).trim()), (0, "1 symbols, 2 samples, nothing is wrong"));
    let none = wehr(at, &["rules", "test", "NO_SUCH_RULE", "--rules", "r"]);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    let tried = lines(&wehr(at, &["rules", "test", "--rules", "r", "--json"]));
    assert_eq!(tried.len(), 2);
    assert!(tried.iter().all(|sample| sample["ok"] == true && sample["name"] == "LURE"), "{tried:?}");
    let listed = lines(&wehr(at, &["rules", "list", "--rules", "r", "--json"]));
    assert_eq!(listed[0]["fields"], serde_json::json!(["link.host", "subject"]));
    assert_eq!(
        (&listed[0]["name"], &listed[0]["group"], &listed[0]["score"]),
        (&"LURE".into(), &"a".into(), &7.0.into())
    );
    assert!(["facts", "literal", "scan"].contains(&listed[0]["cost"].as_str().unwrap()));
    let compiled = wehr(at, &["rules", "compile", "--rules", "r", "-o", "r.wehr"]);
    assert_eq!(code(&compiled), 0, "{}", err(&compiled));
    for rules in ["r", "r.wehr"] {
        let judged = lines(&wehr(at, &["scan", "--json", "--rules", rules, "m.eml"]));
        let lure = judged[0]["symbols"].as_array().unwrap().iter().find(|symbol| symbol["name"] == "LURE").unwrap();
        assert_eq!((&judged[0]["action"], &lure["score"]), (&"tag".into(), &7.0.into()), "{rules}");
    }
}

#[test]
fn a_failing_sample_is_told_with_its_place() {
    let files = folder(&[
        ("r/a.toml", &RULE.replace("A lure", "A cure").replace(" or ", " and ")),
        ("r/lists/shorteners.txt", "sh.example\n"),
    ]);
    let checked = wehr(files.path(), &["rules", "check", "--rules", "r"]);
    assert_eq!(code(&checked), 2);
    assert_eq!(err(&checked).trim(), "r/a.toml:5:9: [LURE] does not hit this sample");
    let tried = wehr(files.path(), &["rules", "test", "--rules", "r"]);
    assert_eq!(code(&tried), 1);
    assert!(out(&tried).starts_with("FAIL LURE"), "{}", out(&tried));
    let scanned = wehr(files.path(), &["scan", "--rules", "r", "r/a.toml"]);
    assert_eq!(code(&scanned), 2);
}

#[test]
fn what_is_no_compiled_file_is_refused() {
    let files = folder(&[
        ("x.wehr", "{}"),
        ("y.wehr", "{\"format\":\"wehr-rules 0\",\"sources\":{\"files\":[],\"lists\":{}}}"),
    ]);
    let refused = wehr(files.path(), &["rules", "check", "--rules", "x.wehr"]);
    assert!(code(&refused) == 2 && err(&refused).contains("not made by `wehr rules compile`"), "{}", err(&refused));
    let old = wehr(files.path(), &["rules", "check", "--rules", "y.wehr"]);
    assert!(err(&old).contains("compile it again"), "{}", err(&old));
}

/// A server that ends with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn metrics(place: &str) -> String {
    let address = place.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/metrics")).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

/// Waits until the metrics say this, at most half a minute: files are looked at every five seconds, twice.
fn wait_for(place: &str, line: &str) {
    let start = Instant::now();
    while !metrics(place).contains(line) {
        assert!(start.elapsed() < Duration::from_secs(30), "{line} does not come in\n{}", metrics(place));
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_running_server_reads_changed_rules_and_keeps_the_old_ones_if_the_new_are_wrong() {
    let config = "[milter]\nlisten = []\n[lmtp]\nlisten = []\n[http]\nlisten = ['127.0.0.1:0']\n[rules]\ndir = 'r'\n";
    let files = folder(&[("w.toml", config), ("r/a.toml", RULE), ("r/lists/shorteners.txt", "sh.example\n")]);
    let mut child = Command::new(WEHR)
        .args(["serve", "--config", "w.toml", "--json"])
        .current_dir(files.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut told).unwrap();
    let _serving = Serving(child);
    let places: Value = serde_json::from_str(&told).unwrap();
    let place = places["metrics"][0].as_str().unwrap();
    assert!(metrics(place).contains("wehr_reloads_total{result=\"done\"} 0"));
    fs::write(files.path().join("r/lists/shorteners.txt"), "other.example\nsh.example\n").unwrap();
    wait_for(place, "wehr_reloads_total{result=\"done\"} 1");
    fs::write(files.path().join("r/a.toml"), RULE.replace("link.host", "link.hots")).unwrap();
    wait_for(place, "wehr_reloads_total{result=\"failed\"} 1");
    fs::write(files.path().join("r/a.toml"), RULE).unwrap();
    wait_for(place, "wehr_reloads_total{result=\"done\"} 2");
}
