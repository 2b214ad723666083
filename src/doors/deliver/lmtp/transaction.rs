//! One mail over one connection: MAIL, RCPT, DATA and an answer for each recipient (RFC 2033 4.2, RFC 5321 4.1.1).
//!
//! Touches the connection and the spool. Invariants: a recipient is answered positively only with the mailstore's own
//! positive answer after the final dot; a mail is only ever tried again before the mailstore asked for its bytes.
//! After the final dot a lost connection leaves it open whether the mail is stored: 451, and the MTA sends it again.

use super::{
    dialogue::{Dialogue, Trouble},
    reply::{Answer, Malformed},
};
use crate::{
    doors::deliver::{
        lines::{Form, Lines},
        parcel::Parcel,
    },
    judge::policy::verdict::Reply,
    limits,
    mail::address::Address,
};
use std::{fmt::Write, io, time::Duration};
use tokio::time::Instant;

/// Octets collected before one write of the message.
const WRITE_BYTES: usize = 64 << 10;
/// Seconds a mailstore that closed the connection amid the message has for telling why.
const PARTING_SECONDS: Duration = Duration::from_secs(1);

/// How far one mail came over one connection.
#[derive(Debug)]
pub struct Attempt {
    /// One per recipient, same order; none where nobody knows.
    pub replies: Vec<Option<Reply>>,
    /// Why there are gaps.
    pub trouble: Option<Trouble>,
    /// The mailstore asked for the bytes: from here on the mail is not tried a second time.
    pub is_acknowledged: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Reset,
    Mail,
    Recipient(usize),
    Data,
}

/// What came of the commands before the message.
#[derive(Default)]
struct Progress {
    is_mail_refused: bool,
    accepted: Vec<usize>,
    is_asked_for_bytes: bool,
}

impl Attempt {
    fn settle(&mut self, recipient: usize, reply: Reply) {
        if let Some(place) = self.replies.get_mut(recipient) {
            place.get_or_insert(reply);
        }
    }
}

impl Dialogue {
    /// Hands one mail over.
    pub async fn transact(&mut self, parcel: &Parcel, recipients: &[Address]) -> Attempt {
        let replies = recipients.iter().map(|recipient| self.objection(parcel, recipient)).collect();
        let mut attempt = Attempt { replies, trouble: None, is_acknowledged: false };
        if attempt.replies.iter().any(Option::is_none) {
            self.is_in_step = false;
            attempt.trouble = self.hand_over(parcel, recipients, &mut attempt).await.err();
        }
        attempt
    }

    /// Why an address cannot be told to this mailstore, if so.
    fn objection(&self, parcel: &Parcel, recipient: &Address) -> Option<Reply> {
        if !is_tellable(parcel.sender.as_str()) {
            return Some(Reply::new(553, "5.1.7", "the sender address cannot be handed over"));
        }
        if recipient.is_null() || !is_tellable(recipient.as_str()) {
            return Some(Reply::new(553, "5.1.3", "the recipient address cannot be handed over"));
        }
        if parcel.require_tls && !self.is_local && !(self.is_secured && self.offers.require_tls) {
            return Some(Reply::new(550, "5.7.30", "the mailstore cannot keep REQUIRETLS"));
        }
        let is_ascii = parcel.sender.as_str().is_ascii() && recipient.as_str().is_ascii();
        (!is_ascii && !self.offers.smtputf8).then(|| Reply::new(550, "5.6.7", "the mailstore takes no UTF-8 addresses"))
    }

    async fn hand_over(
        &mut self,
        parcel: &Parcel,
        recipients: &[Address],
        attempt: &mut Attempt,
    ) -> Result<(), Trouble> {
        let progress = self.commands(parcel, recipients, attempt).await?;
        if !progress.is_asked_for_bytes {
            // A transaction may be open; RSET ends it before the next mail.
            self.is_in_step = self.has_nothing_left_over();
            return Ok(());
        }
        attempt.is_acknowledged = true;
        if progress.accepted.is_empty() {
            // RFC 2033 4.2 forbids it. Leaving without the dot is the safe way out.
            return Err(Malformed("DATA was accepted without a recipient").into());
        }
        if let Err(trouble) = self.message(parcel).await {
            self.part(&trouble, &progress.accepted, attempt).await;
            return Err(trouble);
        }
        self.deadline = Instant::now() + limits::MAILSTORE_SECONDS_MAX;
        for recipient in progress.accepted {
            let answer = self.answer(limits::MAILSTORE_SECONDS_MAX).await?;
            if !answer.is_positive() && !answer.is_refusal() {
                return Err(Malformed("the final answer is neither yes nor no").into());
            }
            attempt.settle(recipient, answer.relayed());
        }
        self.is_in_step = self.has_nothing_left_over();
        Ok(())
    }

    /// Sends the commands, in one write where the mailstore takes that, and sorts the answers.
    async fn commands(
        &mut self,
        parcel: &Parcel,
        recipients: &[Address],
        attempt: &mut Attempt,
    ) -> Result<Progress, Trouble> {
        let open = attempt.replies.iter().enumerate().filter(|(_, reply)| reply.is_none());
        let open: Vec<Step> = open.map(|(index, _)| Step::Recipient(index)).collect();
        let start = if self.is_reused { &[Step::Reset, Step::Mail][..] } else { &[Step::Mail] };
        let mut steps = [start, &open, &[Step::Data]].concat().into_iter().peekable();
        let mut progress = Progress::default();
        while let Some(next) = steps.peek() {
            if progress.is_mail_refused || (*next == Step::Data && progress.accepted.is_empty()) {
                break;
            }
            let (mut wire, mut asked) = (Vec::new(), Vec::new());
            while let Some(step) = steps.next_if(|_| {
                asked.is_empty() || (self.offers.pipelining && wire.len() < limits::MAILSTORE_PIPELINE_BYTES_MAX)
            }) {
                wire.extend(self.command(step, parcel, recipients));
                asked.push(step);
            }
            self.write(&wire).await?;
            for step in asked {
                let answer = self.answer(limits::MAILSTORE_REPLY_SECONDS_MAX).await?;
                settle_command(step, &answer, &mut progress, attempt)?;
            }
        }
        Ok(progress)
    }
    /// One command as it is told. The addresses were looked at by `objection`.
    fn command(&self, step: Step, parcel: &Parcel, recipients: &[Address]) -> Vec<u8> {
        let mut line = match step {
            Step::Reset => "RSET".to_owned(),
            Step::Data => "DATA".to_owned(),
            Step::Mail => self.mail_command(parcel, recipients),
            Step::Recipient(index) => format!("RCPT TO:<{}>", recipients.get(index).map_or("", Address::as_str)),
        };
        line.push_str("\r\n");
        line.into_bytes()
    }

    /// Without 8BITMIME on the other side 8-bit mail is sent as it is: a mailstore stores octets, and encoding it anew
    /// would break its signatures. The same goes for UTF-8 in the header without SMTPUTF8.
    fn mail_command(&self, parcel: &Parcel, recipients: &[Address]) -> String {
        let mut line = format!("MAIL FROM:<{}>", parcel.sender);
        if self.offers.size {
            // Writing into a String cannot fail.
            let _ = write!(line, " SIZE={}", parcel.len_bytes());
        }
        if self.offers.eight_bit && parcel.eight_bit {
            line.push_str(" BODY=8BITMIME");
        }
        if self.offers.require_tls && parcel.require_tls {
            line.push_str(" REQUIRETLS");
        }
        let is_ascii = parcel.sender.as_str().is_ascii() && recipients.iter().all(|one| one.as_str().is_ascii());
        if self.offers.smtputf8 && (parcel.smtputf8 || !is_ascii) {
            line.push_str(" SMTPUTF8");
        }
        line
    }

    /// Sends the message and its final dot.
    async fn message(&mut self, parcel: &Parcel) -> Result<(), Trouble> {
        let (mut lines, mut wire, mut offset) = (Lines::new(Form::Wire), Vec::new(), 0);
        loop {
            let chunk = parcel.read_at(offset).await.map_err(Trouble::Spool)?;
            if chunk.is_empty() {
                break;
            }
            offset += chunk.len();
            lines.push(&chunk, &mut wire);
            if wire.len() >= WRITE_BYTES {
                self.write(&wire).await?;
                wire.clear();
            }
        }
        if offset != parcel.len_bytes() {
            // Without the dot the mailstore throws away what it got.
            return Err(Trouble::Spool(io::ErrorKind::UnexpectedEof.into()));
        }
        lines.finish(&mut wire);
        self.write(&wire).await
    }

    /// The mailstore stopped taking the message: it may have said why, for example that it is too large.
    async fn part(&mut self, trouble: &Trouble, accepted: &[usize], attempt: &mut Attempt) {
        if !matches!(trouble, Trouble::Broken(_)) {
            return;
        }
        self.deadline = Instant::now() + PARTING_SECONDS;
        let Ok(answer) = self.answer(PARTING_SECONDS).await else { return };
        if answer.is_refusal() {
            for recipient in accepted {
                attempt.settle(*recipient, answer.relayed());
            }
        }
    }
}

/// Notes what one command came to.
fn settle_command(step: Step, answer: &Answer, progress: &mut Progress, attempt: &mut Attempt) -> Result<(), Trouble> {
    let is_yes = if step == Step::Data { answer.code == 354 } else { answer.is_positive() };
    if answer.code == 421 || (step == Step::Reset && !is_yes) {
        return Err(Trouble::Unwilling(answer.relayed()));
    }
    if !is_yes && !answer.is_refusal() {
        return Err(Malformed("the answer to a command is neither yes nor no").into());
    }
    match step {
        Step::Reset => {}
        Step::Mail if is_yes => {}
        Step::Mail => {
            progress.is_mail_refused = true;
            for recipient in 0..attempt.replies.len() {
                attempt.settle(recipient, answer.relayed_command());
            }
        }
        Step::Recipient(recipient) if is_yes && !progress.is_mail_refused => progress.accepted.push(recipient),
        Step::Recipient(recipient) => attempt.settle(recipient, answer.relayed_command()),
        Step::Data if is_yes => progress.is_asked_for_bytes = true,
        Step::Data => {
            for recipient in &progress.accepted {
                attempt.settle(*recipient, answer.relayed_command());
            }
        }
    }
    Ok(())
}

/// Can an address stand between angle brackets without ending them or the line? It is kept verbatim, quotes included.
fn is_tellable(address: &str) -> bool {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for character in address.chars() {
        if character.is_control() || matches!(character, '<' | '>') || (character == ' ' && !is_quoted) {
            return false;
        }
        (is_quoted, is_escaped) = match character {
            _ if is_escaped => (is_quoted, false),
            '\\' if is_quoted => (true, true),
            '"' => (!is_quoted, false),
            _ => (is_quoted, false),
        };
    }
    !is_quoted && address.len() <= limits::ADDRESS_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_would_end_the_command_are_not_told() {
        for address in ["a@b", "", "\"a b\"@c", "\"a\\\" b\"@c", "j\u{f6}rg@x", "a@[IPv6:::1]", "a\\b@c"] {
            assert!(is_tellable(address), "{address:?}");
        }
        let long = "a".repeat(limits::ADDRESS_BYTES_MAX + 1);
        let bad = [
            "a>@b",
            "<a@b",
            "a b@c",
            "a@b\r\nRCPT TO:<x@y",
            "a\0@b",
            "a\u{85}@b",
            "\"a@b",
            "\"a\\\" b@c",
            "\"a\tb\"@c",
            "a@b SIZE=1",
            "\"a>b\"@c",
            long.as_str(),
        ];
        for address in bad {
            assert!(!is_tellable(address), "{address:?}");
        }
    }
}
