//! Pairs of octets that a match must begin with, for patterns whose letters have many forms.
//!
//! Pure. All pairs of all patterns are looked for in one pass: a bit for each of the 65,536, and a list of cuts for
//! those that are wanted.

use super::rarity;
use crate::judge::rules::pattern::Octets;
use regex_syntax::hir::{Class, Hir, HirKind};
use std::collections::HashMap;

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

/// The pairs that matches of a sequence begin with; none if it can be empty or there are too many.
pub fn begin(parts: &[Hir]) -> Option<Pairs> {
    let heads = sequence(parts)?;
    let mut pairs = heads.two;
    if !heads.one.is_empty() {
        pairs.push((heads.one, Octets::ALL));
    }
    (!heads.empty && !pairs.is_empty()).then_some(pairs)
}

fn sequence(parts: &[Hir]) -> Option<Heads> {
    let mut all = Heads { empty: true, ..Heads::default() };
    for part in parts {
        let next = heads(part)?;
        if !all.one.is_empty() {
            all.two.push((all.one, next.first()));
        }
        if !next.empty {
            all.one = Octets::NONE;
        }
        if all.empty {
            all.one = all.one.union(next.one);
            all.two.extend(next.two);
            all.empty = next.empty;
        }
        all.two.retain(|(first, second)| !first.is_empty() && !second.is_empty());
        if all.two.len() > PAIRS_MAX {
            return None;
        }
        if !all.empty && all.one.is_empty() {
            break;
        }
    }
    Some(all)
}

fn heads(hir: &Hir) -> Option<Heads> {
    let single = |octet: u8| Octets::of(&[(octet, octet)]);
    let heads = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Heads { empty: true, ..Heads::default() },
        HirKind::Literal(literal) => match *literal.0 {
            [one] => Heads { one: single(one), ..Heads::default() },
            [first, second, ..] => Heads { two: vec![(single(first), single(second))], ..Heads::default() },
            [] => Heads { empty: true, ..Heads::default() },
        },
        HirKind::Class(Class::Bytes(class)) => {
            let ranges: Vec<(u8, u8)> = class.iter().map(|range| (range.start(), range.end())).collect();
            Heads { one: Octets::of(&ranges), ..Heads::default() }
        }
        HirKind::Class(Class::Unicode(_)) => return None,
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

/// The share of places in mail at which one of the pairs stands; an estimate.
pub fn share(pairs: &Pairs) -> f64 {
    pairs.iter().map(|(first, second)| rarity::share_of_pairs(*first, *second)).sum()
}

/// All pairs of all cuts.
#[derive(Debug)]
pub struct Table {
    wanted: Vec<u64>,
    /// For each pair the number of its list.
    numbers: Vec<u16>,
    lists: Vec<Vec<(u32, u32)>>,
}

impl Table {
    /// A table of the pairs of cuts; none if there are none.
    pub fn new(cuts: &[((u32, u32), Pairs)]) -> Option<Self> {
        if cuts.is_empty() {
            return None;
        }
        let mut owners: Vec<Vec<(u32, u32)>> = vec![Vec::new(); 1 << 16];
        for (owner, pairs) in cuts {
            for (first, second) in pairs {
                for (first, second) in first.iter().flat_map(|first| second.iter().map(move |second| (first, second))) {
                    if let Some(list) = owners.get_mut(usize::from(first) << 8 | usize::from(second))
                        && list.last() != Some(owner)
                    {
                        list.push(*owner);
                    }
                }
            }
        }
        let (mut table, mut known) = (Self { wanted: vec![0; 1 << 10], numbers: vec![0; 1 << 16], lists: vec![Vec::new()] }, HashMap::new());
        for (pair, list) in owners.into_iter().enumerate() {
            if list.is_empty() {
                continue;
            }
            let next = table.lists.len();
            let number = *known.entry(list.clone()).or_insert(next);
            if number == next {
                table.lists.push(list);
            }
            if let (Some(cell), Some(word)) = (table.numbers.get_mut(pair), table.wanted.get_mut(pair >> 6)) {
                *cell = u16::try_from(number).unwrap_or_default();
                *word |= 1 << (pair & 63);
            }
        }
        Some(table)
    }

    pub fn count(&self) -> usize { self.lists.iter().flatten().collect::<std::collections::HashSet<_>>().len() }
    /// Tells every place at which a wanted pair stands, with its cuts.
    pub fn find(&self, octets: &[u8], mut tell: impl FnMut(usize, &[(u32, u32)])) {
        for (at, pair) in octets.windows(2).enumerate() {
            let &[first, second] = pair else { continue };
            let pair = usize::from(first) << 8 | usize::from(second);
            if self.wanted.get(pair >> 6).is_some_and(|word| word >> (pair & 63) & 1 == 1) {
                let list = self.numbers.get(pair).and_then(|number| self.lists.get(usize::from(*number)));
                tell(at, list.map_or(&[], Vec::as_slice));
            }
        }
    }
}
