//! Properties of the dialogue without sockets: any packets, in any order, in any chunking.

use bytes::BytesMut;
use proptest::prelude::*;
use wehr::{
    doors::milter::{
        frame::{self, Fault},
        session::{Session, Then},
    },
    judge::policy::verdict::{Action, Edit, Outcome, Reply},
};

use crate::mta::{is_quiet, packet};

/// Packets that MTAs send, and some that they should not.
fn packets() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<(u8, &[u8])> = vec![
        (b'C', b"mx.example\x004\0\x19192.0.2.1\0"),
        (b'C', b"localhost\0U"),
        (b'H', b"mx.example\0"),
        (b'M', b"<a@example.org>\0SIZE=3\0"),
        (b'M', b"<>\0"),
        (b'R', b"<b@example.org>\0"),
        (b'T', b""),
        (b'L', b"Subject\0 a\n b\0"),
        (b'L', b"X\0a\nFrom: x\0"),
        (b'N', b""),
        (b'B', b"body\r\n"),
        (b'E', b""),
        (b'E', b"tail"),
        (b'A', b""),
        (b'K', b""),
        (b'U', b"VRFY x"),
        (b'D', b"Mi\0q1\0"),
        (b'D', b"Ei\0q2\0"),
        (b'D', b"R{rcpt_mailer}\0error\0"),
        (b'D', b"Mi\0"),
    ];
    let known = prop::sample::select(known).prop_map(|(command, data)| packet(command, data));
    let odd =
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..12)).prop_map(|(command, data)| packet(command, &data));
    prop_oneof![30 => known, 1 => odd]
}

/// Mails in order with disturbances in between: a random walk alone seldom gets to the end of a message.
fn dialogues() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let mail: Vec<Vec<u8>> =
        [(b'M', &b"<a@example.org>\0"[..]), (b'R', b"<b@example.org>\0"), (b'T', b""), (b'L', b"A\0 b\0")]
            .into_iter()
            .chain([(b'N', &b""[..]), (b'B', b"body"), (b'E', b"")])
            .map(|(command, data)| packet(command, data))
            .collect();
    let piece = prop_oneof![
        2 => Just(mail.clone()),
        2 => (0..mail.len()).prop_map(move |upto| mail[..upto].to_vec()),
        3 => packets().prop_map(|packet| vec![packet]),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What the reception says, drawn beforehand.
struct Fate {
    refusals: Vec<bool>,
    actions: Vec<Action>,
    at: usize,
}

impl Fate {
    fn says(&mut self) -> Result<(), Reply> {
        self.at += 1;
        if self.refusals[self.at % self.refusals.len()] { Err(Reply::new(452, "4.3.1", "no")) } else { Ok(()) }
    }
}

fn letters(output: &[u8]) -> String {
    let mut buffer = BytesMut::from(output);
    let mut letters = String::new();
    while let Some(frame) = frame::take(&mut buffer).expect("packets of ours are well formed") {
        letters.push(char::from(frame.command));
    }
    assert!(buffer.is_empty());
    letters
}

/// Replies of a whole dialogue, command by command; checks what must hold at every step.
fn play(offer: &[u8], stream: &[u8], cut: usize, fate: &mut Fate) -> (Vec<(u8, String)>, Option<Fault>) {
    let mut session = Session::default();
    let mut log = Vec::new();
    let mut is_open = false;
    let mut buffer = BytesMut::new();
    let mut protocol = 0;
    let whole = [offer, stream].concat();
    for piece in whole.chunks(cut.max(1)) {
        buffer.extend_from_slice(piece);
        loop {
            let frame = match frame::take(&mut buffer) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(fault) => return (log, Some(fault)),
            };
            let command = frame.command;
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
                    match fate.says() {
                        Err(reply) => session.failed(&reply),
                        Ok(()) => {
                            let outcome = Outcome { action, reply: Reply::new(550, "5.7.1", "no") };
                            let edits = [Edit::AddField { name: "A".to_owned(), value: "b".to_owned() }];
                            session.concluded(&outcome, &edits, "ref");
                        }
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
            match command {
                _ if is_quiet(command, protocol) => assert_eq!(said, "", "an answer to a quiet command"),
                b'E' => {
                    let finals = said.chars().filter(|letter| "cy".contains(*letter)).count();
                    assert_eq!(finals, 1, "one final reply, not {said}");
                    assert!(said.ends_with(['c', 'y']) && (said.len() == 1 || said.ends_with('c')), "{said}");
                    assert!(session.is_between_mails());
                }
                b'M' | b'R' => assert!(said == "c" || said == "y", "{said}"),
                b'B' => assert!(said == "c" || said == "s", "{said}"),
                _ => assert_eq!(said, "c", "one reply to {}", char::from(command)),
            }
        }
    }
    (log, None)
}

const OFFERS: [&[u8]; 4] = [
    b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff",
    b"\0\0\0\x0dO\0\0\0\x02\0\0\0\x1f\0\0\0\x7f",
    b"\0\0\0\x0dO\0\0\0\x06\0\0\0\0\0\0\0\0",
    b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x17\xff\xff",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_command_gets_what_is_due_in_any_order_and_chunking(
        offer in 0..OFFERS.len(),
        dialogue in dialogues(),
        refusals in prop::collection::vec(prop::bool::weighted(0.2), 1..20),
        actions in prop::collection::vec(prop::sample::select(Action::ALL.to_vec()), 1..5),
        cut in 1usize..40,
    ) {
        let stream = dialogue.concat();
        let mut fate = Fate { refusals, actions, at: 0 };
        let whole = play(OFFERS[offer], &stream, usize::MAX, &mut fate);
        fate.at = 0;
        let pieces = play(OFFERS[offer], &stream, cut, &mut fate);
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn any_bytes_are_survived(stream in prop::collection::vec(any::<u8>(), 0..200), cut in 1usize..40) {
        let mut fate = Fate { refusals: vec![false], actions: vec![Action::Accept], at: 0 };
        play(b"", &stream, cut, &mut fate);
        play(OFFERS[0], &stream, cut, &mut fate);
    }
}
