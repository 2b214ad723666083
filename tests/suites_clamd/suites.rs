//! The mails, the database that knows what is in them, and the program that judges them.

use crate::clamd::Clamd;
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// ClamAV's harmless test program by digest; EICAR's 68 octets by digest.
const DIGESTS: &str =
    "aa15bcf478d165efd2065190eb473bcb:544:Wehr.Test.Program\n44d88612fea8a8f36de82e1278abb02f:68:Wehr.Test.Eicar\n";
/// The test string in two pieces, so that no scanner takes this file for a virus.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// What the manual asks of a clamd, in less time; without memory, for every mail shall be as if it were the first.
const SETTINGS: &str = "StreamMaxLength 100M\nAlertExceedsMax yes\nMaxScanTime 5000\nDisableCache yes\n";

/// A mail with what the suite wants to happen.
pub struct Case {
    pub id: String,
    pub expect: String,
    pub mail: Vec<u8>,
}

fn folder() -> PathBuf {
    let fallback = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites");
    let folder = env::var_os("WEHR_SUITES").map_or_else(|| PathBuf::from(fallback), PathBuf::from);
    assert!(folder.is_dir(), "no test suites at {}: set WEHR_SUITES to their folder", folder.display());
    folder
}

fn table(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// The cases of a table; their files are named from `area` on.
fn cases(area: &str, name: &str, change: fn(&[u8]) -> Vec<u8>) -> Vec<Case> {
    let area = folder().join(area);
    let of = |case: &Value, key: &str| case[key].as_str().unwrap().to_owned();
    table(&area.join(name))["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| Case {
            id: of(case, "id"),
            expect: of(case, "expect"),
            mail: change(&fs::read(area.join(of(case, "file"))).unwrap()),
        })
        .collect()
}

/// Content and file names that clients read differently.
pub fn noxxi() -> Vec<Case> {
    cases("mime", "noxxi/cases.json", completed)
}

/// Mails of ClamAV's own tests.
pub fn clamav() -> Vec<Case> {
    cases("mime", "clamav/cases.json", <[u8]>::to_vec)
}

/// Archives, bombs and names.
pub fn attachments() -> Vec<Case> {
    cases("attach", "cases.json", <[u8]>::to_vec)
}

/// Signed and encrypted mails, and those that only say so.
pub fn sealed() -> Vec<Case> {
    cases("attach", "crypto/cases.json", <[u8]>::to_vec)
}

/// The mail with what a mail server gives one on its way: domains in its addresses and a date. Without them it would
/// be refused for its header, whatever it holds.
fn completed(mail: &[u8]) -> Vec<u8> {
    let mut rest = mail;
    let mut whole = b"Date: Sun, 15 May 2022 12:29:00 +0000\r\n".to_vec();
    for (local, complete) in [("From: me", "From: me@sender.example"), ("To: you", "To: you@school.example")] {
        let at = rest.windows(local.len()).position(|window| window == local.as_bytes()).expect("a field to complete");
        whole.extend([&rest[..at], complete.as_bytes()].concat());
        rest = &rest[at + local.len()..];
    }
    whole.extend(rest);
    whole
}

/// A clamd that knows the payloads, also those that the suites bring signatures for.
pub fn scanner() -> Clamd {
    let mut digests = DIGESTS.to_owned();
    for name in ["attach/cases.json", "attach/crypto/cases.json", "attach/oletools/cases.json"] {
        let path = folder().join(name);
        if path.exists() {
            add_signatures(&table(&path), &mut digests);
        }
    }
    let pattern: String = EICAR.concat().bytes().map(|octet| format!("{octet:02x}")).collect();
    let database = [("own.hdb", digests), ("own.ndb", format!("Wehr.Test.EicarText:0:*:{pattern}\n"))];
    Clamd::start(&database, SETTINGS)
}

/// Texts of the form `digest:size:name`, wherever they stand in the table.
fn add_signatures(value: &Value, digests: &mut String) {
    let is_digest = |text: &str| text.len() == 32 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    match value {
        Value::Array(items) => items.iter().for_each(|item| add_signatures(item, digests)),
        Value::Object(pairs) => pairs.values().for_each(|item| add_signatures(item, digests)),
        Value::String(text) => {
            if let [digest, size, name] = text.trim().split(':').collect::<Vec<_>>()[..]
                && is_digest(digest)
                && size.parse::<u64>().is_ok()
            {
                *digests += &[digest, ":", size, ":", name, "\n"].concat();
            }
        }
        _ => {}
    }
}

/// What the program says of each mail, in their order; one process judges all of them, several at once.
pub fn judged(clamd: &Clamd, cases: &[Case]) -> Vec<Value> {
    let ground = tempfile::tempdir().unwrap();
    fs::create_dir(ground.path().join("mails")).unwrap();
    fs::create_dir(ground.path().join("here")).unwrap();
    for (number, case) in cases.iter().enumerate() {
        fs::write(ground.path().join(format!("mails/{number:06}.eml")), &case.mail).unwrap();
    }
    let done = Command::new(env!("CARGO_BIN_EXE_wehr"))
        .args(["scan", "--json", "--clamd"])
        .arg(format!("unix:{}", clamd.socket.display()))
        .arg("../mails")
        .current_dir(ground.path().join("here"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(done.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&done.stderr));
    let reports: Vec<Value> = String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert_eq!(reports.len(), cases.len());
    // Whatever the names in archives say, nothing is written.
    let written = |name: &str| fs::read_dir(ground.path().join(name)).unwrap().count();
    assert_eq!((written("here"), written("mails"), written("")), (0, cases.len(), 2));
    reports
}
