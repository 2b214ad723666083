//! Hostile octets: no panic, no hang, no pass.

use crate::{bytes, mail, zone::Zone};
use proptest::prelude::*;
use std::time::{Duration, Instant};
use wehr::{
    judge::auth::{Settings, Word},
    mail::{Mail, address::Address, author},
};

const NOW: i64 = 1_795_310_000;

fn from_stranger(raw: impl Into<bytes::Bytes>) -> Mail {
    let mut mail = mail(raw, NOW);
    mail.client.address = Some("203.0.113.66".parse().unwrap());
    mail.client.helo = Some("attack.com".to_owned());
    mail.envelope.sender = Address::new("<any@attack.com>");
    mail
}

/// Shapes that cost quadratic time in careless readers, each half a megabyte.
#[test]
fn large_heads_end_soon() {
    let fill = |piece: &str| piece.repeat((500 << 10) / piece.len());
    let fields = |field: &str| format!("{}\r\nbody\r\n", fill(field));
    let sign = "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; b=AAAA; bh=AAAA; h=from:subject";
    for (what, raw) in [
        ("@", format!("From: {}\r\n\r\n", fill("@"))),
        ("a@b.c,", format!("From: {}\r\n\r\n", fill("a@b.c,"))),
        ("long token", format!("From: a@{}\r\n\r\n", fill("b"))),
        ("dots", format!("From: a@{}\r\n\r\n", fill(". "))),
        ("comments", format!("From: {}\r\n\r\n", fill("("))),
        ("quotes", format!("From: {}\r\n\r\n", fill("\"a\" "))),
        ("encoded-words", format!("From: {}\r\n\r\n", fill("=?utf-8?q?a?=,"))),
        ("long phrase", format!("From: {} <a@b.example>\r\n\r\n", fill("=?utf-8?q?a?= "))),
        ("From fields", fields("From: a@b.example\r\n")),
        ("folds", format!("X: a\r\n{}\r\n", fill(" From: a@b.example\r\n"))),
        ("names", fields("a:\r\n")),
        ("signatures", fields(&format!("{sign}\r\n"))),
        ("long h=", format!("{sign}{}\r\nFrom: a@b.example\r\n\r\n", fill(":from"))),
        ("many tags", format!("DKIM-Signature: {}\r\n\r\n", fill("a=b;"))),
        ("chains", fields("ARC-Seal: i=1\r\nARC-Message-Signature: i=1\r\nARC-Authentication-Results: i=1\r\n")),
        ("odd fields", format!("From: a@b.example\r\n{}\r\n", fill("(:\r\n"))),
        ("results", format!("Authentication-Results: {}\r\n\r\n", fill("("))),
    ] {
        let start = Instant::now();
        let (authentication, asked) = Zone::default().authenticate(&from_stranger(raw), &Settings::default());
        assert_ne!(authentication.dmarc.result, Word::Pass, "{what}");
        assert!(asked.len() <= wehr::limits::QUESTIONS_MAX, "{what}: {} questions", asked.len());
        // Milliseconds when built for use; the tests run without optimisation on a busy machine.
        assert!(start.elapsed() < Duration::from_secs(5), "{what}: {:?}", start.elapsed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Octets changed anywhere in a signed and sealed message.
    #[test]
    fn altered_messages_are_read(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut raw = bytes("arc/mail-auth/001.eml");
        for (place, octet) in changes {
            let place = place.index(raw.len());
            raw[place] = octet;
        }
        let (authentication, _) = Zone::default().authenticate(&from_stranger(raw), &Settings::default());
        prop_assert!(authentication.dkim.iter().all(|dkim| dkim.result != Word::Pass));
    }

    /// Any author field: each address that a grammar-blind reader finds is among the authors, or something is odd.
    #[test]
    fn any_author_field_is_read(value in "[ -~\u{80}-\u{2ff}]{0,80}") {
        let message = from_stranger(format!("From: {value}\r\n\r\n"));
        let found = author::read(&message.message.head);
        prop_assert!(!found.authors.is_empty() || !found.oddities.is_empty());
    }
}
