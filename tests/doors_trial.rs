//! The doors that only ask, `/checkv2` and spamd: byte for byte, and with the real rspamc and spamc of Debian.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

const CONFIG: &str = r#"
authserv_id = "mx.school.example"
own_domains = ["school.example"]
[milter]
listen = []
[lmtp]
listen = []
[http]
listen = ["127.0.0.1:0"]
check_listen = ["127.0.0.1:0"]
[spamd]
listen = ["127.0.0.1:0"]
[limits]
message_bytes_max = 65536
"#;

/// A program that runs when it is opened: refused by the classes that are built in.
const PROGRAM: &str = "Return-Path: <a@sender.example>\nReceived: from mail.sender.example (mail.sender.example [192.0.2.9])\n \
    by mx.school.example; Mon, 2 Mar 2026 10:00:00 +0000\nDelivered-To: r@school.example\nFrom: a@sender.example\n\
    To: r@school.example\nSubject: invoice\nMessage-ID: <1@sender.example>\nDate: Mon, 2 Mar 2026 10:00:00 +0000\n\
    MIME-Version: 1.0\nContent-Type: application/octet-stream; name=\"invoice.exe\"\n\
    Content-Disposition: attachment; filename=\"invoice.exe\"\nContent-Transfer-Encoding: base64\n\nTVqQAAMAAAAEAAAA\n";
const GREETING: &str = "From: b@sender.example\nTo: r@school.example\nSubject: hello\nMessage-ID: <2@sender.example>\n\
    Date: Mon, 2 Mar 2026 10:00:00 +0000\n\nSee you on Monday.\n";

/// A filter in a folder of its own; it ends with the test.
struct Filter {
    child: Child,
    check: String,
    spamd: String,
    metrics: String,
    _folder: tempfile::TempDir,
}

impl Filter {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("wehr.toml"), CONFIG).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_wehr"))
            .args(["serve", "--config", "wehr.toml", "--json"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let places: Value = serde_json::from_str(&line).unwrap();
        let url = |key: &str, path: &str| {
            let text = places[key][0].as_str().unwrap();
            text.trim_start_matches("http://").trim_end_matches(path).to_owned()
        };
        Self {
            check: url("check", "/checkv2"),
            spamd: url("spamd", ""),
            metrics: url("metrics", "/metrics"),
            child,
            _folder: folder,
        }
    }

    fn talk(address: &str, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        // The answer may come before everything was sent.
        let _ = stream.write_all(request);
        // HTTP says where a request ends, and a client that closes is gone.
        if !request.windows(9).any(|nine| nine == b" HTTP/1.1") {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn post(&self, fields: &str, mail: &str) -> (u16, Value) {
        let request = format!(
            "POST /checkv2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n{fields}\r\n{mail}",
            mail.len()
        );
        let answer = Self::talk(&self.check, request.as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer}")).parse().unwrap();
        (status, serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap())
    }

    fn series(&self, name: &str) -> String {
        let text = Self::talk(&self.metrics, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("is missing").trim().to_owned()
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn checkv2_answers_as_rspamd_does() {
    let filter = Filter::start();
    let fields = "From: a@sender.example\r\nRcpt: r@school.example\r\nIP: 192.0.2.9\r\nHelo: mail.sender.example\r\n\
        Hostname: mail.sender.example\r\nQueue-Id: 4ABC\r\n";
    let (status, told) = filter.post(fields, PROGRAM);
    assert_eq!(status, 200);
    assert_eq!(told["action"], "reject", "{told}");
    assert_eq!(told["message-id"], "1@sender.example");
    assert_eq!(told["required_score"], 15.0);
    let (name, symbol) = told["symbols"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(symbol["name"], name.as_str());
    assert!(symbol["score"].is_number() && symbol["description"].is_string() && symbol["options"].is_array());
    let (status, told) = filter.post(fields, GREETING);
    assert_eq!((status, &told["action"]), (200, &Value::from("no action")), "{told}");
    let results = &told["milter"]["add_headers"]["Authentication-Results"]["value"];
    assert!(results.as_str().unwrap().starts_with("mx.school.example"), "{told}");
    assert_eq!(filter.series("wehr_mails_total{action=\"reject\",door=\"check\"}"), "1");
    assert_eq!(filter.series("wehr_mails_open"), "0");
}

#[test]
fn a_mail_without_verdict_is_an_error() {
    let filter = Filter::start();
    let (status, told) = filter.post("From: a@b.example\r\n", &format!("{GREETING}{}", "x\n".repeat(40_000)));
    assert_eq!(status, 413);
    assert!(told["error"].as_str().unwrap().contains("65536") && told["hint"].is_string(), "{told}");
    let (status, told) = filter.post("Compression: zstd\r\n", GREETING);
    assert_eq!((status, told["action"].is_null()), (415, true));
    let answer = Filter::talk(&filter.check, b"GET /checkv2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let long = format!("SYMBOLS SPAMC/1.5\r\n\r\n{GREETING}{}", "x\n".repeat(40_000));
    let answer = Filter::talk(&filter.spamd, long.as_bytes());
    assert!(answer.starts_with("SPAMD/1.0 65 EX_DATAERR"), "{answer}");
}

#[test]
fn spamd_answers_as_spamassassin_does() {
    let filter = Filter::start();
    let ask = |command: &str, mail: &str| {
        let request = format!("{command} SPAMC/1.5\r\nContent-length: {}\r\n\r\n{mail}", mail.len());
        Filter::talk(&filter.spamd, request.as_bytes())
    };
    let answer = ask("CHECK", PROGRAM);
    assert!(answer.starts_with("SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: True ; "), "{answer}");
    let answer = ask("SYMBOLS", PROGRAM);
    assert!(answer.contains("ATTACHMENT_POLICY"), "{answer}");
    let answer = ask("REPORT_IFSPAM", GREETING);
    assert!(answer.contains("Spam: False ; ") && answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = ask("PROCESS", GREETING);
    let (head, mail) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-length: {}\r\n", mail.len())), "{answer}");
    assert!(!mail.contains('\r') && mail.contains("Authentication-Results: ") && mail.ends_with(GREETING), "{mail}");
    assert_eq!(Filter::talk(&filter.spamd, b"PING SPAMC/1.2\r\n"), "SPAMD/1.5 0 PONG\r\n");
    let answer = Filter::talk(&filter.spamd, b"HELP ME\r\n");
    assert!(answer.starts_with("SPAMD/1.0 76 "), "{answer}");
    assert_eq!(filter.series("wehr_mails_open"), "0");
}

/// A program of Debian's; where it is missing the test is left out, or fails where all parts are required.
fn part(name: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    let is_required = std::env::var_os("WEHR_REQUIRE_PARTS").is_some();
    assert!(found.is_some() || !is_required, "{name} is missing: install {package}");
    found
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn run(program: &Path, arguments: &[&str], mail: &str) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn the_real_rspamc_understands() {
    let Some(rspamc) = part("rspamc", "rspamd") else { return };
    let filter = Filter::start();
    let envelope = ["--ip", "192.0.2.9", "--from", "a@sender.example", "--rcpt", "r@school.example"];
    let arguments = [&["-h", &filter.check], envelope.as_slice()].concat();
    let output = run(&rspamc, &arguments, PROGRAM);
    let told = out(&output);
    assert!(
        output.status.success() && told.contains("Action: reject"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("Symbol: ATTACHMENT_POLICY") && told.contains("Message-ID: 1@sender.example"), "{told}");
    let told = out(&run(&rspamc, &arguments, GREETING));
    assert!(told.contains("Action: no action"), "{told}");
    let told = out(&run(&rspamc, &["-h", &filter.check, "--json"], PROGRAM));
    assert!(told.contains("\"reject\""), "guessed from the trace fields: {told}");
}

#[test]
fn the_real_spamc_understands() {
    let Some(spamc) = part("spamc", "spamc") else { return };
    let filter = Filter::start();
    let (host, port) = filter.spamd.split_once(':').unwrap();
    let ask = |option: &str, mail: &str| run(&spamc, &["-x", "-d", host, "-p", port, option], mail);
    let check = ask("-c", PROGRAM);
    assert_eq!(check.status.code(), Some(1), "spamc -c ends with 1 for spam: {check:?}");
    assert_eq!(ask("-c", GREETING).status.code(), Some(0));
    let symbols = out(&ask("--tests", PROGRAM));
    assert!(symbols.contains("ATTACHMENT_POLICY"), "{symbols}");
    let report = out(&ask("-R", PROGRAM));
    assert!(report.contains("reject") && report.contains("ATTACHMENT_POLICY"), "{report}");
    let processed = out(&ask("-l", GREETING));
    assert!(processed.contains("Authentication-Results: ") && processed.ends_with(GREETING), "{processed}");
    assert_eq!(ask("-K", "").status.code(), Some(0), "ping");
}
