//! A gap between two parts of a pattern, such as `[^.]{0,80}`: counted as a number, where an automaton would need a state
//! for each count.
//!
//! Pure.

use crate::judge::rules::pattern::octets::{Octets, sequences};
use regex_syntax::hir::{Hir, HirKind};

/// Turns from which on a repetition is counted.
const TURNS: u32 = 12;
/// Octets that a set takes from which on its repetition is a gap.
const WIDE: u32 = 20;

/// A repetition of one octet out of a set.
#[derive(Debug)]
pub struct Gap {
    set: Octets,
    min: u32,
    max: u32,
}

/// Whether few octets can stand at its beginning, so that repetitions of it make few states.
pub fn is_narrow(hir: &Hir) -> bool {
    let HirKind::Class(class) = hir.kind() else { return false };
    sequences(class).iter().filter_map(|sequence| sequence.first()).map(Octets::len).sum::<u32>() < WIDE
}

impl Gap {
    /// The gap that a part of a pattern is; none if it is another part.
    pub fn of(hir: &Hir) -> Option<Self> {
        let HirKind::Repetition(repetition) = hir.kind() else { return None };
        let HirKind::Class(class) = repetition.sub.kind() else { return None };
        let max = repetition.max.filter(|max| *max >= TURNS)?;
        match sequences(class).as_slice() {
            [one] => match one.as_slice() {
                [set] if set.len() >= WIDE => Some(Self { set: *set, min: repetition.min, max }),
                _ => None,
            },
            _ => None,
        }
    }

    /// Where it can end that begins at some of these places, in order, and goes on.
    pub fn on(&self, segment: &[u8], places: &[usize]) -> Vec<usize> {
        let mut ends = self.follow(places.iter().rev(), |at| self.next(segment, at));
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    /// Where it can begin that ends at some of these places, from the last on, and goes back.
    pub fn back(&self, segment: &[u8], places: &[usize]) -> Vec<usize> {
        let mut starts = self.follow(places.iter().rev(), |at| self.last(segment, at));
        starts.sort_unstable_by(|one, other| other.cmp(one));
        starts.dedup();
        starts
    }

    /// Follows the octets from each place, those first that get furthest. Where another has been before, it had as many
    /// turns left or more.
    fn follow<'a>(&self, places: impl Iterator<Item = &'a usize>, step: impl Fn(usize) -> Option<usize>) -> Vec<usize> {
        let mut reached: Vec<usize> = Vec::new();
        let mut met = None;
        for place in places {
            let Some(mut at) = (0..self.min).try_fold(*place, |at, _| step(at)) else { continue };
            let first = at;
            let mut turns = self.max - self.min;
            while met != Some(at) {
                reached.push(at);
                match step(at) {
                    Some(next) if turns > 0 => (at, turns) = (next, turns - 1),
                    _ => break,
                }
            }
            met = Some(first);
        }
        reached
    }

    fn next(&self, segment: &[u8], at: usize) -> Option<usize> {
        segment.get(at).filter(|octet| self.set.contains(**octet)).map(|_| at + 1)
    }

    fn last(&self, segment: &[u8], at: usize) -> Option<usize> {
        at.checked_sub(1).filter(|before| segment.get(*before).is_some_and(|octet| self.set.contains(*octet)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::pattern::Pattern;

    fn gap(source: &str) -> Gap {
        Gap::of(Pattern::parse(source, "").unwrap().hir()).unwrap()
    }

    #[test]
    fn octets_are_counted_both_ways() {
        let text = b"abcd.e";
        let gap = gap("[^.]{1,12}");
        assert_eq!(gap.on(text, &[0]), [1, 2, 3, 4]);
        assert_eq!(gap.on(text, &[2, 3, 5]), [3, 4, 6]);
        assert_eq!(gap.back(text, &[4]), [3, 2, 1, 0]);
        assert_eq!(gap.back(text, &[6, 1]), [5, 0]);
        assert!(gap.on(text, &[4]).is_empty());
    }

    #[test]
    fn many_places_take_no_more_steps_than_there_are_octets() {
        let text = vec![b'x'; 100_000];
        let places: Vec<usize> = (0..100_000).collect();
        assert_eq!(gap("[^.]{0,5000}").on(&text, &places).len(), 100_001);
    }
}
