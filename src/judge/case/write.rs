//! Writes a case as TOML, one line a fact, in a fixed order.
//!
//! Pure. Writing into a `String` cannot fail, so its result is not looked at.

use super::{Case, FORMAT, escaped};
use crate::{
    judge::{
        entry::Recalled,
        facts::{Answer, Fact, Name, Remembered, Scanned},
    },
    mail::{
        address::Address,
        envelope::{Client, Envelope, Tls},
        partner::History,
        timestamp::Timestamp,
    },
};
use std::{collections::BTreeMap, fmt::Write as _};

impl Case {
    /// The text of `case.toml`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("format = {FORMAT}\nreceived_at = {}\n", moment(self.received_at));
        client(&mut out, &self.client);
        envelope(&mut out, &self.envelope);
        let mut tables: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for fact in self.facts.all() {
            let (table, line) = line(&fact);
            tables.entry(table).or_default().push(line);
        }
        for (table, lines) in tables {
            let _ = writeln!(out, "\n[{table}]\n{}", lines.join("\n"));
        }
        out
    }
}

/// An RFC 3339 time, or the seconds where that form cannot name the moment.
fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    let is_exact = text.len() == "2026-03-01T09:14:07Z".len() && Timestamp::parse_rfc3339(&text) == Some(time);
    if is_exact { text } else { time.seconds().to_string() }
}

fn client(out: &mut String, client: &Client) {
    let Client { address, name, helo, tls, login, local } = client;
    out.push_str("\n[client]\n");
    let address = address.map(|address| address.to_string());
    for (key, value) in [("address", &address), ("name", name), ("helo", helo), ("login", login)] {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = {}", quoted(value));
        }
    }
    if let Some(tls) = tls {
        let _ = writeln!(out, "tls = {}", self::tls(tls));
    }
    if *local {
        let _ = writeln!(out, "local = true");
    }
}

fn tls(tls: &Tls) -> String {
    let Tls { version, cipher, cipher_bits, certificate_subject, certificate_issuer, verified, dane } = tls;
    let mut pairs = vec![format!("version = {}", quoted(version))];
    if let Some(cipher) = cipher {
        pairs.push(format!("cipher = {}", quoted(cipher)));
    }
    if let Some(bits) = cipher_bits {
        pairs.push(format!("cipher_bits = {bits}"));
    }
    if let Some(subject) = certificate_subject {
        pairs.push(format!("certificate_subject = {}", quoted(subject)));
    }
    if let Some(issuer) = certificate_issuer {
        pairs.push(format!("certificate_issuer = {}", quoted(issuer)));
    }
    if *verified {
        pairs.push("verified = true".to_owned());
    }
    if *dane {
        pairs.push("dane = true".to_owned());
    }
    format!("{{ {} }}", pairs.join(", "))
}

fn envelope(out: &mut String, envelope: &Envelope) {
    let Envelope { sender, recipients, queue_id, smtputf8, eight_bit } = envelope;
    let _ = writeln!(out, "\n[envelope]\nsender = {}", quoted(&path(sender)));
    let recipients: Vec<_> = recipients.iter().map(|recipient| quoted(&path(recipient))).collect();
    let _ = writeln!(out, "recipients = [{}]", recipients.join(", "));
    if let Some(queue_id) = queue_id {
        let _ = writeln!(out, "queue_id = {}", quoted(queue_id));
    }
    for (key, flag) in [("smtputf8", smtputf8), ("eight_bit", eight_bit)] {
        if *flag {
            let _ = writeln!(out, "{key} = true");
        }
    }
}

/// The address; within angle brackets where reading it back would otherwise change it.
fn path(address: &Address) -> String {
    let text = address.as_str();
    if &Address::new(text) == address { text.to_owned() } else { format!("<{text}>") }
}

/// The table a fact stands in, and its line.
fn line(fact: &Fact) -> (&'static str, String) {
    match fact {
        // The table without a second word comes first in the alphabet, as TOML asks for.
        Fact::Virus(scanned) => ("facts", format!("virus = {}", virus(scanned))),
        Fact::Inner(digest, scanned) => ("facts.inner", pair(digest.as_str(), &virus(scanned))),
        Fact::Txt(name, found) => ("facts.txt", pair(&full(name), &answer(found, |text| escaped(text)))),
        Fact::Ipv4(name, found) => ("facts.ipv4", pair(&full(name), &answer(found, ToString::to_string))),
        Fact::Ipv6(name, found) => ("facts.ipv6", pair(&full(name), &answer(found, ToString::to_string))),
        Fact::Mx(name, found) => {
            let exchanger = answer(found, |exchanger| format!("{} {}", exchanger.preference, full(&exchanger.host)));
            ("facts.mx", pair(&full(name), &exchanger))
        }
        Fact::Partner(domain, found) => ("facts.partner", pair(domain.as_str(), &remembered(found))),
        Fact::Stored(entry, found) => ("facts.stored", pair(&entry.to_string(), &recalled(*found))),
        Fact::Names(address, found) => ("facts.names", pair(&address.to_string(), &answer(found, full))),
    }
}

fn pair(key: &str, value: &str) -> String {
    format!("{} = {value}", quoted(key))
}

fn answer<T>(answer: &Answer<T>, text: impl Fn(&T) -> String) -> String {
    match answer {
        Answer::Records(records) => {
            let records: Vec<_> = records.iter().map(|record| quoted(&text(record))).collect();
            format!("[{}]", records.join(", "))
        }
        Answer::NoData => quoted("nothing"),
        Answer::NoName => quoted("no_name"),
        Answer::Failed(failure) => format!("{{ failed = {} }}", quoted(failure.word())),
    }
}

fn remembered(remembered: &Remembered) -> String {
    match remembered {
        Remembered::Nothing => quoted("nothing"),
        Remembered::Failed(failure) => format!("{{ failed = {} }}", quoted(failure.word())),
        Remembered::Known(History { mails, encrypted_since, encrypted_until, last_seen }) => {
            let mails: Vec<String> = mails.iter().map(ToString::to_string).collect();
            let time =
                |key: &str, time: &Option<i64>| time.map(|time| format!("{key} = {}, ", quoted(&time.to_string())));
            let since = time("encrypted_since", encrypted_since).unwrap_or_default();
            let until = time("encrypted_until", encrypted_until).unwrap_or_default();
            let seen = quoted(&last_seen.to_string());
            format!("{{ mails = {}, {since}{until}last_seen = {seen} }}", quoted(&mails.join(" ")))
        }
    }
}

fn recalled(recalled: Recalled) -> String {
    match recalled {
        Recalled::Nothing => quoted("nothing"),
        Recalled::Number(number) => quoted(&number.to_string()),
        Recalled::Failed(failure) => format!("{{ failed = {} }}", quoted(failure.word())),
    }
}

fn virus(scanned: &Scanned) -> String {
    match scanned {
        Scanned::NotAsked => quoted("not_asked"),
        Scanned::Clean => quoted("clean"),
        Scanned::Infected(name) => format!("{{ infected = {} }}", quoted(name)),
        Scanned::Failed(failure) => format!("{{ failed = {} }}", quoted(failure.word())),
    }
}

/// A name that ends in a dot gets one more, for reading takes one away.
fn full(name: &Name) -> String {
    let text = name.as_str();
    if text.ends_with('.') { format!("{text}.") } else { text.to_owned() }
}

/// A TOML basic string (TOML 1.0, "String").
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
