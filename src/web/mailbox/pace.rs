//! Pace: how often each recipient may ask within a window of time.

use crate::limits;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Counts by recipient.
#[derive(Debug)]
pub struct Pace {
    most: u32,
    window: Duration,
    counted: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Pace {
    #[must_use]
    pub fn new(most: u32, window: Duration) -> Self {
        Self { most, window, counted: Mutex::default() }
    }

    /// Counts once more; is it within what is allowed?
    pub fn takes(&self, recipient: &str) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= limits::MAILBOX_COUNTED_MAX {
            counted.clear();
        }
        let now = Instant::now();
        let (since, count) = counted.entry(recipient.to_ascii_lowercase()).or_insert((now, 0));
        if now.duration_since(*since) >= self.window {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn too_many_have_to_wait() {
        let pace = Pace::new(2, Duration::from_secs(60));
        assert!(pace.takes("anna@school.example") && pace.takes("ANNA@school.example"));
        assert!(!pace.takes("anna@school.example") && pace.takes("bea@school.example"));
        advance(Duration::from_secs(60)).await;
        assert!(pace.takes("anna@school.example"));
    }
}
