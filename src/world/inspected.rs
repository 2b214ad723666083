//! What the scanner said of octets before: asked once a signature database, whoever sends them.
//!
//! Touches the clock. Only answers that say something about the octets are kept, and only while it is known which
//! database gave them.

use crate::{
    judge::facts::{Digest, Scanned},
    limits,
};
use quick_cache::sync::Cache;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// Answers by digest, all of the same database.
#[derive(Debug)]
pub struct Inspected {
    answers: Cache<Digest, Scanned>,
    database: Mutex<Database>,
}

/// The scanner's version with that of its signatures, as it last said it.
#[derive(Debug, Default)]
struct Database {
    version: Option<Vec<u8>>,
    told: Option<Instant>,
}

impl Default for Inspected {
    fn default() -> Self {
        Self { answers: Cache::new(limits::INSPECTED_MAX), database: Mutex::default() }
    }
}

impl Inspected {
    /// Has it been so long that the version has to be asked again?
    pub fn is_due(&self) -> bool {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = database.told.is_none_or(|told| told.elapsed() >= limits::SCANNER_VERSION_LASTS);
        if is_due {
            // One asks, the others go on with what is known.
            database.told = Some(Instant::now());
        }
        is_due
    }

    /// Takes the version; answers of another one are forgotten.
    pub fn tell(&self, version: Option<Vec<u8>>) {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        if database.version != version {
            self.answers.clear();
            database.version = version;
        }
    }

    /// What was said of these octets.
    pub fn get(&self, digest: &Digest) -> Option<Scanned> {
        self.answers.get(digest)
    }

    /// The version that answers are of now; an answer to a question from before a change is not kept.
    pub fn version(&self) -> Option<Vec<u8>> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner).version.clone()
    }

    /// Keeps an answer, if the database is still the one that it was asked of.
    pub fn keep(&self, digest: Digest, scanned: &Scanned, asked_of: Option<&Vec<u8>>) {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = asked_of.is_some() && database.version.as_ref() == asked_of;
        if is_same && matches!(scanned, Scanned::Clean | Scanned::Infected(_)) {
            self.answers.insert(digest, scanned.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::facts::Failure;

    #[tokio::test]
    async fn answers_last_as_long_as_their_database() {
        let inspected = Inspected::default();
        let digest = Digest::parse(&"ab".repeat(32)).unwrap();
        assert!(inspected.is_due() && !inspected.is_due());
        inspected.keep(digest.clone(), &Scanned::Clean, inspected.version().as_ref());
        assert_eq!(inspected.get(&digest), None);
        inspected.tell(Some(b"ClamAV 1/1".to_vec()));
        let one = inspected.version();
        inspected.keep(digest.clone(), &Scanned::Failed(Failure::Timeout), one.as_ref());
        assert_eq!(inspected.get(&digest), None);
        inspected.keep(digest.clone(), &Scanned::Clean, one.as_ref());
        assert_eq!(inspected.get(&digest), Some(Scanned::Clean));
        inspected.tell(Some(b"ClamAV 1/2".to_vec()));
        assert_eq!(inspected.get(&digest), None);
        inspected.keep(digest.clone(), &Scanned::Clean, one.as_ref());
        assert_eq!(inspected.get(&digest), None);
    }
}
