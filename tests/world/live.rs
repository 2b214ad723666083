//! The live world: what goes where, what is counted, and when a dependency counts as down.

use crate::nameserver::{Manners, NameServer};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use wehr::{
    judge::facts::{Answer, Fact, Failure, Name, Question, Scanned},
    telemetry::metrics::{Dependency, Metrics},
    world::{World, clamd, dns, live, place::Place, zone::Zone},
};

fn nothing() -> live::Settings {
    live::Settings {
        dns: dns::Settings { resolvers: Vec::new(), timeout: Duration::from_millis(300) },
        clamd: None,
        store: None,
    }
}

fn clamd_at(place: &str) -> clamd::Settings {
    clamd::Settings {
        place: place.parse::<Place>().unwrap(),
        stream_bytes_max: Some(1000),
        connections_max: 2,
        timeout: Duration::from_secs(2),
    }
}

#[tokio::test]
async fn without_settings_nothing_is_asked() {
    let metrics = Arc::new(Metrics::new().unwrap());
    let world = live::Live::new(&nothing(), Arc::clone(&metrics)).unwrap();
    assert!(world.scan().is_none());
    assert_eq!(world.ask(&Question::Virus).await, Fact::Virus(Scanned::NotAsked));
    let question = Question::Mx(Name::new("example.org"));
    assert_eq!(world.ask(&question).await, question.failed(Failure::NotRecorded));
    assert!(!metrics.is_down(Dependency::Dns));
}

#[tokio::test]
async fn dns_is_down_after_some_silence_and_up_with_the_first_answer() {
    let zone =
        Zone::parse("z", b"a. TXT TIMEOUT\nb. TXT TIMEOUT\nc. TXT TIMEOUT\nd. TXT SERVFAIL\nok. TXT x\n").unwrap();
    let server = NameServer::start(zone, "127.0.0.1:0".parse().unwrap(), Manners::default()).await.unwrap();
    let metrics = Arc::new(Metrics::new().unwrap());
    let mut settings = nothing();
    settings.dns.resolvers.push(server.address);
    let world = live::Live::new(&settings, Arc::clone(&metrics)).unwrap();
    let ask = async |name| world.ask(&Question::Txt(Name::new(name))).await;
    for (name, is_down) in
        [("a", false), ("b", false), ("a", false), ("d", false), ("c", true), ("d", true), ("ok", false)]
    {
        let _fact = ask(name).await;
        assert_eq!(metrics.is_down(Dependency::Dns), is_down, "after {name}");
    }
    assert_eq!(ask("ok").await, Fact::Txt(Name::new("ok"), Answer::Records(vec![b"x".to_vec()])));
}

#[tokio::test]
async fn clamd_is_down_when_a_scan_fails_but_not_by_a_large_mail() {
    let metrics = Arc::new(Metrics::new().unwrap());
    let settings = live::Settings { clamd: Some(clamd_at("unix:/nonexistent/clamd.sock")), ..nothing() };
    let world = live::Live::new(&settings, Arc::clone(&metrics)).unwrap();
    assert_eq!(world.ask(&Question::Virus).await, Fact::Virus(Scanned::Failed(Failure::NotRecorded)));
    let mut scan = world.scan().unwrap();
    scan.feed(Bytes::from(vec![0; 1001])).await;
    assert_eq!(scan.finish().await, Fact::Virus(Scanned::Failed(Failure::TooLarge)));
    assert!(!metrics.is_down(Dependency::Clamd));
    let scan = world.scan().unwrap();
    assert_eq!(scan.finish().await, Fact::Virus(Scanned::Failed(Failure::Refused)));
    assert!(metrics.is_down(Dependency::Clamd));
}
