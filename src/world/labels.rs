//! A domain name as the DNS compares it: labels of any octets, ASCII case folded (RFC 1035 section 3.1, RFC 4343).
//!
//! Pure. `judge::facts::Name` is the name as text; here it becomes labels, if it can be a DNS name at all.

use crate::judge::facts::Name;
use std::net::IpAddr;

/// Octets of one label (RFC 1035 2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// Octets of a name on the wire, each label with its length octet and the root's (RFC 1035 2.3.4).
const WIRE_BYTES_MAX: usize = 255;

/// The labels of a name, the one next to the root first: an ancestor is a prefix, so a sorted map is a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<Vec<u8>>);

/// Why some octets are no domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    EmptyLabel,
    LongLabel,
    LongName,
}

impl Unfit {
    /// What is wrong, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::EmptyLabel => "has an empty label (two dots in a row, or a dot at the start)",
            Self::LongLabel => "has a label of more than 63 octets",
            Self::LongName => "is longer than 255 octets",
        }
    }
}

impl Labels {
    /// The name whose labels are these, leftmost first.
    ///
    /// # Errors
    /// A label is empty or longer than 63 octets, or the name longer than 255.
    pub fn from_left<L: AsRef<[u8]>>(labels: impl DoubleEndedIterator<Item = L>) -> Result<Self, Unfit> {
        let mut name = Self::default();
        let mut wire = 1_usize;
        for label in labels.rev() {
            let label = label.as_ref();
            wire = wire.saturating_add(label.len()).saturating_add(1);
            match label.len() {
                0 => return Err(Unfit::EmptyLabel),
                1..=LABEL_BYTES_MAX if wire <= WIRE_BYTES_MAX => name.0.push(label.to_ascii_lowercase()),
                1..=LABEL_BYTES_MAX => return Err(Unfit::LongName),
                _ => return Err(Unfit::LongLabel),
            }
        }
        Ok(name)
    }

    /// The labels of a name in text; `None` for text that is no DNS name, which therefore cannot exist.
    #[must_use]
    pub fn of(name: &Name) -> Option<Self> {
        match name.as_str() {
            "" => Some(Self::default()),
            text => Self::from_left(text.split('.')).ok(),
        }
    }

    /// The name under which an address has its host names (RFC 1035 3.5, RFC 3596 2.5).
    #[must_use]
    pub fn reverse(address: IpAddr) -> Self {
        let mut labels: Vec<Vec<u8>> = match address.to_canonical() {
            IpAddr::V4(v4) => {
                let octets = v4.octets();
                ["arpa", "in-addr"]
                    .into_iter()
                    .map(|label| label.as_bytes().to_vec())
                    .chain(octets.iter().map(|octet| octet.to_string().into_bytes()))
                    .collect()
            }
            IpAddr::V6(v6) => {
                let nibbles = v6.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
                ["arpa", "ip6"]
                    .into_iter()
                    .map(|label| label.as_bytes().to_vec())
                    .chain(nibbles.map(|nibble| format!("{nibble:x}").into_bytes()))
                    .collect()
            }
        };
        labels.shrink_to_fit();
        Self(labels)
    }

    /// The name as text. A label with octets that are no UTF-8 or with a dot in it cannot be told apart afterwards.
    #[must_use]
    pub fn name(&self) -> Name {
        let labels: Vec<_> = self.leftmost_first().map(String::from_utf8_lossy).collect();
        Name::new(&labels.join("."))
    }

    /// The labels as they are read and sent.
    pub fn leftmost_first(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.iter().rev().map(Vec::as_slice)
    }

    /// The name one label shorter; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }

    /// The name of the wildcard under this name (RFC 4592 2.1.1).
    #[must_use]
    pub fn wildcard(&self) -> Self {
        let mut labels = self.0.clone();
        labels.push(b"*".to_vec());
        Self(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_labels_and_back() {
        let labels = Labels::of(&Name::new("A.b \"c.Example.")).unwrap();
        assert_eq!(labels.leftmost_first().collect::<Vec<_>>(), [&b"a"[..], b"b \"c", b"example"]);
        assert_eq!(labels.name(), Name::new("a.b \"c.example"));
        assert_eq!(Labels::of(&Name::new("")), Some(Labels::default()));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["a..b", ".a", &format!("{}.b", "x".repeat(64)), &["y".repeat(50).as_str(); 5].join(".")] {
            assert_eq!(Labels::of(&Name::new(text)), None, "{text}");
        }
        assert!(Labels::of(&Name::new(&"x".repeat(63))).is_some());
        // 253 octets of text are the most that fits: 255 on the wire.
        let longest = [&"x".repeat(63)[..], &"x".repeat(63), &"x".repeat(63), &"x".repeat(61)].join(".");
        assert!(Labels::of(&Name::new(&longest)).is_some());
        assert!(Labels::of(&Name::new(&format!("{longest}x"))).is_none());
    }

    #[test]
    fn addresses_have_names() {
        let text = |address: &str| Labels::reverse(address.parse().unwrap()).name().as_str().to_owned();
        assert_eq!(text("192.0.2.1"), "1.2.0.192.in-addr.arpa");
        assert_eq!(text("::ffff:192.0.2.1"), "1.2.0.192.in-addr.arpa");
        assert_eq!(text("2001:db8::1"), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    }
}
