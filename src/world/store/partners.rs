//! Partners in the store: counters by level and three times for each domain.
//!
//! Entries end a year after the last mail.

use super::{Change, Kind, Store, Trouble, count};
use crate::mail::{address::Domain, partner::History, transport::Level};
use std::collections::BTreeMap;

/// Seconds that an entry stays after its last change: a year.
pub const KEPT_SECONDS: i64 = 366 * 24 * 3600;

/// What is remembered of a domain, if anything.
///
/// # Errors
/// The store cannot be read.
pub fn history(store: &dyn Store, domain: &Domain, now: i64) -> Result<Option<History>, Trouble> {
    let keys: Vec<String> = Level::ALL.iter().map(|level| key(domain, *level)).collect();
    let times = store.get(Kind::PartnerTimes, &[domain.as_str().to_owned()], now)?;
    let Some(mut history) = times.into_iter().next().flatten().as_deref().and_then(read_times) else {
        return Ok(None);
    };
    for (sum, value) in history.mails.iter_mut().zip(store.get(Kind::PartnerMails, &keys, now)?) {
        *sum = value.as_deref().map_or(0, count);
    }
    Ok(Some(history))
}

/// Adds mails: domain, level, time.
///
/// # Errors
/// The store cannot be written; then nothing is added.
pub fn add(store: &dyn Store, mails: &[(Domain, Level, i64)], now: i64) -> Result<(), Trouble> {
    let expires = now.saturating_add(KEPT_SECONDS);
    let mut histories: BTreeMap<&Domain, History> = BTreeMap::new();
    let mut changes = Vec::new();
    for (domain, level, at) in mails {
        let before = match histories.get(domain) {
            Some(history) => *history,
            None => history(store, domain, now)?.unwrap_or_default(),
        };
        histories.insert(domain, before.with(*level, *at));
        changes.push(Change::Add { kind: Kind::PartnerMails, key: key(domain, *level), by: 1, expires });
    }
    for (domain, history) in histories {
        let (key, value) = (domain.as_str().to_owned(), written_times(&history));
        changes.push(Change::Put { kind: Kind::PartnerTimes, key, value, expires });
    }
    store.change(&changes, now)
}

/// Forgets a domain; was it known?
///
/// # Errors
/// The store cannot be read or written.
pub fn forget(store: &dyn Store, domain: &Domain, now: i64) -> Result<bool, Trouble> {
    let is_known = history(store, domain, now)?.is_some();
    let counters = Level::ALL.iter().map(|level| Change::Forget { kind: Kind::PartnerMails, key: key(domain, *level) });
    let times = Change::Forget { kind: Kind::PartnerTimes, key: domain.as_str().to_owned() };
    store.change(&counters.chain([times]).collect::<Vec<_>>(), now)?;
    Ok(is_known)
}

/// All domains with what is remembered of them.
///
/// # Errors
/// The store cannot be read.
pub fn all(store: &dyn Store, now: i64) -> Result<BTreeMap<String, History>, Trouble> {
    let times = store.all(Kind::PartnerTimes, now)?;
    let mut found: BTreeMap<String, History> =
        times.into_iter().filter_map(|(domain, value)| Some((domain, read_times(&value)?))).collect();
    for (key, value) in store.all(Kind::PartnerMails, now)? {
        let Some((domain, level)) = key.split_once(' ') else { continue };
        let Some(history) = found.get_mut(domain) else { continue };
        for (known, sum) in Level::ALL.into_iter().zip(&mut history.mails) {
            if known.word() == level {
                *sum = count(&value);
            }
        }
    }
    Ok(found)
}

fn key(domain: &Domain, level: Level) -> String {
    format!("{domain} {level}")
}

/// First and last mail over TLS (the least number stands for none) and last mail, eight octets each.
fn written_times(history: &History) -> Vec<u8> {
    let never = i64::MIN;
    let times = [history.encrypted_since.unwrap_or(never), history.encrypted_until.unwrap_or(never), history.last_seen];
    times.iter().flat_map(|time| time.to_be_bytes()).collect()
}

fn read_times(value: &[u8]) -> Option<History> {
    let (since, rest) = value.split_first_chunk()?;
    let (until, rest) = rest.split_first_chunk()?;
    let seen = |octets| Some(i64::from_be_bytes(octets)).filter(|time| *time != i64::MIN);
    Some(History {
        mails: [0; 5],
        encrypted_since: seen(*since),
        encrypted_until: seen(*until),
        last_seen: i64::from_be_bytes(*rest.first_chunk()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::store::file::File;

    #[test]
    fn what_is_added_is_remembered_until_it_is_forgotten_or_old() {
        let folder = tempfile::tempdir().unwrap();
        let store = File::new(&folder.path().join("state.redb"));
        let domain = |text: &str| Domain::parse(text).unwrap();
        let (amt, b) = (domain("amt.example"), domain("b.example"));
        let mails = [(amt.clone(), Level::Tls12, 5), (amt.clone(), Level::None, 7), (b.clone(), Level::None, 6)];
        add(&store, &mails, 7).unwrap();
        add(&store, &[(amt.clone(), Level::Verified, 9)], 9).unwrap();
        let history = history(&store, &amt, 9).unwrap().unwrap();
        assert_eq!(history.mails, [1, 0, 1, 1, 0]);
        assert_eq!((history.encrypted_since, history.encrypted_until, history.last_seen), (Some(5), Some(9), 9));
        assert_eq!(all(&store, 9).unwrap().get("amt.example"), Some(&history));
        assert!(forget(&store, &amt, 9).unwrap() && !forget(&store, &amt, 9).unwrap());
        assert_eq!(all(&store, 9).unwrap().into_keys().collect::<Vec<_>>(), ["b.example"]);
        assert!(all(&store, 2 * KEPT_SECONDS).unwrap().is_empty());
    }
}
