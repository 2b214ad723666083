//! Who has to come again before the body is taken.
//!
//! Holds no policy: it asks `judge::policy::senders`, and remembers whom it turned away.

use super::{super::open_mail::COME_AGAIN, Reception};
use crate::{
    judge::{
        entry::Deed,
        policy::{
            senders::{early, subjects},
            verdict::Reply,
        },
    },
    limits,
    mail::{address::Address, envelope::Envelope, head::Head},
    world::{Note, clock::now},
};
use std::sync::Arc;

/// What is said to whoever has to come again.
pub(super) fn come_again() -> Reply {
    Reply::new(451, COME_AGAIN, "new here, please try again in a few minutes")
}

impl Reception {
    /// Has this recipient's mail to come again? Then nothing of it is taken, and the way is remembered.
    pub(super) async fn has_to_come_again(&mut self, recipient: &Address) -> bool {
        let rulebook = Arc::clone(&self.rulebook);
        let is_early = rulebook.senders.greylist.as_ref().is_some_and(|greylist| greylist.early);
        if !is_early || !self.open.door().takes_mail() {
            return false;
        }
        if self.turned_away + self.envelope.recipients.len() >= limits::REMEMBERED_RECIPIENTS_MAX {
            // No more questions: who was turned away so often is not known to the next one.
            return self.envelope.recipients.is_empty();
        }
        let (client, envelope, at) = (&self.client, &self.envelope, now().seconds());
        let said = self
            .inquiry
            .early(|reading| early::at_recipient(client, envelope, recipient, reading, (&rulebook.senders, at)));
        let is_new = said.await.unwrap_or_default();
        if is_new {
            self.turned_away += 1;
            let envelope = Envelope { recipients: vec![recipient.clone()], ..self.envelope.clone() };
            self.turn_away(&envelope, at);
        }
        is_new
    }

    /// Has the mail to come again, as its header shows?
    pub(super) async fn has_all_to_come_again(&mut self, head: &Head) -> bool {
        let rulebook = Arc::clone(&self.rulebook);
        if rulebook.senders.greylist.is_none() || !self.open.door().takes_mail() {
            return false;
        }
        let (client, envelope, at) = (&self.client, &self.envelope, now().seconds());
        let said =
            self.inquiry.early(|reading| early::at_header(client, envelope, head, reading, (&rulebook.senders, at)));
        let is_new = said.await.unwrap_or_default();
        if is_new {
            self.turn_away(&self.envelope, at);
        }
        is_new
    }

    /// Remembers when these recipients' ways were first tried.
    fn turn_away(&self, envelope: &Envelope, at: i64) {
        let door = self.open.door();
        let lasts = self.rulebook.senders.greylist.as_ref().map_or(0, |greylist| greylist.retry);
        let ways = subjects::triplets_of(&self.client, envelope).into_iter();
        let deeds = ways.map(|entry| Deed::First { entry, lasts }).collect();
        self.desk.world().note(Note::Senders { deeds, at });
        self.desk.metrics().greylisted_early(door);
        tracing::info!(door = door.word(), count = envelope.recipients.len(), "greylisted before the body");
    }
}
