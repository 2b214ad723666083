//! All patterns on one field in one matcher.
//!
//! Pure. Exact: a pattern hits if and only if it is found when it is searched for alone in each segment.

pub mod haystack;
pub mod whole;

pub use haystack::{Haystack, Hits};

use super::pattern::Pattern;
use std::ops::Range;
use whole::Whole;

/// Patterns, ready to be searched for together.
#[derive(Debug)]
pub struct Matcher {
    wholes: Vec<Whole>,
}

impl Matcher {
    /// A matcher of these patterns; their places in the list are their indexes.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        Self { wholes: patterns.into_iter().map(Whole::new).collect() }
    }

    /// How many patterns it has.
    pub fn len(&self) -> usize {
        self.wholes.len()
    }

    /// Does a literal lead to the pattern?
    pub fn has_literal(&self, index: usize) -> bool {
        index < self.wholes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.wholes.is_empty()
    }

    /// Which patterns are found in some segment.
    pub fn scan(&self, hay: &Haystack, hits: &mut Hits) {
        hits.reset(self.wholes.len());
        for (index, whole) in self.wholes.iter().enumerate() {
            for segment in hay.segments() {
                if !hits.contains(index) && whole.is_candidate(segment) {
                    Self::confirm(index, whole, segment, hits);
                }
            }
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
        let whole = self.wholes.get(index)?;
        let find = |(number, segment)| Some((number, whole.find(segment, 0).ok()??));
        hay.segments().enumerate().find_map(find)
    }

    /// How often a pattern is found without overlaps, over all segments, up to a bound.
    pub fn count(&self, index: usize, hay: &Haystack, max: usize) -> usize {
        let Some(whole) = self.wholes.get(index) else { return 0 };
        hay.segments().fold(0, |count, segment| count + whole.count(segment, max - count))
    }
}
