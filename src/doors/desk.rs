//! Desk: what all mails share. It holds nothing that belongs to one mail.

use super::{
    alarms::Alarms, deliver::Mailstore, directory::Directory, faults::Faults, history::History, lanes::Lanes,
    log_keys::LogKeys, quarantine::Quarantine, record::Recorder,
};
use crate::{
    judge::{checks::evidence::Check, rulebook::Rulebook},
    limits,
    seal::keyring::Keyring,
    telemetry::metrics::Metrics,
    world::World,
};
use arc_swap::{ArcSwap, ArcSwapOption};
use rayon::ThreadPool;
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// Bounds that the operator may change; the defaults stand in `limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub message_bytes_max: usize,
    pub spool_memory_bytes_max: usize,
    pub mails_max: usize,
    pub judged_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: limits::MESSAGE_BYTES_MAX,
            spool_memory_bytes_max: limits::SPOOL_MEMORY_BYTES_MAX,
            mails_max: limits::MAILS_MAX,
            judged_bytes_max: limits::JUDGED_BYTES_MAX,
        }
    }
}

impl Limits {
    /// Octets that mails take at most at one moment, whatever comes, with so many threads to judge them. Rules,
    /// automata and caches come beside.
    #[must_use]
    pub fn memory_bytes_max(&self, threads: usize) -> usize {
        let receiving = (self.mails_max + limits::SMALL_JUDGES_MAX).saturating_mul(self.spool_memory_bytes_max);
        let held = self.judged_bytes_max.max(self.message_bytes_max).saturating_mul(limits::MAIL_MEMORY_FACTOR);
        let reading = threads.saturating_mul(limits::MAIL_MEMORY_BYTES_MAX);
        receiving.saturating_add(held).saturating_add(reading).saturating_add(limits::FOUND_BYTES_MAX)
    }
}

/// Files that the web doors write, as the configuration names them now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The learned model.
    pub model: Option<PathBuf>,
    /// Persons with a class of their own.
    pub subjects: Option<PathBuf>,
}

/// How much of what mails share is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Mails between MAIL and their last reply.
    pub mails: usize,
    pub mails_max: usize,
    /// Small mails being judged.
    pub small_judged: usize,
    pub small_judged_max: usize,
    /// Octets of large mails being judged.
    pub large_judged_bytes: usize,
    pub large_judged_bytes_max: usize,
}

/// Whom a reload replaces: a mail keeps what it began with.
#[derive(Clone)]
pub struct Parts {
    pub rulebook: Arc<Rulebook>,
    pub world: Arc<dyn World>,
    /// `None`: this filter has no LMTP door.
    pub mailstore: Option<Arc<Mailstore>>,
    pub quarantine: Option<Arc<Quarantine>>,
    /// Where the case of a mail goes that a check panicked on; `None`: nowhere.
    pub faults: Option<Arc<Faults>>,
    /// `None`: nothing is recorded.
    pub recorder: Option<Arc<Recorder>>,
    /// Keys that recipients' mail is sealed to.
    pub keyring: Arc<Keyring>,
    /// All of them but in a test.
    pub checks: &'static [Check],
}

/// What all mails share.
pub struct Desk {
    parts: ArcSwap<Parts>,
    files: ArcSwap<Files>,
    world: Arc<dyn World>,
    metrics: Arc<Metrics>,
    limits: Limits,
    /// Empty: no verdicts are kept.
    history: OnceLock<Arc<History>>,
    /// Empty: the log names nobody, not even by pseudonyms.
    log_keys: OnceLock<Arc<LogKeys>>,
    pool: Arc<ThreadPool>,
    mails: Arc<Semaphore>,
    small_judges: Arc<Semaphore>,
    judged_kibibytes: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    found_kibibytes: Arc<Semaphore>,
    alarms: Alarms,
    lanes: Lanes,
    /// Empty: the keys of the folder are all there are.
    directory: ArcSwapOption<Directory>,
}

impl Desk {
    /// `pool` runs all pure work; its threads bound how many mails are judged at one moment.
    #[must_use]
    pub fn new(parts: Parts, metrics: Arc<Metrics>, limits: Limits, pool: ThreadPool) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(&parts.world),
            parts: ArcSwap::from_pointee(parts),
            files: ArcSwap::default(),
            metrics,
            limits,
            history: OnceLock::new(),
            log_keys: OnceLock::new(),
            readers: Arc::new(Semaphore::new(pool.current_num_threads())),
            lanes: Lanes::new(&limits, pool.current_num_threads()),
            pool: Arc::new(pool),
            mails: Arc::new(Semaphore::new(limits.mails_max)),
            small_judges: Arc::new(Semaphore::new(limits::SMALL_JUDGES_MAX)),
            judged_kibibytes: Arc::new(Semaphore::new(limits.judged_bytes_max >> 10)),
            found_kibibytes: Arc::new(Semaphore::new(limits::FOUND_BYTES_MAX >> 10)),
            alarms: Alarms::default(),
            directory: ArcSwapOption::empty(),
        })
    }

    /// Puts new parts in place; mails under way keep theirs, except for the world, which stays.
    pub fn replace(&self, parts: Parts) {
        self.parts.store(Arc::new(parts));
    }

    /// Puts another rulebook in place, made of the one that counts.
    ///
    /// # Errors
    /// What `amend` says; then nothing has changed.
    pub fn amend<E>(&self, amend: impl Fn(&Rulebook) -> Result<Rulebook, E>) -> Result<(), E> {
        loop {
            let now = self.parts.load_full();
            let rulebook = Arc::new(amend(&now.rulebook)?);
            let next = Arc::new(Parts { rulebook, ..(*now).clone() });
            // A reload may have come between.
            if Arc::ptr_eq(&self.parts.compare_and_swap(&now, next), &now) {
                return Ok(());
            }
        }
    }

    pub fn files(&self) -> Arc<Files> {
        self.files.load_full()
    }

    pub fn name_files(&self, files: Files) {
        self.files.store(Arc::new(files));
    }

    pub fn load(&self) -> Load {
        let taken = |most: usize, semaphore: &Semaphore| most.saturating_sub(semaphore.available_permits());
        let kibibytes_max = self.limits.judged_bytes_max >> 10;
        Load {
            mails: taken(self.limits.mails_max, &self.mails),
            mails_max: self.limits.mails_max,
            small_judged: taken(limits::SMALL_JUDGES_MAX, &self.small_judges),
            small_judged_max: limits::SMALL_JUDGES_MAX,
            large_judged_bytes: taken(kibibytes_max, &self.judged_kibibytes) << 10,
            large_judged_bytes_max: kibibytes_max << 10,
        }
    }

    pub fn rulebook(&self) -> Arc<Rulebook> {
        Arc::clone(&self.parts.load().rulebook)
    }

    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    pub fn world(&self) -> &Arc<dyn World> {
        &self.world
    }

    pub fn mailstore(&self) -> Option<Arc<Mailstore>> {
        self.parts.load().mailstore.clone()
    }

    pub fn quarantine(&self) -> Option<Arc<Quarantine>> {
        self.parts.load().quarantine.clone()
    }

    pub fn faults(&self) -> Option<Arc<Faults>> {
        self.parts.load().faults.clone()
    }

    pub fn recorder(&self) -> Option<Arc<Recorder>> {
        self.parts.load().recorder.clone()
    }

    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.parts.load().keyring)
    }

    /// Who is asked for keys that the folder does not have, if anybody is.
    pub fn directory(&self) -> Option<Arc<Directory>> {
        self.directory.load_full()
    }

    /// Has others asked from now on; what those of before had said is forgotten.
    pub fn ask_for_keys(&self, directory: Option<Arc<Directory>>) {
        self.directory.store(directory);
    }

    pub fn checks(&self) -> &'static [Check] {
        self.parts.load().checks
    }

    /// The kept verdicts, if somebody asked for them.
    pub fn history(&self) -> Option<&Arc<History>> {
        self.history.get()
    }

    /// Keeps verdicts from now on.
    pub fn keep_history(&self) -> Arc<History> {
        Arc::clone(self.history.get_or_init(Arc::default))
    }

    pub fn log_keys(&self) -> Option<&Arc<LogKeys>> {
        self.log_keys.get()
    }

    /// Persons have pseudonyms in the log from now on.
    pub fn name_by(&self, keys: Arc<LogKeys>) {
        // Only a server says so, once.
        let _ = self.log_keys.set(keys);
    }

    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    pub fn pool(&self) -> &Arc<ThreadPool> {
        &self.pool
    }

    /// One permit per mail between MAIL and its last reply.
    pub fn mails(&self) -> &Arc<Semaphore> {
        &self.mails
    }

    /// The room that strangers share.
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Is a mail of that size judged among the small ones?
    pub fn is_small(&self, bytes: usize) -> bool {
        bytes <= self.limits.spool_memory_bytes_max
    }

    /// Waits until a mail of that size may be held whole; `None` when `deadline` comes first.
    ///
    /// Small mails have permits of their own, so that large ones waiting for answers do not stop them.
    pub async fn judge_permit(&self, bytes: usize, deadline: Instant) -> Option<OwnedSemaphorePermit> {
        let (semaphore, weight) = if self.is_small(bytes) {
            (&self.small_judges, 1)
        } else {
            (&self.judged_kibibytes, (bytes >> 10).clamp(1, self.limits.judged_bytes_max >> 10))
        };
        let weight = u32::try_from(weight).ok()?;
        timeout_at(deadline, Arc::clone(semaphore).acquire_many_owned(weight)).await.ok()?.ok()
    }

    /// A turn to read a mail, one for each thread of the pool; `None` when `deadline` comes first. It is kept until
    /// `found_permit` is there, so that what unpacking finds cannot pile up.
    pub async fn reading_turn(&self, deadline: Instant) -> Option<OwnedSemaphorePermit> {
        timeout_at(deadline, Arc::clone(&self.readers).acquire_owned()).await.ok()?.ok()
    }

    /// Waits, not for long, until `bytes` found inside a mail may be held for the virus scanner.
    pub async fn found_permit(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let weight = u32::try_from(bytes.min(limits::FOUND_BYTES_MAX) >> 10).ok()?;
        let deadline = Instant::now() + limits::FOUND_SECONDS_MAX;
        timeout_at(deadline, Arc::clone(&self.found_kibibytes).acquire_many_owned(weight)).await.ok()?.ok()
    }
}
