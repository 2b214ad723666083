//! Does the mailstore take mail for a recipient? Asked while the envelope comes in: MAIL, RCPT, RSET, and no mail.
//!
//! Touches a connection for the time of one answer. A permanent no is told at RCPT, so that nobody sends a mail that
//! no one will take. Everything else is left to the hand-over, which asks again: a connection is not kept from RCPT to
//! the verdict, for 32 slow clients would then stop all delivery.

use super::{
    Client,
    dialogue::{Dialogue, Trouble},
    reply::{Answer, Malformed},
    transaction::is_tellable,
};
use crate::{judge::policy::verdict::Reply, limits, mail::address::Address};
use std::sync::atomic::Ordering;
use tokio::time::Instant;

impl Client {
    /// The permanent refusal of a recipient, if the mailstore has one.
    ///
    /// # Errors
    /// Why the mailstore cannot be asked before `deadline`: for this mail, do not ask again.
    pub async fn refusal(
        &self,
        sender: &Address,
        recipient: &Address,
        deadline: Instant,
    ) -> Result<Option<Reply>, Trouble> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(Trouble::Slow);
        }
        if recipient.is_null() || !is_tellable(sender.as_str()) || !is_tellable(recipient.as_str()) {
            return Ok(None);
        }
        let Ok(_permit) = self.permits.try_acquire() else { return Ok(None) };
        if let Some(mut dialogue) = self.pool.take() {
            dialogue.deadline = deadline;
            if let Ok(refusal) = dialogue.enquire(sender, recipient).await {
                self.keep(dialogue);
                return Ok(refusal);
            }
            self.pool.clear();
        }
        let mut dialogue = Dialogue::open(&self.place, self.secured.as_ref(), &self.hostname, deadline).await?;
        let refusal = dialogue.enquire(sender, recipient).await?;
        self.keep(dialogue);
        Ok(refusal)
    }
}

impl Dialogue {
    async fn enquire(&mut self, sender: &Address, recipient: &Address) -> Result<Option<Reply>, Trouble> {
        let is_ascii = sender.as_str().is_ascii() && recipient.as_str().is_ascii();
        if !is_ascii && !self.offers.smtputf8 {
            return Ok(None);
        }
        self.is_in_step = false;
        let parameter = if is_ascii { "" } else { " SMTPUTF8" };
        let mail = format!("MAIL FROM:<{sender}>{parameter}\r\n");
        let rcpt = format!("RCPT TO:<{recipient}>\r\n");
        let reset = if self.is_reused { "RSET\r\n" } else { "" };
        let commands: Vec<&str> =
            [reset, &mail, &rcpt, "RSET\r\n"].into_iter().filter(|command| !command.is_empty()).collect();
        let mut answers: Vec<Answer> = Vec::with_capacity(commands.len());
        if self.offers.pipelining {
            self.write(commands.concat().as_bytes()).await?;
        }
        for command in commands {
            if !self.offers.pipelining {
                self.write(command.as_bytes()).await?;
            }
            let answer = self.answer(limits::ENQUIRY_SECONDS_MAX).await?;
            if answer.code == 421 || !(answer.is_positive() || answer.is_refusal()) {
                return Err(Malformed("the answer to a command is neither yes nor no").into());
            }
            answers.push(answer);
        }
        let [.., mail, rcpt, reset] = answers.as_slice() else { return Ok(None) };
        if !reset.is_positive() {
            return Err(Malformed("the mailstore does not take RSET").into());
        }
        self.is_in_step = self.has_nothing_left_over();
        // After a refused MAIL the answer to RCPT speaks of the order of commands, not of the recipient.
        let refusal = Some(rcpt.relayed_command()).filter(Reply::is_permanent);
        Ok(refusal.filter(|_| mail.is_positive()))
    }
}
