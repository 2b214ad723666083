//! Author fields: no reading that some reader could have is lost, and what is well formed is read as it is meant.
//!
//! 1. Any head gives a bounded list of distinct authors, their domains in comparable form, and says when none is there.
//! 2. In a From field without quotes, comments and encoded-words, whatever stands between `@` and a bracket, comma or
//!    the end is among the domains, if it is a domain with a dot; unless there is more than is read, and that is said.
//! 3. A well-formed mailbox gives its own domain and no other, whatever its quoted name and comment hold.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use wehr::{
    limits,
    mail::{
        address::Domain,
        author::{self, Authorship, Oddity},
        head::{Field, Head},
    },
};

fn check(found: &Authorship, head: &Head) {
    assert!(found.authors.len() <= limits::AUTHORS_MAX);
    for (at, author) in found.authors.iter().enumerate() {
        assert!(!found.authors[..at].contains(author), "twice: {author:?}");
        if let Some(domain) = &author.domain {
            assert_eq!(Domain::parse(domain.as_str()).as_ref(), Some(domain));
            assert!(domain.as_str().contains('.'));
        }
    }
    let has_domain = found.authors.iter().any(|author| author.domain.is_some());
    let has_field = head.first("From").is_some();
    assert!(found.oddities.contains(&Oddity::Missing) || (has_domain && has_field));
    assert!(found.oddities.contains(&Oddity::SeveralFields) || head.all("From").count() < 2);
    let _ = Authorship::foreign_names(&found.authors);
}

/// The domains that a naive reader finds in a plain field.
fn naive(field: &Field) -> BTreeSet<Domain> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !b"\"()\\".contains(byte);
    if !field.is("From") || !field.value.iter().all(is_plain) || field.value.windows(2).any(|pair| pair == b"=?") {
        return BTreeSet::new();
    }
    let text = String::from_utf8_lossy(&field.value);
    let mut domains = BTreeSet::new();
    for rest in text.split('@').skip(1) {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
        let name = &rest[..rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len())];
        let ends = matches!(rest.as_bytes().get(name.len()), Some(b'>' | b'<' | b',' | b';') | None);
        if ends && name.contains('.') && !name.ends_with('.') {
            domains.extend(Domain::parse(name));
        }
    }
    domains
}

/// Octets that stay within their quotes or comment.
fn inner(octets: &[u8]) -> Vec<u8> {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | b'(' | b')');
    octets
        .iter()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .flat_map(|byte| special(byte).then_some(b'\\').into_iter().chain([*byte]))
        .collect()
}

/// A host name whose labels are drawn from octets.
fn host(octets: &[u8]) -> String {
    let label: String = octets
        .iter()
        .take(20)
        .map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[usize::from(*byte) % 36]))
        .collect();
    format!("x{label}.example")
}

fn check_well_formed(raw: &[u8]) {
    let [shape, length, octets @ ..] = raw else { return };
    let (name, comment) = octets.split_at(octets.len().min(usize::from(*length)));
    let domain = host(name);
    let mut line = b"From: \"".to_vec();
    line.extend(inner(name));
    line.extend_from_slice(b"\" ");
    for part in 0..3 {
        let address = match part {
            0 => "<u",
            1 => "@",
            _ => domain.as_str(),
        };
        line.extend_from_slice(address.as_bytes());
        if shape & (1 << part) != 0 {
            line.push(b'(');
            line.extend(inner(comment));
            line.push(b')');
        }
    }
    line.extend_from_slice(b">\r\n\r\n");
    let found = author::read(&Head::parse(&Bytes::from(line)));
    let domains: Vec<String> = found.domains().iter().map(ToString::to_string).collect();
    assert_eq!(domains, [domain], "{found:?}");
}

fuzz_target!(|raw: &[u8]| {
    let head = Head::parse(&Bytes::copy_from_slice(raw));
    let found = author::read(&head);
    check(&found, &head);
    if !found.oddities.contains(&Oddity::TooMany) {
        let domains: BTreeSet<Domain> = found.domains().into_iter().collect();
        for field in head.fields() {
            let missed: Vec<Domain> = naive(field).difference(&domains).cloned().collect();
            assert!(missed.is_empty(), "{missed:?} in {:?}", field.raw);
        }
    }
    check_well_formed(raw);
});
