//! Authors: every address that some reader could take for the sender's (RFC 5322 3.6.2), and what is odd about them.
//!
//! Pure, and linear in the octets. Readers disagree about broken From fields, and attackers live from that: so this does
//! not pick a reading but takes them all. Properly quoted strings and comments hide what is in them, for every reader
//! we know honours those; where the quoting is broken, both readings count.

pub mod addresses;
pub mod domains;
pub mod sources;

use self::sources::{Kind, Source};
use super::{address::Domain, head::Head};
use crate::limits;
use std::collections::BTreeSet;

/// One author address as some reader could show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// Display name, decoded.
    pub name: String,
    /// addr-spec, verbatim.
    pub address: String,
    pub domain: Option<Domain>,
}

/// Something about the author fields that makes readers disagree or deceives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// No From field, or none with an address in a domain.
    Missing,
    /// More than one From field (RFC 5322 3.6 allows one).
    SeveralFields,
    /// A field that some read as From and others do not: `From :`, `Fr om:`, `From\u{ff}:`.
    OddFieldName,
    /// NUL or another control character.
    Control,
    /// Characters that turn the direction of text round.
    Override,
    /// Characters that are not seen, within an address.
    Invisible,
    /// An address that only those see who decode encoded-words first.
    EncodedAddress,
    /// A domain with characters that domains do not have, or without a dot.
    BadDomain,
    /// A label that mixes scripts whose letters look alike.
    MixedScripts,
    /// More addresses or fields than are read.
    TooMany,
}

impl Oddity {
    /// For findings and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "no author address",
            Self::SeveralFields => "several From fields",
            Self::OddFieldName => "a field name that some read as From",
            Self::Control => "a control character",
            Self::Override => "a character that reverses text",
            Self::Invisible => "an invisible character in an address",
            Self::EncodedAddress => "an encoded address",
            Self::BadDomain => "something that is no domain",
            Self::MixedScripts => "a domain that mixes scripts",
            Self::TooMany => "more authors or fields than are read",
        }
    }
}

/// All authors of a head, and what is odd about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorship {
    /// Deduplicated, in order of appearance.
    pub authors: Vec<Author>,
    pub oddities: BTreeSet<Oddity>,
}

impl Authorship {
    /// Every domain that some reader could show, each once.
    #[must_use]
    pub fn domains(&self) -> Vec<Domain> {
        let mut domains: Vec<Domain> = Vec::new();
        for domain in self.authors.iter().filter_map(|author| author.domain.as_ref()) {
            if !domains.contains(domain) {
                domains.push(domain.clone());
            }
        }
        domains
    }

    /// Addresses of other domains that a display name shows: some readers show nothing else of the author.
    #[must_use]
    pub fn foreign_names(authors: &[Author]) -> Vec<&str> {
        let is_foreign = |author: &&Author| {
            let (Some((_, shown)), Some(own)) = (author.name.rsplit_once('@'), &author.domain) else { return false };
            let is_part = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '.');
            let shown: String = shown.chars().take_while(is_part).take(limits::ADDRESS_BYTES_MAX).collect();
            let shown = Domain::parse(&shown).filter(|domain| domain.as_str().contains('.'));
            shown.is_some_and(|shown| shown.registrable() != own.registrable())
        };
        authors.iter().filter(is_foreign).map(|author| author.name.as_str()).collect()
    }

    pub(super) fn add(&mut self, author: Author) {
        if self.authors.contains(&author) {
            return;
        }
        if self.authors.len() >= limits::AUTHORS_MAX {
            self.oddities.insert(Oddity::TooMany);
            return;
        }
        self.authors.push(author);
    }
}

/// Every author of every From field, lenient and strict readings together, deduplicated.
#[must_use]
pub fn authors(head: &Head) -> Vec<Author> {
    read(head).authors
}

/// Reads the author fields of a head.
#[must_use]
pub fn read(head: &Head) -> Authorship {
    let mut found = Authorship::default();
    let sources = sources::of(head);
    let count = |kind: Kind| sources.iter().filter(|source| source.kind == kind).count();
    let exact = count(Kind::From);
    if exact > 1 {
        found.oddities.insert(Oddity::SeveralFields);
    }
    if count(Kind::OddFrom) > 0 {
        found.oddities.insert(Oddity::OddFieldName);
    }
    if head.cut || sources.len() > limits::AUTHORS_MAX {
        found.oddities.insert(Oddity::TooMany);
    }
    let is_from = |source: &&Source| matches!(source.kind, Kind::From | Kind::OddFrom);
    sources.iter().filter(is_from).for_each(|source| addresses::read(&source.value, &mut found));
    // RFC 5322 3.6.2: with several authors there is a Sender, and some readers show it instead.
    let several = found.authors.len() > 1;
    let is_shown = |source: &&Source| match source.kind {
        Kind::Sender => several || exact == 0,
        Kind::ResentFrom => exact == 0,
        Kind::From | Kind::OddFrom => false,
    };
    sources.iter().filter(is_shown).for_each(|source| addresses::read(&source.value, &mut found));
    if exact == 0 || found.authors.iter().all(|author| author.domain.is_none()) {
        found.oddities.insert(Oddity::Missing);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn read_from(value: &str) -> Authorship {
        read(&Head::parse(&Bytes::from(format!("From: {value}\r\n\r\n"))))
    }

    fn domains_of(value: &str) -> Vec<String> {
        read_from(value).domains().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ordinary_authors() {
        let author = read_from("\"Doe, John (x@y.z)\" <john@Example.ORG>");
        assert_eq!(author.authors.len(), 1);
        assert_eq!(author.authors[0].name, "Doe, John (x@y.z)");
        assert_eq!(author.authors[0].address, "john@Example.ORG");
        assert!(author.oddities.is_empty(), "{:?}", author.oddities);
        assert_eq!(read_from("=?utf-8?q?J=C3=B6rg?= <j@a.example>").authors[0].name, "J\u{f6}rg");
        assert!(read_from("=?utf-8?q?j=40b.example?= <j@a.example>").oddities.is_empty());
    }

    #[test]
    fn every_reading_counts() {
        assert_eq!(domains_of("<any@a.example>admin@b.example"), ["a.example", "b.example"]);
        assert_eq!(domains_of("<@a.example, @c.example: admin@b.example>"), ["a.example", "c.example", "b.example"]);
        assert_eq!(domains_of("admin(x)@b.example (y)"), ["b.example"]);
        assert_eq!(domains_of("<admin@b . example>"), ["b.example"]);
        assert_eq!(domains_of("\"open <x@a.example>, y@b.example"), ["a.example", "b.example"]);
        assert_eq!(domains_of("=?utf-8?B?PGFkbWluQGIuZXhhbXBsZT4=?=, <any@a.example>"), ["a.example", "b.example"]);
        assert_eq!(domains_of("<admin@b.example\u{2000}>"), ["b.example"]);
        assert!(read_from("<admin@b.example\u{2000}>").oddities.contains(&Oddity::Invisible));
        assert!(read_from("<admin@legitim\u{430}te.com>").oddities.contains(&Oddity::MixedScripts));
        assert!(read_from("nobody").oddities.contains(&Oddity::Missing));
    }

    #[test]
    fn a_line_without_name_hides_no_author() {
        let found = read_from("a@b.example\r\n.c@d.example\r\n.e\r\nX: y");
        let domains: Vec<String> = found.domains().iter().map(ToString::to_string).collect();
        assert_eq!(domains, ["b.example", "b.example.c", "d.example.e"]);
        assert!(found.oddities.contains(&Oddity::OddFieldName));
    }

    #[test]
    fn more_fields_than_are_read_are_told() {
        let found = read_from(&"x\r\nFrom: ".repeat(limits::AUTHORS_MAX + 1));
        assert!(found.oddities.contains(&Oddity::TooMany));
    }
}
