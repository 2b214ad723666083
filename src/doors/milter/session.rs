//! The milter dialogue: what each command means in its place, without sockets (libmilter's state machine).
//!
//! Pure apart from the reception's vocabulary. The door feeds packets with `take`, does what the step says, and tells
//! the result with `settle`, `concluded` or `failed`; replies gather in `output`.
//!
//! Invariant: a command gets at most one reply, a command agreed to be quiet none, and a mail is answered for good
//! only after it was judged or refused.

use super::{
    field,
    frame::{self, Command, Fault, Frame},
    macros::{Macros, Name, text},
    negotiation::{Agreed, Quiet},
    reply::{LeftOut, Output},
};
use crate::{
    doors::reception::MailParameters,
    judge::policy::verdict::{Action, Edit, Outcome, Reply},
    mail::{address::Address, envelope::Client},
};
use bytes::Bytes;
use std::net::IpAddr;

/// Octets of header gathered before they are handed on; most headers are handed on in one piece.
const HEAD_CHUNK_BYTES: usize = 16 << 10;

/// What the door has to do, in this order.
#[derive(Debug, Default)]
pub struct Step {
    /// Tell the reception the queue ID.
    pub queue_id: Option<String>,
    /// Give these bytes to the reception.
    pub bytes: Bytes,
    pub then: Then,
}

/// The last part of a step.
#[derive(Debug, Default)]
pub enum Then {
    /// Call `settle` with the result of the bytes.
    #[default]
    Settle,
    /// Give up the mail under way if there is one, begin a new one, call `settle`.
    Begin(Box<Beginning>),
    /// Add a recipient, call `settle`.
    Recipient(Address),
    /// Conclude the mail, call `concluded` or `failed`.
    Conclude,
    /// Give up the mail under way.
    GiveUp,
    /// Write what is left and hang up.
    Close,
}

/// A mail that begins.
#[derive(Debug)]
pub struct Beginning {
    pub client: Client,
    pub sender: Address,
    pub parameters: MailParameters,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing is negotiated yet.
    #[default]
    Start,
    /// Between mails.
    Ready,
    Envelope,
    Head,
    Body,
}

/// What `settle` has to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Due {
    #[default]
    Nothing,
    GoOn,
    Begin,
    Recipient,
    Body,
}

/// One connection from the MTA.
#[derive(Debug, Default)]
pub struct Session {
    agreed: Agreed,
    phase: Phase,
    due: Due,
    macros: Macros,
    address: Option<IpAddr>,
    host: String,
    helo: Option<String>,
    /// The mail under way was refused at MAIL; there is no reception.
    refused: Option<Reply>,
    /// The reception refused bytes: what follows is not handed on, the reply comes at the end of the message.
    is_swallowing: bool,
    queue_id: Option<String>,
    head: Vec<u8>,
    /// Things the MTA should not have sent, which did no harm.
    irregularities: usize,
    pub output: Output,
}

impl Session {
    /// Is no mail under way?
    #[must_use]
    pub fn is_between_mails(&self) -> bool {
        matches!(self.phase, Phase::Start | Phase::Ready) || self.refused.is_some()
    }

    /// How often the MTA sent something wrong that did no harm, since last asked.
    pub fn take_irregularities(&mut self) -> usize {
        std::mem::take(&mut self.irregularities)
    }

    /// Takes one packet.
    ///
    /// # Errors
    /// When the MTA broke the protocol: write what is left and hang up.
    pub fn take(&mut self, frame: Frame) -> Result<Step, Fault> {
        let command = frame::decode(frame)?;
        self.due = Due::Nothing;
        if self.phase == Phase::Start {
            return self.start(&command);
        }
        match command {
            // Between mails an MTA may begin anew, as it does when it hands the connection to another client.
            Command::Negotiate { .. } if self.phase == Phase::Ready => {
                self.quit_new_connection();
                self.start(&command)
            }
            Command::Negotiate { .. } => Err(Fault::Order("OPTNEG")),
            Command::Macros { stage, definitions } => {
                self.macros.define(stage, &definitions);
                Ok(Step::default())
            }
            Command::BadMacros => {
                self.irregularities += 1;
                Ok(Step::default())
            }
            Command::Connect { host, address } => self.connect(&host, address),
            Command::Helo(name) => Ok(self.helo(&name)),
            Command::Mail(arguments) => Ok(self.mail(&arguments)),
            Command::Recipient(arguments) => self.recipient(&arguments),
            Command::Data => self.data(),
            Command::Header { name, value } => self.header(&name, &value),
            Command::EndOfHeader => self.end_of_header(),
            Command::Body { chunk, has_more } => self.body(chunk, has_more),
            Command::EndOfMessage(chunk) => self.end_of_message(&chunk),
            Command::Abort => Ok(self.give_up()),
            Command::Quit => Ok(Step { then: Then::Close, ..Step::default() }),
            Command::QuitNewConnection => Ok(self.quit_new_connection()),
            Command::Unknown => {
                self.go_on_unless(Quiet::Unknown);
                Ok(Step::default())
            }
        }
    }

    /// The step is done; `result` is what the reception said to it.
    pub fn settle(&mut self, result: Result<(), Reply>) {
        let due = std::mem::take(&mut self.due);
        match (due, result) {
            (Due::Begin, Err(reply)) => {
                self.output.refuse(&reply);
                self.refused = Some(reply);
            }
            (Due::Recipient, Err(reply)) => self.output.refuse(&reply),
            (Due::Begin | Due::Recipient | Due::GoOn, Ok(())) => self.output.go_on(),
            (Due::Nothing, Ok(())) => {}
            (due, result) => {
                self.is_swallowing |= result.is_err();
                match due {
                    Due::Nothing => {}
                    Due::Body if self.is_swallowing && self.agreed.can_skip() => self.output.skip(),
                    _ => self.output.go_on(),
                }
            }
        }
    }

    /// The verdict is there: edits and the final reply. Returns the edits that could not be asked for.
    ///
    /// A mail that has to be held is deferred when the MTA offers no quarantine: it must not get lost.
    pub fn concluded(
        &mut self,
        outcome: &Outcome,
        edits: &[Edit],
        rewritten: &[(Address, Address)],
        reference: &str,
    ) -> LeftOut {
        let mut left_out = LeftOut::default();
        match outcome.action {
            // The alias is no mailbox: a mail that would go there gets lost or bounces.
            Action::Accept | Action::Tag | Action::Quarantine
                if !rewritten.is_empty() && !self.agreed.can_rewrite() =>
            {
                let text = format!("a recipient has to be rewritten and the mail server cannot do it; ref={reference}");
                self.output.refuse(&Reply::new(451, "4.3.5", text));
            }
            Action::Accept | Action::Tag => {
                left_out = self.output.edits(edits, self.agreed);
                rewritten.iter().for_each(|(from, to)| self.output.rewrite(from, to));
                self.output.go_on();
            }
            Action::Quarantine if self.agreed.can_quarantine() => {
                left_out = self.output.edits(edits, self.agreed);
                rewritten.iter().for_each(|(from, to)| self.output.rewrite(from, to));
                self.output.quarantine(&format!("held by policy; ref={reference}"));
                self.output.go_on();
            }
            Action::Quarantine => {
                let text = format!("the mail has to be held and the mail server cannot do it; ref={reference}");
                self.output.refuse(&Reply::new(451, "4.7.1", text));
            }
            Action::Defer | Action::Reject => self.output.refuse(&outcome.reply),
        }
        self.end_mail();
        left_out
    }

    /// The mail is refused without verdict.
    pub fn failed(&mut self, reply: &Reply) {
        self.output.refuse(reply);
        self.end_mail();
    }

    fn start(&mut self, command: &Command) -> Result<Step, Fault> {
        match *command {
            Command::Negotiate { version, actions, protocol } => {
                self.agreed = Agreed::from_offer(version, actions, protocol)?;
                self.output.negotiated(self.agreed);
                self.phase = Phase::Ready;
                Ok(Step::default())
            }
            Command::Quit => Ok(Step { then: Then::Close, ..Step::default() }),
            _ => Err(Fault::Order("a command before OPTNEG")),
        }
    }

    fn go_on_unless(&mut self, command: Quiet) {
        self.due = if self.agreed.is_quiet(command) { Due::Nothing } else { Due::GoOn };
    }

    fn connect(&mut self, host: &[u8], address: Option<IpAddr>) -> Result<Step, Fault> {
        if self.phase != Phase::Ready {
            return Err(Fault::Order("CONNECT"));
        }
        self.host = text(host);
        self.address = address;
        self.helo = None;
        self.go_on_unless(Quiet::Connect);
        Ok(Step::default())
    }

    /// HELO may come again, after STARTTLS for one; it ends a mail under way (RFC 5321 4.1.4).
    fn helo(&mut self, name: &[u8]) -> Step {
        self.helo = Some(text(name));
        let step = self.give_up();
        self.go_on_unless(Quiet::Helo);
        step
    }

    fn mail(&mut self, arguments: &[Bytes]) -> Step {
        self.forget_mail();
        self.macros.begin_mail();
        self.phase = Phase::Envelope;
        self.due = Due::Begin;
        self.queue_id = self.macros.get(Name::QueueId).map(str::to_owned);
        let sender = Address::new(&text(arguments.first().map_or(&[], |path| path)));
        let mut parameters = MailParameters { queue_id: self.queue_id.clone(), ..MailParameters::default() };
        for argument in arguments.iter().skip(1) {
            let argument = text(argument).to_ascii_uppercase();
            match argument.split_once('=') {
                None if argument == "SMTPUTF8" => parameters.smtputf8 = true,
                Some(("BODY", body)) => parameters.eight_bit = body != "7BIT",
                // The MTA has checked the syntax; what does not fit is as large as can be.
                Some(("SIZE", size)) => parameters.size = Some(size.parse().unwrap_or(usize::MAX)),
                _ => {}
            }
        }
        let client = self.macros.client(self.address, &self.host, self.helo.as_deref());
        let beginning = Box::new(Beginning { client, sender, parameters });
        Step { then: Then::Begin(beginning), ..Step::default() }
    }

    /// A recipient that the MTA has refused itself is told to us only for information (SMFIP_RCPT_REJ).
    fn recipient(&mut self, arguments: &[Bytes]) -> Result<Step, Fault> {
        if self.phase != Phase::Envelope {
            return Err(Fault::Order("RCPT"));
        }
        let is_refused_by_mta = self.macros.get(Name::RcptMailer) == Some("error");
        self.macros.end_recipient();
        if let Some(reply) = &self.refused {
            self.output.refuse(reply);
            return Ok(Step::default());
        }
        if is_refused_by_mta {
            self.due = Due::GoOn;
            return Ok(Step::default());
        }
        self.due = Due::Recipient;
        let recipient = Address::new(&text(arguments.first().map_or(&[], |path| path)));
        Ok(Step { then: Then::Recipient(recipient), ..Step::default() })
    }

    fn data(&mut self) -> Result<Step, Fault> {
        if self.phase != Phase::Envelope {
            return Err(Fault::Order("DATA"));
        }
        self.phase = Phase::Head;
        self.go_on_unless(Quiet::Data);
        Ok(Step { queue_id: self.news_of_queue_id(), ..Step::default() })
    }

    fn header(&mut self, name: &[u8], value: &[u8]) -> Result<Step, Fault> {
        if !matches!(self.phase, Phase::Envelope | Phase::Head) {
            return Err(Fault::Order("HEADER"));
        }
        self.phase = Phase::Head;
        self.go_on_unless(Quiet::Header);
        if self.is_deaf() {
            return Ok(Step::default());
        }
        let is_mended = field::append(&mut self.head, name, value, self.agreed.has_leading_space());
        self.irregularities += usize::from(is_mended);
        let is_large = self.head.len() >= HEAD_CHUNK_BYTES;
        let bytes = if is_large { std::mem::take(&mut self.head).into() } else { Bytes::new() };
        Ok(Step { bytes, ..Step::default() })
    }

    fn end_of_header(&mut self) -> Result<Step, Fault> {
        if !matches!(self.phase, Phase::Envelope | Phase::Head) {
            return Err(Fault::Order("EOH"));
        }
        self.phase = Phase::Body;
        self.go_on_unless(Quiet::EndOfHeader);
        Ok(Step { queue_id: self.news_of_queue_id(), bytes: self.rest_of_head(), ..Step::default() })
    }

    fn body(&mut self, chunk: Bytes, has_more: bool) -> Result<Step, Fault> {
        let bytes = match self.phase {
            Phase::Body => chunk,
            Phase::Envelope | Phase::Head => self.joined(&chunk),
            Phase::Start | Phase::Ready => return Err(Fault::Order("BODY")),
        };
        self.phase = Phase::Body;
        self.due = if has_more || self.agreed.is_quiet(Quiet::Body) { Due::Nothing } else { Due::Body };
        let bytes = if self.is_deaf() { Bytes::new() } else { bytes };
        Ok(Step { bytes, ..Step::default() })
    }

    fn end_of_message(&mut self, chunk: &Bytes) -> Result<Step, Fault> {
        let bytes = match self.phase {
            Phase::Body => chunk.clone(),
            Phase::Envelope | Phase::Head => self.joined(chunk),
            Phase::Start | Phase::Ready => return Err(Fault::Order("EOM")),
        };
        if let Some(reply) = self.refused.clone() {
            self.failed(&reply);
            return Ok(Step::default());
        }
        let bytes = if self.is_deaf() { Bytes::new() } else { bytes };
        Ok(Step { queue_id: self.news_of_queue_id(), bytes, then: Then::Conclude })
    }

    fn give_up(&mut self) -> Step {
        if matches!(self.phase, Phase::Start | Phase::Ready) {
            self.macros.end_mail();
            return Step::default();
        }
        self.end_mail();
        Step { then: Then::GiveUp, ..Step::default() }
    }

    fn quit_new_connection(&mut self) -> Step {
        let step = self.give_up();
        self.macros = Macros::default();
        self.address = None;
        self.host = String::new();
        self.helo = None;
        step
    }

    /// Is there nobody to hand bytes to?
    fn is_deaf(&self) -> bool {
        self.is_swallowing || self.refused.is_some()
    }

    /// The header section still gathered, with its empty line.
    fn rest_of_head(&mut self) -> Bytes {
        let mut head = std::mem::take(&mut self.head);
        if self.is_deaf() {
            return Bytes::new();
        }
        head.extend_from_slice(b"\r\n");
        head.into()
    }

    /// The MTA left out EOH: what is left of the head, then the chunk.
    fn joined(&mut self, chunk: &[u8]) -> Bytes {
        let mut bytes = self.rest_of_head().to_vec();
        bytes.extend_from_slice(chunk);
        bytes.into()
    }

    fn news_of_queue_id(&mut self) -> Option<String> {
        let told = self.macros.get(Name::QueueId)?;
        if self.refused.is_some() || self.queue_id.as_deref() == Some(told) {
            return None;
        }
        self.queue_id = Some(told.to_owned());
        self.queue_id.clone()
    }

    fn end_mail(&mut self) {
        self.forget_mail();
        self.macros.end_mail();
        self.phase = Phase::Ready;
    }

    fn forget_mail(&mut self) {
        self.refused = None;
        self.is_swallowing = false;
        self.queue_id = None;
        self.head = Vec::new();
    }
}
