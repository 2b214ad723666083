//! The time of day, asked in one place.

use crate::mail::timestamp::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day.
#[must_use]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
}
