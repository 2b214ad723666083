//! A deterministic automaton that grows where it is used, shared by all threads: does a walk lead to the end?
//!
//! Pure. A state is a set of places in a graph and what stands before them; a step is computed when it is first taken,
//! and from then on is one look into a table that is only ever filled. It tells that there is a match, not which.

use super::{
    automata::Memory,
    graph::{Graph, Step, Way},
};
use regex_syntax::hir::Look;
use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// Rows of the table, in blocks that double: the first has this many; with many patterns, that many.
const FIRST_BLOCK: usize = 16;
const FIRST_BLOCK_OF_MANY: usize = 512;
const BLOCKS: usize = 12;
/// A row is known by the number of its block, above its place in it.
const BLOCK_SHIFT: u32 = 26;
const PLACE: u32 = (1 << BLOCK_SHIFT) - 1;
/// Steps that lead to no row.
const UNKNOWN: u32 = u32::MAX;
const DEAD: u32 = u32::MAX - 1;
const MATCH: u32 = u32::MAX - 2;
/// Rows from here on, and what is no row, want a closer look: walks end before them.
const SPECIAL: u32 = 1 << 31;

/// What stands at a side of a place, as far as assertions care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Side {
    Edge,
    LineEnd,
    Word,
    Other,
}

/// What a run found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Match,
    Dead,
    /// The table may not grow any more.
    Full,
}

/// Where a run over a segment stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    row: u32,
    /// The block of the row, and its number.
    block: &'a [AtomicU32],
    number: u32,
}

impl Place<'_> {
    /// Takes a step over an octet of a class, if it is known, leads to a row in the same block, and no walk ends before it.
    #[inline]
    pub fn go(&mut self, class: usize) -> bool {
        let cell = self.block.get((self.row & PLACE) as usize + class);
        let next = cell.map_or(UNKNOWN, |cell| cell.load(Ordering::Acquire));
        let is_plain = next >> BLOCK_SHIFT == self.number;
        if is_plain {
            self.row = next;
        }
        is_plain
    }
}

/// What is asked of walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Whether one of them ends.
    Anchored,
    /// All ends of those from one place.
    Telling,
    /// All ends of those from any octet on.
    Floating,
    /// All ends of those from places that are named on the way.
    Fed,
}

/// The table may not grow any more.
#[derive(Clone, Copy, Debug)]
pub struct Full;

#[derive(Debug)]
pub struct Lazy {
    way: Way,
    mode: Mode,
    /// Rows of the first block.
    first_block: usize,
    /// Cells of one row: one for each class of octets, the same again for those with a walk beginning behind them, and one
    /// for the end.
    stride: usize,
    blocks: [OnceLock<Box<[AtomicU32]>>; BLOCKS],
    /// The patterns whose walks end before a row.
    ended: [OnceLock<Ended>; BLOCKS],
    growth: Mutex<Growth>,
}

/// Where runs from one place begin, by what stands before it.
#[derive(Debug)]
pub struct Starts([AtomicU32; 4]);

impl Default for Starts {
    fn default() -> Self {
        Self([const { AtomicU32::new(UNKNOWN) }; 4])
    }
}

/// For each row of a block the patterns whose walks end before it.
type Ended = Box<[OnceLock<Box<[u32]>>]>;

/// The places, in order, what stands before them, and the patterns whose walks ended there.
#[derive(Debug, PartialEq, Eq, Hash)]
struct State {
    places: Box<[u32]>,
    before: Side,
    ended: Box<[u32]>,
}

#[derive(Debug, Default)]
struct Growth {
    states: Vec<Arc<State>>,
    known: HashMap<Arc<State>, u32>,
    seen: Vec<bool>,
    closure: Vec<u32>,
    stack: Vec<u32>,
    ended: Vec<u32>,
}

impl Lazy {
    /// An automaton for walks from one place; it knows nothing yet of its graph.
    pub fn anchored(graph: &Graph, way: Way) -> Self {
        Self::new(graph, way, Mode::Anchored, FIRST_BLOCK)
    }

    /// An automaton for walks from one place, all whose ends are told.
    pub fn telling(graph: &Graph) -> Self {
        Self::new(graph, Way::On, Mode::Telling, FIRST_BLOCK)
    }

    /// An automaton for walks from the start of a graph at every octet.
    pub fn floating(graph: &Graph) -> Self {
        Self::new(graph, Way::On, Mode::Floating, FIRST_BLOCK)
    }

    /// The same for many patterns.
    pub fn crowded(graph: &Graph) -> Self {
        Self::new(graph, Way::On, Mode::Floating, FIRST_BLOCK_OF_MANY)
    }

    /// An automaton for walks from one place, and from the start (back: from the end) of a graph at more places on its way.
    pub fn fed(graph: &Graph, way: Way) -> Self {
        Self::new(graph, way, Mode::Fed, FIRST_BLOCK)
    }

    fn new(graph: &Graph, way: Way, mode: Mode, first_block: usize) -> Self {
        let columns = if mode == Mode::Fed { 2 } else { 1 };
        Self {
            way,
            mode,
            first_block,
            stride: columns * graph.class_count() + 1,
            blocks: [const { OnceLock::new() }; BLOCKS],
            ended: [const { OnceLock::new() }; BLOCKS],
            growth: Mutex::new(Growth::default()),
        }
    }

    /// Runs from a place over octets, `before` being the one that stands ahead of them; adds the steps taken to `steps`.
    pub fn run<'a>(
        &self,
        graph: &Graph,
        from: (u32, &Starts),
        before: Option<u8>,
        octets: impl Iterator<Item = &'a u8>,
        memory: &Memory,
        steps: &mut usize,
    ) -> Outcome {
        let Some(mut place) = self.begin(graph, from, before, memory) else { return Outcome::Full };
        for octet in octets {
            *steps += 1;
            let class = graph.class(*octet);
            if place.go(class) {
                continue;
            }
            match self.next(graph, place.row, (Some(*octet), class), memory) {
                Err(Full) => return Outcome::Full,
                Ok(DEAD) => return Outcome::Dead,
                Ok(MATCH) => return Outcome::Match,
                Ok(next) => place = self.place(next),
            }
        }
        match self.next(graph, place.row, (None, self.stride - 1), memory) {
            Err(Full) => Outcome::Full,
            Ok(MATCH) => Outcome::Match,
            Ok(_) => Outcome::Dead,
        }
    }

    /// Runs over a part of a segment and tells the patterns that are met and where they end; octets that were read, none
    /// if the table may not grow any more. Telling walks begin at the start of the part, floating ones everywhere in it.
    pub fn run_all(
        &self,
        graph: &Graph,
        starts: &Starts,
        segment: &[u8],
        range: Range<usize>,
        memory: &Memory,
        tell: &mut impl FnMut(usize, &[u32]),
    ) -> Option<usize> {
        let before = range.start.checked_sub(1).and_then(|at| segment.get(at)).copied();
        let mut place = self.begin(graph, (graph.start, starts), before, memory)?;
        // Whether a walk ends at the end of the part, the octet behind it tells.
        let octets = segment.get(range.start..segment.len().min(range.end + 1)).unwrap_or_default();
        for (at, octet) in (range.start..).zip(octets) {
            let class = graph.class(*octet);
            if place.go(class) {
                continue;
            }
            match self.come(graph, &mut place, (Some(*octet), class), memory).ok()? {
                None => return Some(at - range.start),
                Some([]) => {}
                Some(ended) => tell(at, ended),
            }
        }
        if range.end >= segment.len()
            && let Some(ended) = self.come(graph, &mut place, (None, self.stride - 1), memory).ok()?
            && !ended.is_empty()
        {
            tell(segment.len(), ended);
        }
        Some(octets.len())
    }

    /// Where a run begins.
    pub fn begin(&self, graph: &Graph, from: (u32, &Starts), before: Option<u8>, memory: &Memory) -> Option<Place<'_>> {
        self.first(graph, from, before, memory).map(|row| self.place(row))
    }

    /// The column of an octet, or of the end of the segment; whether another walk begins behind it.
    pub fn class(&self, graph: &Graph, octet: Option<u8>, begins: bool) -> usize {
        match octet {
            None => self.stride - 1,
            Some(octet) if begins => graph.class(octet) + graph.class_count(),
            Some(octet) => graph.class(octet),
        }
    }

    /// Takes any step, over an octet of a class or at the end of the segment: the patterns whose walks end before it; none if
    /// it is a dead end.
    ///
    /// # Errors
    /// When the table may not grow any more.
    pub fn come<'a>(
        &'a self,
        graph: &Graph,
        place: &mut Place<'a>,
        (octet, class): (Option<u8>, usize),
        memory: &Memory,
    ) -> Result<Option<&'a [u32]>, Full> {
        let next = self.next(graph, place.row, (octet, class), memory)?;
        if next == DEAD {
            return Ok(None);
        }
        *place = self.place(next);
        Ok(Some(if next >= SPECIAL { self.ended(next) } else { &[] }))
    }

    fn place(&self, row: u32) -> Place<'_> {
        let number = (row & !SPECIAL) >> BLOCK_SHIFT;
        Place { row, block: self.block(number), number }
    }

    /// The row at which runs from a place begin.
    fn first(&self, graph: &Graph, from: (u32, &Starts), before: Option<u8>, memory: &Memory) -> Option<u32> {
        let before = side(graph, before);
        let cell = from.1.0.get(before as usize)?;
        let row = cell.load(Ordering::Acquire);
        if row != UNKNOWN {
            return Some(row);
        }
        let mut growth = self.growth.lock().unwrap_or_else(PoisonError::into_inner);
        let start =
            self.row(&mut growth, State { places: Box::new([from.0]), before, ended: Box::default() }, memory)?;
        cell.store(start, Ordering::Release);
        Some(start)
    }

    /// Where a step leads from a row, over an octet of a class or at the end of the segment.
    fn next(&self, graph: &Graph, row: u32, (octet, class): (Option<u8>, usize), memory: &Memory) -> Result<u32, Full> {
        match self.step(row, class) {
            UNKNOWN => self.grow(graph, row, class, octet, memory).ok_or(Full),
            next => Ok(next),
        }
    }

    fn ended(&self, row: u32) -> &[u32] {
        let block = ((row & !SPECIAL) >> BLOCK_SHIFT) as usize;
        let number = (row & PLACE) as usize / self.stride;
        let ended = self.ended.get(block).and_then(OnceLock::get).and_then(|block| block.get(number));
        ended.and_then(OnceLock::get).map_or(&[], |ended| ended)
    }

    fn step(&self, row: u32, class: usize) -> u32 {
        self.cell(row, class).map_or(UNKNOWN, |cell| cell.load(Ordering::Acquire))
    }

    fn block(&self, number: u32) -> &[AtomicU32] {
        self.blocks.get(number as usize).and_then(OnceLock::get).map_or(&[], |block| block)
    }

    fn cell(&self, row: u32, class: usize) -> Option<&AtomicU32> {
        self.blocks.get(((row & !SPECIAL) >> BLOCK_SHIFT) as usize)?.get()?.get((row & PLACE) as usize + class)
    }

    /// The number of the state that a row is of.
    fn number(&self, row: u32) -> usize {
        let block = (row & !SPECIAL) >> BLOCK_SHIFT;
        self.first_block * ((1 << block) - 1) + (row & PLACE) as usize / self.stride
    }

    /// Computes a step: over an octet, or (none) at the end.
    #[cold]
    fn grow(&self, graph: &Graph, row: u32, class: usize, octet: Option<u8>, memory: &Memory) -> Option<u32> {
        let mut growth = self.growth.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.number(row);
        let state = Arc::clone(growth.states.get(number)?);
        self.close(graph, &mut growth, &state.places, state.before, side(graph, octet));
        let next = if self.mode == Mode::Anchored && !growth.ended.is_empty() {
            MATCH
        } else {
            let begins = self.mode == Mode::Floating || (self.mode == Mode::Fed && class >= graph.class_count());
            let places = octet.map_or_else(Box::default, |octet| self.over(graph, &growth, octet, begins));
            let ended = std::mem::take(&mut growth.ended).into_boxed_slice();
            if places.is_empty() && ended.is_empty() {
                DEAD
            } else {
                self.row(&mut growth, State { places, before: side(graph, octet), ended }, memory)?
            }
        };
        self.cell(row, class)?.store(next, Ordering::Release);
        Some(next)
    }

    /// Fills the closure, all places that are reached without an octet, and the patterns whose walks end there.
    fn close(&self, graph: &Graph, growth: &mut Growth, places: &[u32], before: Side, after: Side) {
        let Growth { seen, closure, stack, ended, .. } = growth;
        let (left, right) = if self.way == Way::On { (before, after) } else { (after, before) };
        seen.resize(graph.places(), false);
        closure.clear();
        ended.clear();
        stack.clear();
        stack.extend(places);
        while let Some(place) = stack.pop() {
            match seen.get_mut(place as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            closure.push(place);
            for (step, to) in graph.steps(self.way, place) {
                match step {
                    Step::Free => stack.push(*to),
                    Step::Look(look) if holds(*look, left, right) => stack.push(*to),
                    Step::End(pattern) => ended.push(*pattern),
                    _ => {}
                }
            }
        }
        for place in closure.iter() {
            if let Some(seen) = seen.get_mut(*place as usize) {
                *seen = false;
            }
        }
        ended.sort_unstable();
        ended.dedup();
    }

    /// Where an octet leads from the closure; whether another walk begins behind it.
    fn over(&self, graph: &Graph, growth: &Growth, octet: u8, begins: bool) -> Box<[u32]> {
        let mut places: Vec<u32> = Vec::new();
        for place in &growth.closure {
            for (step, to) in graph.steps(self.way, *place) {
                if matches!(step, Step::Over(set) if graph.takes(*set, octet)) {
                    places.push(*to);
                }
            }
        }
        if begins {
            places.push(if self.way == Way::On { graph.start } else { graph.end });
        }
        places.sort_unstable();
        places.dedup();
        places.into_boxed_slice()
    }

    /// The row of a state, a new one if it is not known.
    fn row(&self, growth: &mut Growth, state: State, memory: &Memory) -> Option<u32> {
        if let Some(row) = growth.known.get(&state) {
            return Some(*row);
        }
        let (mut first, mut block, mut size) = (0, 0, self.first_block);
        while growth.states.len() >= first + size {
            first += size;
            size *= 2;
            block += 1;
        }
        let space = self.blocks.get(block)?;
        let length = size * self.stride;
        let is_new = space.get().is_none();
        let octets = if is_new { length * 4 } else { 0 } + state.places.len() * 4 + 160;
        if !memory.take(octets) {
            return None;
        }
        space.get_or_init(|| std::iter::repeat_with(|| AtomicU32::new(UNKNOWN)).take(length).collect());
        let place = u32::try_from((growth.states.len() - first) * self.stride).ok()?;
        let mut row = (u32::try_from(block).ok()? << BLOCK_SHIFT) | place;
        if !state.ended.is_empty() {
            row |= SPECIAL;
            let space = self.ended.get(block)?.get_or_init(|| (0..size).map(|_| OnceLock::new()).collect());
            space.get(growth.states.len() - first)?.get_or_init(|| state.ended.clone());
        }
        let state = Arc::new(state);
        growth.states.push(Arc::clone(&state));
        growth.known.insert(state, row);
        Some(row)
    }
}

/// What an octet, or the edge of the segment, is to the assertions of a graph.
fn side(graph: &Graph, octet: Option<u8>) -> Side {
    match octet {
        None if graph.looks => Side::Edge,
        Some(b'\n') if graph.looks => Side::LineEnd,
        Some(octet) if graph.looks_at_words && (octet.is_ascii_alphanumeric() || octet == b'_') => Side::Word,
        _ => Side::Other,
    }
}

/// Whether an assertion holds between what stands left and right of it.
fn holds(look: Look, left: Side, right: Side) -> bool {
    let (word_left, word_right) = (left == Side::Word, right == Side::Word);
    match look {
        Look::Start => left == Side::Edge,
        Look::End => right == Side::Edge,
        Look::StartLF => matches!(left, Side::Edge | Side::LineEnd),
        Look::EndLF => matches!(right, Side::Edge | Side::LineEnd),
        Look::WordAscii => word_left != word_right,
        Look::WordAsciiNegate => word_left == word_right,
        Look::WordStartHalfAscii => !word_left,
        Look::WordEndHalfAscii => !word_right,
        // No pattern of ours has others.
        _ => false,
    }
}
