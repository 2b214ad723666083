//! What reading and judging one mail takes of memory at its peak, counted at the allocator: at most
//! `MAIL_MEMORY_FACTOR` octets for each octet of the mail, and `MAIL_MEMORY_BYTES_MAX` beside.
//!
//! One test in a process of its own, so that nothing else allocates meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bombs;

use bytes::Bytes;
use peak_alloc::PeakAlloc;
use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use wehr::{
    judge::{
        Judge, Progress,
        facts::{Facts, Failure},
        policy::classes::Classes,
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
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// No mail may keep a thread longer; the debug build is some ten times slower than what is shipped.
const SECONDS_MAX: Duration = Duration::from_secs(60);

/// What one mail took.
struct Taken {
    name: String,
    octets: usize,
    peak: usize,
    /// What stays allocated while the mail waits for answers.
    kept: usize,
    time: Duration,
}

impl Taken {
    fn allowed(&self) -> usize {
        self.octets * limits::MAIL_MEMORY_FACTOR + limits::MAIL_MEMORY_BYTES_MAX
    }
}

fn rulebook() -> Arc<Rulebook> {
    Arc::new(Rulebook {
        auth: wehr::judge::auth::Settings { authserv_id: "mx.school.example".to_owned(), ..Default::default() },
        own_domains: Vec::new(),
        thresholds: Thresholds::default(),
        rules: Ruleset::embedded(&[]).unwrap(),
        learned: None,
        classes: Classes::embedded(),
        encryption: wehr::judge::policy::encryption::Encryption::default(),
        senders: wehr::judge::policy::senders::Senders::default(),
        digest: "memory".to_owned(),
    })
}

/// Reads a mail and judges it, every question answered with a failure.
fn take(name: &str, raw: Bytes, rulebook: &Arc<Rulebook>) -> Taken {
    let octets = raw.len();
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let begun = Instant::now();
    let (client, received_at) = (Client::default(), Timestamp::from_seconds(1_790_000_000));
    let mail = Arc::new(Mail { client, envelope: Envelope::default(), message: Message::parse(raw), received_at });
    let kept = ALLOCATOR.current_usage() - before;
    let mut judge = Judge::new(mail, Arc::clone(rulebook));
    let mut facts = Facts::default();
    while let Progress::Wants(wanted) = judge.advance(&facts) {
        for question in wanted {
            facts.learn(question.failed(Failure::NotRecorded));
        }
    }
    let time = begun.elapsed();
    Taken { name: name.to_owned(), octets, peak: ALLOCATOR.peak_usage() - before, kept, time }
}

fn suites() -> PathBuf {
    env::var("WEHR_SUITES").map_or_else(|_| PathBuf::from("../shared/suites"), PathBuf::from)
}

fn mails_in(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            mails_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn one_mail_stays_within_its_memory() {
    let rulebook = rulebook();
    // Automata of the rules are made when a mail first needs them, and are kept for all mails.
    take("the first", Bytes::from(bombs::text(1 << 20)), &rulebook);
    let mut taken = Vec::new();
    for (name, raw) in bombs::all() {
        taken.push(take(name, Bytes::from(raw), &rulebook));
    }
    for folder in ["attach", "mime", "smuggling"] {
        let mut paths = Vec::new();
        mails_in(&suites().join(folder), &mut paths);
        assert!(folder == "smuggling" || paths.len() > 20, "{folder}: {} mails", paths.len());
        for path in paths {
            taken.push(take(&path.display().to_string(), Bytes::from(fs::read(&path).unwrap()), &rulebook));
        }
    }
    let mib = |octets: usize| f64::from(u32::try_from(octets >> 10).unwrap()) / 1024.0;
    taken.sort_by_key(|one| std::cmp::Reverse(one.peak));
    println!("    mail MiB  peak MiB  kept MiB  seconds");
    for one in taken.iter().take(30) {
        let (mail, peak, kept) = (mib(one.octets), mib(one.peak), mib(one.kept));
        println!("    {mail:8.2}  {peak:8.1}  {kept:8.1}  {:7.2}  {}", one.time.as_secs_f64(), one.name);
    }
    for one in &taken {
        assert!(one.peak <= one.allowed(), "{} took {} MiB", one.name, mib(one.peak));
        assert!(one.time < SECONDS_MAX, "{} took {:?}", one.name, one.time);
    }
}
