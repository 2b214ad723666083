//! Who may call the admin API: lines `NAME ROLE SHA256 [WHOSE ...]` of a file that has no token itself.
//!
//! Pure. The file is no way in: a token is 32 random octets or more, so its digest cannot be guessed back.

use crate::{
    judge::policy::{classes::subjects::Subjects, whom::Whom},
    mail::address::Address,
};
use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees and releases own mail.
    Recipient,
    /// Writes which class counts for whom, and sees nothing else.
    Portal,
    /// Sees what was decided, without addresses and without anything from inside a mail.
    HelpDesk,
    /// Sees all, releases, deletes, teaches and reloads.
    Operator,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Recipient, Self::Portal, Self::HelpDesk, Self::Operator];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Portal => "portal",
            Self::HelpDesk => "help_desk",
            Self::Operator => "operator",
        }
    }
}

/// Whose mail a recipient's token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    Mailbox(Whom),
    /// All addresses that a subject has at the time.
    Subject(String),
}

/// Who shows a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub name: String,
    pub role: Role,
    /// Empty but for recipients.
    pub whose: Vec<Whose>,
    hash: Vec<u8>,
}

impl Holder {
    /// Is this address theirs?
    #[must_use]
    pub fn owns(&self, address: &str, subjects: &Subjects) -> bool {
        let address = Address::new(address);
        self.whose.iter().any(|whose| match whose {
            Whose::Mailbox(whom) => whom.is(&address),
            Whose::Subject(name) => subjects.of(&address).is_some_and(|(found, _)| found == name),
        })
    }
}

/// The tokens of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    known: Vec<Holder>,
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
                let roles = Role::ALL.map(Role::word).join(", ");
                (index + 1, format!("{what}; a line is NAME ROLE SHA256, with a role of {roles}"))
            };
            let [name, role, hash, rest @ ..] = words.as_slice() else {
                return Err(wrong("three words are needed"));
            };
            let found = Role::ALL.into_iter().find(|known| known.word() == *role);
            let role = found.ok_or_else(|| wrong("this role is not known"))?;
            let hash = octets(hash).ok_or_else(|| wrong("this is no SHA-256 of 64 hex digits"))?;
            if rest.is_empty() == (role == Role::Recipient) {
                return Err(wrong("recipients, and nobody else, have addresses or subjects behind the digest"));
            }
            let whose: Option<Vec<Whose>> = rest.iter().map(|word| whose(word)).collect();
            let whose = whose.ok_or_else(|| wrong("this is no address; a whole domain is none"))?;
            known.push(Holder { name: (*name).to_owned(), role, whose, hash });
        }
        Ok(Self { known })
    }

    /// How many tokens have a role.
    #[must_use]
    pub fn count(&self, role: Role) -> usize {
        self.known.iter().filter(|holder| holder.role == role).count()
    }

    /// Who shows this token. Takes the same time for every token.
    #[must_use]
    pub fn who(&self, token: &str) -> Option<&Holder> {
        let shown = digest::digest(&digest::SHA256, token.as_bytes());
        let mut found = None;
        for holder in &self.known {
            if verify_slices_are_equal(&holder.hash, shown.as_ref()).is_ok() {
                found = Some(holder);
            }
        }
        found
    }
}

fn whose(word: &str) -> Option<Whose> {
    if !word.contains('@') {
        return Some(Whose::Subject(word.to_owned()));
    }
    Whom::parse(word).filter(|whom| matches!(whom, Whom::Address(_))).map(Whose::Mailbox)
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
    use crate::judge::policy::classes::subjects::Subject;

    #[test]
    fn a_token_is_known_by_its_digest() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let tokens = Tokens::parse(&format!("# who\nanna operator {abc}\n")).unwrap();
        let holder = tokens.who("abc").unwrap();
        assert_eq!((holder.name.as_str(), holder.role), ("anna", Role::Operator));
        assert_eq!(tokens.who("abd"), None);
        assert_eq!(tokens.who(abc), None);
        assert!(Tokens::parse(&format!("anna root {abc}")).is_err());
        assert_eq!(Tokens::parse("\nanna operator abc").unwrap_err().0, 2);
    }

    #[test]
    fn a_recipient_has_addresses_or_subjects() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for wrong in ["", " @school.example", " x@"] {
            assert!(Tokens::parse(&format!("anna recipient {abc}{wrong}")).is_err(), "{wrong}");
        }
        assert!(Tokens::parse(&format!("anna operator {abc} a@school.example")).is_err());
        let tokens = Tokens::parse(&format!("anna recipient {abc} a@school.example p-1")).unwrap();
        let subject = Subject { addresses: vec!["b@school.example".to_owned()], ..Subject::default() };
        let mut subjects = Subjects::default();
        subjects.put("p-1", subject).unwrap();
        let owns = |address| tokens.who("abc").unwrap().owns(address, &subjects);
        assert!(owns("A+x@school.example") && owns("b@school.example") && !owns("c@school.example"));
    }
}
