//! What is searched and what was found: the segments of one field of a mail, and the patterns that hit it.
//!
//! Pure.

use std::ops::Range;

/// Stands behind every segment; no part of any.
const BETWEEN: u8 = b'\n';

/// The values of one field, each a segment: a pattern never matches across two of them.
#[derive(Clone, Debug, Default)]
pub struct Haystack {
    octets: Vec<u8>,
    ends: Vec<usize>,
}

impl Haystack {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    pub fn push(&mut self, segment: &[u8]) {
        self.octets.extend_from_slice(segment);
        self.ends.push(self.octets.len());
        self.octets.push(BETWEEN);
    }

    /// Empties it, and keeps the memory.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.ends.clear();
    }

    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges().map(|range| self.octets.get(range).unwrap_or_default())
    }

    /// Octets of all segments.
    pub fn len(&self) -> usize {
        self.octets.len() - self.ends.len()
    }

    /// Whether there is no segment, not even an empty one.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All segments, one after the other, a line end behind each.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Where the segments lie.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> + use<'_> {
        let mut start = 0;
        self.ends.iter().map(move |end| std::mem::replace(&mut start, *end + 1)..*end)
    }
}

/// Which patterns of a matcher were found.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    words: Vec<u64>,
    exhausted: Vec<usize>,
    /// For each pattern the segment, counted from 1, that it was last verified in, and the steps that took.
    spent: Vec<(u32, u32)>,
}

/// Steps of a pattern that needs no more of them in a segment.
const DECIDED: u32 = u32::MAX;

impl Hits {
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the pattern with this index was found.
    pub fn contains(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// The indexes of all that were found, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.words.len() * 64).filter(|index| self.contains(*index))
    }

    /// Bounded patterns that met the limit of their steps and were not found before it.
    pub fn exhausted(&self) -> &[usize] {
        &self.exhausted
    }

    pub(super) fn reset(&mut self, patterns: usize) {
        self.words.clear();
        self.words.resize(patterns.div_ceil(64), 0);
        self.exhausted.clear();
        self.spent.clear();
        self.spent.resize(patterns, (0, 0));
    }

    /// The steps a pattern took in a segment so far; none if it is decided there.
    pub(super) fn steps(&mut self, index: usize, segment: u32) -> Option<usize> {
        let spent = self.spent.get_mut(index)?;
        if spent.0 != segment {
            *spent = (segment, 0);
        }
        if spent.1 == DECIDED { None } else { usize::try_from(spent.1).ok() }
    }

    /// Notes the steps a pattern has taken in the segment that was asked for last.
    pub(super) fn spend(&mut self, index: usize, steps: usize) {
        if let Some(spent) = self.spent.get_mut(index)
            && spent.1 != DECIDED
        {
            spent.1 = u32::try_from(steps).unwrap_or(DECIDED - 1).min(DECIDED - 1);
        }
    }

    /// Notes that a pattern needs no more steps in a segment.
    pub(super) fn decide(&mut self, index: usize, segment: u32) {
        if let Some(spent) = self.spent.get_mut(index) {
            *spent = (segment, DECIDED);
        }
    }

    pub(super) fn add(&mut self, index: usize) {
        if let Some(word) = self.words.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    pub(super) fn exhaust(&mut self, index: usize) {
        if !self.exhausted.contains(&index) {
            self.exhausted.push(index);
        }
    }
}
