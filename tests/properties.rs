//! Properties: what has to hold for any mail, any chunking, any order of facts.
//!
//! 1. any chunking of the bytes gives the same mail; 2. any order of learning facts gives the same verdict;
//! 3. live = replay; 4. any bytes parse, within limits, without panic; 5. edits never touch what they must not;
//! 6. a recorded case gives the recorded verdict on any number of threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use bytes::Bytes;
use proptest::prelude::*;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, LazyLock},
};
use wehr::{
    doors::{deliver::parcel, inquiry::Inquiry},
    judge::{
        Judge, Progress,
        case::{Case, expectation::Expectation},
        entry::Recalled,
        facts::{Answer, Exchanger, Fact, Facts, Failure, Name, Question, Remembered, Scanned},
        policy::verdict::{Edit, Verdict},
        rulebook::{Rulebook, Thresholds},
        rules::ruleset::Ruleset,
    },
    mail::{
        Mail,
        address::{Address, Domain},
        envelope::{Client, Envelope},
        head::Head,
        message::Message,
        timestamp::Timestamp,
    },
    replay::again::again,
    telemetry::metrics::Metrics,
    world::{Scan, World},
};

/// The embedded rules, read once.
fn rulebook() -> Arc<Rulebook> {
    static RULEBOOK: LazyLock<Arc<Rulebook>> = LazyLock::new(|| Arc::new(made()));
    Arc::clone(&RULEBOOK)
}

fn made() -> Rulebook {
    Rulebook {
        auth: wehr::judge::auth::Settings {
            authserv_id: "mx.school.example".to_owned(),
            trusted_sealers: vec![Domain::parse("list.example").unwrap()],
            ..Default::default()
        },
        own_domains: vec![Domain::parse("school.example").unwrap()],
        thresholds: Thresholds::default(),
        rules: Ruleset::embedded(&[]).expect("the embedded packs are right"),
        classes: wehr::judge::policy::classes::Classes::embedded(),
        encryption: wehr::judge::policy::encryption::Encryption::default(),
        senders: wehr::judge::policy::senders::Senders::default(),
        learned: None,
        digest: "test".to_owned(),
    }
}

/// A small internet, drawn from a seed: the same question always has the same answer.
#[derive(Clone, Debug)]
struct Internet {
    seed: u64,
}

impl Internet {
    fn draw(&self, question: &Question) -> u64 {
        let text = format!("{question:?}");
        text.bytes().fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }) >> 7
    }

    fn answer(&self, question: &Question) -> Fact {
        let draw = self.draw(question);
        if draw.is_multiple_of(9) {
            return question.failed(Failure::ALL[usize::try_from(draw / 9 % 8).unwrap()]);
        }
        match question {
            Question::Txt(name) => {
                let text: &[u8] = match draw % 7 {
                    0 => b"v=spf1 include:a.example include:b.example mx -all",
                    1 => b"v=spf1 a ip4:192.0.2.0/24 ?all",
                    2 => b"v=DMARC1; p=reject; np=quarantine",
                    3 => b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
                    4 => b"v=spf1 redirect=c.example",
                    5 => return Fact::Txt(name.clone(), Answer::NoName),
                    _ => return Fact::Txt(name.clone(), Answer::NoData),
                };
                Fact::Txt(name.clone(), Answer::Records(vec![text.to_vec()]))
            }
            Question::Ipv4(name) => Fact::Ipv4(name.clone(), Answer::Records(vec![[192, 0, 2, 9].into()])),
            Question::Inner(digest) => Fact::Inner(digest.clone(), Scanned::Clean),
            Question::Partner(domain) => Fact::Partner(domain.clone(), Remembered::Nothing),
            Question::Stored(entry) => Fact::Stored(entry.clone(), Recalled::Nothing),
            Question::Ipv6(name) => Fact::Ipv6(name.clone(), Answer::NoData),
            Question::Mx(name) => Fact::Mx(
                name.clone(),
                Answer::Records(vec![Exchanger { preference: 10, host: Name::new("mx.example") }]),
            ),
            Question::Names(address) => Fact::Names(*address, Answer::Records(vec![Name::new("mx.example")])),
            Question::Virus => Fact::Virus(match draw % 3 {
                0 => Scanned::Clean,
                1 => Scanned::NotAsked,
                _ => Scanned::Infected("Test".to_owned()),
            }),
        }
    }
}

impl World for Internet {
    fn ask<'a>(&'a self, question: &'a Question) -> futures_util::future::BoxFuture<'a, Fact> {
        Box::pin(async move {
            // Answers come in an order of their own.
            tokio::time::sleep(std::time::Duration::from_millis(self.draw(question) % 50)).await;
            self.answer(question)
        })
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        None
    }
}

const FIELDS: [&str; 12] = [
    "From: Schulleitung <leitung@school.example>\r\n",
    "From: a@a.example\r\n",
    "From : \"x@b.example\" <y@c.example>\r\n",
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n",
    "Date: Sun, 1 Mar 2026 10:14:07 +0100\r\n",
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=a.example; s=s1; h=from:subject;\r\n bh=AAAA; b=AAAA\r\n",
    "DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=s2; h=from; bh=AAAA; b=AAAA; l=4\r\n",
    "ARC-Seal: i=1; a=rsa-sha256; t=1; cv=none; d=list.example; s=s; b=AAAA\r\n",
    "Authentication-Results: MX.school.example (x); dmarc=pass\r\n",
    "X-Wehr-Verdict: action=accept\r\n",
    "Received: from x (x [192.0.2.1]) by y; Sun, 1 Mar 2026 10:14:07 +0100\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
];

prop_compose! {
    fn messages()(fields in proptest::collection::vec(0..FIELDS.len(), 0..8), body in proptest::collection::vec(any::<u8>(), 0..300)) -> Bytes {
        let mut raw: Vec<u8> = fields.iter().flat_map(|index| FIELDS[*index].bytes()).collect();
        raw.extend_from_slice(b"\r\n--b\r\nContent-Type: text/html\r\n\r\n<a href=http://evil.example/>x</a>\r\n--b--\r\n");
        raw.extend_from_slice(&body);
        raw.into()
    }
}

fn mail(raw: Bytes) -> Arc<Mail> {
    Arc::new(Mail {
        client: Client {
            address: Some(IpAddr::from([192, 0, 2, 9])),
            helo: Some("mx.a.example".to_owned()),
            ..Client::default()
        },
        envelope: Envelope {
            sender: Address::new("x@a.example"),
            recipients: vec![Address::new("office@school.example"), Address::new("b@school.example")],
            ..Envelope::default()
        },
        message: Message::parse(raw),
        received_at: Timestamp::parse_rfc3339("2026-03-01T09:14:07Z").unwrap(),
    })
}

/// Judges on a table that is filled as the judge asks; returns the verdict and all facts.
fn judge_by_asking(mail: &Arc<Mail>, internet: &Internet) -> (Verdict, Facts) {
    let mut judge = Judge::new(Arc::clone(mail), rulebook());
    let mut facts = Facts::default();
    for _ in 0..200 {
        match judge.advance(&facts) {
            Progress::Done(verdict) => return (*verdict, facts),
            Progress::Wants(wanted) => {
                assert!(!wanted.is_empty(), "the judge waits for nothing");
                for question in wanted {
                    facts.learn(internet.answer(&question));
                }
            }
        }
    }
    panic!("the judge does not end");
}

/// One thread, two, five.
fn pools() -> &'static [rayon::ThreadPool] {
    static POOLS: LazyLock<Vec<rayon::ThreadPool>> = LazyLock::new(|| {
        let pool = |threads: &usize| rayon::ThreadPoolBuilder::new().num_threads(*threads).build().unwrap();
        [1, 2, 5].iter().map(pool).collect()
    });
    &POOLS
}

fn same(left: &Verdict, right: &Verdict) {
    assert_eq!(left.score, right.score);
    assert_eq!(left.findings, right.findings);
    assert_eq!(left.outcomes, right.outcomes);
    assert_eq!(left.edits, right.edits);
    assert_eq!(left.authentication, right.authentication);
    assert_eq!(left.reference, right.reference);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_facts_gives_the_same_verdict(raw in messages(), seed: u64, order in proptest::collection::vec(any::<u32>(), 64)) {
        let mail = mail(raw);
        let (verdict, facts) = judge_by_asking(&mail, &Internet { seed });
        let mut shuffled: Vec<Fact> = facts.all();
        shuffled.sort_by_key(|fact| format!("{:?}", fact.question()));
        let mut keyed: Vec<(u32, Fact)> = shuffled.into_iter().enumerate().map(|(at, fact)| (order[at % order.len()], fact)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        let mut judge = Judge::new(Arc::clone(&mail), rulebook());
        let mut known = Facts::default();
        let mut last = None;
        for (_, fact) in keyed {
            if let Progress::Done(early) = judge.advance(&known) {
                last = Some(*early);
                break;
            }
            known.learn(fact);
        }
        let again = match last {
            Some(verdict) => verdict,
            None => match judge.advance(&known) {
                Progress::Done(verdict) => *verdict,
                Progress::Wants(wanted) => panic!("still wants {wanted:?}"),
            },
        };
        same(&verdict, &again);
    }

    #[test]
    fn a_recorded_case_is_judged_alike_on_any_number_of_threads(raw in messages(), seed: u64) {
        let mail = mail(raw);
        let (verdict, facts) = judge_by_asking(&mail, &Internet { seed });
        let case = Case { received_at: mail.received_at, client: mail.client.clone(), envelope: mail.envelope.clone(), facts };
        let (case, expected) = (case.to_text(), Expectation::of(&verdict).with_digest(&verdict).to_text());
        let expected = Expectation::parse("expect.toml", &expected).unwrap();
        prop_assert_eq!(&expected.verdict, &verdict.digest());
        for pool in pools() {
            let judged = pool.install(|| (0..4).into_par_iter().map(|_| {
                let Case { received_at, client, envelope, facts } = Case::parse("case.toml", &case).unwrap();
                let message = Message::parse(mail.message.raw.clone());
                again(&Arc::new(Mail { client, envelope, message, received_at }), &facts, &rulebook())
            }).collect::<Vec<_>>());
            for replayed in judged {
                prop_assert!(replayed.missing.is_empty());
                prop_assert_eq!(replayed.verdict.digest(), expected.verdict.clone());
            }
        }
    }

    #[test]
    fn live_equals_replay(raw in messages(), seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let mail = mail(raw);
        let settled = runtime.block_on(async {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let metrics = Metrics::new().unwrap();
            let mut inquiry = Inquiry::new(Arc::new(Internet { seed }));
            inquiry.learn(Internet { seed }.answer(&Question::Virus));
            let judge = Judge::new(Arc::clone(&mail), rulebook());
            let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
            inquiry.settle(move || judge, deadline, &pool, &metrics).await.unwrap()
        });
        let mut judge = Judge::new(Arc::clone(&mail), rulebook());
        match judge.advance(&settled.facts) {
            Progress::Done(replayed) => same(&settled.verdict, &replayed),
            Progress::Wants(wanted) => panic!("the recorded facts lack {wanted:?}"),
        }
    }

    #[test]
    fn any_bytes_parse(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let length = raw.len();
        let message = Message::parse(raw.into());
        prop_assert!(message.coverage.scanned <= message.coverage.bytes);
        prop_assert_eq!(message.raw.len(), length);
    }

    #[test]
    fn edits_touch_nothing_else(raw in messages(), seed: u64) {
        let mail = mail(raw);
        let (verdict, _) = judge_by_asking(&mail, &Internet { seed });
        let edited = parcel::edited(&mail.message.head, &verdict.edits);
        let after = Head::parse(&edited);
        let mut kept: BTreeMap<String, Vec<Bytes>> = BTreeMap::new();
        for field in after.fields() {
            kept.entry(String::from_utf8_lossy(&field.name).to_ascii_lowercase()).or_default().push(field.raw.clone());
        }
        for field in mail.message.head.fields().iter().filter(|field| !field.name.is_empty()) {
            let name = String::from_utf8_lossy(&field.name).to_ascii_lowercase();
            let was_removed = verdict.edits.iter().any(|edit| matches!(edit, Edit::RemoveField { name: removed, .. } if removed.eq_ignore_ascii_case(&name)));
            let is_there = kept.get(&name).is_some_and(|fields| fields.iter().any(|kept| kept == &field.raw));
            prop_assert!(was_removed || is_there, "{} is gone", name);
        }
        let names: Vec<&[u8]> = after.fields().iter().map(|field| field.name.as_ref()).collect();
        prop_assert_eq!(names.first().copied(), Some(&b"Authentication-Results"[..]));
    }
}
