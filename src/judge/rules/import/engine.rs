//! What our engine says of a pattern.
//!
//! Pure.

use super::patterns::Written;
use crate::judge::rules::{
    pattern::Pattern,
    scan::{Haystack, Matcher},
};

/// What is known of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Needs a step limit.
    pub bounded: bool,
    /// Matches the empty text.
    pub takes_nothing: bool,
}

/// Asks the engine.
///
/// # Errors
/// Why it refuses the pattern.
pub fn known(written: &Written) -> Result<Known, String> {
    let pattern = Pattern::bounded(&written.source, &written.flags).map_err(|refusal| refusal.what)?;
    let bounded = pattern.is_bounded();
    let mut nothing = Haystack::new();
    nothing.push(b"");
    let takes_nothing = Matcher::new(vec![pattern]).find(0, &nothing).is_some();
    Ok(Known { bounded, takes_nothing })
}
