//! Web Key Directory (draft-koch-openpgp-webkey-service): where the key of an address would lie.
//!
//! Pure. Neither method asks with more than the address, and only the holder of its domain.

use crate::mail::address::{Address, Domain};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::fmt::Write as _;

const LETTERS: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// One place on the web: host and path with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub host: String,
    pub path: String,
}

/// The place below `openpgpkey.`, which alone counts where that host is there.
#[must_use]
pub fn advanced(local: &str, domain: &Domain) -> Place {
    let domain = domain.as_str();
    let path = format!("/.well-known/openpgpkey/{domain}/hu/{}", tail(local));
    Place { host: format!("openpgpkey.{domain}"), path }
}

/// The place at the domain itself.
#[must_use]
pub fn direct(local: &str, domain: &Domain) -> Place {
    Place { host: domain.as_str().to_owned(), path: format!("/.well-known/openpgpkey/hu/{}", tail(local)) }
}

/// The local part that a directory knows; a quoted one stands in none.
#[must_use]
pub fn local_part(address: &Address) -> Option<&str> {
    let local = address.local_part();
    (!local.is_empty() && !local.starts_with('"')).then_some(local)
}

/// The hash of the local part in lower case, and the local part for servers that want it.
fn tail(local: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, local.to_ascii_lowercase().as_bytes());
    format!("{}?l={}", z_base_32(hash.as_ref()), percent(local))
}

/// Z-base-32 (RFC 6189 5.1.6) of whole groups of five bits; of a rest none is left out.
fn z_base_32(octets: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for octet in octets {
        (bits, held) = ((bits << 8) | u32::from(*octet), held + 8);
        while held >= 5 {
            held -= 5;
            text.push(letter(bits >> held));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(letter(bits << (5 - held)));
    }
    text
}

fn letter(bits: u32) -> char {
    let place = usize::try_from(bits & 31).unwrap_or_default();
    char::from(LETTERS.get(place).copied().unwrap_or(b'y'))
}

/// RFC 3986 2.1: all but unreserved letters.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(octet));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{octet:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_the_draft() {
        let domain = Domain::parse("example.org").unwrap();
        let wanted = "/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe";
        let place = advanced("Joe.Doe", &domain);
        assert_eq!((place.host.as_str(), place.path.as_str()), ("openpgpkey.example.org", wanted));
        let wanted = "/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe";
        let place = direct("Joe.Doe", &domain);
        assert_eq!((place.host.as_str(), place.path.as_str()), ("example.org", wanted));
    }

    #[test]
    fn a_local_part_cannot_leave_its_place() {
        let place = direct("a/../b?c=d&\u{e4} #\r\n", &Domain::parse("example.org").unwrap());
        assert!(place.path.ends_with("?l=a%2F..%2Fb%3Fc%3Dd%26%C3%A4%20%23%0D%0A"), "{}", place.path);
        assert_eq!(local_part(&Address::new("\"a b\"@example.org")), None);
        assert_eq!(local_part(&Address::new("@example.org")), None);
    }

    #[test]
    fn a_rest_of_bits_is_a_letter() {
        assert_eq!(z_base_32(&[0xf0, 0xbf, 0xc7]), "6n9hq");
        assert_eq!(z_base_32(&[]), "");
    }
}
