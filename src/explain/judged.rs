//! A mail with its verdict and everything the verdict rests on, and where its circumstances come from.
//!
//! Pure.

use crate::{
    judge::{case::Case, facts::Facts, policy::verdict::Verdict},
    mail::{
        Mail,
        address::Address,
        envelope::{Client, Envelope, Tls},
        guess,
        message::Message,
        timestamp::Timestamp,
    },
};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// What is said about the circumstances; the rest comes from the case or is guessed.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub address: Option<IpAddr>,
    pub helo: Option<String>,
    pub sender: Option<Address>,
    pub recipients: Vec<Address>,
    /// `Some(None)`: there was no TLS.
    pub tls: Option<Option<Tls>>,
    pub received_at: Option<Timestamp>,
}

/// One message judged.
pub struct Judged {
    pub path: String,
    pub index: usize,
    pub mail: Arc<Mail>,
    pub facts: Facts,
    pub verdict: Verdict,
    pub rounds: usize,
    pub guessed: Vec<&'static str>,
    /// Reading and judging, without waiting for answers.
    pub took: Duration,
}

impl Said {
    /// The mail with its circumstances: what was said, else what the case says, else a guess that is marked as one. `now`
    /// counts for mail that tells no time.
    #[must_use]
    pub fn circumstances(
        &self,
        message: Message,
        case: Option<Case>,
        now: Timestamp,
    ) -> (Mail, Facts, Vec<&'static str>) {
        let mut guessed = Vec::new();
        let mut case = case.unwrap_or_else(|| {
            let head = &message.head;
            let mut client = Client::default();
            if self.address.is_none()
                && let Some(found) = guess::client(head)
            {
                guessed.push("ip");
                client.address = found.address;
                client.name = found.name;
                if self.helo.is_none() && found.helo.is_some() {
                    guessed.push("helo");
                    client.helo = found.helo;
                }
            }
            let mut envelope = Envelope::default();
            if self.sender.is_none() {
                guessed.push("from");
                envelope.sender = guess::sender(head).unwrap_or_default();
            }
            if self.recipients.is_empty() {
                envelope.recipients = guess::recipients(head);
                if !envelope.recipients.is_empty() {
                    guessed.push("to");
                }
            }
            let received_at = self.received_at.or_else(|| {
                guessed.push("at");
                guess::time(head)
            });
            Case { received_at: received_at.unwrap_or(now), client, envelope, facts: Facts::default() }
        });
        let Case { client, envelope, .. } = &mut case;
        if self.address.is_some() {
            client.address = self.address;
        }
        if self.helo.is_some() {
            client.helo.clone_from(&self.helo);
        }
        if let Some(tls) = &self.tls {
            client.tls.clone_from(tls);
        }
        if let Some(sender) = &self.sender {
            envelope.sender.clone_from(sender);
        }
        if !self.recipients.is_empty() {
            envelope.recipients.clone_from(&self.recipients);
        }
        let Case { received_at, client, envelope, facts } = case;
        let received_at = self.received_at.unwrap_or(received_at);
        (Mail { client, envelope, message, received_at }, facts, guessed)
    }
}
