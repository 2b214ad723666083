//! Plays a dialogue without sockets against a drawn fate, and checks at every command what must hold: at most one
//! reply, none to a quiet command, one final reply a mail, and nothing asked of a mail that is not open.
//!
//! Shared with the fuzz target `milter_session`.

use wehr::{
    doors::milter::{
        frame::{Fault, Frames},
        session::{Session, Then},
    },
    judge::policy::verdict::{Action, Edit, Outcome, Reply},
};

/// Is this command left without reply, always or because that was agreed?
pub fn is_quiet(command: u8, protocol: u32) -> bool {
    let bit = match command {
        b'D' | b'A' | b'Q' | b'K' => return true,
        b'C' => 0x1000,
        b'H' => 0x2000,
        b'M' => 0x4000,
        b'R' => 0x8000,
        b'T' => 0x1_0000,
        b'U' => 0x2_0000,
        b'L' => 0x80,
        b'N' => 0x4_0000,
        b'B' => 0x8_0000,
        _ => 0,
    };
    bit & protocol != 0
}

/// What the reception says, drawn beforehand.
pub struct Fate {
    pub refusals: Vec<bool>,
    pub actions: Vec<Action>,
    pub at: usize,
}

impl Fate {
    fn says(&mut self) -> Result<(), Reply> {
        self.at += 1;
        if self.refusals[self.at % self.refusals.len()] { Err(Reply::new(452, "4.3.1", "no")) } else { Ok(()) }
    }
}

fn letters(output: &[u8]) -> String {
    let mut frames = Frames::default();
    frames.buffer.extend_from_slice(output);
    let mut letters = String::new();
    while let Some(frame) = frames.take().expect("packets of ours are well formed") {
        letters.push(char::from(frame.command));
    }
    assert!(frames.is_between_packets());
    letters
}

/// Replies of a whole dialogue, command by command; checks what must hold at every step.
pub fn play(offer: &[u8], stream: &[u8], cut: usize, fate: &mut Fate) -> (Vec<(u8, String)>, Option<Fault>) {
    let mut session = Session::default();
    let mut log = Vec::new();
    let mut is_open = false;
    let mut frames = Frames::default();
    let mut protocol = 0;
    let whole = [offer, stream].concat();
    for piece in whole.chunks(cut.max(1)) {
        frames.buffer.extend_from_slice(piece);
        loop {
            let frame = match frames.take() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(fault) => return (log, Some(fault)),
            };
            let (command, has_more) = (frame.command, frame.has_more);
            let step = match session.take(frame) {
                Ok(step) => step,
                Err(fault) => return (log, Some(fault)),
            };
            assert!(step.queue_id.is_none() || is_open, "a queue ID for no mail");
            assert!(step.bytes.is_empty() || is_open, "bytes for no mail");
            let mut result = if step.bytes.is_empty() { Ok(()) } else { fate.says() };
            match step.then {
                Then::Settle => session.settle(result),
                Then::Begin(_) => {
                    result = fate.says();
                    is_open = result.is_ok();
                    session.settle(result);
                }
                Then::Recipient(_) => {
                    assert!(is_open, "a recipient for no mail");
                    session.settle(fate.says());
                }
                Then::GiveUp => {
                    is_open = false;
                    session.settle(Ok(()));
                }
                Then::Conclude => {
                    assert!(is_open, "the end of no mail");
                    is_open = false;
                    let action = fate.actions[fate.at % fate.actions.len()];
                    if let Err(reply) = fate.says() {
                        session.failed(&reply);
                    } else {
                        let outcome = Outcome { action, reply: Reply::new(550, "5.7.1", "no") };
                        let edits = [Edit::AddField { name: "A".to_owned(), value: "b".to_owned() }];
                        session.concluded(&outcome, &edits, &[], "ref");
                    }
                }
                Then::Close => return (log, None),
            }
            let output = session.output.take();
            if command == b'O' {
                protocol = u32::from_be_bytes(output[13..17].try_into().unwrap());
                continue;
            }
            log.push((command, letters(&output)));
            let said = log.last().map(|(_, said)| said.as_str()).unwrap_or_default();
            let is_quiet = has_more || is_quiet(command, protocol);
            check_reply(command, said, is_quiet, session.is_between_mails());
        }
    }
    (log, None)
}

/// What a command may be answered with.
fn check_reply(command: u8, said: &str, is_quiet: bool, is_between_mails: bool) {
    match command {
        _ if is_quiet => assert_eq!(said, "", "an answer to a quiet command"),
        b'E' => {
            let finals = said.chars().filter(|letter| "cy".contains(*letter)).count();
            assert_eq!(finals, 1, "one final reply, not {said}");
            assert!(said.ends_with(['c', 'y']) && (said.len() == 1 || said.ends_with('c')), "{said}");
            assert!(is_between_mails);
        }
        b'M' | b'R' => assert!(said == "c" || said == "y", "{said}"),
        b'B' => assert!(said == "c" || said == "s", "{said}"),
        _ => assert_eq!(said, "c", "one reply to {}", char::from(command)),
    }
}

/// What MTAs offer: all, protocol version 2, nothing, and all but quiet chunks of the body.
pub const OFFERS: [&[u8]; 4] = [
    b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff",
    b"\0\0\0\x0dO\0\0\0\x02\0\0\0\x1f\0\0\0\x7f",
    b"\0\0\0\x0dO\0\0\0\x06\0\0\0\0\0\0\0\0",
    b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x17\xff\xff",
];
