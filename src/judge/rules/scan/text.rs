//! A short text to look for, in eight octets.
//!
//! Pure. ASCII letters are lower case: the search ignores case, and what it finds is verified.

/// Octets of a text at most; more would not make it rarer by much.
pub const BYTES_MAX: usize = 8;

/// Up to eight octets, the first in the lowest place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    octets: u64,
    length: u8,
}

impl Text {
    /// As much of some octets as fits.
    pub fn of(octets: &[u8]) -> Self {
        octets.iter().take(BYTES_MAX).fold(Self::default(), |text, octet| text.with(*octet))
    }

    /// The text with one more octet, if that fits.
    pub fn with(self, octet: u8) -> Self {
        if self.len() >= BYTES_MAX {
            return self;
        }
        let octet = u64::from(octet.to_ascii_lowercase());
        Self { octets: self.octets | octet << (8 * self.length), length: self.length + 1 }
    }

    /// This text and then another; none if that does not fit.
    pub fn then(self, other: Self) -> Option<Self> {
        match self.len() + other.len() {
            _ if other.length == 0 => Some(self),
            length if length <= BYTES_MAX => Some(Self {
                octets: self.octets | other.octets << (8 * self.length),
                length: self.length + other.length,
            }),
            _ => None,
        }
    }

    pub fn len(self) -> usize {
        usize::from(self.length)
    }

    pub fn iter(self) -> impl Iterator<Item = u8> {
        self.octets.to_le_bytes().into_iter().take(self.len())
    }

    /// The octets in one number.
    pub fn number(self) -> u64 {
        self.octets
    }
}
