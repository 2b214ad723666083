//! Addresses and domains of an envelope, kept verbatim and compared as RFC 5321 2.4 and RFC 5890 say.
//!
//! Pure.

use std::fmt;

/// An address exactly as the envelope gave it, without the angle brackets; empty is the null reverse-path.
///
/// It may be malformed: the envelope is judged, never a usage error.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// Takes the text of a path; one pair of enclosing angle brackets is dropped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        Self(inner.unwrap_or(text).to_owned())
    }

    /// The address as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this the null reverse-path (RFC 5321 4.5.5)?
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands left of the last `@`, still quoted if it came quoted.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(self.0.as_str(), |(local, _)| local)
    }

    /// What stands right of the last `@`.
    #[must_use]
    pub fn domain_text(&self) -> Option<&str> {
        self.0.rsplit_once('@').map(|(_, domain)| domain)
    }

    /// The domain in comparable form, if it is one.
    #[must_use]
    pub fn domain(&self) -> Option<Domain> {
        self.domain_text().and_then(Domain::parse)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A domain name in comparable form: lower-case A-labels, no trailing dot (RFC 5890 2.3.2.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

impl Domain {
    /// Reads a domain name; `None` for address literals, empty names and names no resolver would take.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('.');
        if text.is_empty() || text.starts_with('[') {
            return None;
        }
        let ascii = if text.is_ascii() { text.to_ascii_lowercase() } else { idna::domain_to_ascii(text).ok()? };
        let fits = ascii.len() <= 253
            && ascii.split('.').all(|label| !label.is_empty() && label.len() <= 63)
            && ascii.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then_some(Self(ascii))
    }

    /// The name, lower case, without trailing dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registrable domain by the public suffix list, private section included; below a suffix that is not listed
    /// it is one label (the list's own rule `*`). `None` for public suffixes and for addresses.
    #[must_use]
    pub fn registrable(&self) -> Option<Self> {
        let is_address = self.0.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        if is_address {
            return None;
        }
        psl::domain_str(&self.0).map(|name| Self(name.to_owned()))
    }

    /// Is the public suffix one of the list's ICANN or private section, rather than made up by its rule `*`?
    #[must_use]
    pub fn has_listed_suffix(&self) -> bool {
        psl::suffix(self.0.as_bytes()).is_some_and(|suffix| suffix.is_known())
    }

    /// Is this name equal to `other` or below it?
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_suffix(other.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_verbatim() {
        let odd = Address::new("<a b@c@Example.ORG.>");
        assert_eq!(odd.as_str(), "a b@c@Example.ORG.");
        assert_eq!(odd.local_part(), "a b@c");
        assert_eq!(odd.domain().unwrap().as_str(), "example.org");
        assert!(Address::new("<>").is_null());
    }

    #[test]
    fn domains_compare_as_a_labels() {
        assert_eq!(Domain::parse("B\u{fc}cher.Example."), Domain::parse("xn--bcher-kva.example"));
        assert_eq!(Domain::parse("[192.0.2.1]"), None);
        assert_eq!(Domain::parse("a..b"), None);
        let host = Domain::parse("mail.a.co.uk").unwrap();
        assert_eq!(host.registrable().unwrap().as_str(), "a.co.uk");
        assert_eq!(Domain::parse("192.0.2.1").unwrap().registrable(), None);
        assert!(host.is_within(&Domain::parse("A.co.uk").unwrap()));
        assert!(!host.is_within(&Domain::parse("l.a.co.uk").unwrap()));
    }
}
