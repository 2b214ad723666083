//! Foreign suites: packets, byte-level sessions, recorded miltertest scenarios.

use crate::{
    mta::{Filter, House, Mta, OFFER, Packet, Script, json},
    play::is_quiet,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wehr::doors::milter::frame::{Command, Frame, decode};

fn octets(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().expect("a hex string");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits")).collect()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is no list"))
}

/// Vectors where the suite's own reading is not ours, with the reason.
const VECTOR_DEVIATIONS: [(&str, &str); 1] = [(
    "d--j/go-milter O 000000000000000000000000",
    "a packet of the right form; that version 0 is too old is said by the negotiation, which the test below checks",
)];

#[test]
fn packets_are_read_as_the_vectors_say() {
    let mut deviating = BTreeSet::new();
    let mut checked = 0;
    for (file, origin) in [("decode-vectors.json", ""), ("decode-vectors-gomilter.json", "d--j/go-milter")] {
        for vector in list(&json(file), "vectors") {
            let command = vector["command"].as_str().unwrap().as_bytes()[0];
            let hex = vector["data_hex"].as_str().unwrap();
            let id =
                vector["id"].as_str().map_or_else(|| format!("{origin} {} {hex}", char::from(command)), str::to_owned);
            let read = decode(Frame { command, data: octets(&vector["data_hex"]).into(), has_more: false });
            let is_read = !matches!(read, Err(_) | Ok(Command::BadMacros));
            let is_lenient = vector["lenient_ok"].as_bool().unwrap_or(false);
            checked += 1;
            // Octets that are not UTF-8 are taken as they are; `null` leaves it open.
            if vector["valid"].as_bool().is_some_and(|valid| valid != is_read) && !is_lenient {
                deviating.insert(format!("{id}: {read:?}"));
            }
        }
    }
    assert_eq!(checked, 56 + 28, "the vectors are all there");
    for (known, why) in VECTOR_DEVIATIONS {
        assert!(deviating.iter().any(|found| found.starts_with(known)), "{known} passes now; it was left out: {why}");
        deviating.retain(|found| !found.starts_with(known));
    }
    assert!(deviating.is_empty(), "{deviating:#?}");
}

#[tokio::test]
async fn versions_that_are_too_old_are_refused() {
    let filter = House::default().open();
    for version in [0_u8, 1] {
        let mut mta = filter.connect();
        mta.write(&[0, 0, 0, 13, b'O', 0, 0, 0, version, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff]).await;
        assert!(mta.is_closed().await);
    }
}

/// Command letters of the packets in some bytes.
fn commands(mut bytes: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    while let Some(length) = bytes.first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some(data) = bytes.get(4..4 + length).filter(|data| !data.is_empty()) else { break };
        found.push(data[0]);
        bytes = &bytes[4 + length..];
    }
    found
}

/// Reply codes: one line, code and class agree, no octet that could end it.
fn check_reply_code(id: &str, reply: &Packet) {
    let text = String::from_utf8(reply.1.clone()).expect("ASCII").strip_suffix('\0').expect("a NUL").to_owned();
    let words: Vec<&str> = text.splitn(3, ' ').collect();
    let [code, enhanced, _] = words[..] else { panic!("{id}: {text}") };
    assert!(code.len() == 3 && matches!(code.as_bytes()[0], b'4' | b'5'), "{id}: {text}");
    assert_eq!(enhanced.split('.').count(), 3, "{id}: {text}");
    assert_eq!(enhanced.as_bytes()[0], code.as_bytes()[0], "{id}: {text}");
    assert!(text.len() <= 980 && text.bytes().all(|octet| (b' '..=b'~').contains(&octet)), "{id}: {text}");
    assert!(!text.replace("%%", "").contains('%'), "{id}: {text}");
}

/// One run of a session; `cut` octets are written at a time.
struct Run<'a> {
    id: &'a str,
    filter: &'a Filter,
    cut: usize,
    mta: Mta,
    /// Commands of the last step that was sent.
    sent: Vec<u8>,
    replies: Vec<Packet>,
    finals: Vec<char>,
}

impl Run<'_> {
    async fn step(&mut self, step: &Value) {
        if !step["send_hex"].is_null() {
            let bytes = octets(&step["send_hex"]);
            self.sent = commands(&bytes);
            for piece in bytes.chunks(self.cut) {
                self.mta.write(piece).await;
            }
        } else if !step["expect_optneg"].is_null() {
            let answer = self.mta.read().await.expect("an answer to OPTNEG");
            self.mta.agreed(&answer);
            let limit = |key: &str| u32::try_from(step["expect_optneg"][key].as_u64().unwrap()).unwrap();
            assert!((2..=limit("version_max")).contains(&self.mta.version), "{}", self.id);
            assert_eq!(self.mta.actions & !limit("actions_subset_of"), 0, "{}", self.id);
            assert_eq!(self.mta.protocol & !limit("protocol_subset_of"), 0, "{}", self.id);
            assert!(self.mta.lists.is_empty() || self.mta.version == 6, "{}", self.id);
            self.replies.push(answer);
        } else if !step["expect_final_reply"].is_null() {
            self.expect_reply(step).await;
        } else if step["action"] == "close socket" {
            let (ours, _) = tokio::io::duplex(1);
            drop(std::mem::replace(&mut self.mta.stream, ours));
        } else {
            self.expect(step["expect"].as_str().unwrap_or_else(|| panic!("{}: unknown step {step}", self.id))).await;
        }
    }

    async fn expect_reply(&mut self, step: &Value) {
        let command = *self.sent.last().expect("a command before a reply");
        if is_quiet(command, self.mta.protocol) {
            return;
        }
        let packets = self.mta.replies().await;
        let (last, before) = packets.split_last().unwrap();
        let allowed = |key: &str, letter: char| list(step, key).iter().any(|word| word == &letter.to_string());
        assert!(allowed("expect_final_reply", last.0), "{}: {packets:?}", self.id);
        for modification in before {
            assert!(allowed("modifications_allowed_before", modification.0), "{}: {packets:?}", self.id);
            if self.mta.version < 3 {
                assert!("hmp".contains(modification.0), "{}: newer than version 2: {packets:?}", self.id);
            }
        }
        if last.0 == 'y' {
            check_reply_code(self.id, last);
        }
        if command == b'E' {
            self.finals.push(last.0);
        }
        self.replies.extend(packets);
    }

    async fn expect(&mut self, what: &str) {
        if what.starts_with("connection closed by filter OR a legal reply") {
            if let Some(reply) = self.mta.read().await {
                assert!("Ocartys".contains(reply.0), "{}: {reply:?}", self.id);
            }
        } else if what.starts_with("connection closed by filter") {
            assert!(self.mta.is_closed().await, "{}: {what}", self.id);
        } else if what.starts_with("filter frees the session") {
            let mut next = self.filter.connect();
            next.negotiate(OFFER.0, OFFER.1, OFFER.2).await;
            next.ended().await;
        } else if what.starts_with("OPTNEG reply, then one reply per command that requires one") {
            let answer = self.mta.read().await.expect("an answer to OPTNEG");
            self.mta.agreed(&answer);
            let protocol = self.mta.protocol;
            let due = self.sent.iter().skip(1).filter(|command| !is_quiet(**command, protocol)).count();
            for _ in 0..due {
                self.replies.extend(self.mta.replies().await);
            }
            assert!(self.mta.is_closed().await, "{}: {what}", self.id);
        } else {
            panic!("{}: unknown expectation {what}", self.id);
        }
    }
}

/// Replies without what differs from mail to mail: time and reference.
fn comparable(replies: &[Packet]) -> Vec<String> {
    let kept = |text: String| text.split("ref").next().unwrap_or_default().to_owned();
    replies.iter().filter(|reply| reply.0 != 'p').map(|reply| format!("{} {}", reply.0, kept(reply.text()))).collect()
}

async fn run(session: &Value, cut: usize) -> (Vec<String>, Vec<char>, Vec<String>) {
    let id = session["id"].as_str().unwrap();
    let filter = House::default().open();
    let mta = filter.connect();
    let mut run = Run { id, filter: &filter, cut, mta, sent: Vec::new(), replies: Vec::new(), finals: Vec::new() };
    for step in list(session, "steps") {
        run.step(step).await;
    }
    let Run { mta, replies, finals, .. } = run;
    mta.ended().await;
    assert_eq!(filter.series("wehr_mails_open"), "0", "{id}");
    (comparable(&replies), finals, filter.messages())
}

#[tokio::test]
async fn sessions_go_as_written_in_any_chunking() {
    let sessions = json("sessions.json");
    let mut went = 0;
    for session in list(&sessions, "sessions") {
        let id = session["id"].as_str().unwrap();
        let whole = run(session, usize::MAX).await;
        let (_, finals, messages) = &whole;
        match session["check"].as_str().unwrap_or_default() {
            "" => {}
            "malware found" => assert_eq!(finals, &['y'], "{id}"),
            check if check.starts_with("message 2 is clean") => assert_eq!(finals, &['y', 'c'], "{id}"),
            check if check.starts_with("treated as a From header") => {
                assert!(
                    messages[0].contains("From :<admin@legitimate.com>\r\nFrom:<any@attack.com>\r\n"),
                    "{messages:?}"
                );
            }
            check if check.starts_with("if y:") => assert_eq!(finals, &['y'], "{id}"),
            check => panic!("{id}: nobody checks: {check}"),
        }
        for cut in [1, 7] {
            assert_eq!(run(session, cut).await, whole, "{id} in pieces of {cut} octets");
        }
        went += 1;
    }
    assert!(went >= 24, "only {went} sessions");
}

/// What a scenario of OpenDKIM or OpenDMARC means for us: words that our Authentication-Results has, and has not.
struct Meaning {
    id: &'static str,
    has: &'static [&'static str],
    has_not: &'static [&'static str],
}

const MEANINGS: [Meaning; 12] = [
    Meaning { id: "opendkim-t-verify-double-from", has: &["dkim="], has_not: &["dmarc=pass"] },
    Meaning { id: "opendkim-t-verify-malformed", has: &["dkim=none"], has_not: &["dmarc=pass"] },
    Meaning { id: "opendkim-t-verify-revoked", has: &["dkim="], has_not: &["dkim=pass"] },
    Meaning { id: "opendkim-t-verify-ss-ar-bad", has: &["dkim=pass"], has_not: &[] },
    Meaning { id: "opendkim-t-verify-ss", has: &["dkim=pass"], has_not: &[] },
    Meaning { id: "opendkim-t-verify-syntax", has: &["dkim="], has_not: &["dkim=pass"] },
    Meaning { id: "opendkim-t-verify-unsigned", has: &["dkim=none"], has_not: &[] },
    Meaning { id: "opendkim-t-verify-unspec", has: &["dkim=none"], has_not: &["spf=pass"] },
    Meaning { id: "opendmarc-t-verify-nodata", has: &["dmarc=none"], has_not: &[] },
    Meaning { id: "opendmarc-t-verify-received-spf-bad", has: &["dmarc=none"], has_not: &["spf=pass", "dmarc=pass"] },
    Meaning { id: "opendmarc-t-verify-self-spf", has: &["smtp.mailfrom=trusteddomain.org"], has_not: &["spf=pass"] },
    Meaning { id: "opendmarc-t-verify-unspec", has: &["dmarc=none"], has_not: &["spf=pass"] },
];

struct Scenario {
    mta: Mta,
    answers: Vec<Packet>,
    last: Vec<Packet>,
}

impl Scenario {
    /// Runs the steps; a filter of ours answers CONTINUE where a peer accepts, skips or refuses early.
    async fn play(filter: &Filter, id: &str, steps: &[Value]) -> Vec<Packet> {
        let mut mta = filter.connect();
        mta.negotiate(OFFER.0, OFFER.1, OFFER.2).await;
        let mut scenario = Self { mta, answers: Vec::new(), last: Vec::new() };
        for step in steps {
            scenario.step(id, step).await;
        }
        if scenario.answers.is_empty() {
            // The peer refused in mid-message; we judge whole messages.
            scenario.answers = scenario.mta.command(b'E', b"").await;
        }
        let Self { mta, answers, .. } = scenario;
        mta.ended().await;
        answers
    }

    async fn step(&mut self, id: &str, step: &Value) {
        let argument = |at: usize| step["args"][at].as_str().unwrap_or_default();
        let (command, data) = match step["op"].as_str().unwrap_or_default() {
            "conninfo" => match argument(1) {
                "unspec" => (b'C', format!("{}\0U", argument(0))),
                address => (b'C', format!("{}\x004\0\x19{address}\0", argument(0))),
            },
            "macro" => (b'D', format!("M{}\0{}\0", argument(1), argument(2))),
            "mailfrom" => (b'M', format!("<{}>\0", argument(0))),
            "rcptto" => (b'R', format!("<{}>\0", argument(0))),
            // miltertest puts the space in when the leading space was negotiated.
            "header" => (b'L', format!("{}\0 {}\0", argument(0), argument(1))),
            "eoh" => (b'N', String::new()),
            "bodystring" => (b'B', argument(0).to_owned()),
            "eom" => (b'E', String::new()),
            "expect_reply" => {
                for reply in self.last.iter().filter(|reply| reply.is_final()) {
                    assert!("cas".contains(reply.0), "{id}: {reply:?}");
                }
                return;
            }
            "disconnect" | "getheader" | "eom_check" | "find_in_added_header" | "test_option" => return,
            other => panic!("{id}: unknown step {other}"),
        };
        self.last = self.mta.command(command, data.as_bytes()).await;
        if command == b'E' {
            self.answers.clone_from(&self.last);
        }
    }
}

fn zone() -> BTreeMap<String, Vec<String>> {
    let zone = json("miltertest/zone.json");
    let texts = |records: &Value| {
        let records = records["TXT"].as_array().cloned().unwrap_or_default();
        records.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    zone.as_object().unwrap().iter().map(|(name, records)| (name.clone(), texts(records))).collect()
}

#[tokio::test]
async fn miltertest_scenarios_that_concern_every_verifier() {
    let scenarios = json("miltertest/scenarios.json");
    let mut played = 0;
    for scenario in scenarios.as_array().unwrap() {
        let id = scenario["id"].as_str().unwrap();
        if scenario["applies_to"] != "any" {
            continue;
        }
        let meaning = MEANINGS
            .iter()
            .find(|meaning| id.ends_with(&format!("/{}", meaning.id)))
            .unwrap_or_else(|| panic!("{id}: say what it means for us"));
        let filter = House { world: Script { txt: zone(), ..Script::default() }, ..House::default() }.open();
        let answers = Scenario::play(&filter, id, list(scenario, "steps")).await;
        assert_eq!(answers.last().map(|reply| reply.0), Some('c'), "{id}: {answers:?}");
        let results: Vec<String> = answers
            .iter()
            .filter(|reply| reply.0 == 'i' && reply.text().starts_with("||||Authentication-Results| "))
            .map(Packet::text)
            .collect();
        let [result] = &results[..] else { panic!("{id}: one Authentication-Results, not {results:?}") };
        for word in meaning.has {
            assert!(result.contains(word), "{id}: no `{word}` in {result}");
        }
        for word in meaning.has_not {
            assert!(!result.contains(word), "{id}: `{word}` in {result}");
        }
        played += 1;
    }
    assert_eq!(played, MEANINGS.len(), "every scenario was played");
}
