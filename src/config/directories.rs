//! The keys of the configuration that say who is asked for recipients' keys, typed.

use super::{
    policy,
    typing::{Typing, base, domain, no_position},
};
use crate::doors::{
    deliver::lmtp::stream,
    directory::{Settings, ldap},
};
use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    str::FromStr,
};

impl Typing<'_> {
    /// Who is asked for recipients' keys.
    pub fn directories(&mut self) -> Settings {
        let settings = Settings {
            wkd: self.each("encryption.wkd", domain),
            wkd_authorities: self.file("encryption.wkd_ca"),
            wkd_hosts: self.each("encryption.wkd_hosts", host),
            ldap: self.ldap(),
        };
        self.authorities("encryption.wkd_ca", settings.wkd_authorities.as_deref());
        let is_unplaced = settings.wkd_places().iter().any(|(_, _, placed)| placed.is_none());
        if is_unplaced && !self.is_set("dns.resolvers") {
            let what = "encryption.wkd needs name servers to find the hosts; set dns.resolvers, or place them in encryption.wkd_hosts";
            self.complain_at("encryption.wkd", what);
        }
        for (host, _) in &settings.wkd_hosts {
            if !settings.wkd.is_empty() && settings.wkd_places().iter().all(|(_, known, _)| known != host) {
                let what = format!(
                    "encryption.wkd_hosts: `{host}` is asked for no domain of encryption.wkd; place DOMAIN, or openpgpkey.DOMAIN alone"
                );
                self.complain_at("encryption.wkd_hosts", what);
            }
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

    /// The LDAP directory, and as whom it is asked.
    fn ldap(&mut self) -> Option<ldap::Settings> {
        const BESIDE: [&str; 3] = ["encryption.ldap_ca", "encryption.ldap_user", "encryption.ldap_password"];
        let is_wanted = self.is_set("encryption.ldap");
        for key in BESIDE {
            if self.is_set(key) && !is_wanted {
                self.complain_at(
                    key,
                    format!("{key} counts for encryption.ldap only, which is empty; name a directory there"),
                );
            }
        }
        for (present, absent) in
            [("encryption.ldap_user", "encryption.ldap_password"), ("encryption.ldap_password", "encryption.ldap_user")]
        {
            if self.is_set(present) && !self.is_set(absent) {
                self.complain_at(present, format!("{present} needs {absent} beside it"));
            }
        }
        let place = self.optional("encryption.ldap", ldap::place::Place::from_str);
        let authorities = self.file("encryption.ldap_ca");
        self.authorities("encryption.ldap_ca", authorities.as_deref());
        let user = self.optional("encryption.ldap_user", |text| Ok(text.to_owned()));
        let folder = base(self.values.entry("encryption.ldap_password"));
        let password = self.optional("encryption.ldap_password", |text| policy::secret(&folder.join(text)));
        let settings = ldap::Settings { place: place?, authorities, user: user.zip(password) };
        if let Err(what) = ldap::Ldap::new(&settings) {
            self.complain_at("encryption.ldap", format!("encryption.ldap: {what}"));
        }
        Some(settings)
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

    fn read(text: &str) -> Result<crate::config::Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wehr.toml");
        std::fs::write(&file, format!("[encryption]\n{text}")).unwrap();
        crate::config::Settings::load(Some(&file)).map_err(|errors| errors.to_string())
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        for (text, wanted) in [
            ("wkd = 'a.example'", "2:7: encryption.wkd needs name servers to find the hosts; set dns.resolvers"),
            ("wkd = 'a example'", "2:7: encryption.wkd: `a example` is no domain name"),
            ("wkd_hosts = 'a.example=192.0.2.1'", "2:13: encryption.wkd_hosts counts for encryption.wkd only"),
            (
                "wkd = 'a.example'\nwkd_hosts = ['a.example=192.0.2.1', 'b.example=192.0.2.1']",
                "3:14: encryption.wkd_hosts: `b.example` is asked for no domain",
            ),
            (
                "ldap = 'ldaps//a.example'",
                "2:8: encryption.ldap: `ldaps//a.example` is no LDAP directory, it has no scheme",
            ),
            ("ldap = 'http://a.example/dc=a'", "its scheme is not known: ldaps://HOST[:PORT]/BASE"),
            ("ldap = 'ldap://a.example/dc=a'", "without TLS it has to be an address of this machine"),
            (
                "ldap = 'ldaps://a.example/dc=a'\nldap_user = 'cn=a'",
                "ldap_user needs encryption.ldap_password beside it",
            ),
            ("ldap_user = 'cn=a'", "2:13: encryption.ldap_user counts for encryption.ldap only"),
            ("ldap = 'ldaps://a.example/dc=a'\nldap_ca = 'wehr.toml'", "3:11: encryption.ldap_ca: "),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(wanted), "{text}: {told}");
        }
        let settings =
            read("wkd = 'a.example'\nwkd_hosts = 'a.example=192.0.2.1'\nldap = 'ldaps://b.example/dc=a'").unwrap();
        let told: Vec<String> =
            crate::config::egress::contacts(&settings, &[]).iter().map(|contact| contact.target.to_string()).collect();
        assert_eq!(told, ["192.0.2.1:443", "name servers of this machine", "b.example:636"]);
    }
}
