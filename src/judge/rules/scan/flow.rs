//! Whether a pattern in pieces is found: places flow from piece to piece.
//!
//! Pure. Where a backtracking engine tries one way after the other, here all ways are gone at once, so that no place is
//! left twice. Steps are bounded all the same: groups that are referred to multiply the ways.

use super::{
    automata::Memory,
    graph::{Graph, Way},
    lazy::{Lazy, Outcome, Starts},
};
use crate::{
    judge::rules::pattern::flow::{Flow, SLOTS},
    limits,
};
use regex_syntax::hir::Hir;
use std::{collections::BTreeSet, ops::Range};

/// A pattern in pieces, each with its automaton.
#[derive(Debug)]
pub struct Course(Piece);

#[derive(Debug)]
enum Piece {
    Walk(Walk),
    Most(Walk),
    Keep { slot: usize, piece: Box<Piece>, returns: bool },
    Echo { slot: usize, any_case: bool },
    Ahead { negative: bool, piece: Box<Piece> },
    Behind { negative: bool, walk: Walk },
    Chain(Vec<Piece>),
    Choice(Vec<Piece>),
    Repeat { piece: Box<Piece>, min: u32, max: Option<u32> },
}

#[derive(Debug)]
struct Walk {
    graph: Graph,
    lazy: Lazy,
    starts: Starts,
}

/// Where a match can be so far, and what it kept on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    at: usize,
    kept: [Option<(usize, usize)>; SLOTS],
}

/// It took too many steps, or the automata may not grow any more.
#[derive(Clone, Copy, Debug)]
struct Spent;

/// One search.
struct Search<'a> {
    segment: &'a [u8],
    memory: &'a Memory,
    steps: usize,
    most: usize,
}

/// How an automaton is run.
#[derive(Clone, Copy)]
enum Use {
    /// From anywhere, to all its ends.
    Float,
    /// From a place, to all its ends.
    Every,
    /// Back from a place, to its first end.
    Back,
}

impl Course {
    pub fn new(flow: &Flow) -> Self {
        Self(Piece::new(flow, true))
    }

    /// Whether the pattern is found, beginning in a part of a segment; none if that took too many steps.
    pub fn is_found(&self, segment: &[u8], range: Range<usize>, memory: &Memory) -> Option<bool> {
        let most = limits::COURSE_STEPS_LEAST + limits::COURSE_STEPS_PER_OCTET * range.len();
        let mut search = Search { segment, memory, steps: 0, most };
        search.anywhere(&self.0, range).map(|states| !states.is_empty()).ok()
    }

    /// Octets it takes before it grows.
    pub fn memory(&self) -> usize {
        self.0.memory()
    }
}

impl Piece {
    /// The piece of a flow; one that `leads` begins anywhere.
    fn new(flow: &Flow, leads: bool) -> Self {
        let boxed = |flow: &Flow| Box::new(Piece::new(flow, false));
        match flow {
            Flow::Walk(hir) => Self::Walk(Walk::new(hir, if leads { Use::Float } else { Use::Every })),
            Flow::Most(hir) => Self::Most(Walk::new(hir, Use::Every)),
            Flow::Keep { slot, flow, returns } => Self::Keep { slot: *slot, piece: boxed(flow), returns: *returns },
            Flow::Echo { slot, any_case } => Self::Echo { slot: *slot, any_case: *any_case },
            Flow::Ahead { negative, flow } => Self::Ahead { negative: *negative, piece: boxed(flow) },
            Flow::Behind { negative, walk } => Self::Behind { negative: *negative, walk: Walk::new(walk, Use::Back) },
            Flow::Chain(flows) => {
                let lead = |(number, flow)| Piece::new(flow, leads && number == 0);
                Self::Chain(flows.iter().enumerate().map(lead).collect())
            }
            Flow::Choice(flows) => Self::Choice(flows.iter().map(|flow| Piece::new(flow, leads)).collect()),
            Flow::Repeat { flow, min, max } => Self::Repeat { piece: boxed(flow), min: *min, max: *max },
        }
    }

    fn memory(&self) -> usize {
        match self {
            Self::Walk(walk) | Self::Most(walk) | Self::Behind { walk, .. } => walk.graph.memory(),
            Self::Keep { piece, .. } | Self::Ahead { piece, .. } | Self::Repeat { piece, .. } => piece.memory(),
            Self::Chain(pieces) | Self::Choice(pieces) => pieces.iter().map(Piece::memory).sum(),
            Self::Echo { .. } => 0,
        }
    }
}

impl Walk {
    fn new(hir: &Hir, usage: Use) -> Self {
        let graph = Graph::new(&[hir], &[]);
        let lazy = match usage {
            Use::Float => Lazy::floating(&graph),
            Use::Every => Lazy::telling(&graph),
            Use::Back => Lazy::anchored(&graph, Way::Back),
        };
        Self { graph, lazy, starts: Starts::default() }
    }
}

impl Search<'_> {
    fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        self.steps += steps;
        if self.steps > self.most { Err(Spent) } else { Ok(()) }
    }

    /// Where a piece can end that begins anywhere in a range.
    fn anywhere(&mut self, piece: &Piece, range: Range<usize>) -> Result<Vec<State>, Spent> {
        match piece {
            Piece::Walk(walk) => self.ends(walk, range),
            Piece::Chain(pieces) => {
                let Some((first, rest)) = pieces.split_first() else { return Ok(Vec::new()) };
                let states = self.anywhere(first, range)?;
                rest.iter().try_fold(states, |states, piece| self.follow(piece, states))
            }
            Piece::Choice(pieces) => {
                let mut ends = Vec::new();
                for piece in pieces {
                    ends.extend(self.anywhere(piece, range.clone())?);
                }
                Ok(sorted(ends))
            }
            _ => {
                self.spend(range.len())?;
                self.follow(piece, (range.start..=range.end).map(|at| State { at, kept: [None; SLOTS] }).collect())
            }
        }
    }

    /// Where a piece can end that begins at some of these places.
    fn follow(&mut self, piece: &Piece, states: Vec<State>) -> Result<Vec<State>, Spent> {
        if states.is_empty() {
            return Ok(states);
        }
        self.spend(states.len())?;
        match piece {
            Piece::Walk(walk) => self.walk(walk, &states),
            Piece::Most(walk) => {
                let mut ends = Vec::new();
                for state in states {
                    ends.extend(self.walk(walk, &[state])?.last());
                }
                Ok(sorted(ends))
            }
            Piece::Keep { slot, piece, returns } => {
                let mut ends = Vec::new();
                for state in states {
                    for mut end in self.follow(piece, vec![state])? {
                        if let Some(kept) =
                            end.kept.get_mut(*slot).filter(|_| !returns || self.returns(state.at, end.at))
                        {
                            *kept = Some((state.at, end.at));
                            ends.push(end);
                        }
                    }
                }
                Ok(sorted(ends))
            }
            Piece::Echo { slot, any_case } => {
                Ok(sorted(states.into_iter().filter_map(|state| self.echo(state, *slot, *any_case)).collect()))
            }
            Piece::Ahead { negative, piece } => self.ahead(piece, *negative, states),
            Piece::Behind { negative, walk } => {
                let mut kept = Vec::new();
                for state in states {
                    if self.is_behind(walk, state.at)? != *negative {
                        kept.push(state);
                    }
                }
                Ok(kept)
            }
            Piece::Chain(pieces) => pieces.iter().try_fold(states, |states, piece| self.follow(piece, states)),
            Piece::Choice(pieces) => {
                let mut ends = Vec::new();
                for piece in pieces {
                    ends.extend(self.follow(piece, states.clone())?);
                }
                Ok(sorted(ends))
            }
            Piece::Repeat { piece, min, max } => self.repeat(piece, *min, *max, states),
        }
    }

    /// All places where an automaton can end that begins anywhere in a range; it does not look further.
    fn ends(&mut self, walk: &Walk, range: Range<usize>) -> Result<Vec<State>, Spent> {
        self.spend(range.len())?;
        let mut ends = Vec::new();
        let mut tell = |at, _: &[u32]| ends.push(State { at, kept: [None; SLOTS] });
        let Walk { graph, lazy, starts } = walk;
        match lazy.run_all(graph, starts, self.segment, range, self.memory, &mut tell) {
            Some(_) => Ok(ends),
            None => Err(Spent),
        }
    }

    fn walk(&mut self, walk: &Walk, states: &[State]) -> Result<Vec<State>, Spent> {
        let mut found = Vec::new();
        let Walk { graph, lazy, starts } = walk;
        for group in states.chunk_by(|one, other| one.at == other.at) {
            let Some(from) = group.first().map(|state| state.at) else { continue };
            let mut tell = |at, _: &[u32]| found.extend(group.iter().map(|state| State { at, ..*state }));
            let all = from..self.segment.len();
            let steps = lazy.run_all(graph, starts, self.segment, all, self.memory, &mut tell).ok_or(Spent)?;
            self.spend(steps + 1)?;
        }
        Ok(sorted(found))
    }

    /// Whether a text comes again, in any case of its letters, behind where it ends.
    fn returns(&self, start: usize, end: usize) -> bool {
        let (text, behind) = (self.segment.get(start..end), self.segment.get(end..));
        let (Some(text), Some(behind)) = (text, behind) else { return false };
        let Some(first) = text.first() else { return true };
        memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), behind)
            .any(|at| behind.get(at..at + text.len()).is_some_and(|again| again.eq_ignore_ascii_case(text)))
    }

    fn echo(&self, state: State, slot: usize, any_case: bool) -> Option<State> {
        let (start, end) = (*state.kept.get(slot)?)?;
        let text = self.segment.get(start..end)?;
        let again = self.segment.get(state.at..state.at + text.len())?;
        let same = if any_case { again.eq_ignore_ascii_case(text) } else { again == text };
        same.then_some(State { at: state.at + text.len(), ..state })
    }

    fn ahead(&mut self, piece: &Piece, negative: bool, states: Vec<State>) -> Result<Vec<State>, Spent> {
        let mut kept = Vec::new();
        let mut last = None;
        for state in states {
            let is_there = match last {
                Some((at, is_there)) if at == state.at => is_there,
                _ => !self.follow(piece, vec![state])?.is_empty(),
            };
            last = Some((state.at, is_there));
            if is_there != negative {
                kept.push(state);
            }
        }
        Ok(kept)
    }

    fn is_behind(&mut self, walk: &Walk, at: usize) -> Result<bool, Spent> {
        let (before, after) = self.segment.split_at_checked(at).unwrap_or_default();
        let Walk { graph, lazy, starts } = walk;
        let (from, mut steps) = ((graph.end, starts), 1);
        let octets = before.iter().rev();
        let outcome = lazy.run(graph, from, after.first().copied(), octets, self.memory, &mut steps);
        self.spend(steps)?;
        match outcome {
            Outcome::Match => Ok(true),
            Outcome::Dead => Ok(false),
            Outcome::Full => Err(Spent),
        }
    }

    fn repeat(
        &mut self,
        piece: &Piece,
        min: u32,
        max: Option<u32>,
        mut states: Vec<State>,
    ) -> Result<Vec<State>, Spent> {
        for _ in 0..min {
            states = self.follow(piece, states)?;
            if states.is_empty() {
                return Ok(states);
            }
        }
        let mut all: BTreeSet<State> = states.iter().copied().collect();
        let mut turns = min;
        while !states.is_empty() && max.is_none_or(|max| turns < max) {
            states = self.follow(piece, states)?;
            states.retain(|state| all.insert(*state));
            turns += 1;
        }
        Ok(all.into_iter().collect())
    }
}

fn sorted(mut states: Vec<State>) -> Vec<State> {
    if !states.is_sorted_by(|one, other| one < other) {
        states.sort_unstable();
        states.dedup();
    }
    states
}
