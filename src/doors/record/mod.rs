//! Record: cases of judged mails whose every recipient consents, kept for replays.
//!
//! Touches a thread and, through `shelf`, a folder. A mail never waits for it and is never lost by it: what does not fit
//! into a short queue is not recorded, and a disk that does not take a case is told once and counted.

pub mod shelf;

use self::shelf::Shelf;
use crate::{
    judge::{
        case::{Case, expectation::Expectation},
        facts::Facts,
        policy::verdict::Verdict,
    },
    limits,
    mail::{Mail, address::Address},
    telemetry::metrics::{Metrics, Recording},
};
use bytes::Bytes;
use std::{
    path::PathBuf,
    str::FromStr,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

/// How often old cases are looked for when no mail comes.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// What is recorded, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub folder: PathBuf,
    /// Mails of ten thousand that are recorded, chosen by their octets.
    pub sample: u32,
    /// Octets of all cases together; the oldest go first.
    pub bytes_max: u64,
    /// Who consents. A mail with any other recipient is not recorded.
    pub consents: Vec<Consent>,
    pub keep: Duration,
}

/// A recipient who consents, or everybody of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// In small letters.
    Address(String),
    Domain(String),
}

impl FromStr for Consent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        match text.rsplit_once('@') {
            Some(("", domain)) if !domain.is_empty() => Ok(Self::Domain(domain.to_owned())),
            Some((_, domain)) if !domain.is_empty() => Ok(Self::Address(text)),
            _ => Err(format!("`{text}` is no recipient: a@school.example, or @school.example for all of a domain")),
        }
    }
}

impl Consent {
    fn covers(&self, recipient: &Address) -> bool {
        match self {
            Self::Address(address) => recipient.as_str().eq_ignore_ascii_case(address),
            Self::Domain(domain) => recipient.domain_text().is_some_and(|of| of.eq_ignore_ascii_case(domain)),
        }
    }
}

/// A mail on its way to the shelf.
struct Kept {
    raw: Bytes,
    case: Case,
    verdict: Verdict,
}

/// Takes judged mails and has a thread write their cases. The thread ends when the recorder is dropped.
pub struct Recorder {
    consents: Vec<Consent>,
    queue: SyncSender<Kept>,
    metrics: Arc<Metrics>,
}

impl Recorder {
    /// # Errors
    /// When the folder cannot be made or read, or the thread cannot be started.
    pub fn start(settings: Settings, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let shelf = Shelf::open(&settings)?;
        let (queue, kept) = sync_channel(limits::RECORD_QUEUE_MAX);
        let (consents, counted) = (settings.consents, Arc::clone(&metrics));
        let sample = settings.sample;
        thread::Builder::new().name("record".to_owned()).spawn(move || write(shelf, sample, &kept, &counted))?;
        Ok(Self { consents, queue, metrics })
    }

    /// Takes a mail, if it is one to record. Never waits.
    pub fn offer(&self, mail: &Mail, facts: &Facts, verdict: &Verdict) {
        let recipients = &mail.envelope.recipients;
        let consents = |recipient: &Address| self.consents.iter().any(|consent| consent.covers(recipient));
        if recipients.is_empty() || !recipients.iter().all(consents) {
            return;
        }
        let raw = &mail.message.raw;
        // A file that begins with a bare LF would be read as one with the line ends of this machine.
        let is_exact = raw
            .iter()
            .position(|octet| *octet == b'\n')
            .is_none_or(|newline| newline.checked_sub(1).and_then(|before| raw.get(before)) == Some(&b'\r'));
        if raw.len() > limits::RECORD_MESSAGE_BYTES_MAX || !is_exact {
            return self.metrics.recorded(Recording::Unfit);
        }
        let case = Case {
            received_at: mail.received_at,
            client: mail.client.clone(),
            envelope: mail.envelope.clone(),
            facts: facts.clone(),
        };
        match self.queue.try_send(Kept { raw: raw.clone(), case, verdict: verdict.clone() }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.metrics.recorded(Recording::Crowded),
            Err(TrySendError::Disconnected(_)) => self.metrics.recorded(Recording::Failed),
        }
    }
}

/// Writes what comes until nobody can send any more.
fn write(mut shelf: Shelf, sample: u32, kept: &Receiver<Kept>, metrics: &Metrics) {
    let mut has_failed = false;
    loop {
        let done = match kept.recv_timeout(LOOK_EVERY) {
            Ok(Kept { raw, case, verdict }) => {
                if !shelf::is_chosen(&raw, sample) {
                    metrics.recorded(Recording::NotChosen);
                    continue;
                }
                shelf.put(&raw, &case, &Expectation::of(&verdict).with_digest(&verdict)).map(|()| {
                    metrics.recorded(Recording::Kept);
                })
            }
            Err(RecvTimeoutError::Timeout) => shelf.tidy(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match done {
            Ok(()) => has_failed = false,
            Err(error) => {
                metrics.recorded(Recording::Failed);
                if !has_failed {
                    tracing::warn!(folder = %shelf.folder().display(), %error, "record: cannot write a case; the mail itself is not touched");
                }
                has_failed = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_by_address_or_by_domain() {
        let (one, all): (Consent, Consent) =
            ("Anna@School.example".parse().unwrap(), "@office.example".parse().unwrap());
        let covers = |consent: &Consent, text: &str| consent.covers(&Address::new(text));
        assert!(covers(&one, "anna@school.example") && !covers(&one, "berta@school.example"));
        assert!(covers(&all, "anyone@OFFICE.example") && !covers(&all, "anyone@sub.office.example"));
        assert!(!covers(&all, "office.example") && "school.example".parse::<Consent>().is_err());
    }
}
