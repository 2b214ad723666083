//! Arithmetic over rules: our reading of every `meta`, fed with SpamAssassin's own hits of all other rules.

use crate::{imported, mails, parts};
use std::collections::{BTreeMap, BTreeSet};
use wehr::judge::rules::import::{
    book::{Book, Test},
    meta::{self, Node, Operator},
    report::Fate,
};

pub fn every_meta() -> Result<(), String> {
    let (files, mut site) = parts::stock()?;
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    let book = Book::read(&files, &mut site);
    let report = imported::stock()?.report;
    let off: BTreeSet<&str> =
        report.rules.iter().filter(|rule| rule.fate == Fate::Off).map(|rule| rule.name.as_str()).collect();
    let metas: BTreeMap<&str, Node> = book
        .rules
        .iter()
        .filter_map(|(name, definition)| match &definition.test {
            Test::Meta(text) => Some((name.as_str(), meta::parsed(text, &|_| Vec::new()).ok()?)),
            _ => None,
        })
        .collect();
    let (mut pairs, mut hits, mut wrong) = (0, 0, BTreeMap::<&str, usize>::new());
    for (_, theirs) in mails::hits()? {
        let mut worth: BTreeMap<&str, f64> = BTreeMap::new();
        for name in metas.keys().copied() {
            let value = value_of(name, &metas, &off, &theirs, &mut worth);
            let told = theirs.get(name).copied().unwrap_or_default();
            pairs += 1;
            hits += usize::from(told != 0.0);
            if (value - told).abs() > 1e-9 {
                *wrong.entry(name).or_default() += 1;
            }
        }
    }
    println!("  {} metas, {pairs} pairs, {hits} hits, {} metas differ: {wrong:?}", metas.len(), wrong.len());
    assert!(wrong.is_empty());
    Ok(())
}

/// What a rule is worth to arithmetic that reads it: its hits, at least 1 if it hit at all.
fn value_of<'a>(
    name: &'a str,
    metas: &'a BTreeMap<&'a str, Node>,
    off: &BTreeSet<&str>,
    theirs: &mails::Hits,
    worth: &mut BTreeMap<&'a str, f64>,
) -> f64 {
    if off.contains(name) {
        return 0.0;
    }
    let Some(node) = metas.get(name) else { return theirs.get(name).copied().unwrap_or_default() };
    if let Some(known) = worth.get(name) {
        return *known;
    }
    let value = worth_of(node, &mut |read| value_of(read, metas, off, theirs, worth));
    let value = if value == 0.0 {
        0.0
    } else if value < 0.0 {
        1.0
    } else {
        value
    };
    worth.insert(name, value);
    value
}

fn worth_of<'a>(node: &'a Node, read: &mut dyn FnMut(&'a str) -> f64) -> f64 {
    let truth = |holds: bool| f64::from(u8::from(holds));
    match node {
        Node::Number(text) => text.parse().expect("a number"),
        Node::Rule(name) => read(name),
        Node::Not(inner) => truth(worth_of(inner, read) == 0.0),
        Node::Minus(inner) => -worth_of(inner, read),
        Node::Chain(_, first, rest) => {
            let mut left = worth_of(first, read);
            for (operator, node) in rest {
                let right = worth_of(node, read);
                left = match operator {
                    Operator::Or => {
                        if left == 0.0 {
                            right
                        } else {
                            left
                        }
                    }
                    Operator::And => {
                        if left == 0.0 {
                            left
                        } else {
                            right
                        }
                    }
                    Operator::Equal => truth((left - right).abs() < f64::EPSILON),
                    Operator::Unequal => truth((left - right).abs() >= f64::EPSILON),
                    Operator::Less => truth(left < right),
                    Operator::More => truth(left > right),
                    Operator::AtMost => truth(left <= right),
                    Operator::AtLeast => truth(left >= right),
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times => left * right,
                    Operator::Over => left / right,
                };
            }
            left
        }
    }
}
