//! Flow: text as it is read, with white space runs as one space and a space where blocks meet.
//!
//! Pure, and linear in the octets.

use crate::mail::author::domains::is_invisible;

/// Text that grows.
#[derive(Debug, Default)]
pub struct Flow {
    pub text: String,
    /// A space is due before the next word.
    gap: bool,
}

impl Flow {
    /// What follows does not touch what is there.
    pub fn part(&mut self) {
        self.gap = true;
    }

    /// Does the last word go on where the next text begins?
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.gap && self.text.chars().next_back().is_some_and(char::is_alphanumeric)
    }

    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        let (starts, ends) = if text.is_ascii() {
            for (at, word) in text.split_ascii_whitespace().enumerate() {
                self.word(word, at == 0 && !text.starts_with(|mark: char| mark.is_ascii_whitespace()));
            }
            let is_blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
            (is_blank(text.as_bytes().first()), is_blank(text.as_bytes().last()))
        } else {
            for (at, word) in text.split_whitespace().enumerate() {
                // Newsletters fill the preview of a mail with characters that take no ink.
                if !word.chars().all(is_invisible) {
                    self.word(word, at == 0 && !text.starts_with(char::is_whitespace));
                }
            }
            (text.starts_with(char::is_whitespace), text.ends_with(char::is_whitespace))
        };
        // A text of white space alone has no word that would have taken the gap.
        self.gap = ends || (self.gap && (starts || text.is_empty()));
    }

    fn word(&mut self, word: &str, goes_on: bool) {
        if (self.gap || !goes_on) && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.gap = false;
        self.text.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_no_ink_is_no_word() {
        let mut flow = Flow::default();
        flow.push("a \u{34f} \u{200c}\u{a0}\u{200c} b\u{200b}c");
        assert_eq!(flow.text, "a b\u{200b}c");
    }

    #[test]
    fn white_space_is_one_space() {
        let mut flow = Flow::default();
        for text in [" a", "b ", "", " c\u{a0}\r\n", " ", "d", "\u{fc}"] {
            flow.push(text);
        }
        assert_eq!(flow.text, "ab c d\u{fc}");
        assert!(flow.is_open());
        flow.part();
        assert!(!flow.is_open());
        flow.push("");
        flow.push("e");
        assert_eq!(flow.text, "ab c d\u{fc} e");
    }
}
