//! Where to take hold of a pattern: places in it that every match passes, with rare texts that stand there.
//!
//! Pure. A cut divides a pattern in two: whatever it matches is something the first part matches, then something the
//! second does, for one of its cuts; and the second begins with one of the cut's texts. So a pattern is found where
//! a text is found, the second part from there on, and the first part up to there.

use super::{
    factor::{Texts, beginnings, cross, exact},
    pairs::{self, Heads, Pairs},
    rarity,
    text::Text,
};
use regex_syntax::hir::{Hir, HirKind};
use std::cell::OnceCell;

/// Cuts that together pass every match.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Expected nanoseconds for each octet of text.
    pub cost: f64,
    pub cuts: Vec<Cut>,
}

#[derive(Clone, Debug)]
pub struct Cut {
    /// Which part, branch or (0) repeated pattern to go into, one step a level.
    pub path: Vec<usize>,
    pub grip: Grip,
}

/// What stands at a cut.
#[derive(Clone, Debug)]
pub enum Grip {
    Texts(Texts),
    Pairs(Pairs),
}

/// Nanoseconds an octet from which on a pattern is better run over all, together with others or (with gaps) apart.
pub const LOOSE: f64 = 0.1;
pub const LOOSE_APART: f64 = 1.5;
/// Nanoseconds to verify at one place, roughly.
const VERIFY: f64 = 60.0;
/// Nanoseconds a text costs each octet by making the tables larger, roughly.
const TEXT: f64 = 0.0002;
/// Nanoseconds an octet from which on pairs are tried instead of texts.
const DEAR: f64 = 0.02;
/// Octets of a part that is not searched for inner holds.
const SHORT: usize = 5;
/// Parts of a sequence that a run of texts is followed over.
const RUN_MAX: usize = 24;
/// Branches that are held each on their own.
const BRANCHES_MAX: usize = 200;

/// The cheapest way to take hold of a pattern; none if some match has nothing to hold.
pub fn hold(hir: &Hir) -> Option<Hold> {
    let texts = Search { pairs: false }.hold(hir);
    match texts {
        Some(hold) if hold.cost < DEAR => Some(hold),
        texts => cheaper(texts, Search { pairs: true }.hold(hir)),
    }
}

fn cheaper(one: Option<Hold>, other: Option<Hold>) -> Option<Hold> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.cost < one.cost { other } else { one }),
        (one, other) => one.or(other),
    }
}

struct Search {
    /// Whether pairs will do.
    pairs: bool,
}

impl Search {
    fn hold(&self, hir: &Hir) -> Option<Hold> {
        let own = beginnings(hir).and_then(|texts| from_texts(&[], texts));
        let own = if self.pairs { cheaper(own, from_pairs(&[], &[pairs::heads(hir)])) } else { own };
        let inner = match hir.kind() {
            HirKind::Capture(capture) => self.hold(&capture.sub).map(|hold| hold.inside(0)),
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                self.hold(&repetition.sub).map(|hold| hold.inside(0))
            }
            HirKind::Concat(parts) => self.hold_sequence(parts),
            HirKind::Alternation(branches) if branches.len() <= BRANCHES_MAX => self.hold_branches(branches),
            _ => None,
        };
        cheaper(own, inner)
    }

    /// Every branch needs its own hold.
    fn hold_branches(&self, branches: &[Hir]) -> Option<Hold> {
        let mut all = Hold { cost: 0.0, cuts: Vec::new() };
        for (number, branch) in branches.iter().enumerate() {
            let hold = self.hold(branch)?.inside(number);
            all.cost += hold.cost;
            all.cuts.extend(hold.cuts);
        }
        Some(all)
    }

    /// Any part of a sequence will do.
    fn hold_sequence(&self, parts: &[Hir]) -> Option<Hold> {
        let mut best: Option<Hold> = None;
        let texts: Vec<Option<Texts>> = parts.iter().map(exact).collect();
        let heads: Vec<Option<Heads>> = if self.pairs { parts.iter().map(pairs::heads).collect() } else { Vec::new() };
        let begins: Vec<OnceCell<Option<Texts>>> = parts.iter().map(|_| OnceCell::new()).collect();
        for start in 0..parts.len() {
            let mut run = vec![Text::default()];
            for ((part, texts), begins) in parts.iter().zip(&texts).zip(&begins).skip(start).take(RUN_MAX) {
                let next = texts.as_ref().and_then(|tails| cross(&run, tails));
                let is_last = next.is_none();
                let begins = || begins.get_or_init(|| beginnings(part)).as_ref();
                let Some(next) = next.or_else(|| cross(&run, begins()?)) else { break };
                run = next;
                best = cheaper(best, from_texts(&[start], run.clone()));
                if is_last {
                    break;
                }
            }
            best = cheaper(best, from_pairs(&[start], heads.get(start..).unwrap_or_default()));
            // What is in a short part is held as well from its start.
            let is_short = |part: &&Hir| part.properties().maximum_len().is_some_and(|max| max <= SHORT);
            let inner = parts.get(start).filter(|part| !is_short(part)).and_then(|part| match part.kind() {
                HirKind::Alternation(_) | HirKind::Repetition(_) | HirKind::Capture(_) | HirKind::Concat(_) => {
                    self.hold(part)
                }
                _ => None,
            });
            best = cheaper(best, inner.map(|hold| hold.inside(start)));
        }
        best
    }
}

fn from_pairs(path: &[usize], heads: &[Option<Heads>]) -> Option<Hold> {
    let pairs = pairs::begin(heads)?;
    let cost = pairs::share(&pairs) * VERIFY;
    Some(Hold { cost, cuts: vec![Cut { path: path.to_vec(), grip: Grip::Pairs(pairs) }] })
}

fn from_texts(path: &[usize], texts: Texts) -> Option<Hold> {
    if texts.is_empty() || texts.iter().any(|text| text.len() == 0) {
        return None;
    }
    let cost = texts.iter().map(|text| rarity::share(*text) * VERIFY + TEXT).sum();
    Some(Hold { cost, cuts: vec![Cut { path: path.to_vec(), grip: Grip::Texts(texts) }] })
}

impl Hold {
    fn inside(mut self, step: usize) -> Self {
        for cut in &mut self.cuts {
            cut.path.insert(0, step);
        }
        self
    }
}
