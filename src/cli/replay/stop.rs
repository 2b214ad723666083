//! Ctrl-C: the first asks a long work to end and tell what it knows, the second ends the program.
//!
//! Touches signals and a thread.

use crate::cli::output::Ending;
use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tokio::{runtime::Builder, signal::ctrl_c};

/// Whether an end was asked for.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    is_asked: Arc<AtomicBool>,
}

impl Stop {
    /// Listens from now on. Where signals cannot be had, Ctrl-C ends the program as ever.
    #[must_use]
    pub fn on_interrupt() -> Self {
        let stop = Self::default();
        let asked = Arc::clone(&stop.is_asked);
        thread::spawn(move || {
            let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
            while runtime.block_on(ctrl_c()).is_ok() {
                if asked.swap(true, Ordering::Relaxed) {
                    process::exit(i32::from(Ending::Interrupted.code()));
                }
            }
        });
        stop
    }

    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }
}
