//! Who has to come again is told so before the body, unless something that still comes could spare it.

use crate::mta::{Filter, House, Mta, Packet, Script};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use wehr::{
    judge::{entry::Deed, policy::senders},
    world::Note,
};

const SIGNATURE: &str = "v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh=AA==; b=AA==";
const TRIPLET: &str = "triplet 192.0.2.0/24 <a@example.org> <b@school.example>";

struct Asked {
    filter: Filter,
    noted: Arc<Mutex<Vec<Note>>>,
}

/// A house with that policy for senders, a store, and an SPF record of example.org.
fn house(policy: &str, spf: &str, stored: &[(&str, i64)]) -> Asked {
    let stored: BTreeMap<String, i64> = stored.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
    let txt = BTreeMap::from([("example.org".to_owned(), vec![spf.to_owned()])]);
    let world = Script { txt, stored: Some(stored), ..Script::default() };
    let noted = Arc::clone(&world.noted);
    let senders = senders::read::read("senders.toml", policy).unwrap();
    Asked { filter: House { world, senders, ..House::default() }.open(), noted }
}

impl Asked {
    async fn mta(&self) -> Mta {
        let mut mta = self.filter.connect();
        mta.negotiate(6, 0x1ff, 0x1f_ffff).await;
        mta.connect_and_greet().await;
        mta
    }

    /// The replies to the end of a mail, and how many of three chunks of the body were wanted.
    async fn sent(&self, fields: &[(&str, &str)]) -> (String, usize) {
        let mut mta = self.mta().await;
        mta.letters(b'M', b"<a@example.org>\0").await;
        assert_eq!(mta.letters(b'R', b"<b@school.example>\0").await, "c");
        let end = mta.content(fields, &["one\r\n", "two\r\n", "three\r\n"]).await;
        let seen = self.filter.messages().pop().unwrap_or_default();
        let wanted = ["one", "two", "three"].iter().filter(|word| seen.contains(**word)).count();
        (end.iter().map(Packet::text).collect(), wanted)
    }

    /// How many ways were written down as tried for the first time.
    fn first_tries(&self) -> usize {
        let noted = self.noted.lock().unwrap();
        let deeds = noted.iter().flat_map(|note| match note {
            Note::Senders { deeds, .. } => deeds.clone(),
            Note::Transport { .. } => Vec::new(),
        });
        deeds.filter(|deed| matches!(deed, Deed::First { .. })).count()
    }
}

#[tokio::test]
async fn without_spf_and_signature_the_body_is_not_taken() {
    let house = house("[greylist]\n", "v=spf1 -all", &[]);
    let (end, wanted) = house.sent(&[("From", "a@example.org"), ("Subject", "s")]).await;
    assert!(end.contains("451 4.7.1 new here"), "{end}");
    assert_eq!((wanted, house.first_tries()), (0, 1));
    assert_eq!(house.filter.series("wehr_greylisted_early_total{door=\"milter\"}"), "1");
    assert_eq!(house.filter.series("wehr_refused_early_total{class=\"greylisted\",door=\"milter\"}"), "1");
    assert_eq!(house.filter.series("wehr_refused_early_total{class=\"4xx\",door=\"milter\"}"), "0", "no fault of ours");
}

#[tokio::test]
async fn what_may_still_be_spared_is_decided_at_the_end() {
    for (spf, fields) in [
        ("v=spf1 +ip4:192.0.2.9 -all", vec![("From", "a@example.org")]),
        ("v=spf1 -all", vec![("DKIM-Signature", SIGNATURE), ("From", "a@example.org")]),
    ] {
        let house = house("[greylist]\nspare_dmarc = false\n", spf, &[]);
        let (end, wanted) = house.sent(&fields).await;
        assert!(end.contains("451 4.7.1 cannot be checked now"), "{end}");
        assert_eq!((wanted, house.first_tries()), (3, 1), "{spf}");
    }
    let known = house("[greylist]\n", "v=spf1 -all", &[(TRIPLET, 1_000_000_000)]);
    let (end, wanted) = known.sent(&[("From", "a@example.org")]).await;
    assert!(!end.contains("451") && wanted == 3, "{end}");
}

#[tokio::test]
async fn a_house_that_wants_it_turns_recipients_away() {
    let policy = "[greylist]\nearly = true\n";
    let way = "correspondence <a@example.org> <c@school.example>";
    let house = house(policy, "v=spf1 -all", &[(TRIPLET, 1_000_000_000), (way, 1_000_000_000)]);
    let mut mta = house.mta().await;
    mta.letters(b'M', b"<a@example.org>\0").await;
    for (recipient, is_taken) in [("b", true), ("c", true), ("d", false), ("e", false)] {
        let replies = mta.command(b'R', format!("<{recipient}@school.example>\0").as_bytes()).await;
        let text: String = replies.iter().map(|reply| format!("{}{}", reply.0, reply.text())).collect();
        assert_eq!(!text.contains("451 4.7.1"), is_taken, "{recipient}: {text}");
    }
    assert_eq!(house.first_tries(), 2);
    let mut mta = house.mta().await;
    mta.letters(b'M', b"<z@example.org>\0").await;
    for number in 0..300 {
        let replies = mta.command(b'R', format!("<p{number}@school.example>\0").as_bytes()).await;
        assert!(replies.iter().any(|reply| reply.text().contains("451")), "{number}: asking without end spares nobody");
    }
    // Whom we leave no recipient did not give up.
    for recipients in [1, 0, 1] {
        mta.command(b'A', b"").await;
        mta.letters(b'M', b"<z@example.org>\0").await;
        for _ in 0..recipients {
            mta.letters(b'R', b"<p@school.example>\0").await;
        }
    }
    assert_eq!(house.filter.series("wehr_refused_early_total{class=\"greylisted\",door=\"milter\"}"), "2");
    assert_eq!(house.filter.series("wehr_aborted_total{door=\"milter\"}"), "1");
    let proven = self::house(policy, "v=spf1 ip4:192.0.2.9 -all", &[]);
    assert_eq!(proven.sent(&[("From", "a@example.org")]).await.1, 3, "SPF passes: it is decided at the end");
}
