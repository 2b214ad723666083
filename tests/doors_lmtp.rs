//! The LMTP door: dialogues over in-memory pipes, the foreign suites, and what holds for any bytes in any pieces.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "lmtp/house.rs"]
mod house;
#[path = "deliver/mailstore.rs"]
#[allow(dead_code, reason = "shared with the tests of the delivery, which use more of it")]
mod mailstore;
#[path = "lmtp/senders.rs"]
mod senders;
#[path = "lmtp/suites.rs"]
mod suites;
#[path = "lmtp/tls.rs"]
mod tls;
#[path = "lmtp/transcript.rs"]
mod transcript;
#[path = "lmtp/transport.rs"]
mod transport;

use house::{House, MESSAGE};
use proptest::prelude::*;
use std::time::Duration;
use transcript::{Transcript, drive, offers};
use wehr::doors::{
    desk::Limits,
    listener::{Connection, Peer},
};

fn whole(input: &[u8]) -> Transcript {
    drive(offers(), [input], 1 << 20)
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let input = b"LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<no@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n\
        Subject: 1\r\n\r\n..x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<\"q q\"@y>\r\nDATA\r\n.\r\nQUIT\r\nNOOP\r\n";
    let transcript = whole(input);
    assert_eq!(
        transcript.codes(),
        [220, 250, 250, 250, 550, 250, 354, 250, 250, 250, 250, 354, 250, 221],
        "{}",
        transcript.replies
    );
    assert!(transcript.is_closed);
    assert!(transcript.replies.contains("for 0\r\n250 2.0.0 for 1\r\n"));
    assert_eq!(transcript.mails.len(), 2);
    assert_eq!(transcript.mails[0].recipients, ["x@y", "z@y"]);
    assert_eq!(transcript.mails[0].content, b"Subject: 1\r\n\r\n.x\r\n");
    assert_eq!(transcript.mails[1].recipients, ["\"q q\"@y"]);
    assert_eq!(transcript.mails[1].content, b"");
}

#[test]
fn commands_out_of_sequence_are_503() {
    let input = b"MAIL FROM:<a@b>\r\nHELO a\r\nEHLO a\r\nLHLO a\r\nRCPT TO:<a@b>\r\nDATA\r\nMAIL FROM:<a@b>\r\n\
        MAIL FROM:<a@b>\r\nDATA\r\nXFORWARD NAME=x\r\nSTARTTLS\r\nRSET\r\nDATA\r\n";
    let transcript = whole(input);
    assert_eq!(transcript.codes(), [220, 503, 500, 500, 250, 503, 503, 250, 503, 503, 503, 502, 250, 503]);
    assert_eq!(transcript.abandoned, 1);
}

#[test]
fn chunks_are_counted_and_answered() {
    let start = b"LHLO a\r\nMAIL FROM:<a@b> BODY=8BITMIME\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\n".to_vec();
    let with = |rest: &[u8]| whole(&[&start, rest].concat());
    let two = with(b"BDAT 7\r\nA: b\r\n\rBDAT 0\r\nBDAT 6 LAST\r\n\n.\r\nx\r");
    assert_eq!(two.codes()[5..], [250, 250, 250, 250]);
    assert_eq!(two.mails[0].content, b"A: b\r\n\r\n.\r\nx \r\n");
    let zero = with(b"BDAT 3\r\nhi\nBDAT 0 LAST\r\nNOOP\r\n");
    assert_eq!(zero.codes()[5..], [250, 250, 250, 250]);
    assert_eq!(zero.mails[0].content, b"hi\r\n");
    let mixed = with(b"BDAT 2\r\nhiDATA\r\nRCPT TO:<more@y>\r\nRSET\r\nNOOP\r\n");
    assert_eq!(mixed.codes()[5..], [250, 503, 503, 250, 250]);
    assert_eq!(mixed.mails.len(), 0);
    let none = whole(b"LHLO a\r\nBDAT 6\r\nNOOP\r\nMAIL FROM:<a@b>\r\nBDAT 6 LAST\r\nRSET\r\nNOOP\r\n");
    assert_eq!(none.codes(), [220, 250, 503, 250, 503, 250]);
}

#[test]
fn a_mail_that_is_too_large_is_swallowed_and_refused_for_every_recipient() {
    let long = "x".repeat(3000);
    let data = format!(
        "LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n{long}\r\n{long}\r\n.\r\nNOOP\r\n"
    );
    let transcript = drive(offers(), data.as_bytes().chunks(100), 1000);
    assert_eq!(transcript.codes()[5..], [354, 552, 552, 250]);
    assert_eq!(transcript.mails.len(), 0);
    let chunks = format!(
        "LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\nBDAT 3000\r\n{long}BDAT 1\r\nxBDAT 1 LAST\r\nx\
         NOOP\r\nMAIL FROM:<a@b>\r\n"
    );
    let transcript = drive(offers(), chunks.as_bytes().chunks(100), 1000);
    assert_eq!(transcript.codes()[5..], [552, 552, 552, 552, 250, 250]);
}

#[test]
fn a_line_without_end_is_not_kept() {
    let long = [b'a'; 10_000];
    let transcript = whole(&[&long[..], b"\r\nNOOP\r\n"].concat());
    assert_eq!(transcript.codes(), [220, 500, 250]);
    let endless = vec![b'a'; 1 << 16];
    let transcript = drive(offers(), std::iter::repeat_n(&endless[..], 100), 1);
    assert_eq!(transcript.codes(), [220, 421]);
    assert!(transcript.is_closed);
}

#[test]
fn bare_line_feeds_end_no_command() {
    let transcript = whole(b"LHLO a\nMAIL FROM:<a@b>\nLHLO a\rMAIL FROM:<a@b>\r\n\0NOOP\r\nNOOP \xff\r\nNOOP\r\n");
    assert_eq!(transcript.codes(), [220, 500, 500, 500, 500, 500, 250]);
}

#[test]
fn junk_ends_the_session() {
    let transcript = whole("FOO\r\n".repeat(30).as_bytes());
    assert_eq!(transcript.codes().len(), 1 + 21 + 1);
    assert_eq!(transcript.codes().last(), Some(&421));
    assert!(transcript.is_closed);
}

#[test]
fn the_client_of_one_mail_never_taints_the_next() {
    let mail = "MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nDATA\r\n.\r\n";
    let input = format!(
        "LHLO a\r\nXFORWARD NAME=mx.c ADDR=IPV6:2001:db8::1\r\nXFORWARD HELO=h+2Bx IDENT=4XyZ PROTO=ESMTP\r\n{mail}{mail}\
         XFORWARD ADDR=192.0.2.1\r\nRSET\r\n{mail}XFORWARD COLOUR=red\r\n"
    );
    let transcript = whole(input.as_bytes());
    let told = &transcript.mails[0].forwarded;
    assert_eq!(told.client.address, "2001:db8::1".parse().ok());
    assert_eq!(told.client.name.as_deref(), Some("mx.c"));
    assert_eq!(told.client.helo.as_deref(), Some("h+x"));
    assert_eq!(told.queue_id.as_deref(), Some("4XyZ"));
    assert_eq!(transcript.mails[1].forwarded, wehr::doors::lmtp::xforward::Forwarded::default());
    assert_eq!(transcript.mails[2].forwarded, wehr::doors::lmtp::xforward::Forwarded::default());
    assert_eq!(transcript.codes().last(), Some(&501));
}

#[test]
fn international_addresses_need_smtputf8() {
    let input = "LHLO a\r\nMAIL FROM:<s\u{fc}d@b>\r\nMAIL FROM:<a@b>\r\nRCPT TO:<s\u{fc}d@b>\r\nRSET\r\n\
        MAIL FROM:<s\u{fc}d@b> SMTPUTF8\r\nRCPT TO:<s\u{fc}d@b\u{fc}cher.example>\r\nDATA\r\n.\r\n";
    let transcript = whole(input.as_bytes());
    assert_eq!(transcript.codes(), [220, 250, 553, 250, 553, 250, 250, 250, 354, 250]);
    assert!(transcript.mails[0].sender.smtputf8);
}

/// Lines that mean something at some point of a dialogue, and some that never do.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed: &[&[u8]] = &[
        b"LHLO a\r\n",
        b"MAIL FROM:<a@b>\r\n",
        b"MAIL FROM:<> SIZE=10\r\n",
        b"RCPT TO:<x@y>\r\n",
        b"RCPT TO:<no@y>\r\n",
        b"DATA\r\n",
        b"BDAT 3\r\n",
        b"BDAT 5 LAST\r\n",
        b"BDAT 0 LAST\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b".\r\n",
        b"..\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b".",
        b"\0",
        b"text\r\n",
        b"XFORWARD ADDR=192.0.2.1\r\n",
        b"NOOP\n",
        b"EHLO a\r\n",
        b"\r\n.\r\n",
        b"BDAT x\r\n",
        b"VRFY x\r\n",
        b"MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n",
        b"MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\n",
        b"BDAT 4294967296\r\n",
        b"HELP\r\n",
    ];
    prop_oneof![
        20 => proptest::sample::select(fixed).prop_map(<[u8]>::to_vec),
        1 => Just(b"QUIT\r\n".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => (3000_usize..6000).prop_map(|bytes| vec![b'a'; bytes]),
    ]
}

proptest! {
    #[test]
    fn any_pieces_give_the_same_replies_and_the_same_mail(
        script in proptest::collection::vec(piece(), 0..40),
        cuts in proptest::collection::vec(1_usize..50, 1..40),
    ) {
        let mut input = b"LHLO a\r\n".to_vec();
        input.extend(script.concat());
        let expected = whole(&input);
        let mut pieces = Vec::new();
        let mut rest = &input[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let transcript = drive(offers(), pieces, 1 << 20);
        prop_assert_eq!(&expected, &transcript);
        for mail in &expected.mails {
            let text: String = mail.content.iter().map(|byte| char::from(*byte)).collect();
            prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']));
            prop_assert!(!mail.recipients.is_empty());
        }
    }
}

#[tokio::test]
async fn a_mail_is_delivered_once_per_recipient() {
    let house = House::with_maildir(|_| {});
    let mut client = house.remote();
    client.envelope(&["a@school.example", "b@school.example"]).await;
    assert_eq!(&client.ask("DATA").await[..3], "354");
    client.say(MESSAGE).await;
    assert_eq!(client.codes(2).await, [250, 250]);
    client.say("QUIT\r\n").await;
    assert_eq!(client.rest().await.len(), 1);
    assert_eq!(house.delivered().len(), 2);
    assert!(house.delivered().iter().all(|(_, text)| text.contains("Subject: x")));
}

#[tokio::test]
async fn every_size_of_pipe_and_piece_delivers_the_same_mail() {
    let body = "0123456789\r\n".repeat(3000);
    for (pipe_bytes, piece_bytes) in [(1, 1000), (64, 7), (1 << 16, 1 << 20)] {
        let house = House::with_maildir(|_| {});
        let mut client = house.connect(Peer::Local, pipe_bytes);
        client.envelope(&["a@school.example"]).await;
        assert_eq!(&client.ask("DATA").await[..3], "354");
        let message = format!("Subject: x\r\n\r\n{body}.\r\n");
        for piece in message.as_bytes().chunks(piece_bytes) {
            client.say(piece).await;
        }
        assert_eq!(client.code().await, 250);
        let delivered = house.delivered();
        let text = delivered[0].1.replace("\r\n", "\n");
        assert!(text.ends_with(&format!("\n\n{}", body.replace("\r\n", "\n"))));
    }
}

#[tokio::test]
async fn only_trusted_peers_may_speak_for_others() {
    let house = House::with_maildir(|settings| settings.trusted_peers = vec!["127.0.0.0/8".parse().unwrap()]);
    let peers = [
        (Peer::Local, true),
        (Peer::Address([127, 0, 0, 9].into()), true),
        (Peer::Address([192, 0, 2, 1].into()), false),
    ];
    for (peer, is_trusted) in peers {
        let mut client = house.connect(peer, 1000);
        client.code().await;
        assert_eq!(client.ask("LHLO a").await.contains("XFORWARD NAME ADDR"), is_trusted);
        let expected = if is_trusted { "250" } else { "550" };
        assert_eq!(&client.ask("XFORWARD ADDR=192.0.2.1").await[..3], expected);
    }
}

#[tokio::test]
async fn a_drain_ends_idle_sessions_and_lets_mails_finish() {
    let house = House::with_maildir(|_| {});
    let mut idle = house.remote();
    assert_eq!(idle.code().await, 220);
    let mut busy = house.remote();
    busy.envelope(&["a@school.example"]).await;
    house.drain.send(true).unwrap();
    assert_eq!(idle.code().await, 421);
    assert!(idle.reply().await.is_none());
    assert_eq!(&busy.ask("DATA").await[..3], "354");
    busy.say(MESSAGE).await;
    assert_eq!(busy.codes(2).await, [250, 421]);
    assert!(busy.reply().await.is_none());
    assert_eq!(house.delivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_told_and_left() {
    let house = House::with_maildir(|settings| settings.idle_seconds_max = Duration::from_secs(5));
    let mut client = house.remote();
    assert_eq!(client.codes(2).await, [220, 421]);
    assert!(client.reply().await.is_none());
}

#[tokio::test]
async fn a_connection_too_many_is_told_so() {
    let house = House::with_maildir(|_| {});
    let (ours, mut theirs) = tokio::io::duplex(1000);
    let connection = Connection { peer: Peer::Local, drain: house.drain.subscribe(), permit: None };
    wehr::doors::lmtp::serve(ours, house.desk.clone(), house.settings.clone(), connection).await;
    let mut heard = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut theirs, &mut heard).await.unwrap();
    assert!(heard.starts_with("421 4.3.2 "), "{heard}");
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_leaves_nothing() {
    let house = House::with_maildir(|_| {});
    for leaving in ["MAIL FROM:<a@b>\r\n", "DATA\r\nSubject: x\r\n\r\npartial", "BDAT 99\r\nhi", "DATA\r\nx\r\n."] {
        let mut client = house.remote();
        client.envelope(&["a@school.example"]).await;
        client.say(leaving).await;
        drop(client.stream);
        client.serving.await.unwrap();
    }
    assert_eq!(house.delivered().len(), 0);
    assert_eq!(house.series("wehr_mails_open"), 0);
    assert_eq!(house.series("wehr_aborted_total{door=\"lmtp\"}"), 4);
}

#[tokio::test]
async fn the_verdict_is_about_the_client_that_xforward_names() {
    let house = House::with_maildir(|_| {});
    let mut client = house.local();
    assert_eq!(client.code().await, 220);
    client.ask("LHLO mx.example.org").await;
    client.ask("XFORWARD NAME=mail.example.org ADDR=198.51.100.10 HELO=helo.example.org PROTO=ESMTP").await;
    for expected in [true, false] {
        client.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<a@school.example>\r\nDATA\r\n").await;
        assert_eq!(client.codes(3).await, [250, 250, 354]);
        client.say(MESSAGE).await;
        assert_eq!(client.code().await, 250);
        let mails = house.delivered();
        let named = mails.iter().filter(|(_, text)| text.contains("198.51.100.10")).count();
        assert_eq!(named, 1, "{mails:?}");
        assert_eq!(mails.len() == 1, expected);
    }
}

#[tokio::test]
async fn a_mail_over_the_limit_is_counted_as_refused() {
    let limits = Limits { message_bytes_max: 2000, ..Limits::default() };
    let house = House::new(tempfile::TempDir::new().unwrap(), None, limits, |_| {});
    let mut client = house.local();
    client.envelope(&["a@school.example", "b@school.example"]).await;
    assert_eq!(&client.ask("DATA").await[..3], "354");
    client.say(format!("Subject: x\r\n\r\n{}.\r\n", "0123456789\r\n".repeat(20_000))).await;
    assert_eq!(client.codes(2).await, [552, 552]);
    assert_eq!(house.series("wehr_mails_open"), 0);
    assert_eq!(house.series("wehr_refused_early_total{class=\"5xx\",door=\"lmtp\"}"), 1);
    assert_eq!(house.series("wehr_aborted_total{door=\"lmtp\"}"), 0);
    assert_eq!(&client.ask("MAIL FROM:<a@b> SIZE=2001").await[..3], "552");
    assert_eq!(&client.ask("MAIL FROM:<a@b> SIZE=2000").await[..3], "250");
}

#[tokio::test]
async fn an_idle_connection_is_small() {
    let house = House::with_maildir(|_| {});
    let (ours, _theirs) = tokio::io::duplex(1000);
    let connection = Connection { peer: Peer::Local, drain: house.drain.subscribe(), permit: None };
    let serving = wehr::doors::lmtp::serve(ours, house.desk.clone(), house.settings.clone(), connection);
    let bytes = size_of_val(&serving);
    assert!(bytes <= 4096, "a connection is a task of {bytes} octets");
}
