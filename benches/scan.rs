//! What the matcher costs: CPU time of many patterns over the text of mails.
//!
//! `cargo bench --ignore-rust-version --bench scan -- RULES.tsv TEXT.bin [PASSES] [OUT]`; `benches/scan.sh` makes the
//! inputs and runs Hyperscan beside it. RULES.tsv has a kind, a name, a regular expression and flags a line; TEXT.bin is
//! explained in `sa_text.pl`. With `bounded` in the environment patterns that need backtracking run too; with `which`
//! as PASSES the names of the patterns that are taken are printed, and nothing else. OUT gets a line `mail name` a hit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a test says what is wrong by panicking"
)]

use std::{
    fmt::Write,
    fs,
    time::{Duration, Instant},
};
use wehr::judge::rules::{
    pattern::Pattern,
    scan::{Haystack, Hits, Matcher},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [rules, text, rest @ ..] = arguments.as_slice() else {
        println!("scan: no rules and text given, nothing measured (see the head of benches/scan.rs)");
        return;
    };
    let begun = Instant::now();
    let (names, patterns, refused) = read_rules(rules);
    let read = begun.elapsed();
    if rest.first().is_some_and(|word| word == "which") {
        println!("{}", names.join("\n"));
        return;
    }
    let matcher = Matcher::new(patterns);
    let built = begun.elapsed();
    println!(
        "wehr: {} patterns ({refused} refused), read in {:.0} ms, ready after {:.0} ms",
        names.len(),
        milliseconds(read),
        milliseconds(built)
    );
    let mails = read_text(text);
    let passes = rest.first().map_or(3, |passes| passes.parse().expect("PASSES is a number"));
    let found = run(&matcher, &names, &mails, passes);
    println!("wehr: {:?}, resident {} KB", matcher.figures(), resident());
    if let Some(out) = rest.get(1) {
        fs::write(out, found).unwrap();
    }
}

/// Runs all mails so many times and tells what each pass took; the hits as text.
fn run(matcher: &Matcher, names: &[String], mails: &[Haystack], passes: usize) -> String {
    let octets: usize = mails.iter().map(Haystack::len).sum();
    let (mut hits, mut found) = (Hits::new(), String::new());
    for pass in 0..passes {
        let (mut count, mut exhausted) = (0, 0);
        let begun = cpu_seconds();
        for (number, mail) in mails.iter().enumerate() {
            matcher.scan(mail, &mut hits);
            count += hits.iter().count();
            exhausted += hits.exhausted().len();
            if pass == 0 {
                hits.iter().for_each(|index| writeln!(found, "{number} {}", names[index]).unwrap());
            }
        }
        let took = cpu_seconds() - begun;
        println!(
            "wehr: pass {pass} {:.2} MB/s, {:.1} us a mail, {count} hits, {exhausted} out of steps",
            octets as f64 / took / 1e6,
            took * 1e6 / mails.len() as f64
        );
    }
    found
}

fn read_rules(path: &str) -> (Vec<String>, Vec<Pattern>, usize) {
    let bounded = std::env::var_os("bounded").is_some();
    let (mut names, mut patterns, mut refused) = (Vec::new(), Vec::new(), 0);
    for line in fs::read_to_string(path).unwrap().lines() {
        let [_, name, regex, flags] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("not a rule: {line}") };
        match if bounded { Pattern::bounded(regex, flags) } else { Pattern::parse(regex, flags) } {
            Ok(pattern) => {
                names.push(name.to_owned());
                patterns.push(pattern);
            }
            Err(_) => refused += 1,
        }
    }
    (names, patterns, refused)
}

fn read_text(path: &str) -> Vec<Haystack> {
    let octets = fs::read(path).unwrap();
    let mut rest = octets.as_slice();
    let mut mails = Vec::new();
    while !rest.is_empty() {
        let mut mail = Haystack::new();
        for _ in 0..number(&mut rest) {
            let length = number(&mut rest);
            mail.push(rest.split_off(..length).unwrap());
        }
        mails.push(mail);
    }
    mails
}

fn number(rest: &mut &[u8]) -> usize {
    let octets = rest.split_off(..4).unwrap();
    usize::try_from(u32::from_le_bytes(octets.try_into().unwrap())).unwrap()
}

/// CPU time of this thread.
fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: u64 = text.split(' ').next().unwrap().parse().unwrap();
    nanoseconds as f64 / 1e9
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap_or_default().trim_end_matches("kB").trim().to_owned()
}
