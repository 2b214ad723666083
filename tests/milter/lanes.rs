//! Strangers of one network share a part of the room; who is known by the store does not.

use crate::mta::{House, Script, packet};
use std::collections::BTreeMap;
use wehr::{doors::desk::Limits, judge::policy::senders};

#[tokio::test]
async fn a_network_of_strangers_cannot_take_the_room_of_those_who_are_known() {
    let stored = BTreeMap::from([("standing 192.0.2.0/24 known.example".to_owned(), 1_000_000_000)]);
    let world = Script { stored: Some(stored), ..Script::default() };
    let senders = senders::read::read("senders.toml", "correspondence = true\n").unwrap();
    let limits = Limits { mails_max: 32, ..Limits::default() };
    let filter = House { world, limits, senders, ..House::default() }.open();
    let mut open = Vec::new();
    for (sender, is_taken) in
        [("a@x.example", true), ("b@y.example", true), ("c@z.example", false), ("d@known.example", true)]
    {
        let mut mta = filter.connect();
        mta.negotiate(6, 0x1ff, 0x1f_ffff).await;
        mta.connect_and_greet().await;
        let replies = mta.command(b'M', format!("<{sender}>\0").as_bytes()).await;
        let text: String = replies.iter().map(|reply| format!("{}{}", reply.0, reply.text())).collect();
        assert_eq!(text == "c", is_taken, "{sender}: {text}");
        assert!(is_taken || text.contains("452 4.3.1 too many mails from your network"), "{text}");
        open.push(mta);
    }
    assert_eq!(filter.series("wehr_refused_early_total{class=\"4xx\",door=\"milter\"}"), "1");
    open.clear();
    let mut mta = filter.connect();
    mta.negotiate(6, 0x1ff, 0x1f_ffff).await;
    mta.connect_and_greet().await;
    for _ in 0..50 {
        if mta.letters(b'M', b"<c@z.example>\0").await == "c" {
            return;
        }
        mta.write(&packet(b'A', b"")).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the room was not given back");
}
