//! The one line each mail leaves in the log, fields in fixed order, nothing about content.
//!
//! Only a `Public` field can be written, and an address has no way to become one: the queue ID leads to it in the
//! MTA's own log, under the MTA's own retention.

use super::metrics::Door;
use std::time::Duration;

/// What is written of one mail.
#[derive(Clone, Debug, Default)]
pub struct MailLine {
    pub queue_id: Public<String>,
    pub reference: Public<String>,
    /// Address of the SMTP client: a server, not a person.
    pub client: Public<String>,
    /// TLS version of the SMTP session as the MTA tells it, or `none`.
    pub tls: Public<String>,
    pub sender_domain: Public<String>,
    pub recipients: Public<usize>,
    pub bytes: Public<usize>,
    pub score: Public<String>,
    pub symbols: Public<String>,
    pub rounds: Public<usize>,
}

/// A field that may be written as it is: it names no person.
#[derive(Clone, Debug, Default)]
pub struct Public<T>(pub T);

impl MailLine {
    /// Octets of the message.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.0
    }

    /// Writes the line; `action` is what the client was told.
    pub fn write(&self, action: &str, door: Door, took: Duration) {
        tracing::info!(
            target: "mail",
            queue_id = %self.queue_id.0,
            r#ref = %self.reference.0,
            door = door.word(),
            client = %self.client.0,
            tls = %self.tls.0,
            sender_domain = %self.sender_domain.0,
            recipients = self.recipients.0,
            bytes = self.bytes.0,
            action,
            score = %self.score.0,
            symbols = %self.symbols.0,
            rounds = self.rounds.0,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "mail"
        );
    }
}
