//! Foreign conformance suites of sender authentication, read from `WEHR_SUITES` or `../shared/suites`.
//!
//! Known deviations stand in the tests, by name and with their reason; a listed case that passes fails the test.

// Test code outside of test functions: a fault in the data has to stop the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::missing_panics_doc)]

mod arc;
mod authres;
mod dkim;
mod dmarc;
mod hostile;
mod oracle;
mod spf;
mod spoof;
mod zone;

use bytes::Bytes;
use std::{collections::BTreeMap, path::PathBuf};
use wehr::mail::{
    Mail,
    address::Address,
    envelope::{Client, Envelope},
    message::Message,
    timestamp::Timestamp,
};

/// The folder of the suites.
pub fn suites() -> PathBuf {
    let fallback = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites");
    let folder = std::env::var_os("WEHR_SUITES").map_or_else(|| PathBuf::from(fallback), PathBuf::from);
    assert!(
        folder.is_dir(),
        "the test suites are not at {}; put them there or name their folder in WEHR_SUITES",
        folder.display()
    );
    folder
}

/// A file of the suites.
pub fn bytes(path: &str) -> Vec<u8> {
    let path = suites().join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(path: &str) -> serde_json::Value {
    serde_json::from_slice(&bytes(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// One JSON object a line.
pub fn lines(path: &str) -> Vec<serde_json::Value> {
    let text = String::from_utf8(bytes(path)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A message as it comes over SMTP, from a client on some network.
pub fn mail(raw: impl Into<Bytes>, at: i64) -> Mail {
    Mail {
        client: Client::default(),
        envelope: Envelope { sender: Address::new("<>"), ..Envelope::default() },
        message: Message::parse(raw.into()),
        received_at: Timestamp::from_seconds(at),
    }
}

/// CRLF line ends for suites that keep their messages with LF.
pub fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// What failed, less what is known to: fails for news and for deviations that are none any more.
pub struct Tally<'a> {
    known: BTreeMap<&'a str, &'a str>,
    failed: Vec<String>,
    passed: usize,
    deviated: usize,
}

impl<'a> Tally<'a> {
    pub fn new(known: &[(&'a str, &'a str)]) -> Self {
        Self { known: known.iter().copied().collect(), failed: Vec::new(), passed: 0, deviated: 0 }
    }

    pub fn case(&mut self, name: &str, is_right: bool, what: impl std::fmt::Display) {
        match (is_right, self.known.remove(name)) {
            (true, None) => self.passed += 1,
            (false, Some(_)) => self.deviated += 1,
            (true, Some(reason)) => self.failed.push(format!("{name} passes, take it off the list ({reason})")),
            (false, None) => self.failed.push(format!("{name}: {what}")),
        }
    }

    pub fn finish(self, expected: usize) {
        println!("{} passed, {} known deviations", self.passed, self.deviated);
        assert!(self.failed.is_empty(), "{} of {}:\n{}", self.failed.len(), expected, self.failed.join("\n"));
        assert!(self.known.is_empty(), "listed but not in the suite: {:?}", self.known);
        assert_eq!(self.passed + self.deviated, expected, "the suite has changed");
    }
}
