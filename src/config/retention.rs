//! Retention: everything that is kept of mails and persons, where, in what form, and how long at most.
//!
//! Pure. `wehr audit` tells it of an installation; docs/privacy.md and docs/datenschutz.md are held against the defaults.

use super::{Settings, policy};
use crate::{doors::record, limits, world::store};

/// Something that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The word for it, in the documents too.
    pub name: &'static str,
    /// What of a mail or a person is in it.
    pub holds: &'static str,
    /// The file, folder or memory.
    pub place: String,
    /// The key of the configuration that says how long, or how it is turned on.
    pub key: &'static str,
    /// Days after which it is gone; `None`: it is not kept at all.
    pub days: Option<u64>,
    /// What bounds it besides.
    pub bound: String,
    /// Content or addresses that somebody can read in clear, given the keys of this machine.
    pub is_readable: bool,
}

const DAY_SECONDS: u64 = 24 * 60 * 60;

fn days(seconds: u64) -> u64 {
    seconds.div_ceil(DAY_SECONDS)
}

/// Everything that this configuration keeps, or could keep.
#[must_use]
pub fn kept(settings: &Settings) -> Vec<Kept> {
    let quarantine = &settings.quarantine;
    let record = settings.record.as_ref();
    let recorded = |record: &record::Settings| format!("{} octets, the oldest go first; consent", record.bytes_max);
    [
        Kept {
            name: "quarantine",
            holds: "whole mails that were set aside, encrypted; sender, recipients, subject and verdict",
            place: quarantine.folder.display().to_string(),
            key: "quarantine.keep_days",
            days: Some(days(quarantine.keep.as_secs())),
            bound: format!("{} octets", quarantine.bytes_max),
            is_readable: true,
        },
        Kept {
            name: "record",
            holds: "whole mails of recipients who consented, with facts and verdict",
            place: record.map_or_else(|| "nowhere".to_owned(), |record| record.folder.display().to_string()),
            key: "record.keep_days",
            days: record.map(|record| days(record.keep.as_secs())),
            bound: record.map(recorded).unwrap_or_default(),
            is_readable: true,
        },
        Kept {
            name: "faults",
            holds: "whole mails that a check failed on, with facts, to mend the check",
            place: settings.faults_folder().display().to_string(),
            key: "state.url",
            days: Some(days(limits::FAULT_CASE_SECONDS_MAX.as_secs())),
            bound: format!("{} mails", limits::FAULT_CASES_MAX),
            is_readable: true,
        },
        Kept {
            name: "history",
            holds: "verdicts with sender, recipients and facts, no content; for the admin API",
            place: "memory of the process".to_owned(),
            key: "http.admin_tokens",
            days: settings.admin_tokens.as_ref().map(|_| 0),
            bound: format!("{} verdicts, gone with the process", limits::HISTORY_VERDICTS_MAX),
            is_readable: true,
        },
        Kept {
            name: "log pseudonyms",
            holds: "keys that tell whom a line of the log is about; without them nobody can",
            place: settings.log.folder.display().to_string(),
            key: "log.pseudonym_days",
            days: u64::try_from(settings.log.days).ok().filter(|days| *days > 0),
            bound: "one key a day".to_owned(),
            is_readable: true,
        },
    ]
    .into_iter()
    .chain(stored(settings))
    .collect()
}

/// What is in the store.
fn stored(settings: &Settings) -> [Kept; 4] {
    // What the policy cannot be read for is told by `config check`; then nothing else is kept than by default.
    let campaigns = policy::plain_senders(settings).campaigns.unwrap_or_default();
    let kept = |name, holds, key, seconds: i64| Kept {
        name,
        holds,
        place: format!("{:?}", settings.state),
        key,
        days: Some(days(seconds.unsigned_abs())),
        bound: "entries expire one by one".to_owned(),
        is_readable: false,
    };
    [
        kept(
            "senders",
            "who wrote to whom and how often (policy.senders), as keyed hashes; the keys change every 90 days",
            "policy.senders",
            2 * store::remembered::KEY_SECONDS,
        ),
        kept(
            "campaigns",
            "marks of the words of mails, with keyed hashes of recipients, references and times (policy.senders)",
            "policy.senders",
            campaigns.lasts,
        ),
        kept(
            "scan answers",
            "what the virus scanner said, by keyed digests of files",
            "clamd.address",
            limits::SCAN_KEPT_SECONDS,
        ),
        kept(
            "partners",
            "how domains sent their mail: encrypted or not, and when; no addresses",
            "state.url",
            store::partners::KEPT_SECONDS,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_turned_on_is_not_kept() {
        let kept = kept(&Settings::load(None).unwrap());
        let days = |name: &str| kept.iter().find(|kept| kept.name == name).unwrap().days;
        assert_eq!((days("quarantine"), days("record"), days("history")), (Some(30), None, None));
        assert_eq!((days("log pseudonyms"), days("senders"), days("partners")), (Some(7), Some(180), Some(366)));
    }
}
