//! Trial: a mail that somebody only asks about; judged as any other, never delivered, and nothing is learned from it.
//!
//! What nobody tells of client and envelope is guessed from the mail's own trace fields (`mail/guess`), so they have to
//! come before the reception can begin.

use super::{
    desk::Desk,
    reception::{Concluded, MailParameters, Reception},
};
use crate::{
    judge::policy::verdict::Reply,
    limits,
    mail::{address::Address, envelope::Client, guess, head::Head},
    telemetry::metrics::Door,
};
use bytes::Bytes;
use std::sync::Arc;

/// What is told about a mail besides its octets.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    pub client: Client,
    /// `None`: not told.
    pub sender: Option<Address>,
    pub recipients: Vec<Address>,
    pub parameters: MailParameters,
    /// What is not told may be guessed from the mail.
    pub may_guess: bool,
}

/// A mail being asked about.
pub struct Trial {
    desk: Arc<Desk>,
    door: Door,
    lines: Lines,
    stage: Stage,
}

enum Stage {
    /// Its trace fields are still coming.
    Tracing(Box<Circumstances>, Vec<u8>),
    Receiving(Box<Reception>),
    Refused(Reply),
}

impl Trial {
    /// Begins; where nothing has to be guessed, the mail takes its place at once.
    #[must_use]
    pub fn new(desk: &Arc<Desk>, door: Door, circumstances: Circumstances) -> Self {
        let stage = if circumstances.may_guess {
            Stage::Tracing(Box::new(circumstances), Vec::new())
        } else {
            begin(desk, door, circumstances)
        };
        Self { desk: Arc::clone(desk), door, lines: Lines::default(), stage }
    }

    /// Takes octets of the mail; single LF become CRLF where the mail's first line ends so.
    ///
    /// # Errors
    /// The reply that the mail gets; it stays.
    pub async fn bytes(&mut self, octets: &[u8]) -> Result<(), Reply> {
        let octets = self.lines.wire(octets);
        if let Stage::Tracing(_, held) = &mut self.stage {
            let seen = held.len().saturating_sub(3);
            held.extend_from_slice(&octets);
            let is_head_there = held.get(seen..).is_some_and(|fresh| fresh.windows(4).any(|four| four == b"\r\n\r\n"));
            if !is_head_there && held.len() < limits::TRIAL_TRACE_BYTES_MAX {
                return Ok(());
            }
            return self.trace().await;
        }
        self.take(&octets).await
    }

    async fn take(&mut self, octets: &[u8]) -> Result<(), Reply> {
        match &mut self.stage {
            Stage::Receiving(reception) => Box::pin(reception.bytes(octets)).await,
            Stage::Refused(reply) => Err(reply.clone()),
            Stage::Tracing(..) => Ok(()),
        }
    }

    /// Guesses what was not told and begins with what has come so far.
    async fn trace(&mut self) -> Result<(), Reply> {
        let Stage::Tracing(circumstances, held) = &mut self.stage else { return Ok(()) };
        let (held, mut circumstances) = (Bytes::from(std::mem::take(held)), std::mem::take(circumstances));
        complete(&mut circumstances, &Head::parse(&held));
        self.stage = begin(&self.desk, self.door, *circumstances);
        self.take(&held).await
    }

    /// Judges the mail.
    ///
    /// # Errors
    /// The reply that refused it, or 451 when we are at fault.
    pub async fn conclude(mut self) -> Result<(Concluded, Lines), Reply> {
        self.trace().await?;
        match self.stage {
            Stage::Receiving(reception) => Ok((Box::pin(reception.conclude()).await?, self.lines)),
            Stage::Refused(reply) => Err(reply),
            Stage::Tracing(..) => Err(Reply::new(451, "4.3.0", "internal error, try again later")),
        }
    }
}

fn begin(desk: &Arc<Desk>, door: Door, circumstances: Circumstances) -> Stage {
    let Circumstances { client, sender, recipients, parameters, .. } = circumstances;
    let mut reception = match Reception::begin(desk, door, client, sender.unwrap_or_default(), parameters) {
        Ok(reception) => reception,
        Err(reply) => return Stage::Refused(reply),
    };
    for recipient in recipients {
        if let Err(reply) = reception.recipient(recipient) {
            return Stage::Refused(reply);
        }
    }
    Stage::Receiving(Box::new(reception))
}

fn complete(circumstances: &mut Circumstances, head: &Head) {
    let client = &mut circumstances.client;
    if client.address.is_none()
        && let Some(found) = guess::client(head)
    {
        client.address = found.address;
        client.name = client.name.take().or(found.name);
        client.helo = client.helo.take().or(found.helo);
    }
    if circumstances.sender.is_none() {
        circumstances.sender = guess::sender(head);
    }
    if circumstances.recipients.is_empty() {
        circumstances.recipients = guess::recipients(head);
    }
}

/// Line ends of a mail that did not come over SMTP.
///
/// The first line decides: after a CRLF all octets stay as they are, after a single LF every single LF becomes CRLF.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// `None`: no line has ended yet.
    are_bare: Option<bool>,
    /// The last octet was a CR.
    after_return: bool,
}

impl Lines {
    /// The octets as they would come over SMTP.
    pub fn wire(&mut self, octets: &[u8]) -> Bytes {
        if self.are_bare == Some(false) {
            return Bytes::copy_from_slice(octets);
        }
        let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
        for octet in octets {
            if *octet == b'\n' {
                let is_bare = *self.are_bare.get_or_insert(!self.after_return);
                if is_bare && !self.after_return {
                    out.push(b'\r');
                }
            }
            out.push(*octet);
            self.after_return = *octet == b'\r';
        }
        out.into()
    }

    /// Does the mail have single LF?
    #[must_use]
    pub fn are_bare(&self) -> bool {
        self.are_bare == Some(true)
    }
}

/// The way back: every CRLF becomes a single LF again.
#[derive(Clone, Debug, Default)]
pub struct Bare {
    after_return: bool,
}

impl Bare {
    /// The octets with single LF; a CR at the end is held until it is known what follows.
    pub fn take(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len() + 1);
        for octet in octets {
            if std::mem::take(&mut self.after_return) && *octet != b'\n' {
                out.push(b'\r');
            }
            if *octet == b'\r' {
                self.after_return = true;
            } else {
                out.push(*octet);
            }
        }
        out
    }

    /// What is still held.
    #[must_use]
    pub fn end(&self) -> &'static [u8] {
        if self.after_return { b"\r" } else { b"" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(mail: &[u8], cut: usize) -> Vec<u8> {
        let mut lines = Lines::default();
        mail.chunks(cut).flat_map(|piece| lines.wire(piece)).collect()
    }

    #[test]
    fn the_first_line_decides_about_line_ends() {
        for cut in 1..9 {
            assert_eq!(wire(b"a: b\n\nc\r\nd\n", cut), b"a: b\r\n\r\nc\r\nd\r\n");
            assert_eq!(wire(b"a: b\r\n\r\nc\nd\n", cut), b"a: b\r\n\r\nc\nd\n");
            assert_eq!(wire(b"a\rb\n\r\n", cut), b"a\rb\r\n\r\n");
        }
    }

    #[test]
    fn single_line_feeds_come_back() {
        for cut in 1..9 {
            let (mut bare, mail) = (Bare::default(), b"a\rb\n\nc\r\r\nd\r");
            let mut back: Vec<u8> = wire(mail, 99).chunks(cut).flat_map(|piece| bare.take(piece)).collect();
            back.extend_from_slice(bare.end());
            assert_eq!(back, b"a\rb\n\nc\r\nd\r");
        }
    }

    #[test]
    fn what_is_told_is_not_guessed() {
        let text = b"Return-Path: <g@guessed.example>\r\nReceived: from a.example (a.example [192.0.2.9]) by b; x\r\n\
            To: r@guessed.example\r\n\r\n";
        let head = Head::parse(&Bytes::from_static(text));
        let mut told = Circumstances { sender: Some(Address::new("")), ..Circumstances::default() };
        complete(&mut told, &head);
        assert_eq!(told.sender, Some(Address::new("")));
        assert_eq!(told.client.address, "192.0.2.9".parse().ok());
        assert_eq!(told.recipients, [Address::new("r@guessed.example")]);
    }
}
