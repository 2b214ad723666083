//! How well the marks of a shape hold copies together and keep other mails apart.
//!
//! `cargo bench --ignore-rust-version --bench shape -- FOLDER [MAILS]`. Copies are made of the text of real mails: other names
//! and numbers, other links, and a share of the words changed. Found: share of copies that have a mark in common with the original. Told
//! apart: mails of different subjects and texts that share a mark, and the largest crowd around one mark.

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

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};
use support::{arguments, cpu_seconds};
use wehr::mail::{address::Address, message::Message, shape::marks};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const COPIES: usize = 20;

fn main() {
    let arguments = arguments();
    let Some(folder) = arguments.first() else {
        println!("shape: no folder given, nothing measured (see the head of benches/shape.rs)");
        return;
    };
    let mails_max = arguments.get(1).and_then(|count| count.parse().ok()).unwrap_or(5000);
    let messages: Vec<Message> = mails::read(Path::new(folder), mails_max).into_iter().map(Message::parse).collect();
    let began = cpu_seconds();
    let found: Vec<Vec<u64>> = messages.iter().map(|message| marks(message, &[])).collect();
    let took = cpu_seconds() - began;
    #[expect(clippy::cast_precision_loss, reason = "a count fits a float")]
    let each = 1e6 * took / messages.len().max(1) as f64;
    println!("{} mails, {each:.0} us of CPU a mail", messages.len());
    apart(&messages, &found);
    for percent in [0, 2, 5, 10, 20] {
        copies(&messages, percent);
    }
}

fn text(message: &Message) -> String {
    let shown = message.texts.iter().filter(|text| text.is_shown);
    let texts: Vec<&str> =
        shown.map(|text| text.page.as_ref().map_or(text.text.as_str(), |page| page.visible.as_str())).collect();
    texts.join("\n")
}

fn subject(message: &Message) -> String {
    let subject = message.subject.to_lowercase();
    subject.chars().filter(|letter| letter.is_alphabetic()).collect()
}

/// Crowds: mails of different subjects around one mark.
fn apart(messages: &[Message], found: &[Vec<u64>]) {
    let mut crowds: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for (message, marks) in messages.iter().zip(found) {
        for mark in marks {
            let subject = subject(message);
            let start = ["re", "aw", "fwd"].iter().find_map(|start| subject.strip_prefix(start)).unwrap_or(&subject);
            crowds.entry(*mark).or_default().insert(start.to_owned());
        }
    }
    let with_shape = found.iter().filter(|marks| !marks.is_empty()).count();
    let mut sizes: Vec<(usize, &BTreeSet<String>)> = crowds.values().map(|crowd| (crowd.len(), crowd)).collect();
    sizes.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    println!(
        "{with_shape} have a shape; marks {}; marks of two subjects or more {}",
        crowds.len(),
        sizes.iter().filter(|(size, _)| *size > 1).count()
    );
    for (size, crowd) in sizes.iter().take(5) {
        println!("  {size} subjects: {:?}", crowd.iter().take(4).collect::<Vec<_>>());
    }
}

fn copies(messages: &[Message], percent: u64) {
    let (mut made, mut found, mut most) = (0_usize, 0_usize, 0_usize);
    for message in messages.iter().filter(|message| text(message).split_whitespace().count() > 15).take(300) {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        let original = marks(&Message::parse(wrapped(&text(message), 0, 0)), &[Address::new("anna@school.example")]);
        for copy in 1..=COPIES {
            let number = u64::try_from(copy).unwrap();
            let to = Address::new(&format!("person{number}@school.example"));
            let marks = marks(&Message::parse(wrapped(&text(message), number, percent)), &[to]);
            made += 1;
            found += usize::from(marks.iter().any(|mark| original.contains(mark)));
            for mark in marks {
                *counts.entry(mark).or_default() += 1;
            }
        }
        most += counts.values().copied().max().unwrap_or_default();
    }
    println!(
        "{percent:3} % of the words changed: {:.1} % of copies found, {:.1} % around one mark",
        share(found, made),
        share(most, made)
    );
}

/// The text as a mail to another person, with some words changed.
fn wrapped(text: &str, seed: u64, percent: u64) -> bytes::Bytes {
    let names = ["Meier", "Schulze", "von Stein", "Dr. Klein", "Yilmaz", "Nowak", "O'Neil"];
    let name = names[usize::try_from(seed).unwrap() % names.len()];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut out = format!(
        "Subject: {}\r\nTo: {name} <p{seed}@school.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHallo {name},\r\n",
        draw()
    );
    for (place, word) in text.split_whitespace().enumerate() {
        let changed = percent > 0 && draw() % 100 < percent;
        match (changed, draw() % 3) {
            (true, 0) => {}
            (true, 1) => write!(out, "wort{} ", letters(draw())).unwrap(),
            (true, _) => write!(out, "{word} {} ", letters(draw())).unwrap(),
            (false, _) if word.contains("//") => write!(out, "https://t{}.example/{seed} ", draw() % 7).unwrap(),
            (false, _) if word.bytes().any(|octet| octet.is_ascii_digit()) => {
                write!(out, "{} ", draw() % 9999).unwrap();
            }
            (false, _) => write!(out, "{word} ").unwrap(),
        }
        if place % 12 == 11 {
            out.push_str("\r\n");
        }
    }
    bytes::Bytes::from(format!("{out}\r\nID {}\r\n", draw()))
}

fn letters(number: u64) -> String {
    (0..6).map(|place| char::from(b'a' + u8::try_from((number >> (place * 5)) % 26).unwrap())).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts fit a float")]
fn share(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}
