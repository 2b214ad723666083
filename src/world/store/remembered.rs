//! What is remembered of senders, in the store: under keyed hashes, so that no list of addresses can be read out of it.
//!
//! The key is kept in the store and changes every ninety days; the one before is still tried. Both go, and nobody
//! can tell any more whom the entries were about.

use super::{Change, Kind, Store, Trouble, campaigns, count};
use crate::{
    judge::entry::{Deed, Entry, Recalled, Sort},
    mail::hex::hex,
};
use aws_lc_rs::{hmac, rand};

/// Seconds that a key is written with.
pub const KEY_SECONDS: i64 = 90 * 24 * 60 * 60;
/// Octets of a key, as many as the hash has (RFC 2104 section 3).
const KEY_BYTES: usize = 32;

/// The keys of a moment: the present one, and the one before it if there is any.
pub struct Keys {
    period: i64,
    present: hmac::Key,
    before: Option<hmac::Key>,
}

impl Keys {
    /// Do they still count?
    #[must_use]
    pub fn are_of(&self, now: i64) -> bool {
        self.period == now.div_euclid(KEY_SECONDS)
    }

    /// Reads the keys; makes the present one if nobody has.
    ///
    /// # Errors
    /// The store fails.
    pub fn read(store: &dyn Store, now: i64) -> Result<Self, Trouble> {
        let period = now.div_euclid(KEY_SECONDS);
        let names = [period.to_string(), period.saturating_sub(1).to_string()];
        let read = || store.get(Kind::Secrets, &names, now).map(Vec::into_iter);
        let mut found = read()?;
        let (mut present, before) = (found.next().flatten(), found.next().flatten());
        if present.is_none() {
            let mut value = vec![0; KEY_BYTES];
            rand::fill(&mut value).map_err(|_| Trouble("no randomness for a key".to_owned()))?;
            let [key, _] = names.clone();
            let expires = period.saturating_add(2).saturating_mul(KEY_SECONDS);
            store.change(&[Change::PutNew { kind: Kind::Secrets, key, value, expires }], now)?;
            // Another machine may have been faster; its key counts.
            present = read()?.next().flatten();
        }
        let key = |value: Vec<u8>| hmac::Key::new(hmac::HMAC_SHA256, &value);
        let present = present.map(key).ok_or_else(|| Trouble("the store did not keep a key".to_owned()))?;
        Ok(Self { period, present, before: before.map(key) })
    }

    fn hashed(key: &hmac::Key, text: &str) -> String {
        hex(hmac::sign(key, text.as_bytes()).as_ref())
    }

    /// The hash of a text under the present key.
    #[must_use]
    pub fn digest(&self, text: &str) -> Vec<u8> {
        hmac::sign(&self.present, text.as_bytes()).as_ref().to_vec()
    }

    /// The names of a text, the present one first.
    #[must_use]
    pub fn names_of(&self, text: &str) -> Vec<String> {
        [Some(&self.present), self.before.as_ref()].into_iter().flatten().map(|key| Self::hashed(key, text)).collect()
    }

    /// The names of an entry, the present one first.
    fn names(&self, entry: &Entry) -> Vec<String> {
        self.names_of(&entry.to_string())
    }
}

/// What is remembered of an entry.
///
/// A counter's window slides: of the fixed window before as much counts as lies within the seconds until now.
///
/// # Errors
/// The store cannot be read.
pub fn recall(store: &dyn Store, keys: &Keys, entry: &Entry, now: i64) -> Result<Recalled, Trouble> {
    if matches!(entry.sort, Sort::Shape(_)) {
        let reached = campaigns::reached(store, keys, entry, now)?;
        return Ok(reached.map_or(Recalled::Nothing, Recalled::Number));
    }
    let names = keys.names(entry);
    let Some(window) = entry.sort.window().map(i64::from) else {
        let found = store.get(Kind::FirstSeen, &names, now)?.into_iter().flatten().next();
        let time = found.and_then(|value| value.first_chunk().map(|octets| i64::from_be_bytes(*octets)));
        return Ok(time.map_or(Recalled::Nothing, Recalled::Number));
    };
    let (place, within) = (now.div_euclid(window), now.rem_euclid(window));
    let of_window = |place: i64| {
        let names: Vec<String> = names.iter().map(|name| format!("{name}.{place}")).collect();
        let found = store.get(Kind::Counts, &names, now)?;
        Ok(found
            .iter()
            .flatten()
            .map(|value| i64::try_from(count(value)).unwrap_or(i64::MAX))
            .fold(0, i64::saturating_add))
    };
    let (present, before): (i64, i64) = (of_window(place)?, of_window(place.saturating_sub(1))?);
    let share = before.saturating_mul(window.saturating_sub(within)).div_euclid(window);
    Ok(Recalled::Number(present.saturating_add(share)))
}

/// Writes down what became of mails.
///
/// # Errors
/// The store cannot be written; then nothing is.
pub fn write(store: &dyn Store, keys: &Keys, deeds: &[(Deed, i64)], now: i64) -> Result<(), Trouble> {
    let changes: Vec<Change> = deeds.iter().flat_map(|(deed, at)| changes(keys, deed, *at)).collect();
    store.change(&changes, now)
}

fn changes(keys: &Keys, deed: &Deed, at: i64) -> Vec<Change> {
    match deed {
        Deed::Copy { entry, copies, reference, lasts } => campaigns::copied(keys, entry, copies, reference, at, *lasts),
        // Whoever writes this has to read first: `campaigns::note`.
        Deed::Campaign { .. } => Vec::new(),
        Deed::First { entry, lasts } => vec![first(keys, entry, at, *lasts)],
        Deed::Keep { entry, time, lasts } => vec![keep(keys, entry, *time, at.saturating_add(*lasts))],
        Deed::Count { entry } => vec![counted(keys, entry, at)],
    }
}

fn name(keys: &Keys, entry: &Entry) -> String {
    Keys::hashed(&keys.present, &entry.to_string())
}

fn first(keys: &Keys, entry: &Entry, at: i64, lasts: i64) -> Change {
    let (key, value) = (name(keys, entry), at.to_be_bytes().to_vec());
    Change::PutNew { kind: Kind::FirstSeen, key, value, expires: at.saturating_add(lasts) }
}

fn keep(keys: &Keys, entry: &Entry, time: i64, expires: i64) -> Change {
    Change::Put { kind: Kind::FirstSeen, key: name(keys, entry), value: time.to_be_bytes().to_vec(), expires }
}

fn counted(keys: &Keys, entry: &Entry, at: i64) -> Change {
    let window = entry.sort.window().map_or(1, i64::from);
    let place = at.div_euclid(window);
    let expires = place.saturating_add(2).saturating_mul(window);
    Change::Add { kind: Kind::Counts, key: format!("{}.{place}", name(keys, entry)), by: 1, expires }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::entry::Sort, world::store::file::File};

    #[test]
    fn what_is_written_is_recalled_over_a_change_of_keys_and_no_address_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        let store = File::new(&path);
        let entry = Entry::new(Sort::Correspondence, "<anna@partner.example> <head@school.example>");
        let deed = Deed::Keep { entry: entry.clone(), time: 77, lasts: 4 * KEY_SECONDS };
        let first = Keys::read(&store, 100).unwrap();
        write(&store, &first, &[(deed, 100)], 100).unwrap();
        let recalled = |now| recall(&store, &Keys::read(&store, now).unwrap(), &entry, now).unwrap();
        assert_eq!(recalled(100), Recalled::Number(77));
        assert_eq!(recalled(KEY_SECONDS + 1), Recalled::Number(77), "the key before is tried");
        assert_eq!(recalled(2 * KEY_SECONDS + 1), Recalled::Nothing, "its key is gone");
        assert!(first.are_of(5) && !first.are_of(KEY_SECONDS));
        store.rest();
        let octets = std::fs::read(&path).unwrap();
        for word in ["anna", "partner", "school", "head"] {
            assert!(!octets.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
        }
    }

    #[test]
    fn a_first_time_stays_and_a_window_slides() {
        let folder = tempfile::tempdir().unwrap();
        let store = File::new(&folder.path().join("state.redb"));
        let keys = Keys::read(&store, 0).unwrap();
        let first = Entry::new(Sort::Triplet, "192.0.2.0/24 <a@b.example> <c@d.example>");
        let deed = |at| (Deed::First { entry: first.clone(), lasts: 100 }, at);
        write(&store, &keys, &[deed(10), deed(20)], 20).unwrap();
        assert_eq!(recall(&store, &keys, &first, 20), Ok(Recalled::Number(10)));
        assert_eq!(recall(&store, &keys, &first, 110), Ok(Recalled::Nothing));
        let counter = Entry::new(Sort::Network(60), "192.0.2.0/24");
        let one = |at| (Deed::Count { entry: counter.clone() }, at);
        write(&store, &keys, &[one(100), one(110), one(119), one(121)], 121).unwrap();
        let recalled = |now| recall(&store, &keys, &counter, now).unwrap();
        assert_eq!(recalled(119), Recalled::Number(3));
        assert_eq!(recalled(120), Recalled::Number(4));
        assert_eq!(recalled(150), Recalled::Number(2));
        assert_eq!(recalled(300), Recalled::Number(0));
    }
}
