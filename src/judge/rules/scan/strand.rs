//! One branch of a pattern, verified around a place: from a cut its automata are run to both sides.
//!
//! Pure. Gaps divide a branch into sections. A section is run from all places at once at which the one before it and
//! the gap between can end; so no state has to know how wide a gap is. All runs end with the first match or dead end.

use super::{
    automata::Memory,
    gap::Gap,
    graph::{Graph, Way},
    lazy::{Full, Lazy, Outcome, Starts},
    window::Window,
};
use regex_syntax::hir::{Hir, HirKind};
use std::{iter::Peekable, ops::Range};

/// The automata of a branch.
#[derive(Debug)]
pub struct Strand {
    sections: Vec<Section>,
    /// The gap behind each section but the last.
    gaps: Vec<Gap>,
    cuts: Vec<Cut>,
}

#[derive(Debug)]
struct Section {
    graph: Graph,
    on: Lazy,
    back: Lazy,
    /// Where runs over the whole section begin, onward and back.
    start: Starts,
    end: Starts,
}

/// One cut: what is around it, and where walks from it start, onward and back.
#[derive(Debug)]
struct Cut {
    number: usize,
    section: usize,
    entry: u32,
    window: Window,
    on: Starts,
    back: Starts,
}

/// A segment that is looked at, and the octets that were read of it.
struct Search<'a> {
    segment: &'a [u8],
    memory: &'a Memory,
    steps: &'a mut usize,
}

impl Strand {
    /// The automata of a branch, cut where these paths lead.
    pub fn new(branch: &Hir, paths: &[&[usize]]) -> Self {
        let mut strand = Self { sections: Vec::new(), gaps: Vec::new(), cuts: Vec::new() };
        let HirKind::Concat(parts) = branch.kind() else {
            strand.add(Graph::new(&[branch], paths), true, 0..paths.len());
            return strand;
        };
        let mut gaps = gaps(parts, paths);
        let is_whole = gaps.is_empty();
        gaps.push(parts.len());
        let mut start = 0;
        for end in gaps {
            let inside = within(paths, start..end);
            let stripped: Vec<&[usize]> = inside.iter().map(|(_, path)| path.as_slice()).collect();
            let graph = Graph::of_sequence(parts.get(start..end).unwrap_or_default(), &stripped);
            strand.add(graph, is_whole, inside.iter().map(|(number, _)| *number));
            strand.gaps.extend(parts.get(end).and_then(Gap::of));
            start = end + 1;
        }
        strand.cuts.sort_by_key(|cut| cut.number);
        strand
    }

    fn add(&mut self, graph: Graph, is_whole: bool, cuts: impl Iterator<Item = usize>) {
        for (entry, number) in graph.entries.iter().zip(cuts) {
            self.cuts.push(Cut {
                number,
                section: self.sections.len(),
                entry: *entry,
                window: Window::new(&graph, *entry),
                on: Starts::default(),
                back: Starts::default(),
            });
        }
        let automaton = |way| if is_whole { Lazy::anchored(&graph, way) } else { Lazy::fed(&graph, way) };
        let (on, back) = (automaton(Way::On), automaton(Way::Back));
        self.sections.push(Section { graph, on, back, start: Starts::default(), end: Starts::default() });
    }

    /// Whether the branch is found with a cut at a place; adds the octets that were read to `steps`.
    pub fn run(&self, cut: usize, segment: &[u8], at: usize, memory: &Memory, steps: &mut usize) -> Outcome {
        let Some(cut) = self.cuts.get(cut) else { return Outcome::Full };
        *steps += 1;
        if !cut.window.fits(segment, at) {
            return Outcome::Dead;
        }
        let mut search = Search { segment, memory, steps };
        let found = match self.sections.as_slice() {
            [whole] => return search.whole(whole, cut, at),
            sections => search
                .onward(sections, &self.gaps, cut, at)
                .and_then(|is_found| if is_found { search.backward(sections, &self.gaps, cut, at) } else { Ok(false) }),
        };
        match found {
            Ok(true) => Outcome::Match,
            Ok(false) => Outcome::Dead,
            Err(Full) => Outcome::Full,
        }
    }

    /// Octets it takes before it grows.
    pub fn memory(&self) -> usize {
        let sections: usize = self.sections.iter().map(|section| section.graph.memory() + 1024).sum();
        sections + self.cuts.len() * 256
    }
}

impl Search<'_> {
    /// Runs a branch that has no gaps.
    fn whole(&mut self, section: &Section, cut: &Cut, at: usize) -> Outcome {
        let Section { graph, on, back, .. } = section;
        let (head, tail) = self.segment.split_at_checked(at).unwrap_or_default();
        let (before, after) = (head.last().copied(), tail.first().copied());
        let outcome = on.run(graph, (cut.entry, &cut.on), before, tail.iter(), self.memory, self.steps);
        if cut.entry == graph.start || outcome != Outcome::Match {
            return outcome;
        }
        back.run(graph, (cut.entry, &cut.back), after, head.iter().rev(), self.memory, self.steps)
    }

    /// Whether what is behind a cut matches.
    fn onward(&mut self, sections: &[Section], gaps: &[Gap], cut: &Cut, at: usize) -> Result<bool, Full> {
        let Some((first, rest)) = sections.get(cut.section..).and_then(<[_]>::split_first) else { return Ok(false) };
        let mut places = self.ends(first, Way::On, (cut.entry, &cut.on), &[at], rest.is_empty())?;
        let gaps = gaps.get(cut.section..).unwrap_or_default();
        for (number, (section, gap)) in rest.iter().zip(gaps).enumerate() {
            let starts = gap.on(self.segment, &places);
            *self.steps += starts.len();
            let is_last = number + 1 == rest.len();
            places = self.ends(section, Way::On, (section.graph.start, &section.start), &starts, is_last)?;
        }
        Ok(!places.is_empty())
    }

    /// Whether what is before a cut matches.
    fn backward(&mut self, sections: &[Section], gaps: &[Gap], cut: &Cut, at: usize) -> Result<bool, Full> {
        let Some((first, rest)) = sections.get(..=cut.section).and_then(<[_]>::split_last) else { return Ok(false) };
        let mut places = self.ends(first, Way::Back, (cut.entry, &cut.back), &[at], rest.is_empty())?;
        for (number, (section, gap)) in rest.iter().zip(gaps).enumerate().rev() {
            let starts = gap.back(self.segment, &places);
            *self.steps += starts.len();
            places = self.ends(section, Way::Back, (section.graph.end, &section.end), &starts, number == 0)?;
        }
        Ok(!places.is_empty())
    }

    /// Where a section ends that is begun at all these places, which are in the order of the way; the first will do if
    /// nothing more comes.
    fn ends(
        &mut self,
        section: &Section,
        way: Way,
        from: (u32, &Starts),
        places: &[usize],
        is_last: bool,
    ) -> Result<Vec<usize>, Full> {
        let mut ends = Vec::new();
        let mut places = places.iter().copied().peekable();
        while let Some(place) = places.next() {
            let mut tell = |end| {
                ends.push(end);
                is_last
            };
            self.run(section, way, from, place, &mut places, &mut tell)?;
            if is_last && !ends.is_empty() {
                break;
            }
        }
        Ok(ends)
    }

    /// Runs from a place to the first dead end, and begins again at the places that are met on the way.
    fn run(
        &mut self,
        section: &Section,
        way: Way,
        from: (u32, &Starts),
        mut at: usize,
        places: &mut Peekable<impl Iterator<Item = usize>>,
        tell: &mut impl FnMut(usize) -> bool,
    ) -> Result<(), Full> {
        let graph = &section.graph;
        let (lazy, before) = match way {
            Way::On => (&section.on, at.checked_sub(1)),
            Way::Back => (&section.back, Some(at)),
        };
        let before = before.and_then(|at| self.segment.get(at)).copied();
        let mut state = lazy.begin(graph, from, before, self.memory).ok_or(Full)?;
        loop {
            *self.steps += 1;
            let next = if way == Way::On { Some(at + 1) } else { at.checked_sub(1) };
            let read = if way == Way::On { Some(at) } else { next };
            let octet = read.and_then(|at| self.segment.get(at)).copied();
            let begins = octet.is_some() && places.next_if(|place| Some(*place) == next).is_some();
            let class = lazy.class(graph, octet, begins);
            if octet.is_none() || !state.go(class) {
                match lazy.come(graph, &mut state, (octet, class), self.memory)? {
                    None => return Ok(()),
                    Some([]) => {}
                    Some(_) if tell(at) => return Ok(()),
                    Some(_) => {}
                }
            }
            match next.filter(|_| octet.is_some()) {
                Some(next) => at = next,
                None => return Ok(()),
            }
        }
    }
}

/// The paths that lead into some parts of a sequence, from there on, with their numbers.
fn within(paths: &[&[usize]], parts: Range<usize>) -> Vec<(usize, Vec<usize>)> {
    let inside = |(number, path): (usize, &&[usize])| match path.split_first() {
        None => (parts.start == 0).then(|| (number, Vec::new())),
        Some((part, rest)) if parts.contains(part) => Some((number, [&[part - parts.start], rest].concat())),
        Some(_) => None,
    };
    paths.iter().enumerate().filter_map(inside).collect()
}

/// The gaps between parts of a sequence, by their numbers: those that no path leads into, and not two side by side.
fn gaps(parts: &[Hir], paths: &[&[usize]]) -> Vec<usize> {
    let mut gaps: Vec<usize> = Vec::new();
    for (number, part) in parts.iter().enumerate().take(parts.len().saturating_sub(1)).skip(1) {
        let is_cut = paths.iter().any(|path| path.first() == Some(&number));
        if !is_cut && gaps.last() != Some(&(number - 1)) && Gap::of(part).is_some() {
            gaps.push(number);
        }
    }
    gaps
}
