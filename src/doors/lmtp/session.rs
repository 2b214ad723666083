//! An LMTP session (RFC 2033; RFC 2920 pipelining, RFC 3030 chunking, RFC 3207 STARTTLS) without socket or clock.
//!
//! Bytes go in, events and replies come out. The driver calls `next` until it says `Read` or `Close`, does what each
//! event asks, and answers where the event says so. No policy: what becomes of a mail is the reception's answer.

use super::{
    data::Content,
    line::{self, Sender},
    xforward::Forwarded,
};
use crate::{judge::policy::verdict::Reply, limits};
use bytes::{Buf, BytesMut};

/// What the door offers to this peer.
#[derive(Clone, Debug)]
pub struct Offers {
    /// Our name in greeting and LHLO reply.
    pub hostname: String,
    /// RFC 1870; a declared size is weighed by the reception.
    pub message_bytes_max: usize,
    /// There is a certificate, and the stream is not secured yet.
    pub starttls: bool,
    /// The peer is trusted to tell who the SMTP client was.
    pub xforward: bool,
    /// RFC 8689: the mailstore can keep what it asks for; announced once the stream is secured.
    pub require_tls: bool,
}

/// What the driver has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Write `replies`, then append more bytes to the input.
    Read,
    /// Write `replies`; there is more input to work on.
    Flush,
    /// A mail begins; `answer` it.
    Begin(Box<Begin>),
    /// A recipient; `answer` it.
    Recipient(String),
    /// Give `content` to the mail; `refuse` when the mail cannot go on.
    Content,
    /// The content is complete: write `replies`, judge, hand over, `conclude`.
    End,
    /// The mail is given up.
    Abandon,
    /// Write `replies`, throw the input away, secure the stream, then `secured`.
    StartTls,
    /// Write `replies` and close.
    Close,
}

/// A mail that begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    pub sender: Sender,
    pub forwarded: Forwarded,
    /// The name of the MTA, if it is trusted to tell about the client's session.
    pub witness: Option<String>,
}

#[derive(Debug)]
pub(super) enum Phase {
    Command,
    /// A command line over the limit; so many octets of it are thrown away already.
    LongLine(usize),
    /// MAIL waits for its answer.
    AskedToBegin {
        smtputf8: bool,
    },
    /// RCPT waits for its answer.
    AskedForRecipient,
    /// The end of the content waits for its replies.
    AskedToEnd,
    Data,
    Chunk(Chunk),
    /// All content is read and given on.
    Ending,
    Closed,
}

/// One BDAT chunk (RFC 3030 2).
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: u64,
    pub(super) left: u64,
    pub(super) is_last: bool,
    pub(super) is_read: bool,
    /// Swallow the octets and give this reply.
    pub(super) refusal: Option<Reply>,
}

/// A mail between MAIL and its last reply.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) smtputf8: bool,
    pub(super) recipients: usize,
    pub(super) content: Content,
    pub(super) is_chunked: bool,
    /// The mail is refused already; what still comes of it is swallowed.
    refusal: Option<Reply>,
}

/// One LMTP session.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four unrelated things that are said once a session")]
pub struct Session {
    pub(super) offers: Offers,
    pub(super) phase: Phase,
    pub(super) replies: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) has_greeted: bool,
    pub(super) is_secured: bool,
    is_draining: bool,
    has_hung_up: bool,
    pub(super) forwarded: Forwarded,
    /// What LHLO said.
    pub(super) peer_name: String,
    pub(super) transaction: Option<Transaction>,
    swallowed_bytes: u64,
    junk_lines: usize,
}

impl Session {
    /// A new session, its greeting among the replies.
    #[must_use]
    pub fn new(offers: Offers) -> Self {
        let greeting = Reply::new(220, "", format!("{} LMTP", offers.hostname));
        let mut session = Self {
            offers,
            phase: Phase::Command,
            replies: Vec::new(),
            content: Vec::new(),
            has_greeted: false,
            is_secured: false,
            is_draining: false,
            has_hung_up: false,
            forwarded: Forwarded::default(),
            peer_name: String::new(),
            transaction: None,
            swallowed_bytes: 0,
            junk_lines: 0,
        };
        session.reply(&greeting);
        session
    }

    /// Octets to be written to the peer; the driver takes them all.
    #[must_use]
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// Octets of the message that `Event::Content` speaks of.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Recipients accepted for the mail under way.
    #[must_use]
    pub fn recipients(&self) -> usize {
        self.transaction.as_ref().map_or(0, |transaction| transaction.recipients)
    }

    /// Is message content expected, so that reading much at once pays?
    #[must_use]
    pub fn is_receiving(&self) -> bool {
        matches!(self.phase, Phase::Data | Phase::Chunk(_))
    }

    /// Did we close the session against the peer's will?
    #[must_use]
    pub fn has_hung_up(&self) -> bool {
        self.has_hung_up
    }

    /// Did the peer send more junk than a client of this protocol does?
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.junk_lines > limits::JUNK_LINES_MAX
    }

    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Takes no further mail: the one under way is finished, then the session ends with 421.
    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    /// Ends the session with a reply of ours, at any point; a mail under way is given up.
    pub fn hang_up(&mut self, reply: &Reply) {
        self.reply(reply);
        self.has_hung_up = true;
        self.transaction = None;
        self.phase = Phase::Closed;
    }

    /// The stream is encrypted now: all that was said before is forgotten (RFC 3207 4.2).
    pub fn secured(&mut self) {
        self.is_secured = true;
        self.has_greeted = false;
        self.reset();
        self.phase = Phase::Command;
    }

    /// Answers `Event::Begin` or `Event::Recipient`.
    pub fn answer(&mut self, answer: Result<(), Reply>) {
        match (std::mem::replace(&mut self.phase, Phase::Command), answer) {
            (Phase::AskedToBegin { smtputf8 }, Ok(())) => {
                self.transaction = Some(Transaction::new(smtputf8));
                self.swallowed_bytes = 0;
                self.say(250, "2.1.0", "sender ok");
            }
            (Phase::AskedForRecipient, Ok(())) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients += 1;
                }
                self.say(250, "2.1.5", "recipient ok");
            }
            (Phase::AskedToBegin { .. } | Phase::AskedForRecipient, Err(reply)) => self.reply(&reply),
            (phase, _) => self.phase = phase,
        }
    }

    /// The mail cannot go on: the rest of it is swallowed, then every recipient gets this reply.
    pub fn refuse(&mut self, reply: Reply) {
        if let Some(transaction) = &mut self.transaction {
            transaction.refusal = Some(reply);
        }
    }

    /// Answers `Event::End`: one reply per accepted recipient, in order (RFC 2033 4.2).
    pub fn conclude(&mut self, replies: Vec<Reply>) {
        let recipients = self.transaction.take().map_or(0, |transaction| transaction.recipients);
        let missing = Reply::new(451, "4.3.0", "no outcome for this recipient, try again later");
        for reply in replies.into_iter().chain(std::iter::repeat(missing)).take(recipients) {
            self.reply(&reply);
        }
        self.content = Vec::new();
        self.junk_lines = 0;
        self.phase = Phase::Command;
    }

    /// Works on the input until the driver has something to do.
    pub fn next(&mut self, input: &mut BytesMut) -> Event {
        loop {
            if self.replies.len() > limits::REPLIES_HELD_BYTES_MAX {
                return Event::Flush;
            }
            let event = match &self.phase {
                Phase::Command => self.command(input),
                Phase::LongLine(_) => self.long_line(input),
                Phase::Data => self.data(input),
                Phase::Chunk(_) => self.chunk(input),
                Phase::Ending => self.ending(),
                // A driver that forgets an answer would loop for ever otherwise.
                Phase::AskedToBegin { .. } | Phase::AskedForRecipient | Phase::AskedToEnd | Phase::Closed => {
                    Some(Event::Close)
                }
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    /// One command line; it ends at LF, so that a peer without CR gets its refusal and not silence.
    fn command(&mut self, input: &mut BytesMut) -> Option<Event> {
        if self.is_draining && self.transaction.is_none() {
            self.hang_up(&Reply::new(421, "4.3.2", "shutting down"));
            return None;
        }
        let Some(end) = input.iter().take(limits::LINE_BYTES_MAX).position(|byte| *byte == b'\n') else {
            if input.len() < limits::LINE_BYTES_MAX {
                return Some(Event::Read);
            }
            self.phase = Phase::LongLine(0);
            return None;
        };
        let line = input.split_to(end + 1);
        let command = match line.strip_suffix(b"\r\n") {
            Some(line) => line::parse(line),
            None => Err(Reply::new(500, "5.5.2", "command lines end in CR LF")),
        };
        match command {
            Ok(command) => self.obey(command),
            Err(reply) => {
                self.refuse_line(&reply);
                None
            }
        }
    }

    fn long_line(&mut self, input: &mut BytesMut) -> Option<Event> {
        let Phase::LongLine(before) = self.phase else { return None };
        let end = input.iter().position(|byte| *byte == b'\n');
        let dropped = end.map_or(input.len(), |end| end + 1);
        input.advance(dropped);
        if end.is_some() {
            self.phase = Phase::Command;
            self.refuse_line(&Reply::new(500, "5.5.2", "command line too long"));
            return None;
        }
        if before + dropped > limits::LONG_LINE_BYTES_MAX {
            self.junk_lines = usize::MAX;
            self.hang_up(&Reply::new(421, "4.7.0", "command line too long"));
            return None;
        }
        self.phase = Phase::LongLine(before + dropped);
        Some(Event::Read)
    }

    /// Refuses what no client of this protocol says; too much of it ends the session.
    pub(super) fn refuse_line(&mut self, reply: &Reply) {
        self.reply(reply);
        self.junk_lines += 1;
        if self.is_broken() {
            self.hang_up(&Reply::new(421, "4.7.0", "too many errors"));
        }
    }

    fn data(&mut self, input: &mut BytesMut) -> Option<Event> {
        if input.is_empty() {
            return Some(Event::Read);
        }
        let Some(transaction) = &mut self.transaction else {
            self.phase = Phase::Command;
            return None;
        };
        self.content.clear();
        let (read, has_ended) = transaction.content.take(input, &mut self.content);
        input.advance(read);
        if has_ended {
            self.phase = Phase::Ending;
        }
        if transaction.refusal.is_some() {
            self.swallow(read);
            return None;
        }
        (!self.content.is_empty()).then_some(Event::Content)
    }

    fn chunk(&mut self, input: &mut BytesMut) -> Option<Event> {
        let Phase::Chunk(chunk) = &mut self.phase else { return None };
        if chunk.is_read {
            self.end_chunk();
            return None;
        }
        if chunk.left > 0 && input.is_empty() {
            return Some(Event::Read);
        }
        let here = input.len().min(usize::try_from(chunk.left).unwrap_or(usize::MAX));
        let octets = input.split_to(here);
        chunk.left -= here as u64;
        chunk.is_read = chunk.left == 0;
        let is_end = chunk.is_read && chunk.is_last;
        self.content.clear();
        let transaction = self.transaction.as_mut().filter(|transaction| transaction.refusal.is_none());
        let (None, Some(transaction)) = (&chunk.refusal, transaction) else {
            self.swallow(here);
            return None;
        };
        transaction.content.take(&octets, &mut self.content);
        if is_end {
            transaction.content.finish(&mut self.content);
        }
        (!self.content.is_empty()).then_some(Event::Content)
    }

    /// Answers a chunk whose octets are all read; the last one of a mail ends the mail.
    fn end_chunk(&mut self) {
        let Phase::Chunk(chunk) = std::mem::replace(&mut self.phase, Phase::Command) else { return };
        let refusal = chunk.refusal.or_else(|| {
            self.transaction.as_ref().filter(|_| !chunk.is_last).and_then(|transaction| transaction.refusal.clone())
        });
        match refusal {
            Some(reply) => self.reply(&reply),
            None if chunk.is_last => self.phase = Phase::Ending,
            None => self.say(250, "2.0.0", &format!("{} octets", chunk.bytes)),
        }
    }

    fn ending(&mut self) -> Option<Event> {
        self.phase = Phase::AskedToEnd;
        let Some(transaction) = &self.transaction else {
            self.phase = Phase::Command;
            return None;
        };
        let Some(reply) = transaction.refusal.clone() else { return Some(Event::End) };
        self.conclude(vec![reply; transaction.recipients]);
        None
    }

    /// Counts octets of a mail that is refused already.
    fn swallow(&mut self, octets: usize) {
        self.content.clear();
        self.swallowed_bytes += octets as u64;
        if self.swallowed_bytes > limits::SWALLOWED_BYTES_MAX {
            self.hang_up(&Reply::new(421, "4.3.4", "too much after a refusal"));
        }
    }

    pub(super) fn say(&mut self, code: u16, enhanced: &str, text: &str) {
        self.reply(&Reply::new(code, enhanced, text));
    }

    /// Writes a reply on one line; text of others (the mailstore's) cannot break out of it.
    pub(super) fn reply(&mut self, reply: &Reply) {
        let line: String = reply
            .to_string()
            .chars()
            .take(limits::REPLY_LINE_BYTES_MAX)
            .map(|letter| if letter == ' ' || letter.is_ascii_graphic() { letter } else { '?' })
            .collect();
        self.replies.extend_from_slice(line.as_bytes());
        self.replies.extend_from_slice(b"\r\n");
    }
}

impl Transaction {
    fn new(smtputf8: bool) -> Self {
        Self { smtputf8, recipients: 0, content: Content::of_data(), is_chunked: false, refusal: None }
    }
}
