//! The address of a directory (RFC 4516): where it is, how it is secured, and below which entry is searched.
//!
//! Pure.

use crate::doors::deliver::lmtp::stream::{Place as Socket, TlsStart};
use std::{net::IpAddr, path::PathBuf, str::FromStr};

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub socket: Socket,
    /// When TLS begins; `None` on this machine only.
    pub tls: Option<TlsStart>,
    /// Name of the entry that is searched below.
    pub base: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "`{text}` is no LDAP directory, {what}: ldaps://HOST[:PORT]/BASE, ldap+starttls://HOST[:PORT]/BASE, \
                 ldapi://%2FPATH%2FOF%2FSOCKET/BASE, or ldap://127.0.0.1[:PORT]/BASE on this machine"
            )
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let (authority, base) = rest.split_once('/').ok_or_else(|| wrong("it has no base"))?;
        if base.contains(['?', '#']) || authority.contains('@') {
            return Err(wrong("attributes, scope, filter and user do not stand here"));
        }
        let base =
            decoded(base).filter(|base| base.contains('=')).ok_or_else(|| wrong("its base is no name of an entry"))?;
        let (tls, port) = match scheme {
            "ldaps" => (Some(TlsStart::Immediate), 636),
            "ldap+starttls" => (Some(TlsStart::StartTls), 389),
            "ldap" => (None, 389),
            "ldapi" => {
                let path = decoded(authority).filter(|path| path.starts_with('/'));
                let socket = Socket::Unix(PathBuf::from(path.ok_or_else(|| wrong("its socket is no absolute path"))?));
                return Ok(Self { socket, tls: None, base });
            }
            _ => return Err(wrong("its scheme is not known")),
        };
        let (host, port) = host(authority, port).ok_or_else(|| wrong("it has no such host"))?;
        if tls.is_none() && !host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback()) {
            return Err(wrong("without TLS it has to be an address of this machine"));
        }
        Ok(Self { socket: Socket::tcp(&host, port), tls, base })
    }
}

/// Host without brackets, and port.
fn host(authority: &str, port: u16) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, port),
        Some((host, rest)) => (host, rest.strip_prefix(':')?.parse().ok()?),
        None => match authority.split_once(':') {
            Some((host, text)) => (host, text.parse().ok()?),
            None => (authority, port),
        },
    };
    let is_name = |host: &str| host.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-'));
    let is_host = !host.is_empty() && (host.parse::<IpAddr>().is_ok() || is_name(host));
    (is_host && port > 0).then(|| (host.to_ascii_lowercase(), port))
}

/// Percent-encoding undone (RFC 3986 2.1).
fn decoded(text: &str) -> Option<String> {
    let (mut octets, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            octets.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        octets.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_directories() {
        let place = |text: &str| text.parse::<Place>().map(|place| (place.socket.to_string(), place.tls, place.base));
        let base = "ou=people,dc=example".to_owned();
        for (text, socket, tls) in [
            ("ldaps://Dir.example/ou=people,dc=example", "dir.example:636", Some(TlsStart::Immediate)),
            ("ldaps://dir.example:1636/ou=people,dc=example", "dir.example:1636", Some(TlsStart::Immediate)),
            ("ldap+starttls://[2001:db8::1]/ou=people,dc=example", "[2001:db8::1]:389", Some(TlsStart::StartTls)),
            ("ldap://127.0.0.1:3389/ou=people%2Cdc=example", "127.0.0.1:3389", None),
            ("ldap://[::1]/ou=people,dc=example", "[::1]:389", None),
            ("ldapi://%2Frun%2Fldapi/ou=people,dc=example", "unix:/run/ldapi", None),
        ] {
            assert_eq!(place(text), Ok((socket.to_owned(), tls, base.clone())), "{text}");
        }
        for (text, why) in [
            ("dir.example", "no scheme"),
            ("ldaps:/dir.example/dc=a", "no scheme"),
            ("ldapss://dir.example/dc=a", "scheme is not known"),
            ("ldaps://dir.example", "no base"),
            ("ldaps://dir.example/", "base is no name"),
            ("ldaps://dir.example/people", "base is no name"),
            ("ldaps://dir.example/dc=%zz", "base is no name"),
            ("ldaps://dir.example/dc=a?mail", "do not stand here"),
            ("ldaps://me@dir.example/dc=a", "do not stand here"),
            ("ldaps://:636/dc=a", "no such host"),
            ("ldaps://dir.example:0/dc=a", "no such host"),
            ("ldaps://dir example/dc=a", "no such host"),
            ("ldap://dir.example/dc=a", "without TLS"),
            ("ldap://192.0.2.1/dc=a", "without TLS"),
            ("ldapi://run/dc=a", "no absolute path"),
        ] {
            let told = text.parse::<Place>().unwrap_err();
            assert!(told.contains(why) && told.contains("ldaps://HOST"), "{text}: {told}");
        }
    }
}
