//! What a stored message still tells of its envelope, client and time, when nobody says it (RFC 5321 4.4).
//!
//! Pure. Every guess is marked as one: trace fields below our own border can be forged.

use super::{
    address::Address,
    head::{Field, Head},
    timestamp::Timestamp,
};
use crate::limits;
use std::net::IpAddr;

/// The reverse-path of the topmost Return-Path.
#[must_use]
pub fn sender(head: &Head) -> Option<Address> {
    let text = head.first("Return-Path")?.text();
    Some(addresses(&text).into_iter().next().unwrap_or_default())
}

/// The topmost Delivered-To, else the addresses of To.
#[must_use]
pub fn recipients(head: &Head) -> Vec<Address> {
    let of = |field: &Field| addresses(&field.text());
    match head.first("Delivered-To").map(of) {
        Some(delivered) if !delivered.is_empty() => delivered,
        _ => head.all("To").flat_map(of).take(limits::RECIPIENTS_MAX).collect(),
    }
}

/// Address, verified name and HELO of the client that the topmost Received field with an address names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuessedClient {
    pub address: Option<IpAddr>,
    pub name: Option<String>,
    pub helo: Option<String>,
}

/// The client of the topmost Received field that names one; hops inside a machine (loopback) name none.
#[must_use]
pub fn client(head: &Head) -> Option<GuessedClient> {
    head.all("Received").find_map(|field| client_of(&field.text()))
}

/// The date of the topmost Received field that has one, else of Date.
#[must_use]
pub fn time(head: &Head) -> Option<Timestamp> {
    let stamped = |field: &Field| field.text().rsplit_once(';').and_then(|(_, date)| Timestamp::parse_rfc5322(date));
    let received = head.all("Received").find_map(stamped);
    received.or_else(|| head.all("Date").find_map(|field| Timestamp::parse_rfc5322(&field.text())))
}

/// Reads `from HELO (NAME [ADDRESS]) by ...` and the forms of other MTAs: `from NAME ([ADDRESS] helo=HELO)`,
/// `from [ADDRESS] (helo=HELO)`, `from unknown (HELO name) (ADDRESS)`.
fn client_of(text: &str) -> Option<GuessedClient> {
    let lower = text.to_ascii_lowercase();
    let rest = lower.strip_prefix("from ").and_then(|_| text.get("from ".len()..))?;
    let end = rest.to_ascii_lowercase().find(" by ").unwrap_or(rest.len());
    let clause = rest.get(..end)?;
    let words: Vec<&str> = clause
        .split(|letter: char| letter.is_whitespace() || "()".contains(letter))
        .filter(|word| !word.is_empty())
        .collect();
    let address = words.iter().find_map(|word| literal(word))?;
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    let first = words.first().copied().unwrap_or_default();
    let told = words.iter().enumerate().find_map(|(index, word)| {
        let is_helo = |start: &str| word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
        if is_helo("helo=") || is_helo("ehlo=") {
            return word.get(5..).map(ToOwned::to_owned);
        }
        let is_word = word.eq_ignore_ascii_case("helo") || word.eq_ignore_ascii_case("ehlo");
        if is_word { words.get(index + 1).map(|next| (*next).to_owned()) } else { None }
    });
    let is_first_the_name = told.is_some();
    let helo = told.unwrap_or_else(|| first.to_owned());
    let verified = if is_first_the_name { Some(first) } else { words.get(1).copied() };
    let name = verified
        .map(|name| name.trim_end_matches('.'))
        .filter(|name| literal(name).is_none() && !name.eq_ignore_ascii_case("unknown") && name.contains('.'))
        .map(ToOwned::to_owned);
    Some(GuessedClient { address: Some(address), name, helo: Some(helo) })
}

/// An address, plain or as the literal of RFC 5321 4.1.3.
fn literal(word: &str) -> Option<IpAddr> {
    let inner = word.trim_matches(|letter: char| "[],;".contains(letter));
    let is_v6 = inner.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    let plain = if is_v6 { inner.get(5..)? } else { inner };
    plain.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The addr-specs of an address list: what stands in angle brackets, else the bare words with an `@`.
fn addresses(text: &str) -> Vec<Address> {
    let mut found = Vec::new();
    for entry in entries(text) {
        let bracketed = entry.rsplit_once('<').map(|(_, rest)| rest.split('>').next().unwrap_or(rest));
        match bracketed {
            Some(inner) => found.push(Address::new(inner)),
            None if entry.contains('@') => found.push(Address::new(entry.trim_end_matches(';'))),
            None => {}
        }
    }
    found
}

/// Splits at commas that stand outside quotes, comments and angle brackets; a group's name is left out.
fn entries(text: &str) -> Vec<String> {
    let (mut entries, mut entry) = (Vec::new(), String::new());
    let (mut in_quotes, mut is_escaped, mut comments, mut in_brackets) = (false, false, 0_usize, false);
    for letter in text.chars() {
        let is_literal = std::mem::take(&mut is_escaped);
        match letter {
            '\\' if !is_literal => is_escaped = true,
            '"' if !is_literal && comments == 0 => in_quotes = !in_quotes,
            '(' if !in_quotes => comments += 1,
            ')' if !in_quotes && comments > 0 => {
                comments -= 1;
                continue;
            }
            '<' if !in_quotes && comments == 0 => in_brackets = true,
            '>' if !in_quotes && comments == 0 => in_brackets = false,
            ':' if !in_quotes && comments == 0 && !in_brackets => {
                entry.clear();
                continue;
            }
            ',' | ';' if !in_quotes && comments == 0 && !in_brackets => {
                entries.push(std::mem::take(&mut entry));
                continue;
            }
            _ => {}
        }
        if comments == 0 {
            entry.push(letter);
        }
    }
    entries.push(entry);
    entries.into_iter().map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn head(text: &str) -> Head {
        Head::parse(&Bytes::copy_from_slice(text.as_bytes()))
    }

    fn texts(addresses: &[Address]) -> Vec<&str> {
        addresses.iter().map(Address::as_str).collect()
    }

    #[test]
    fn clients_are_found_in_the_forms_of_many_mtas() {
        let cases = [
            ("from mx.a.example (out.a.example [192.0.2.9]) by b", "192.0.2.9", Some("out.a.example"), "mx.a.example"),
            ("from x.example (unknown [IPv6:2001:db8::9]) by b", "2001:db8::9", None, "x.example"),
            (
                "from out.a.example ([192.0.2.9] helo=mx.a.example) by b",
                "192.0.2.9",
                Some("out.a.example"),
                "mx.a.example",
            ),
            ("from [192.0.2.9] (helo=mx.a.example) by b", "192.0.2.9", None, "mx.a.example"),
            ("from unknown (HELO mx.a.example) (192.0.2.9) by b", "192.0.2.9", None, "mx.a.example"),
            (
                "from mail.a.example (mail.a.example. [192.0.2.9])",
                "192.0.2.9",
                Some("mail.a.example"),
                "mail.a.example",
            ),
            ("FROM A.EXAMPLE (2001:db8::1) BY B", "2001:db8::1", None, "A.EXAMPLE"),
        ];
        for (text, address, name, helo) in cases {
            let found = client_of(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.address, Some(address.parse().unwrap()), "{text}");
            assert_eq!((found.name.as_deref(), found.helo.as_deref()), (name, Some(helo)), "{text}");
        }
        for text in ["by b with LMTP", "from localhost (localhost [127.0.0.1]) by b", "from a.example by 192.0.2.1"] {
            assert_eq!(client_of(text), None, "{text}");
        }
    }

    #[test]
    fn the_topmost_field_that_tells_counts() {
        let head = head(
            "Received: by store (LMTP); Sun, 1 Mar 2026 09:14:08 +0000\r\nReceived: from h (n.example [192.0.2.7]) by m;\r\n\
             \tSun, 1 Mar 2026 09:14:07 +0000\r\nReceived: from i (o.example [192.0.2.8]) by n; x\r\nReturn-Path: <>\r\n\
             To: \"Last, First\" <a@x.example>, b@x.example (c, d), Group: e@x.example;\r\n\r\n",
        );
        assert_eq!(client(&head).unwrap().address, Some("192.0.2.7".parse().unwrap()));
        assert_eq!(time(&head).unwrap().to_string(), "2026-03-01T09:14:08Z");
        assert!(sender(&head).unwrap().is_null());
        assert_eq!(texts(&recipients(&head)), ["a@x.example", "b@x.example", "e@x.example"]);
    }

    #[test]
    fn a_message_that_tells_nothing_gives_no_guess() {
        let head = head("Subject: x\r\n\r\n");
        assert!(client(&head).is_none() && time(&head).is_none() && sender(&head).is_none());
        assert!(recipients(&head).is_empty());
    }

    #[test]
    fn a_delivered_to_speaks_louder_than_to() {
        let head = head("Delivered-To: me@x.example\r\nTo: list@y.example\r\n\r\n");
        assert_eq!(texts(&recipients(&head)), ["me@x.example"]);
    }
}
