//! Privacy: what a server writes of a mail names nobody in clear, and pseudonyms are found as long as their key lives.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/serving.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod serving;

use serde_json::Value;
use serving::Serving;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};
use wehr::config::{Settings, keys::KEYS, retention};

const CONFIG: &str = r#"
authserv_id = "mx.school.example"
[milter]
listen = []
[lmtp]
listen = ["127.0.0.1:0"]
[http]
listen = ["127.0.0.1:0"]
[log]
pseudonym_days = 3
"#;

/// Nothing of these may stand in a log or a metric.
const PERSONAL: [&str; 7] = ["anna", "mueller", "parent", "geheim", "zeugnis", "192.0.2.77", "192.0.2."];

/// A filter in a folder of its own; it ends with the test.
struct Filter {
    serving: Serving,
    folder: tempfile::TempDir,
}

impl Filter {
    fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("wehr.toml"), config).unwrap();
        let serving = Serving::start(&mut serving::command(folder.path(), "wehr.toml", &["--log", "json"]));
        Self { serving, folder }
    }

    /// Hands a mail over and returns the last reply.
    fn send(&self) -> String {
        let mut stream = BufReader::new(TcpStream::connect(self.serving.place("lmtp")).unwrap());
        let mut say = |text: &str| {
            stream.get_mut().write_all(text.as_bytes()).unwrap();
            let mut line = String::new();
            loop {
                line.clear();
                stream.read_line(&mut line).unwrap();
                if line.as_bytes().get(3) != Some(&b'-') {
                    return line.clone();
                }
            }
        };
        say("");
        say("LHLO mta.school.example\r\n");
        say("XFORWARD ADDR=192.0.2.77 HELO=parent.example IDENT=4bXq1T3Xz1z9\r\n");
        say("MAIL FROM:<parent@sender.example>\r\n");
        say("RCPT TO:<Anna.Mueller@school.example>\r\n");
        say("DATA\r\n");
        say("From: parent@sender.example\r\nTo: Anna <anna.mueller@school.example>\r\nSubject: Zeugnis geheim\r\n\
            \r\nGeheim.\r\n.\r\n")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn stop(&mut self) {
        Command::new("kill").arg(self.serving.child.id().to_string()).status().unwrap();
        self.serving.child.wait().unwrap();
    }
}

fn wehr(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wehr")).args(arguments).current_dir(folder).output().unwrap()
}

fn line(log: &str) -> Value {
    let found = log.lines().find(|line| line.contains("\"mail\"")).unwrap_or_else(|| panic!("no mail in {log}"));
    serde_json::from_str(found).unwrap()
}

#[test]
fn the_log_and_the_metrics_name_nobody_and_pseudonyms_are_found() {
    let mut filter = Filter::start(CONFIG);
    let reply = filter.send();
    assert!(reply.starts_with("250"), "{reply}");
    let mut metrics = TcpStream::connect(filter.serving.host("metrics")).unwrap();
    metrics.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut series = String::new();
    metrics.read_to_string(&mut series).unwrap();
    filter.stop();
    let log = filter.log();
    for word in PERSONAL {
        assert!(!log.to_lowercase().contains(word), "{word} is in the log: {log}");
        assert!(!series.to_lowercase().contains(word), "{word} is in the metrics");
    }
    let line = line(&log);
    assert_eq!((&line["queue_id"], &line["sender_domain"]), (&"4bXq1T3Xz1z9".into(), &"sender.example".into()));
    assert_eq!((&line["client_network"], &line["recipients"]), (&"-".into(), &1.into()));
    for (whom, field) in
        [("anna.mueller@SCHOOL.example", "to"), ("parent@sender.example", "sender"), ("192.0.2.77", "client")]
    {
        let output = wehr(filter.folder.path(), &["pseudonym", whom, "--config", "wehr.toml", "--json"]);
        assert_eq!(output.status.code(), Some(0));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["pseudonym"], line[field], "{whom}");
    }
    let access =
        wehr(filter.folder.path(), &["subject-access", "anna.mueller@school.example", "--config", "wehr.toml"]);
    let told = String::from_utf8(access.stdout).unwrap();
    assert!(told.contains(line["to"].as_str().unwrap()), "{told}");
    // The key is gone, and with it whoever could tell.
    let keys = filter.folder.path().join("wehr-data/log-keys");
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 2, "today's and tomorrow's");
    fs::remove_dir_all(&keys).unwrap();
    let output = wehr(filter.folder.path(), &["pseudonym", "anna.mueller@school.example", "--config", "wehr.toml"]);
    assert!(output.status.code() == Some(1) && output.stdout.is_empty());
}

#[test]
fn keys_that_are_too_old_are_destroyed_when_the_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("wehr-data/log-keys");
    fs::create_dir_all(&keys).unwrap();
    // A second name shows what was overwritten.
    let old = keys.join("2020-01-01.key");
    fs::write(&old, [7; 32]).unwrap();
    fs::hard_link(&old, folder.path().join("seen")).unwrap();
    fs::write(folder.path().join("wehr.toml"), CONFIG).unwrap();
    drop(Serving::start(&mut serving::command(folder.path(), "wehr.toml", &[])));
    assert!(!old.exists());
    assert_eq!(fs::read(folder.path().join("seen")).unwrap(), [0; 32]);
}

#[test]
fn without_keys_the_log_says_a_dash_and_with_the_network_no_more_than_that() {
    let config = CONFIG.replace("pseudonym_days = 3", "pseudonym_days = 0\nclient_network = \"yes\"");
    let mut filter = Filter::start(&config);
    assert!(filter.send().starts_with("250"));
    filter.stop();
    let line = line(&filter.log());
    assert_eq!((&line["to"], &line["sender"], &line["client"]), (&"-".into(), &"-".into(), &"-".into()));
    assert_eq!(line["client_network"], "192.0.2.0/24");
    assert!(!filter.log().contains("192.0.2.77"));
}

/// The report about a configuration: exit code and lines.
fn audit(config: &str, arguments: &[&str]) -> (i32, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wehr.toml"), config).unwrap();
    fs::write(folder.path().join("tokens"), format!("anna operator {}\n", "0".repeat(64))).unwrap();
    for (name, mode) in [("digest.key", 0o644), ("ldap.password", 0o600)] {
        fs::write(folder.path().join(name), "secret\n").unwrap();
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let keys = folder.path().join("wehr-data/log-keys");
    fs::create_dir_all(&keys).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(keys.join("2020-01-01.key"), [7; 32]).unwrap();
    let output = wehr(folder.path(), &[&["audit", "--config", "wehr.toml", "--json"], arguments].concat());
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), lines)
}

#[test]
fn an_audit_finds_what_an_auditor_would() {
    let config = r#"
[lmtp]
listen = ["0.0.0.0:8024"]
[http]
admin_listen = ["192.0.2.1:8081"]
admin_tokens = "tokens"
mailbox_listen = ["192.0.2.1:8082"]
[clamd]
address = "192.0.2.9:3310"
[quarantine]
keep_days = 400
[quarantine.digest]
link = "https://mail.school.example/held"
from = "Mail <mail@school.example>"
at = ["07:00"]
secret_file = "digest.key"
[encryption]
ldap = "ldaps://192.0.2.8/dc=school"
ldap_user = "cn=wehr"
ldap_password = "ldap.password"
"#;
    let (code, lines) = audit(config, &[]);
    assert_eq!(code, 1);
    let found = |section: &str, word: &str| {
        let is_it = |line: &&Value| line["section"] == section && line["what"].as_str().unwrap().contains(word);
        let line = lines.iter().find(is_it).unwrap_or_else(|| panic!("no {section} {word}: {lines:#?}"));
        assert!(["where", "why"].iter().all(|key| !line[*key].as_str().unwrap().is_empty()), "{line}");
        line["state"].as_str().unwrap().to_owned()
    };
    for (section, word, state) in [
        ("version", "rulebook", "ok"),
        ("egress", "mode allow", "finding"),
        ("egress", "192.0.2.9:3310", "finding"),
        ("listeners", "0.0.0.0:8024", "finding"),
        ("listeners", "192.0.2.1:8081", "finding"),
        ("listeners", "192.0.2.1:8082", "finding"),
        ("listeners", "127.0.0.1:8894", "ok"),
        ("listeners", "1 operator", "ok"),
        ("retention", "quarantine: 400 days", "finding"),
        ("retention", "overdue: 2020-01-01", "finding"),
        ("secrets", "keys of the log, mode 755", "finding"),
        ("secrets", "secret of the links, mode 644", "finding"),
        ("secrets", "password of the directory, mode 600", "ok"),
        ("forgery", "own domains", "finding"),
        ("failure", "clamd down", "ok"),
        ("bounds", "octets a message", "ok"),
    ] {
        assert_eq!(found(section, word), state, "{section} {word}");
    }
    let sections: Vec<&str> = lines.iter().map(|line| line["section"].as_str().unwrap()).collect();
    let mut order = sections.clone();
    order.dedup();
    let expected = [
        "version",
        "egress",
        "listeners",
        "retention",
        "secrets",
        "encryption",
        "forgery",
        "failure",
        "bounds",
        "hardening",
    ];
    assert_eq!(order, expected);
    let (_, lines) = audit(config, &["--days-max", "400"]);
    let is_found =
        |line: &Value| line["what"].as_str().unwrap().starts_with("quarantine: 400") && line["state"] == "ok";
    assert!(lines.iter().any(is_found));
    assert_eq!(audit("nonsense = 1", &[]).0, 2);
}

/// What both documents say of the program: one row for everything that is kept, and only keys and verbs that exist.
#[test]
fn the_records_of_processing_say_what_the_program_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wehr.toml");
    fs::write(folder.path().join("tokens"), "").unwrap();
    // Everything that is off by default is turned on, its days are the defaults.
    let config = "[http]\nadmin_tokens = 'tokens'\n[record]\nfolder = 'cases'\nrecipients = '@school.example'\n";
    fs::write(&file, config).unwrap();
    let kept = retention::kept(&Settings::load(Some(&file)).unwrap());
    assert_eq!(kept.len(), 9);
    let defaults = retention::kept(&Settings::load(None).unwrap());
    for (name, days, ends) in [
        ("privacy.md", ["day", "days"], "end of the process"),
        ("datenschutz.md", ["Tag", "Tage"], "Ende des Prozesses"),
    ] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .filter(|row: &Vec<&str>| row.len() == 5)
            .collect();
        assert_eq!(rows.len(), kept.len(), "{name}");
        for (kept, default) in kept.iter().zip(&defaults) {
            let row = rows.iter().find(|row| row[0] == format!("`{}`", kept.name));
            let row = row.unwrap_or_else(|| panic!("{name}: no row for {}", kept.name));
            let expected = match kept.days {
                Some(0) => ends.to_owned(),
                Some(count) => format!("{count} {}", days[usize::from(count > 1)]),
                None => panic!("{} is off", kept.name),
            };
            assert_eq!(row[3], expected, "{name}: {}", kept.name);
            let place = format!("`{}`", default.place.trim_start_matches("redb:"));
            assert!(row[2] == place || !place.contains('/'), "{name}: {} is at {place}", kept.name);
            if row[4].starts_with('`') {
                assert_eq!(row[4], format!("`{}`", kept.key), "{name}: {}", kept.name);
            }
        }
        for word in text.split('`').skip(1).step_by(2) {
            let first = word.split([' ', '=']).next().unwrap();
            let table = first.split('.').next().unwrap();
            if first.contains('.') && KEYS.iter().any(|key| key.name.split('.').next() == Some(table)) {
                assert!(KEYS.iter().any(|key| key.name == first), "{name}: no key {first}");
            }
            if let Some(line) = word.strip_prefix("wehr ") {
                let verb = line.split(' ').next().unwrap();
                assert!(wehr(folder.path(), &[verb, "--help"]).status.success(), "{name}: no verb {verb}");
            }
        }
    }
    let (limits, english) = (wehr::limits::HISTORY_VERDICTS_MAX, include_str!("../docs/privacy.md"));
    assert!(english.contains(&format!("the last {limits} verdicts")));
    assert!(english.contains(&format!("failed on; {} at most", wehr::limits::FAULT_CASES_MAX)));
}
