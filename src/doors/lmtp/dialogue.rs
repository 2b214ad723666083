//! Which command is allowed when, and what it does (RFC 2033 4, RFC 5321 4.1.4, RFC 3030 2, RFC 3207 4).
//!
//! Pure, as the session it belongs to.

use super::{
    data::Content,
    line::{self, Command, Sender},
    session::{Begin, Chunk, Event, Phase, Session},
    xforward,
};
use crate::judge::policy::verdict::Reply;

impl Session {
    /// Does one command.
    pub(super) fn obey(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Lhlo(name) => {
                let event = self.reset();
                self.peer_name = name;
                self.has_greeted = true;
                self.announce();
                event
            }
            Command::Helo => {
                self.refuse_line(&Reply::new(500, "5.5.1", "this is LMTP, say LHLO"));
                None
            }
            Command::Mail(sender) => self.mail(sender),
            Command::Rcpt(mailbox) => self.rcpt(mailbox),
            Command::Data => {
                self.start_data();
                None
            }
            Command::Bdat { bytes, is_last } => {
                self.start_chunk(bytes, is_last);
                None
            }
            Command::Rset => {
                let event = self.reset();
                self.say(250, "2.0.0", "forgotten");
                event
            }
            Command::Noop => self.told(250, "2.0.0", "ok"),
            Command::Vrfy => self.told(252, "2.1.5", "send some mail, it will be tried"),
            Command::Help => self.told(214, "2.0.0", "LMTP as in RFC 2033"),
            Command::Quit => {
                self.say(221, "2.0.0", "goodbye");
                self.transaction = None;
                self.phase = Phase::Closed;
                None
            }
            Command::StartTls => self.start_tls(),
            Command::Xforward(attributes) => {
                self.xforward(&attributes);
                None
            }
        }
    }

    /// Forgets the mail under way and what was told of its client.
    pub(super) fn reset(&mut self) -> Option<Event> {
        self.forwarded = xforward::Forwarded::default();
        self.content = Vec::new();
        self.transaction.take().map(|_| Event::Abandon)
    }

    fn told(&mut self, code: u16, enhanced: &str, text: &str) -> Option<Event> {
        self.say(code, enhanced, text);
        None
    }

    fn announce(&mut self) {
        let mut lines = vec![
            self.offers.hostname.clone(),
            "PIPELINING".to_owned(),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
            format!("SIZE {}", self.offers.message_bytes_max),
            "CHUNKING".to_owned(),
        ];
        if self.offers.starttls && !self.is_secured {
            lines.push("STARTTLS".to_owned());
        }
        if self.offers.require_tls && self.is_secured {
            lines.push("REQUIRETLS".to_owned());
        }
        if self.offers.xforward {
            lines.push(format!("XFORWARD {}", xforward::ATTRIBUTES));
        }
        let last = lines.len().saturating_sub(1);
        for (at, line) in lines.iter().enumerate() {
            let separator = if at == last { ' ' } else { '-' };
            self.replies.extend_from_slice(format!("250{separator}{line}\r\n").as_bytes());
        }
    }

    fn mail(&mut self, sender: Sender) -> Option<Event> {
        if !self.has_greeted {
            return self.told(503, "5.5.1", "say LHLO first");
        }
        if self.transaction.is_some() {
            return self.told(503, "5.5.1", "a mail is under way");
        }
        if sender.require_tls && !(self.offers.require_tls && self.is_secured) {
            return self.told(550, "5.7.30", "REQUIRETLS cannot be kept on this connection");
        }
        self.phase = Phase::AskedToBegin { smtputf8: sender.smtputf8 };
        let forwarded = std::mem::take(&mut self.forwarded);
        // Who may not tell the client may not tell its session either.
        let witness = self.offers.xforward.then(|| self.peer_name.clone());
        Some(Event::Begin(Box::new(Begin { sender, forwarded, witness })))
    }

    fn rcpt(&mut self, mailbox: String) -> Option<Event> {
        let Some(transaction) = &self.transaction else { return self.told(503, "5.5.1", "say MAIL first") };
        if transaction.is_chunked {
            return self.told(503, "5.5.1", "the message has begun");
        }
        if !mailbox.is_ascii() && !transaction.smtputf8 {
            return self.told(553, "5.6.7", "an address beyond ASCII needs SMTPUTF8");
        }
        self.phase = Phase::AskedForRecipient;
        Some(Event::Recipient(mailbox))
    }

    fn start_data(&mut self) {
        match &mut self.transaction {
            None => self.say(503, "5.5.1", "say MAIL first"),
            Some(transaction) if transaction.recipients == 0 => self.say(503, "5.5.1", "no recipient"),
            Some(transaction) if transaction.is_chunked => self.say(503, "5.5.1", "the message came in chunks"),
            Some(transaction) => {
                transaction.content = Content::of_data();
                self.phase = Phase::Data;
                self.say(354, "", "end with a line that is a dot");
            }
        }
    }

    /// The octets of a chunk come in any case, so a chunk out of sequence is swallowed before it is refused.
    fn start_chunk(&mut self, bytes: u64, is_last: bool) {
        let refusal = match &mut self.transaction {
            None => Some(Reply::new(503, "5.5.1", "say MAIL first")),
            Some(transaction) if transaction.recipients == 0 => Some(Reply::new(503, "5.5.1", "no recipient")),
            Some(transaction) => {
                if !transaction.is_chunked {
                    transaction.is_chunked = true;
                    transaction.content = Content::of_chunks();
                }
                None
            }
        };
        self.phase = Phase::Chunk(Chunk { bytes, left: bytes, is_last, is_read: false, refusal });
    }

    fn start_tls(&mut self) -> Option<Event> {
        if !self.offers.starttls {
            self.refuse_line(&Reply::new(502, "5.5.1", "command not offered"));
            return None;
        }
        if self.is_secured {
            return self.told(503, "5.5.1", "the stream is secured already");
        }
        if !self.has_greeted {
            return self.told(503, "5.5.1", "say LHLO first");
        }
        if self.transaction.is_some() {
            return self.told(503, "5.5.1", "a mail is under way");
        }
        self.say(220, "2.0.0", "go ahead");
        // Whatever the driver forgets, nothing said in clear is obeyed after this.
        self.phase = Phase::Closed;
        Some(Event::StartTls)
    }

    fn xforward(&mut self, attributes: &str) {
        if !self.offers.xforward {
            return self.say(550, "5.7.1", "you may not speak for others");
        }
        if !self.has_greeted {
            return self.say(503, "5.5.1", "say LHLO first");
        }
        if self.transaction.is_some() {
            return self.say(503, "5.5.1", "a mail is under way");
        }
        match line::attributes(attributes) {
            Ok(attributes) => {
                for attribute in attributes {
                    self.forwarded.learn(attribute);
                }
                self.say(250, "2.0.0", "noted");
            }
            Err(reply) => self.refuse_line(&reply),
        }
    }
}
