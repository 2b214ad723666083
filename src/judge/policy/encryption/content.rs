//! What a class of recipients demands of the mail itself: signed, by whom, or encrypted.
//!
//! Pure. What is signed inside of encrypted mail nobody here can see, so `signed` alone does not take it.

use crate::{
    judge::{
        auth::signed::Signatures,
        document::{Document, Value, unknown},
        policy::{
            verdict::{Action, Reply},
            whom::Whom,
        },
    },
    mail::{address::Address, protection::Family},
};

/// What must be signed or encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    #[default]
    Any,
    Signed,
    Encrypted,
    SignedOrEncrypted,
}

impl Demand {
    const ALL: [Self; 4] = [Self::Any, Self::Signed, Self::Encrypted, Self::SignedOrEncrypted];

    /// The word in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Signed => "signed",
            Self::Encrypted => "encrypted",
            Self::SignedOrEncrypted => "signed_or_encrypted",
        }
    }

    #[must_use]
    pub fn takes_signed(self) -> bool {
        matches!(self, Self::Signed | Self::SignedOrEncrypted)
    }

    fn takes_encrypted(self) -> bool {
        matches!(self, Self::Encrypted | Self::SignedOrEncrypted)
    }
}

/// What a class takes, and what happens to other mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub demand: Demand,
    /// Who may sign; empty: whoever is trusted.
    pub signers: Vec<Whom>,
    /// What happens to mail that is not as demanded.
    pub refused: Action,
}

impl Default for Content {
    fn default() -> Self {
        Self { demand: Demand::Any, signers: Vec::new(), refused: Action::Reject }
    }
}

impl Content {
    /// Is a mail as it is demanded? Only valid signatures of its author over all of it count.
    #[must_use]
    pub fn is_met(&self, encrypted: Option<Family>, signatures: &Signatures) -> bool {
        let is_one = |signer: &str| {
            let signer = Address::new(signer);
            self.signers.is_empty() || self.signers.iter().any(|whom| whom.is(&signer))
        };
        self.demand == Demand::Any
            || (self.demand.takes_encrypted() && encrypted.is_some())
            || (self.demand.takes_signed() && signatures.signers().any(is_one))
    }

    /// What the sender of a refused mail is told: a fixed sentence, and where more is said (RFC 3463; X.7.10 is
    /// "encryption needed").
    #[must_use]
    pub fn refusal(&self, reference: &str, link: Option<&str>) -> Reply {
        let (code, what) = match self.demand {
            Demand::Any | Demand::Signed => ("5.7.1", "only signed mail is accepted here"),
            Demand::Encrypted => ("5.7.10", "only encrypted mail is accepted here"),
            Demand::SignedOrEncrypted => ("5.7.1", "only signed or encrypted mail is accepted here"),
        };
        let more = link.map(|link| format!(", see {link}")).unwrap_or_default();
        Reply::new(550, code, format!("{what}{more} (ref {reference})"))
    }
}

/// Reads `content`.
pub fn demand(document: &Document<'_>, value: &Value<'_>) -> Demand {
    let Some(word) = document.text(value) else { return Demand::Any };
    let found = Demand::ALL.into_iter().find(|demand| demand.word() == word);
    if found.is_none() {
        document.complain(value.span(), unknown("content", &word, Demand::ALL.map(Demand::word)));
    }
    found.unwrap_or_default()
}

/// Reads `signers`.
pub fn signers(document: &Document<'_>, value: &Value<'_>) -> Vec<Whom> {
    let mut found = Vec::new();
    for (text, span) in document.texts(value).unwrap_or_default() {
        match Whom::parse(&text) {
            Some(whom) => found.push(whom),
            None => {
                document.complain(span, format!("`{text}` is no signer: an address, or @domain for all of a domain"));
            }
        }
    }
    if found.is_empty() {
        document.complain(value.span(), "names nobody; leave `signers` out to take every trusted one");
    }
    found
}

/// Reads `signed_refused`.
pub fn refused(document: &Document<'_>, value: &Value<'_>) -> Action {
    const ACTIONS: [Action; 3] = [Action::Reject, Action::Quarantine, Action::Tag];
    let Some(word) = document.text(value) else { return Action::Reject };
    let found = Action::parse(&word).filter(|action| ACTIONS.contains(action));
    if found.is_none() {
        document.complain(value.span(), unknown("signed_refused", &word, ACTIONS.map(Action::word)));
    }
    found.unwrap_or(Action::Reject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{
        auth::signed::{Signature, Standing},
        policy::encryption::{Encryption, read},
    };

    fn policy(keys: &str) -> Encryption {
        read::read("e.toml", &format!("[[class]]\nname = 'all'\n{keys}")).unwrap()
    }

    fn signed(result: Standing, by: &str) -> Signatures {
        let smime = Signature { result, addresses: vec![by.to_owned()], ..Signature::default() };
        Signatures { smime, ..Signatures::default() }
    }

    #[test]
    fn only_what_is_demanded_is_taken() {
        let none = Signatures::default();
        let anna = signed(Standing::Valid, "anna@schule.example");
        let other = signed(Standing::Valid, "x@other.example");
        let old = signed(Standing::Expired, "anna@schule.example");
        for (keys, encrypted, signatures, expected) in [
            ("", None, &none, true),
            ("content = 'signed'", None, &none, false),
            ("content = 'signed'", None, &anna, true),
            ("content = 'signed'", None, &old, false),
            ("content = 'signed'", Some(Family::Smime), &none, false),
            ("content = 'encrypted'", Some(Family::Smime), &none, true),
            ("content = 'encrypted'", None, &anna, false),
            ("content = 'signed_or_encrypted'", Some(Family::Openpgp), &none, true),
            ("content = 'signed'\nsigners = ['@schule.example']", None, &anna, true),
            ("content = 'signed'\nsigners = ['@schule.example']", None, &other, false),
        ] {
            assert_eq!(policy(keys).classes[0].content.is_met(encrypted, signatures), expected, "{keys}");
        }
    }

    #[test]
    fn errors_are_told() {
        let text = "[[class]]\nname = 'a'\ncontent = 'sined'\nsigners = ['x']\nsigned_refused = 'defer'\n";
        let errors = read::read("e.toml", text).unwrap_err().to_string();
        for part in ["e.toml:3:11: ", "did you mean `signed`", "`x` is no signer", "e.toml:5:18: ", "names nobody"] {
            assert!(errors.contains(part), "{part} in\n{errors}");
        }
    }
}
