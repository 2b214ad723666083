//! What was made of a mail when it was recorded, as something to compare with.
//!
//! Pure. A record names symbols without their weights, so those of now stand in: a flip is blamed on symbols that came or went.

use super::row::{Hit, Side};
use crate::judge::{case::expectation::Expectation, rulebook::Rulebook};

/// The recorded verdict beside what the rules say now.
#[must_use]
pub fn side(expected: &Expectation, now: &Side, rulebook: &Rulebook) -> Side {
    let hit = |symbol: &crate::judge::findings::Symbol| {
        let known = now.symbols.iter().find(|hit| hit.name == symbol.as_str()).cloned();
        known.unwrap_or_else(|| Hit {
            name: symbol.to_string(),
            score: rulebook.score(symbol),
            least_action: rulebook.least_action(symbol),
            decided: false,
        })
    };
    Side {
        score: expected.score,
        action: expected.actions.iter().copied().max().unwrap_or_default(),
        symbols: expected.symbols.iter().map(hit).collect(),
    }
}
