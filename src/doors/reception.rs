//! One mail from its first byte to its verdict; what both doors share.

use super::spool::Spool;
use crate::{
    judge::policy::verdict::{Reply, Verdict},
    mail::{Mail, address::Address, envelope::Client},
    telemetry::metrics::Door,
};
use std::sync::Arc;

/// What all mails share.
pub struct Desk {}

/// What MAIL FROM declared besides the address.
#[derive(Clone, Debug, Default)]
pub struct MailParameters {
    pub smtputf8: bool,
    pub eight_bit: bool,
    /// RFC 1870.
    pub size: Option<usize>,
    pub queue_id: Option<String>,
}

/// One mail being received.
pub struct Reception {}

/// A mail with its verdict. Dropping it without `close` or `hand_over` counts the mail as aborted.
pub struct Concluded {
    pub verdict: Verdict,
    pub mail: Arc<Mail>,
    spool: Spool,
}

impl Reception {
    /// Begins a mail (MAIL FROM).
    ///
    /// # Errors
    /// The reply to give when the mail is refused at once (too many mails, declared size too large).
    pub fn begin(
        desk: &Arc<Desk>,
        door: Door,
        client: Client,
        sender: Address,
        parameters: MailParameters,
    ) -> Result<Self, Reply> {
        let _ = (desk, door, client, sender, parameters);
        todo!()
    }

    /// Takes one recipient (RCPT TO).
    ///
    /// # Errors
    /// The reply to give when this recipient is refused.
    pub fn recipient(&mut self, recipient: Address) -> Result<(), Reply> {
        let _ = recipient;
        todo!()
    }

    /// Tells the queue ID once the MTA knows it (Postfix: at DATA).
    pub fn queue_id(&mut self, queue_id: &str) {
        let _ = queue_id;
    }

    /// Takes bytes of the message, header and body, CRLF line ends, dots unstuffed. Returns when intake,
    /// scanner and spool took them: that is the backpressure.
    ///
    /// # Errors
    /// The reply that the mail gets (552 too large, 451 disk); all further bytes have to be swallowed.
    pub async fn bytes(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        let _ = bytes;
        todo!()
    }

    /// Ends the message and judges it. Takes up to `limits::MAIL_SECONDS_MAX`; a verdict always comes.
    ///
    /// # Errors
    /// 451 when we are at fault (panic, disk).
    pub async fn conclude(self) -> Result<Concluded, Reply> {
        todo!()
    }
}

impl Concluded {
    /// LMTP door: hands the mail to mailstore and quarantine; one reply per recipient, same order.
    pub async fn hand_over(self) -> Vec<Reply> {
        let _ = self.spool;
        todo!()
    }

    /// Milter door: the verdict has been told to the MTA (reply and edits written); counts and logs the mail.
    pub fn close(self) {}
}
