//! All patterns on one field in one matcher.
//!
//! Pure. Exact: a pattern hits if and only if it is found when it is searched for alone in each segment. What is rare
//! in a pattern is searched for, of all patterns at once; where it stands, the pattern is verified from there. Time is
//! linear in the octets: a pattern has a budget of steps for each segment, then one plain search decides.

mod automata;
mod collect;
mod crowd;
mod factor;
mod flow;
mod front;
mod gap;
mod graph;
mod lanes;
mod lazy;
mod member;
mod pairs;
mod pass;
mod rarity;
mod split;
mod strand;
mod text;
mod texts;
pub mod whole;
mod window;

use super::pattern::Pattern;
use crate::limits;
use automata::Automata;
use collect::Collection;
use front::Front;
use member::Member;
use pass::Pass;
use std::{
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

/// Patterns, ready to be searched for together.
#[derive(Debug)]
pub struct Matcher {
    members: Vec<Member>,
    front: Front,
    /// Patterns that only begin where a segment does.
    starting: Vec<usize>,
    /// Patterns that are mostly found at once.
    common: Vec<usize>,
    /// Patterns that there is nothing rare to hold by.
    crowds: Vec<Throng>,
    automata: RwLock<Arc<Automata>>,
}

/// Patterns that one automaton runs for over everything.
#[derive(Debug)]
struct Throng {
    patterns: Vec<usize>,
    /// Octets of the shortest match of any of them.
    shortest: usize,
}

/// How patterns are searched for, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub patterns: usize,
    /// Patterns that may backtrack.
    pub bounded: usize,
    /// Texts of three octets or more that patterns are held by.
    pub texts: usize,
    /// Patterns that are not held by anything rare: they run over everything.
    pub loose: usize,
    /// Automata that run over everything.
    pub crowds: usize,
    /// Octets of the tables of the first pass.
    pub front_bytes: usize,
    /// Octets of the automata that have grown so far.
    pub automata_bytes: usize,
}

impl Matcher {
    /// A matcher of these patterns; their places in the list are their indexes.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        let mut collection = Collection::default();
        let mut members = Vec::with_capacity(patterns.len());
        for (index, pattern) in patterns.into_iter().enumerate() {
            let mut member = Member::new(pattern);
            collection.place(index, &mut member);
            members.push(member);
        }
        let crowds = collection.crowds(&mut members);
        let Collection { texts, pairs, starting, common, .. } = collection;
        // A pattern with a branch that nothing matches has no shortest match to tell.
        let length = |index: &usize| members.get(*index)?.core().properties().minimum_len();
        let shortest = |crowd: &[usize]| crowd.iter().map(|index| length(index).unwrap_or(0)).min().unwrap_or_default();
        let throng = |patterns: Vec<usize>| Throng { shortest: shortest(&patterns), patterns };
        let crowds: Vec<Throng> = crowds.into_iter().map(throng).collect();
        let automata = RwLock::new(Arc::new(Automata::new(members.iter().map(Member::branch_count), crowds.len())));
        Self { front: Front::new(&texts, &pairs), members, starting, common, crowds, automata }
    }

    /// How many patterns it has.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Which patterns are found in some segment; what `hits` held before is forgotten.
    pub fn scan(&self, hay: &Haystack, hits: &mut Hits) {
        hits.reset(self.members.len());
        let automata = Arc::clone(&self.automata.read().unwrap_or_else(PoisonError::into_inner));
        let mut pass = Pass { matcher: self, automata: &automata, hits };
        pass.front(hay);
        pass.starting(hay);
        pass.common(hay);
        pass.crowds(hay);
        if automata.memory.is_full() {
            self.renew(&automata);
        }
    }

    /// Puts automata away that are full.
    fn renew(&self, full: &Arc<Automata>) {
        let mut automata = self.automata.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&automata, full) {
            *automata = Arc::new(Automata::new(self.members.iter().map(Member::branch_count), self.crowds.len()));
        }
    }

    /// The first match of a pattern: the number of the segment, and the place in it.
    pub fn find(&self, index: usize, hay: &Haystack) -> Option<(usize, Range<usize>)> {
        let whole = &self.members.get(index)?.whole;
        let find = |(number, segment)| Some((number, whole.find(segment, 0).ok()??));
        hay.segments().enumerate().find_map(find)
    }

    /// How often a pattern is found without overlaps, over all segments, up to a bound.
    pub fn count(&self, index: usize, hay: &Haystack, max: usize) -> usize {
        let Some(member) = self.members.get(index) else { return 0 };
        hay.segments().fold(0, |count, segment| count + member.whole.count(segment, max - count))
    }

    /// Does something rare lead to the pattern, so that it need not run over everything?
    pub fn has_literal(&self, index: usize) -> bool {
        let is_loose = self.crowds.iter().any(|crowd| crowd.patterns.contains(&index));
        index < self.members.len() && !is_loose && !self.common.contains(&index)
    }

    /// How its patterns are searched for.
    pub fn figures(&self) -> Figures {
        Figures {
            patterns: self.members.len(),
            bounded: self.members.iter().filter(|member| member.whole.pattern.is_bounded()).count(),
            texts: self.front.texts(),
            loose: self.crowds.iter().map(|crowd| crowd.patterns.len()).sum(),
            crowds: self.crowds.len(),
            front_bytes: self.front.memory(),
            automata_bytes: self.automata.read().unwrap_or_else(PoisonError::into_inner).memory.used(),
        }
    }
}

/// Stands behind every segment; no part of any.
const BETWEEN: u8 = b'\n';

/// The values of one field, each a segment: a pattern never matches across two of them.
#[derive(Clone, Debug, Default)]
pub struct Haystack {
    octets: Vec<u8>,
    ends: Vec<usize>,
}

impl Haystack {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    pub fn push(&mut self, segment: &[u8]) {
        self.octets.extend_from_slice(segment);
        self.ends.push(self.octets.len());
        self.octets.push(BETWEEN);
    }

    /// Empties it, and keeps the memory.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.ends.clear();
    }

    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges().map(|range| self.octets.get(range).unwrap_or_default())
    }

    /// Octets of all segments.
    pub fn len(&self) -> usize {
        self.octets.len() - self.ends.len()
    }

    /// Whether there is no segment, not even an empty one.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All segments, one after the other, a line end behind each.
    fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Where the segments lie.
    fn ranges(&self) -> impl Iterator<Item = Range<usize>> + use<'_> {
        let mut start = 0;
        self.ends.iter().map(move |end| std::mem::replace(&mut start, *end + 1)..*end)
    }
}

/// Which patterns of a matcher were found.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    words: Vec<u64>,
    exhausted: Vec<usize>,
    /// What bounded patterns may have cost so far, in octets times octets.
    work: u64,
    /// For each pattern the segment, counted from 1, that it was last verified in, and the steps that took.
    spent: Vec<(u32, u32)>,
}

/// Steps of a pattern that needs no more of them in a segment.
const DECIDED: u32 = u32::MAX;

impl Hits {
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the pattern with this index was found.
    pub fn contains(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// The indexes of all that were found, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.words.len() * 64).filter(|index| self.contains(*index))
    }

    /// Bounded patterns that met the limit of their steps and were not found before it.
    pub fn exhausted(&self) -> &[usize] {
        &self.exhausted
    }

    fn reset(&mut self, patterns: usize) {
        self.words.clear();
        self.words.resize(patterns.div_ceil(64), 0);
        self.exhausted.clear();
        self.work = 0;
        self.spent.clear();
        self.spent.resize(patterns, (0, 0));
    }

    /// The steps a pattern took in a segment so far; none if it is decided there.
    fn steps(&mut self, index: usize, segment: u32) -> Option<usize> {
        let spent = self.spent.get_mut(index)?;
        if spent.0 != segment {
            *spent = (segment, 0);
        }
        if spent.1 == DECIDED { None } else { usize::try_from(spent.1).ok() }
    }

    /// Notes the steps a pattern has taken in the segment that was asked for last.
    fn spend(&mut self, index: usize, steps: usize) {
        if let Some(spent) = self.spent.get_mut(index)
            && spent.1 != DECIDED
        {
            spent.1 = u32::try_from(steps).unwrap_or(DECIDED - 1).min(DECIDED - 1);
        }
    }

    /// Notes that a pattern needs no more steps in a segment.
    fn decide(&mut self, index: usize, segment: u32) {
        if let Some(spent) = self.spent.get_mut(index) {
            *spent = (segment, DECIDED);
        }
    }

    fn add(&mut self, index: usize) {
        if let Some(word) = self.words.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// Whether a bounded pattern may run over so many octets.
    fn affords(&mut self, octets: usize) -> bool {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.work = self.work.saturating_add(octets.saturating_mul(octets));
        self.work <= limits::BOUNDED_WORK_MAX
    }

    fn exhaust(&mut self, index: usize) {
        if !self.exhausted.contains(&index) {
            self.exhausted.push(index);
        }
    }
}

#[cfg(test)]
mod tests;
