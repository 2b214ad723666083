//! Private keys that classes of recipients lend, so that mail encrypted to them is looked at on its way.
//!
//! Pure: the caller reads the files.

use super::{Class, Encryption};
use crate::{
    judge::policy::whom::Whom,
    mail::{
        address::Address,
        unpack::lent::{Key, Lent},
    },
};
use std::sync::Arc;

/// One key, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    /// Name of the class.
    pub class: String,
    /// None: every recipient of the class.
    pub mailbox: Option<Whom>,
    pub key: Arc<Key>,
}

impl Encryption {
    /// The keys that may be tried on a mail to these recipients, each once.
    #[must_use]
    pub fn lent_to(&self, recipients: &[Address]) -> Lent {
        let mut keys: Vec<Arc<Key>> = Vec::new();
        if self.loans.is_empty() {
            return Lent::default();
        }
        for recipient in recipients {
            let mailbox = self.mailbox_of(recipient);
            let Some(Class { name, .. }) = self.class_of(recipient) else { continue };
            for Loan { key, .. } in self.loans.iter().filter(|loan| {
                let is_theirs = |whom: &Whom| whom.is(recipient) || whom.is(&mailbox);
                loan.class == *name && loan.mailbox.as_ref().is_none_or(is_theirs)
            }) {
                if !keys.contains(key) {
                    keys.push(Arc::clone(key));
                }
            }
        }
        Lent::of(keys)
    }
}
