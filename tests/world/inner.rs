//! What the scanner is shown besides the message: all parts at once, each once a database, and what its answers do.

use bytes::Bytes;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};
use wehr::{
    doors::inquiry::{Inquiry, Settled},
    judge::{
        Judge, auth,
        coverage::{Engine, Gap},
        facts::Question,
        policy::{classes::Classes, verdict::Action},
        rulebook::{Rulebook, Thresholds},
        rules::ruleset::Ruleset,
    },
    limits,
    mail::{
        Mail,
        envelope::{Client, Envelope},
        message::Message,
        timestamp::Timestamp,
    },
    telemetry::metrics::Metrics,
    world::{World, clamd, dns, live, place::Place},
};

/// How long the scanner thinks about everything.
const THINKING: Duration = Duration::from_millis(200);

/// A clamd that answers by words: `BAD` is a virus, `FAIL` an error, `MUTE` gets no answer.
#[derive(Default)]
struct Fake {
    version: Mutex<String>,
    /// What it was shown, in the order it came.
    shown: Mutex<Vec<Vec<u8>>>,
    /// Streams being looked at, and the most there were at once.
    busy: Mutex<(usize, usize)>,
}

impl Fake {
    async fn serve(self: Arc<Self>, mut stream: TcpStream) -> std::io::Result<()> {
        let mut command = Vec::new();
        while command.last() != Some(&0) {
            command.push(stream.read_u8().await?);
        }
        if command == b"zVERSION\0" {
            let version = self.version.lock().unwrap().clone();
            return stream.write_all(format!("{version}\0").as_bytes()).await;
        }
        assert_eq!(command, b"zINSTREAM\0");
        let mut message = Vec::new();
        loop {
            let mut chunk = vec![0; stream.read_u32().await? as usize];
            if chunk.is_empty() {
                break;
            }
            stream.read_exact(&mut chunk).await?;
            message.extend(chunk);
        }
        let has = |word: &str| message.windows(word.len()).any(|window| window == word.as_bytes());
        let reply = if has("BAD") {
            "stream: Test.Bad FOUND\0"
        } else if has("FAIL") {
            "stream: out of memory ERROR\0"
        } else {
            "stream: OK\0"
        };
        if has("MUTE") {
            std::future::pending::<()>().await;
        }
        self.shown.lock().unwrap().push(message);
        self.count(true);
        sleep(THINKING).await;
        self.count(false);
        stream.write_all(reply.as_bytes()).await
    }

    fn count(&self, is_begun: bool) {
        let mut busy = self.busy.lock().unwrap();
        busy.0 = if is_begun { busy.0 + 1 } else { busy.0 - 1 };
        busy.1 = busy.1.max(busy.0);
    }
}

/// A scanner, a world that asks it, and threads to judge on.
struct Ground {
    fake: Arc<Fake>,
    world: Arc<live::Live>,
    metrics: Arc<Metrics>,
    pool: ThreadPool,
}

impl Ground {
    async fn new() -> Self {
        let fake = Arc::new(Fake { version: Mutex::new("ClamAV 1/1".to_owned()), ..Fake::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Place::Tcp(listener.local_addr().unwrap());
        let serving = Arc::clone(&fake);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).serve(stream));
            }
        });
        let settings = live::Settings {
            dns: dns::Settings { resolvers: Vec::new(), timeout: Duration::from_millis(300) },
            clamd: Some(clamd::Settings {
                place,
                stream_bytes_max: Some(10 << 20),
                connections_max: 20,
                timeout: Duration::from_secs(20),
            }),
            store: None,
        };
        let metrics = Arc::new(Metrics::new().unwrap());
        let world = Arc::new(live::Live::new(&settings, Arc::clone(&metrics)).unwrap());
        Self { fake, world, metrics, pool: ThreadPoolBuilder::new().num_threads(1).build().unwrap() }
    }

    /// Judges a mail as the doors do.
    async fn settle(&self, raw: Vec<u8>) -> Settled {
        let mail = Arc::new(Mail {
            client: Client::default(),
            envelope: Envelope::default(),
            message: Message::parse(Bytes::from(raw)),
            received_at: Timestamp::default(),
        });
        let mut inquiry = Inquiry::new(Arc::clone(&self.world) as Arc<dyn World>);
        let mut scan = self.world.scan().unwrap();
        scan.feed(mail.message.raw.clone()).await;
        inquiry.expect(Question::Virus, scan.finish());
        let judge = Judge::new(mail, rulebook());
        let deadline = Instant::now() + Duration::from_secs(30);
        inquiry.settle(move || judge, deadline, &self.pool, &self.metrics).await.unwrap()
    }

    fn shown(&self) -> usize {
        self.fake.shown.lock().unwrap().len()
    }
}

fn rulebook() -> Arc<Rulebook> {
    static RULEBOOK: LazyLock<Arc<Rulebook>> = LazyLock::new(|| {
        Arc::new(Rulebook {
            auth: auth::Settings {
                authserv_id: "mx.school.example".to_owned(),
                trusted_sealers: Vec::new(),
                ..Default::default()
            },
            own_domains: Vec::new(),
            thresholds: Thresholds::default(),
            rules: Ruleset::embedded(&[]).unwrap(),
            learned: None,
            classes: Classes::embedded(),
            encryption: wehr::judge::policy::encryption::Encryption::default(),
            senders: wehr::judge::policy::senders::Senders::default(),
            digest: "inner".to_owned(),
        })
    });
    Arc::clone(&RULEBOOK)
}

/// A tar archive (POSIX.1-1988 ustar) of these files, named `0.txt` and so on.
fn tar(files: &[Vec<u8>]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let mut header = [0_u8; 512];
        let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, &format!("{number}.txt"));
        put(100, "0000644\x000000000\x000000000\0");
        put(124, &format!("{:011o}\x0000000000000\0", file.len()));
        put(148, "        0");
        put(257, "ustar\x0000");
        let sum: u32 = header.iter().map(|octet| u32::from(*octet)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend(header);
        archive.extend(file);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// A mail with an archive, whose octets the scanner cannot tell from the outside.
fn mail(subject: &str, archive: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: a@b.example\r\nTo: c@d.example\r\nSubject: {subject}\r\nDate: Sun, 1 Mar 2026 10:14:07 +0100\r\n\
         Message-ID: <1@b.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\nhello\r\n\
         --cut\r\nContent-Type: application/x-tar; name=a.tar\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    );
    let lines: String = archive
        .chunks(24)
        .map(|line| line.iter().map(|octet| format!("={octet:02X}")).collect::<String>() + "=\r\n")
        .collect();
    format!("{head}{lines}\r\n--cut--\r\n").into_bytes()
}

fn files(words: &[&str]) -> Vec<u8> {
    tar(&words.iter().map(|word| format!("this is {word}\n").into_bytes()).collect::<Vec<_>>())
}

fn symbols(settled: &Settled) -> Vec<&str> {
    let found = settled.verdict.findings.iter().map(|finding| finding.symbol.as_str());
    found.filter(|symbol| symbol.starts_with("VIRUS")).collect()
}

fn scanner_gaps(settled: &Settled) -> Vec<Gap> {
    settled.verdict.coverage.gaps.iter().filter(|gap| gap.engine == Engine::Scanner).cloned().collect()
}

#[tokio::test]
async fn inner_parts_are_shown_at_once() {
    let ground = Ground::new().await;
    let settled = ground.settle(mail("s", &files(&["one", "two", "three", "four", "five"]))).await;
    assert_eq!((symbols(&settled), scanner_gaps(&settled)), (Vec::new(), Vec::new()));
    assert_eq!(settled.verdict.for_message().action, Action::Accept);
    // The message and what is in it; the archive stands in the message as it is.
    assert_eq!(ground.shown(), 6);
    assert!(ground.fake.busy.lock().unwrap().1 >= 5, "one after the other");
}

#[tokio::test]
async fn an_equal_part_is_shown_once_a_database() {
    let ground = Ground::new().await;
    for (subject, shown) in [("first", 2), ("second", 3), ("third", 4)] {
        ground.settle(mail(subject, &files(&["the same"]))).await;
        assert_eq!(ground.shown(), shown, "{subject}");
    }
    let later = async || {
        tokio::time::pause();
        tokio::time::advance(limits::SCANNER_VERSION_LASTS).await;
        tokio::time::resume();
    };
    later().await;
    ground.settle(mail("the same database", &files(&["the same"]))).await;
    assert_eq!(ground.shown(), 5);
    "ClamAV 1/2".clone_into(&mut ground.fake.version.lock().unwrap());
    later().await;
    ground.settle(mail("another database", &files(&["the same"]))).await;
    assert_eq!(ground.shown(), 7);
    ground.settle(mail("known to that one", &files(&["the same"]))).await;
    assert_eq!(ground.shown(), 8);
}

#[tokio::test]
async fn an_infected_part_refuses_the_mail() {
    let ground = Ground::new().await;
    for subject in ["asked", "remembered"] {
        let settled = ground.settle(mail(subject, &files(&["one", "BAD", "three"]))).await;
        assert_eq!(symbols(&settled), ["VIRUS"], "{subject}");
        assert_eq!(settled.verdict.for_message().action, Action::Reject, "{subject}");
    }
}

#[tokio::test]
async fn a_part_without_an_answer_defers_the_mail() {
    let ground = Ground::new().await;
    // A failure is not remembered.
    for subject in ["first", "again"] {
        let settled = ground.settle(mail(subject, &files(&["one", "FAIL"]))).await;
        assert_eq!(symbols(&settled), ["VIRUS_SCAN_FAILED"], "{subject}");
        assert_eq!(settled.verdict.for_message().action, Action::Defer, "{subject}");
        let gap = Gap { part: "2.2".to_owned(), reason: "server_failure", engine: Engine::Scanner };
        assert_eq!(scanner_gaps(&settled), [gap], "{subject}");
    }
}

#[tokio::test]
async fn too_many_parts_are_a_gap() {
    let ground = Ground::new().await;
    let words: Vec<String> = (0..=limits::INNER_SCANS_MAX).map(|number| number.to_string()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let settled = ground.settle(mail("s", &files(&words))).await;
    assert_eq!(ground.shown(), 1 + limits::INNER_SCANS_MAX);
    assert_eq!(symbols(&settled), ["VIRUS_SCAN_INCOMPLETE"]);
    assert_eq!(settled.verdict.for_message().action, Action::Quarantine);
    let part = format!("2.{}", words.len());
    assert_eq!(scanner_gaps(&settled), [Gap { part, reason: "over_budget", engine: Engine::Scanner }]);
}

#[tokio::test]
async fn the_scanner_is_not_waited_for_beyond_our_bounds() {
    let ground = Ground::new().await;
    let mut archive = files(&["deep"]);
    for _ in 0..=limits::UNPACK_DEPTH_MAX {
        archive = tar(&[archive]);
    }
    let begun = Instant::now();
    let settled = ground.settle(mail("MUTE", &archive)).await;
    let took = begun.elapsed();
    assert!(took < limits::SCAN_BEYOND_BOUNDS_SECONDS_MAX + Duration::from_secs(3), "{took:?}");
    assert_eq!(symbols(&settled), ["VIRUS_SCAN_INCOMPLETE"]);
    assert_eq!(settled.verdict.for_message().action, Action::Quarantine);
}
