//! Properties of the dialogue without sockets: any packets, in any order, in any chunking.

use crate::{
    mta::packet,
    play::{Fate, OFFERS, play},
};
use proptest::prelude::*;
use wehr::judge::policy::verdict::Action;

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
