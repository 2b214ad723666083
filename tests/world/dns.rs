//! Live DNS against the name server of tests/support: every kind of answer, every kind of failure, cache, odd names.

use crate::nameserver::{Manners, NameServer};
use futures_util::FutureExt;
use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::net::{TcpListener, UdpSocket};
use wehr::{
    judge::facts::{Answer, Fact, Failure, Name, Question},
    world::{
        dns::{Dns, Settings, Source, system_resolvers},
        zone::Zone,
    },
};

const ZONE: &str = r#"
$ORIGIN example.
@ TXT "v=spf1 -all" 
@ TXT "two " "strings"
@ MX 10 mail
@ MX 20 backup.mail
mail A 192.0.2.1
mail A 192.0.2.2
mail AAAA 2001:db8::1
empty TXT ""
octets TXT "\000\255\"\\"
alias CNAME alias2
alias2 CNAME @
gone CNAME nowhere
bare CNAME mail
slow TXT TIMEOUT
sick TXT SERVFAIL
odd\032name\040\034\@.odd TXT "odd"
*.wild TXT "wild"
1.2.0.192.in-addr.arpa. PTR mail
1.0.0.127.in-addr.arpa. PTR loopback
localhost. TXT "from the server"
"#;

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn server(zone: &str) -> NameServer {
    let zone = Zone::parse("test.zone", zone.as_bytes()).unwrap();
    NameServer::start(zone, loopback(), Manners::default()).await.unwrap()
}

fn dns(resolvers: &[SocketAddr], timeout: Duration) -> Dns {
    Dns::new(&Settings { resolvers: resolvers.to_vec(), timeout }).unwrap()
}

const PATIENT: Duration = Duration::from_secs(5);

async fn txt(dns: &Dns, name: &str) -> Answer<Vec<u8>> {
    match dns.ask(&Question::Txt(Name::new(name))).await.fact {
        Fact::Txt(asked, answer) => {
            assert_eq!(asked, Name::new(name));
            answer
        }
        other => panic!("{other:?}"),
    }
}

/// Order within a record set means nothing.
fn sorted<T: Ord + Clone>(answer: Answer<T>) -> Answer<T> {
    match answer {
        Answer::Records(mut records) => {
            records.sort();
            Answer::Records(records)
        }
        other => other,
    }
}

#[tokio::test]
async fn answers_of_every_kind_are_those_of_the_zone() {
    let server = server(ZONE).await;
    let dns = dns(&[server.address], PATIENT);
    let zone = Zone::parse("test.zone", ZONE.as_bytes()).unwrap();
    let name = Name::new;
    for question in [
        Question::Txt(name("example")),
        Question::Txt(name("EXAMPLE.")),
        Question::Mx(name("example")),
        Question::Ipv4(name("mail.example")),
        Question::Ipv6(name("mail.example")),
        Question::Txt(name("empty.example")),
        Question::Txt(name("octets.example")),
        Question::Txt(name("alias.example")),
        Question::Ipv4(name("bare.example")),
        Question::Txt(name("x.wild.example")),
        Question::Txt(name("odd name(\"@.odd.example")),
        Question::Names("192.0.2.1".parse::<IpAddr>().unwrap()),
        Question::Names("127.0.0.1".parse::<IpAddr>().unwrap()),
        Question::Txt(name("localhost")),
        // There is none, each for its own reason.
        Question::Txt(name("mail.example")),
        Question::Txt(name("odd.example")),
        Question::Txt(name("nowhere.example")),
        Question::Txt(name("gone.example")),
        Question::Txt(name("bare.example")),
        Question::Mx(name("x.wild.example")),
        Question::Names("192.0.2.9".parse::<IpAddr>().unwrap()),
        Question::Names("2001:db8::9".parse::<IpAddr>().unwrap()),
        Question::Ipv4(name("a..example")),
        Question::Ipv4(name(&format!("{}.example", "x".repeat(64)))),
        Question::Txt(name("")),
    ] {
        let (live, stored) = (dns.ask(&question).await.fact, zone.answer(&question));
        let same = match (live.clone(), stored.clone()) {
            (Fact::Txt(_, live), Fact::Txt(_, stored)) => sorted(live) == sorted(stored),
            (Fact::Ipv4(_, live), Fact::Ipv4(_, stored)) => sorted(live) == sorted(stored),
            (Fact::Ipv6(_, live), Fact::Ipv6(_, stored)) => sorted(live) == sorted(stored),
            (Fact::Mx(_, live), Fact::Mx(_, stored)) => sorted(live) == sorted(stored),
            (Fact::Names(_, live), Fact::Names(_, stored)) => sorted(live) == sorted(stored),
            _ => false,
        };
        assert!(same, "{question:?}\nlive   {live:?}\nstored {stored:?}");
        assert_eq!(live.question(), question);
    }
}

#[tokio::test]
async fn a_failing_server_is_asked_once_and_its_failure_kept_for_a_moment() {
    let server = server(ZONE).await;
    let dns = dns(&[server.address], PATIENT);
    assert_eq!(txt(&dns, "sick.example").await, Answer::Failed(Failure::ServerFailure));
    assert_eq!(txt(&dns, "sick.example").await, Answer::Failed(Failure::ServerFailure));
    assert_eq!(server.asked(), ["udp TXT sick.example"]);
}

#[tokio::test]
async fn a_silent_server_takes_no_longer_than_the_timeout() {
    let server = server(ZONE).await;
    let dns = dns(&[server.address], Duration::from_millis(600));
    let began = Instant::now();
    assert_eq!(txt(&dns, "slow.example").await, Answer::Failed(Failure::Timeout));
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(txt(&dns, "slow.example").await, Answer::Failed(Failure::Timeout));
    assert!(began.elapsed() < Duration::from_millis(100), "the failure was not remembered");
}

#[tokio::test]
async fn aliases_are_followed_by_us_where_the_server_does_not() {
    let zone = Zone::parse("test.zone", format!("{ZONE}\nself CNAME self\n").as_bytes()).unwrap();
    let manners = Manners { follows_aliases: false, ..Manners::default() };
    let server = NameServer::start(zone, loopback(), manners).await.unwrap();
    let dns = dns(&[server.address], PATIENT);
    assert_eq!(txt(&dns, "alias.example").await.records().len(), 2);
    assert_eq!(server.asked(), ["udp TXT alias.example", "udp TXT alias2.example", "udp TXT example"]);
    assert_eq!(txt(&dns, "gone.example").await, Answer::NoName);
    assert_eq!(txt(&dns, "self.example").await, Answer::Failed(Failure::ServerFailure));
}

#[tokio::test]
async fn what_udp_cuts_is_asked_over_tcp() {
    let long = "k".repeat(3000);
    let server = server(&format!("long. TXT {long}\n")).await;
    let dns = dns(&[server.address], PATIENT);
    assert_eq!(txt(&dns, "long").await, Answer::Records(vec![long.into_bytes()]));
    assert_eq!(server.asked(), ["udp TXT long", "tcp TXT long"]);
}

#[tokio::test]
async fn a_hundred_long_answers_at_once_over_tcp() {
    let zone: String = (0..100).map(|number| format!("n{number}. TXT {}\n", "k".repeat(2000))).collect();
    let server = server(&zone).await;
    let dns = dns(&[server.address], PATIENT);
    let answers = futures_util::future::join_all((0..100).map(|number| {
        let dns = &dns;
        async move { txt(dns, &format!("n{number}")).await }
    }))
    .await;
    assert!(answers.iter().all(|answer| answer.records().len() == 1), "{answers:?}");
}

#[tokio::test]
async fn equal_questions_at_once_are_asked_once() {
    let server = server(ZONE).await;
    let dns = dns(&[server.address], PATIENT);
    let answers = futures_util::future::join_all((0..50).map(|_| txt(&dns, "example"))).await;
    assert!(answers.iter().all(|answer| answer.records().len() == 2));
    assert_eq!(server.asked(), ["udp TXT example"]);
}

#[tokio::test]
async fn an_asker_that_gives_up_leaves_the_answer_to_others() {
    let server = server(ZONE).await;
    let dns = dns(&[server.address], PATIENT);
    let question = Question::Txt(Name::new("example"));
    // Looked at once, then dropped.
    assert!(dns.ask(&question).now_or_never().is_none());
    assert_eq!(txt(&dns, "example").await.records().len(), 2);
    assert_eq!(server.asked(), ["udp TXT example"]);
}

#[tokio::test]
async fn answers_are_remembered_as_long_as_they_say() {
    let server = server("short. 1 TXT a\nlong. 600 TXT b\nzero. 0 TXT c\n").await;
    let dns = dns(&[server.address], PATIENT);
    let source = async |name| dns.ask(&Question::Txt(Name::new(name))).await.source;
    for name in ["short", "long", "zero", "none"] {
        assert_eq!(source(name).await, Source::Servers, "{name}");
        assert_eq!(source(name).await, Source::Memory, "{name}: within a second of one mail the world is one");
    }
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(source("short").await, Source::Servers);
    assert_eq!(source("zero").await, Source::Servers);
    assert_eq!(source("long").await, Source::Memory);
    assert_eq!(source("none").await, Source::Memory, "the SOA says 60 seconds");
}

#[tokio::test]
async fn there_is_none_is_remembered_as_the_soa_says() {
    let zone = Zone::parse("test.zone", b"x. A 192.0.2.1\n").unwrap();
    let manners = Manners { negative_ttl: 1, ..Manners::default() };
    let server = NameServer::start(zone, loopback(), manners).await.unwrap();
    let dns = dns(&[server.address], PATIENT);
    assert_eq!(txt(&dns, "none").await, Answer::NoName);
    assert_eq!(txt(&dns, "x").await, Answer::NoData);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(txt(&dns, "none").await, Answer::NoName);
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn the_next_server_is_asked_when_one_fails() {
    let sick = server("example. TXT SERVFAIL\n").await;
    let silent = server("example. TXT TIMEOUT\n").await;
    let well = server(ZONE).await;
    let closed = UdpSocket::bind(loopback()).await.unwrap().local_addr().unwrap();
    for bad in [sick.address, silent.address, closed] {
        let dns = dns(&[bad, well.address], Duration::from_secs(2));
        assert_eq!(txt(&dns, "example").await.records().len(), 2, "{bad}");
        // The one that answered is asked first from now on.
        let began = Instant::now();
        assert_eq!(txt(&dns, "empty.example").await.records().len(), 1);
        assert!(began.elapsed() < Duration::from_millis(500));
    }
}

#[tokio::test]
async fn nobody_to_ask() {
    let dns = dns(&[], PATIENT);
    let told = dns.ask(&Question::Txt(Name::new("example"))).await;
    assert_eq!(told.fact.failure(), Some(Failure::NotRecorded));
    assert_eq!(told.source, Source::Nobody);
}

#[tokio::test]
async fn a_closed_port_is_known_at_once_and_the_next_server_asked() {
    let closed = UdpSocket::bind(loopback()).await.unwrap().local_addr().unwrap();
    let started = Instant::now();
    assert_eq!(txt(&dns(&[closed], PATIENT), "example").await, Answer::Failed(Failure::Refused));
    let server = server(ZONE).await;
    let answer = txt(&dns(&[closed, server.address], PATIENT), "empty.example").await;
    assert_eq!(answer, Answer::Records(vec![Vec::new()]));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

/// A server that answers every query with the same octets after the query's id and question.
async fn scripted(flags: [u8; 2], rest: &'static [u8]) -> SocketAddr {
    let socket = UdpSocket::bind(loopback()).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((size, peer)) = socket.recv_from(&mut buffer).await {
            // The query has one additional record, OPT without options: 11 octets.
            let mut reply = buffer[..size - 11].to_vec();
            reply[2..4].copy_from_slice(&flags);
            reply[6..12].copy_from_slice(&[0, u8::from(!rest.is_empty()), 0, 0, 0, 0]);
            reply.extend_from_slice(rest);
            socket.send_to(&reply, peer).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn replies_out_of_order_or_of_no_use() {
    let wait = Duration::from_millis(1500);
    for (flags, rest, want) in [
        ([0x81, 0x85], &b""[..], Answer::Failed(Failure::Refused)),
        ([0x81, 0x84], b"", Answer::Failed(Failure::ServerFailure)),
        ([0x81, 0x81], b"", Answer::Failed(Failure::ServerFailure)),
        ([0x81, 0x83], b"", Answer::NoName),
        ([0x81, 0x80], b"", Answer::NoData),
        // A record that says it is longer than the message.
        ([0x81, 0x80], b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x01\x00\x01a", Answer::Failed(Failure::Malformed)),
        // A string that says it is longer than its record.
        ([0x81, 0x80], b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\x05a", Answer::Failed(Failure::Malformed)),
        // Somebody else's record.
        ([0x81, 0x80], b"\x01x\x00\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\x01a", Answer::NoData),
        // A proper one.
        ([0x81, 0x80], b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\x01a", Answer::Records(vec![b"a".to_vec()])),
    ] {
        let dns = dns(&[scripted(flags, rest).await], wait);
        assert_eq!(txt(&dns, "example").await, want, "{flags:02x?} {}", rest.escape_ascii());
    }
}

#[tokio::test]
async fn truncation_without_tcp_is_a_failure() {
    let address = scripted([0x83, 0x80], b"").await;
    // Nobody accepts here; the port is kept so that nobody else does.
    let _kept = TcpListener::bind(address).await;
    let dns = dns(&[address], Duration::from_millis(800));
    let answer = txt(&dns, "example").await;
    assert!(answer.failure().is_some(), "{answer:?}");
}

#[test]
fn the_resolvers_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    std::fs::write(&file, "# x\nsearch a\nnameserver 192.0.2.1\noptions edns0\nnameserver 2001:db8::1\nnameserver x\n")
        .unwrap();
    let want: Vec<SocketAddr> = vec!["192.0.2.1:53".parse().unwrap(), "[2001:db8::1]:53".parse().unwrap()];
    assert_eq!(system_resolvers(&file).unwrap(), want);
    std::fs::write(&file, "search a\n").unwrap();
    assert!(system_resolvers(&file).unwrap_err().contains("no `nameserver` line"));
    assert!(system_resolvers(&folder.path().join("none")).is_err());
}
