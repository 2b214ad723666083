//! Patterns without a rare text, a few of them in one automaton that runs over whole segments.
//!
//! Pure. Patterns with wide gaps multiply each other's states; they run apart.

use super::{
    graph::{Graph, Way},
    lazy::{Lazy, Starts},
};
use regex_syntax::hir::{Class, Hir, HirKind};
use std::sync::{OnceLock, atomic::AtomicUsize};

/// Places of one crowd at most, counts written out.
const PLACES_MAX: usize = 6_000;
/// Patterns of one crowd at most.
const PATTERNS_MAX: usize = 64;

/// Patterns that run together.
#[derive(Debug, Default)]
pub struct Crowd {
    pub patterns: Vec<usize>,
    automaton: OnceLock<(Graph, Lazy, Starts)>,
}

impl Crowd {
    pub fn states(&self) -> usize { self.automaton.get().map_or(0, |a| a.1.states()) }

    /// Runs over a segment and tells the patterns that are met, by their place in the crowd; whether it came to the end.
    pub fn run<'a>(
        &self,
        hir: impl Fn(usize) -> Option<&'a Hir>,
        segment: &[u8],
        memory: &AtomicUsize,
        tell: &mut impl FnMut(usize),
    ) -> bool {
        let build = || {
            let hirs: Vec<&Hir> = self.patterns.iter().filter_map(|pattern| hir(*pattern)).collect();
            let graph = Graph::new(&hirs, &[]);
            let lazy = Lazy::new(&graph, Way::On, true);
            (graph, lazy, Starts::default())
        };
        let (graph, lazy, starts) = self.automaton.get_or_init(build);
        lazy.run_all(graph, starts, segment, memory, &mut |ended| {
            ended.iter().filter_map(|number| self.patterns.get(*number as usize)).for_each(|pattern| tell(*pattern));
        })
    }
}

/// Puts patterns into crowds.
pub fn gather(patterns: &[(usize, &Hir)]) -> Vec<Crowd> {
    let (mut crowds, mut apart) = (Vec::new(), Vec::new());
    let (mut crowd, mut places) = (Crowd::default(), 0);
    for (index, hir) in patterns {
        let size = size(hir);
        if runs_apart(hir) {
            apart.push(Crowd { patterns: vec![*index], ..Crowd::default() });
            continue;
        }
        if crowd.patterns.len() >= PATTERNS_MAX || places + size > PLACES_MAX {
            crowds.push(std::mem::take(&mut crowd));
            places = 0;
        }
        crowd.patterns.push(*index);
        places += size;
    }
    crowds.push(crowd);
    crowds.retain(|crowd| !crowd.patterns.is_empty());
    crowds.extend(apart);
    crowds
}

/// Whether a pattern would make a crowd too large.
pub fn runs_apart(hir: &Hir) -> bool {
    gap(hir) >= GAP || size(hir) > PLACES_MAX / 4
}

/// Width of a gap from which on a pattern runs apart.
const GAP: usize = 12;

/// The widest repetition of something that takes most octets, or of a whole group.
fn gap(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            let wide = match repetition.sub.kind() {
                HirKind::Class(Class::Bytes(class)) => class.iter().map(|range| usize::from(range.end() - range.start()) + 1).sum::<usize>() >= 20,
                _ => true,
            };
            let width = repetition.max.unwrap_or(repetition.min + 1) as usize;
            let inner = gap(&repetition.sub);
            if wide { width.max(inner) * inner.max(1) } else { inner }
        }
        HirKind::Capture(capture) => gap(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(gap).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Places of a pattern with its counts written out.
fn size(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Repetition(repetition) => {
            let turns = repetition.max.unwrap_or(repetition.min + 1).max(1);
            size(&repetition.sub).saturating_mul(turns as usize)
        }
        HirKind::Capture(capture) => size(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(size).fold(1, usize::saturating_add),
        _ => 1,
    }
}
