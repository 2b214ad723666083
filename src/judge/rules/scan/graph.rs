//! A pattern as places and steps between them, which can be walked both ways and begun anywhere.
//!
//! Pure. Counts are written out. A match is a walk from the start to the end; so one is found around a place if a walk
//! leads from there to the end over what follows, and another back to the start over what stands before.

use crate::judge::rules::pattern::octets::{Octets, sequences};
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};
use std::collections::HashMap;

/// What it takes to go from one place to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Free,
    Look(Look),
    /// One octet out of the set with this number.
    Over(u32),
    /// Nowhere: a walk may end here, with the pattern of this number.
    End(u32),
}

/// Steps by the place they start from.
#[derive(Debug, Default)]
struct Steps {
    first: Vec<u32>,
    steps: Vec<(Step, u32)>,
}

#[derive(Debug)]
pub struct Graph {
    on: Steps,
    back: Steps,
    sets: Vec<Octets>,
    /// Octets that no step tells apart have one number.
    classes: Box<[u8; 256]>,
    class_count: usize,
    pub start: u32,
    /// The place at which walks through the first pattern end.
    pub end: u32,
    /// The place of each cut.
    pub entries: Vec<u32>,
    /// Whether there are assertions, and whether some of them are about words.
    pub looks: bool,
    pub looks_at_words: bool,
}

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    On,
    Back,
}

impl Graph {
    /// The graph of patterns, with the places that the paths of cuts in the first of them lead to.
    pub fn new(patterns: &[&Hir], paths: &[&[usize]]) -> Self {
        let mut builder = Builder::new(paths.len());
        let mut cuts: Vec<(usize, &[usize])> = paths.iter().copied().enumerate().collect();
        let mut ends = Vec::new();
        for hir in patterns {
            ends.push(builder.add(hir, 0, &cuts));
            cuts.clear();
        }
        builder.finish(&ends)
    }

    /// The graph of parts one after the other, with the places that paths lead to whose first step is a part.
    pub fn of_sequence(parts: &[Hir], paths: &[&[usize]]) -> Self {
        let mut builder = Builder::new(paths.len());
        let cuts: Vec<(usize, &[usize])> = paths.iter().copied().enumerate().collect();
        let end = builder.add_sequence(parts, 0, &cuts);
        builder.finish(&[end])
    }

    pub fn places(&self) -> usize {
        self.on.first.len()
    }

    /// Octets it takes.
    pub fn memory(&self) -> usize {
        (self.on.steps.len() + self.back.steps.len()) * size_of::<(Step, u32)>()
            + self.places() * 8
            + self.sets.len() * 32
    }

    /// How many classes of octets there are.
    pub fn class_count(&self) -> usize {
        self.class_count
    }

    pub fn class(&self, octet: u8) -> usize {
        usize::from(self.classes.get(usize::from(octet)).copied().unwrap_or_default())
    }

    /// The steps from a place.
    pub fn steps(&self, way: Way, place: u32) -> &[(Step, u32)] {
        let steps = if way == Way::On { &self.on } else { &self.back };
        let at = |place: u32| steps.first.get(place as usize).map_or(steps.steps.len(), |first| *first as usize);
        steps.steps.get(at(place)..at(place + 1)).unwrap_or_default()
    }

    pub fn set(&self, number: u32) -> Octets {
        self.sets.get(number as usize).copied().unwrap_or_default()
    }

    pub fn takes(&self, set: u32, octet: u8) -> bool {
        self.sets.get(set as usize).is_some_and(|set| set.contains(octet))
    }
}

impl Steps {
    fn new(places: u32, steps: impl Iterator<Item = (u32, Step, u32)>) -> Self {
        let mut steps: Vec<(u32, Step, u32)> = steps.collect();
        steps.sort_by_key(|(from, _, _)| *from);
        let mut first = Vec::with_capacity(places as usize);
        let mut done = 0_u32;
        for place in 0..places {
            first.push(done);
            let rest = steps.get(done as usize..).unwrap_or_default();
            let here = rest.iter().take_while(|(from, _, _)| *from == place).count();
            done += u32::try_from(here).unwrap_or_default();
        }
        Self { first, steps: steps.into_iter().map(|(_, step, to)| (step, to)).collect() }
    }
}

struct Builder {
    steps: Vec<(u32, Step, u32)>,
    places: u32,
    sets: Vec<Octets>,
    known: HashMap<Octets, u32>,
    entries: Vec<u32>,
}

/// The cuts whose paths lead into a part, with what is left of them.
type Cuts<'a> = [(usize, &'a [usize])];

impl Builder {
    fn new(entries: usize) -> Self {
        Self { steps: Vec::new(), places: 1, sets: Vec::new(), known: HashMap::new(), entries: vec![0; entries] }
    }

    /// The graph of what was added, each pattern to the place where it ends.
    fn finish(self, ends: &[u32]) -> Graph {
        let (classes, class_count) = self.classes();
        let look = |(_, step, _): &(u32, Step, u32)| if let Step::Look(look) = step { Some(*look) } else { None };
        let looks: Vec<Look> = self.steps.iter().filter_map(look).collect();
        let words = |look: &Look| !matches!(look, Look::StartLF | Look::EndLF | Look::Start | Look::End);
        let steps = || self.steps.iter().copied();
        let last = (0..).zip(ends).map(|(number, place)| (*place, Step::End(number), 0));
        let on = Steps::new(self.places, steps().chain(last));
        let back =
            Steps::new(self.places, steps().map(|(from, step, to)| (to, step, from)).chain([(0, Step::End(0), 0)]));
        Graph {
            on,
            back,
            sets: self.sets,
            classes,
            class_count,
            start: 0,
            end: ends.first().copied().unwrap_or_default(),
            entries: self.entries,
            looks_at_words: looks.iter().any(words),
            looks: !looks.is_empty(),
        }
    }

    fn add_sequence(&mut self, parts: &[Hir], from: u32, cuts: &Cuts) -> u32 {
        parts.iter().enumerate().fold(from, |from, (number, part)| self.add(part, from, &into(cuts, number)))
    }

    fn place(&mut self) -> u32 {
        self.places += 1;
        self.places - 1
    }

    fn over(&mut self, set: Octets, from: u32) -> u32 {
        let to = self.place();
        let next = u32::try_from(self.sets.len()).unwrap_or_default();
        let number = *self.known.entry(set).or_insert(next);
        if number == next {
            self.sets.push(set);
        }
        if !set.is_empty() {
            self.steps.push((from, Step::Over(number), to));
        }
        to
    }

    /// Adds a part that begins at a place; where it ends.
    fn add(&mut self, hir: &Hir, from: u32, cuts: &Cuts) -> u32 {
        for (cut, path) in cuts {
            if let (true, Some(entry)) = (path.is_empty(), self.entries.get_mut(*cut)) {
                *entry = from;
            }
        }
        match hir.kind() {
            HirKind::Empty => from,
            HirKind::Literal(literal) => {
                literal.0.iter().fold(from, |from, octet| self.over(Octets::of(&[(*octet, *octet)]), from))
            }
            HirKind::Class(class) => {
                let sequences = sequences(class);
                if let [one] = sequences.as_slice() {
                    return one.iter().fold(from, |from, set| self.over(*set, from));
                }
                let to = self.place();
                for sequence in sequences {
                    let end = sequence.iter().fold(from, |from, set| self.over(*set, from));
                    self.steps.push((end, Step::Free, to));
                }
                to
            }
            HirKind::Look(look) => {
                let to = self.place();
                self.steps.push((from, Step::Look(*look), to));
                to
            }
            HirKind::Capture(capture) => self.add(&capture.sub, from, &into(cuts, 0)),
            HirKind::Repetition(repetition) => self.add_repetition(repetition, from, &into(cuts, 0)),
            HirKind::Concat(parts) => self.add_sequence(parts, from, cuts),
            HirKind::Alternation(branches) => {
                let to = self.place();
                for (number, branch) in branches.iter().enumerate() {
                    let end = self.add(branch, from, &into(cuts, number));
                    self.steps.push((end, Step::Free, to));
                }
                to
            }
        }
    }

    fn add_repetition(&mut self, repetition: &Repetition, mut from: u32, cuts: &Cuts) -> u32 {
        let none: &Cuts = &[];
        for turn in 0..repetition.min {
            from = self.add(&repetition.sub, from, if turn == 0 { cuts } else { none });
        }
        let Some(max) = repetition.max else {
            // A place of its own, so that nothing else that begins here is part of the loop.
            let again = self.place();
            self.steps.push((from, Step::Free, again));
            let end = self.add(&repetition.sub, again, none);
            self.steps.push((end, Step::Free, again));
            return again;
        };
        let to = self.place();
        self.steps.push((from, Step::Free, to));
        for _ in repetition.min..max {
            from = self.add(&repetition.sub, from, none);
            self.steps.push((from, Step::Free, to));
        }
        to
    }

    /// Numbers for octets that no set and no assertion tells apart.
    fn classes(&self) -> (Box<[u8; 256]>, usize) {
        let mut classes = Box::new([0_u8; 256]);
        let mut count = 1_usize;
        let words_and_lines = [Octets::word(), Octets::of(&[(b'\n', b'\n')])];
        let has_looks = self.steps.iter().any(|(_, step, _)| matches!(step, Step::Look(_)));
        let looks = if has_looks { words_and_lines.as_slice() } else { &[] };
        for set in self.sets.iter().chain(looks) {
            let mut parts = [[None; 256]; 2];
            count = 0;
            for (octet, class) in (0..=255_u8).zip(classes.iter_mut()) {
                let part = parts
                    .get_mut(usize::from(set.contains(octet)))
                    .and_then(|parts| parts.get_mut(usize::from(*class)));
                let Some(part) = part else { continue };
                *class = *part.get_or_insert_with(|| {
                    count += 1;
                    u8::try_from(count - 1).unwrap_or(u8::MAX)
                });
            }
        }
        (classes, count)
    }
}

/// The cuts whose next step goes into this part.
fn into<'a>(cuts: &Cuts<'a>, part: usize) -> Vec<(usize, &'a [usize])> {
    let inside = |(cut, path): &(usize, &'a [usize])| {
        let (step, rest) = path.split_first()?;
        (*step == part).then_some((*cut, rest))
    };
    cuts.iter().filter_map(inside).collect()
}
