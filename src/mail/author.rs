//! Authors: every address that some reader could take for the sender's (RFC 5322 3.6.2), and what is odd about them.
//!
//! Pure, and linear in the octets. Readers disagree about broken From fields, and attackers live from that: so this does
//! not pick a reading but takes them all. Properly quoted strings and comments hide what is in them, for every reader
//! we know honours those; where the quoting is broken, both readings count.

use super::{
    address::Domain,
    head::{Field, Head},
};
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

    fn add(&mut self, author: Author) {
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

/// The name of a field as the most lenient reader sees it: lower case, without spaces, controls and foreign octets.
#[must_use]
pub fn visible_name(name: &[u8]) -> Vec<u8> {
    name.iter().filter(|byte| byte.is_ascii_graphic()).map(u8::to_ascii_lowercase).collect()
}

/// A field that some reader could take the author from.
struct Source {
    kind: Kind,
    value: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    From,
    /// From only for readers that overlook spaces, foreign octets or line ends.
    OddFrom,
    Sender,
    ResentFrom,
}

/// Reads the author fields of a head.
#[must_use]
pub fn read(head: &Head) -> Authorship {
    let mut found = Authorship::default();
    let sources = sources(head);
    let count = |kind: Kind| sources.iter().filter(|source| source.kind == kind).count();
    let exact = count(Kind::From);
    if exact > 1 {
        found.oddities.insert(Oddity::SeveralFields);
    }
    if count(Kind::OddFrom) > 0 {
        found.oddities.insert(Oddity::OddFieldName);
    }
    if head.cut {
        found.oddities.insert(Oddity::TooMany);
    }
    let is_from = |source: &&Source| matches!(source.kind, Kind::From | Kind::OddFrom);
    sources.iter().filter(is_from).for_each(|source| value(&source.value, &mut found));
    // RFC 5322 3.6.2: with several authors there is a Sender, and some readers show it instead.
    let several = found.authors.len() > 1;
    let is_shown = |source: &&Source| match source.kind {
        Kind::Sender => several || exact == 0,
        Kind::ResentFrom => exact == 0,
        Kind::From | Kind::OddFrom => false,
    };
    sources.iter().filter(is_shown).for_each(|source| value(&source.value, &mut found));
    if exact == 0 || found.authors.iter().all(|author| author.domain.is_none()) {
        found.oddities.insert(Oddity::Missing);
    }
    found
}

fn sources(head: &Head) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    let mut is_open = false;
    for field in head.fields() {
        // A line that is no field, straight after an author field: lenient readers take it for a fold.
        if is_open && !has_plain_name(field) {
            if let Some(source) = sources.last_mut() {
                source.kind = Kind::OddFrom;
                source.value.push(b' ');
                source.value.extend_from_slice(&field.raw);
            }
            continue;
        }
        let kind = match () {
            () if field.is("From") => Some(Kind::From),
            () if looks_like(&field.name, b"from") => Some(Kind::OddFrom),
            () if looks_like(&field.name, b"sender") => Some(Kind::Sender),
            () if looks_like(&field.name, b"resent-from") => Some(Kind::ResentFrom),
            () => None,
        };
        is_open = matches!(kind, Some(Kind::From | Kind::OddFrom));
        if let Some(kind) = kind {
            sources.push(Source { kind, value: field.value.to_vec() });
        }
        if field.value.contains(&b'\r') || field.value.contains(&b'\n') {
            sources.extend(hidden(field));
        }
        if sources.len() > limits::AUTHORS_MAX {
            break;
        }
    }
    sources
}

/// `From: a@b` on a line of its own inside another field, seen by readers that break lines elsewhere than we do.
fn hidden(field: &Field) -> Option<Source> {
    // Lists of signed field names look alike: `h=...` goes on with `From:To:Subject` in the next line.
    let is_signature = field.name.to_ascii_lowercase().windows(4).any(|part| part == b"sign" || part == b"seal");
    if is_signature {
        return None;
    }
    let lines = field.value.split(|byte| matches!(byte, b'\r' | b'\n')).skip(1);
    let authors = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, rest) = line.split_at(colon);
        (looks_like(name, b"from") && rest.contains(&b'@')).then(|| rest.get(1..).unwrap_or_default())
    });
    let value = authors.collect::<Vec<_>>().join(&b',');
    (!value.is_empty()).then_some(Source { kind: Kind::OddFrom, value })
}

/// Is this the name for the most lenient reader?
fn looks_like(name: &[u8], wanted: &[u8]) -> bool {
    let visible = name.iter().filter(|byte| byte.is_ascii_graphic()).map(u8::to_ascii_lowercase);
    visible.eq(wanted.iter().copied())
}

fn has_plain_name(field: &Field) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' ' | b'\t');
    !field.name.is_empty() && field.name.iter().all(is_plain)
}

/// Reads one field value in every way.
fn value(raw: &[u8], found: &mut Authorship) {
    let text = String::from_utf8_lossy(raw).replace(['\r', '\n'], " ");
    if text.chars().any(|letter| letter.is_control() && letter != '\t') {
        found.oddities.insert(Oddity::Control);
    }
    if text.chars().any(|letter| matches!(letter, '\u{202d}' | '\u{202e}')) {
        found.oddities.insert(Oddity::Override);
    }
    let (masked, is_balanced) = mask(&text);
    let is_seen = masked.contains(&b'@');
    addresses(&text, &masked, found);
    if !is_balanced {
        addresses(&text, text.as_bytes(), found);
    }
    if text.contains("=?") {
        encoded(&text, &masked, found);
    }
    if !is_seen {
        // No address as the grammar has it: some readers show what stands in comments or quotes.
        found.oddities.insert(Oddity::Missing);
        addresses(&text, text.as_bytes(), found);
    }
}

/// The text with comments as spaces and quoted strings as letters, octet for octet; and whether all of them end.
fn mask(text: &str) -> (Vec<u8>, bool) {
    let mut masked = text.as_bytes().to_vec();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in &mut masked {
        let (inside, original) = (depth > 0 || quoted, *byte);
        let is_escaped = std::mem::take(&mut escaped);
        if inside && original == b'\\' && !is_escaped {
            escaped = true;
        }
        if inside {
            *byte = if quoted { b'q' } else { b' ' };
        }
        if is_escaped {
            continue;
        }
        match original {
            b'"' if depth == 0 => {
                quoted = !quoted;
                *byte = b'q';
            }
            b'(' if !quoted => {
                depth += 1;
                *byte = b' ';
            }
            b')' if !quoted && depth > 0 => depth -= 1,
            _ => {}
        }
    }
    let is_balanced = depth == 0 && !quoted;
    (masked, is_balanced)
}

fn ends_token(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f || b"<>,;:()@\"".contains(&byte)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Every `local@domain` in the masked text; `text` has the same octets unmasked.
fn addresses(text: &str, masked: &[u8], found: &mut Authorship) {
    let mut element = 0;
    let mut count = 0;
    for (at, byte) in masked.iter().copied().enumerate() {
        if matches!(byte, b',' | b';') {
            element = at + 1;
        }
        if byte != b'@' {
            continue;
        }
        count += 1;
        if count > limits::AUTHORS_MAX {
            found.oddities.insert(Oddity::TooMany);
            return;
        }
        let before = masked.get(element..at).unwrap_or_default();
        let local_end = element + before.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
        let before = masked.get(element..local_end).unwrap_or_default();
        let local_start = element + before.iter().rposition(|byte| ends_token(*byte)).map_or(0, |last| last + 1);
        let token = domain_token(text, masked, at + 1);
        let local = text.get(local_start..local_end).unwrap_or_default();
        let name = display_name(text, masked, element, local_start);
        domains(&token, found, |domain| Author { name: name.clone(), address: format!("{local}@{token}"), domain });
    }
}

/// What follows the `@`: labels, also with blanks around the dots (RFC 5322 4.4).
fn domain_token(text: &str, masked: &[u8], start: usize) -> String {
    let mut token = String::new();
    let mut at = start;
    loop {
        let blanks = masked.get(at..).unwrap_or_default().iter().take_while(|byte| is_blank(**byte)).count();
        let continues = token.is_empty() || token.ends_with('.') || masked.get(at + blanks) == Some(&b'.');
        if !continues {
            return token;
        }
        at += blanks;
        let rest = masked.get(at..).unwrap_or_default();
        let length = rest.iter().position(|byte| ends_token(*byte)).unwrap_or(rest.len());
        if length == 0 || token.len() > limits::ADDRESS_BYTES_MAX {
            return token;
        }
        let piece = text.get(at..at + length).unwrap_or_default();
        token.extend(piece.chars().take(limits::ADDRESS_BYTES_MAX));
        at += length;
    }
}

/// The phrase before the angle bracket of an address.
fn display_name(text: &str, masked: &[u8], element: usize, local_start: usize) -> String {
    let before = masked.get(element..local_start).unwrap_or_default();
    let before = before.get(..before.len().min(limits::ADDRESS_BYTES_MAX)).unwrap_or_default();
    let Some(bracket) = before.iter().position(|byte| *byte == b'<') else { return String::new() };
    let phrase = text.get(element..element + bracket).unwrap_or_default().trim();
    let inner = phrase.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let phrase = inner.map_or_else(|| phrase.to_owned(), |inner| inner.replace('\\', ""));
    decode(&phrase)
}

/// The domains that readers could make of a token, in A-labels.
fn domains(token: &str, found: &mut Authorship, author: impl Fn(Option<Domain>) -> Author) {
    if token.starts_with('[') {
        found.oddities.insert(Oddity::BadDomain);
        found.add(author(None));
        return;
    }
    let decoded = if token.contains("=?") {
        found.oddities.insert(Oddity::EncodedAddress);
        decode(token)
    } else {
        token.to_owned()
    };
    let visible: String = decoded.chars().filter(|letter| !is_invisible(*letter)).collect();
    if visible != decoded {
        found.oddities.insert(Oddity::Invisible);
    }
    let is_plain = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '\u{3002}');
    let cut: String = visible.chars().take_while(is_plain).collect();
    let mut readings: Vec<Domain> = Vec::new();
    for reading in [&visible, &decoded, &cut] {
        // Full-width and other compatibility letters become what they stand for.
        let domain = Domain::parse(reading).filter(|domain| domain.as_str().contains('.'));
        if let Some(domain) = domain.filter(|domain| !readings.contains(domain)) {
            readings.push(domain);
        }
    }
    if readings.is_empty() || readings.len() > 1 || !is_host(readings.first()) {
        found.oddities.insert(Oddity::BadDomain);
    }
    if readings.iter().any(mixes_scripts) {
        found.oddities.insert(Oddity::MixedScripts);
    }
    if readings.is_empty() {
        found.add(author(None));
    }
    for domain in readings {
        found.add(author(Some(domain)));
    }
}

fn is_host(domain: Option<&Domain>) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    domain.is_some_and(|domain| domain.as_str().bytes().all(is_plain))
}

/// Characters that take no ink: default ignorables, spaces, fillers, marks of direction.
#[must_use]
pub fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{1680}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
        | '\u{2800}' | '\u{3000}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{a0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Encoded-words where an address could be: elements without any other address, and those with brackets inside.
fn encoded(text: &str, masked: &[u8], found: &mut Authorship) {
    let (mut start, mut count) = (0, 0);
    for end in
        masked.iter().enumerate().filter(|(_, byte)| matches!(byte, b',' | b';')).map(|(at, _)| at).chain([text.len()])
    {
        let piece = masked.get(start..end).unwrap_or_default();
        let original = text.get(start..end).unwrap_or_default();
        start = end + 1;
        let is_shown = piece.windows(2).any(|pair| pair == b"=?");
        if !is_shown {
            continue;
        }
        count += 1;
        if count > limits::AUTHORS_MAX {
            found.oddities.insert(Oddity::TooMany);
            return;
        }
        let decoded = decode(original);
        let has_address = piece.contains(&b'@');
        let brackets = |text: &str| text.matches('<').count();
        if decoded.contains('@') && (!has_address || brackets(&decoded) > brackets(original)) {
            found.oddities.insert(Oddity::EncodedAddress);
            addresses(&decoded, decoded.as_bytes(), found);
        } else if !has_address && !decoded.contains('@') {
            found.oddities.insert(Oddity::BadDomain);
        }
    }
}

/// Decodes encoded-words (RFC 2047).
fn decode(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    let field = format!("Subject: {text}\r\n\r\n");
    let parsed = mail_parser::MessageParser::new().parse(field.as_bytes());
    parsed.and_then(|message| message.subject().map(str::to_owned)).unwrap_or_else(|| text.to_owned())
}

/// Does a label hold letters of two scripts that look alike, or Cyrillic that could be read as Latin throughout?
fn mixes_scripts(domain: &Domain) -> bool {
    if !domain.as_str().contains("xn--") {
        return false;
    }
    let (unicode, _) = idna::domain_to_unicode(domain.as_str());
    unicode.split('.').any(|label| {
        let latin = label.chars().any(|letter| letter.is_ascii_alphabetic() || matches!(letter, '\u{c0}'..='\u{24f}'));
        let alike = |letter: char| {
            matches!(letter, '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{2c80}'..='\u{2cff}' | '\u{10a0}'..='\u{10ff}')
        };
        let looks_latin = "\u{430}\u{441}\u{435}\u{43e}\u{440}\u{445}\u{443}\u{455}\u{456}\u{458}\u{501}\u{4bb}\u{4cf}\u{51b}\u{51d}";
        let is_disguise = label.chars().all(|letter| {
            looks_latin.contains(letter) || letter == '-' || letter.is_ascii_digit()
        }) && label.chars().any(alike);
        (latin && label.chars().any(alike)) || is_disguise
    })
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
}
