//! Campaigns in the store: copies of each mark of a shape, and the campaigns that were found among them.
//!
//! A copy is a record of the recipient's hash, the time, the reference of the verdict and what became of it. No address and
//! no word of a mail is kept.

use super::{Change, Kind, Store, Trouble, remembered::Keys};
use crate::{
    judge::entry::{Entry, Fate},
    limits,
    mail::address::Address,
};
use std::collections::{BTreeMap, BTreeSet};

const RECIPIENT_BYTES: usize = 8;
const TIME_BYTES: usize = 8;
/// As `policy::trace::reference` makes them.
const REFERENCE_BYTES: usize = 10;
const WIDTH: usize = RECIPIENT_BYTES + TIME_BYTES + REFERENCE_BYTES + 1;
/// Hexadecimal digits of a campaign's name.
const NAME_DIGITS: usize = 12;

/// One copy of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Copied {
    /// Seconds since 1970.
    pub at: i64,
    pub reference: [u8; REFERENCE_BYTES],
    pub fate: Fate,
    /// A keyed hash.
    pub recipient: [u8; RECIPIENT_BYTES],
}

impl Copied {
    fn octets(&self) -> Vec<u8> {
        [self.recipient.as_slice(), &self.at.to_be_bytes(), &self.reference, &[self.fate.letter()]].concat()
    }

    fn read(record: &[u8]) -> Option<Self> {
        let (recipient, rest) = record.split_first_chunk::<RECIPIENT_BYTES>()?;
        let (at, rest) = rest.split_first_chunk::<TIME_BYTES>()?;
        let (reference, rest) = rest.split_first_chunk::<REFERENCE_BYTES>()?;
        let fate = Fate::ALL.into_iter().find(|fate| rest == [fate.letter()])?;
        Some(Self { at: i64::from_be_bytes(*at), reference: *reference, fate, recipient: *recipient })
    }
}

/// A campaign as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Twelve hexadecimal digits.
    pub name: String,
    /// When it was found, and when the last mail of it came, seconds since 1970.
    pub began: i64,
    pub last: i64,
    /// The most recipients that it had reached within the window.
    pub recipients: i64,
    /// Under which its copies are kept.
    marks: BTreeSet<String>,
}

impl Campaign {
    fn text(&self) -> String {
        let marks: Vec<&str> = self.marks.iter().map(String::as_str).collect();
        format!("{} {} {} {}", self.began, self.last, self.recipients, marks.join(" "))
    }

    fn read(name: &str, value: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(value).ok()?.split(' ');
        let mut number = || words.next()?.parse().ok();
        let (began, last, recipients) = (number()?, number()?, number()?);
        let marks = words.filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect();
        Some(Self { name: name.to_owned(), began, last, recipients, marks })
    }
}

/// A mail that was found to be one of a campaign.
#[derive(Clone, Debug)]
pub struct Found {
    pub entry: Entry,
    pub recipients: i64,
    pub at: i64,
    pub lasts: i64,
}

/// Recipients that one mark has reached in the seconds before `now`, the most of all marks.
///
/// # Errors
/// The store cannot be read.
pub fn reached(store: &dyn Store, keys: &Keys, entry: &Entry, now: i64) -> Result<Option<i64>, Trouble> {
    let since = now.saturating_sub(entry.sort.window().map_or(0, i64::from));
    let found = store.get(Kind::Shapes, &names(keys, entry), now)?;
    let recipients = found.iter().flatten().map(|value| {
        let lately = value.chunks(WIDTH).filter_map(Copied::read).filter(|copy| copy.at > since);
        lately.map(|copy| copy.recipient).collect::<BTreeSet<_>>().len()
    });
    Ok(recipients.max().map(|most| i64::try_from(most).unwrap_or(i64::MAX)))
}

/// The changes that keep copies of a mail.
#[must_use]
pub fn copied(
    keys: &Keys,
    entry: &Entry,
    copies: &[(Address, Fate)],
    reference: &str,
    at: i64,
    lasts: i64,
) -> Vec<Change> {
    let mut named = [b'-'; REFERENCE_BYTES];
    named.iter_mut().zip(reference.bytes()).for_each(|(place, octet)| *place = octet);
    let record = |(recipient, fate): &(Address, Fate)| {
        let recipient = keys.digest(&format!("mailbox {}", recipient.as_str().to_lowercase()));
        let recipient = recipient.first_chunk().copied().unwrap_or_default();
        Copied { at, reference: named, fate: *fate, recipient }.octets()
    };
    let records: Vec<u8> = copies.iter().flat_map(record).collect();
    let append = |key| Change::Append {
        kind: Kind::Shapes,
        key,
        records: records.clone(),
        width: WIDTH,
        most: limits::SHAPE_COPIES_MAX,
        expires: at.saturating_add(lasts),
    };
    present_names(keys, entry).into_iter().map(append).collect()
}

/// Remembers that these mails are of campaigns; gives the campaigns that nobody knew.
///
/// # Errors
/// The store fails; then nothing is remembered.
pub fn note(store: &dyn Store, keys: &Keys, found: &[Found], now: i64) -> Result<Vec<Campaign>, Trouble> {
    let mut known: BTreeMap<String, Campaign> = BTreeMap::new();
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    let (mut begun, mut ends) = (BTreeSet::new(), BTreeMap::new());
    for found in found {
        let marks = names(keys, &found.entry);
        let in_store = store.get(Kind::CampaignNames, &marks, now)?.into_iter().flatten().next();
        let in_store = in_store.and_then(|name| String::from_utf8(name).ok());
        let name = marks.iter().find_map(|mark| named.get(mark).cloned()).or(in_store);
        let name =
            name.unwrap_or_else(|| marks.first().into_iter().flat_map(|mark| mark.chars()).take(NAME_DIGITS).collect());
        if !known.contains_key(&name) {
            let value = store.get(Kind::Campaigns, std::slice::from_ref(&name), now)?.into_iter().flatten().next();
            let campaign = value.and_then(|value| Campaign::read(&name, &value)).unwrap_or_else(|| {
                begun.insert(name.clone());
                Campaign { name: name.clone(), began: found.at, last: found.at, recipients: 0, marks: BTreeSet::new() }
            });
            known.insert(name.clone(), campaign);
        }
        let Some(campaign) = known.get_mut(&name) else { continue };
        campaign.last = campaign.last.max(found.at);
        campaign.recipients = campaign.recipients.max(found.recipients);
        let room = limits::CAMPAIGN_MARKS_MAX.saturating_sub(campaign.marks.len());
        campaign.marks.extend(present_names(keys, &found.entry).into_iter().take(room));
        ends.insert(name.clone(), found.at.saturating_add(found.lasts));
        named.extend(marks.into_iter().map(|mark| (mark, name.clone())));
    }
    let expires = |name: &String| ends.get(name).copied().unwrap_or(now);
    let puts =
        named.iter().map(|(mark, name)| (Kind::CampaignNames, mark.clone(), name.clone().into_bytes(), expires(name)));
    let texts = known.values().map(|campaign| {
        (Kind::Campaigns, campaign.name.clone(), campaign.text().into_bytes(), expires(&campaign.name))
    });
    let changes: Vec<Change> =
        puts.chain(texts).map(|(kind, key, value, expires)| Change::Put { kind, key, value, expires }).collect();
    store.change(&changes, now)?;
    Ok(known.into_values().filter(|campaign| begun.contains(&campaign.name)).collect())
}

/// All campaigns that are remembered, the last one first.
///
/// # Errors
/// The store cannot be read.
pub fn all(store: &dyn Store, now: i64) -> Result<Vec<Campaign>, Trouble> {
    let found = store.all(Kind::Campaigns, now)?;
    let mut campaigns: Vec<Campaign> = found.iter().filter_map(|(name, value)| Campaign::read(name, value)).collect();
    campaigns.sort_by_key(|campaign| std::cmp::Reverse(campaign.last));
    Ok(campaigns)
}

/// The copies of a campaign that are remembered, in order of time, those from before it was found included.
///
/// # Errors
/// The store cannot be read.
pub fn copies(store: &dyn Store, campaign: &Campaign, now: i64) -> Result<Vec<Copied>, Trouble> {
    let marks: Vec<String> = campaign.marks.iter().cloned().collect();
    let values = store.get(Kind::Shapes, &marks, now)?;
    let copies: BTreeSet<Copied> =
        values.iter().flatten().flat_map(|value| value.chunks(WIDTH).filter_map(Copied::read)).collect();
    Ok(copies.into_iter().collect())
}

/// The names of the marks of a shape, by the present key and the one before.
fn names(keys: &Keys, entry: &Entry) -> Vec<String> {
    entry.about.split(' ').flat_map(|mark| keys.names_of(&format!("shape {mark}"))).collect()
}

fn present_names(keys: &Keys, entry: &Entry) -> Vec<String> {
    entry.about.split(' ').filter_map(|mark| keys.names_of(&format!("shape {mark}")).into_iter().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::entry::Sort, world::store::file::File};

    #[test]
    fn what_passed_before_a_campaign_was_found_is_found_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = File::new(&folder.path().join("state.redb"));
        let keys = Keys::read(&store, 0).unwrap();
        let entry = |marks| Entry::new(Sort::Shape(300), marks);
        let copy = |marks, to: u32, at| {
            let copies = [(Address::new(&format!("p{to}@School.example")), Fate::Passed)];
            store.change(&copied(&keys, &entry(marks), &copies, &format!("{to:010x}"), at, 9000), at).unwrap();
        };
        for to in 0..5 {
            copy("a b", to, 100);
        }
        copy("b c", 4, 250);
        let reached = |marks, now| reached(&store, &keys, &entry(marks), now).unwrap();
        assert_eq!(reached("a b", 300), Some(5), "the fourth is one recipient");
        assert_eq!(reached("c", 300), Some(1));
        copy("b c", 5, 390);
        assert_eq!((reached("b", 400), reached("d", 400)), (Some(2), None), "the window slides");
        let found = |marks, recipients, at| Found { entry: entry(marks), recipients, at, lasts: 9000 };
        let begun = note(&store, &keys, &[found("a b", 5, 300), found("b c", 6, 301)], 301).unwrap();
        assert_eq!(begun.len(), 1, "one mark in common is one campaign");
        assert!(note(&store, &keys, &[found("c x", 7, 400)], 400).unwrap().is_empty(), "it is known");
        let campaigns = all(&store, 500).unwrap();
        let [campaign] = campaigns.as_slice() else { panic!("{campaigns:?}") };
        assert_eq!((campaign.began, campaign.last, campaign.recipients), (300, 400, 7));
        let copies = copies(&store, campaign, 500).unwrap();
        assert_eq!(copies.len(), 7);
        assert!(copies.iter().any(|copy| &copy.reference == b"0000000000" && copy.at == 100));
        assert!(all(&store, 9400).unwrap().is_empty());
    }
}
