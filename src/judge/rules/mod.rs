//! Rules: what a symbol means, weighs and demands. Files are TOML, one table a symbol, in `rules/`.
//!
//! Pure: the files are read by the caller. Errors come all at once, as `file:line:column: what; did you mean ...`.

pub mod embedded;
pub mod import;
pub mod parse;
pub mod pattern;
pub mod scan;

use super::{findings::Score, policy::verdict::Action};

/// What is known of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// One sentence for operators.
    pub about: String,
    pub score: Score,
    /// Scores of a group may be read together; the file's name unless the rule says otherwise.
    pub group: String,
    /// The least that has to happen when the symbol is found, whatever the score.
    pub action: Action,
}
