//! Where to take hold of a pattern: places in it that every match passes, with rare texts that stand there.
//!
//! Pure. A cut divides a pattern in two: whatever it matches is something the first part matches, then something the
//! second does, for one of its cuts; and the second begins with one of the cut's texts. So a pattern is found where
//! a text is found, the second part from there on, and the first part up to there.

use super::{
    pairs::{self, Pairs},
    rarity,
    text::Text,
    texts::{Known, Texts, cross},
};
use regex_syntax::hir::{Hir, HirKind};
use std::slice;

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

/// Nanoseconds an octet from which on a pattern is better run over all, if others are that share the automaton.
pub const LOOSE: f64 = 0.1;
/// Nanoseconds an octet that an automaton costs which runs over all.
pub const AUTOMATON: f64 = 1.5;
/// Nanoseconds to verify at one place, roughly.
const VERIFY: f64 = 60.0;
/// Nanoseconds a text costs each octet by making the tables larger, roughly.
const TEXT: f64 = 0.0002;
/// Nanoseconds an octet from which on pairs are tried instead of texts.
const DEAR: f64 = 0.02;
/// Nanoseconds an octet below which no better hold is looked for.
const GOOD: f64 = 0.0004;
/// Octets of a part that is not searched for inner holds.
const SHORT: usize = 5;
/// Parts of a sequence that a run of texts is followed over.
const RUN_MAX: usize = 24;
/// Branches that are held each on their own.
const BRANCHES_MAX: usize = 200;

/// The cheapest way to take hold of a pattern; none if some match has nothing to hold.
pub fn hold(hir: &Hir) -> Option<Hold> {
    let mut search = Search { known: Known::default(), pairs: false };
    match search.hold(hir) {
        Some(hold) if hold.cost < DEAR => Some(hold),
        texts => {
            search.pairs = true;
            cheaper(texts, search.hold(hir))
        }
    }
}

fn cheaper(one: Option<Hold>, other: Option<Hold>) -> Option<Hold> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.cost < one.cost { other } else { one }),
        (one, other) => one.or(other),
    }
}

fn is_below(hold: Option<&Hold>, cost: f64) -> bool {
    hold.is_some_and(|hold| hold.cost < cost)
}

struct Search<'h> {
    known: Known<'h>,
    /// Whether pairs will do.
    pairs: bool,
}

impl<'h> Search<'h> {
    fn hold(&mut self, hir: &'h Hir) -> Option<Hold> {
        let own = self.known.beginnings(hir).and_then(|texts| or_texts(None, &[], &texts));
        let own = if self.pairs { or_pairs(own, &[], slice::from_ref(hir)) } else { own };
        if is_below(own.as_ref(), GOOD) {
            return own;
        }
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
    fn hold_branches(&mut self, branches: &'h [Hir]) -> Option<Hold> {
        let mut all = Hold { cost: 0.0, cuts: Vec::new() };
        for (number, branch) in branches.iter().enumerate() {
            let hold = self.hold(branch)?.inside(number);
            all.cost += hold.cost;
            all.cuts.extend(hold.cuts);
        }
        Some(all)
    }

    /// Any part of a sequence will do.
    fn hold_sequence(&mut self, parts: &'h [Hir]) -> Option<Hold> {
        let mut best: Option<Hold> = None;
        for start in 0..parts.len() {
            if is_below(best.as_ref(), GOOD) {
                break;
            }
            let rest = parts.get(start..).unwrap_or_default();
            let mut run = vec![Text::default()];
            for part in rest.iter().take(RUN_MAX) {
                let next = self.known.exact(part).and_then(|tails| cross(&run, &tails));
                let is_last = next.is_none();
                let Some(next) = next.or_else(|| cross(&run, &self.known.beginnings(part)?)) else { break };
                run = next;
                best = or_texts(best, &[start], &run);
                if is_last {
                    break;
                }
            }
            if self.pairs {
                best = or_pairs(best, &[start], rest);
            }
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

/// A hold, or that by pairs which parts begin with, if it is cheaper; pairs never are very cheap.
fn or_pairs(hold: Option<Hold>, path: &[usize], parts: &[Hir]) -> Option<Hold> {
    if is_below(hold.as_ref(), DEAR) {
        return hold;
    }
    let Some(pairs) = pairs::begin(parts) else { return hold };
    let cost = pairs::share(&pairs) * VERIFY;
    let is_dear = is_below(hold.as_ref(), cost);
    if is_dear { hold } else { Some(Hold { cost, cuts: vec![Cut { path: path.to_vec(), grip: Grip::Pairs(pairs) }] }) }
}

/// A hold, or that by these texts, if it is cheaper.
fn or_texts(hold: Option<Hold>, path: &[usize], texts: &Texts) -> Option<Hold> {
    if texts.is_empty() || texts.iter().any(|text| text.len() == 0) {
        return hold;
    }
    let cost = texts.iter().map(|text| rarity::share(*text) * VERIFY + TEXT).sum();
    if is_below(hold.as_ref(), cost) {
        return hold;
    }
    Some(Hold { cost, cuts: vec![Cut { path: path.to_vec(), grip: Grip::Texts(texts.clone()) }] })
}

impl Hold {
    fn inside(mut self, step: usize) -> Self {
        for cut in &mut self.cuts {
            cut.path.insert(0, step);
        }
        self
    }
}
