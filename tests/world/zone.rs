//! Zone files: the grammar of RFC 1035 section 5.1 and what DESIGN.md section 6 promises for `--dns`.

use std::net::IpAddr;
use wehr::{
    judge::facts::{Answer, Fact, Failure, Name, Question},
    world::zone::Zone,
};

fn zone(text: impl AsRef<[u8]>) -> Zone {
    Zone::parse("test.zone", text.as_ref()).unwrap_or_else(|faults| panic!("{}", faults.join("\n")))
}

fn faults(text: &str) -> Vec<String> {
    Zone::parse("test.zone", text.as_bytes()).expect_err("the zone has a fault")
}

fn txt(zone: &Zone, name: &str) -> Answer<Vec<u8>> {
    match zone.answer(&Question::Txt(Name::new(name))) {
        Fact::Txt(asked, answer) if asked == Name::new(name) => answer,
        other => panic!("{other:?}"),
    }
}

fn ipv4(zone: &Zone, name: &str) -> Answer<String> {
    match zone.answer(&Question::Ipv4(Name::new(name))) {
        Fact::Ipv4(_, Answer::Records(found)) => Answer::Records(found.iter().map(ToString::to_string).collect()),
        Fact::Ipv4(_, Answer::NoData) => Answer::NoData,
        Fact::Ipv4(_, Answer::NoName) => Answer::NoName,
        Fact::Ipv4(_, Answer::Failed(failure)) => Answer::Failed(failure),
        other => panic!("{other:?}"),
    }
}

fn mx(zone: &Zone, name: &str) -> Answer<(u16, String)> {
    match zone.answer(&Question::Mx(Name::new(name))) {
        Fact::Mx(_, Answer::Records(found)) => {
            Answer::Records(found.iter().map(|mx| (mx.preference, mx.host.to_string())).collect())
        }
        Fact::Mx(_, Answer::NoData) => Answer::NoData,
        Fact::Mx(_, Answer::NoName) => Answer::NoName,
        other => panic!("{other:?}"),
    }
}

fn names(zone: &Zone, address: &str) -> Answer<Name> {
    let address: IpAddr = address.parse().unwrap();
    match zone.answer(&Question::Names(address)) {
        Fact::Names(asked, answer) if asked == address => answer,
        other => panic!("{other:?}"),
    }
}

fn one(text: &[u8]) -> Answer<Vec<u8>> {
    Answer::Records(vec![text.to_vec()])
}

fn a(address: &str) -> Answer<String> {
    Answer::Records(vec![address.to_owned()])
}

#[test]
fn needs_no_soa_no_ns_no_origin_and_no_dot() {
    let zone = zone("example.com TXT \"v=spf1 -all\"\nexample.com. A 192.0.2.1\n");
    assert_eq!(txt(&zone, "example.com"), one(b"v=spf1 -all"));
    assert_eq!(txt(&zone, "EXAMPLE.com."), one(b"v=spf1 -all"));
    assert_eq!(ipv4(&zone, "example.com"), a("192.0.2.1"));
}

#[test]
fn an_empty_file_has_no_names() {
    for text in ["", "\n", "; nothing\n", "   \n\t; x", "$ORIGIN example.\n", "\u{feff}\n"] {
        assert_eq!(txt(&zone(text), "example"), Answer::NoName, "{text:?}");
    }
}

#[test]
fn origin_at_relative_and_inherited_names() {
    let zone = zone(
        "$ORIGIN example.com.\n$TTL 1h\n@ IN SOA ns hostmaster ( 1 ; serial\n 3600 600\n 86400 60 )\n  IN NS ns\n  MX 10 mail\n\
         mail A 192.0.2.2\n\tAAAA 2001:db8::2\n$ORIGIN sub\nwww A 192.0.2.3\nother.example. A 192.0.2.4\n   TXT more\n\
         $ORIGIN .\nroot TXT x\n",
    );
    assert_eq!(mx(&zone, "example.com"), Answer::Records(vec![(10, "mail.example.com".into())]));
    assert_eq!(ipv4(&zone, "mail.example.com"), a("192.0.2.2"));
    assert_eq!(ipv4(&zone, "www.sub.example.com"), a("192.0.2.3"));
    assert_eq!(ipv4(&zone, "other.example"), a("192.0.2.4"));
    assert_eq!(txt(&zone, "other.example"), one(b"more"));
    assert_eq!(txt(&zone, "root"), one(b"x"));
    assert_eq!(txt(&zone, "example.com"), Answer::NoData);
    match zone.answer(&Question::Ipv6(Name::new("mail.example.com"))) {
        Fact::Ipv6(_, Answer::Records(found)) => {
            assert_eq!(found, ["2001:db8::2".parse::<std::net::Ipv6Addr>().unwrap()]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_inherited_name_stays_after_a_new_origin() {
    let zone = zone("$ORIGIN a.\nx A 192.0.2.1\n$ORIGIN b.\n  TXT still\n");
    assert_eq!(txt(&zone, "x.a"), one(b"still"));
    assert_eq!(txt(&zone, "x.b"), Answer::NoName);
}

#[test]
fn time_and_class_in_any_order_or_absent() {
    for middle in ["", "IN", "in", "300", "300 IN", "IN 300", "1h30m IN", "IN 1w"] {
        let zone = zone(format!("x.example. {middle} A 192.0.2.1\n"));
        assert_eq!(ipv4(&zone, "x.example"), a("192.0.2.1"), "{middle}");
    }
    assert_eq!(
        ipv4(&zone("x.example. CH A 192.0.2.1\n"), "x.example"),
        Answer::NoName,
        "another class is another tree"
    );
}

#[test]
fn words_that_look_like_types_may_be_owners() {
    let zone = zone("A A 192.0.2.1\nTXT TXT TXT\n300 TXT 300\nIN IN TXT IN\n");
    assert_eq!(ipv4(&zone, "a"), a("192.0.2.1"));
    assert_eq!(txt(&zone, "txt"), one(b"TXT"));
    assert_eq!(txt(&zone, "300"), one(b"300"));
    assert_eq!(txt(&zone, "in"), one(b"IN"));
}

#[test]
fn strings_are_joined_empty_and_of_any_octet() {
    let zone = zone(
        b"a. TXT \"one\" two \" three\"\nb. TXT \"\"\nc. TXT \"\" \"x\" \"\"\nd. TXT \"\\000\\255\\\"\\\\;()\" ; comment\n\
          e. TXT a\\ b\\;c\\(d\nf. TXT \"raw \xff\xfe \xc3\xa4\"\ng. TXT \"tab\tin\"\nh. TXT a\"b\"c\n",
    );
    assert_eq!(txt(&zone, "a"), one(b"onetwo three"));
    assert_eq!(txt(&zone, "b"), one(b""));
    assert_eq!(txt(&zone, "c"), one(b"x"));
    assert_eq!(txt(&zone, "d"), one(b"\x00\xff\"\\;()"));
    assert_eq!(txt(&zone, "e"), one(b"a b;c(d"));
    assert_eq!(txt(&zone, "f"), one(b"raw \xff\xfe \xc3\xa4"));
    assert_eq!(txt(&zone, "g"), one(b"tab\tin"));
    assert_eq!(txt(&zone, "h"), one(b"abc"));
    let long = "k".repeat(700);
    assert_eq!(txt(&self::zone(format!("x. TXT {long}\n")), "x"), one(long.as_bytes()));
}

#[test]
fn several_records_keep_their_order() {
    let zone = zone("x. TXT b\nx. TXT a\ny. A 192.0.2.9\nx. TXT b\n");
    assert_eq!(txt(&zone, "x"), Answer::Records(vec![b"b".to_vec(), b"a".to_vec(), b"b".to_vec()]));
}

#[test]
fn parentheses_run_over_lines() {
    let zone = zone("x. TXT ( \"a\" ; one\r\n\"b\"\n\n   c ) ; end\ny. ( A\n192.0.2.1 )\n( z. A (192.0.2.2) )\n");
    assert_eq!(txt(&zone, "x"), one(b"abc"));
    assert_eq!(ipv4(&zone, "y"), a("192.0.2.1"));
    assert_eq!(ipv4(&zone, "z"), a("192.0.2.2"));
}

#[test]
fn line_ends_of_any_kind_and_none_at_the_end() {
    let zone = zone("x. A 192.0.2.1\r\n\r\n  TXT t\r\ny. A 192.0.2.2");
    assert_eq!(txt(&zone, "x"), one(b"t"));
    assert_eq!(ipv4(&zone, "y"), a("192.0.2.2"));
}

#[test]
fn names_of_odd_octets() {
    let zone = zone(
        "a\\032b\\034\\040c.example. TXT odd\n\\$x.example. TXT dollar\n\\@.example. TXT at\np\\.q.example. TXT dotted\n\
         m\u{fc}ller.example. TXT utf8\nquote\\'d.example. TXT apostrophe\n%{l}.example. TXT macro\n",
    );
    assert_eq!(txt(&zone, "a b\"(c.example"), one(b"odd"));
    assert_eq!(txt(&zone, "$x.example"), one(b"dollar"));
    assert_eq!(txt(&zone, "@.example"), one(b"at"));
    assert_eq!(txt(&zone, "m\u{fc}ller.example"), one(b"utf8"));
    assert_eq!(txt(&zone, "quote'd.example"), one(b"apostrophe"));
    assert_eq!(txt(&zone, "%{l}.example"), one(b"macro"));
    assert_eq!(txt(&zone, "p.q.example"), Answer::NoName, "an escaped dot is inside a label");
}

#[test]
fn a_name_with_only_children_has_no_data() {
    let zone = zone("a.b.c.example. TXT x\n");
    for name in ["b.c.example", "c.example", "example", ""] {
        assert_eq!(txt(&zone, name), Answer::NoData, "{name}");
    }
    for name in ["x.c.example", "d.example", "z.a.b.c.example", "other"] {
        assert_eq!(txt(&zone, name), Answer::NoName, "{name}");
    }
}

#[test]
fn text_that_is_no_name_does_not_exist() {
    let zone = zone("*.example. TXT x\n");
    for name in ["a..example", ".example", &format!("{}.example", "x".repeat(64)), &"a.".repeat(130)] {
        assert_eq!(txt(&zone, name), Answer::NoName, "{name}");
    }
    assert_eq!(txt(&zone, "y.example"), one(b"x"));
}

#[test]
fn wildcards_follow_rfc_4592() {
    // The zone of RFC 4592 section 2.2.1, as far as its types matter here.
    let zone = zone(
        "$ORIGIN example.\n*.example. TXT \"this is a wildcard\"\n*.example. MX 10 host1.example.\n\
         sub.*.example. TXT \"this is not a wildcard\"\nhost1.example. A 192.0.2.1\n\
         _ssh._tcp.host1.example. SRV 0 0 22 host1.example.\n_ssh._tcp.host2.example. SRV 0 0 22 host2.example.\n",
    );
    assert_eq!(mx(&zone, "host3.example"), Answer::Records(vec![(10, "host1.example".into())]));
    assert_eq!(ipv4(&zone, "host3.example"), Answer::NoData, "the wildcard has no A");
    assert_eq!(txt(&zone, "foo.bar.example"), one(b"this is a wildcard"));
    assert_eq!(mx(&zone, "host1.example"), Answer::NoData, "host1 exists");
    assert_eq!(mx(&zone, "sub.*.example"), Answer::NoData, "sub.*.example exists");
    assert_eq!(txt(&zone, "_telnet._tcp.host1.example"), Answer::NoName, "_tcp.host1.example exists");
    assert_eq!(txt(&zone, "host.host2.example"), Answer::NoName, "host2.example exists");
    assert_eq!(txt(&zone, "ghost.*.example"), Answer::NoName, "*.example exists");
    assert_eq!(txt(&zone, "*.example"), one(b"this is a wildcard"));
}

#[test]
fn a_wildcard_with_only_children_answers_without_data() {
    let zone = zone("sub.*.example. TXT x\n");
    assert_eq!(txt(&zone, "host.example"), Answer::NoData);
}

#[test]
fn aliases_are_followed() {
    let zone = zone(
        "a. CNAME b.\nb. CNAME c\nc. TXT end\nc. A 192.0.2.1\ngone. CNAME nowhere.\nbare. CNAME parent.\nkid.parent. TXT x\n\
         loop1. CNAME loop2.\nloop2. CNAME loop1.\nself. CNAME self.\n*.wild. CNAME c.\nsick. CNAME ill.\nill. TXT SERVFAIL\n",
    );
    assert_eq!(txt(&zone, "a"), one(b"end"));
    assert_eq!(ipv4(&zone, "a"), a("192.0.2.1"));
    assert_eq!(mx(&zone, "a"), Answer::NoData);
    assert_eq!(txt(&zone, "gone"), Answer::NoName);
    assert_eq!(txt(&zone, "bare"), Answer::NoData);
    assert_eq!(txt(&zone, "x.wild"), one(b"end"));
    assert_eq!(txt(&zone, "sick"), Answer::Failed(Failure::ServerFailure));
    for name in ["loop1", "loop2", "self"] {
        assert_eq!(txt(&zone, name), Answer::Failed(Failure::ServerFailure), "{name}");
    }
}

#[test]
fn made_up_failures() {
    let zone = zone(
        "slow. TXT TIMEOUT\nsick. TXT \"SERVFAIL\"\nboth. TXT TIMEOUT\nboth. A 192.0.2.1\n\
         some. TXT SERVFAIL\nsome. TXT real\nkid.slow. TXT fine\n*.wild. TXT TIMEOUT\nlower. TXT timeout\n\
         1.2.0.192.in-addr.arpa. TXT TIMEOUT\n",
    );
    let (slow, sick) = (Answer::Failed(Failure::Timeout), Answer::Failed(Failure::ServerFailure));
    assert_eq!(txt(&zone, "slow"), slow);
    assert_eq!(ipv4(&zone, "slow"), Answer::Failed(Failure::Timeout));
    assert_eq!(txt(&zone, "sick"), sick);
    assert_eq!(ipv4(&zone, "both"), a("192.0.2.1"), "it has that record");
    assert_eq!(txt(&zone, "both"), slow);
    assert_eq!(txt(&zone, "some"), one(b"real"));
    assert_eq!(ipv4(&zone, "some"), Answer::Failed(Failure::ServerFailure));
    assert_eq!(txt(&zone, "kid.slow"), one(b"fine"));
    assert_eq!(txt(&zone, "x.wild"), slow);
    assert_eq!(txt(&zone, "lower"), one(b"timeout"));
    assert_eq!(names(&zone, "192.0.2.1"), Answer::Failed(Failure::Timeout));
    assert_eq!(txt(&zone, "not.sick"), Answer::NoName);
}

#[test]
fn host_names_of_addresses() {
    let zone = zone(
        "1.2.0.192.in-addr.arpa. PTR mail.example.\n1.2.0.192.in-addr.arpa. PTR second.example.\n\
         1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6.arpa. PTR six.example.\n\
         $ORIGIN 2.0.192.in-addr.arpa.\n5 CNAME 5.0-63\n5.0-63 PTR delegated.example.\n",
    );
    assert_eq!(
        names(&zone, "192.0.2.1"),
        Answer::Records(vec![Name::new("mail.example"), Name::new("second.example")])
    );
    assert_eq!(names(&zone, "::ffff:192.0.2.1").records().len(), 2);
    assert_eq!(names(&zone, "2001:db8::1"), Answer::Records(vec![Name::new("six.example")]));
    assert_eq!(names(&zone, "192.0.2.5"), Answer::Records(vec![Name::new("delegated.example")]));
    assert_eq!(names(&zone, "192.0.2.77"), Answer::NoName);
}

#[test]
fn types_nobody_asks_for_are_read_over() {
    let zone = zone(
        "x. SPF \"v=spf1 +all\"\nx. CAA 0 issue \"ca.example\"\nx. TYPE65534 \\# 3 0a0b0c\nx. SRV 0 0 25 mail\nx. HTTPS 1 . alpn=h2\n\
         n. MX 0 .\n",
    );
    assert_eq!(txt(&zone, "x"), Answer::NoData);
    assert_eq!(mx(&zone, "n"), Answer::Records(vec![(0, String::new())]));
}

#[test]
fn every_fault_at_once_and_at_its_place() {
    let found = faults(
        "x. TXTT \"a\"\n$INCLUDE other.zone\ny. A 300.0.2.1\n  MX mail\nz. IN 300\nok. A 192.0.2.1\n$ORIGON x.\n\
         a..b. TXT x\nq. TXT \"open\nr. TXT \\300 y\ns. TXT \\9x\nt. A 192.0.2.1 extra\nu. TXT\n$TTL soon\nv. AAAA 192.0.2.1\n\
         w. TXT a ) b\nlast. TXT ( a\n",
    );
    let want = [
        "test.zone:1:4: `TXTT` is no record type; did you mean TXT?",
        "test.zone:2:1: $INCLUDE is not taken",
        "test.zone:3:6: `300.0.2.1` is not an IPv4 address",
        "test.zone:4:6: MX begins with its preference",
        "test.zone:5:7: the record has no type",
        "test.zone:7:1: `$ORIGON` is no directive; did you mean $ORIGIN?",
        "test.zone:8:1: the name `a..b.` has an empty label",
        "test.zone:9:8: the string is not closed",
        "test.zone:10:8: `\\DDD` goes from",
        "test.zone:11:8: a backslash before a digit",
        "test.zone:12:16: `extra` is too much",
        "test.zone:14:6: $TTL needs seconds",
        "test.zone:15:9: `192.0.2.1` is not an IPv6 address",
        "test.zone:16:10: `)` without `(`",
        "test.zone:17:11: `(` is never closed",
    ];
    for (found, want) in found.iter().zip(want) {
        assert!(found.starts_with(want), "found {found}\nwant  {want}");
    }
    assert_eq!(found.len(), want.len(), "{}", found.join("\n"));
}

#[test]
fn more_faults() {
    for (text, want) in [
        ("   A 192.0.2.1\n", "test.zone:1:4: the line begins with a blank"),
        ("bad..name A 192.0.2.1\n  TXT x\n", "test.zone:1:1: the name `bad..name` has an empty label"),
        (&format!("{}. A 192.0.2.1\n", "x".repeat(64)), "test.zone:1:1: the name"),
        ("x. TXT a\\\n", "test.zone:1:9: a backslash at the end"),
        ("x. \"TXT\" a\n", "test.zone:1:4: a string where the record type is due"),
        ("x. CNAME a.\nx. CNAME b.\n", "test.zone: x has two CNAME records"),
        ("x. TXT \"a\\\n\"\n", "test.zone:1:8: the string is not closed"),
        ("$ORIGIN\n", "test.zone:1:1: $ORIGIN needs a value"),
        ("$TTL 1 2\n", "test.zone:1:8: $TTL takes one value"),
        ("x. MX 10\n", "test.zone:1:4: the record needs a host"),
        ("x. MX 70000 a.\n", "test.zone:1:7: MX begins with its preference"),
    ] {
        let found = faults(text);
        assert!(found.first().is_some_and(|fault| fault.starts_with(want)), "{text:?}: {found:?}");
    }
}

#[test]
fn faults_are_bounded() {
    let found = faults(&"x. NONSENSE\n".repeat(5000));
    assert_eq!(found.len(), 101);
    assert_eq!(found.last().unwrap(), "test.zone: 4900 more faults are not shown");
}

proptest::proptest! {
    #[test]
    fn any_octets_are_read_without_panic(text: Vec<u8>) {
        if let Ok(zone) = Zone::parse("x", &text) {
            let _ = zone.answer(&Question::Txt(Name::new("a.example")));
        }
    }

    #[test]
    fn any_text_of_the_grammar_s_letters(text in "[a.@$\\\\\"();\\n \\t0-9*TXTAMCNEIOR]{0,200}") {
        if let Ok(zone) = Zone::parse("x", text.as_bytes()) {
            let _ = zone.answer(&Question::Txt(Name::new("a.a")));
        }
    }

    /// Any octets in a string come back when they are written as escapes.
    #[test]
    fn escapes_carry_any_octets(octets in proptest::collection::vec(proptest::num::u8::ANY, 1..300)) {
        proptest::prop_assume!(octets != b"TIMEOUT" && octets != b"SERVFAIL");
        let escaped: String = octets.iter().map(|octet| format!("\\{octet:03}")).collect();
        for text in [format!("x. TXT {escaped}\n"), format!("x. TXT \"{escaped}\"\n")] {
            proptest::prop_assert_eq!(txt(&zone(text), "x"), one(&octets));
        }
    }
}
