//! White space runs as one space, by a table for ASCII: most of what is read is that.
//!
//! Pure, and linear in the octets.

/// What becomes of each ASCII octet: `BLANK`, `NOTHING`, or the octet that is taken.
pub type Table = [u8; 128];

/// White space: one space for a run.
pub const BLANK: u8 = b' ';
/// The octet is left out, and parts nothing.
pub const NOTHING: u8 = 0xff;

/// Octets that are worked on at once.
const STRIDE: usize = 64;

/// A table by a rule for all octets that are no white space.
#[must_use]
pub const fn table(small: bool, controls: bool) -> Table {
    let mut table = [0; 128];
    let mut rest: &mut [u8] = &mut table;
    let mut octet = 0_u8;
    while let Some((cell, tail)) = rest.split_first_mut() {
        *cell = match octet {
            b'\t'..=b'\r' | b' ' => BLANK,
            0..=0x1f | 0x7f if !controls => NOTHING,
            _ if small => octet.to_ascii_lowercase(),
            _ => octet,
        };
        rest = tail;
        octet += 1;
    }
    table
}

/// Text that grows.
#[derive(Debug)]
pub struct Squeezed {
    pub text: String,
    /// A space would follow another, or begin the text where none may.
    is_blank: bool,
}

impl Squeezed {
    /// An empty text with room for so many octets; whether it may begin with a space.
    #[must_use]
    pub fn new(octets: usize, begins_blank: bool) -> Self {
        Self { text: String::with_capacity(octets), is_blank: !begins_blank }
    }

    /// Adds the ASCII octets that a text begins with; the rest.
    pub fn ascii<'t>(&mut self, text: &'t str, table: &Table) -> &'t str {
        let end = text.bytes().position(|octet| !octet.is_ascii()).unwrap_or(text.len());
        let (ascii, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        for octets in ascii.as_bytes().chunks(STRIDE) {
            let (mut taken, mut length) = ([0; STRIDE], 0);
            for octet in octets {
                let octet = table.get(usize::from(*octet)).copied().unwrap_or(NOTHING);
                if let Some(cell) = taken.get_mut(length) {
                    *cell = octet;
                }
                let (is_blank, is_nothing) = (octet == BLANK, octet == NOTHING);
                length += usize::from(!(is_nothing || is_blank && self.is_blank));
                self.is_blank = is_blank || (is_nothing && self.is_blank);
            }
            self.text.push_str(str::from_utf8(taken.get(..length).unwrap_or_default()).unwrap_or_default());
        }
        rest
    }

    /// Adds a space, unless one is there.
    pub fn blank(&mut self) {
        if !self.is_blank {
            self.text.push(' ');
        }
        self.is_blank = true;
    }

    /// Adds a character that is no white space.
    pub fn mark(&mut self, mark: char) {
        self.text.push(mark);
        self.is_blank = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_any_length_are_one_space() {
        let small = table(true, false);
        for gap in [0, 1, 2, 63, 64, 65, 200] {
            let text = format!("A\x01{}\x01B\u{e4}C", " \t".repeat(gap));
            let mut squeezed = Squeezed::new(0, true);
            assert_eq!(squeezed.ascii(&text, &small), "\u{e4}C");
            assert_eq!(squeezed.text, if gap == 0 { "ab" } else { "a b" });
        }
    }
}
