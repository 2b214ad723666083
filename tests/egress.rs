//! Egress: the list is complete, and denying it holds at the start, in the configuration, and at a reload.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Files that open connections, each on behalf of a key of the configuration or, the courier, to our own door.
const CONNECTING: [&str; 8] = [
    "cli/demo/courier.rs",
    "doors/deliver/lmtp/stream.rs",
    "doors/directory/web.rs",
    "doors/quarantine/bucket.rs",
    "world/clamd.rs",
    "world/dns_socket.rs",
    "world/store/secure.rs",
    "world/store/server.rs",
];
/// What opens a connection or asks for an address.
const CALLS: [&str; 9] = [
    "AmazonS3Builder::new",
    "Client::open(",
    "TcpStream::connect",
    "UnixStream::connect",
    "UdpSocket::bind",
    "TcpSocket::new",
    "UnixDatagram::",
    "lookup_host(",
    "to_socket_addrs(",
];

const EVERYTHING: &str = "[dns]\nresolvers = ['192.0.2.53', '127.0.0.1']\n[clamd]\naddress = '198.51.100.7:3310'\n\
                          [deliver]\nto = 'lmtps:store.example:24'\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn wehr(arguments: &[&str], config: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wehr.toml");
    fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wehr"));
    command.current_dir(folder.path()).args(arguments).arg("--config").arg(file).output().unwrap()
}

fn told(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The words of `Question`'s variants, from its source: a variant that nobody described is missing in the output.
fn variants() -> Vec<String> {
    let source = fs::read_to_string(root().join("src/judge/facts.rs")).unwrap();
    let body = source.split_once("pub enum Question {").unwrap().1.split_once("\n}").unwrap().0;
    let lines = body.lines().map(str::trim).filter(|line| line.starts_with(|letter: char| letter.is_ascii_uppercase()));
    lines.map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
}

#[test]
fn every_question_is_described_for_somebody() {
    let output = wehr(&["egress", "--json"], EVERYTHING);
    assert_eq!(output.status.code(), Some(1), "destinations beyond this machine are not listed");
    let told = told(&output);
    let destinations = told["destinations"].as_array().unwrap();
    let kinds: BTreeSet<&str> = destinations
        .iter()
        .flat_map(|destination| destination["data"].as_array().unwrap())
        .filter(|data| data["contents"].as_str().unwrap().len() > 20 || data["kind"] == "host")
        .map(|data| data["kind"].as_str().unwrap())
        .filter(|kind| !["mail", "host"].contains(kind))
        .collect();
    assert_eq!(kinds.len(), variants().len(), "{kinds:?} for {:?}", variants());
    let places: Vec<&str> = destinations.iter().map(|shown| shown["destination"].as_str().unwrap()).collect();
    let expected = [
        "192.0.2.53:53",
        "127.0.0.1:53",
        "198.51.100.7:3310",
        "wehr-data/state.redb",
        "name servers of this machine",
        "store.example:24",
    ];
    assert_eq!(places, expected);
    let local: Vec<bool> = destinations.iter().map(|shown| shown["is_local"].as_bool().unwrap()).collect();
    assert_eq!(local, [false, true, false, true, false, false]);
}

#[test]
fn nothing_else_opens_connections() {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if opens_connections(&path) {
                found.insert(path.strip_prefix(root().join("src")).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    // Looks whether anybody listens on a socket that a dead process left behind: our own.
    assert!(found.remove("doors/listener.rs"), "{found:?}");
    // Tells the service manager that started us how we are; words of our own, nothing of a mail.
    assert!(found.remove("server/notify.rs"), "{found:?}");
    assert_eq!(found, CONNECTING.map(str::to_owned).into(), "describe it in src/config/egress.rs first");
}

fn opens_connections(path: &Path) -> bool {
    if path.ends_with("tests.rs") {
        return false;
    }
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    CALLS.iter().any(|call| code.contains(call))
}

#[test]
fn a_configuration_that_denies_names_each_destination_with_its_place() {
    let denying = format!("{EVERYTHING}[egress]\nmode = 'deny'\n");
    let output = wehr(&["config", "check"], &denying);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    for wanted in [
        "wehr.toml:2:14: dns.resolvers: 192.0.2.53:53 is not on this machine",
        "wehr.toml:4:11: clamd.address: 198.51.100.7:3310 is not on this machine",
        "wehr.toml:6:6: deliver.to: store.example:24 is not on this machine",
    ] {
        assert!(told.contains(wanted), "missing {wanted} in\n{told}");
    }
    assert!(!told.contains("127.0.0.1"), "{told}");
    let listed = "allowed = ['192.0.2.0/24', '198.51.100.7:3310', 'store.example:24']\n";
    let output = wehr(&["config", "check"], &format!("{denying}{listed}"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = wehr(&["egress", "--json"], &format!("{denying}{listed}"));
    assert_eq!((output.status.code(), told_mode(&output)), (Some(0), "deny".to_owned()), "{output:?}");
    let output = wehr(&["config", "check"], "[egress]\nmode = 'never'\nallowed = 'a b'\n");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("2:8: egress.mode: `never` is neither allow nor deny"), "{told}");
    assert!(told.contains("3:11: egress.allowed: `a b` is no destination"), "{told}");
}

fn told_mode(output: &Output) -> String {
    told(output)["mode"].as_str().unwrap().to_owned()
}

#[test]
fn a_server_told_to_deny_does_not_start() {
    let doors = "[milter]\nlisten = []\n[lmtp]\nlisten = '127.0.0.1:0'\n[http]\nlisten = []\n";
    let output = wehr(&["serve", "--deny-egress"], &format!("{doors}{EVERYTHING}"));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("dns.resolvers: 192.0.2.53:53 is not on this machine"), "{told}");
}

/// A reload must not open what the start refused.
#[test]
fn a_reload_is_denied_too() {
    use std::{
        io::{BufRead, BufReader},
        process::Stdio,
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wehr.toml");
    let doors = "[milter]\nlisten = []\n[lmtp]\nlisten = '127.0.0.1:0'\n[http]\nlisten = []\n";
    fs::write(&file, doors).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_wehr"))
        .current_dir(folder.path())
        .args(["serve", "--deny-egress", "--json", "--config"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut places = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut places).unwrap();
    fs::write(&file, format!("{doors}[deliver]\nto = 'lmtp:192.0.2.24:24'\n")).unwrap();
    let signal = |name: &str| {
        assert!(Command::new("kill").arg(name).arg(server.id().to_string()).status().unwrap().success());
    };
    // The signal handler is set up right after the places are told.
    std::thread::sleep(std::time::Duration::from_millis(500));
    signal("-HUP");
    std::thread::sleep(std::time::Duration::from_millis(3000));
    signal("-TERM");
    let output = server.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("reload failed") && told.contains("deliver.to: 192.0.2.24:24 is not on this"), "{told}");
    assert!(output.status.success(), "{output:?}");
}
