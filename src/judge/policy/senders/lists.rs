//! Lists in the DNS (RFC 5782): the names that are asked, and what their answers mean.
//!
//! Pure. Each list is asked for its two test entries as well; one that answers them wrongly says nothing.

use crate::{
    judge::{
        facts::{Answer, Name},
        findings::Symbol,
    },
    mail::network::Network,
};
use std::net::{IpAddr, Ipv4Addr};

/// What a list lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Addresses of clients.
    Client,
    /// Domains of senders.
    Domain,
    /// Domains that links lead to.
    Uri,
}

impl Listed {
    pub const ALL: [Self; 3] = [Self::Client, Self::Domain, Self::Uri];

    /// The word in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Domain => "domain",
            Self::Uri => "uri",
        }
    }
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsList {
    pub zone: String,
    pub kind: Listed,
    /// Answers that count; empty: all but those in which lists tell errors (127.255.255.0/24).
    pub codes: Vec<Network>,
    pub symbol: Symbol,
}

/// How a list took its test (RFC 5782 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Right,
    /// Lists what must not be listed, or not what must be, or answers with what is no code.
    Wrong,
    /// Did not answer.
    Silent,
}

impl DnsList {
    /// The entry that every list has, and the one that none has.
    #[must_use]
    pub fn tests(&self) -> [Name; 2] {
        match self.kind {
            Listed::Client => [self.name("2.0.0.127"), self.name("1.0.0.127")],
            Listed::Domain | Listed::Uri => [self.name("test"), self.name("invalid")],
        }
    }

    /// The name that is asked for a client (RFC 5782 2.1, 2.4).
    #[must_use]
    pub fn client(&self, address: IpAddr) -> Name {
        let reversed: Vec<String> = match address.to_canonical() {
            IpAddr::V4(address) => address.octets().iter().rev().map(ToString::to_string).collect(),
            IpAddr::V6(address) => {
                let nibbles = address.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
                let nibbles: Vec<String> = nibbles.map(|nibble| format!("{nibble:x}")).collect();
                nibbles.into_iter().rev().collect()
            }
        };
        self.name(&reversed.join("."))
    }

    /// The name that is asked for a domain (RFC 5782 section 3) or another label.
    #[must_use]
    pub fn name(&self, labels: &str) -> Name {
        Name::new(&format!("{labels}.{}", self.zone))
    }

    /// What the answers to the tests tell.
    #[must_use]
    pub fn health(&self, listed: &Answer<Ipv4Addr>, unlisted: &Answer<Ipv4Addr>) -> Health {
        let is_code = |address: &Ipv4Addr| address.is_loopback() && !is_error(*address);
        match (listed, unlisted) {
            (Answer::Failed(_), _) | (_, Answer::Failed(_)) => Health::Silent,
            (Answer::Records(codes), Answer::NoName | Answer::NoData) if codes.iter().all(is_code) => Health::Right,
            _ => Health::Wrong,
        }
    }

    /// The codes of an answer that count.
    #[must_use]
    pub fn codes<'a>(&self, answer: &'a Answer<Ipv4Addr>) -> Vec<&'a Ipv4Addr> {
        let counts = |code: &&Ipv4Addr| match self.codes.as_slice() {
            [] => code.is_loopback() && !is_error(**code),
            networks => networks.iter().any(|network| network.contains(IpAddr::V4(**code))),
        };
        answer.records().iter().filter(counts).collect()
    }
}

/// Lists tell in this range that they do not serve who asks.
fn is_error(code: Ipv4Addr) -> bool {
    matches!(code.octets(), [127, 255, 255, _])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::facts::Failure;

    fn list(kind: Listed, codes: &[&str]) -> DnsList {
        let codes = codes.iter().map(|code| code.parse().unwrap()).collect();
        DnsList { zone: "bl.example".into(), kind, codes, symbol: Symbol::new("DNS_LIST_CLIENT") }
    }

    fn records(codes: &[&str]) -> Answer<Ipv4Addr> {
        Answer::Records(codes.iter().map(|code| code.parse().unwrap()).collect())
    }

    #[test]
    fn names_are_those_of_the_rfc() {
        let clients = list(Listed::Client, &[]);
        assert_eq!(clients.client("192.0.2.99".parse().unwrap()).as_str(), "99.2.0.192.bl.example");
        let long = clients.client("2001:db8:1:2:3:4:567:89ab".parse().unwrap());
        let expected = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example";
        assert_eq!(long.as_str(), expected);
        assert_eq!(
            list(Listed::Uri, &[]).tests().map(|name| name.to_string()),
            ["test.bl.example", "invalid.bl.example"]
        );
    }

    #[test]
    fn a_list_that_lists_everything_or_nothing_or_sells_its_name_is_wrong() {
        let list = list(Listed::Client, &[]);
        let listed = records(&["127.0.0.2"]);
        assert_eq!(list.health(&listed, &Answer::NoName), Health::Right);
        assert_eq!(list.health(&listed, &listed), Health::Wrong);
        assert_eq!(list.health(&Answer::NoName, &Answer::NoName), Health::Wrong);
        assert_eq!(list.health(&records(&["203.0.113.9"]), &Answer::NoName), Health::Wrong);
        assert_eq!(list.health(&records(&["127.255.255.254"]), &Answer::NoName), Health::Wrong);
        assert_eq!(list.health(&Answer::Failed(Failure::Timeout), &Answer::NoName), Health::Silent);
    }

    #[test]
    fn only_configured_codes_count() {
        let answer = records(&["127.0.0.2", "127.0.0.10", "127.255.255.254"]);
        assert_eq!(list(Listed::Client, &[]).codes(&answer).len(), 2);
        assert_eq!(list(Listed::Client, &["127.0.0.8/29"]).codes(&answer).len(), 1);
        assert!(list(Listed::Client, &["127.0.0.3"]).codes(&answer).is_empty());
    }
}
