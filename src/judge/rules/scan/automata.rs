//! What a matcher has found out about its patterns so far: automata that grow where they are used.
//!
//! Pure. All threads share one; when it has grown to its bound it is put away and a new one begun.

use super::{crowd::Crowd, flow::Course, strand::Strand};
use crate::{judge::rules::pattern::flow::Flow, limits};
use regex_syntax::hir::Hir;
use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

/// The automata of all members and crowds of a matcher.
#[derive(Debug)]
pub struct Automata {
    /// For each member its branches.
    strands: Vec<Box<[OnceLock<Strand>]>>,
    courses: Vec<OnceLock<Course>>,
    crowds: Vec<OnceLock<Crowd>>,
    pub memory: Memory,
}

impl Automata {
    /// Nothing yet, for members with so many branches each, and so many crowds.
    pub fn new(branches: impl Iterator<Item = usize>, crowds: usize) -> Self {
        let strands: Vec<Box<[_]>> = branches.map(|count| (0..count).map(|_| OnceLock::new()).collect()).collect();
        Self {
            courses: strands.iter().map(|_| OnceLock::new()).collect(),
            crowds: (0..crowds).map(|_| OnceLock::new()).collect(),
            memory: Memory::of(strands.len()),
            strands,
        }
    }

    /// The automata of a branch, which is made when it is first asked for.
    pub fn strand(&self, member: usize, branch: usize, make: impl FnOnce() -> Strand) -> Option<&Strand> {
        let build = || {
            let strand = make();
            self.memory.add(strand.memory());
            strand
        };
        Some(self.strands.get(member)?.get(branch)?.get_or_init(build))
    }

    /// The automata of a pattern in pieces.
    pub fn course(&self, member: usize, flow: &Flow) -> Option<&Course> {
        let build = || {
            let course = Course::new(flow);
            self.memory.add(course.memory());
            course
        };
        Some(self.courses.get(member)?.get_or_init(build))
    }

    /// The automaton of a crowd of these patterns.
    pub fn crowd<'a>(&self, crowd: usize, hirs: impl Iterator<Item = &'a Hir>) -> Option<&Crowd> {
        let build = || {
            let hirs: Vec<&Hir> = hirs.collect();
            let crowd = Crowd::new(&hirs);
            self.memory.add(crowd.memory());
            crowd
        };
        Some(self.crowds.get(crowd)?.get_or_init(build))
    }
}

/// Octets that automata have taken, of those that they may take.
#[derive(Debug)]
pub struct Memory {
    used: AtomicUsize,
    most: usize,
}

impl Memory {
    /// For the automata of so many patterns: a field with few patterns may take little.
    fn of(patterns: usize) -> Self {
        let most = limits::AUTOMATA_BYTES_LEAST + patterns * limits::AUTOMATA_PATTERN_BYTES;
        Self { used: AtomicUsize::new(0), most: most.min(limits::AUTOMATA_BYTES_MAX) }
    }

    /// Takes some octets more; not if that is above the bound.
    pub fn take(&self, octets: usize) -> bool {
        self.used.fetch_add(octets, Ordering::Relaxed) + octets <= self.most
    }

    /// Notes octets that are taken in any case: their sum is bounded by the patterns.
    fn add(&self, octets: usize) {
        self.used.fetch_add(octets, Ordering::Relaxed);
    }

    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether the bound was met.
    pub fn is_full(&self) -> bool {
        self.used() > self.most
    }
}
