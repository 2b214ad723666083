//! The hosts a mail passed through, as SpamAssassin divides them without knowing any trusted network.
//!
//! Pure. A host is trusted as long as all handovers above came from private networks or logged-in clients.

use super::{
    Classic,
    expression::Expression,
    hosts,
    node::Node,
    received::{self, Handover, Relay},
};
use crate::limits;
use std::{fmt::Write, net::IpAddr, sync::LazyLock};

/// All handovers, topmost first.
#[derive(Clone, Debug)]
pub struct Relays {
    pub trusted: Vec<Relay>,
    pub untrusted: Vec<Relay>,
    /// Fields that could not be read.
    pub unparseable: usize,
    /// Index of the last Received field that a trusted host wrote; -1 for none.
    pub last_trusted: i64,
    /// As `last_trusted`, for hosts of our own; the same while no networks are configured.
    pub last_internal: i64,
    /// A fetcher of mailboxes forgot the internal and external relays, but not these.
    internal: Vec<Relay>,
    external: Vec<Relay>,
}

/// Fields in which some services tell the client's address.
const ORIGINATING: [&str; 6] = [
    "X-Yahoo-Post-IP",
    "X-Originating-IP",
    "X-Apparently-From",
    "X-SenderIP",
    "X-AOL-IP",
    "X-MS-Exchange-CrossTenant-OriginalAttributedTenantConnectingIp",
];

impl Relays {
    /// Reads the Received fields of a message.
    #[must_use]
    pub fn of(top: Option<&Node>) -> Self {
        static ADDRESS: LazyLock<Expression> = LazyLock::new(|| Expression::new(hosts::ADDRESS));
        let mut relays = Self {
            trusted: Vec::new(),
            untrusted: Vec::new(),
            unparseable: 0,
            last_trusted: -1,
            last_internal: -1,
            internal: Vec::new(),
            external: Vec::new(),
        };
        let Some(top) = top else { return relays };
        let received = top.fields.iter().filter(|field| field.is("Received")).take(limits::CLASSIC_RELAYS_MAX);
        let mut lines: Vec<Vec<u8>> = received.map(|field| field.value.clone()).collect();
        for name in ORIGINATING {
            let value = top.value(name).unwrap_or_default();
            let address = ADDRESS.find(value, 0).and_then(|found| value.get(found));
            if let Some(address) = address.filter(|address| hosts::is_address(address)) {
                lines.push([b"from X-Originating-IP: ", address].concat());
            }
        }
        let mut walk = Walk { is_trusted: true, allows_fetchers: true, envelope_from: None };
        for line in lines {
            relays.take(received::parse(&line), &mut walk);
        }
        relays
    }

    fn take(&mut self, handover: Handover, walk: &mut Walk) {
        let told = walk.envelope_from.take();
        let mut relay = match handover {
            Handover::Relay(relay) => *relay,
            other => {
                match other {
                    Handover::Unparseable => self.unparseable += 1,
                    Handover::Nothing(envelope_from) => walk.envelope_from = envelope_from,
                    // What fetched the mail from a mailbox hides the story above.
                    Handover::Fetched if walk.allows_fetchers => {
                        self.trusted.clear();
                        self.internal.clear();
                        self.external.clear();
                    }
                    _ => {}
                }
                self.last_trusted += i64::from(walk.is_trusted);
                self.last_internal += i64::from(walk.is_trusted);
                return;
            }
        };
        if let Some(told) = told.filter(|told| !told.is_empty() && told != "0") {
            relay.envelope_from = Some(told);
        }
        if !relay.is_private && (relay.auth.is_empty() || relay.auth == "0") {
            walk.is_trusted = false;
        }
        relay.internal = walk.is_trusted;
        walk.allows_fetchers = walk.is_trusted;
        if walk.is_trusted {
            self.last_trusted += 1;
            self.last_internal += 1;
            self.internal.push(relay.clone());
            self.trusted.push(relay);
        } else {
            self.external.push(relay.clone());
            self.untrusted.push(relay);
        }
    }

    #[must_use]
    pub fn trusted_text(&self) -> Vec<u8> {
        text(&self.trusted)
    }

    #[must_use]
    pub fn untrusted_text(&self) -> Vec<u8> {
        text(&self.untrusted)
    }

    #[must_use]
    pub fn internal_text(&self) -> Vec<u8> {
        text(&self.internal)
    }

    #[must_use]
    pub fn external_text(&self) -> Vec<u8> {
        text(&self.external)
    }

    /// Handovers of hosts that are not our own.
    #[must_use]
    pub fn external(&self) -> &[Relay] {
        &self.external
    }
}

struct Walk {
    is_trusted: bool,
    allows_fetchers: bool,
    /// What qmail-scanner told about the next field.
    envelope_from: Option<String>,
}

/// The notation that rules match.
fn text(relays: &[Relay]) -> Vec<u8> {
    let mut text = String::new();
    for relay in relays {
        if !text.is_empty() {
            text.push(' ');
        }
        let Relay { ip, rdns, helo, by, ident, id, auth, .. } = relay;
        let envelope_from = relay.envelope_from.as_deref().filter(|from| *from != "0").unwrap_or_default();
        let internal = u8::from(relay.internal);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "[ ip={ip} rdns={rdns} helo={helo} by={by} ident={ident} envfrom={envelope_from} intl={internal} id={id} auth={auth} msa=0 ]"
        );
    }
    text.into_bytes()
}

/// An address without brackets, `IPv6:`, zone, and the prefix of mapped ones.
#[must_use]
pub fn plain_address(text: &str) -> String {
    static MAPPED: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r"(?i)^0*:0*:(?:0*:)*ffff:(\d+\.\d+\.\d+\.\d+)\z"));
    let text =
        text.get(..5).filter(|start| start.eq_ignore_ascii_case("ipv6:")).and_then(|_| text.get(5..)).unwrap_or(text);
    let text = text.strip_prefix('[').unwrap_or(text);
    let text = text.strip_suffix(']').unwrap_or(text);
    let text = text.split('%').next().unwrap_or_default();
    let mapped = MAPPED.groups(text.as_bytes(), 0).and_then(|found| found.get(1).map(String::from_utf8_lossy));
    mapped.map_or_else(|| text.to_owned(), std::borrow::Cow::into_owned)
}

/// Is the address of a network that is not on the Internet?
#[must_use]
pub fn is_private(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => is_private_v4(address.octets()),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => is_private_v4(mapped.octets()),
            None => address.is_loopback() || address.segments().first().is_some_and(|first| first & 0xffc0 == 0xfe80),
        },
        Err(_) => false,
    }
}

fn is_private_v4([first, second, ..]: [u8; 4]) -> bool {
    matches!((first, second), (10 | 127, _) | (169, 254) | (172, 16..=31) | (192, 168) | (100, 64..=127))
}

/// The envelope sender: as the door told it, else as SpamAssassin guesses it from the header.
#[must_use]
pub fn envelope_from(classic: &Classic) -> Option<Vec<u8>> {
    if let Some(sender) = classic.sender() {
        return Some(sender.to_vec());
    }
    let relays = classic.relays();
    let last = relays.untrusted.first().or(relays.trusted.last());
    let is_usable = |from: &&String| from.find('@').is_some_and(|at| at > 0) || from.is_empty();
    if let Some(from) = last.and_then(|relay| relay.envelope_from.as_ref()).filter(is_usable) {
        return Some(from.clone().into_bytes());
    }
    let first = |name: &str| classic.header_values(&format!("{name}:first:addr")).into_iter().next();
    let is_fetched =
        || classic.header_values("Received").iter().any(|line| memchr::memmem::find(line, b"(fetchmail").is_some());
    if first("X-Sender").is_some_and(|sender| sender.contains(&b'@')) && is_fetched() {
        return None;
    }
    for name in ["X-Envelope-From", "Envelope-Sender", "Return-Path"] {
        if let Some(from) = first(name) {
            if !is_below_received(classic, name) {
                return Some(from);
            }
            if name == "X-Envelope-From" {
                return None;
            }
        }
    }
    None
}

/// Does a field of that name stand below a Received field? Then some list may have written it.
fn is_below_received(classic: &Classic, name: &str) -> bool {
    let fields = classic.top().map(|top| top.fields.as_slice()).unwrap_or_default();
    let received = fields.iter().position(|field| field.is("Received"));
    received.is_some_and(|received| fields.iter().skip(received + 1).any(|field| field.is(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::Message;
    use bytes::Bytes;

    #[test]
    fn trust_ends_at_the_first_foreign_host() {
        let raw = b"Received: from a (a [10.0.0.1]) by b (Postfix) with ESMTP id 111; x\r\nReceived: from c (c [192.0.2.1]) by a (Postfix) with ESMTP id 222; x\r\nReceived: from d (d [10.0.0.2]) by c (Postfix) with ESMTP id 333; x\r\nReturn-Path: <x@y.example>\r\n\r\n";
        let classic = Classic::of(&Message::parse(Bytes::from_static(raw)));
        let relays = classic.relays();
        assert_eq!((relays.trusted.len(), relays.untrusted.len(), relays.last_trusted), (1, 2, 0));
        assert!(
            relays
                .external_text()
                .starts_with(b"[ ip=192.0.2.1 rdns=c helo=c by=a ident= envfrom= intl=0 id=222 auth= msa=0 ] [")
        );
        assert_eq!(envelope_from(&classic), None);
    }

    #[test]
    fn addresses_are_normalised() {
        assert_eq!(plain_address("IPv6:::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(plain_address("[fe80::1%eth0]"), "fe80::1");
        assert!(is_private("fe80::1") && is_private("100.64.0.1") && !is_private("192.0.2.1") && !is_private("x"));
    }
}
