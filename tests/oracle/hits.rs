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

/// Rules whose hits may differ, by the reason. These lists may only shrink.
const KNOWN: [(&str, &[&str]); 0] = [];

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
    example: String,
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
    for (path, theirs) in &hits {
        let mail = mail(&fs::read(root.join(path)).expect("a readable mail"));
        let scene = Scene::new(&mail, None);
        let worths: BTreeMap<&str, f64> =
            rules.program.worths(&scene).into_iter().map(|(symbol, worth)| (symbol.as_str(), worth)).collect();
        for line in &off {
            assert!(!theirs.contains_key(&line.name), "{} is off, and hits {path}", line.name);
        }
        for line in &lines {
            let told = theirs.get(&line.name).copied().unwrap_or_default();
            let worth = worths.get(line.here.as_str()).copied().unwrap_or_default();
            tallies.entry(&line.name).or_default().add(path, told, worth);
        }
    }
    judge(&lines, &tallies);
    Ok(())
}

impl Tally {
    fn add(&mut self, path: &str, theirs: f64, ours: f64) {
        self.pairs += 1;
        self.theirs += usize::from(theirs != 0.0);
        self.missed += usize::from(theirs != 0.0 && ours == 0.0);
        self.wrong += usize::from(theirs == 0.0 && ours != 0.0);
        self.uneven += usize::from(theirs != 0.0 && ours != 0.0 && (theirs - ours).abs() > 1e-9);
        if self.example.is_empty() && (theirs - ours).abs() > 1e-9 {
            self.example = format!("{path}: theirs {theirs} ours {ours}");
        }
    }

    fn differs(&self) -> bool {
        self.missed + self.wrong > 0
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
    let share = |of: usize, bad: usize| if of == 0 { 10_000 } else { (of - bad) * 10_000 / of };
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
    let mut differing: Vec<(&&Line, &Tally)> =
        lines.iter().map(|line| (line, &tallies[line.name.as_str()])).filter(|(_, tally)| tally.differs()).collect();
    differing.sort_by_key(|(line, tally)| (!line.without.is_empty(), usize::MAX - tally.missed - tally.wrong));
    let told: Vec<_> = differing
        .iter()
        .map(|(line, tally)| {
            json!({ "rule": line.name, "kind": line.kind, "missed": tally.missed, "wrong": tally.wrong, "hits": tally.theirs,
                    "example": tally.example, "without": line.without, "known": known(&line.name) })
        })
        .collect();
    let path = parts::scratch().join("disagreements.json");
    fs::write(&path, serde_json::to_string_pretty(&told).expect("JSON")).expect("target is writable");
    for (line, tally) in differing.iter().take(60) {
        let mark = if line.without.is_empty() { "" } else { " (reads what is left out)" };
        println!(
            "  {} [{}] missed {} wrong {} of {}{mark}; {}",
            line.name, line.kind, tally.missed, tally.wrong, tally.theirs, tally.example
        );
    }
    println!("  {} rules differ; all of them: {}", differing.len(), path.display());
    assert!(all.0 >= OF_ALL && whole.0 >= OF_ALL && whole.1 >= OF_HITS, "{all:?} {whole:?}");
}

fn known(rule: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(_, rules)| rules.contains(&rule)).map(|(why, _)| *why)
}
