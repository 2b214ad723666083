//! Pairs of octets that a match must begin with, for patterns whose letters have many forms.
//!
//! Pure. Two octets are rarer than one, and two sets of octets say in few words what many texts would.

use super::{rarity, text::Text};
use crate::judge::rules::pattern::octets::{Octets, sequences};
use regex_syntax::hir::{Hir, HirKind};

/// Any octet of the first set, then any of the second; what follows a match counts, a line end after the last segment too.
pub type Pairs = Vec<(Octets, Octets)>;

/// Alternatives of one cut at most.
const PAIRS_MAX: usize = 96;

/// How matches of a part begin.
#[derive(Clone, Debug, Default)]
struct Heads {
    /// It can be empty.
    empty: bool,
    /// It can be one octet.
    one: Octets,
    /// It can be more.
    two: Pairs,
}

impl Heads {
    fn first(&self) -> Octets {
        self.two.iter().fold(self.one, |set, (first, _)| set.union(*first))
    }
}

/// The pairs that matches of a sequence of parts begin with; none if it can be empty or there are too many.
pub fn begin(parts: &[Hir]) -> Option<Pairs> {
    let heads = sequence(parts)?;
    let mut pairs = heads.two;
    if !heads.one.is_empty() {
        pairs.push((heads.one, Octets::ALL));
    }
    (!heads.empty && !pairs.is_empty()).then_some(pairs)
}

/// Looks at no more parts than it takes to tell two octets.
fn sequence(parts: &[Hir]) -> Option<Heads> {
    let mut all = Heads { empty: true, ..Heads::default() };
    for part in parts {
        let next = heads(part)?;
        let first = next.first();
        if !all.one.is_empty() && !first.is_empty() {
            all.two.push((all.one, first));
        }
        if !next.empty {
            all.one = Octets::NONE;
        }
        if all.empty {
            all.one = all.one.union(next.one);
            all.two.extend(&next.two);
            all.empty = next.empty;
        }
        if all.two.len() > PAIRS_MAX {
            return None;
        }
        if !all.empty && all.one.is_empty() {
            break;
        }
    }
    Some(all)
}

/// How matches of a part begin; none if that is too long to tell.
fn heads(hir: &Hir) -> Option<Heads> {
    let single = |octet: u8| Octets::of(&[(octet, octet)]);
    let heads = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Heads { empty: true, ..Heads::default() },
        HirKind::Literal(literal) => match *literal.0 {
            [one] => Heads { one: single(one), ..Heads::default() },
            [first, second, ..] => Heads { two: vec![(single(first), single(second))], ..Heads::default() },
            [] => Heads { empty: true, ..Heads::default() },
        },
        HirKind::Class(class) => {
            let mut all = Heads::default();
            for sequence in sequences(class) {
                match *sequence {
                    [one] => all.one = one,
                    [first, second, ..] => all.two.push((first, second)),
                    [] => {}
                }
            }
            all
        }
        HirKind::Capture(capture) => heads(&capture.sub)?,
        HirKind::Repetition(repetition) => {
            let mut all = heads(&repetition.sub)?;
            if repetition.max != Some(1) && !all.one.is_empty() {
                all.two.push((all.one, all.first()));
            }
            all.empty |= repetition.min == 0;
            all
        }
        HirKind::Concat(parts) => sequence(parts)?,
        HirKind::Alternation(branches) => {
            let mut all = Heads::default();
            for branch in branches {
                let heads = heads(branch)?;
                all.empty |= heads.empty;
                all.one = all.one.union(heads.one);
                all.two.extend(heads.two);
                if all.two.len() > PAIRS_MAX {
                    return None;
                }
            }
            all
        }
    };
    Some(heads)
}

/// The pair that a text of one or two octets is.
pub fn of_text(text: Text) -> Option<(Octets, Octets)> {
    let mut octets = text.iter().map(|octet| Octets::of(&[(octet, octet)]).any_case());
    let first = octets.next()?;
    (text.len() <= 2).then(|| (first, octets.next().unwrap_or(Octets::ALL)))
}

/// The share of places in mail at which one of the pairs stands; an estimate.
pub fn share(pairs: &Pairs) -> f64 {
    pairs.iter().map(|(first, second)| rarity::share_of_pairs(*first, *second)).sum()
}
