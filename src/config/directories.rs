//! The keys of the configuration that say who is asked for recipients' keys, typed.

use super::typing::{Typing, domain, no_position};
use crate::doors::{deliver::lmtp::stream, directory::Settings};
use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
};

impl Typing<'_> {
    /// Who is asked for recipients' keys.
    pub fn directories(&mut self) -> Settings {
        let settings = Settings {
            wkd: self.each("encryption.wkd", domain),
            wkd_authorities: self.file("encryption.wkd_ca"),
            wkd_hosts: self.each("encryption.wkd_hosts", host),
        };
        self.authorities("encryption.wkd_ca", settings.wkd_authorities.as_deref());
        let is_unplaced = settings.wkd_places().iter().any(|(_, _, placed)| placed.is_none());
        if is_unplaced && !self.is_set("dns.resolvers") {
            let what = "encryption.wkd needs name servers to find the hosts; set dns.resolvers, or place them in encryption.wkd_hosts";
            self.complain_at("encryption.wkd", what);
        }
        if settings.wkd.is_empty() {
            for key in ["encryption.wkd_ca", "encryption.wkd_hosts"] {
                if self.is_set(key) {
                    self.complain_at(
                        key,
                        format!("{key} counts for encryption.wkd only, which is empty; name domains there"),
                    );
                }
            }
        }
        if cfg!(not(feature = "openpgp")) && !settings.wkd.is_empty() {
            self.complain_at(
                "encryption.wkd",
                "encryption.wkd finds OpenPGP keys, and this program was built without OpenPGP",
            );
        }
        settings
    }

    /// Notes a file that holds no authority.
    fn authorities(&mut self, key: &str, file: Option<&Path>) {
        if let Some(Err(what)) = file.map(|file| stream::client(Some(file))) {
            self.complain_at(key, format!("{key}: {what}"));
        }
    }

    fn complain_at(&mut self, key: &str, what: impl Into<String>) {
        let items = &self.values.entry(key).items;
        let position = items.first().map_or_else(|| no_position(key), |item| item.position.clone());
        self.complain(&position, what);
    }
}

/// Where a host is: `HOST=ADDRESS`, or `HOST=ADDRESS:PORT`.
fn host(text: &str) -> Result<(String, SocketAddr), String> {
    const HTTPS: u16 = 443;
    let wrong = || format!("`{text}` is no place of a host: HOST=ADDRESS or HOST=ADDRESS:PORT");
    let (host, place) = text.split_once('=').ok_or_else(wrong)?;
    let address = place.trim_matches(['[', ']']).parse::<IpAddr>().map(|address| SocketAddr::new(address, HTTPS));
    let address = address.or_else(|_| place.parse()).map_err(|_| wrong())?;
    let host = domain(host).map_err(|_| wrong())?;
    Ok((host.as_str().to_owned(), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_place() {
        assert_eq!(host("A.example=192.0.2.1").unwrap(), ("a.example".to_owned(), "192.0.2.1:443".parse().unwrap()));
        assert_eq!(host("a.example=[::1]:8443").unwrap().1, "[::1]:8443".parse().unwrap());
        assert_eq!(host("a.example=::1").unwrap().1, "[::1]:443".parse().unwrap());
        for wrong in ["a.example", "a.example=", "=192.0.2.1", "a.example=b.example", "a.example=192.0.2.1:https"] {
            assert!(host(wrong).unwrap_err().contains("HOST=ADDRESS"), "{wrong}");
        }
    }
}
