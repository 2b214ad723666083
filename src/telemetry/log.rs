//! The one line each mail leaves in the log, fields in fixed order, nothing about content.
//!
//! Every field is `Public` or a `Pseudonym` by type (DESIGN.md D56). A `Secret` has no way into text but through the key
//! of a day, so an address cannot reach a line by accident.

use super::metrics::Door;
use crate::limits;
use aws_lc_rs::hmac;
use std::{
    fmt::{self, Display},
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// What stands where there is nothing to say, or nothing that may be said.
const NOTHING: &str = "-";
/// Letters of RFC 4648 section 6, in lower case.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Letters of a pseudonym: 60 bits, so that no two of a million persons share one on two thousand days in a row.
const PSEUDONYM_LETTERS: usize = 12;
/// Octets of a key, as many as the hash has (RFC 2104 section 3).
pub const KEY_BYTES: usize = 32;

/// A type whose values name no person. Who implements it is listed in `tests/tidy.rs`.
pub trait NamesNobody: Display {}

impl NamesNobody for usize {}
impl NamesNobody for &'static str {}

/// A field that may be written as it is.
#[derive(Clone, Debug)]
pub struct Public(String);

impl Public {
    #[must_use]
    pub fn of(value: &impl NamesNobody) -> Self {
        Self(value.to_string())
    }

    /// An identifier from outside: letters, digits, `-`, `_` and `,`. Whatever has another octet could be an address or a
    /// host, and becomes `-`.
    #[must_use]
    pub fn token(text: &str) -> Self {
        let fits = !text.is_empty()
            && text.len() <= limits::LOG_TOKEN_BYTES_MAX
            && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b','));
        Self(if fits { text } else { NOTHING }.to_owned())
    }

    /// The network of a client: IPv4 /24, IPv6 /48.
    #[must_use]
    pub fn network(client: IpAddr) -> Self {
        Self(match client.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        })
    }
}

impl Default for Public {
    fn default() -> Self {
        Self(NOTHING.to_owned())
    }
}

impl Display for Public {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Somebody, in clear. It cannot be shown, only be given a pseudonym.
#[derive(Clone, Default)]
pub struct Secret(Option<String>);

impl Secret {
    /// An envelope address; the null sender is nobody. Letters count alike in upper and lower case.
    #[must_use]
    pub fn address(text: &str) -> Self {
        Self((!text.is_empty()).then(|| format!("address {}", text.to_lowercase())))
    }

    /// The address of an SMTP client; an IPv4 address counts alike in IPv6.
    #[must_use]
    pub fn client(address: IpAddr) -> Self {
        Self(Some(format!("client {}", address.to_canonical())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(NOTHING)
    }
}

/// Somebody under a keyed hash: the same within a day, nobody's once the key of that day is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pseudonym(String);

impl Display for Pseudonym {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The key of a day.
pub struct Key(hmac::Key);

impl Key {
    #[must_use]
    pub fn new(octets: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, octets))
    }

    /// HMAC-SHA-256, its first bits as letters of base32, after `p:`.
    #[must_use]
    pub fn pseudonym(&self, of: &Secret) -> Pseudonym {
        let Some(text) = &of.0 else { return Pseudonym(NOTHING.to_owned()) };
        let tag = hmac::sign(&self.0, text.as_bytes());
        let number = tag.as_ref().first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets));
        let letter = |place: usize| {
            let index = usize::try_from(number >> (59 - 5 * place) & 31).ok()?;
            LETTERS.get(index).copied().map(char::from)
        };
        Pseudonym("p:".chars().chain((0..PSEUDONYM_LETTERS).filter_map(letter)).collect())
    }
}

/// Without a key there is no pseudonym, and the clear value is nobody's to see.
fn pseudonym(key: Option<&Key>, of: &Secret) -> Pseudonym {
    key.map_or_else(|| Pseudonym(NOTHING.to_owned()), |key| key.pseudonym(of))
}

/// What is written of one mail.
#[derive(Clone, Debug, Default)]
pub struct MailLine {
    pub queue_id: Public,
    pub reference: Public,
    /// Address of the SMTP client: most are servers, some are a person's line at home.
    pub client: Secret,
    pub client_network: Public,
    /// TLS version of the SMTP session as the MTA tells it, or `none`.
    pub tls: Public,
    pub sender: Secret,
    pub sender_domain: Public,
    pub to: Vec<Secret>,
    /// Octets of the message.
    pub bytes: usize,
    pub score: Public,
    pub symbols: Public,
    pub rounds: Public,
}

impl MailLine {
    /// Writes the line; `action` is what the client was told, `key` that of the day.
    pub fn write(&self, key: Option<&Key>, action: &'static str, door: Door, took: Duration) {
        tracing::info!(
            target: "mail",
            queue_id = %self.queue_id,
            r#ref = %self.reference,
            door = door.word(),
            client = %pseudonym(key, &self.client),
            client_network = %self.client_network,
            tls = %self.tls,
            sender = %pseudonym(key, &self.sender),
            sender_domain = %self.sender_domain,
            to = %self.recipients(key),
            recipients = self.to.len(),
            bytes = self.bytes,
            action,
            score = %self.score,
            symbols = %self.symbols,
            rounds = %self.rounds,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "mail"
        );
    }

    fn recipients(&self, key: Option<&Key>) -> String {
        let mut shown: Vec<String> =
            self.to.iter().take(limits::LOG_RECIPIENTS_MAX).map(|to| pseudonym(key, to).to_string()).collect();
        let more = self.to.len().saturating_sub(limits::LOG_RECIPIENTS_MAX);
        if more > 0 {
            shown.push(format!("+{more}"));
        }
        if shown.is_empty() { NOTHING.to_owned() } else { shown.join(",") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_same_under_a_key_and_another_under_another() {
        let (monday, tuesday) = (Key::new(&[1; KEY_BYTES]), Key::new(&[2; KEY_BYTES]));
        let anna = Secret::address("Anna@School.example");
        assert_eq!(monday.pseudonym(&anna), monday.pseudonym(&Secret::address("anna@school.example")));
        assert_ne!(monday.pseudonym(&anna), tuesday.pseudonym(&anna));
        assert_ne!(monday.pseudonym(&anna), monday.pseudonym(&Secret::address("anne@school.example")));
        let text = monday.pseudonym(&anna).to_string();
        assert!(text.len() == 14 && text.starts_with("p:") && !text.contains("anna"), "{text}");
        let client = |text: &str| monday.pseudonym(&Secret::client(text.parse().unwrap()));
        assert_eq!(client("192.0.2.7"), client("::ffff:192.0.2.7"));
        assert_ne!(client("192.0.2.7"), monday.pseudonym(&Secret::address("192.0.2.7")));
        assert_eq!(monday.pseudonym(&Secret::address("")).to_string(), "-");
        assert_eq!(format!("{anna:?}"), "-");
    }

    #[test]
    fn without_a_key_nobody_is_named() {
        let line = MailLine {
            sender: Secret::address("a@b.example"),
            to: vec![Secret::address("c@d.example"); limits::LOG_RECIPIENTS_MAX + 2],
            ..MailLine::default()
        };
        assert_eq!(pseudonym(None, &line.sender).to_string(), "-");
        assert!(line.recipients(None).ends_with("-,-,+2"));
        assert_eq!(MailLine::default().recipients(None), "-");
    }

    #[test]
    fn what_could_be_an_address_is_no_token() {
        for text in ["4bXq1T3Xz1z9", "1abCdE-0003Ab-2X", "A_B,C_D"] {
            assert_eq!(Public::token(text).to_string(), text);
        }
        for text in ["anna@school.example", "192.0.2.7", "2001:db8::1", "", "a b", &"a".repeat(50_000)] {
            assert_eq!(Public::token(text).to_string(), "-");
        }
        assert_eq!(Public::network("::ffff:192.0.2.7".parse().unwrap()).to_string(), "192.0.2.0/24");
        assert_eq!(Public::network("2001:db8:1:2::7".parse().unwrap()).to_string(), "2001:db8:1::/48");
    }
}
