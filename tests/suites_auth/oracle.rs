//! mail-auth's own verifiers over the messages of the DKIM and ARC suites: a pass there and none here, or the other way
//! round, needs a reason.
//!
//! They run without a runtime: all DNS comes from the zone, so that nothing ever waits.

use crate::{Tally, bytes, crlf, json, lines, mail, zone::Zone};
use futures_util::FutureExt;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DnsCache, DnsError, Error, MessageAuthenticator, NoCache, Parameters,
    ResolverCache, TxtRecord,
    crypto::Algorithm,
    dkim::DomainKey,
    dns::TxtRecordParser,
    hickory_resolver::config::{ResolverConfig, ResolverOpts},
};
use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    time::{Instant, SystemTime},
};
use wehr::judge::{
    auth::{Authentication, Settings, Word},
    facts::{Answer, Fact, Name, Question},
};

/// The keys of a zone, as mail-auth's cache of TXT records.
struct Keys<'a>(&'a Zone);

/// Spells out what is hashed: a cache is asked for any key that hashes like its own, and strings hash as their octets.
#[derive(Default)]
struct Spelling(Vec<u8>);

impl Hasher for Spelling {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }
}

impl ResolverCache<Box<str>, TxtRecord> for Keys<'_> {
    fn get<Q>(&self, name: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut spelling = Spelling::default();
        name.hash(&mut spelling);
        let name = String::from_utf8(spelling.0.strip_suffix(&[0xff]).unwrap().to_vec()).unwrap();
        let none = || TxtRecord::Error(Error::Dns(DnsError::InvalidRecordType));
        // Neither reports nor third parties' permissions are ours to compare.
        if name.starts_with("_report.") || name.contains("._atps.") {
            return Some(none());
        }
        let Fact::Txt(_, answer) = self.0.answer(&Question::Txt(Name::new(&name))) else { unreachable!() };
        Some(match answer {
            Answer::Failed(_) => TxtRecord::Error(Error::Dns(DnsError::Resolver(name))),
            answer if answer.records().is_empty() => none(),
            answer => DomainKey::parse_records(answer.records()).map_or_else(TxtRecord::Error, TxtRecord::from),
        })
    }

    fn remove<Q>(&self, _: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, name: Box<str>, _: TxtRecord, _: Instant) {
        unreachable!("{name} was looked up")
    }
}

impl DnsCache for Keys<'_> {
    type Txt = Self;
    type Mx = NoCache;
    type Ipv4 = NoCache;
    type Ipv6 = NoCache;
    type Ptr = NoCache;

    fn txt(&self) -> Option<&Self> {
        Some(self)
    }

    fn mx(&self) -> Option<&NoCache> {
        None
    }

    fn ipv4(&self) -> Option<&NoCache> {
        None
    }

    fn ipv6(&self) -> Option<&NoCache> {
        None
    }

    fn ptr(&self) -> Option<&NoCache> {
        None
    }
}

/// A resolver without servers; its runtime is gone before it is used.
fn authenticator() -> MessageAuthenticator {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _entered = runtime.enter();
    MessageAuthenticator::new(ResolverConfig::from_parts(None, vec![], vec![]), ResolverOpts::default()).unwrap()
}

/// Ours, at the time that mail-auth reads from the clock.
fn ours(zone: &Zone, raw: &[u8]) -> Authentication {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    zone.authenticate(&mail(raw.to_vec(), i64::try_from(now).unwrap()), &Settings::default()).0
}

/// Compares the signatures of one message: the first octets of those that pass.
fn compare_signatures(tally: &mut Tally<'_>, name: &str, zone: &Zone, raw: &[u8]) {
    let authentication = ours(zone, raw);
    let mut here: Vec<Vec<u8>> = authentication
        .dkim
        .iter()
        .filter(|dkim| dkim.result == Word::Pass)
        .map(|dkim| mail_parser::Encoding::Base64.decode(dkim.signature_start.as_bytes()).into_owned())
        .collect();
    let message = AuthenticatedMessage::parse(raw);
    let keys = Keys(zone);
    let outputs = message.as_ref().map(|message| {
        let parameters = Parameters::new(message).with_cache(&keys);
        authenticator().verify_dkim(parameters).now_or_never().expect("nothing waits")
    });
    let outputs = outputs.unwrap_or_default();
    let passed = outputs.iter().filter(|output| *output.result() == DkimResult::Pass);
    let mut there: Vec<Vec<u8>> = passed
        .map(|output| output.signature().unwrap())
        // mail-auth believes rsa-sha1, RFC 8301 3.1 forbids it.
        .filter(|signature| signature.a != Algorithm::RsaSha1)
        .map(|signature| signature.b[..6].to_vec())
        .collect();
    here.sort();
    there.sort();
    let results: Vec<_> = outputs.iter().map(mail_auth::DkimOutput::result).collect();
    tally.case(name, here == there, format!("{:?} here, {results:?} there", authentication.dkim));
}

#[test]
fn dkim() {
    let several = "mail-auth takes the first of several keys, we try each; RFC 6376 3.6.2.2 leaves it open";
    let mut tally = Tally::new(&[("chasquid/07-algo_mismatch", several)]);
    let mut count = 0;
    for suite in ["rfc", "opendkim"] {
        let zone = Zone::by_type(&json(&format!("dkim/{suite}/zone.json")));
        for case in lines(&format!("dkim/{suite}/cases.jsonl")) {
            let raw = bytes(&format!("dkim/{suite}/{}", case["file"].as_str().unwrap()));
            compare_signatures(&mut tally, case["id"].as_str().unwrap(), &zone, &raw);
            count += 1;
        }
    }
    for case in lines("dkim/chasquid/cases.jsonl") {
        let mut raw = bytes(&format!("dkim/chasquid/{}", case["file"].as_str().unwrap()));
        // A symbolic link that was copied as text.
        if raw == b"01-rfc8463.msg" {
            raw = bytes("dkim/chasquid/01-rfc8463.eml");
        }
        compare_signatures(&mut tally, case["id"].as_str().unwrap(), &Zone::by_type(&case["zone"]), &raw);
        count += 1;
    }
    for number in 1..=6 {
        let zone = Zone::by_type(&json(&format!("dkim/mail-auth/00{number}.zone.json")));
        let raw = bytes(&format!("dkim/mail-auth/00{number}.eml"));
        compare_signatures(&mut tally, &format!("mail-auth/00{number}"), &zone, &raw);
        count += 1;
    }
    tally.finish(count);
}

fn compare_chains(tally: &mut Tally<'_>, name: &str, zone: &Zone, raw: &[u8]) {
    let arc = ours(zone, raw).arc;
    let message = AuthenticatedMessage::parse(raw);
    let keys = Keys(zone);
    let result = message.as_ref().map(|message| {
        let parameters = Parameters::new(message).with_cache(&keys);
        let output = authenticator().verify_arc(parameters).now_or_never().expect("nothing waits");
        output.result().clone()
    });
    let is_same = (arc.result == Word::Pass) == (result == Some(DkimResult::Pass));
    tally.case(name, is_same, format!("{arc:?} here, {result:?} there"));
}

#[test]
fn arc() {
    let sha1 = "mail-auth believes rsa-sha1, RFC 8301 3.1 forbids it";
    let no_algorithm = "mail-auth takes rsa-sha256 for an absent a=, which RFC 6376 3.5 requires";
    let lax = "mail-auth reads past faulty tag lists and takes the last of several tags; RFC 6376 3.2 rejects them";
    let mut tally = Tally::new(&[
        ("ams_fields_a_na", no_algorithm),
        ("as_fields_a_na", no_algorithm),
        ("ams_fields_a_sha1", sha1),
        ("as_fields_a_sha1", sha1),
        ("ams_fields_c_na", "the suite and we take relaxed for an absent c=, mail-auth takes simple"),
        ("ams_fields_h_empty", "the suite and we allow an empty h=, mail-auth does not"),
        ("ams_fields_h_includes_as", "RFC 8617 4.1.2 forbids a message signature over seals; mail-auth does not look"),
        ("as_format_inv_tag_key", lax),
        ("as_format_tags_dup", lax),
        ("as_format_tags_key_case", "tag names are case-sensitive (RFC 6376 3.2), for mail-auth they are not"),
        ("as_format_tags_sc", lax),
    ]);
    for scenario in json("arc/valimail/arc-draft-validation-tests.json").as_array().unwrap() {
        let zone = Zone::of_texts(&scenario["txt-records"]);
        for (name, test) in scenario["tests"].as_object().unwrap() {
            let raw = crlf(test["message"].as_str().unwrap());
            compare_chains(&mut tally, name, &zone, raw.as_bytes());
        }
    }
    for number in ["001", "002"] {
        let zone = Zone::by_type(&json(&format!("arc/mail-auth/{number}.zone.json")));
        compare_chains(&mut tally, number, &zone, &bytes(&format!("arc/mail-auth/{number}.eml")));
    }
    tally.finish(173);
}
