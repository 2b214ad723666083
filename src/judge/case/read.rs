//! Reads `case.toml`: every error at once, with its place and a suggestion.
//!
//! Pure.

use super::{Case, FORMAT, unescaped};
use crate::{
    judge::{
        document::{Document, Errors, Key, Value, unknown},
        entry::{Entry, Recalled},
        facts::{Answer, Digest, Exchanger, Fact, Facts, Failure, Name, Remembered, Scanned},
    },
    mail::{
        address::{Address, Domain},
        envelope::{Client, Envelope, Tls},
        partner::History,
        timestamp::Timestamp,
    },
};
use toml::de::{DeTable, DeValue};

/// The tables below `facts`.
const TABLES: [&str; 9] = ["virus", "inner", "txt", "ipv4", "ipv6", "mx", "names", "partner", "stored"];

impl Case {
    /// Reads the text of `case.toml`; `file` is its name for errors.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Errors> {
        let document = Document::new(file, text);
        let root = document.root();
        let mut case = Self::default();
        for (key, value) in &root {
            match key.get_ref().as_ref() {
                "format" => format(&document, value),
                "received_at" => case.received_at = moment(&document, value).unwrap_or_default(),
                "client" => case.client = client(&document, value),
                "envelope" => case.envelope = envelope(&document, value),
                "facts" => case.facts = facts(&document, value),
                _ => document.complain_of_key(key, ["format", "received_at", "client", "envelope", "facts"]),
            }
        }
        if !root.contains_key("format") {
            document.complain(0..0, format!("format = {FORMAT} is missing"));
        }
        if !root.contains_key("received_at") {
            document.complain(0..0, "received_at is missing: when the mail arrived, as 2026-03-01T09:14:07Z");
        }
        document.finish(case)
    }
}

fn format(document: &Document<'_>, value: &Value<'_>) {
    if let Some(version) = document.count(value)
        && version != FORMAT
    {
        document.complain(value.span(), format!("format {version} is not known here, only {FORMAT}"));
    }
}

fn moment(document: &Document<'_>, value: &Value<'_>) -> Option<Timestamp> {
    let time = match value.get_ref() {
        DeValue::Datetime(time) => Timestamp::parse_rfc3339(&time.to_string()),
        DeValue::String(text) => Timestamp::parse_rfc3339(text),
        DeValue::Integer(seconds) => seconds.to_string().parse().ok().map(Timestamp::from_seconds),
        _ => None,
    };
    if time.is_none() {
        document.complain(value.span(), "a time with its offset is needed here, for example 2026-03-01T09:14:07Z");
    }
    time
}

fn client(document: &Document<'_>, value: &Value<'_>) -> Client {
    let mut client = Client::default();
    for (key, value) in document.table(value).into_iter().flatten() {
        match key.get_ref().as_ref() {
            "address" => client.address = parsed(document, value, "an IP address"),
            "name" => client.name = document.text(value),
            "helo" => client.helo = document.text(value),
            "login" => client.login = document.text(value),
            "tls" => client.tls = Some(tls(document, value)),
            "local" => client.local = document.flag(value).unwrap_or_default(),
            _ => document.complain_of_key(key, ["address", "name", "helo", "login", "tls", "local"]),
        }
    }
    client
}

fn tls(document: &Document<'_>, value: &Value<'_>) -> Tls {
    const KEYS: [&str; 7] =
        ["version", "cipher", "cipher_bits", "certificate_subject", "certificate_issuer", "verified", "dane"];
    let mut tls = Tls::default();
    for (key, value) in document.table(value).into_iter().flatten() {
        match key.get_ref().as_ref() {
            "version" => tls.version = document.text(value).unwrap_or_default(),
            "cipher" => tls.cipher = document.text(value),
            "cipher_bits" => tls.cipher_bits = document.count(value).and_then(|bits| u32::try_from(bits).ok()),
            "certificate_subject" => tls.certificate_subject = document.text(value),
            "certificate_issuer" => tls.certificate_issuer = document.text(value),
            "verified" => tls.verified = document.flag(value).unwrap_or_default(),
            "dane" => tls.dane = document.flag(value).unwrap_or_default(),
            _ => document.complain_of_key(key, KEYS),
        }
    }
    tls
}

fn envelope(document: &Document<'_>, value: &Value<'_>) -> Envelope {
    let mut envelope = Envelope::default();
    for (key, value) in document.table(value).into_iter().flatten() {
        match key.get_ref().as_ref() {
            "sender" => envelope.sender = Address::new(&document.text(value).unwrap_or_default()),
            "recipients" => {
                let recipients = document.texts(value).unwrap_or_default();
                envelope.recipients = recipients.iter().map(|(text, _)| Address::new(text)).collect();
            }
            "queue_id" => envelope.queue_id = document.text(value),
            "smtputf8" => envelope.smtputf8 = document.flag(value).unwrap_or_default(),
            "eight_bit" => envelope.eight_bit = document.flag(value).unwrap_or_default(),
            _ => document.complain_of_key(key, ["sender", "recipients", "queue_id", "smtputf8", "eight_bit"]),
        }
    }
    envelope
}

fn facts(document: &Document<'_>, value: &Value<'_>) -> Facts {
    let mut facts = Facts::default();
    for (key, value) in document.table(value).into_iter().flatten() {
        let found = match key.get_ref().as_ref() {
            "virus" => virus(document, value).map(Fact::Virus).into_iter().collect(),
            "txt" => each(document, value, |name, value| Some(Fact::Txt(name, text_answer(document, value)?))),
            "ipv4" => each(document, value, |name, value| Some(Fact::Ipv4(name, parsed_answer(document, value)?))),
            "ipv6" => each(document, value, |name, value| Some(Fact::Ipv6(name, parsed_answer(document, value)?))),
            "mx" => each(document, value, |name, value| Some(Fact::Mx(name, exchangers(document, value)?))),
            "names" => names(document, value),
            "inner" => inner(document, value),
            "partner" => partners(document, value),
            "stored" => stored(document, value),
            _ => {
                document.complain_of_key(key, TABLES);
                Vec::new()
            }
        };
        for fact in found {
            facts.learn(fact);
        }
    }
    facts
}

/// One fact a line of the table, by name.
fn each(document: &Document<'_>, value: &Value<'_>, fact: impl Fn(Name, &Value<'_>) -> Option<Fact>) -> Vec<Fact> {
    let table = document.table(value).into_iter().flatten();
    table.filter_map(|(key, value): (&Key<'_>, &Value<'_>)| fact(Name::new(key.get_ref()), value)).collect()
}

fn names(document: &Document<'_>, value: &Value<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let empty = DeTable::new();
    for (key, value) in document.table(value).unwrap_or(&empty) {
        match key.get_ref().parse() {
            Ok(address) => {
                let found = answer(document, value, "a host name", |text| Some(Name::new(text)));
                facts.extend(found.map(|found| Fact::Names(address, found)));
            }
            Err(_) => document.complain(key.span(), format!("`{}` is no IP address", key.get_ref())),
        }
    }
    facts
}

fn text_answer(document: &Document<'_>, value: &Value<'_>) -> Option<Answer<Vec<u8>>> {
    answer(document, value, "text with \\\\ and \\xNN as its only escapes", unescaped)
}

fn parsed_answer<T: std::str::FromStr>(document: &Document<'_>, value: &Value<'_>) -> Option<Answer<T>> {
    answer(document, value, "an IP address of this family", |text| text.parse().ok())
}

fn exchangers(document: &Document<'_>, value: &Value<'_>) -> Option<Answer<Exchanger>> {
    answer(document, value, "a mail exchanger: PREFERENCE HOST", |text| {
        let (preference, host) = text.split_once(' ')?;
        Some(Exchanger { preference: preference.parse().ok()?, host: Name::new(host) })
    })
}

/// A list of records, `"nothing"`, `"no_name"` or `{ failed = "timeout" }`.
fn answer<T>(
    document: &Document<'_>,
    value: &Value<'_>,
    kind: &str,
    record: impl Fn(&str) -> Option<T>,
) -> Option<Answer<T>> {
    match value.get_ref() {
        DeValue::String(word) if word == "nothing" => Some(Answer::NoData),
        DeValue::String(word) if word == "no_name" => Some(Answer::NoName),
        DeValue::String(word) => {
            document
                .complain(value.span(), unknown("answer", word, ["nothing", "no_name"]) + "; records stand in a list");
            None
        }
        DeValue::Table(_) => failed(document, value).map(Answer::Failed),
        _ => {
            let mut records = Vec::new();
            for (text, span) in document.texts(value)? {
                match record(&text) {
                    Some(record) => records.push(record),
                    None => document.complain(span, format!("`{text}` is not {kind}")),
                }
            }
            Some(Answer::Records(records))
        }
    }
}

/// What the scanner said of octets found inside, by their digests.
fn inner(document: &Document<'_>, value: &Value<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (key, value) in document.table(value).into_iter().flatten() {
        match Digest::parse(key.get_ref()) {
            Some(digest) => facts.extend(virus(document, value).map(|scanned| Fact::Inner(digest, scanned))),
            None => document.complain(key.span(), format!("`{}` is no SHA-256 in hexadecimal", key.get_ref())),
        }
    }
    facts
}

/// What is remembered of domains: `"nothing"`, `{ failed = ".." }`, or counts by level and times in seconds since 1970.
fn partners(document: &Document<'_>, value: &Value<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (key, value) in document.table(value).into_iter().flatten() {
        let remembered = match value.get_ref() {
            DeValue::String(word) if word == "nothing" => Some(Remembered::Nothing),
            DeValue::Table(table) if table.contains_key("mails") => history(document, value).map(Remembered::Known),
            _ => failed(document, value).map(Remembered::Failed),
        };
        match Domain::parse(key.get_ref()) {
            Some(domain) => facts.extend(remembered.map(|remembered| Fact::Partner(domain, remembered))),
            None => document.complain(key.span(), format!("`{}` is no name of a domain", key.get_ref())),
        }
    }
    facts
}

/// What is remembered of senders: `"nothing"`, `{ failed = ".." }`, or a number.
fn stored(document: &Document<'_>, value: &Value<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (key, value) in document.table(value).into_iter().flatten() {
        let recalled = match value.get_ref() {
            DeValue::String(word) if word == "nothing" => Some(Recalled::Nothing),
            DeValue::String(_) => parsed(document, value, "a number or `nothing`").map(Recalled::Number),
            _ => failed(document, value).map(Recalled::Failed),
        };
        match key.get_ref().parse::<Entry>() {
            Ok(entry) => facts.extend(recalled.map(|recalled| Fact::Stored(entry, recalled))),
            Err(()) => document.complain(key.span(), format!("`{}` is no name of an entry", key.get_ref())),
        }
    }
    facts
}

fn history(document: &Document<'_>, value: &Value<'_>) -> Option<History> {
    let mut history = History::default();
    for (key, value) in document.table(value)? {
        let text = document.text(value)?;
        let time = text.parse().ok();
        let is_right = match key.get_ref().as_ref() {
            "mails" => {
                let counts: Vec<u64> = text.split(' ').filter_map(|count| count.parse().ok()).collect();
                counts.try_into().map(|counts| history.mails = counts).is_ok()
            }
            "encrypted_since" => std::mem::replace(&mut history.encrypted_since, time).is_none() && time.is_some(),
            "encrypted_until" => std::mem::replace(&mut history.encrypted_until, time).is_none() && time.is_some(),
            "last_seen" => time.map(|time| history.last_seen = time).is_some(),
            _ => {
                document.complain_of_key(key, ["mails", "encrypted_since", "encrypted_until", "last_seen"]);
                true
            }
        };
        if !is_right {
            document.complain(value.span(), "five counts by level, or seconds since 1970, are needed here");
        }
    }
    Some(history)
}

fn virus(document: &Document<'_>, value: &Value<'_>) -> Option<Scanned> {
    if let DeValue::Table(table) = value.get_ref() {
        if let Some(name) = table.get("infected") {
            return document.text(name).map(Scanned::Infected);
        }
        return failed(document, value).map(Scanned::Failed);
    }
    let word = document.text(value)?;
    match word.as_str() {
        "not_asked" => Some(Scanned::NotAsked),
        "clean" => Some(Scanned::Clean),
        _ => {
            document.complain(value.span(), unknown("scan result", &word, ["not_asked", "clean"]));
            None
        }
    }
}

fn failed(document: &Document<'_>, value: &Value<'_>) -> Option<Failure> {
    let mut failure = None;
    for (key, value) in document.table(value)? {
        if key.get_ref() != "failed" {
            document.complain_of_key(key, ["failed"]);
            continue;
        }
        let word = document.text(value)?;
        failure = Failure::parse(&word);
        if failure.is_none() {
            document.complain(value.span(), unknown("failure", &word, Failure::ALL.map(Failure::word)));
        }
    }
    failure
}

fn parsed<T: std::str::FromStr>(document: &Document<'_>, value: &Value<'_>, kind: &str) -> Option<T> {
    let text = document.text(value)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        document.complain(value.span(), format!("`{text}` is not {kind}"));
    }
    parsed
}
