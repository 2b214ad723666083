//! Facts about the hosts a mail passed through.
//!
//! Pure.

use super::{Arguments, Run, first, run};
use crate::mail::classic::{Classic, expression::Expression, hosts, received::Relay, relays};
use std::sync::LazyLock;

/// The functions about relays.
pub fn resolve(name: &str, _: &Arguments<'_>) -> Option<Run> {
    Some(match name {
        "check_all_trusted" => run(|classic| {
            let relays = classic.relays();
            !relays.trusted.is_empty() && relays.untrusted.is_empty() && relays.unparseable == 0
        }),
        "check_no_relays" => run(|classic| {
            let relays = classic.relays();
            relays.trusted.is_empty() && relays.untrusted.is_empty() && relays.unparseable == 0
        }),
        "check_relays_unparseable" => run(|classic| classic.relays().unparseable > 0),
        "check_for_numeric_helo" => run(has_numeric_helo),
        "check_for_sender_no_reverse" => run(|classic| {
            classic.relays().untrusted.last().is_some_and(|relay| relay.rdns.contains('.') && !relay.is_private)
        }),
        "helo_ip_mismatch" => run(|classic| classic.relays().untrusted.iter().any(is_helo_elsewhere)),
        "check_for_no_rdns_dotcom_helo" => run(has_nameless_dotcom),
        "check_for_forged_received_trail" => run(|classic| forged_hops(classic) > 1),
        "check_mailfrom_matches_rcvd" => run(is_sender_last_hop),
        _ => return None,
    })
}

fn is_v4(text: &str) -> bool {
    text.contains('.') && !text.contains(':') && hosts::is_address(text.as_bytes())
}

fn has_numeric_helo(classic: &Classic) -> bool {
    static HELO: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r"(?i)\bhelo=(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:[\x00-\x20,;\[()<>]|\z)"));
    let text = classic.relays().untrusted_text();
    let helo =
        HELO.groups(&text, 0).and_then(|found| found.get(1).map(|helo| String::from_utf8_lossy(helo).into_owned()));
    helo.is_some_and(|helo| is_v4(&helo) && !relays::is_private(&helo))
}

/// Greets with an address of another network.
fn is_helo_elsewhere(relay: &Relay) -> bool {
    let is_public = |text: &str| is_v4(text) && !relays::is_private(text);
    let network = |text: &str| text.rsplit_once('.').map(|(network, _)| format!("{network}."));
    is_public(&relay.helo)
        && is_public(&relay.ip)
        && network(&relay.helo).is_some_and(|network| !relay.ip.starts_with(&network))
}

/// Greets as a large service, but its address has no name. The last such relay counts.
fn has_nameless_dotcom(classic: &Classic) -> bool {
    static SERVICE: LazyLock<Expression> = LazyLock::new(|| {
        Expression::new(concat!(
            r"(?i)(?:\.|^)(?:lycos\.com|lycos\.co\.uk|hotmail\.com|localhost\.com|excite\.com|caramail\.com|",
            r"cs\.com|aol\.com|msn\.com|yahoo\.com|drizzle\.com)\n?\z"
        ))
    });
    let last = classic.relays().untrusted.iter().rfind(|relay| !relay.is_private);
    last.is_some_and(|relay| relay.no_reverse_dns && SERVICE.is_match(relay.helo.as_bytes()))
}

/// The domain of a host by the length of its labels.
fn short(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if !host.contains(|letter: char| letter.is_ascii_alphabetic()) {
        return host;
    }
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    let is_long = last.len() >= 3 || ["ie", "fr", "de"].iter().any(|label| last.contains(label));
    let kept = match labels.len() {
        2.. if is_long => 2,
        3.. => 3,
        _ => return host,
    };
    labels.get(labels.len() - kept..).unwrap_or_default().join(".")
}

/// How many hosts took the mail from a host of another name than the one below says of itself.
fn forged_hops(classic: &Classic) -> usize {
    static NAME: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"^\w+(?:[\w.-]+\.)+\w+\n?\z"));
    let untrusted = &classic.relays().untrusted;
    let is_name = |text: &str| NAME.is_match(text.as_bytes());
    let pairs = untrusted.iter().zip(untrusted.iter().skip(1));
    pairs
        .filter(|(above, below)| {
            let (by, from) = (short(&below.by), short(&above.rdns));
            let is_local = matches!(from.as_str(), "localhost" | "localhost.localdomain") && above.ip == "127.0.0.1";
            let is_known = by == "msn.com" && from == "hotmail.com";
            is_name(&by) && is_name(&from) && !is_local && by != from && !is_known
        })
        .count()
}

/// The envelope sender's domain is that of the host that handed the mail over.
fn is_sender_last_hop(classic: &Classic) -> bool {
    let sender = first(classic, "EnvelopeFrom:addr");
    let Some(at) = memchr::memrchr(b'@', &sender) else { return false };
    let host = sender.get(at + 1..).unwrap_or_default();
    if !host.iter().skip(1).any(|octet| *octet == b'.') {
        return false;
    }
    let domain = hosts::trim(host);
    let relays = classic.relays();
    let hops: Vec<&Relay> = match relays.untrusted.first() {
        Some(hop) => vec![hop],
        None => relays.trusted.iter().collect(),
    };
    hops.iter().any(|hop| !hop.rdns.is_empty() && hosts::trim(hop.rdns.as_bytes()) == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_guessed_by_length() {
        assert_eq!(short("a.b.Example.com"), "example.com");
        assert_eq!(short("a.b.co.uk"), "b.co.uk");
        assert_eq!(short("1.2.3.4"), "1.2.3.4");
    }

    #[test]
    fn greetings_tell_another_network() {
        let relay = |helo: &str, ip: &str| Relay { helo: helo.to_owned(), ip: ip.to_owned(), ..Relay::default() };
        assert!(is_helo_elsewhere(&relay("198.51.100.1", "203.0.113.1")));
        assert!(!is_helo_elsewhere(&relay("198.51.100.1", "198.51.100.9")));
        assert!(!is_helo_elsewhere(&relay("10.0.0.1", "203.0.113.1")));
    }
}
