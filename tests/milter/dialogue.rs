//! What the door does for an MTA, command by command.

use crate::mta::{Filter, House, Mta, OFFER, Packet, Script};
use std::{sync::Arc, time::Duration};
use wehr::{
    doors::{desk::Limits, milter::Settings},
    judge::policy::verdict::Action,
    limits,
};

const FIELDS: [(&str, &str); 2] = [("From", " a@example.org"), ("Subject", " hi")];

async fn greeted(filter: &Filter, offer: (u32, u32, u32)) -> Mta {
    let mut mta = filter.connect();
    mta.negotiate(offer.0, offer.1, offer.2).await;
    mta.connect_and_greet().await;
    mta
}

fn letters(packets: &[Packet]) -> String {
    packets.iter().map(|reply| reply.0).collect()
}

#[tokio::test]
async fn the_message_arrives_byte_for_byte() {
    let filter = House::default().open();
    let fields = [("From", "\ta@example.org"), ("Subject", " a\n  b\n\tc"), ("X", ""), ("From ", "x")];
    let mut mta = greeted(&filter, OFFER).await;
    mta.mail(&fields, &["one\r", "\ntwo\n.\n", "no end"]).await;
    mta.ended().await;
    let message = "From:\ta@example.org\r\nSubject: a\r\n  b\r\n\tc\r\nX:\r\nFrom :x\r\n\r\none\r\ntwo\n.\nno end";
    assert_eq!(filter.messages(), [message]);
    // Without the leading space agreed, the MTA took one space away.
    let mut mta = greeted(&filter, (6, 0x1ff, 0x0f_ffff)).await;
    mta.mail(&[("From", "a@example.org"), ("Subject", "a\n b")], &[]).await;
    mta.ended().await;
    assert_eq!(filter.messages(), ["From: a@example.org\r\nSubject: a\r\n b\r\n\r\n"]);
}

#[tokio::test]
async fn mails_without_header_or_body_are_judged_too() {
    let filter = House::default().open();
    let mut mta = greeted(&filter, OFFER).await;
    assert!(letters(&mta.mail(&[], &[]).await).ends_with('c'));
    assert!(letters(&mta.mail(&[], &["x"]).await).ends_with('c'));
    // Straight from the envelope to the end, with the last chunk in it; or a body without end of header.
    assert_eq!(mta.letters(b'M', b"<>\0").await, "c");
    assert!(mta.letters(b'E', b"tail").await.ends_with('c'));
    assert_eq!(mta.letters(b'M', b"<>\0").await, "c");
    mta.command(b'L', b"A\0 b\0").await;
    mta.command(b'B', b"body").await;
    assert!(mta.letters(b'E', b"").await.ends_with('c'));
    mta.ended().await;
    assert_eq!(filter.messages(), ["\r\n", "\r\nx", "\r\ntail", "A: b\r\n\r\nbody"]);
    assert_eq!(filter.series("wehr_protocol_errors_total{door=\"milter\"}"), "0");
}

#[tokio::test]
async fn our_fields_come_on_top_in_order_and_only_as_far_as_agreed() {
    let filter = House::default().open();
    let mut mta = greeted(&filter, OFFER).await;
    let replies = mta.mail(&FIELDS, &["x\r\n"]).await;
    let inserted: Vec<&Packet> = replies.iter().filter(|reply| reply.0 == 'i').collect();
    assert!(!inserted.is_empty(), "{replies:?}");
    for insert in &inserted {
        assert!(insert.text().starts_with("||||"), "inserted at the top: {}", insert.text());
        assert!(insert.text().contains("| "), "with its leading space: {}", insert.text());
        assert!(!insert.1.contains(&b'\r'));
    }
    mta.ended().await;

    let mut old = greeted(&filter, (2, 0x1f, 0x7f)).await;
    let replies = old.mail(&FIELDS, &["x\r\n"]).await;
    assert_eq!(letters(&replies), format!("{}c", "h".repeat(inserted.len())), "nothing newer than version 2");
    // Inserted one by one at the top they are in reverse order; appended they are not.
    let name = |reply: &Packet| reply.text().trim_start_matches('|').split('|').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = inserted.iter().map(|reply| name(reply)).collect();
    names.reverse();
    assert_eq!(replies.iter().filter(|reply| reply.0 == 'h').map(name).collect::<Vec<_>>(), names);
    old.ended().await;

    assert_eq!(filter.series("wehr_edits_left_out_total"), "0");
    let mut bare = greeted(&filter, (6, 0, 0)).await;
    assert_eq!(letters(&bare.mail(&FIELDS, &["x\r\n"]).await), "c");
    bare.ended().await;
    assert_eq!(filter.series("wehr_edits_left_out_total"), inserted.len().to_string());
}

const VIRUS: &str = "--b\r\n\r\nUEsDBBQAAgAIAEFKJJJPM9Rab0\r\n";

#[tokio::test]
async fn a_mail_to_be_held_is_held_or_deferred_but_never_let_through() {
    let filter = House { infected: Action::Quarantine, ..House::default() }.open();
    let mut mta = greeted(&filter, OFFER).await;
    let replies = mta.mail(&FIELDS, &[VIRUS]).await;
    assert!(letters(&replies).ends_with("qc"), "{replies:?}");
    mta.ended().await;
    let mut mta = greeted(&filter, (6, 0x1df, 0x1f_ffff)).await;
    let replies = mta.mail(&FIELDS, &[VIRUS]).await;
    assert_eq!(letters(&replies), "y");
    assert!(replies[0].text().starts_with("451 4.7.1 "), "{}", replies[0].text());
    mta.ended().await;
    assert_eq!(filter.series("wehr_mails_total{action=\"quarantine\",door=\"milter\"}"), "2");
}

#[tokio::test]
async fn a_rejected_mail_gets_code_and_text_and_no_edits() {
    let filter = House::default().open();
    let mut mta = greeted(&filter, OFFER).await;
    let replies = mta.mail(&FIELDS, &[VIRUS]).await;
    assert_eq!(letters(&replies), "y");
    assert!(replies[0].text().starts_with("550 5.7.1 "), "{}", replies[0].text());
    assert!(letters(&mta.mail(&FIELDS, &["clean\r\n"]).await).ends_with('c'), "nothing leaks into the next mail");
    mta.ended().await;
    assert_eq!(filter.series("wehr_mails_open"), "0");
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_skipped_and_refused_at_its_end() {
    let limits = Limits { message_bytes_max: 1000, ..Limits::default() };
    let filter = House { limits, ..House::default() }.open();
    let large = "x".repeat(2000);
    // With replies to chunks (no SMFIP_NR_BODY offered) the rest is declined, without SKIP it is swallowed.
    for (protocol, reply) in [(0x17_ffff, "s"), (0x17_fbff, "c")] {
        let mut mta = greeted(&filter, (6, 0x1ff, protocol)).await;
        assert_eq!(mta.letters(b'M', b"<a@example.org>\0").await, "c");
        mta.command(b'N', b"").await;
        assert_eq!(mta.letters(b'B', b"small").await, "c");
        assert_eq!(mta.letters(b'B', large.as_bytes()).await, reply);
        assert_eq!(mta.letters(b'B', b"more").await, reply);
        let replies = mta.command(b'E', b"").await;
        assert!(replies[0].text().starts_with("552 5.3.4 "), "{}", replies[0].text());
        mta.ended().await;
    }
    let mut mta = greeted(&filter, OFFER).await;
    assert!(mta.mail(&[], &[&large, &large]).await[0].text().starts_with("552 5.3.4 "));
    let declared = mta.command(b'M', b"<a@example.org>\0SIZE=1001\0").await;
    assert!(declared[0].text().starts_with("552 5.3.4 "));
    mta.ended().await;
    assert_eq!(filter.series("wehr_aborted_total{door=\"milter\"}"), "0");
    assert_eq!(filter.series("wehr_refused_early_total{class=\"5xx\",door=\"milter\"}"), "4");
}

#[tokio::test]
async fn a_mail_refused_at_once_stays_refused_whatever_follows() {
    let limits = Limits { mails_max: 1, ..Limits::default() };
    let filter = House { limits, ..House::default() }.open();
    let mut first = greeted(&filter, OFFER).await;
    assert_eq!(first.letters(b'M', b"<a@example.org>\0").await, "c");
    let mut second = greeted(&filter, OFFER).await;
    assert!(second.command(b'M', b"<a@example.org>\0").await[0].text().starts_with("452 4.3.1 "));
    assert!(second.command(b'R', b"<b@school.example>\0").await[0].text().starts_with("452 4.3.1 "));
    assert!(second.content(&FIELDS, &["x"]).await[0].text().starts_with("452 4.3.1 "));
    first.command(b'A', b"").await;
    first.ended().await;
    assert!(letters(&second.mail(&FIELDS, &["x"]).await).ends_with('c'));
    second.ended().await;
    assert_eq!(filter.series("wehr_mails_open"), "0");
}

#[tokio::test]
async fn one_recipient_too_many_is_refused_alone() {
    let filter = House::default().open();
    let mut mta = greeted(&filter, OFFER).await;
    assert_eq!(mta.letters(b'M', b"<a@example.org>\0").await, "c");
    for _ in 0..limits::RECIPIENTS_MAX {
        assert_eq!(mta.letters(b'R', b"<b@school.example>\0").await, "c");
    }
    assert!(mta.command(b'R', b"<b@school.example>\0").await[0].text().starts_with("452 4.5.3 "));
    // A recipient that the MTA has refused itself does not count, and says nothing about the next one.
    mta.command(b'A', b"").await;
    assert_eq!(mta.letters(b'M', b"<a@example.org>\0").await, "c");
    mta.command(b'D', b"R{rcpt_mailer}\0error\0").await;
    assert_eq!(mta.letters(b'R', b"<nobody@school.example>\0").await, "c");
    assert_eq!(mta.letters(b'R', b"<b@school.example>\0").await, "c");
    assert!(letters(&mta.content(&FIELDS, &["x"]).await).ends_with('c'));
    mta.ended().await;
    assert_eq!(filter.series("wehr_recipients_total{action=\"accept\",door=\"milter\"}"), "1");
}

#[tokio::test]
async fn abort_at_any_point_leaves_nothing_behind() {
    let filter = House::default().open();
    let steps: [(u8, &[u8]); 7] = [
        (b'M', b"<a@example.org>\0"),
        (b'R', b"<b@school.example>\0"),
        (b'T', b""),
        (b'L', b"Subject\0 left over\0"),
        (b'N', b""),
        (b'B', b"left over"),
        (b'E', b""),
    ];
    let mut mta = greeted(&filter, OFFER).await;
    for upto in 0..=steps.len() {
        for (command, data) in &steps[..upto] {
            mta.command(*command, data).await;
        }
        mta.command(b'A', b"").await;
        mta.command(b'A', b"").await;
        filter.messages();
        assert!(letters(&mta.mail(&FIELDS, &["x"]).await).ends_with('c'));
        assert_eq!(filter.messages(), ["From: a@example.org\r\nSubject: hi\r\n\r\nx"]);
    }
    // A new MAIL or a HELO in the middle ends the mail as well.
    for next in [b'M', b'H'] {
        mta.command(b'M', b"<a@example.org>\0").await;
        mta.command(b'L', b"Subject\0 left over\0").await;
        mta.command(next, b"mx.example.org\0").await;
        mta.command(b'A', b"").await;
    }
    mta.ended().await;
    assert_eq!(filter.series("wehr_mails_open"), "0");
    // MAIL to BODY: six aborts; MAIL in the middle: two; HELO in the middle: one.
    assert_eq!(filter.series("wehr_aborted_total{door=\"milter\"}"), "9");
}

#[tokio::test]
async fn progress_is_told_while_the_verdict_takes_long() {
    let world = Script { scan_takes: Duration::from_millis(400), ..Script::default() };
    let settings = Settings { progress_every: Duration::from_millis(60) };
    let filter = House { world, settings, ..House::default() }.open();
    let mut mta = greeted(&filter, OFFER).await;
    let replies = letters(&mta.mail(&FIELDS, &["x"]).await);
    let waits = replies.chars().take_while(|letter| *letter == 'p').count();
    assert!((3..=7).contains(&waits), "{replies}");
    assert!(!replies[waits..].contains('p'));
    mta.ended().await;
}

#[tokio::test]
async fn an_mta_that_hangs_up_while_the_verdict_is_made_leaves_nothing_open() {
    let world = Script { scan_takes: Duration::from_millis(300), ..Script::default() };
    let settings = Settings { progress_every: Duration::from_millis(20) };
    let filter = House { world, settings, ..House::default() }.open();
    let mut mta = greeted(&filter, OFFER).await;
    mta.command(b'M', b"<a@example.org>\0").await;
    mta.write(&crate::mta::packet(b'E', b"")).await;
    mta.read().await;
    mta.ended().await;
    assert_eq!(filter.series("wehr_mails_open"), "0");
    assert_eq!(filter.series("wehr_aborted_total{door=\"milter\"}"), "1");
}

#[tokio::test]
async fn a_drain_closes_idle_connections_and_ends_the_mail_under_way() {
    let filter = House::default().open();
    let mut fresh = filter.connect();
    let mut idle = greeted(&filter, OFFER).await;
    let mut busy = greeted(&filter, OFFER).await;
    assert_eq!(busy.letters(b'M', b"<a@example.org>\0").await, "c");
    filter.drain.send(true).unwrap();
    assert!(fresh.is_closed().await);
    assert!(idle.is_closed().await);
    assert_eq!(busy.letters(b'R', b"<b@school.example>\0").await, "c");
    assert!(letters(&busy.content(&FIELDS, &["x"]).await).ends_with('c'));
    assert!(busy.is_closed().await);
}

#[tokio::test]
async fn the_next_client_inherits_nothing_from_the_one_before() {
    let filter = House::default().open();
    let mut mta = greeted(&filter, OFFER).await;
    mta.mail(&FIELDS, &["x"]).await;
    mta.command(b'K', b"").await;
    mta.command(b'C', b"localhost\0U").await;
    let replies = mta.mail(&FIELDS, &["x"]).await;
    let results: Vec<String> =
        replies.iter().map(Packet::text).filter(|text| text.contains("|Authentication-Results|")).collect();
    assert_eq!(results.len(), 1);
    // Neither the address nor the name of the first client is known any more.
    assert!(!results[0].contains("192.0.2.9") && !results[0].contains("mx.example.org"), "{}", results[0]);
    // An MTA that negotiates anew, between mails, is answered.
    mta.negotiate(2, 0x1f, 0x7f).await;
    mta.connect_and_greet().await;
    assert!(letters(&mta.mail(&[("From", "a@example.org")], &["x"]).await).starts_with('h'));
    mta.ended().await;
}

#[tokio::test]
async fn a_connection_too_many_is_closed_at_once() {
    let filter = House::default().open();
    let (mut ours, theirs) = tokio::io::duplex(64);
    let mut connection = filter.connection();
    connection.permit = None;
    wehr::doors::milter::serve(theirs, Arc::clone(&filter.desk), Settings::default(), connection).await;
    assert_eq!(tokio::io::AsyncReadExt::read(&mut ours, &mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn breaking_the_protocol_closes_the_connection_and_counts() {
    let filter = House::default().open();
    let broken: [&[u8]; 8] = [
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x01X",
        b"\0\0\0\x01E",
        b"\0\0\0\x02Bx",
        b"\0\0\0\x05Lx\0y\0",
        b"\0\0\0\x01M",
        b"\0\0\0\x01O",
    ];
    for bytes in broken {
        let mut mta = greeted(&filter, OFFER).await;
        mta.write(bytes).await;
        assert!(mta.is_closed().await, "{bytes:?}");
    }
    assert_eq!(filter.series("wehr_protocol_errors_total{door=\"milter\"}"), broken.len().to_string());
}

#[test]
fn an_idle_connection_is_small() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let filter = House::default().open();
    let _entered = runtime.enter();
    let (_ours, theirs) = tokio::io::duplex(64);
    let serving =
        wehr::doors::milter::serve(theirs, Arc::clone(&filter.desk), Settings::default(), filter.connection());
    let octets = size_of_val(&serving);
    assert!(octets < 2048, "a connection takes {octets} octets before its first packet");
}
