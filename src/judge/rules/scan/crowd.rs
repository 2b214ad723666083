//! Patterns without anything rare to hold them by, many in one automaton that runs over whole segments.
//!
//! Pure. Patterns with wide gaps multiply each other's states; they run apart.

use super::{
    automata::Memory,
    gap::is_narrow,
    graph::Graph,
    lazy::{Lazy, Place, Starts},
};
use regex_syntax::hir::{Hir, HirKind, Repetition};

/// Places of one crowd at most, counts written out.
const PLACES_MAX: usize = 60_000;
/// Places of a pattern that is in a crowd with others.
const MEMBER_PLACES_MAX: usize = 6_000;
/// Patterns of one crowd at most.
const PATTERNS_MAX: usize = 128;
/// Octets of a gap from which on a pattern runs apart.
const GAP: usize = 12;

/// The automaton of patterns that run together.
#[derive(Debug)]
pub struct Crowd {
    graph: Graph,
    lazy: Lazy,
    starts: Starts,
}

impl Crowd {
    pub fn new(hirs: &[&Hir]) -> Self {
        let graph = Graph::new(hirs, &[]);
        let lazy = Lazy::crowded(&graph);
        Self { graph, lazy, starts: Starts::default() }
    }

    /// Where a run over a segment begins.
    pub fn begin(&self, memory: &Memory) -> Option<Place<'_>> {
        self.lazy.begin(&self.graph, (self.graph.start, &self.starts), None, memory)
    }

    /// Takes a step; whether it is a plain one, after which nothing is to be done.
    #[inline]
    pub fn step(&self, place: &mut Place<'_>, octet: u8) -> bool {
        place.go(self.graph.class(octet))
    }

    /// Takes a step that is not plain, over an octet or at the end of a segment: the patterns that end before it; none if
    /// the automaton may not grow any more.
    #[cold]
    pub fn meet<'a>(&'a self, place: &mut Place<'a>, octet: Option<u8>, memory: &Memory) -> Option<&'a [u32]> {
        let class = self.lazy.class(&self.graph, octet, false);
        let met = self.lazy.come(&self.graph, place, (octet, class), memory).ok()?;
        Some(met.unwrap_or_default())
    }

    /// Octets it takes before it grows.
    pub fn memory(&self) -> usize {
        self.graph.memory()
    }
}

/// Puts patterns into crowds.
pub fn gather(patterns: &[(usize, &Hir)]) -> Vec<Vec<usize>> {
    let (mut crowds, mut apart) = (Vec::new(), Vec::new());
    let (mut crowd, mut places) = (Vec::new(), 0);
    for (index, hir) in patterns {
        if runs_apart(hir) {
            apart.push(vec![*index]);
            continue;
        }
        let size = size(hir);
        if crowd.len() >= PATTERNS_MAX || places + size > PLACES_MAX {
            crowds.push(std::mem::take(&mut crowd));
            places = 0;
        }
        crowd.push(*index);
        places += size;
    }
    crowds.push(crowd);
    crowds.retain(|crowd| !crowd.is_empty());
    crowds.extend(apart);
    crowds
}

/// Whether a pattern would make a crowd too large.
pub fn runs_apart(hir: &Hir) -> bool {
    gap(hir) >= GAP || size(hir) > MEMBER_PLACES_MAX
}

/// The widest repetition of something that takes many octets, or of a group with such inside.
fn gap(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            let inner = gap(&repetition.sub);
            if is_narrow(&repetition.sub) { inner } else { turns(repetition).max(inner).saturating_mul(inner.max(1)) }
        }
        HirKind::Capture(capture) => gap(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(gap).max().unwrap_or_default(),
        _ => 0,
    }
}

fn turns(repetition: &Repetition) -> usize {
    usize::try_from(repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1)).unwrap_or(usize::MAX)
}

/// Places of a pattern with its counts written out.
fn size(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Repetition(repetition) => size(&repetition.sub).saturating_mul(turns(repetition)),
        HirKind::Capture(capture) => size(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(size).fold(1, usize::saturating_add),
        _ => 1,
    }
}
