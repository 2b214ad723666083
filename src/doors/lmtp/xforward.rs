//! XFORWARD (Postfix XFORWARD_README): what the MTA in front knows of the SMTP client.
//!
//! Pure. Attributes hold for the next mail transaction only, as in Postfix: the client of one mail never taints the
//! next. What is `[UNAVAILABLE]`, `[TEMPUNAVAIL]` or not told stays unknown.

use crate::mail::envelope::Client;
use std::net::IpAddr;

/// Attribute names that are announced.
pub const ATTRIBUTES: &str = "NAME ADDR PORT PROTO HELO IDENT SOURCE";

/// Letters kept of one decoded value; a host name is shorter.
const VALUE_LETTERS_MAX: usize = 255;

/// One attribute as it came, its value decoded; `None` when the MTA does not know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    Name(Option<String>),
    Address(Option<IpAddr>),
    Helo(Option<String>),
    Ident(Option<String>),
    /// SOURCE: was the mail made on the MTA's own machine?
    Local(bool),
    /// PORT, PROTO: understood, of no use for a verdict.
    Other,
}

/// What is known of the client of the next mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    pub client: Client,
    pub queue_id: Option<String>,
    is_local: bool,
}

impl Forwarded {
    /// The client, once everything is told. LOCAL with an address means a network that Postfix writes headers for.
    #[must_use]
    pub fn client(self) -> Client {
        Client { local: self.is_local && self.client.address.is_none(), ..self.client }
    }

    /// Puts one attribute in place; a later one replaces an earlier one.
    pub fn learn(&mut self, attribute: Attribute) {
        match attribute {
            Attribute::Name(name) => self.client.name = name,
            Attribute::Address(address) => self.client.address = address,
            Attribute::Helo(helo) => self.client.helo = helo,
            Attribute::Ident(ident) => self.queue_id = ident,
            Attribute::Local(is_local) => self.is_local = is_local,
            Attribute::Other => {}
        }
    }
}

/// Reads `NAME=value ...`; `None` when a word is no attribute or its value is malformed.
#[must_use]
pub fn attributes(text: &str) -> Option<Vec<Attribute>> {
    let read: Option<Vec<Attribute>> = text.split(' ').filter(|word| !word.is_empty()).map(attribute).collect();
    read.filter(|attributes| !attributes.is_empty())
}

fn attribute(word: &str) -> Option<Attribute> {
    let (name, value) = word.split_once('=')?;
    let value = decoded(value)?;
    let is_unknown = ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].iter().any(|word| value.eq_ignore_ascii_case(word));
    let known = Some(value).filter(|value| !is_unknown && !value.is_empty());
    match name.to_ascii_uppercase().as_str() {
        // The word that Postfix uses inside for a client without host name.
        "NAME" => Some(Attribute::Name(known.filter(|name| !name.eq_ignore_ascii_case("unknown")))),
        "HELO" => Some(Attribute::Helo(known)),
        "IDENT" => Some(Attribute::Ident(known)),
        // "The address may be a non-IP address": such a client is unknown to us.
        "ADDR" => Some(Attribute::Address(known.and_then(|text| address(&text)))),
        "SOURCE" => Some(Attribute::Local(known.is_some_and(|word| word.eq_ignore_ascii_case("LOCAL")))),
        "PORT" | "PROTO" => Some(Attribute::Other),
        _ => None,
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let plain = match text.get(..5) {
        Some(prefix) if prefix.eq_ignore_ascii_case("IPV6:") => text.get(5..)?,
        _ => text,
    };
    plain.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// RFC 3461 4: xtext; `+XX` is an octet.
///
/// The SMTP client chose what HELO says: whatever octets it put there must not make the other attributes unreadable,
/// so what is no printable text is replaced, as Postfix does.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(hexadecimal(rest.next()?)? << 4 | hexadecimal(rest.next()?)?),
            b'=' => return None,
            _ => bytes.push(byte),
        }
    }
    let letters = String::from_utf8_lossy(&bytes);
    let printable = letters.chars().map(|letter| if letter.is_control() { '?' } else { letter });
    Some(printable.take(VALUE_LETTERS_MAX).collect())
}

fn hexadecimal(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(text: &str) -> Option<Forwarded> {
        let mut forwarded = Forwarded::default();
        for attribute in attributes(text)? {
            forwarded.learn(attribute);
        }
        Some(forwarded)
    }

    #[test]
    fn a_client_is_built_from_its_attributes() {
        let text = "name=mx.example ADDR=198.51.100.10 PORT=4711 HELO=a+2Bb PROTO=ESMTP IDENT=4bQ SOURCE=REMOTE";
        let forwarded = learned(text).unwrap();
        assert_eq!(forwarded.client.name.as_deref(), Some("mx.example"));
        assert_eq!(forwarded.client.address, "198.51.100.10".parse().ok());
        assert_eq!(forwarded.client.helo.as_deref(), Some("a+b"));
        assert_eq!(forwarded.queue_id.as_deref(), Some("4bQ"));
        assert_eq!(forwarded.client.tls, None);
        let six = learned("ADDR=IPv6:2001:db8::1").unwrap();
        assert_eq!(six.client.address, "2001:db8::1".parse().ok());
        let mapped = learned("ADDR=IPV6:::ffff:192.0.2.1").unwrap();
        assert_eq!(mapped.client.address, "192.0.2.1".parse().ok());
    }

    #[test]
    fn what_the_mta_does_not_know_stays_unknown() {
        let text = "NAME=[UNAVAILABLE] ADDR=[unavailable] HELO=[TEMPUNAVAIL] IDENT=";
        assert_eq!(learned(text), Some(Forwarded::default()));
        assert_eq!(learned("NAME=a NAME=[UNAVAILABLE] ADDR=local"), Some(Forwarded::default()));
    }

    #[test]
    fn odd_octets_are_made_printable() {
        let forwarded = learned("HELO=a+0D+0A+E4 IDENT=4bQ NAME=Unknown").unwrap();
        assert_eq!(forwarded.client.helo.as_deref(), Some("a??\u{fffd}"));
        assert_eq!(forwarded.queue_id.as_deref(), Some("4bQ"));
        assert_eq!(forwarded.client.name, None);
        let long = learned(&format!("HELO={}", "a".repeat(3000))).unwrap();
        assert_eq!(long.client.helo.unwrap().len(), 255);
    }

    #[test]
    fn malformed_attributes_are_refused() {
        for text in ["", " ", "NAME", "NAME a", "COLOUR=red", "NAME=+4", "NAME=+zz", "NAME=a=b"] {
            assert_eq!(learned(text), None, "{text}");
        }
    }
}
