//! Who may call the admin API: lines `NAME ROLE SHA256` of a file that has no token itself.
//!
//! Pure. The file is no way in: a token is 32 random octets or more, so its digest cannot be guessed back.

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};

/// What a token may do; a later one may all that an earlier one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees what was decided, without addresses and without anything from inside a mail.
    HelpDesk,
    /// Sees all and reloads.
    Operator,
}

impl Role {
    pub const ALL: [Self; 2] = [Self::HelpDesk, Self::Operator];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::HelpDesk => "help_desk",
            Self::Operator => "operator",
        }
    }
}

/// The tokens of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    known: Vec<(String, Role, Vec<u8>)>,
}

impl Tokens {
    /// Reads the file; `#` begins a comment.
    ///
    /// # Errors
    /// The first line that is wrong, with its number.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut known = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            if words.is_empty() {
                continue;
            }
            let wrong = |what: &str| {
                (index + 1, format!("{what}; a line is NAME ROLE SHA256, with a role of help_desk, operator"))
            };
            let [name, role, hash] = words.as_slice() else { return Err(wrong("three words are needed")) };
            let found = Role::ALL.into_iter().find(|known| known.word() == *role);
            let role = found.ok_or_else(|| wrong("this role is not known"))?;
            let hash = octets(hash).ok_or_else(|| wrong("this is no SHA-256 of 64 hex digits"))?;
            known.push(((*name).to_owned(), role, hash));
        }
        Ok(Self { known })
    }

    /// How many tokens have a role.
    #[must_use]
    pub fn count(&self, role: Role) -> usize {
        self.known.iter().filter(|(_, known, _)| *known == role).count()
    }

    /// Name and role of who shows this token. Takes the same time for every token.
    #[must_use]
    pub fn who(&self, token: &str) -> Option<(&str, Role)> {
        let shown = digest::digest(&digest::SHA256, token.as_bytes());
        let mut found = None;
        for (name, role, hash) in &self.known {
            if verify_slices_are_equal(hash, shown.as_ref()).is_ok() {
                found = Some((name.as_str(), *role));
            }
        }
        found
    }
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_digest() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let tokens = Tokens::parse(&format!("# who\nanna operator {abc}\n")).unwrap();
        assert_eq!(tokens.who("abc"), Some(("anna", Role::Operator)));
        assert_eq!(tokens.who("abd"), None);
        assert_eq!(tokens.who(abc), None);
        assert!(Tokens::parse(&format!("anna root {abc}")).is_err());
        assert_eq!(Tokens::parse("\nanna operator abc").unwrap_err().0, 2);
    }
}
