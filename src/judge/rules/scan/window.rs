//! A glance at the octets around a cut, before its automata are asked.
//!
//! Pure. For some places near the cut, the octets that a match can have there; most false alarms end with this.

use super::{
    graph::{Graph, Step, Way},
    rarity,
};
use crate::judge::rules::pattern::octets::Octets;
use regex_syntax::hir::Look;

/// Places that are looked at, of so many in each direction.
const LOOKS: usize = 4;
const REACH: usize = 6;
/// Share of mail's octets from which on a set is not worth a look.
const COMMON: f64 = 0.7;
/// Walks are followed over so many places at once.
const PLACES_MAX: usize = 4_000;

/// Sets for places beside a cut: behind it, and (counted from 0) ahead.
#[derive(Debug, Default)]
pub struct Window {
    looks: Vec<(Way, usize, Octets)>,
}

impl Window {
    /// The most telling sets around the place of a cut.
    pub fn new(graph: &Graph, entry: u32) -> Self {
        let ahead = reach(graph, Way::On, entry, None);
        let behind = reach(graph, Way::Back, entry, ahead.first().copied());
        let looks = ahead.into_iter().enumerate().map(|(at, set)| (Way::On, at, set));
        let looks = looks.chain(behind.into_iter().enumerate().map(|(at, set)| (Way::Back, at, set)));
        let mut looks: Vec<_> =
            looks.map(|look| (rarity::share_of(look.2), look)).filter(|(share, _)| *share < COMMON).collect();
        looks.sort_by(|one, other| one.0.total_cmp(&other.0));
        Self { looks: looks.into_iter().take(LOOKS).map(|(_, look)| look).collect() }
    }

    /// Whether a match can be around this place.
    pub fn fits(&self, segment: &[u8], at: usize) -> bool {
        self.looks.iter().all(|(way, distance, set)| match way {
            Way::On => segment.get(at + distance).is_some_and(|octet| set.contains(*octet)),
            // What stands directly before may be nothing, if assertions only are about it.
            Way::Back => match at.checked_sub(distance + 1) {
                None => *distance == 0,
                Some(at) => segment.get(at).is_some_and(|octet| set.contains(*octet)),
            },
        })
    }
}

/// The octets at each place that every walk passes, as far as it can be told.
fn reach(graph: &Graph, way: Way, entry: u32, ahead: Option<Octets>) -> Vec<Octets> {
    let (mut sets, mut places) = (Vec::new(), vec![entry]);
    let mut seen = [vec![usize::MAX; graph.places()], vec![usize::MAX; graph.places()]];
    for distance in 0..REACH {
        let mut set = Octets::NONE;
        let (mut next, mut ends, mut asserts) = (Vec::new(), false, None);
        let mut stack: Vec<(u32, bool)> = places.iter().map(|place| (*place, false)).collect();
        while let Some((place, by_word)) = stack.pop() {
            match seen.get_mut(usize::from(by_word)).and_then(|seen| seen.get_mut(place as usize)) {
                Some(seen) if *seen != distance => *seen = distance,
                _ => continue,
            }
            if next.len() > PLACES_MAX {
                return sets;
            }
            for (step, to) in graph.steps(way, place) {
                match step {
                    Step::Free => stack.push((*to, by_word)),
                    Step::Look(look) => stack.push((*to, by_word || (distance == 0 && *look == Look::WordAscii))),
                    Step::Over(number) => {
                        set = set.union(graph.set(*number));
                        next.push(*to);
                    }
                    Step::End(_) if by_word => asserts = Some(()),
                    Step::End(_) => ends = true,
                }
            }
        }
        if ends {
            break;
        }
        if asserts.is_some() {
            // The walk ends at a word boundary: what stands behind is of the other kind than what comes.
            let Some(ahead) = ahead else { break };
            let word = Octets::word();
            let other = if ahead.intersection(word) == ahead {
                word.negated()
            } else if ahead.intersection(word).is_empty() {
                word
            } else {
                break;
            };
            sets.push(set.union(other));
            break;
        }
        sets.push(set);
        next.sort_unstable();
        next.dedup();
        places = next;
    }
    sets
}
