//! The judge: any mail and any answers give one verdict, however the answers come in, and its edits touch nothing else.
//!
//! 1. The judge ends, asks nothing that it was told, and waits for something whenever it waits.
//! 2. The same facts give the same verdict: at once, in another order of learning, and read back from the case's text.
//! 3. Kept fields stand byte for byte, in order, below ours; a field that claims to be ours is kept in no spelling.
//! 4. What we write is a field each: our own reader reads our results, and no reply breaks out of its line.
//!
//! The input is a table of lines (`Input` says which), an empty line, and the mail. A question that the table does not
//! answer by name gets an answer drawn from it, so that changed names still find records.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};
use wehr::{
    doors::deliver::parcel,
    judge::{
        Judge, Progress,
        auth::{reports::Report, results},
        case::Case,
        facts::{Answer, Exchanger, Fact, Facts, Failure, Name, Question, Remembered, Scanned},
        policy::verdict::{Edit, Verdict},
        rulebook::{Rulebook, Thresholds},
        rules::ruleset::Ruleset,
    },
    limits,
    mail::{
        Mail,
        address::{Address, Domain},
        envelope::{Client, Envelope},
        head::{Field, Head},
        message::Message,
        timestamp::Timestamp,
    },
};

const AUTHSERV_ID: &str = "mx.school.example";
const OURS: [&str; 3] = ["X-Wehr-Verdict", "X-Wehr-Symbols", "X-Spam-Flag"];
/// More rounds than any chain of questions is long.
const ROUNDS_MAX: usize = 1000;

static RULEBOOK: LazyLock<Arc<Rulebook>> = LazyLock::new(|| {
    Arc::new(Rulebook {
        auth: wehr::judge::auth::Settings {
            authserv_id: AUTHSERV_ID.to_owned(),
            trusted_sealers: Domain::parse("trusted.example").into_iter().collect(),
            ..Default::default()
        },
        own_domains: Domain::parse("school.example").into_iter().collect(),
        thresholds: Thresholds::default(),
        rules: Ruleset::embedded(&[]).expect("the embedded packs are right"),
        learned: None,
        classes: wehr::judge::policy::classes::Classes::embedded(),
        encryption: wehr::judge::policy::encryption::Encryption::default(),
        senders: wehr::judge::policy::senders::Senders::default(),
        digest: "fuzz".to_owned(),
    })
});

/// `client ADDRESS`, `helo NAME`, `sender ADDRESS`, `recipient ADDRESS`, `login NAME`, `at SECONDS`, `seed NUMBER`,
/// `virus WORD`, `txt NAME VALUE`, `ipv4 NAME VALUE`, `ipv6 NAME VALUE`, `mx NAME PREFERENCE HOST`, `names ADDRESS HOST`.
/// A value may be `nothing`, `no_name` or the word of a failure.
struct Input<'a> {
    client: Client,
    envelope: Envelope,
    received_at: Timestamp,
    seed: u64,
    virus: Scanned,
    /// Kind, name, value.
    records: Vec<(&'a [u8], &'a [u8], &'a [u8])>,
}

fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    (&line[..end], line.get(end + 1..).unwrap_or_default())
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

impl<'a> Input<'a> {
    fn read(table: &'a [u8]) -> Self {
        let mut input = Self {
            client: Client::default(),
            envelope: Envelope::default(),
            received_at: Timestamp::from_seconds(1_795_335_302),
            seed: 0,
            virus: Scanned::NotAsked,
            records: Vec::new(),
        };
        for line in table.split(|byte| *byte == b'\n').take(200) {
            let (kind, rest) = word(line);
            match kind {
                b"client" => input.client.address = text(rest).parse().ok(),
                b"helo" => input.client.helo = Some(text(rest)),
                b"login" => input.client.login = Some(text(rest)),
                b"sender" => input.envelope.sender = Address::new(&text(rest)),
                b"recipient" => input.envelope.recipients.push(Address::new(&text(rest))),
                b"at" => input.received_at = Timestamp::from_seconds(text(rest).parse().unwrap_or_default()),
                b"seed" => input.seed = text(rest).parse().unwrap_or_default(),
                b"virus" => {
                    input.virus = match (rest, Failure::parse(&text(rest))) {
                        (_, Some(failure)) => Scanned::Failed(failure),
                        (b"clean", _) => Scanned::Clean,
                        (name, _) => Scanned::Infected(text(name)),
                    }
                }
                b"txt" | b"ipv4" | b"ipv6" | b"mx" | b"names" => {
                    let (name, value) = word(rest);
                    input.records.push((kind, name, value));
                }
                _ => {}
            }
        }
        input
    }

    fn draw(&self, question: &Question) -> u64 {
        let text = format!("{question:?}");
        let hash = text.bytes().fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        hash >> 7
    }

    /// The values that answer a question, and whether they are there by name.
    fn values(&self, question: &Question, name: &str) -> Vec<&'a [u8]> {
        let kind = question.kind().as_bytes();
        let of_kind = || self.records.iter().filter(|(known, ..)| *known == kind);
        let named: Vec<&[u8]> = of_kind()
            .filter(|(_, known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(.., value)| *value)
            .collect();
        if !named.is_empty() {
            return named;
        }
        let all: Vec<&[u8]> = of_kind().map(|(.., value)| *value).collect();
        let draw = self.draw(question);
        match draw % 8 {
            0 => vec![b"no_name"],
            1 => vec![b"nothing"],
            2 => vec![Failure::ALL[usize::try_from(draw / 8 % 8).unwrap()].word().as_bytes()],
            _ if all.is_empty() => vec![b"nothing"],
            3 => all,
            _ => vec![all[usize::try_from(draw / 8).unwrap() % all.len()]],
        }
    }

    fn answer<T>(&self, question: &Question, name: &str, record: impl Fn(&[u8]) -> Option<T>) -> Answer<T> {
        let values = self.values(question, name);
        match values.first().copied().unwrap_or_default() {
            b"nothing" => return Answer::NoData,
            b"no_name" => return Answer::NoName,
            other => {
                if let Some(failure) = Failure::parse(&text(other)) {
                    return Answer::Failed(failure);
                }
            }
        }
        let records: Vec<T> = values.into_iter().filter_map(record).collect();
        if records.is_empty() { Answer::NoData } else { Answer::Records(records) }
    }

    fn fact(&self, question: &Question) -> Fact {
        let parsed = |value: &[u8]| text(value);
        match question {
            Question::Txt(name) => {
                Fact::Txt(name.clone(), self.answer(question, name.as_str(), |value| Some(value.to_vec())))
            }
            Question::Ipv4(name) => {
                Fact::Ipv4(name.clone(), self.answer(question, name.as_str(), |value| parsed(value).parse().ok()))
            }
            Question::Ipv6(name) => {
                Fact::Ipv6(name.clone(), self.answer(question, name.as_str(), |value| parsed(value).parse().ok()))
            }
            Question::Mx(name) => Fact::Mx(
                name.clone(),
                self.answer(question, name.as_str(), |value| {
                    let (preference, host) = word(value);
                    Some(Exchanger { preference: parsed(preference).parse().ok()?, host: Name::new(&parsed(host)) })
                }),
            ),
            Question::Names(address) => Fact::Names(
                *address,
                self.answer(question, &address.to_string(), |value| Some(Name::new(&parsed(value)))),
            ),
            Question::Virus => Fact::Virus(self.virus.clone()),
            Question::Inner(digest) => Fact::Inner(digest.clone(), self.virus.clone()),
            Question::Partner(domain) => Fact::Partner(domain.clone(), Remembered::Nothing),
            Question::Stored(entry) => Fact::Stored(entry.clone(), wehr::judge::entry::Recalled::Nothing),
        }
    }
}

/// Asks and learns until there is a verdict.
fn judge_by_asking(mail: &Arc<Mail>, input: &Input<'_>) -> (Verdict, Facts) {
    let mut judge = Judge::new(Arc::clone(mail), Arc::clone(&RULEBOOK));
    let (mut facts, mut count) = (Facts::default(), 0);
    for _ in 0..ROUNDS_MAX {
        match judge.advance(&facts) {
            Progress::Done(verdict) => return (*verdict, facts),
            Progress::Wants(wanted) => {
                assert!(!wanted.is_empty(), "the judge waits for nothing");
                let before = facts.all().len();
                for question in &wanted {
                    count += 1;
                    let is_over = count > limits::QUESTIONS_MAX;
                    facts.learn(if is_over { question.failed(Failure::OverBudget) } else { input.fact(question) });
                }
                assert_eq!(facts.all().len(), before + wanted.len(), "the judge asks what it was told");
            }
        }
    }
    panic!("the judge does not end");
}

/// Learns the facts in an order drawn by the seed, looking at them now and then.
fn judge_shuffled(mail: &Arc<Mail>, facts: &Facts, input: &Input<'_>) -> Verdict {
    let mut shuffled = facts.all();
    shuffled.sort_by_cached_key(|fact| input.draw(&fact.question()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut judge = Judge::new(Arc::clone(mail), Arc::clone(&RULEBOOK));
    let mut known = Facts::default();
    let stride = shuffled.len() / 6 + 1;
    for (at, fact) in shuffled.into_iter().enumerate() {
        if at % stride == 0
            && let Progress::Done(verdict) = judge.advance(&known)
        {
            return *verdict;
        }
        known.learn(fact);
    }
    match judge.advance(&known) {
        Progress::Done(verdict) => *verdict,
        Progress::Wants(wanted) => panic!("still wants {wanted:?}"),
    }
}

fn judge_at_once(mail: &Arc<Mail>, facts: &Facts) -> Verdict {
    match Judge::new(Arc::clone(mail), Arc::clone(&RULEBOOK)).advance(facts) {
        Progress::Done(verdict) => *verdict,
        Progress::Wants(wanted) => panic!("the facts lack {wanted:?}"),
    }
}

fn same(left: &Verdict, right: &Verdict) {
    assert_eq!(left.score, right.score);
    assert_eq!(left.findings, right.findings);
    assert_eq!(left.outcomes, right.outcomes);
    assert_eq!(left.edits, right.edits);
    assert_eq!(left.authentication, right.authentication);
    assert_eq!(left.reference, right.reference);
}

fn is_ours(field: &Field) -> bool {
    OURS.iter().any(|name| field.is(name)) || results::is_forged(field, &RULEBOOK.auth)
}

fn check_edits(head: &Head, verdict: &Verdict) {
    let edited = Head::parse(&parcel::edited(head, &verdict.edits));
    let mut fields = edited.fields().iter();
    for edit in &verdict.edits {
        if let Edit::AddField { name, value } = edit {
            let field = fields.next().expect("a field of ours is there");
            assert_eq!(field.name, name.as_bytes());
            assert_eq!(field.value, format!(" {value}").as_bytes());
            assert!(value.split("\r\n\t").all(|line| line.bytes().all(|byte| (0x20..0x7f).contains(&byte))), "{value}");
        }
    }
    if head.cut {
        // What was not read is kept unread; the judge says so in a finding.
        return;
    }
    let kept: Vec<&Bytes> = head.fields().iter().filter(|field| !is_ours(field)).map(|field| &field.raw).collect();
    let mut rest: Vec<&Bytes> = fields.map(|field| &field.raw).collect();
    let barrier: Bytes;
    match kept.first().and_then(|first| Some((first.first()?, first))) {
        // Such a line would become a fold of ours, so a field of its own stands above.
        Some((b'\r', _)) => drop(rest.remove(0)),
        Some((b' ' | b'\t', first)) => {
            barrier = rest[0].slice(rest[0].len() - first.len()..);
            assert!(rest[0].starts_with(b"X-Wehr-Defect: "));
            rest[0] = &barrier;
        }
        _ => {}
    }
    assert_eq!(rest, kept);
}

fn check_words(verdict: &Verdict) {
    for edit in &verdict.edits {
        if let Edit::AddField { name, value } = edit
            && name == "Authentication-Results"
        {
            let report = Report::parse(value).expect("we can read what we write");
            assert_eq!(report.authserv_id, AUTHSERV_ID);
            let authentication = &verdict.authentication;
            let methods = |wanted: &str| -> Vec<String> {
                report.results.iter().filter(|one| one.method == wanted).map(|one| one.result.clone()).collect()
            };
            if authentication.dkim.is_empty() {
                assert_eq!(methods("dkim"), ["none"]);
            } else {
                let words: Vec<&str> = authentication.dkim.iter().map(|dkim| dkim.result.word()).collect();
                assert_eq!(methods("dkim"), words);
            }
            let dmarc = authentication.dmarc.result.word();
            assert!(methods("dmarc").iter().all(|word| word == dmarc));
        }
    }
    for outcome in &verdict.outcomes {
        let reply = outcome.reply.to_string();
        assert!(reply.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'%'));
    }
    assert!(verdict.findings.is_sorted());
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (table, raw) = (&bytes[..end], bytes.get(end + 2..).unwrap_or_default());
    let input = Input::read(table);
    let mail = Arc::new(Mail {
        client: input.client.clone(),
        envelope: input.envelope.clone(),
        message: Message::parse(raw.to_vec().into()),
        received_at: input.received_at,
    });
    let (verdict, facts) = judge_by_asking(&mail, &input);
    assert_eq!(verdict.outcomes.len(), mail.envelope.recipients.len().max(1));
    same(&verdict, &judge_at_once(&mail, &facts));
    same(&verdict, &judge_shuffled(&mail, &facts, &input));
    let case =
        Case { received_at: input.received_at, client: input.client.clone(), envelope: input.envelope.clone(), facts };
    assert_eq!(Case::parse("fuzz.toml", &case.to_text()).as_ref(), Ok(&case));
    check_edits(&mail.message.head, &verdict);
    check_words(&verdict);
});
