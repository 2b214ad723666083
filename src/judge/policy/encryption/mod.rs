//! What must arrive encrypted: demands of recipients' classes, of partners and of secure aliases.
//!
//! Pure. Nobody demands anything by default; of several demands on one mail the strongest counts.

pub mod content;
pub mod read;

use self::content::Content;
use super::{verdict::Action, whom::Whom};
use crate::mail::{
    address::{Address, Domain},
    transport::Level,
};

/// Everything that `policy/encryption.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// Told to senders whose mail is refused; a fixed https address.
    pub link: Option<String>,
    /// What happens to plaintext from a partner that used TLS before; `Accept` is only a finding.
    pub downgrade: Action,
    /// In order; the first that names a recipient counts.
    pub classes: Vec<Class>,
    pub partners: Vec<Partner>,
    pub aliases: Vec<SecureAlias>,
}

/// What one class of recipients demands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Class {
    pub name: String,
    /// Empty: everybody whom no class before names.
    pub recipients: Vec<Whom>,
    pub transport: Level,
    /// What must be signed or encrypted in itself.
    pub content: Content,
}

/// What is demanded of mail from some domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partner {
    /// These and all below them.
    pub domains: Vec<Domain>,
    pub transport: Level,
}

/// A domain whose addresses take encrypted transport only and stand for mailboxes of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecureAlias {
    pub domain: Domain,
    /// The domain of the mailboxes.
    pub mailbox: Domain,
    pub transport: Level,
}

impl Encryption {
    /// What is built in: no demand.
    #[must_use]
    pub fn embedded() -> Self {
        let text = include_str!("../../../../policy/encryption.toml");
        read::read("policy/encryption.toml", text).unwrap_or_default()
    }

    /// The class that counts for a recipient, if any.
    #[must_use]
    pub fn class_of(&self, recipient: &Address) -> Option<&Class> {
        let names =
            |class: &&Class| class.recipients.is_empty() || class.recipients.iter().any(|whom| whom.is(recipient));
        self.classes.iter().find(names)
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
