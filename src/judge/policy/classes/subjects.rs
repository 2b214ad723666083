//! Subjects: persons by a stable identifier, with the addresses they have now and the class that counts for them.
//!
//! Pure. Another program keeps them (a school's portal): an address or a school changes, the identifier stays. An
//! address belongs to one subject at most. A subject's class counts before those that name its address or domain.

use super::super::whom::{self, Domains};
use crate::{limits, mail::address::Address};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names the form of the file.
const FORMAT: &str = "wehr-subjects 1";

/// One person, or whatever else has addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    pub addresses: Vec<String>,
    /// Name of a class of recipients.
    pub class: String,
    /// Since when it is so, RFC 3339.
    pub since: String,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    known: BTreeMap<String, Subject>,
    /// Whose a mailbox is.
    by_mailbox: BTreeMap<String, String>,
}

/// Why a subject is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The identifier, or an address, cannot be one; what is wrong.
    Wrong(String),
    /// This address belongs to that subject.
    Taken {
        address: String,
        subject: String,
    },
    TooMany,
}

#[derive(Serialize)]
struct Saving<'s> {
    format: &'static str,
    subjects: &'s BTreeMap<String, Subject>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    format: String,
    subjects: BTreeMap<String, Subject>,
}

impl Subjects {
    /// Reads a file of subjects.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let saved: Saved = serde_json::from_str(text)
            .map_err(|error| format!("no file of subjects: {error}; put a copy of it back, or take it away"))?;
        if saved.format != FORMAT {
            return Err(format!("made as `{}`, this program reads `{FORMAT}`", saved.format));
        }
        let (mut subjects, mut domains) = (Self::default(), Domains::default());
        for (name, subject) in saved.subjects {
            subjects
                .put_knowing(&name, subject, &mut domains)
                .map_err(|refusal| format!("subject `{name}`: {refusal}"))?;
        }
        Ok(subjects)
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let saving = Saving { format: FORMAT, subjects: &self.known };
        serde_json::to_string_pretty(&saving).unwrap_or_default() + "\n"
    }

    /// Puts a subject in place of the one with this identifier.
    ///
    /// # Errors
    /// Why it is not taken; nothing has changed then.
    pub fn put(&mut self, name: &str, subject: Subject) -> Result<(), Refusal> {
        self.put_knowing(name, subject, &mut Domains::default())
    }

    fn put_knowing(&mut self, name: &str, mut subject: Subject, domains: &mut Domains) -> Result<(), Refusal> {
        if !is_name(name) {
            let wrong = "is no identifier: 1 to 128 letters, digits and - . _ ~ :";
            return Err(Refusal::Wrong(format!("`{name}` {wrong}")));
        }
        if self.known.len() >= limits::SUBJECTS_MAX && !self.known.contains_key(name) {
            return Err(Refusal::TooMany);
        }
        if subject.addresses.is_empty() || subject.addresses.len() > limits::SUBJECT_ADDRESSES_MAX {
            let most = limits::SUBJECT_ADDRESSES_MAX;
            return Err(Refusal::Wrong(format!("1 to {most} addresses are needed")));
        }
        let mut mailboxes = Vec::new();
        for text in &subject.addresses {
            let mailbox = whom::mailbox(&Address::new(text), domains);
            let mailbox = mailbox.ok_or_else(|| Refusal::Wrong(format!("`{text}` is no address")))?;
            match self.by_mailbox.get(&mailbox) {
                Some(other) if other != name => {
                    return Err(Refusal::Taken { address: text.clone(), subject: other.clone() });
                }
                _ => mailboxes.push(mailbox),
            }
        }
        mailboxes.sort();
        mailboxes.dedup();
        subject.addresses.clone_from(&mailboxes);
        self.remove(name);
        self.by_mailbox.extend(mailboxes.into_iter().map(|mailbox| (mailbox, name.to_owned())));
        self.known.insert(name.to_owned(), subject);
        Ok(())
    }

    /// Takes a subject away.
    pub fn remove(&mut self, name: &str) -> Option<Subject> {
        let gone = self.known.remove(name)?;
        for mailbox in &gone.addresses {
            self.by_mailbox.remove(mailbox);
        }
        Some(gone)
    }

    /// Takes an address off its subject; a subject whose last one it was goes. Answers with whose it was.
    pub fn forget(&mut self, address: &Address) -> Option<String> {
        let whole = whom::mailbox(address, &mut Domains::default())?;
        let mailbox = if self.by_mailbox.contains_key(&whole) { whole } else { whom::without_tag(&whole)? };
        let name = self.by_mailbox.get(&mailbox)?.clone();
        let mut subject = self.remove(&name)?;
        subject.addresses.retain(|known| *known != mailbox);
        if !subject.addresses.is_empty() {
            self.by_mailbox.extend(subject.addresses.iter().map(|mailbox| (mailbox.clone(), name.clone())));
            self.known.insert(name.clone(), subject);
        }
        Some(name)
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Subject> {
        self.known.get(name)
    }

    /// All of them, by identifier.
    #[must_use]
    pub fn all(&self) -> &BTreeMap<String, Subject> {
        &self.known
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whom a recipient's address belongs to, with its identifier; a tag behind `+` is the mailbox's.
    #[must_use]
    pub fn of(&self, recipient: &Address) -> Option<(&str, &Subject)> {
        if self.known.is_empty() {
            return None;
        }
        let whole = whom::mailbox(recipient, &mut Domains::default())?;
        let name = self.by_mailbox.get(&whole).or_else(|| self.by_mailbox.get(&whom::without_tag(&whole)?))?;
        self.known.get_key_value(name).map(|(name, subject)| (name.as_str(), subject))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wrong(what) => out.write_str(what),
            Self::Taken { address, subject } => write!(out, "{address} belongs to the subject `{subject}`"),
            Self::TooMany => write!(out, "there are {} subjects already", limits::SUBJECTS_MAX),
        }
    }
}

/// Identifiers stand in paths of requests as they are (RFC 3986 2.3), so they have no other characters.
fn is_name(name: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b"-._~:".contains(&letter);
    !name.is_empty()
        && name.len() <= limits::SUBJECT_NAME_BYTES_MAX
        && name.bytes().all(fits)
        && !name.bytes().all(|letter| letter == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(addresses: &[&str], class: &str) -> Subject {
        let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
        Subject { addresses, class: class.to_owned(), since: "2026-03-01T09:14:07Z".to_owned() }
    }

    #[test]
    fn a_subject_goes_with_its_last_address() {
        let mut subjects = Subjects::default();
        subjects.put("p-1", subject(&["anna@school.example", "anna@home.example"], "pupils")).unwrap();
        subjects.put("p-2", subject(&["bea@school.example"], "pupils")).unwrap();
        assert_eq!(subjects.forget(&Address::new("Anna+x@school.example")).as_deref(), Some("p-1"));
        assert_eq!(subjects.get("p-1").unwrap().addresses, ["anna@home.example"]);
        assert_eq!(subjects.of(&Address::new("anna@home.example")).map(|(name, _)| name), Some("p-1"));
        assert_eq!(subjects.forget(&Address::new("anna@school.example")), None);
        assert_eq!(subjects.forget(&Address::new("anna@home.example")).as_deref(), Some("p-1"));
        assert_eq!(subjects.all().keys().collect::<Vec<_>>(), ["p-2"]);
    }

    #[test]
    fn an_address_belongs_to_one_subject() {
        let mut subjects = Subjects::default();
        subjects.put("p-1", subject(&["Anna@School.example", "anna@school.example"], "pupils")).unwrap();
        assert_eq!(subjects.get("p-1").unwrap().addresses, ["anna@school.example"]);
        let refusal = subjects.put("p-2", subject(&["\"anna\"@school.example"], "staff")).unwrap_err();
        assert!(matches!(refusal, Refusal::Taken { subject, .. } if subject == "p-1"));
        subjects.put("p-1", subject(&["anna@other.example"], "pupils")).unwrap();
        subjects.put("p-2", subject(&["anna@school.example"], "staff")).unwrap();
        let of = |text: &str| subjects.of(&Address::new(text)).map(|(name, _)| name);
        assert_eq!(of("ANNA+x@other.example"), Some("p-1"));
        assert_eq!(of("anna@school.example"), Some("p-2"));
        assert_eq!(of("ben@school.example"), None);
    }

    #[test]
    fn what_was_written_is_read_again() {
        let mut subjects = Subjects::default();
        subjects.put("p-1", subject(&["a@b.example"], "pupils")).unwrap();
        assert_eq!(Subjects::read(&subjects.to_text()), Ok(subjects.clone()));
        assert!(subjects.remove("p-1").is_some() && subjects.is_empty());
        assert_eq!(Subjects::read(&subjects.to_text()), Ok(subjects));
        let other = "{\"format\": \"wehr-subjects 2\", \"subjects\": {}}";
        assert!(Subjects::read(other).unwrap_err().contains("wehr-subjects 1"));
        assert!(Subjects::read("{").is_err());
    }

    #[test]
    fn what_is_no_identifier_or_address_is_refused() {
        let mut subjects = Subjects::default();
        for (name, addresses) in [
            ("", vec!["a@b.example"]),
            ("a/b", vec!["a@b.example"]),
            ("..", vec!["a@b.example"]),
            ("a", vec!["b"]),
            ("a", vec![]),
        ] {
            assert!(matches!(subjects.put(name, subject(&addresses, "x")), Err(Refusal::Wrong(_))), "{name}");
        }
        assert!(subjects.is_empty());
    }
}
