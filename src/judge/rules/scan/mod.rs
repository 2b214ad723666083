//! All patterns on one field in one matcher.
//!
//! Pure. Exact: a pattern hits if and only if it is found when it is searched for alone in each segment. What is rare
//! in a pattern is searched for, of all patterns at once; where it stands, the pattern is verified from there. Time is
//! linear in the octets: a pattern has a budget of steps for each segment, then one plain search decides.

mod automata;
mod crowd;
mod factor;
mod front;
mod graph;
pub mod haystack;
mod lazy;
mod pairs;
mod pass;
mod rarity;
mod split;
mod text;
mod verify;
pub mod whole;
mod window;

use haystack::{Haystack, Hits};

use super::pattern::Pattern;
use automata::Automata;
use front::{Front, Owner};
use pairs::Pairs;
use pass::Pass;
use regex_syntax::hir::{Hir, Look};
use split::{Grip, Hold};
use std::{
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};
use text::Text;
use whole::Whole;

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
    crowds: Vec<Vec<usize>>,
    automata: RwLock<Arc<Automata>>,
}

/// A pattern with where it is held.
#[derive(Debug)]
struct Member {
    whole: Whole,
    /// The pattern without what is optional at its ends, where that is another.
    core: Option<Hir>,
    paths: Vec<Vec<usize>>,
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

impl Member {
    fn new(pattern: Pattern) -> Self {
        let core = factor::core(pattern.hir());
        Self { core, whole: Whole::new(pattern), paths: Vec::new() }
    }

    fn core(&self) -> &Hir {
        self.core.as_ref().unwrap_or_else(|| self.whole.pattern.hir())
    }
}

/// What is searched for first, as it is collected.
#[derive(Default)]
struct Collection {
    texts: Vec<(Text, Owner)>,
    pairs: Vec<(Owner, Pairs)>,
    starting: Vec<usize>,
    common: Vec<usize>,
    loose: Vec<usize>,
}

impl Collection {
    /// Decides how a pattern is searched for.
    fn place(&mut self, index: usize, member: &mut Member) {
        let core = member.core();
        let bearable = if crowd::runs_apart(core) { split::LOOSE_APART } else { split::LOOSE };
        let properties = core.properties();
        match split::hold(core) {
            Some(hold) if hold.cost < bearable => self.hold(index, hold, &mut member.paths),
            _ if properties.look_set_prefix().contains(Look::Start) => {
                member.paths.push(Vec::new());
                self.starting.push(index);
            }
            _ if properties.maximum_len().is_some_and(|max| max <= 2) => self.common.push(index),
            _ => self.loose.push(index),
        }
    }

    fn hold(&mut self, index: usize, hold: Hold, paths: &mut Vec<Vec<usize>>) {
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        for cut in hold.cuts {
            let owner = (number(index), number(paths.len()));
            paths.push(cut.path);
            match cut.grip {
                Grip::Pairs(pairs) => self.pairs.push((owner, pairs)),
                Grip::Texts(texts) => {
                    for text in texts {
                        match pairs::of_text(text) {
                            Some(pair) => self.pairs.push((owner, vec![pair])),
                            None => self.texts.push((text, owner)),
                        }
                    }
                }
            }
        }
    }
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
        let Collection { texts, pairs, starting, common, loose } = collection;
        let loose: Vec<(usize, &Hir)> =
            loose.into_iter().filter_map(|index| Some((index, members.get(index)?.core()))).collect();
        let crowds = crowd::gather(&loose);
        let automata = RwLock::new(Arc::new(Automata::new(members.len(), crowds.len())));
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
            *automata = Arc::new(Automata::new(self.members.len(), self.crowds.len()));
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
        index < self.members.len()
            && !self.common.contains(&index)
            && !self.crowds.iter().flatten().any(|loose| *loose == index)
    }

    /// How its patterns are searched for.
    pub fn figures(&self) -> Figures {
        Figures {
            patterns: self.members.len(),
            bounded: self.members.iter().filter(|member| member.whole.pattern.is_bounded()).count(),
            texts: self.front.texts(),
            loose: self.crowds.iter().map(Vec::len).sum(),
            crowds: self.crowds.len(),
            front_bytes: self.front.memory(),
            automata_bytes: self.automata.read().unwrap_or_else(PoisonError::into_inner).memory.used(),
        }
    }
}

#[cfg(test)]
mod tests;
