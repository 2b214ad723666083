//! Under Landlock and seccomp the server takes mail, sets it aside and reloads; what it was not told of it cannot open.

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
#[path = "support/talk.rs"]
mod talk;

use serving::Serving;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

const CONFIG: &str =
    "[milter]\nlisten = ['unix:run/milter']\n[lmtp]\nlisten = ['127.0.0.1:0']\n[http]\nlisten = ['127.0.0.1:0']\n";

/// A filter in a folder of its own, which does not lie below its folder for temporary files.
struct Filter {
    serving: Serving,
    folder: tempfile::TempDir,
}

impl Filter {
    fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["etc", "tmp", "run", "elsewhere"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::create_dir(folder.path().join("etc/run")).unwrap();
        fs::write(folder.path().join("etc/wehr.toml"), config).unwrap();
        let mut command = serving::command(folder.path(), "etc/wehr.toml", &["--log", "json"]);
        let serving = Serving::start(command.env("TMPDIR", folder.path().join("tmp")));
        Self { serving, folder }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.serving.host("metrics")).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    /// Reloads with another configuration and returns what the log says of it.
    fn reload(&self, config: &str) -> String {
        let before = self.log().len();
        fs::write(self.folder.path().join("etc/wehr.toml"), config).unwrap();
        assert!(
            Command::new("kill").args(["-s", "HUP", &self.serving.child.id().to_string()]).status().unwrap().success()
        );
        let begun = Instant::now();
        loop {
            let log = self.log();
            let told = &log[before..];
            if told.contains("\"reloaded\"") || told.contains("reload failed") {
                return told.to_owned();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{log}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[test]
fn a_bounded_server_takes_mail_sets_aside_reloads_and_opens_nothing_else() {
    let filter = Filter::start(CONFIG);
    let ready = filter.page("/readyz");
    if ready.contains("landlock: absent") {
        eprintln!("left out: this kernel has no landlock");
        return;
    }
    assert!(ready.contains("landlock: full") && ready.contains("seccomp: full"), "{ready}");
    let status = fs::read_to_string(format!("/proc/{}/status", filter.serving.child.id())).unwrap();
    assert!(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(filter.folder.path().join("etc/run/milter").exists());

    let data = filter.folder.path().join("wehr-data");
    assert!(talk::send(filter.serving.place("lmtp"), "one").unwrap().starts_with("250"), "{}", filter.log());
    assert_eq!(files(&data.join("maildir")), 1);
    assert!(filter.page("/metrics").contains("process_resident_memory_bytes"));

    let strict = format!("{CONFIG}[policy]\ntag = 0\nquarantine = 0.1\n");
    let told = filter.reload(&strict);
    assert!(told.contains("\"reloaded\""), "{told}");
    assert!(talk::send(filter.serving.place("lmtp"), "two").unwrap().starts_with("250"));
    assert_eq!(files(&data.join("maildir")), 1);
    assert!(files(&data.join("quarantine")) > 1, "{}", filter.log());
    assert!(
        files(&data.join("log-keys")) == 2 && data.join("state.redb").exists() == data.join("state.redb").is_file()
    );

    // A file that everybody can read, but nobody named at the start.
    let classes = filter.folder.path().join("elsewhere/classes.toml");
    fs::write(&classes, "").unwrap();
    let moved = strict.replace("[policy]", &format!("[policy]\nrecipients = {classes:?}"));
    let told = filter.reload(&moved);
    assert!(told.contains("reload failed") && told.contains("landlock keeps this process from"), "{told}");
    let told = filter.reload(&format!("{strict}[encryption]\nanchors = {classes:?}\n"));
    assert!(told.contains("is not a readable file") && told.contains("landlock is in force"), "{told}");
    let told = filter.reload(&format!("{strict}[dns]\nresolvers = '127.0.0.1:5353'\n"));
    assert!(told.contains("TCP port 5353"), "{told}");
    assert!(filter.reload(&strict).contains("\"reloaded\""));
    assert!(talk::send(filter.serving.place("lmtp"), "three").unwrap().starts_with("250"));
}

#[test]
fn nothing_is_bounded_that_nobody_wants_bounded() {
    let filter = Filter::start(&format!("{CONFIG}[hardening]\nlandlock = 'off'\nseccomp = 'off'\n"));
    let ready = filter.page("/readyz");
    assert!(ready.contains("landlock: off") && ready.contains("seccomp: off"), "{ready}");
    let status = fs::read_to_string(format!("/proc/{}/status", filter.serving.child.id())).unwrap();
    let seccomp = status.lines().find(|line| line.starts_with("NoNewPrivs:")).unwrap();
    assert!(seccomp.ends_with('0') || fs::read_to_string("/proc/self/status").unwrap().contains("NoNewPrivs:\t1"));
    assert!(talk::send(filter.serving.place("lmtp"), "one").unwrap().starts_with("250"));
}
