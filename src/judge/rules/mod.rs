//! Rules: what a symbol means, weighs and demands, and the conditions that find it. Files are TOML, one table a rule.
//!
//! Pure: the files are read by the caller. Errors come all at once, as `file:line:column: what; did you mean ...`.
//! In the order of a rule's way: `pack` reads files, `language` conditions, `fields` are what they may name, `program`
//! compiles and runs them, `pattern` and `scan` find regular expressions, `ruleset` is all of it together.

pub mod embedded;
pub mod fields;
pub mod import;
pub mod language;
pub mod lists;
pub mod pack;
pub mod pattern;
pub mod program;
pub mod ruleset;
pub mod samples;
pub mod scan;
pub mod scene;

use super::{document::Position, findings::Score, policy::verdict::Action};

/// What is known of one symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// One sentence for operators.
    pub about: String,
    pub score: Score,
    /// Scores of a group are capped together; the file's name unless the rule says otherwise.
    pub group: String,
    /// The least that has to happen when the symbol is found, whatever the score.
    pub action: Action,
    /// Runs and is counted, never weighs.
    pub is_shadow: bool,
    /// `wehr tune` leaves the score as it is.
    pub is_locked: bool,
    /// Each match counts, up to so many.
    pub multiple: Option<usize>,
    /// The condition as it was written; empty where a check reports the symbol.
    pub when: String,
    pub position: Position,
}

/// Rules whose scores belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    pub about: String,
    /// The sum of its scores that count against a mail goes no higher, and of those that speak for it no lower.
    pub cap: Option<Score>,
}
