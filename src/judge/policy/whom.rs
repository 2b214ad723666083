//! Whom an entry of a policy file means: one mailbox, or all of a domain.
//!
//! Pure. A mailbox is the same one with a tag behind `+`, in quotes and behind a route: a class is not escaped by spelling.

use crate::{
    judge::document::{Document, Value},
    mail::address::{Address, Domain},
};
use std::{borrow::Cow, collections::BTreeMap};

/// Whom an entry means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    Address(Address),
    /// All addresses of a domain.
    Domain(Domain),
}

impl Whom {
    /// Reads an address, `@domain`, or a domain with a dot.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('@') {
            Some(domain) => Domain::parse(domain).map(Self::Domain),
            None if text.contains('@') => {
                Some(Address::new(text)).filter(|address| address.domain().is_some()).map(Self::Address)
            }
            None if text.contains('.') => Domain::parse(text).map(Self::Domain),
            None => None,
        }
    }

    /// Is the recipient meant?
    #[must_use]
    pub fn is(&self, recipient: &Address) -> bool {
        match self {
            Self::Address(address) => {
                let (entry, theirs) = (local_part(address), local_part(recipient));
                let mailbox = theirs.split_once('+').map_or(theirs.as_ref(), |(mailbox, _)| mailbox);
                (entry.eq_ignore_ascii_case(&theirs) || entry.eq_ignore_ascii_case(mailbox))
                    && address.domain() == recipient.domain()
            }
            Self::Domain(domain) => recipient.domain().is_some_and(|theirs| theirs == *domain),
        }
    }
}

impl std::fmt::Display for Whom {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => write!(out, "{address}"),
            Self::Domain(domain) => write!(out, "@{domain}"),
        }
    }
}

/// Domains that were read before, by their text: many addresses share one.
#[derive(Debug, Default)]
pub struct Domains(BTreeMap<String, Option<Domain>>);

/// A mailbox as a key: the same one however it is spelled, tag included; nothing where there is no domain.
#[must_use]
pub fn mailbox(address: &Address, domains: &mut Domains) -> Option<String> {
    let text = address.domain_text()?;
    let domain = match domains.0.get(text) {
        Some(known) => known.as_ref()?,
        None => domains.0.entry(text.to_owned()).or_insert_with(|| address.domain()).as_ref()?,
    };
    let local = local_part(address).to_ascii_lowercase();
    (!local.is_empty()).then(|| format!("{local}@{domain}"))
}

/// The key of the mailbox that a key with a tag behind `+` belongs to.
#[must_use]
pub fn without_tag(mailbox: &str) -> Option<String> {
    let (local, domain) = mailbox.rsplit_once('@')?;
    let (plain, _) = local.split_once('+')?;
    Some(format!("{plain}@{domain}"))
}

/// The local part without a source route (RFC 5321 appendix C) and without quotes (4.1.2).
fn local_part(address: &Address) -> Cow<'_, str> {
    let local = address.local_part();
    let local = if local.starts_with('@') { local.split_once(':').map_or(local, |(_, rest)| rest) } else { local };
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Cow::Borrowed(local);
    };
    let mut plain = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    Cow::Owned(plain)
}

/// Reads the value of `recipients`; what is no recipient is complained about, and an empty list too.
pub fn read(document: &Document<'_>, value: &Value<'_>) -> Vec<Whom> {
    let entries = document.texts(value).unwrap_or_default();
    if entries.is_empty() {
        document.complain(value.span(), "names nobody; leave `recipients` out in the class for everybody");
    }
    let mut found = Vec::new();
    for (text, span) in entries {
        match Whom::parse(&text) {
            Some(whom) => found.push(whom),
            None => {
                document
                    .complain(span, format!("`{text}` is no recipient: an address, or @domain for all of a domain"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_not_escaped_by_another_spelling() {
        let head = Whom::parse("head@amt.example").unwrap();
        for same in [
            "HEAD@amt.example",
            "head+x@amt.example",
            "head+@amt.example",
            "\"head\"@amt.example",
            "\"he\\ad+x\"@amt.example",
            "@relay.example:head@Amt.Example.",
        ] {
            assert!(head.is(&Address::new(same)), "{same}");
        }
        for other in ["heads@amt.example", "+head@amt.example", "head@b.example", "head", "x+head@amt.example"] {
            assert!(!head.is(&Address::new(other)), "{other}");
        }
        let tagged = Whom::parse("head+press@amt.example").unwrap();
        assert!(tagged.is(&Address::new("head+press@amt.example")) && !tagged.is(&Address::new("head@amt.example")));
    }

    #[test]
    fn a_domain_is_all_its_addresses_and_nothing_below() {
        for text in ["@amt.example", "amt.example"] {
            let amt = Whom::parse(text).unwrap();
            assert!(amt.is(&Address::new("x@AMT.example")) && !amt.is(&Address::new("x@a.amt.example")));
        }
        assert_eq!(Whom::parse("x"), None);
        assert_eq!(Whom::parse("x@"), None);
    }
}
