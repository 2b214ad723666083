//! The keys that put the quarantine into a bucket, typed.

use super::{
    policy,
    typing::{Typing, base, no_position},
};
use crate::doors::quarantine::shelf::Place;
use std::net::IpAddr;
use url::Url;

impl Typing<'_> {
    /// The bucket of the quarantine; `None` where there is none, or where something about it is wrong.
    pub fn bucket(&mut self) -> Option<Place> {
        let url = self.optional("quarantine.url", |text| {
            let wrong = || format!("`{text}` is no place in a bucket: s3://BUCKET/PREFIX");
            Place::parse(text).ok_or_else(wrong)
        });
        let endpoint = self.optional("quarantine.endpoint", endpoint);
        let region = self.optional("quarantine.region", region);
        let key = "quarantine.credentials";
        let folder = base(self.values.entry(key));
        let credentials = self.optional(key, |text| policy::secret(&folder.join(text)));
        if self.is_set("quarantine.url") && !self.is_set(key) {
            let origin = self.values.entry("quarantine.url").origin.clone();
            let position = origin.unwrap_or_else(|| no_position("quarantine.url"));
            self.complain(&position, "quarantine.url needs quarantine.credentials beside it");
        }
        let (bucket, prefix) = url?;
        Some(Place { bucket, prefix, endpoint, region: region?, credentials: credentials? })
    }
}

/// An address of the web without path; without TLS on this machine only.
fn endpoint(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no address of a store, such as https://s3.school.example");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_here = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    match url.scheme() {
        "https" if is_bare => {}
        "http" if is_bare && is_here => {}
        "http" if is_bare => return Err(format!("`{text}` is not on this machine, so https is needed")),
        _ => return Err(wrong()),
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn region(text: &str) -> Result<String, String> {
    let fits = text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'));
    if fits { Ok(text.to_owned()) } else { Err(format!("`{text}` is no region: letters, digits, - _")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_tls_or_is_here() {
        assert_eq!(endpoint("https://s3.school.example/").unwrap(), "https://s3.school.example");
        assert!(endpoint("http://127.0.0.1:9000").is_ok() && endpoint("http://[::1]:9000").is_ok());
        assert!(endpoint("http://s3.school.example").unwrap_err().contains("https is needed"));
        for wrong in ["s3.school.example", "https://a/path", "https://u@a", "ftp://a", "https://a/?q"] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }
}
