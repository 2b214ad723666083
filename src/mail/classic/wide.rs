//! A string as Perl holds it: characters, which came either from octets or from a decoder.
//!
//! Pure. SpamAssassin's text is octets where nothing was decoded, and UTF-8 where something was: one decoded
//! character anywhere turns all octets of the string into the characters of ISO 8859-1.

/// Characters, and whether some decoder made them. If not, all are below 256 and stand for octets.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide {
    pub text: String,
    pub decoded: bool,
}

impl Wide {
    /// Octets that nobody decoded.
    #[must_use]
    pub fn octets(octets: &[u8]) -> Self {
        let text = match std::str::from_utf8(octets) {
            Ok(text) if text.is_ascii() => text.to_owned(),
            _ => octets.iter().map(|octet| char::from(*octet)).collect(),
        };
        Self { text, decoded: false }
    }

    /// Characters from a decoder.
    #[must_use]
    pub fn decoded(text: String) -> Self {
        Self { text, decoded: true }
    }

    /// What SpamAssassin's rules see of it.
    #[must_use]
    pub fn to_octets(&self) -> Vec<u8> {
        if self.decoded || self.text.is_ascii() {
            return self.text.as_bytes().to_vec();
        }
        // All characters are below 256: anything else would have been decoded.
        self.text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
    }

    /// Appends another string; decoded if one of them is.
    pub fn push(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.decoded |= other.decoded;
    }

    /// Number of characters.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.text.is_ascii() { self.text.len() } else { self.text.chars().count() }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// White space as Perl's `\s` knows it: for octets only that of ASCII.
    #[must_use]
    pub fn is_space(&self, letter: char) -> bool {
        if self.decoded { is_wide_space(letter) } else { is_space(letter) }
    }
}

/// ASCII white space, vertical tab included.
#[must_use]
pub fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t'..='\r')
}

/// White space of Unicode as Perl knows it.
#[must_use]
pub fn is_wide_space(letter: char) -> bool {
    is_space(letter) || (!letter.is_ascii() && letter.is_whitespace())
}

/// White space among octets.
#[must_use]
pub fn is_blank(octet: &u8) -> bool {
    matches!(octet, b' ' | b'\t'..=b'\r')
}

/// Octets without white space around them.
#[must_use]
pub fn trim(octets: &[u8]) -> &[u8] {
    let start = octets.iter().position(|octet| !is_blank(octet)).unwrap_or(octets.len());
    let end = octets.iter().rposition(|octet| !is_blank(octet)).map_or(start, |last| last + 1);
    octets.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_decoded_character_turns_the_string() {
        let mut text = Wide::octets(b"\xa0");
        assert_eq!(text.to_octets(), b"\xa0");
        assert!(!text.is_space('\u{a0}'));
        text.push(&Wide::decoded("\u{20ac}".to_owned()));
        assert_eq!(text.to_octets(), "\u{a0}\u{20ac}".as_bytes());
        assert!(text.is_space('\u{a0}'));
        assert_eq!(trim(b" \r\n a b\t"), b"a b");
        assert_eq!(trim(b"  "), b"");
    }
}
