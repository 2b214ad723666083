//! Addresses in the value of an author field: every `@` that is neither in a comment nor in a quoted string.
//!
//! Pure, and linear in the octets.

use super::{Author, Authorship, Oddity, domains};
use crate::limits;

/// Reads one field value in every way.
pub fn read(raw: &[u8], found: &mut Authorship) {
    let text = String::from_utf8_lossy(raw).replace(['\r', '\n'], " ");
    if text.chars().any(|letter| letter.is_control() && letter != '\t') {
        found.oddities.insert(Oddity::Control);
    }
    if !text.is_ascii() && text.chars().any(|letter| matches!(letter, '\u{202d}' | '\u{202e}')) {
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
        domains::read(&token, found, |domain| Author {
            name: name.clone(),
            address: format!("{local}@{token}"),
            domain,
        });
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
    domains::decode(&phrase)
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
        let decoded = domains::decode(original);
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
