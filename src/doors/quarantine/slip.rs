//! Slip: what is known of a mail set aside without opening it, and who still waits for it.
//!
//! Pure data; it is only ever written encrypted. Fields that came later have a default, for mails that lie there since.

use crate::judge::policy::reason::Reason;
use serde::{Deserialize, Serialize};

/// Where a recipient's copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Held,
    Released,
    Deleted,
}

impl State {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
            Self::Deleted => "deleted",
        }
    }
}

/// A recipient that did not get the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub address: String,
    pub state: State,
    /// When the state changed last, RFC 3339.
    pub since: String,
    /// Why the mail is kept from this recipient.
    #[serde(default)]
    pub reason: Reason,
    /// When a digest told this recipient of the mail, RFC 3339; empty: not yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub told_at: String,
    /// Who released it: a word of `By`; empty: nobody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub released_by: String,
}

/// What is kept beside a mail set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// Reference of the verdict, as in log, header and replies.
    pub reference: String,
    /// RFC 3339, UTC.
    pub stored_at: String,
    /// Reverse-path; empty is the null sender.
    pub sender: String,
    pub recipients: Vec<Waiting>,
    /// Decoded; of a sealed mail what stands outside.
    pub subject: String,
    /// The From field, decoded.
    pub from: String,
    pub score: String,
    pub symbols: Vec<String>,
    /// Octets of the mail as it would be handed over.
    pub bytes: usize,
    pub smtputf8: bool,
    pub eight_bit: bool,
    pub require_tls: bool,
    /// When the model learned it as wanted, RFC 3339; empty: it has not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub learned_at: String,
}

impl Slip {
    /// Does anybody still wait for it?
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.state == State::Held)
    }

    /// Is this address among the recipients, in whatever case it is written?
    #[must_use]
    pub fn is_for(&self, address: &str) -> bool {
        self.recipients.iter().any(|recipient| recipient.address.eq_ignore_ascii_case(address))
    }

    /// The recipient with this address, in whatever case it is written.
    #[must_use]
    pub fn waiting(&self, address: &str) -> Option<&Waiting> {
        self.recipients.iter().find(|recipient| recipient.address.eq_ignore_ascii_case(address))
    }

    /// Notes who released it to a recipient.
    pub fn sign(&mut self, address: &str, by: &str) {
        for recipient in self.recipients.iter_mut().filter(|recipient| recipient.address == address) {
            by.clone_into(&mut recipient.released_by);
        }
    }

    /// Sets the state of a recipient.
    pub fn set(&mut self, address: &str, state: State, since: &str) {
        for recipient in self.recipients.iter_mut().filter(|recipient| recipient.address == address) {
            recipient.state = state;
            since.clone_into(&mut recipient.since);
        }
    }
}
