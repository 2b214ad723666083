//! Memory: the store behind the live world. Questions go to it at once; notes gather and are written every second.
//!
//! Touches the clock and a thread. A store that fails loses notes, never a mail: what it does not know is not expected.

use super::{
    Store, Trouble,
    campaigns::{self, Campaign, Found},
    partners, remembered, scans,
};
use crate::{
    judge::{
        entry::{Deed, Entry, Recalled},
        facts::{Digest, Fact, Failure, Remembered, Scanned},
    },
    limits,
    mail::address::Domain,
    telemetry::metrics::{Dependency, Metrics},
    world::{Note, clock},
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// How long notes gather before they are written.
const GATHER: Duration = Duration::from_secs(1);

/// What the house remembers.
pub struct Memory {
    store: Arc<dyn Store>,
    notes: SyncSender<Writing>,
    health: Arc<Health>,
    ring: Arc<Ring>,
}

/// What waits to be written.
enum Writing {
    Note(Note),
    Scan { digest: Digest, version: Vec<u8>, scanned: Scanned },
}

/// The keys of the moment, read once.
#[derive(Default)]
struct Ring(Mutex<Option<Arc<remembered::Keys>>>);

impl Ring {
    fn keys(&self, store: &dyn Store, now: i64) -> Result<Arc<remembered::Keys>, Trouble> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = known.as_ref().filter(|keys| keys.are_of(now)) {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(remembered::Keys::read(store, now)?);
        *known = Some(Arc::clone(&keys));
        Ok(keys)
    }
}

/// How the store does, in the log and in the metrics.
struct Health(Arc<Metrics>);

impl Health {
    /// The log speaks once when the store fails and once when it works again.
    fn tell<T>(&self, done: Result<T, Trouble>) -> Option<T> {
        let was_down = self.0.is_down(Dependency::Store);
        let is_change = self.0.dependency_up(Dependency::Store, done.is_ok());
        match done {
            Ok(done) => {
                if is_change && was_down {
                    tracing::warn!("the store works again");
                }
                Some(done)
            }
            Err(trouble) => {
                if is_change {
                    tracing::error!(%trouble, "the store fails: nothing is remembered; mail goes on");
                }
                None
            }
        }
    }

    fn campaigns_begin(&self, begun: &[Campaign]) {
        for campaign in begun {
            self.0.campaign_began();
            let recipients = campaign.recipients;
            tracing::warn!(
                campaign = campaign.name,
                recipients,
                "a campaign begins; `wehr campaigns show` lists its mails"
            );
        }
    }
}

impl Memory {
    /// # Errors
    /// The thread that writes cannot be started.
    pub fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Result<Self, String> {
        let (notes, received) = sync_channel(limits::NOTES_MAX);
        let health = Arc::new(Health(metrics));
        let ring = Arc::new(Ring::default());
        let (kept, watch, keys) = (Arc::clone(&store), Arc::clone(&health), Arc::clone(&ring));
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write(&*kept, &received, &watch, &keys))
            .map_err(|error| format!("cannot start the store's thread: {error}"))?;
        Ok(Self { store, notes, health, ring })
    }

    /// What is remembered of a partner.
    pub async fn partner(&self, domain: &Domain) -> Fact {
        let (store, asked) = (Arc::clone(&self.store), domain.clone());
        let found = tokio::task::spawn_blocking(move || partners::history(&*store, &asked, now())).await;
        let remembered = match found.ok().and_then(|found| self.health.tell(found)) {
            Some(Some(history)) => Remembered::Known(history),
            Some(None) => Remembered::Nothing,
            None => Remembered::Failed(Failure::ServerFailure),
        };
        Fact::Partner(domain.clone(), remembered)
    }

    /// What is remembered of a sender.
    pub async fn recall(&self, entry: &Entry) -> Fact {
        let (store, ring, asked) = (Arc::clone(&self.store), Arc::clone(&self.ring), entry.clone());
        let recall = move || {
            let now = now();
            remembered::recall(&*store, &*ring.keys(&*store, now)?, &asked, now)
        };
        let found = tokio::task::spawn_blocking(recall).await;
        let recalled = found.ok().and_then(|found| self.health.tell(found));
        Fact::Stored(entry.clone(), recalled.unwrap_or(Recalled::Failed(Failure::ServerFailure)))
    }

    /// Takes a note; when there are too many it is lost.
    pub fn note(&self, note: Note) {
        // Counters may miss a mail; a mail never waits for a counter.
        let _ = self.notes.try_send(Writing::Note(note));
    }

    /// What the scanner said of octets to any machine of this store, with these signatures.
    pub async fn scanned(&self, digest: &Digest, version: &[u8]) -> Option<Scanned> {
        let (store, ring) = (Arc::clone(&self.store), Arc::clone(&self.ring));
        let (digest, version) = (digest.clone(), version.to_vec());
        let look = move || {
            let now = now();
            scans::get(&*store, &*ring.keys(&*store, now)?, &digest, &version, now)
        };
        self.health.tell(tokio::task::spawn_blocking(look).await.ok()?)?
    }

    /// Keeps what the scanner said, for all machines of this store; only what says something about the octets.
    pub fn keep_scan(&self, digest: Digest, version: Vec<u8>, scanned: Scanned) {
        if matches!(scanned, Scanned::Clean | Scanned::Infected(_)) {
            let _ = self.notes.try_send(Writing::Scan { digest, version, scanned });
        }
    }
}

/// Writes what gathers in a second, until nobody can send notes any more.
fn write(store: &dyn Store, notes: &Receiver<Writing>, health: &Health, ring: &Ring) {
    let (mut is_over, mut swept, mut rested) = (false, None, Instant::now());
    while !is_over {
        let mut done: Vec<(Deed, i64)> = Vec::new();
        let (mut mails, mut scans, until) = (Vec::new(), Vec::new(), Instant::now() + GATHER);
        loop {
            match notes.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Writing::Scan { digest, version, scanned }) => scans.push((digest, version, scanned)),
                Ok(Writing::Note(Note::Transport { domain, level, at })) => mails.push((domain, level, at)),
                Ok(Writing::Note(Note::Senders { deeds, at })) => done.extend(deeds.into_iter().map(|deed| (deed, at))),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    is_over = true;
                    break;
                }
            }
            if mails.len().max(done.len()).max(scans.len()) >= limits::NOTES_MAX {
                break;
            }
        }
        if !mails.is_empty() {
            health.tell(partners::add(store, &mails, now()));
        }
        if !done.is_empty() {
            let now = now();
            let keys = ring.keys(store, now);
            health.tell(keys.clone().and_then(|keys| remembered::write(store, &keys, &done, now)));
            let found: Vec<Found> = done.iter().filter_map(found).collect();
            if !found.is_empty() {
                let begun = health.tell(keys.and_then(|keys| campaigns::note(store, &keys, &found, now)));
                health.campaigns_begin(&begun.unwrap_or_default());
            }
        }
        if !scans.is_empty() {
            let now = now();
            health.tell(ring.keys(store, now).and_then(|keys| scans::keep(store, &keys, &scans, now)));
        }
        if swept.is_none_or(|swept: Instant| swept.elapsed() >= limits::STORE_SWEPT_EVERY) && !is_over {
            swept = Some(Instant::now());
            // Where there was nothing to clear, nobody knows more than before.
            let cleared = store.sweep(now());
            if cleared != Ok(0) {
                health.tell(cleared);
            }
        }
        let is_busy = mails.len().max(done.len()).max(scans.len()) >= limits::STORE_BUSY_NOTES;
        if !is_busy || rested.elapsed() >= limits::STORE_RESTS_EVERY {
            rested = Instant::now();
            store.rest();
        }
    }
}

/// A mail of a campaign, once for all its copies.
fn found((deed, at): &(Deed, i64)) -> Option<Found> {
    let Deed::Campaign { entry, recipients, lasts } = deed else { return None };
    Some(Found { entry: entry.clone(), recipients: *recipients, at: *at, lasts: *lasts })
}

fn now() -> i64 {
    clock::now().seconds()
}
