//! A session driven without runtime: a reception that takes everything, and a transcript of what happened.

use bytes::BytesMut;
use wehr::{
    doors::lmtp::{
        line::Sender,
        session::{Event, Offers, Session},
        xforward::Forwarded,
    },
    judge::policy::verdict::Reply,
};

/// One mail that came through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub sender: Sender,
    pub forwarded: Forwarded,
    pub recipients: Vec<String>,
    pub content: Vec<u8>,
}

/// What a session did with its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    pub replies: String,
    pub mails: Vec<Taken>,
    pub abandoned: usize,
    pub is_closed: bool,
}

impl Transcript {
    pub fn codes(&self) -> Vec<u16> {
        let lines = self.replies.split_terminator("\r\n").filter(|line| line.as_bytes().get(3) != Some(&b'-'));
        lines.map(|line| line[..3].parse().unwrap()).collect()
    }
}

pub fn offers() -> Offers {
    Offers {
        hostname: "mx".to_owned(),
        message_bytes_max: 1 << 20,
        starttls: false,
        xforward: true,
        require_tls: false,
    }
}

/// Feeds the pieces one after the other. Recipients with `no` inside are refused; content over `bytes_max` too.
pub fn drive<'a>(offers: Offers, pieces: impl IntoIterator<Item = &'a [u8]>, bytes_max: usize) -> Transcript {
    let mut session = Session::new(offers);
    let mut transcript = Transcript::default();
    let mut input = BytesMut::new();
    let mut pieces = pieces.into_iter();
    let mut mail = Taken::default();
    loop {
        let event = session.next(&mut input);
        match event {
            Event::Begin(begin) => {
                mail = Taken { sender: begin.sender, forwarded: begin.forwarded, ..Taken::default() };
                session.answer(Ok(()));
            }
            Event::Recipient(mailbox) if mailbox.contains("no") => {
                session.answer(Err(Reply::new(550, "5.1.1", "unknown")));
            }
            Event::Recipient(mailbox) => {
                mail.recipients.push(mailbox);
                session.answer(Ok(()));
            }
            Event::Content => {
                mail.content.extend_from_slice(session.content());
                if mail.content.len() > bytes_max {
                    session.refuse(Reply::new(552, "5.3.4", "too large"));
                }
            }
            Event::End => {
                let replies =
                    (0..mail.recipients.len()).map(|at| Reply::new(250, "2.0.0", format!("for {at}"))).collect();
                transcript.mails.push(std::mem::take(&mut mail));
                session.conclude(replies);
            }
            Event::Abandon => transcript.abandoned += 1,
            Event::Flush | Event::StartTls => {}
            Event::Close => {
                transcript.is_closed = true;
                break;
            }
            Event::Read => match pieces.next() {
                Some(piece) => input.extend_from_slice(piece),
                None => break,
            },
        }
        transcript.replies.push_str(&String::from_utf8(session.take_replies()).unwrap());
    }
    transcript.replies.push_str(&String::from_utf8(session.take_replies()).unwrap());
    transcript
}
