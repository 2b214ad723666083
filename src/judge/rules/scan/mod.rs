//! All patterns on one field in one matcher.
//!
//! Pure. Exact: a pattern hits if and only if it is found when it is searched for alone in each segment. Rare texts that
//! a match must pass are searched for all at once; where one stands, its pattern is verified from there. Time is
//! linear in the octets: each pattern has a budget of steps for each segment, then one plain search decides.

mod crowd;
mod factor;
mod front;
mod graph;
mod haystack;
mod lazy;
mod pairs;
mod rarity;
mod split;
mod text;
mod verify;
mod whole;
mod window;

pub use haystack::{Haystack, Hits};

use super::pattern::Pattern;
use crate::limits;
use crowd::Crowd;
use front::Front;
use lazy::Outcome;
use regex_syntax::hir::{Hir, Look};
use split::Grip;
use std::{
    ops::Range,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};
use verify::Verifier;
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
    /// Patterns without a rare text.
    crowds: Vec<Crowd>,
    loose: Vec<usize>,
    /// Octets of all verifiers so far.
    memory: AtomicUsize,
    stats: [AtomicUsize; 4],
}

/// A pattern with where to take hold of it.
#[derive(Debug)]
struct Member {
    whole: Whole,
    /// The pattern without what is optional at its ends.
    core: Option<Hir>,
    paths: Vec<Vec<usize>>,
    verifier: OnceLock<Verifier>,
    count: AtomicUsize, steps: AtomicUsize,
}

impl Matcher {
    /// A matcher of these patterns; their places in the list are their indexes.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        let (mut loose, mut starting, mut common) = (Vec::new(), Vec::new(), Vec::new());
        let mut texts = Vec::new();
        let mut pairs = Vec::new();
        let mut members = Vec::with_capacity(patterns.len());
        for (index, pattern) in patterns.into_iter().enumerate() {
            let trimmed = factor::core(pattern.hir());
            let core = trimmed.as_ref().unwrap_or_else(|| pattern.hir());
            let mut paths = Vec::new();
            let hold = split::hold(core);
            let limit = if crowd::runs_apart(core) { split::LOOSE_APART } else { split::LOOSE };
            match hold {
                Some(hold) if hold.cost < limit => {
                    for cut in hold.cuts {
                        let owner = (u32::try_from(index).unwrap_or(u32::MAX), u32::try_from(paths.len()).unwrap_or(u32::MAX));
                        match cut.grip {
                            Grip::Texts(list) => {
                                for text in list {
                                    match pairs::of_text(text) {
                                        Some(pair) => pairs.push((owner, vec![pair])),
                                        None => texts.push((text, owner)),
                                    }
                                }
                            }
                            Grip::Pairs(list) => pairs.push((owner, list)),
                        }
                        paths.push(cut.path);
                    }
                }
                _ if core.properties().look_set_prefix().contains(Look::Start) => {
                    paths.push(Vec::new());
                    starting.push(index);
                }
                _ if core.properties().maximum_len().is_some_and(|max| max <= 2) => common.push(index),
                _ => loose.push(index),
            }
            members.push(Member { core: trimmed, whole: Whole::new(pattern), paths, verifier: OnceLock::new(), count: AtomicUsize::new(0), steps: AtomicUsize::new(0) });
        }
        let hirs: Vec<(usize, &Hir)> = loose.iter().filter_map(|index| Some((*index, members.get(*index)?.core()))).collect();
        let crowds = crowd::gather(&hirs);
        Self { front: Front::new(&texts, &pairs), starting, common, members, loose, crowds, memory: AtomicUsize::new(0), stats: Default::default() }
    }

    /// How many patterns it has.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Which patterns are found in some segment.
    pub fn scan(&self, hay: &Haystack, hits: &mut Hits) {
        hits.reset(self.members.len());
        self.scan_front(hay, hits);
        for (number, segment) in (1..).zip(hay.segments()) {
            for index in &self.starting {
                self.verify(*index, 0, segment, number, 0, hits);
            }
        }
        for index in &self.common {
            let Some(member) = self.members.get(*index) else { continue };
            for segment in hay.segments() {
                if !hits.contains(*index) && member.whole.is_candidate(segment) {
                    Self::confirm(*index, &member.whole, segment, hits);
                }
            }
        }
        for crowd in &self.crowds {
            for segment in hay.segments() {
                self.scan_crowd(crowd, segment, hits);
            }
        }
    }

    fn scan_crowd(&self, crowd: &Crowd, segment: &[u8], hits: &mut Hits) {
        if crowd.patterns.iter().all(|index| hits.contains(*index)) {
            return;
        }
        let core = |index: usize| self.members.get(index).map(Member::core);
        let mut met = |index: usize| {
            if !hits.contains(index) && let Some(member) = self.members.get(index) {
                Self::confirm(index, &member.whole, segment, hits);
            }
        };
        if crowd.run(core, segment, &self.memory, &mut met) {
            return;
        }
        self.stats[3].fetch_add(1, Ordering::Relaxed);
        for index in &crowd.patterns {
            if let Some(member) = self.members.get(*index)
                && !hits.contains(*index)
                && member.whole.is_candidate(segment)
            {
                Self::confirm(*index, &member.whole, segment, hits);
            }
        }
    }

    fn scan_front(&self, hay: &Haystack, hits: &mut Hits) {
        let octets = hay.octets();
        let mut ranges = hay.ranges();
        let (mut range, mut segment) = (0..0, 0);
        self.front.find(octets, |place, cuts| {
            self.stats[1].fetch_add(1, Ordering::Relaxed);
            while range.end <= place {
                let Some(next) = ranges.next() else { return };
                range = next;
                segment += 1;
            }
            let Some(at) = place.checked_sub(range.start) else { return };
            let slice = octets.get(range.clone()).unwrap_or_default();
            for (pattern, cut) in cuts {
                self.verify(*pattern as usize, *cut as usize, slice, segment, at, hits);
            }
        });
    }

    fn verify(&self, pattern: usize, cut: usize, slice: &[u8], segment: u32, at: usize, hits: &mut Hits) {
        if hits.contains(pattern) {
            return;
        }
        let Some(member) = self.members.get(pattern) else { return };
        let Some(mut steps) = hits.steps(pattern, segment) else { return };
        self.stats[2].fetch_add(1, Ordering::Relaxed);
        member.count.fetch_add(1, Ordering::Relaxed); let s0 = steps;
        let verifier = member.verifier.get_or_init(|| member.build());
        let outcome = if steps <= limits::VERIFIER_STEPS_MIN + 4 * slice.len() {
            verifier.run(cut, slice, at, &self.memory, &mut steps)
        } else {
            Outcome::Full
        };
        member.steps.fetch_add(steps - s0, Ordering::Relaxed);
        let found = match outcome {
            Outcome::Match => true,
            Outcome::Dead => return hits.spend(pattern, steps),
            Outcome::Full => { self.stats[0].fetch_add(1, Ordering::Relaxed); member.whole.is_candidate(slice) }
        };
        hits.decide(pattern, segment);
        if found {
            Self::confirm(pattern, &member.whole, slice, hits);
        }
    }

    fn confirm(index: usize, whole: &Whole, segment: &[u8], hits: &mut Hits) {
        match whole.is_confirmed(segment) {
            Ok(true) => hits.add(index),
            Ok(false) => {}
            Err(_) => hits.exhaust(index),
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

    pub fn stats(&self) -> String {
        let s: Vec<usize> = self.stats.iter().map(|x| x.load(Ordering::Relaxed)).collect();
        format!("starting {} common {} crowds {:?} crowdfull {} full {} found {} verify {}; texts {} cuts {} loose {} verifiers {} {} KB, ac {} KB", self.starting.len(), self.common.len(), self.crowds.iter().map(|c| (c.patterns.len(), c.states())).collect::<Vec<_>>(), s[3], s[0], s[1], s[2], self.front.texts(), self.members.iter().map(|m| m.paths.len()).sum::<usize>(), self.loose.len(), self.members.iter().filter(|c| c.verifier.get().is_some()).count(), self.memory.load(Ordering::Relaxed) >> 10, self.front.memory() >> 10)
    }
    pub fn counts(&self) -> Vec<(usize, usize)> { self.members.iter().map(|m| (m.count.load(Ordering::Relaxed), m.steps.load(Ordering::Relaxed))).collect() }
    pub fn crowd_list(&self) -> Vec<Vec<usize>> { self.crowds.iter().map(|c| c.patterns.clone()).collect() }
    pub fn loose(&self) -> &[usize] { &self.loose }
    pub fn cost(&self) -> Vec<(usize, f64, Vec<String>)> {
        self.members.iter().enumerate().map(|(i, w)| { let h = split::hold(w.core()); (i, h.as_ref().map_or(99.0, |h| h.cost), h.map_or(vec![], |h| h.cuts.iter().flat_map(|c| match &c.grip { Grip::Texts(x) => x.iter().map(|t| String::from_utf8_lossy(&t.iter().collect::<Vec<_>>()).into_owned()).collect::<Vec<_>>(), Grip::Pairs(p) => vec![format!("{}p", p.len())] }).collect())) }).collect()
    }
}

impl Member {
    fn core(&self) -> &Hir {
        self.core.as_ref().unwrap_or_else(|| self.whole.pattern.hir())
    }

    fn build(&self) -> Verifier {
        let paths: Vec<&[usize]> = self.paths.iter().map(Vec::as_slice).collect();
        Verifier::new(self.core(), &paths)
    }
}
