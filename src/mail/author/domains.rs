//! Domains in author addresses: what readers could make of the letters after the `@`, and letters that deceive them.
//!
//! Pure.

use super::{Author, Authorship, Oddity};
use crate::mail::address::Domain;

/// The domains that readers could make of a token, in A-labels.
pub fn read(token: &str, found: &mut Authorship, author: impl Fn(Option<Domain>) -> Author) {
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
    let different = [Some(&visible), (decoded != visible).then_some(&decoded), (cut != visible).then_some(&cut)];
    for reading in different.into_iter().flatten() {
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

/// Decodes encoded-words (RFC 2047).
#[must_use]
pub fn decode(text: &str) -> String {
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
