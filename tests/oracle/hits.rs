//! Hits: the imported rules judge the mails themselves, and every (rule, mail) pair is compared with SpamAssassin.

use crate::{imported, mails, parts};
use bytes::Bytes;
use serde_json::json;
use std::{collections::BTreeMap, fs};
use wehr::{
    judge::rules::{
        import::report::{Fate, Line},
        lists::List,
        ruleset::{Proof, Ruleset, Sources},
        scene::Scene,
    },
    mail::{
        Mail,
        envelope::{Client, Envelope},
        message::Message,
        timestamp::Timestamp,
    },
};

type Belongs = fn(&Difference<'_>) -> bool;

/// Why hits may differ: every difference belongs to one of these. This list may only shrink.
const CLASSES: [(&str, Belongs); 2] = [
    (
        "text that is not in the Japanese charset it declares: SpamAssassin's decoder gives up, ours goes on",
        |difference| has(difference.octets, b"iso-2022-jp"),
    ),
    (
        "SpamAssassin's FreeMail plugin takes addresses, and links with `@`, out of the text that body rules see after it",
        |difference| matches!(difference.line.kind, "body" | "meta") && has(difference.octets, b"@"),
    ),
];

/// Agreement that is asked for, in pairs of 10,000: of all pairs, and of those where SpamAssassin hits.
const OF_ALL: usize = 9_990;
const OF_HITS: usize = 9_900;

/// What became of one rule over all mails.
#[derive(Default)]
struct Tally {
    pairs: usize,
    theirs: usize,
    missed: usize,
    wrong: usize,
    /// Both hit, not equally often.
    uneven: usize,
}

/// A pair that differs.
struct Difference<'a> {
    line: &'a Line,
    path: &'a str,
    octets: &'a [u8],
    theirs: f64,
    ours: f64,
}

fn has(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|window| window.eq_ignore_ascii_case(words))
}

pub fn every_pair() -> Result<(), String> {
    let hits = mails::hits()?;
    let (root, _) = mails::sample()?;
    let imported = imported::stock()?;
    let list = |(name, text): &(String, String)| {
        let name = name.strip_suffix(".txt").expect("a list");
        (name.to_owned(), List::read(name, text))
    };
    let sources = Sources { files: imported.packs.clone(), lists: imported.lists.iter().map(list).collect() };
    let rules = Ruleset::read(&sources, Proof::Done).unwrap_or_else(|errors| panic!("{errors}"));
    let is_imported = |line: &&Line| matches!(line.fate, Fate::Exact | Fate::Bounded);
    let lines: Vec<&Line> = imported.report.rules.iter().filter(is_imported).collect();
    let off: Vec<&Line> = imported.report.rules.iter().filter(|line| line.fate == Fate::Off).collect();
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut classes: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for (path, theirs) in &hits {
        let octets = fs::read(root.join(path)).expect("a readable mail");
        let mail = mail(&octets);
        let scene = Scene::new(&mail, None);
        let worths: BTreeMap<&str, f64> =
            rules.program.worths(&scene).into_iter().map(|(symbol, worth)| (symbol.as_str(), worth)).collect();
        for line in &off {
            assert!(!theirs.contains_key(&line.name), "{} is off, and hits {path}", line.name);
        }
        for line in &lines {
            let told = theirs.get(&line.name).copied().unwrap_or_default();
            let worth = worths.get(line.here.as_str()).copied().unwrap_or_default();
            tallies.entry(&line.name).or_default().add(told, worth);
            if (told != 0.0) != (worth != 0.0) {
                let difference = Difference { line, path, octets: &octets, theirs: told, ours: worth };
                let (class, example) = classified(&difference);
                *classes.entry(class).or_default().entry(example).or_default() += 1;
            }
        }
    }
    judge(&lines, &tallies);
    tell(&classes);
    Ok(())
}

impl Tally {
    fn add(&mut self, theirs: f64, ours: f64) {
        self.pairs += 1;
        self.theirs += usize::from(theirs != 0.0);
        self.missed += usize::from(theirs != 0.0 && ours == 0.0);
        self.wrong += usize::from(theirs == 0.0 && ours != 0.0);
        self.uneven += usize::from(theirs != 0.0 && ours != 0.0 && (theirs - ours).abs() > 1e-9);
    }
}

fn mail(octets: &[u8]) -> Mail {
    let mut raw = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(line) => raw.extend([line, b"\n"].concat()),
            None => raw.extend(line),
        }
    }
    let message = Message::parse(Bytes::from(raw));
    Mail { client: Client::default(), envelope: Envelope::default(), message, received_at: Timestamp::default() }
}

/// Pairs, SpamAssassin's hits among them, agreements among both, in one line.
fn summed<'a>(name: &str, tallies: impl Iterator<Item = &'a Tally>) -> (usize, usize) {
    let (mut pairs, mut theirs, mut missed, mut wrong, mut uneven) = (0, 0, 0, 0, 0);
    for tally in tallies {
        pairs += tally.pairs;
        theirs += tally.theirs;
        missed += tally.missed;
        wrong += tally.wrong;
        uneven += tally.uneven;
    }
    let share = |of: usize, bad: usize| ((of - bad) * 10_000).checked_div(of).unwrap_or(10_000);
    let shares = (share(pairs, missed + wrong), share(theirs, missed));
    println!(
        "  {name:34} {pairs:>9} pairs, {}.{:02} % agree; {theirs:>6} hits, {}.{:02} % found; missed {missed}, wrong {wrong}, \
         other counts {uneven}",
        shares.0 / 100,
        shares.0 % 100,
        shares.1 / 100,
        shares.1 % 100
    );
    shares
}

fn judge(lines: &[&Line], tallies: &BTreeMap<&str, Tally>) {
    let of = |is: &dyn Fn(&Line) -> bool| {
        lines.iter().filter(|line| is(line)).map(|line| &tallies[line.name.as_str()]).collect::<Vec<_>>()
    };
    let mut kinds: Vec<&str> = lines.iter().map(|line| line.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        summed(kind, of(&|line| line.kind == kind && line.without.is_empty()).into_iter());
    }
    summed("metas that read what is left out", of(&|line| !line.without.is_empty()).into_iter());
    let is_whole = |line: &Line| line.without.is_empty();
    let whole = summed("all but those", of(&is_whole).into_iter());
    let all = summed("all", of(&|_| true).into_iter());
    assert!(all.0 >= OF_ALL && whole.0 >= OF_ALL && whole.1 >= OF_HITS, "{all:?} {whole:?}");
}

/// The class of a difference and what stands for it in the list: the rule, and for unknown ones the mail.
fn classified<'a>(difference: &Difference<'_>) -> (&'a str, String) {
    let Difference { line, path, theirs, ours, .. } = difference;
    let class = CLASSES.iter().find(|(_, is)| line.without.is_empty() && is(difference));
    match class {
        Some((why, _)) => (why, line.name.clone()),
        None if !line.without.is_empty() => ("metas that read functions that are left out", line.name.clone()),
        None => (UNKNOWN, format!("{} [{}] {path}: theirs {theirs} ours {ours}", line.name, line.kind)),
    }
}

const UNKNOWN: &str = "unknown";

fn tell(classes: &BTreeMap<&str, BTreeMap<String, usize>>) {
    for (class, members) in classes {
        println!("  {} pairs: {class}", members.values().sum::<usize>());
        let members: Vec<String> = members.iter().map(|(name, count)| format!("{name} {count}")).collect();
        println!("    {}", members.join(if *class == UNKNOWN { "\n    " } else { ", " }));
    }
    let path = parts::scratch().join("differences.json");
    fs::write(&path, serde_json::to_string_pretty(&json!(classes)).expect("JSON")).expect("target is writable");
    assert!(!classes.contains_key(UNKNOWN), "differences of no known class");
}
