//! Sealing at the hand-over: which copy of a mail each recipient gets.
//!
//! Holds no policy: it looks up what the recipient's class wants and which key there is. Recipients that get the same
//! octets share a copy; whoever's mail is sealed has one of their own.

use super::{deliver::parcel::Parcel, desk::Desk, inquiry::on_pool, reception::Concluded};
use crate::{
    judge::policy::{
        encryption::{
            Encryption,
            sealing::{Missing, Seal, Sealing},
        },
        verdict::{Action, Reply},
    },
    limits,
    mail::{address::Address, head::Head},
    seal::{
        keyring::{Key, Reason},
        seal,
    },
    world::clock::now,
};
use std::sync::Arc;
use tokio::time::Instant;

/// One copy of a mail, and who gets it.
pub(super) struct Copy {
    pub form: Form,
    pub is_set_aside: bool,
    /// Places in the envelope.
    pub recipients: Vec<usize>,
}

/// What a copy looks like.
pub(super) enum Form {
    Plain,
    Sealed(Arc<Key>, Sealing),
    /// It may not be handed over as it is, and cannot be sealed.
    Refused(Reply),
}

impl Form {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain, Self::Plain) => true,
            (Self::Sealed(one, how), Self::Sealed(two, so)) => one.fingerprint() == two.fingerprint() && how == so,
            (Self::Refused(one), Self::Refused(two)) => one == two,
            _ => false,
        }
    }
}

/// Asks for the key of a recipient while their mail is still to come, if it will be sealed and there is no file.
pub(super) fn foresee(desk: &Desk, encryption: &Encryption, recipient: &Address) {
    let how = encryption.sealing_of(recipient);
    let Some(directory) = desk.directory().filter(|_| how.is_wanted()) else { return };
    let mailbox = encryption.mailbox_of(recipient);
    if desk.keyring().find(&mailbox, how.seal, now()).is_err_and(|why| why == Reason::Missing) {
        directory.foresee(&mailbox, how.seal, now());
    }
}

impl Concluded {
    /// The copies to make for all recipients that the verdict does not refuse.
    pub(super) async fn copies(&self) -> Vec<Copy> {
        let mut copies: Vec<Copy> = Vec::new();
        for (place, (recipient, outcome)) in self.envelope.recipients.iter().zip(&self.verdict.outcomes).enumerate() {
            let is_set_aside = match outcome.action {
                Action::Accept | Action::Tag => false,
                Action::Quarantine => true,
                Action::Defer | Action::Reject => continue,
            };
            let form = self.form(recipient, self.mailboxes.get(place).unwrap_or(recipient)).await;
            match copies.iter_mut().find(|copy| copy.is_set_aside == is_set_aside && copy.form.is_same(&form)) {
                Some(copy) => copy.recipients.push(place),
                None => copies.push(Copy { form, is_set_aside, recipients: vec![place] }),
            }
        }
        copies
    }

    /// A secure alias is sealed as its mailbox is, and to its key.
    async fn form(&self, recipient: &Address, mailbox: &Address) -> Form {
        let how = self.rulebook.encryption.sealing_of(recipient);
        if !how.is_wanted() {
            return Form::Plain;
        }
        if self.is_encrypted {
            self.desk.metrics().sealing("already_encrypted");
            return Form::Plain;
        }
        let why = match self.key(mailbox, how.seal).await {
            Ok(key) => return Form::Sealed(key, how),
            Err(why) => why,
        };
        self.desk.metrics().sealing(why.word());
        let (reference, reason) = (&self.verdict.reference, why.word());
        tracing::warn!(
            reference,
            reason,
            "sealing: no usable key for a recipient; `wehr config check` names the keys that cannot be used"
        );
        match how.missing {
            Missing::Deliver => Form::Plain,
            // What a directory that does not answer would say is not known, so nothing is refused for good.
            Missing::Refuse if why != Reason::Unanswered => Form::Refused(self.refusal(550, "5.7.5", why)),
            Missing::Refuse | Missing::Defer => Form::Refused(self.refusal(451, "4.7.5", why)),
        }
    }

    /// A file says what counts for its address, even that its key cannot be used; others are asked where there is none.
    async fn key(&self, mailbox: &Address, seal: Seal) -> Result<Arc<Key>, Reason> {
        match (self.desk.keyring().find(mailbox, seal, now()), self.desk.directory()) {
            (Err(Reason::Missing), Some(directory)) => directory.find(mailbox, seal, now()).await,
            (found, _) => found,
        }
    }

    /// RFC 3463 3.8: X.7.5, cryptographic failure.
    fn refusal(&self, code: u16, enhanced: &str, why: Reason) -> Reply {
        let state = match why {
            Reason::Missing => "no key of the recipient is known",
            Reason::Unanswered => "the directory of keys does not answer",
            _ => "the recipient's key cannot be used",
        };
        Reply::new(
            code,
            enhanced,
            format!("mail to this recipient must be encrypted and {state} (ref {})", self.verdict.reference),
        )
    }

    /// The mail sealed to a key.
    ///
    /// # Errors
    /// The reply that its recipients get: 451 in any case.
    pub(super) async fn sealed(&self, parcel: &Parcel, key: &Arc<Key>, how: Sealing) -> Result<Parcel, Reply> {
        let deadline = Instant::now() + limits::MAIL_SECONDS_MAX;
        let bytes = parcel.len_bytes().saturating_mul(limits::SEAL_MEMORY_FACTOR);
        let Some(_permit) = self.desk.judge_permit(bytes, deadline).await else {
            return Err(Reply::new(451, "4.3.2", "too busy, try again later"));
        };
        let body = parcel.body().await.map_err(|error| {
            tracing::error!(%error, "spool: cannot read a temporary file; mail is deferred");
            Reply::new(451, "4.3.0", "cannot read the mail, try again later")
        })?;
        let (head, key_of_recipient) = (parcel.head.clone(), Arc::clone(key));
        let work = move || seal(&Head::parse(&head), &body, &key_of_recipient, how);
        let trouble = match on_pool(self.desk.pool(), work).await {
            Some(Ok(message)) => {
                self.desk.metrics().sealing(match **key {
                    Key::OpenPgp(_) => "openpgp",
                    Key::Smime(_) => "smime",
                });
                return Ok(parcel.with_message(message));
            }
            Some(Err(fault)) => fault.to_string(),
            None => "it panicked".to_owned(),
        };
        self.desk.metrics().sealing("fault");
        tracing::error!(reference = self.verdict.reference, why = trouble, "sealing failed; the mail is deferred");
        Err(Reply::new(451, "4.7.5", "cannot encrypt the mail, try again later"))
    }
}
