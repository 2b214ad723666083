//! Shows on a terminal how far long work has come; nothing in a pipe.
//!
//! Touches stderr.

use super::scan::input;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    cell::Cell,
    io::{IsTerminal, stderr, stdout},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

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

/// How much of some paths has been read, how fast, and how long it will take.
pub struct Share {
    bar: ProgressBar,
    counter: Arc<AtomicU64>,
    mails: Cell<u32>,
    began: Instant,
}

impl Share {
    /// Looks how much there is, if anybody watches.
    #[must_use]
    pub fn of(paths: &[PathBuf]) -> Self {
        let bar = if stderr().is_terminal() { ProgressBar::new(input::size(paths)) } else { ProgressBar::hidden() };
        let template = "{bar:30} {percent}% {msg}, {elapsed} passed, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, counter: Arc::default(), mails: Cell::new(0), began: Instant::now() }
    }

    /// Where a reader counts the octets it has read.
    #[must_use]
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.counter)
    }

    /// One mail more is done.
    pub fn step(&self) {
        const SHOWN_EVERY: u32 = 16;
        self.mails.update(|mails| mails.saturating_add(1));
        let mails = self.mails.get();
        if !self.bar.is_hidden() && mails.is_multiple_of(SHOWN_EVERY) {
            let rate = f64::from(mails) / self.began.elapsed().as_secs_f64().max(0.001);
            self.bar.set_message(format!("{mails} mails, {rate:.0} a second"));
            self.bar.set_position(self.counter.load(Ordering::Relaxed));
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
