//! A filter with a mailstore in a temporary folder and nobody to ask, and a client at its LMTP door.

use futures_util::future::BoxFuture;
use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};
use wehr::{
    doors::{
        deliver::{Mailstore, maildir::Maildir},
        desk::{Desk, Limits, Parts},
        listener::{Connection, Peer},
        lmtp::{self, Settings},
    },
    judge::{
        facts::{Fact, Failure, Question},
        rulebook::{Rulebook, Thresholds},
    },
    telemetry::metrics::Metrics,
    world::{Scan, World, dns, live, store::Site},
};

/// Nobody answers and nothing is scanned.
struct Nobody;

impl World for Nobody {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        Box::pin(async move { question.failed(Failure::NotRecorded) })
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        None
    }
}

/// One filter.
pub struct House {
    pub desk: Arc<Desk>,
    pub settings: Arc<Settings>,
    pub drain: watch::Sender<bool>,
    folder: TempDir,
}

impl House {
    /// Mail goes to a Maildir.
    pub fn with_maildir(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = TempDir::new().unwrap();
        let maildir = Mailstore::Maildir(Maildir::new(folder.path().to_owned(), "mx.school.example"));
        Self::new(folder, Some(maildir), Limits::default(), change)
    }

    pub fn new(
        folder: TempDir,
        mailstore: Option<Mailstore>,
        limits: Limits,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let rulebook = Rulebook {
            auth: wehr::judge::auth::Settings {
                authserv_id: "mx.school.example".to_owned(),
                trusted_sealers: Vec::new(),
                ..Default::default()
            },
            own_domains: vec![],
            thresholds: Thresholds::default(),
            rules: wehr::judge::rules::ruleset::Ruleset::default(),
            classes: wehr::judge::policy::classes::Classes::embedded(),
            encryption: wehr::judge::policy::encryption::Encryption::default(),
            senders: wehr::judge::policy::senders::Senders::default(),
            learned: None,
            digest: "test".to_owned(),
        };
        let parts = Parts {
            rulebook: Arc::new(rulebook),
            world: Arc::new(Nobody),
            mailstore: mailstore.map(Arc::new),
            quarantine: None,
            faults: None,
            recorder: None,
            keyring: Arc::default(),
            checks: wehr::judge::checks::ALL,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let mut settings = Settings::new("mx.school.example");
        change(&mut settings);
        Self {
            desk: Desk::new(parts, Arc::new(Metrics::new().unwrap()), limits, pool),
            settings: Arc::new(settings),
            drain: watch::channel(false).0,
            folder,
        }
    }

    /// The same filter with an encryption policy.
    pub fn demanding(self, policy: &str) -> Self {
        let mut rulebook = Rulebook::clone(&self.desk.rulebook());
        rulebook.encryption = wehr::judge::policy::encryption::read::read("encryption.toml", policy).unwrap();
        self.desk.replace(Parts {
            rulebook: Arc::new(rulebook),
            world: Arc::new(Nobody),
            mailstore: self.desk.mailstore(),
            quarantine: None,
            faults: None,
            recorder: None,
            keyring: self.desk.keyring(),
            checks: wehr::judge::checks::ALL,
        });
        self
    }

    /// The same filter with the built-in rules, a policy for senders and a store, and no name servers.
    pub fn remembering(mut self, policy: &str, site: &Site) -> Self {
        let mut rulebook = Rulebook::clone(&self.desk.rulebook());
        rulebook.rules = wehr::judge::rules::ruleset::Ruleset::embedded(&[]).unwrap();
        rulebook.senders = wehr::judge::policy::senders::read::read("senders.toml", policy).unwrap();
        let dns = dns::Settings { resolvers: Vec::new(), timeout: Duration::from_millis(300) };
        let settings = live::Settings { dns, clamd: None, store: Some(site.clone()) };
        // The world stays as long as a desk does, so this is another one.
        let parts = Parts {
            rulebook: Arc::new(rulebook),
            world: Arc::new(live::Live::new(&settings, Arc::clone(self.desk.metrics())).unwrap()),
            mailstore: self.desk.mailstore(),
            quarantine: None,
            faults: None,
            recorder: None,
            keyring: self.desk.keyring(),
            checks: wehr::judge::checks::ALL,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        self.desk = Desk::new(parts, Arc::clone(self.desk.metrics()), Limits::default(), pool);
        self
    }

    /// A client over an in-memory pipe of `pipe_bytes`.
    pub fn connect(&self, peer: Peer, pipe_bytes: usize) -> Client<DuplexStream> {
        let (ours, theirs) = duplex(pipe_bytes);
        let connection = Connection {
            peer,
            drain: self.drain.subscribe(),
            permit: Arc::new(Semaphore::new(1)).try_acquire_owned().ok(),
        };
        let serving = tokio::spawn(lmtp::serve(ours, Arc::clone(&self.desk), Arc::clone(&self.settings), connection));
        Client::new(theirs, serving)
    }

    pub fn remote(&self) -> Client<DuplexStream> {
        self.connect(Peer::Address(IpAddr::from([192, 0, 2, 77])), 64 << 10)
    }

    pub fn local(&self) -> Client<DuplexStream> {
        self.connect(Peer::Local, 64 << 10)
    }

    /// Every mail in the Maildirs, by its folder and sorted.
    pub fn delivered(&self) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.parent().and_then(Path::file_name).is_some_and(|name| name == "new") {
                    let text = fs::read(&path).unwrap().into_iter().map(char::from).collect();
                    found.push((folder.clone(), text));
                }
            }
        }
        found.sort();
        found
    }

    /// The value of one series.
    pub fn series(&self, line: &str) -> u64 {
        let text = self.desk.metrics().render().unwrap();
        let found = text.lines().find_map(|known| known.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("no series {line}"))
    }
}

/// A client at the door.
pub struct Client<S> {
    pub stream: S,
    heard: Vec<u8>,
    pub serving: JoinHandle<()>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(stream: S, serving: JoinHandle<()>) -> Self {
        Self { stream, heard: Vec::new(), serving }
    }

    pub fn parts(self) -> (S, JoinHandle<()>) {
        assert!(self.heard.is_empty(), "a reply was not read");
        (self.stream, self.serving)
    }

    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        // A server that hung up hears nothing; what it said before is what counts.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The next reply, all its lines; `None` when the server closed. Panics when nothing comes.
    pub async fn reply(&mut self) -> Option<String> {
        let waiting = timeout(Duration::from_secs(20), async {
            loop {
                if let Some(bytes) = complete(&self.heard) {
                    return Some(self.heard.drain(..bytes).map(char::from).collect());
                }
                if self.stream.read_buf(&mut self.heard).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        });
        waiting.await.unwrap_or_else(|_| panic!("no reply came; heard {:?}", String::from_utf8_lossy(&self.heard)))
    }

    /// The code of the next reply.
    pub async fn code(&mut self) -> u16 {
        let reply = self.reply().await.expect("the server closed the connection");
        reply[..3].parse().expect("a reply begins with its code")
    }

    pub async fn codes(&mut self, count: usize) -> Vec<u16> {
        let mut codes = Vec::new();
        for _ in 0..count {
            codes.push(self.code().await);
        }
        codes
    }

    /// Says one thing and hears one reply.
    pub async fn ask(&mut self, line: &str) -> String {
        self.say(format!("{line}\r\n")).await;
        self.reply().await.unwrap_or_else(|| panic!("closed after {line}"))
    }

    /// Everything the server says until it closes.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut replies = Vec::new();
        while let Some(reply) = self.reply().await {
            replies.push(reply);
        }
        replies
    }

    /// Whatever comes until the server closes.
    pub async fn rest_of_bytes(&mut self) -> Vec<u8> {
        let _ = self.stream.read_to_end(&mut self.heard).await;
        std::mem::take(&mut self.heard)
    }

    /// Greeting, LHLO, and a mail up to its recipients; all have to be taken.
    pub async fn envelope(&mut self, recipients: &[&str]) {
        assert_eq!(self.code().await, 220);
        assert_eq!(self.ask("LHLO mx.example.org").await[..3], *"250");
        assert_eq!(self.ask("MAIL FROM:<sender@example.org>").await[..3], *"250");
        for recipient in recipients {
            assert_eq!(self.ask(&format!("RCPT TO:<{recipient}>")).await[..3], *"250");
        }
    }
}

/// Octets of the first complete reply.
fn complete(heard: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let end = start + heard[start..].windows(2).position(|pair| pair == b"\r\n")? + 2;
        if heard.get(start + 3) != Some(&b'-') {
            return Some(end);
        }
        start = end;
    }
}

/// The folder of the foreign suites; a test without them must not pass.
pub fn suites() -> PathBuf {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites"));
    let folder = std::env::var_os("WEHR_SUITES").map_or(beside, PathBuf::from);
    assert!(folder.is_dir(), "{} is missing: put the suites there or set WEHR_SUITES", folder.display());
    folder
}

pub const MESSAGE: &str = "From: <sender@example.org>\r\nTo: <a@school.example>\r\nSubject: x\r\n\
    Date: Tue, 02 Jun 2020 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nhi\r\n.\r\n";
