//! What our engine says of a pattern.
//!
//! Pure.

use super::patterns::Written;

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
pub fn known(pattern: &Written) -> Result<Known, String> {
    let source = if pattern.flags.is_empty() { pattern.source.clone() } else { format!("(?{}){}", pattern.flags, pattern.source) };
    let bounded = ["(?=", "(?!", "(?<=", "(?<!", "\\1"].iter().any(|sign| source.contains(sign));
    let regex = fancy_regex::Regex::new(&source).map_err(|error| error.to_string())?;
    Ok(Known { bounded, takes_nothing: regex.is_match("").unwrap_or_default() })
}
