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
        let is_ascii = text.is_ascii();
        let (starts, ends) = (text.starts_with(char::is_whitespace), text.ends_with(char::is_whitespace));
        let mut is_taken = false;
        for (at, word) in text.split_whitespace().enumerate() {
            // Newsletters fill the preview of a mail with characters that take no ink.
            if is_ascii || !word.chars().all(is_invisible) {
                self.word(word, at == 0 && !starts);
                is_taken = true;
            }
        }
        self.gap = ends || (!is_taken && (self.gap || starts));
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
        flow.part();
        flow.push("\u{200c}");
        flow.push("d");
        assert_eq!(flow.text, "a b\u{200b}c d");
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
