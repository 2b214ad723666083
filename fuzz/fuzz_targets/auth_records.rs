//! What authentication reads: SPF, key and policy records from DNS, signature and result fields from the mail.
//!
//! 1. SPF ends within its lookup limits whatever its records say, asks nothing twice, and two records are an error.
//! 2. A key that can be read verifies no junk; a policy record is one alone and none in company.
//! 3. Strict tag lists read alike leniently, as far as the first tag goes; base64 gives no more octets than it has room for.
//! 4. A result field that we can read as ours is taken for a forgery when it comes from outside.
//! 5. Signature fields give a bounded list of candidates, and a chain of seals is read or refused.
//!
//! Lines of the input are the records of a small internet; the whole of it is every other record and field.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use wehr::{
    judge::{
        auth::{
            Settings, Word, arc, dkim,
            dmarc::record::Record,
            keys::{Algorithm, Key},
            reports::Report,
            results,
            spf::{self, Identity},
            tags::{self, Tags},
        },
        facts::{Answer, Exchanger, Fact, Facts, Failure, Name, Question, Reading},
    },
    limits,
    mail::head::Head,
};

const AUTHSERV_ID: &str = "mx.school.example";

/// A small internet: its answers hang on the question alone.
struct Internet<'a> {
    records: Vec<&'a [u8]>,
}

impl Internet<'_> {
    fn answer(&self, question: &Question) -> Fact {
        let octets = format!("{question:?}");
        let draw =
            octets.bytes().fold(0xcbf2_9ce4_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let draw = usize::try_from(draw >> 9).unwrap();
        match question {
            Question::Txt(name) => {
                let record = self.records[draw % self.records.len()];
                Fact::Txt(name.clone(), Answer::Records(vec![record.to_vec()]))
            }
            _ if draw.is_multiple_of(5) => question.failed(Failure::ALL[draw / 5 % 8]),
            Question::Ipv4(name) if draw % 5 < 3 => {
                Fact::Ipv4(name.clone(), Answer::Records(vec![[192, 0, 2, 9].into()]))
            }
            Question::Ipv4(name) => Fact::Ipv4(name.clone(), Answer::NoName),
            Question::Ipv6(name) => Fact::Ipv6(name.clone(), Answer::NoData),
            Question::Mx(name) => {
                let exchanger =
                    |preference| Exchanger { preference, host: Name::new(&format!("m{preference}.{name}")) };
                Fact::Mx(name.clone(), Answer::Records((0..4).map(exchanger).collect()))
            }
            Question::Names(address) => {
                let names = ["mail.a.example", "b.example"];
                Fact::Names(*address, Answer::Records(names.map(Name::new).to_vec()))
            }
            Question::Virus | Question::Inner(_) | Question::Partner(_) | Question::Stored(_) => {
                question.failed(Failure::NotRecorded)
            }
        }
    }
}

fn check_spf(input: &[u8]) {
    let internet = Internet { records: input.split(|byte| *byte == b'\n').take(8).collect() };
    let start = Name::new("a.example");
    let first = internet.records[0].to_vec();
    let mut facts = Facts::default();
    facts.learn(Fact::Txt(start.clone(), Answer::Records(vec![first.clone()])));
    let identity =
        Identity { client: [192, 0, 2, 9].into(), helo: "mail.a.example", local: "x.y-z", domain: "a.example" };
    let mut asked: BTreeSet<Question> = BTreeSet::from([Question::Txt(start.clone())]);
    let spf = loop {
        let reading = Reading::of(&facts);
        let result = spf::check(&reading, &identity);
        let wanted = reading.wanted();
        if let Ok(spf) = result {
            assert!(wanted.is_empty());
            break spf;
        }
        assert!(!wanted.is_empty());
        for question in wanted {
            facts.learn(internet.answer(&question));
            assert!(asked.insert(question), "asked twice");
        }
        // Ten terms, each with ten names in two families at the very most (RFC 7208 4.6.4).
        assert!(asked.len() < 300, "asks without end");
    };
    assert!(spf.lookups <= limits::SPF_LOOKUPS_MAX + 1);
    let is_spf = first.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"v=spf1"))
        && matches!(first.get(6), None | Some(b' '));
    assert_eq!(spf.result != Word::None, is_spf);
    if is_spf {
        let mut twice = Facts::default();
        twice.learn(Fact::Txt(start, Answer::Records(vec![first.clone(), first])));
        let result = spf::check(&Reading::of(&twice), &identity).ok().map(|spf| spf.result);
        assert_eq!(result, Some(Word::PermError));
    }
}

fn check_records(input: &[u8]) {
    if let Ok(key) = Key::parse(input) {
        for algorithm in [Algorithm::RsaSha256, Algorithm::Ed25519Sha256] {
            assert!(!key.verifies(algorithm, b"data", &[0x5a; 64]));
            assert!(!key.verifies(algorithm, b"data", &[0x5a; 256]));
        }
    }
    let texts = [input.to_vec(), b"v=DMARC1; p=none".to_vec()];
    match Record::parse(input) {
        Some(record) => {
            assert_eq!(Record::select(&texts[..1]), Some(record));
            assert_eq!(Record::select(&texts), None);
        }
        None => assert_eq!(Record::select(&texts), Record::parse(b"v=DMARC1; p=none")),
    }
    let text = String::from_utf8_lossy(input);
    if let Ok(strict) = Tags::strict(&text) {
        assert_eq!(Tags::lenient(&text).first(), strict.first());
    }
    if let Some(octets) = tags::base64(&text) {
        assert!(octets.len() <= text.len() / 4 * 3 + 3);
    }
}

fn check_fields(input: &[u8]) {
    let settings = Settings { authserv_id: AUTHSERV_ID.to_owned(), ..Settings::default() };
    let field = |name: &str| Head::parse(&Bytes::from([name.as_bytes(), input].concat()));
    let head = field("Authentication-Results:");
    if let Some(field) = head.fields().first()
        && let Some(report) = Report::parse(&field.text())
    {
        for result in report.results.iter().take(50) {
            assert!(report.result(&result.method).is_some());
            assert!(!result.method.bytes().any(|byte| byte.is_ascii_uppercase()));
        }
        if report.authserv_id.trim().eq_ignore_ascii_case(AUTHSERV_ID) {
            assert!(results::is_forged(field, &settings), "{report:?}");
        }
    }
    let head = field("DKIM-Signature:");
    let candidates = dkim::candidates(&head, None);
    assert!(candidates.len() <= limits::SIGNATURES_MAX);
    assert!(dkim::key_names(&candidates).count() <= candidates.len());
    let head = field("ARC-Seal:");
    assert!(arc::chain(&head, None).is_some());
}

fuzz_target!(|input: &[u8]| {
    check_spf(input);
    check_records(input);
    check_fields(input);
});
