//! Results on stdout, troubles on stderr; a reader that goes away ends the program without noise.
//!
//! Touches stdout and stderr.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// How a verb ends, severest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// 0
    #[default]
    Fine,
    /// 1: a finding, or a test that failed.
    Finding,
    /// 2: wrong usage, or an input that could not be read.
    Unreadable,
    /// 130: stopped by Ctrl-C, as a shell says it.
    Interrupted,
}

impl Ending {
    /// The exit code of the contract.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Finding => 1,
            Self::Unreadable => 2,
            Self::Interrupted => 130,
        }
    }
}

/// Prints one line and flushes it.
///
/// # Errors
/// When stdout is closed.
pub fn line(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| io::Error::new(error.kind(), format!("cannot write the result to stdout: {error}")))
}

/// Prints one JSON value as one line and flushes it.
///
/// # Errors
/// When stdout is closed.
pub fn json(value: &impl serde::Serialize) -> io::Result<()> {
    line(serde_json::to_string(value)?)
}

/// Tells a trouble on stderr.
pub fn trouble(text: impl Display) {
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Foreign text made safe for a terminal: control characters stand as `\u{1b}`.
#[must_use]
pub fn printable(text: &str) -> String {
    let is_plain = |letter: char| !letter.is_control() && !is_direction(letter);
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    let escaped =
        |letter: char| if is_plain(letter) { letter.to_string() } else { letter.escape_unicode().to_string() };
    text.chars().map(escaped).collect()
}

/// Characters that reorder what stands around them (Unicode UAX #9).
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_driven_by_a_mail() {
        assert_eq!(printable("Gr\u{fc}\u{df}e"), "Gr\u{fc}\u{df}e");
        assert_eq!(printable("\u{1b}[2J\u{202e}x"), "\\u{1b}[2J\\u{202e}x");
    }
}
