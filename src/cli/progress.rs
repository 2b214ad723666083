//! Shows on a terminal how far long work has come; nothing in a pipe.
//!
//! Touches stderr.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr, stdout};

/// A count of what is done.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Counts `what`, for example `mails`. Results that go to a terminal themselves are progress enough.
    #[must_use]
    pub fn counting(what: &'static str) -> Self {
        let is_shown = stderr().is_terminal() && !stdout().is_terminal();
        let bar = if is_shown { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        // The template is ours and constant; should it ever be wrong, the default style serves.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} {msg}, {per_sec}, {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar }
    }

    /// One more is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
