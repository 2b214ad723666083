//! What one mail costs the judge: CPU time of parsing, of judging, of both, over a folder of mails.
//!
//! `cargo bench --ignore-rust-version --bench judge -- FOLDER [MAILS]` prints microseconds a mail (CPU time of this
//! thread, so that other load does not count). For instruction counts, which repeat exactly:
//! `valgrind --tool=callgrind --toggle-collect='*judge_all*' target/release/deps/judge-* FOLDER 500`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/mails.rs"]
mod mails;
mod support;

use bytes::Bytes;
use std::{hint::black_box, net::IpAddr, path::Path, sync::Arc};
use support::{arguments, cpu_seconds};
use wehr::{
    judge::{
        Judge, Progress, auth,
        facts::{Fact, Facts, Failure, Scanned},
        policy::classes::Classes,
        rulebook::{Rulebook, Thresholds},
        rules::ruleset::Ruleset,
    },
    mail::{
        Mail,
        address::Address,
        envelope::{Client, Envelope},
        message::Message,
        timestamp::Timestamp,
    },
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments = arguments();
    let Some(folder) = arguments.first() else {
        println!("judge: no folder given, nothing measured (see the head of benches/judge.rs)");
        return;
    };
    let mails_max = arguments.get(1).and_then(|count| count.parse().ok()).unwrap_or(2000);
    let raws: Vec<Bytes> = mails::read(Path::new(folder), mails_max).iter().map(|raw| crlf(raw)).collect();
    let octets: usize = raws.iter().map(Bytes::len).sum();
    let rulebook = rulebook();
    judge_all(&raws, &rulebook);
    let before = cpu_seconds();
    let mails = parse_all(&raws);
    let parsed = cpu_seconds();
    for mail in &mails {
        judge(mail, &rulebook);
    }
    let judged = cpu_seconds();
    let count = raws.len();
    println!("{count} mails, {} octets a mail", octets / count);
    println!("parse {:8.1} us a mail", micros(parsed - before, count));
    println!("judge {:8.1} us a mail", micros(judged - parsed, count));
    println!("both  {:8.1} us a mail", micros(judged - before, count));
}

#[expect(clippy::cast_precision_loss, reason = "counts of mails are small")]
fn micros(seconds: f64, count: usize) -> f64 {
    seconds * 1e6 / count as f64
}

fn crlf(raw: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 40);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out.into()
}

fn rulebook() -> Arc<Rulebook> {
    Arc::new(Rulebook {
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
        digest: "bench".to_owned(),
    })
}

fn mail(raw: Bytes) -> Arc<Mail> {
    let client = Client {
        address: Some(IpAddr::from([192, 0, 2, 1])),
        helo: Some("mx.sender.example".to_owned()),
        ..Client::default()
    };
    let envelope = Envelope {
        sender: Address::new("someone@sender.example"),
        recipients: vec![Address::new("office@school.example")],
        ..Envelope::default()
    };
    Arc::new(Mail {
        client,
        envelope,
        message: Message::parse(raw),
        received_at: Timestamp::from_seconds(1_790_000_000),
    })
}

fn parse_all(raws: &[Bytes]) -> Vec<Arc<Mail>> {
    raws.iter().map(|raw| mail(raw.clone())).collect()
}

#[inline(never)]
fn judge_all(raws: &[Bytes], rulebook: &Arc<Rulebook>) {
    for raw in raws {
        judge(&mail(raw.clone()), rulebook);
    }
}

/// As a filter without resolver does: every question fails at once.
fn judge(mail: &Arc<Mail>, rulebook: &Arc<Rulebook>) {
    let mut judge = Judge::new(Arc::clone(mail), Arc::clone(rulebook));
    let mut facts = Facts::default();
    facts.learn(Fact::Virus(Scanned::NotAsked));
    loop {
        match judge.advance(&facts) {
            Progress::Done(verdict) => break drop(black_box(verdict)),
            Progress::Wants(wanted) => {
                for question in wanted {
                    facts.learn(question.failed(Failure::NotRecorded));
                }
            }
        }
    }
}
