//! One scan of a haystack, step by step.
//!
//! Pure.

use super::{
    Haystack, Hits, Matcher, Throng, automata::Automata, crowd::Crowd, lanes, lazy::Outcome, whole::Exhausted,
};
use crate::limits;
use std::ops::Range;

/// A scan under way.
pub struct Pass<'a> {
    pub matcher: &'a Matcher,
    pub automata: &'a Automata,
    pub hits: &'a mut Hits,
}

impl Pass<'_> {
    /// Verifies wherever something stands that patterns are held by.
    pub fn front(&mut self, hay: &Haystack) {
        let octets = hay.octets();
        let mut ranges = hay.ranges();
        let (mut range, mut segment) = (0..0, 0);
        let matcher = self.matcher;
        matcher.front.find(octets, |place, owners| {
            while range.end <= place {
                let Some(next) = ranges.next() else { return };
                range = next;
                segment += 1;
            }
            let Some(at) = place.checked_sub(range.start) else { return };
            let slice = octets.get(range.clone()).unwrap_or_default();
            for (index, cut) in owners {
                self.verify(*index as usize, *cut as usize, slice, segment, at);
            }
        });
    }

    /// Tries patterns that only begin where a segment does.
    pub fn starting(&mut self, hay: &Haystack) {
        for (number, segment) in (1..).zip(hay.segments()) {
            for index in &self.matcher.starting {
                self.verify(*index, 0, segment, number, 0);
            }
        }
    }

    /// Searches for patterns that are mostly found at once.
    pub fn common(&mut self, hay: &Haystack) {
        for index in &self.matcher.common {
            for segment in hay.segments() {
                self.search(*index, segment);
            }
        }
    }

    /// Runs crowds over all segments.
    pub fn crowds(&mut self, hay: &Haystack) {
        let matcher = self.matcher;
        let (mut throngs, mut crowds) = (Vec::new(), Vec::new());
        for (segment, slice) in (1..).zip(hay.segments()) {
            throngs.clear();
            crowds.clear();
            for (number, throng) in matcher.crowds.iter().enumerate() {
                if slice.len() < throng.shortest || throng.patterns.iter().all(|index| self.hits.contains(*index)) {
                    continue;
                }
                let hirs = throng.patterns.iter().filter_map(|index| Some(matcher.members.get(*index)?.core()));
                crowds.extend(self.automata.crowd(number, hirs));
                throngs.push(throng);
            }
            self.run(&crowds, &throngs, slice, segment);
        }
    }

    fn run(&mut self, crowds: &[&Crowd], throngs: &[&Throng], slice: &[u8], segment: u32) {
        let memory = &self.automata.memory;
        let came_through = lanes::run(crowds, slice, memory, &mut |crowd, at, ended| {
            let patterns = throngs.get(crowd).map_or(&[][..], |throng| &throng.patterns);
            for index in ended.iter().filter_map(|place| patterns.get(*place as usize)) {
                if !self.hits.contains(*index)
                    && let Some(steps) = self.hits.steps(*index, segment)
                {
                    self.meet(*index, slice, segment, at, steps);
                }
            }
        });
        if !came_through {
            for index in throngs.iter().flat_map(|throng| &throng.patterns) {
                self.search(*index, slice);
            }
        }
    }

    /// Looks whether a pattern matches with a cut at a place of a segment; segments are counted from 1.
    fn verify(&mut self, index: usize, cut: usize, slice: &[u8], segment: u32, at: usize) {
        if self.hits.contains(index) {
            return;
        }
        let Some(member) = self.matcher.members.get(index) else { return };
        let Some(mut steps) = self.hits.steps(index, segment) else { return };
        if member.whole.refers_far() {
            self.hits.decide(index, segment);
            return match self.in_pieces(index, slice, 0..slice.len()) {
                Some(true) => self.hits.add(index),
                Some(false) => {}
                None => self.search(index, slice),
            };
        }
        let Some((branch, cut)) = member.place(cut) else { return };
        let outcome = match self.automata.strand(index, branch, || member.strand(branch)) {
            Some(strand) if steps <= limits::VERIFIER_STEPS_MIN + 4 * slice.len() => {
                strand.run(cut, slice, at, &self.automata.memory, &mut steps)
            }
            _ => Outcome::Full,
        };
        match outcome {
            Outcome::Dead => self.hits.spend(index, steps),
            Outcome::Match => self.meet(index, slice, segment, at, steps),
            Outcome::Full => {
                self.hits.decide(index, segment);
                self.search(index, slice);
            }
        }
    }

    /// Takes a pattern as found whose automaton's form is found with a place in it, if backtracking around there has
    /// nothing against it.
    fn meet(&mut self, index: usize, slice: &[u8], segment: u32, at: usize, steps: usize) {
        let Some(member) = self.matcher.members.get(index) else { return };
        let reach = member.whole.reach().filter(|_| steps <= limits::VERIFIER_STEPS_MIN + 4 * slice.len());
        let Some(reach) = reach else {
            self.hits.decide(index, segment);
            return self.confirm(index, slice);
        };
        let around = at.saturating_sub(reach)..at.saturating_add(reach).min(slice.len());
        match self.decide(index, slice, around) {
            Ok(true) => self.hits.add(index),
            Ok(false) => self.hits.spend(index, steps + 2 * reach),
            Err(Exhausted) => {
                self.hits.decide(index, segment);
                self.hits.exhaust(index);
            }
        }
    }

    /// Searches for one pattern alone in a segment.
    fn search(&mut self, index: usize, segment: &[u8]) {
        let member = self.matcher.members.get(index).filter(|_| !self.hits.contains(index));
        if member.is_some_and(|member| member.whole.is_candidate(segment)) {
            self.confirm(index, segment);
        }
    }

    /// Takes a pattern as found whose automaton's form is found, if backtracking has nothing against it.
    fn confirm(&mut self, index: usize, segment: &[u8]) {
        match self.decide(index, segment, 0..segment.len()) {
            Ok(true) => self.hits.add(index),
            Ok(false) => {}
            Err(Exhausted) => self.hits.exhaust(index),
        }
    }

    /// Whether a pattern is found in a part of a segment in which its automaton's form is.
    fn decide(&mut self, index: usize, segment: &[u8], range: Range<usize>) -> Result<bool, Exhausted> {
        let Some(member) = self.matcher.members.get(index) else { return Ok(false) };
        let pattern = &member.whole.pattern;
        if !pattern.is_bounded() {
            return Ok(true);
        }
        if let Some(is_found) = self.in_pieces(index, segment, range.clone()) {
            return Ok(is_found);
        }
        let read = range.start..range.end.min(range.start + limits::BOUNDED_BYTES_MAX);
        if !self.hits.affords(read.len()) {
            return Err(Exhausted);
        }
        let is_found = member.whole.is_confirmed_in(segment, read.clone())?;
        if is_found || read.end == range.end { Ok(is_found) } else { Err(Exhausted) }
    }

    /// The same for a pattern in pieces; none if it takes too many steps.
    fn in_pieces(&self, index: usize, segment: &[u8], range: Range<usize>) -> Option<bool> {
        let flow = self.matcher.members.get(index)?.whole.pattern.flow()?;
        self.automata.course(index, flow)?.is_found(segment, range, &self.automata.memory)
    }
}
