//! What must arrive encrypted: demands of recipients' classes, of partners and of secure aliases.
//!
//! Pure. Nobody demands anything by default; of several demands on one mail the strongest counts.

pub mod content;
pub mod loans;
pub mod read;
pub mod sealing;
pub mod transport;

use self::{content::Content, loans::Loan, sealing::Sealing};
use super::{verdict::Action, whom::Whom};
use crate::{
    judge::document::Position,
    mail::{
        address::{Address, Domain},
        transport::Level,
    },
};
use std::fmt;

/// Everything that `policy/encryption.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// Told to senders whose mail is refused; a fixed https address.
    pub link: Option<String>,
    /// What happens to plaintext from a partner that used TLS before; `Accept` is only a finding. `None`: the file does
    /// not say, and nobody is asked.
    pub downgrade: Option<Action>,
    /// Mails over TLS that make it expected of a partner.
    pub downgrade_after: Option<u64>,
    /// In order; the first that names a recipient counts.
    pub classes: Vec<Class>,
    pub partners: Vec<Partner>,
    pub aliases: Vec<SecureAlias>,
    /// Private keys that classes lend.
    pub loans: Vec<Loan>,
    /// Where `downgrade` stands.
    pub downgrade_at: At,
}

/// Where something stands in the file; it does not make two policies different.
#[derive(Clone, Default)]
pub struct At(Option<Position>);

impl At {
    #[must_use]
    pub fn new(position: Position) -> Self {
        Self(Some(position))
    }

    /// The place; the start of what is built in where nobody wrote it.
    #[must_use]
    pub fn position(&self) -> Position {
        let embedded = || Position { file: "policy/encryption.toml".to_owned(), line: 1, column: 1 };
        self.0.clone().unwrap_or_else(embedded)
    }
}

/// Part of the rulebook's digest, which a comment above a class must not change.
impl fmt::Debug for At {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("_")
    }
}

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for At {}

/// What one class of recipients demands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Class {
    pub name: String,
    /// Empty: everybody whom no class before names.
    pub recipients: Vec<Whom>,
    pub transport: Level,
    pub sealing: Sealing,
    /// What must be signed or encrypted in itself.
    pub content: Content,
    /// Folder of the private keys that the class lends.
    pub lent: Option<String>,
    pub at: At,
}

/// What is demanded of mail from some domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partner {
    /// These and all below them.
    pub domains: Vec<Domain>,
    pub transport: Level,
    pub at: At,
}

/// A domain whose addresses take encrypted transport only and stand for mailboxes of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecureAlias {
    pub domain: Domain,
    /// The domain of the mailboxes.
    pub mailbox: Domain,
    pub transport: Level,
    pub at: At,
}

impl Encryption {
    /// What is built in: no demand.
    #[must_use]
    pub fn embedded() -> Self {
        let text = include_str!("../../../../policy/encryption.toml");
        read::read("policy/encryption.toml", text).unwrap_or_default()
    }

    /// Mails over TLS that make it expected: three, if the file does not say.
    #[must_use]
    pub fn downgrade_after(&self) -> u64 {
        self.downgrade_after.unwrap_or(3)
    }

    /// The class that counts for a recipient, if any; a secure alias is in the class of its mailbox.
    #[must_use]
    pub fn class_of(&self, recipient: &Address) -> Option<&Class> {
        let mailbox = self.mailbox_of(recipient);
        let names = |class: &&Class| {
            class.recipients.is_empty() || class.recipients.iter().any(|whom| whom.is(recipient) || whom.is(&mailbox))
        };
        self.classes.iter().find(names)
    }

    /// How mail to a recipient is sealed before hand-over; a secure alias is sealed as its mailbox is.
    #[must_use]
    pub fn sealing_of(&self, recipient: &Address) -> Sealing {
        self.class_of(recipient).map(|class| class.sealing).unwrap_or_default()
    }

    /// The secure alias that a recipient's domain is, if any.
    #[must_use]
    pub fn alias_of(&self, recipient: &Address) -> Option<&SecureAlias> {
        let domain = recipient.domain()?;
        self.aliases.iter().find(|alias| alias.domain == domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_demanded_by_default() {
        assert_eq!(Encryption::embedded(), Encryption::default());
        assert_eq!(Encryption::default().class_of(&Address::new("a@a.example")), None);
    }
}
