//! Decides how each pattern of a matcher is searched for.
//!
//! Pure.

use super::{
    Member, crowd,
    front::Owner,
    pairs::{self, Pairs},
    split::{self, Grip, Hold},
    text::Text,
};
use regex_syntax::hir::Look;

/// What is searched for first, as it is collected.
#[derive(Default)]
pub struct Collection {
    pub texts: Vec<(Text, Owner)>,
    pub pairs: Vec<(Owner, Pairs)>,
    /// Patterns that only begin where a segment does.
    pub starting: Vec<usize>,
    /// Patterns that are mostly found at once.
    pub common: Vec<usize>,
    /// Patterns that there is nothing rare to hold by.
    pub loose: Vec<usize>,
}

impl Collection {
    /// Decides how a pattern is searched for.
    pub fn place(&mut self, index: usize, member: &mut Member) {
        let core = member.core();
        let bearable = if crowd::runs_apart(core) { split::LOOSE_APART } else { split::LOOSE };
        let properties = core.properties();
        match split::hold(core) {
            Some(hold) if hold.cost < bearable => self.hold(index, hold, &mut member.paths),
            _ if properties.look_set_prefix().contains(Look::Start) => {
                member.paths.push(Vec::new());
                self.starting.push(index);
            }
            _ if properties.maximum_len().is_some_and(|max| max <= 2) => self.common.push(index),
            _ => self.loose.push(index),
        }
    }

    fn hold(&mut self, index: usize, hold: Hold, paths: &mut Vec<Vec<usize>>) {
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
    }
}
