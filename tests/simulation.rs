//! Simulation: many mails at once through the reception, a world with seeded faults, paused time.
//!
//! Checkers: exactly one end per mail, before the deadline; a scan that failed is never clean; what is judged live is
//! judged the same from its recorded facts; permits and open mails return to zero. A failure prints its seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use wehr::{
    doors::{
        desk::{Desk, Limits, Parts},
        faults::Faults,
        reception::{Concluded, MailParameters, Reception},
    },
    judge::{
        auth,
        case::Case,
        checks::{self, evidence::Check},
        facts::{Fact, Question, Scanned},
        policy::{classes::Classes, verdict::Action},
        rulebook::{Rulebook, Thresholds},
        rules::ruleset::Ruleset,
    },
    limits,
    mail::{address::Address, envelope::Client},
    telemetry::metrics::{Door, Metrics},
    world::{
        Scan, World,
        faulty::{Faulty, Plan, Rates},
        zone::Zone,
    },
};

const ZONE: &str = "\
a.example. TXT \"v=spf1 include:b.example -all\"
b.example. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"
_dmarc.a.example. TXT \"v=DMARC1; p=reject\"
9.2.0.192.in-addr.arpa. PTR mx.a.example.
mx.a.example. A 192.0.2.9
";

/// The embedded rules, read once.
fn rulebook() -> Arc<Rulebook> {
    static RULEBOOK: std::sync::LazyLock<Arc<Rulebook>> = std::sync::LazyLock::new(|| Arc::new(made()));
    Arc::clone(&RULEBOOK)
}

fn made() -> Rulebook {
    Rulebook {
        auth: auth::Settings {
            authserv_id: "mx.school.example".to_owned(),
            trusted_sealers: Vec::new(),
            ..Default::default()
        },
        own_domains: Vec::new(),
        thresholds: Thresholds::default(),
        rules: Ruleset::embedded(&[]).expect("the embedded packs are right"),
        classes: Classes::embedded(),
        encryption: wehr::judge::policy::encryption::Encryption::default(),
        senders: wehr::judge::policy::senders::Senders::default(),
        learned: None,
        digest: "simulation".to_owned(),
    }
}

/// One question in five goes wrong, one scan in three.
fn plan() -> Plan {
    Plan {
        questions: Rates { dropped: 50, failed: 100, delayed: 300, cut: 0 },
        scans: Rates { dropped: 50, failed: 100, delayed: 200, cut: 100 },
        delay_max: Duration::from_secs(40),
        failure: None,
    }
}

/// A zone with a scanner that finds nothing.
struct Scanning(Zone);

impl World for Scanning {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        self.0.ask(question)
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        Some(Box::new(Clean))
    }
}

struct Clean;

impl Scan for Clean {
    fn feed(&mut self, _: Bytes) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Fact> {
        async { Fact::Virus(Scanned::Clean) }.boxed()
    }
}

fn desk(seed: u64) -> Arc<Desk> {
    let zone = Zone::parse("zone", ZONE.as_bytes()).expect("the zone is right");
    let world: Arc<dyn World> = Arc::new(Faulty::new(Arc::new(Scanning(zone)), plan(), seed));
    let parts = Parts {
        rulebook: rulebook(),
        world,
        mailstore: None,
        quarantine: None,
        faults: None,
        recorder: None,
        keyring: Arc::default(),
        checks: checks::ALL,
    };
    let limits = Limits {
        message_bytes_max: 100_000,
        mails_max: 40,
        judged_bytes_max: 200 << 10,
        spool_memory_bytes_max: 8 << 10,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    Desk::new(parts, Arc::new(Metrics::new().expect("series")), limits, pool)
}

/// How one mail ended.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum End {
    Judged(Action),
    RefusedEarly(u16),
    GivenUp,
}

async fn one_mail(desk: Arc<Desk>, number: u64, seed: u64) -> End {
    let mut lot = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed | 1);
    let mut draw = move |below: u64| {
        lot ^= lot << 13;
        lot ^= lot >> 7;
        lot ^= lot << 17;
        lot % below
    };
    tokio::time::sleep(Duration::from_millis(draw(2_000))).await;
    let client =
        Client { address: Some([192, 0, 2, 9].into()), helo: Some("mx.a.example".into()), ..Client::default() };
    let sender = Address::new("x@a.example");
    let mut reception = match Reception::begin(&desk, Door::Lmtp, client, sender, MailParameters::default()) {
        Ok(reception) => reception,
        Err(reply) => return End::RefusedEarly(reply.code),
    };
    reception.recipient(Address::new("office@school.example")).expect("one recipient fits");
    let size = draw(120_000);
    let gives_up = draw(10) == 0;
    let head = b"From: x@a.example\r\nSubject: s\r\nDate: Sun, 1 Mar 2026 10:14:07 +0100\r\n\r\n";
    let mut refused = reception.bytes(head).await.is_err();
    let mut sent = 0;
    while sent < size {
        let chunk = vec![b'x'; usize::try_from(draw(9_000).min(size - sent) + 1).expect("small")];
        sent += chunk.len() as u64;
        refused |= reception.bytes(&chunk).await.is_err();
        tokio::time::sleep(Duration::from_millis(draw(20))).await;
        if gives_up && sent > size / 2 {
            return End::GivenUp;
        }
    }
    let ended = Instant::now();
    let concluded = reception.conclude().await;
    let took = ended.elapsed();
    assert!(took <= limits::MAIL_SECONDS_MAX + limits::SCAN_SECONDS_MAX, "seed {seed}, mail {number}: took {took:?}");
    match concluded {
        Err(reply) => {
            assert!(refused || reply.code == 451, "seed {seed}, mail {number}: {reply}");
            End::RefusedEarly(reply.code)
        }
        Ok(concluded) => {
            assert!(!refused, "seed {seed}, mail {number}: judged after its bytes were refused");
            let action = concluded.verdict.for_message().action;
            let scan_failed =
                concluded.verdict.findings.iter().any(|finding| finding.symbol.as_str() == "VIRUS_SCAN_FAILED");
            assert!(
                !scan_failed || action >= Action::Defer,
                "seed {seed}, mail {number}: a failed scan let it through"
            );
            // No mailstore and no quarantine: whatever is not refused must be deferred, never accepted.
            let replies = concluded.hand_over().await;
            assert_eq!(replies.len(), 1);
            assert!(!replies[0].is_positive(), "seed {seed}, mail {number}: accepted without mailstore");
            End::Judged(action)
        }
    }
}

fn run(seed: u64) -> Vec<End> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let desk = desk(seed);
        let mails: Vec<_> = (0..150).map(|number| tokio::spawn(one_mail(Arc::clone(&desk), number, seed))).collect();
        let mut ends = Vec::new();
        for mail in mails {
            ends.push(mail.await.unwrap_or_else(|error| panic!("seed {seed}: {error}")));
        }
        balance(&desk, &ends, seed);
        ends
    })
}

/// Every mail is in exactly one series, and nothing is held any more.
fn balance(desk: &Desk, ends: &[End], seed: u64) {
    let text = desk.metrics().render().expect("text");
    let value = |start: &str| -> usize {
        let lines = text.lines().filter(|line| line.starts_with(start) && line.contains("lmtp"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    };
    let judged = ends.iter().filter(|end| matches!(end, End::Judged(_))).count();
    let refused = ends.iter().filter(|end| matches!(end, End::RefusedEarly(_))).count();
    let given_up = ends.iter().filter(|end| **end == End::GivenUp).count();
    assert_eq!(value("wehr_mails_total"), judged, "seed {seed}");
    assert_eq!(value("wehr_refused_early_total"), refused, "seed {seed}");
    assert_eq!(value("wehr_aborted_total"), given_up, "seed {seed}");
    assert_eq!(value("wehr_recipients_taken_total"), value("wehr_recipients_settled_total"), "seed {seed}");
    assert_eq!(value("wehr_recipients_settled_total{door=\"lmtp\",outcome=\"given_up\"}"), given_up, "seed {seed}");
    assert!(text.contains("wehr_recipients_unaccounted{door=\"lmtp\"} 0"), "seed {seed}: mail is lost");
    assert_eq!(desk.mails().available_permits(), 40, "seed {seed}: a permit is lost");
    assert!(text.contains("wehr_mails_open 0"), "seed {seed}: a mail is still open");
}

#[test]
fn every_mail_ends_exactly_once_under_any_faults() {
    let seeds: Vec<u64> = match std::env::var("WEHR_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (1..=20).collect(),
    };
    let mut kinds = std::collections::BTreeSet::new();
    for seed in seeds {
        kinds.extend(run(seed));
    }
    // The simulation is worth something only if it reaches these ends.
    for end in [End::GivenUp, End::RefusedEarly(452), End::RefusedEarly(552), End::Judged(Action::Defer)] {
        assert!(kinds.contains(&end), "never reached {end:?}: {kinds:?}");
    }
}

const PANICKING: &[Check] = &[Check { name: "panicking", symbols: &[], run: |_| panic!("a check of the simulation") }];

#[test]
fn a_panic_defers_that_mail_alone_and_keeps_its_case() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let desk = desk(1);
        let zone = Arc::new(Zone::parse("zone", ZONE.as_bytes()).expect("the zone is right"));
        let parts = |checks| Parts {
            rulebook: rulebook(),
            world: Arc::clone(&zone) as Arc<dyn World>,
            mailstore: None,
            quarantine: None,
            faults: Some(Arc::new(Faults::new(folder.path().join("faults")))),
            recorder: None,
            keyring: Arc::default(),
            checks,
        };
        let send = async |text: &[u8]| {
            let mut mail = Reception::begin(
                &desk,
                Door::Milter,
                Client::default(),
                Address::new("x@a.example"),
                MailParameters::default(),
            )
            .expect("begun");
            mail.bytes(text).await.expect("taken");
            mail.conclude().await.map(Concluded::close)
        };
        desk.replace(parts(PANICKING));
        let reply = send(b"Subject: s\r\n\r\nbody\r\n").await.expect_err("refused");
        assert_eq!((reply.code, reply.enhanced.as_str()), (451, "4.3.0"));
        desk.replace(parts(checks::ALL));
        send(b"Subject: s\r\n\r\nbody\r\n").await.expect("the next mail is judged");
        assert!(desk.metrics().render().expect("text").contains("wehr_judge_panics_total 1"));
        assert_eq!(desk.mails().available_permits(), 40);
    });
    let cases: Vec<_> = std::fs::read_dir(folder.path().join("faults")).expect("kept").flatten().collect();
    assert_eq!(cases.len(), 1);
    let text = std::fs::read_to_string(cases[0].path().join("case.toml")).expect("a case");
    let case = Case::parse("case.toml", &text).expect("a readable case");
    assert_eq!(case.envelope.sender, Address::new("x@a.example"));
    assert_eq!(std::fs::read(cases[0].path().join("message.eml")).expect("a mail"), b"Subject: s\r\n\r\nbody\r\n");
}

/// What unpacking finds is bounded over all mails: who finds no room waits a moment, then is told to come again.
#[test]
fn what_was_found_in_mails_has_room_for_so_much() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let desk = desk(1);
        let held = desk.found_permit(limits::FOUND_BYTES_MAX * 2).await.expect("one mail always finds room");
        let begun = Instant::now();
        assert!(desk.found_permit(1 << 20).await.is_none());
        assert_eq!(begun.elapsed().as_secs(), limits::FOUND_SECONDS_MAX.as_secs());
        assert!(desk.found_permit(0).await.is_some(), "a mail in which nothing was found never waits");
        drop(held);
        assert!(desk.found_permit(1 << 20).await.is_some());
    });
}
