//! Whether a pattern matches around a place: its graph is walked from a cut to both sides.
//!
//! Pure. Both walks end with the first match or dead end.

use super::{
    automata::Memory,
    graph::{Graph, Way},
    lazy::{Lazy, Outcome, Starts},
    window::Window,
};
use regex_syntax::hir::Hir;

/// The automata of a pattern.
#[derive(Debug)]
pub struct Verifier {
    graph: Graph,
    on: Lazy,
    back: Lazy,
    cuts: Vec<Cut>,
}

/// One cut: what is around it, and where walks from it start, onward and back.
#[derive(Debug)]
struct Cut {
    entry: u32,
    window: Window,
    on: Starts,
    back: Starts,
}

impl Verifier {
    pub fn new(hir: &Hir, paths: &[&[usize]]) -> Self {
        let graph = Graph::new(&[hir], paths);
        let (on, back) = (Lazy::anchored(&graph, Way::On), Lazy::anchored(&graph, Way::Back));
        let cut = |entry: &u32| Cut {
            entry: *entry,
            window: Window::new(&graph, *entry),
            on: Starts::default(),
            back: Starts::default(),
        };
        let cuts = graph.entries.iter().map(cut).collect();
        Self { graph, on, back, cuts }
    }

    /// Whether the pattern is found with a cut at a place; adds the octets that were read to `steps`.
    pub fn run(&self, cut: usize, segment: &[u8], at: usize, memory: &Memory, steps: &mut usize) -> Outcome {
        let Some(cut) = self.cuts.get(cut) else { return Outcome::Full };
        *steps += 1;
        if !cut.window.fits(segment, at) {
            return Outcome::Dead;
        }
        let (head, tail) = segment.split_at_checked(at).unwrap_or_default();
        let (before, after) = (head.last().copied(), tail.first().copied());
        let outcome = self.on.run(&self.graph, (cut.entry, &cut.on), before, tail.iter(), memory, steps);
        if cut.entry == self.graph.start || outcome != Outcome::Match {
            return outcome;
        }
        self.back.run(&self.graph, (cut.entry, &cut.back), after, head.iter().rev(), memory, steps)
    }

    /// Octets it takes before it grows.
    pub fn memory(&self) -> usize {
        self.graph.memory() + self.cuts.len() * 256
    }
}
