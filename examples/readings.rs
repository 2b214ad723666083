//! Counts how often mails in the given folders leave doubt: `cargo run --example readings -- FOLDER...`.
//!
//! With `SHOW` in the environment, names the mails of which some client shows more than the main reading.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use bytes::Bytes;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use wehr::mail::{defects, message::Message};

#[derive(Default)]
struct Counts {
    mails: usize,
    disputed: usize,
    hidden: usize,
    took: Duration,
    slowest: (Duration, PathBuf),
    defects: BTreeMap<&'static str, usize>,
}

fn main() {
    for folder in env::args().skip(1) {
        let mut counts = Counts::default();
        count(Path::new(&folder), &mut counts);
        println!("{folder}: {} mails, {} disputed, {} hidden", counts.mails, counts.disputed, counts.hidden);
        println!("  {:?} in all, the slowest {:?} {}", counts.took, counts.slowest.0, counts.slowest.1.display());
        for (defect, number) in counts.defects {
            println!("  {number:6} {defect}");
        }
    }
}

fn count(path: &Path, counts: &mut Counts) {
    if let Ok(entries) = fs::read_dir(path) {
        for entry in entries.flatten() {
            count(&entry.path(), counts);
        }
        return;
    }
    let Ok(raw) = fs::read(path) else { return };
    let start = Instant::now();
    let message = Message::parse(Bytes::from(raw));
    let took = start.elapsed();
    counts.mails += 1;
    counts.took += took;
    if took > counts.slowest.0 {
        counts.slowest = (took, path.to_owned());
    }
    let has = |defect: &'static str| message.defects.contains(&defect);
    counts.disputed += usize::from(has(defects::DISPUTED_PART));
    counts.hidden += usize::from(has(defects::HIDDEN_BY_READING));
    if has(defects::DISPUTED_PART) && env::var_os("SHOW").is_some() {
        println!("{} {:?}", path.display(), message.defects);
        for part in message.parts.iter().filter(|part| part.is_disputed) {
            println!("  {} {:?} {} {} {}", part.path, part.names, part.declared, part.detected, part.bytes);
        }
    }
    for defect in &message.defects {
        *counts.defects.entry(defect).or_default() += 1;
    }
}
