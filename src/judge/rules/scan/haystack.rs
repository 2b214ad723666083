//! What is searched and what was found: the segments of one field of a mail, and the patterns that hit it.
//!
//! Pure.

use std::ops::Range;

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
        self.octets.len()
    }

    /// Whether there is no segment, not even an empty one.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All segments, one after the other.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Where the segments lie.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> + use<'_> {
        let mut start = 0;
        self.ends.iter().map(move |end| std::mem::replace(&mut start, *end)..*end)
    }
}

/// Which patterns of a matcher were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    words: Vec<u64>,
    exhausted: Vec<usize>,
}

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
