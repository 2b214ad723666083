//! The MTA's side of a milter connection, over an in-memory pipe against the real door, with a scripted world.

use crate::play::is_quiet;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};
use wehr::{
    doors::{
        desk::{Desk, Limits, Parts},
        listener::{Connection, Peer},
        milter::{self, Settings},
    },
    judge::{
        auth,
        entry::Recalled,
        facts::{Answer, Fact, Failure, Question, Scanned},
        policy::{classes::Classes, senders::Senders, verdict::Action},
        rulebook::{Rulebook, Thresholds},
        rules::ruleset::Ruleset,
    },
    telemetry::metrics::Metrics,
    world::{Note, Scan, World},
};

/// Longer than anything here takes; a reply that has not come by then does not come.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Base64 of the archive with the test virus in the sessions.
const TEST_VIRUS: &[u8] = b"UEsDBBQAAgAIAEFKJJJPM9Rab0";

pub fn suites() -> PathBuf {
    let given = std::env::var_os("WEHR_SUITES").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites")));
    assert!(folder.is_dir(), "{}: no test suites there; set WEHR_SUITES to their folder", folder.display());
    folder
}

pub fn json(path: &str) -> serde_json::Value {
    let path = suites().join("milter").join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A world with a small DNS and a scanner that keeps what it is fed.
#[derive(Default)]
pub struct Script {
    pub txt: BTreeMap<String, Vec<String>>,
    /// What the store remembers, by the names of entries; `None`: there is no store.
    pub stored: Option<BTreeMap<String, i64>>,
    pub noted: Arc<Mutex<Vec<Note>>>,
    pub scan_takes: Duration,
    pub scanned: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl World for Script {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        Box::pin(async move {
            match question {
                Question::Txt(name) => {
                    let records =
                        self.txt.get(name.as_str()).map(|texts| texts.iter().map(|text| text.clone().into_bytes()));
                    Fact::Txt(
                        name.clone(),
                        records.map_or(Answer::NoName, |records| Answer::Records(records.collect())),
                    )
                }
                Question::Ipv4(name) => Fact::Ipv4(name.clone(), Answer::NoName),
                Question::Ipv6(name) => Fact::Ipv6(name.clone(), Answer::NoName),
                Question::Mx(name) => Fact::Mx(name.clone(), Answer::NoName),
                Question::Names(address) => Fact::Names(*address, Answer::NoName),
                Question::Stored(entry) if self.stored.is_some() => {
                    let number = self.stored.as_ref().and_then(|stored| stored.get(&entry.to_string()));
                    Fact::Stored(entry.clone(), number.map_or(Recalled::Nothing, |number| Recalled::Number(*number)))
                }
                Question::Virus | Question::Inner(_) | Question::Partner(_) | Question::Stored(_) => {
                    question.failed(Failure::NotRecorded)
                }
            }
        })
    }

    fn note(&self, note: Note) {
        self.noted.lock().unwrap().push(note);
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        Some(Box::new(Keeper { takes: self.scan_takes, kept: Vec::new(), scanned: Arc::clone(&self.scanned) }))
    }
}

struct Keeper {
    takes: Duration,
    kept: Vec<u8>,
    scanned: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Scan for Keeper {
    fn feed(&mut self, bytes: Bytes) -> BoxFuture<'_, ()> {
        self.kept.extend_from_slice(&bytes);
        Box::pin(async {})
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Fact> {
        Box::pin(async move {
            tokio::time::sleep(self.takes).await;
            let flat: Vec<u8> = self.kept.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
            let is_infected = flat.to_ascii_uppercase().windows(8).any(|window| window == b"UESDBBQA")
                && flat.windows(8).any(|window| TEST_VIRUS.starts_with(window));
            self.scanned.lock().unwrap().push(self.kept);
            Fact::Virus(if is_infected { Scanned::Infected("Eicar-Test".to_owned()) } else { Scanned::Clean })
        })
    }
}

/// What a test wants different from the defaults.
pub struct House {
    pub world: Script,
    pub limits: Limits,
    pub settings: Settings,
    /// What happens to an infected mail.
    pub infected: Action,
    pub senders: Senders,
}

impl Default for House {
    fn default() -> Self {
        Self {
            world: Script::default(),
            limits: Limits::default(),
            settings: Settings::default(),
            infected: Action::Reject,
            senders: Senders::default(),
        }
    }
}

/// A filter with its milter door.
pub struct Filter {
    pub desk: Arc<Desk>,
    settings: Settings,
    pub drain: watch::Sender<bool>,
    pub scanned: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl House {
    pub fn open(self) -> Filter {
        let mut rules = Ruleset::embedded(&[]).expect("the embedded packs are right");
        for (symbol, rule) in &mut rules.table {
            if symbol.as_str() == "VIRUS" {
                rule.action = self.infected;
                rule.score = wehr::judge::findings::Score::default();
            }
        }
        let rulebook = Arc::new(Rulebook {
            auth: auth::Settings {
                authserv_id: "mx.school.example".to_owned(),
                trusted_sealers: Vec::new(),
                ..Default::default()
            },
            own_domains: Vec::new(),
            thresholds: Thresholds::default(),
            rules,
            classes: Classes::embedded(),
            encryption: wehr::judge::policy::encryption::Encryption::default(),
            senders: self.senders,
            learned: None,
            digest: "test".to_owned(),
        });
        let scanned = Arc::clone(&self.world.scanned);
        let parts = Parts {
            rulebook,
            world: Arc::new(self.world),
            mailstore: None,
            quarantine: None,
            faults: None,
            recorder: None,
            keyring: Arc::default(),
            checks: wehr::judge::checks::ALL,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let desk = Desk::new(parts, Arc::new(Metrics::new().unwrap()), self.limits, pool);
        Filter { desk, settings: self.settings, drain: watch::channel(false).0, scanned }
    }
}

impl Filter {
    /// Mails as the scanner saw them since last asked.
    pub fn messages(&self) -> Vec<String> {
        let scanned = std::mem::take(&mut *self.scanned.lock().unwrap());
        scanned.into_iter().map(|message| String::from_utf8_lossy(&message).into_owned()).collect()
    }

    pub fn series(&self, name: &str) -> String {
        let text = self.desk.metrics().render().unwrap();
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("is missing").trim().to_owned()
    }

    pub fn connection(&self) -> Connection {
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().ok();
        Connection { peer: Peer::Local, drain: self.drain.subscribe(), permit }
    }

    pub fn connect(&self) -> Mta {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let door = tokio::spawn(milter::serve(theirs, Arc::clone(&self.desk), self.settings, self.connection()));
        Mta { stream: ours, door, version: 0, actions: 0, protocol: 0, lists: Vec::new() }
    }
}

/// One packet of the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet(pub char, pub Vec<u8>);

impl Packet {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.1).replace('\0', "|")
    }

    /// Is it one that ends the wait of the MTA?
    pub fn is_final(&self) -> bool {
        "cartdys4f".contains(self.0)
    }
}

/// The MTA's end.
pub struct Mta {
    pub stream: DuplexStream,
    pub door: JoinHandle<()>,
    pub version: u32,
    pub actions: u32,
    pub protocol: u32,
    pub lists: Vec<u8>,
}

pub fn packet(command: u8, data: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(data.len() + 1).unwrap().to_be_bytes().to_vec();
    out.push(command);
    out.extend_from_slice(data);
    out
}

impl Mta {
    pub async fn write(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the filter does not read").expect("written");
    }

    /// `None` when the filter has closed.
    pub async fn read(&mut self) -> Option<Packet> {
        timeout(PATIENCE, async {
            let length = self.stream.read_u32().await.ok()?;
            assert!((1..1 << 20).contains(&length), "the filter sends a packet of {length} octets");
            let mut data = vec![0; length as usize];
            self.stream.read_exact(&mut data).await.ok()?;
            Some(Packet(char::from(data.remove(0)), data))
        })
        .await
        .expect("the filter neither answers nor closes")
    }

    pub async fn is_closed(&mut self) -> bool {
        self.read().await.is_none()
    }

    pub async fn negotiate(&mut self, version: u32, actions: u32, protocol: u32) {
        let mut data = Vec::new();
        for number in [version, actions, protocol] {
            data.extend_from_slice(&number.to_be_bytes());
        }
        self.write(&packet(b'O', &data)).await;
        let answer = self.read().await.expect("an answer to OPTNEG");
        self.agreed(&answer);
    }

    pub fn agreed(&mut self, answer: &Packet) {
        assert_eq!(answer.0, 'O');
        let number = |at: usize| u32::from_be_bytes(answer.1[at..at + 4].try_into().unwrap());
        (self.version, self.actions, self.protocol) = (number(0), number(4), number(8));
        self.lists = answer.1[12..].to_vec();
    }

    /// Sends a command and reads up to the reply that ends the wait; empty for a quiet one.
    pub async fn command(&mut self, command: u8, data: &[u8]) -> Vec<Packet> {
        self.write(&packet(command, data)).await;
        if is_quiet(command, self.protocol) { Vec::new() } else { self.replies().await }
    }

    pub async fn replies(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        loop {
            let Some(next) = self.read().await else { panic!("closed instead of a reply; before: {packets:?}") };
            let is_final = next.is_final();
            packets.push(next);
            if is_final {
                return packets;
            }
        }
    }

    /// The letters of the replies to a command.
    pub async fn letters(&mut self, command: u8, data: &[u8]) -> String {
        self.command(command, data).await.iter().map(|reply| reply.0).collect()
    }

    pub async fn connect_and_greet(&mut self) {
        assert!(["", "c"].contains(&self.letters(b'C', b"mx.example.org\x004\x00\x19192.0.2.9\0").await.as_str()));
        assert!(["", "c"].contains(&self.letters(b'H', b"mx.example.org\0").await.as_str()));
    }

    /// A whole mail; the replies to the end of the message.
    pub async fn mail(&mut self, fields: &[(&str, &str)], chunks: &[&str]) -> Vec<Packet> {
        assert_eq!(self.letters(b'M', b"<a@example.org>\0").await, "c");
        assert_eq!(self.letters(b'R', b"<b@school.example>\0").await, "c");
        self.content(fields, chunks).await
    }

    pub async fn content(&mut self, fields: &[(&str, &str)], chunks: &[&str]) -> Vec<Packet> {
        self.command(b'T', b"").await;
        for (name, value) in fields {
            self.command(b'L', format!("{name}\0{value}\0").as_bytes()).await;
        }
        self.command(b'N', b"").await;
        for chunk in chunks {
            if self.letters(b'B', chunk.as_bytes()).await == "s" {
                break;
            }
        }
        self.command(b'E', b"").await
    }

    /// Waits until the door has ended this connection; a panic in it fails the test.
    pub async fn ended(self) {
        drop(self.stream);
        timeout(PATIENCE, self.door).await.expect("the door ends").expect("without panic");
    }
}

/// Everything a modern MTA offers.
pub const OFFER: (u32, u32, u32) = (6, 0x1ff, 0x1f_ffff);
