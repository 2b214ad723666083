//! Translation: every rule read becomes one in our language, or a reason why not.
//!
//! Pure.

use super::{
    Imported,
    book::{Book, Definition, Place, Stage, Test},
    engine, evals,
    expression::Expression,
    header::{Ask, HeaderTest},
    meta::{self, Node},
    octets::readable,
    packs::{self, Rule},
    patterns,
    report::{Fate, Line, Report},
    site::Site,
};
use crate::{judge::rules::embedded, limits, mail::classic::evals::Settings};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A rule's condition in our language.
struct Condition {
    when: String,
    bounded: bool,
    /// One pattern on one field, whose matches can be counted.
    is_pattern: bool,
    reads: BTreeSet<String>,
}

impl Condition {
    fn plain(when: String) -> Self {
        Self { when, bounded: false, is_pattern: false, reads: BTreeSet::new() }
    }
}

/// Translates everything.
#[must_use]
pub fn translated(book: &Book, site: &Site) -> Imported {
    let metas = metas(book);
    let off = off(book, site, &metas);
    let names = names(book.rules.keys());
    let settings = Arc::new(book.lists.settings());
    let mut conditions = BTreeMap::new();
    let mut reasons = BTreeMap::new();
    for (name, definition) in &book.rules {
        if off.contains_key(name) {
            continue;
        }
        match condition(book, name, definition, &settings, (&metas, &off, &names)) {
            Ok(condition) => {
                conditions.insert(name.as_str(), condition);
            }
            Err(why) => {
                reasons.insert(name.as_str(), why);
            }
        }
    }
    let report = report(book, &conditions, &reasons, (&metas, &off, &names));
    let packs = written(book, site, &conditions, &reasons, &names);
    let lists = book.lists.0.iter().map(|(name, entries)| {
        let entries: String = entries.iter().map(|entry| format!("{}\n", readable(entry))).collect();
        (format!("{name}.txt"), entries)
    });
    Imported { packs, lists: lists.collect(), report }
}

/// All arithmetic, read.
fn metas(book: &Book) -> BTreeMap<&str, Node> {
    let every: BTreeSet<&str> = book.rules.keys().chain(book.scores.keys()).map(String::as_str).collect();
    let node = |name: &str, text: &str| {
        let matching = |glob: &str| {
            every
                .iter()
                .filter(|other| **other != name && meta::fits(glob, other))
                .map(|&other| other.to_owned())
                .collect()
        };
        meta::parsed(text, &matching).ok()
    };
    book.rules
        .iter()
        .filter_map(|(name, definition)| match &definition.test {
            Test::Meta(text) => Some((name.as_str(), node(name, text)?)),
            _ => None,
        })
        .collect()
}

/// Rules that never hit: with a score of 0; arithmetic that reads such arithmetic, or itself.
///
/// A test with a score of 0 counts as not hit. Arithmetic with a score of 0 never becomes known, and whatever reads it
/// waits for it in vain.
fn off(book: &Book, site: &Site, metas: &BTreeMap<&str, Node>) -> Off {
    let score = |name: &str| book.scores_of(name).get(site.scores.column()).copied().unwrap_or_default();
    let is_off = |name: &&String| score(name) == 0.0;
    let mut off: Off = book.rules.keys().filter(is_off).map(|name| (name.clone(), "score 0")).collect();
    let reads: BTreeMap<&str, BTreeSet<String>> = metas
        .iter()
        .map(|(name, node)| {
            let mut names = BTreeSet::new();
            node.reads(&mut names);
            names.retain(|read| metas.contains_key(read.as_str()));
            (*name, names)
        })
        .collect();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    // Each round settles what reads only settled arithmetic; what is never settled is off.
    loop {
        let settled: Vec<&str> = reads
            .iter()
            .filter(|(name, reads)| {
                !known.contains(*name)
                    && !off.contains_key(**name)
                    && reads.iter().all(|read| known.contains(read.as_str()))
            })
            .map(|(name, _)| *name)
            .collect();
        if settled.is_empty() {
            break;
        }
        known.extend(settled);
    }
    for name in metas.keys().filter(|name| !known.contains(*name)) {
        off.entry((*name).to_owned()).or_insert("reads a rule that is off, or itself");
    }
    off
}

/// What rules are called here: capitals, cut where they are too long; a number behind the name where two would be one.
fn names<'a>(all: impl Iterator<Item = &'a String>) -> BTreeMap<&'a str, String> {
    // Imported packs may stand beside ours: names that those have are taken.
    let own = embedded::PACKS.iter().flat_map(|(_, text)| text.lines());
    let own = own.filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
    let mut taken: BTreeSet<String> = own.map(str::to_owned).collect();
    let (upper, lower): (Vec<&String>, Vec<&String>) =
        all.partition(|name| !name.contains(|c: char| c.is_ascii_lowercase()));
    let mut names = BTreeMap::new();
    for name in upper.into_iter().chain(lower) {
        // Room is left for the number.
        let wanted: String = name.to_ascii_uppercase().chars().take(limits::SYMBOL_BYTES_MAX - 8).collect();
        let mut free = wanted.clone();
        let mut number = 2;
        while !taken.insert(free.clone()) {
            free = format!("{wanted}_{number}");
            number += 1;
        }
        names.insert(name.as_str(), free);
    }
    names
}

/// Rules that never hit, with the reason.
type Off = BTreeMap<String, &'static str>;

/// Arithmetic, rules that are off, names in our language.
type Context<'a> = (&'a BTreeMap<&'a str, Node>, &'a Off, &'a BTreeMap<&'a str, String>);

fn condition(
    book: &Book,
    name: &str,
    definition: &Definition,
    settings: &Arc<Settings>,
    (metas, off, names): Context<'_>,
) -> Result<Condition, String> {
    match &definition.test {
        Test::Text(place, expression) => {
            let field = match place {
                Place::Body if book.has_flag(name, "nosubject") => "body_only",
                Place::Body => "body",
                Place::RawBody => "rawbody",
                Place::Full => "full",
                Place::Uri => "uri",
            };
            let (text, bounded, _) = pattern(expression)?;
            Ok(Condition { bounded, is_pattern: true, ..Condition::plain(format!("{field} ~ {text}")) })
        }
        Test::Header(test) => header("sa_header", test),
        Test::Mime(_) if ["concat", "multiple"].iter().any(|flag| book.has_flag(name, flag)) => {
            Err("flags: `concat` and `multiple` of header fields of parts".to_owned())
        }
        Test::Mime(test) => header("sa_mimeheader", test),
        Test::Meta(text) if meta::is_empty(text) => Err("no test: an application reports it".to_owned()),
        Test::Meta(_) => {
            let node = metas.get(name).ok_or("arithmetic: not read")?;
            let called = |read: &str| match names.get(read) {
                Some(ours) if !off.contains_key(read) => ours.clone(),
                _ => "0".to_owned(),
            };
            let mut reads = BTreeSet::new();
            node.reads(&mut reads);
            Ok(Condition { reads, ..Condition::plain(node.written(&called)) })
        }
        Test::Eval(stage, function, arguments) => {
            let call = evals::native(*stage == Stage::RawBody, function, arguments, settings)?;
            call.map(Condition::plain).ok_or_else(|| {
                let is = |flag| book.has_flag(name, flag);
                format!("{}: {function}", evals::why_left_out(function, is("net"), is("learn")))
            })
        }
        Test::Empty => Err("no test: a plugin reports it".to_owned()),
    }
}

/// A header test; a missing field is an empty text to a pattern, as it is in Perl.
fn header(call: &str, test: &HeaderTest) -> Result<Condition, String> {
    let field = evals::quoted(&test.field);
    let Ask::Matches { expression, negated, unset } = &test.ask else {
        return Ok(Condition::plain(format!("count({call}({field})) > 0")));
    };
    let (found, bounded, takes_nothing) = pattern(expression)?;
    if call == "sa_mimeheader" && *negated {
        return Err("negation: of header fields of parts".to_owned());
    }
    let default = match unset {
        Some(default) => format!(", {}", evals::quoted(default)),
        None if takes_nothing => ", \"\"".to_owned(),
        None => String::new(),
    };
    let asked = format!("{call}({field}{default}) ~ {found}");
    let when = if *negated { format!("not ({asked})") } else { asked };
    Ok(Condition { bounded, is_pattern: !negated, ..Condition::plain(when) })
}

/// A pattern as our language writes it, whether it is bounded, whether it matches the empty text.
fn pattern(expression: &Expression) -> Result<(String, bool, bool), String> {
    let written = patterns::written(expression).map_err(|why| format!("pattern: {why}"))?;
    let known = engine::known(&written).map_err(|why| format!("pattern: {why}"))?;
    Ok((format!("/{}/{}", written.source, written.flags), known.bounded, known.takes_nothing))
}

fn kind(test: &Test) -> &'static str {
    match test {
        Test::Text(Place::Body, _) => "body",
        Test::Text(Place::RawBody, _) => "rawbody",
        Test::Text(Place::Full, _) => "full",
        Test::Text(Place::Uri, _) => "uri",
        Test::Header(_) => "header",
        Test::Mime(_) => "mimeheader",
        Test::Meta(_) => "meta",
        Test::Eval(Stage::Header, ..) => "header eval",
        Test::Eval(Stage::Body, ..) => "body eval",
        Test::Eval(Stage::RawBody, ..) => "rawbody eval",
        Test::Eval(Stage::Full, ..) => "full eval",
        Test::Empty => "empty",
    }
}

fn report(
    book: &Book,
    conditions: &BTreeMap<&str, Condition>,
    reasons: &BTreeMap<&str, String>,
    (_, off, names): Context<'_>,
) -> Report {
    let mut report = Report::default();
    // What SpamAssassin does not run either counts as not hit on both sides.
    let is_missed = |name: &str| {
        reasons
            .get(name)
            .is_some_and(|why| !["network", "Bayes", "no test", "own lists"].iter().any(|known| why.starts_with(known)))
    };
    for (name, definition) in &book.rules {
        let mut without = Vec::new();
        let (fate, why) = if let Some(why) = off.get(name) {
            (Fate::Off, Some((*why).to_owned()))
        } else if let Some(condition) = conditions.get(name.as_str()) {
            without
                .extend(reached(conditions, condition).into_iter().filter(|read| is_missed(read)).map(str::to_owned));
            (if condition.bounded { Fate::Bounded } else { Fate::Exact }, None)
        } else {
            (Fate::LeftOut, reasons.get(name.as_str()).cloned())
        };
        let (file, line) = (definition.file.clone(), definition.line);
        let here = names.get(name.as_str()).cloned().unwrap_or_default();
        report.add(Line { name: name.clone(), here, kind: kind(&definition.test), fate, why, file, line, without });
    }
    report.oddities.clone_from(&book.oddities);
    report
}

/// All rules that a condition reads, also through others.
fn reached<'a>(conditions: &'a BTreeMap<&str, Condition>, condition: &'a Condition) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![condition];
    while let Some(condition) = open.pop() {
        for read in &condition.reads {
            if found.insert(read.as_str()) {
                open.extend(conditions.get(read.as_str()));
            }
        }
    }
    found
}

/// The packs: rules that can hit, and names that those read.
fn written(
    book: &Book,
    site: &Site,
    conditions: &BTreeMap<&str, Condition>,
    reasons: &BTreeMap<&str, String>,
    names: &BTreeMap<&str, String>,
) -> Vec<(String, String)> {
    let read: BTreeSet<&str> = conditions.values().flat_map(|condition| &condition.reads).map(String::as_str).collect();
    let mut packs: BTreeMap<&str, Vec<Rule>> = BTreeMap::new();
    for (name, definition) in &book.rules {
        let condition = conditions.get(name.as_str());
        let reason = reasons.get(name.as_str()).filter(|_| read.contains(name.as_str()));
        if condition.is_none() && reason.is_none() {
            continue;
        }
        let is_part = name.starts_with("__");
        let about = book.about.get(name).map(|text| readable(text));
        let about = match reason {
            Some(why) => {
                Some(format!("not imported ({why}){}", about.map(|text| format!(": {text}")).unwrap_or_default()))
            }
            None => about.or_else(|| (!is_part).then(|| "SpamAssassin's files do not say".to_owned())),
        };
        let score = book.scores_of(name).get(site.scores.column()).copied().filter(|_| !is_part);
        packs.entry(definition.file.as_str()).or_default().push(Rule {
            name: names.get(name.as_str()).cloned().unwrap_or_default(),
            from: (definition.file.clone(), definition.line),
            about,
            score,
            hits_max: if condition.is_some_and(|condition| condition.is_pattern) { book.hits_max(name) } else { 1 },
            bounded: condition.is_some_and(|condition| condition.bounded),
            // A sub-rule needs a condition; another symbol may be reported by a check of ours some day.
            when: condition.map(|condition| condition.when.clone()).or_else(|| is_part.then(|| "0".to_owned())),
        });
    }
    let write = |(file, mut rules): (&str, Vec<Rule>)| {
        rules.sort_by_key(|rule| rule.from.1);
        (packs::file_name(file), packs::written(file, &rules))
    };
    packs.into_iter().map(write).collect()
}
