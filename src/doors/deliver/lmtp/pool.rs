//! Connections to the mailstore that wait for their next mail.
//!
//! Touches the clock and, to close what nobody used, one task of its own while there is anything to close.

use super::dialogue::Dialogue;
use crate::limits;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::{Instant, sleep};

/// Connections nobody uses now, the one used last on top.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<Idle>>);

#[derive(Default)]
struct Idle {
    connections: Vec<(Dialogue, Instant)>,
    is_swept: bool,
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is open and silent, if there is one. Those that are not are closed.
    pub fn take(&self) -> Option<Dialogue> {
        loop {
            let (mut dialogue, since) = self.idle().connections.pop()?;
            if since.elapsed() < limits::MAILSTORE_IDLE_SECONDS_MAX && dialogue.is_quiet() {
                dialogue.is_reused = true;
                return Some(dialogue);
            }
        }
    }

    /// Keeps a connection for the next mail.
    pub fn put(&self, dialogue: Dialogue) {
        let mut idle = self.idle();
        idle.connections.push((dialogue, Instant::now()));
        if idle.is_swept {
            return;
        }
        idle.is_swept = true;
        drop(idle);
        let weak = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                sleep(limits::MAILSTORE_IDLE_SECONDS_MAX).await;
                let Some(pool) = weak.upgrade() else { return };
                if !Self(pool).sweep().await {
                    return;
                }
            }
        });
    }

    /// Closes what was not used for long; is there more to sweep later?
    async fn sweep(&self) -> bool {
        let (old, is_more) = {
            let mut idle = self.idle();
            let is_old = |(_, since): &mut (Dialogue, Instant)| since.elapsed() >= limits::MAILSTORE_IDLE_SECONDS_MAX;
            let old: Vec<_> = idle.connections.extract_if(.., is_old).collect();
            idle.is_swept = !idle.connections.is_empty();
            (old, idle.is_swept)
        };
        for (dialogue, _) in old {
            dialogue.quit().await;
        }
        is_more
    }

    /// Closes all: the mailstore went away.
    pub fn clear(&self) {
        let old = std::mem::take(&mut self.idle().connections);
        drop(old);
    }
}
