//! Decides how each pattern of a matcher is searched for.
//!
//! Pure.

use super::{
    crowd,
    front::Owner,
    member::Member,
    pairs::{self, Pairs},
    split::{self, Grip, Hold},
    text::Text,
};
use regex_syntax::hir::Look;
use std::collections::BTreeMap;

/// What is searched for first, as it is collected.
#[derive(Default)]
pub struct Collection {
    pub texts: Vec<(Text, Owner)>,
    pub pairs: Vec<(Owner, Pairs)>,
    /// Patterns that only begin where a segment does.
    pub starting: Vec<usize>,
    /// Patterns that are mostly found at once.
    pub common: Vec<usize>,
    /// Patterns that there is nothing rare to hold by, with the best there is.
    loose: BTreeMap<usize, Option<Hold>>,
}

impl Collection {
    /// Decides how a pattern is searched for.
    pub fn place(&mut self, index: usize, member: &mut Member) {
        let core = member.core();
        let bearable = if crowd::runs_apart(core) { split::AUTOMATON } else { split::LOOSE };
        let properties = core.properties();
        match split::hold(core) {
            Some(hold) if hold.cost < bearable => {
                let paths = self.hold(index, hold);
                member.hold(paths);
            }
            _ if properties.look_set_prefix().contains(Look::Start) => {
                member.hold(vec![Vec::new()]);
                self.starting.push(index);
            }
            _ if properties.maximum_len().is_some_and(|max| max <= 2) => self.common.push(index),
            hold => {
                self.loose.insert(index, hold);
            }
        }
    }

    /// Gathers the loose patterns, each crowd for one automaton that runs over everything. Crowds so small that holds cost
    /// less than an automaton are held nevertheless.
    pub fn crowds(&mut self, members: &mut [Member]) -> Vec<Vec<usize>> {
        let mut holds = std::mem::take(&mut self.loose);
        let cores = holds.keys().filter_map(|index| Some((*index, members.get(*index)?.core())));
        let mut crowds = crowd::gather(&cores.collect::<Vec<_>>());
        crowds.retain(|crowd| {
            let cost = |index| holds.get(index).and_then(Option::as_ref).map_or(f64::INFINITY, |hold: &Hold| hold.cost);
            if crowd.iter().map(cost).sum::<f64>() >= split::AUTOMATON {
                return true;
            }
            for index in crowd {
                if let (Some(hold), Some(member)) = (holds.remove(index).flatten(), members.get_mut(*index)) {
                    let paths = self.hold(*index, hold);
                    member.hold(paths);
                }
            }
            false
        });
        crowds
    }

    /// Collects what a pattern is held by; the ways to its cuts.
    fn hold(&mut self, index: usize, hold: Hold) -> Vec<Vec<usize>> {
        let mut paths = Vec::new();
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        for cut in hold.cuts {
            let owner = (number(index), number(paths.len()));
            paths.push(cut.path);
            match cut.grip {
                Grip::Pairs(pairs) => self.pairs.push((owner, pairs)),
                Grip::Texts(texts) => {
                    for text in texts {
                        match pairs::of_text(text) {
                            Some(pair) => self.pairs.push((owner, vec![pair])),
                            None => self.texts.push((text, owner)),
                        }
                    }
                }
            }
        }
        paths
    }
}
