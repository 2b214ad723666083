//! Cases are read, written and read again without loss.

use super::*;
use crate::{
    judge::entry::{Entry, Recalled, Sort},
    judge::facts::Digest,
    judge::{
        facts::{Answer, Exchanger, Fact, Failure, Name, Remembered, Scanned},
        findings::{Score, Symbol},
        policy::verdict::Action,
    },
    mail::{
        address::{Address, Domain},
        envelope::Tls,
        partner::History,
    },
};
use proptest::prelude::*;

#[test]
fn a_case_is_read() {
    let text = r#"
format = 1
received_at = 2026-03-01T09:14:07Z
[client]
address = "192.0.2.9"
helo = "mx.example.net"
tls = { version = "TLSv1.3" }
[envelope]
sender = "a@example.net"
recipients = ["office@school.example"]
[facts.txt]
"example.net" = ["v=spf1 ip4:192.0.2.0/24 -all"]
"_dmarc.example.net" = "no_name"
[facts.mx]
"example.net" = ["10 mx.example.net."]
[facts.names]
"192.0.2.9" = { failed = "timeout" }
[facts]
virus = "clean"
"#;
    let case = Case::parse("case.toml", text).unwrap();
    assert_eq!(case.received_at.to_string(), "2026-03-01T09:14:07Z");
    assert_eq!(case.client.address, Some("192.0.2.9".parse().unwrap()));
    assert_eq!(case.facts.all().len(), 5);
    assert_eq!(Case::parse("case.toml", &case.to_text()).unwrap(), case);
}

#[test]
fn every_error_has_its_place() {
    let text = "format = 2\nreceived_at = 'noon'\n[client]\nadress = 'x'\n[facts.txt]\n'a' = 'nothin'\n\
                'b' = { failed = 'timout' }\n'c' = ['\\q']\n[facts.names]\n'host' = 'nothing'\n";
    let told = Case::parse("c.toml", text).unwrap_err().to_string();
    for wanted in [
        "c.toml:1:10: format 2 is not known here, only 1",
        "c.toml:2:15: a time with its offset",
        "c.toml:4:1: unknown key `adress`; did you mean `address`?",
        "c.toml:6:7: unknown answer `nothin`; did you mean `nothing`?",
        "c.toml:7:18: unknown failure `timout`; did you mean `timeout`?",
        "c.toml:8:8: `\\q` is not text",
        "c.toml:10:1: `host` is no IP address",
    ] {
        assert!(told.contains(wanted), "missing {wanted} in\n{told}");
    }
}

#[test]
fn an_expectation_is_read_back() {
    let expected = expectation::Expectation {
        verdict: "00ff".to_owned(),
        actions: vec![Action::Tag, Action::Accept],
        score: Score::from_hundredths(-125),
        symbols: vec![Symbol::named("A"), Symbol::named("B")],
    };
    assert_eq!(expectation::Expectation::parse("expect.toml", &expected.to_text()).unwrap(), expected);
    assert!(expectation::Expectation::parse("expect.toml", "actions = ['tag']").is_err());
}

fn name() -> impl Strategy<Value = Name> {
    any::<String>().prop_map(|text| Name::new(&text))
}

fn answer<T: std::fmt::Debug + Clone>(record: impl Strategy<Value = T>) -> impl Strategy<Value = Answer<T>> {
    let failure = prop::sample::select(Failure::ALL.to_vec());
    prop_oneof![
        prop::collection::vec(record, 0..3).prop_map(Answer::Records),
        Just(Answer::NoData),
        Just(Answer::NoName),
        failure.prop_map(Answer::Failed),
    ]
}

fn remembered() -> impl Strategy<Value = Remembered> {
    let history = (any::<[u64; 5]>(), any::<Option<i64>>(), any::<Option<i64>>(), any::<i64>());
    prop_oneof![
        Just(Remembered::Nothing),
        prop::sample::select(Failure::ALL.to_vec()).prop_map(Remembered::Failed),
        history.prop_map(|(mails, encrypted_since, encrypted_until, last_seen)| {
            Remembered::Known(History { mails, encrypted_since, encrypted_until, last_seen })
        }),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let sorts = [Sort::Triplet, Sort::Correspondence, Sort::Network(60), Sort::Sender(1), Sort::Recipient(u32::MAX)];
    (prop::sample::select(sorts.to_vec()), any::<String>()).prop_map(|(sort, about)| Entry { sort, about })
}

fn recalled() -> impl Strategy<Value = Recalled> {
    prop_oneof![
        Just(Recalled::Nothing),
        any::<i64>().prop_map(Recalled::Number),
        prop::sample::select(Failure::ALL.to_vec()).prop_map(Recalled::Failed),
    ]
}

fn fact() -> impl Strategy<Value = Fact> {
    let exchanger = (any::<u16>(), name()).prop_map(|(preference, host)| Exchanger { preference, host });
    let scanned = prop_oneof![
        Just(Scanned::NotAsked),
        Just(Scanned::Clean),
        any::<String>().prop_map(Scanned::Infected),
        prop::sample::select(Failure::ALL.to_vec()).prop_map(Scanned::Failed),
    ];
    prop_oneof![
        (name(), answer(any::<Vec<u8>>())).prop_map(|(name, answer)| Fact::Txt(name, answer)),
        (name(), answer(any::<std::net::Ipv4Addr>())).prop_map(|(name, answer)| Fact::Ipv4(name, answer)),
        (name(), answer(any::<std::net::Ipv6Addr>())).prop_map(|(name, answer)| Fact::Ipv6(name, answer)),
        (name(), answer(exchanger)).prop_map(|(name, answer)| Fact::Mx(name, answer)),
        (any::<std::net::IpAddr>(), answer(name())).prop_map(|(address, answer)| Fact::Names(address, answer)),
        (prop::sample::select(vec!["amt.example", "xn--bcher-kva.example"]), remembered())
            .prop_map(|(domain, remembered)| Fact::Partner(Domain::parse(domain).unwrap(), remembered)),
        (entry(), recalled()).prop_map(|(entry, recalled)| Fact::Stored(entry, recalled)),
        scanned.clone().prop_map(Fact::Virus),
        ("[0-9a-f]{64}", scanned).prop_map(|(digest, scanned)| Fact::Inner(Digest::parse(&digest).unwrap(), scanned)),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let address = || any::<String>().prop_map(|text| Address::new(&text));
    let text = || any::<Option<String>>();
    let tls = (any::<String>(), text(), any::<Option<u32>>(), text(), text(), any::<bool>(), any::<bool>()).prop_map(
        |(version, cipher, cipher_bits, certificate_subject, certificate_issuer, verified, dane)| Tls {
            version,
            cipher,
            cipher_bits,
            certificate_subject,
            certificate_issuer,
            verified,
            dane,
        },
    );
    let client = (any::<Option<std::net::IpAddr>>(), text(), text(), prop::option::of(tls), text(), any::<bool>())
        .prop_map(|(address, name, helo, tls, login, local)| Client { address, name, helo, tls, login, local });
    let envelope = (address(), prop::collection::vec(address(), 0..3), text(), any::<bool>(), any::<bool>()).prop_map(
        |(sender, recipients, queue_id, smtputf8, eight_bit)| Envelope {
            sender,
            recipients,
            queue_id,
            smtputf8,
            eight_bit,
        },
    );
    let time = prop_oneof![0_i64..4_000_000_000, -4_000_000_000_000_i64..4_000_000_000_000];
    (time, client, envelope, prop::collection::vec(fact(), 0..8)).prop_map(|(time, client, envelope, all)| {
        let mut facts = Facts::default();
        for fact in all {
            facts.learn(fact);
        }
        Case { received_at: Timestamp::from_seconds(time), client, envelope, facts }
    })
}

proptest! {
    #[test]
    fn text_and_case_turn_into_each_other(case in case()) {
        let text = case.to_text();
        let read = Case::parse("case.toml", &text);
        prop_assert_eq!(read, Ok(case), "{}", text);
    }

    #[test]
    fn any_octets_are_escaped_and_back(octets: Vec<u8>) {
        prop_assert_eq!(unescaped(&escaped(&octets)), Some(octets));
    }

    #[test]
    fn any_text_is_read_without_panic(text: String) {
        let _ = Case::parse("case.toml", &text);
        let _ = unescaped(&text);
    }
}
