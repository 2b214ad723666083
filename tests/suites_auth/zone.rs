//! DNS from the zones of the suites, and the loop that asks it.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};
use wehr::{
    judge::{
        auth::{Authentication, Progress, Settings},
        facts::{Answer, Exchanger, Fact, Facts, Failure, Name, Question, Reading},
    },
    mail::Mail,
};

#[derive(Clone, Debug, Default)]
struct Entry {
    /// Type and value, in order.
    records: Vec<(String, Value)>,
    /// Types without record here fail so.
    otherwise: Option<Failure>,
    is_absent: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Zone(BTreeMap<String, Entry>);

impl Zone {
    /// `name -> {TXT: [..], A: [..], MX: ["10 host"], RCODE: ".."}`.
    pub fn by_type(zone: &Value) -> Self {
        let mut table = Self::default();
        for (name, types) in zone.as_object().unwrap() {
            let mut entry = Entry::default();
            for (kind, values) in types.as_object().unwrap() {
                match (kind.as_str(), values.as_str()) {
                    ("RCODE", Some("NXDOMAIN")) => entry.is_absent = true,
                    ("RCODE", Some("TIMEOUT")) => entry.otherwise = Some(Failure::Timeout),
                    ("RCODE", _) => entry.otherwise = Some(Failure::ServerFailure),
                    (_, Some(_)) => entry.records.push((kind.clone(), values.clone())),
                    (_, None) => {
                        for value in values.as_array().unwrap() {
                            entry.records.push((kind.clone(), value.clone()));
                        }
                    }
                }
            }
            table.0.insert(key(name), entry);
        }
        table
    }

    /// `name -> [{type, value}]`; a bare TIMEOUT makes every type fail that has no record before it.
    pub fn by_record(zone: &Value) -> Self {
        let mut table = Self::default();
        for (name, records) in zone.as_object().unwrap() {
            let mut entry = Entry::default();
            for record in records.as_array().unwrap() {
                match record["type"].as_str().unwrap() {
                    "TIMEOUT" => entry.otherwise = Some(Failure::Timeout),
                    kind => entry.records.push((kind.to_owned(), record["value"].clone())),
                }
            }
            table.0.insert(key(name), entry);
        }
        table
    }

    /// `name -> text`, for keys.
    pub fn of_texts(texts: &Value) -> Self {
        let mut table = Self::default();
        for (name, text) in texts.as_object().unwrap() {
            let text = text.as_str().unwrap().replace('\n', "");
            let entry = Entry { records: vec![("TXT".to_owned(), Value::from(text))], ..Entry::default() };
            table.0.insert(key(name), entry);
        }
        table
    }

    fn find<T>(&self, name: &str, kind: &str, read: impl Fn(&Value) -> Option<T>) -> Answer<T> {
        let mut name = key(name);
        for _ in 0..8 {
            let Some(entry) = self.0.get(&name) else {
                let below = format!(".{name}");
                return if self.0.keys().any(|known| known.ends_with(&below)) {
                    Answer::NoData
                } else {
                    Answer::NoName
                };
            };
            if entry.is_absent {
                return Answer::NoName;
            }
            let records: Vec<T> =
                entry.records.iter().filter(|(k, _)| k == kind).filter_map(|(_, value)| read(value)).collect();
            if !records.is_empty() {
                return Answer::Records(records);
            }
            match entry.records.iter().find(|(k, _)| k == "CNAME") {
                Some((_, target)) => name = key(target.as_str().unwrap()),
                None => return entry.otherwise.map_or(Answer::NoData, Answer::Failed),
            }
        }
        // A loop of aliases is what a resolver gives up on.
        Answer::Failed(Failure::ServerFailure)
    }

    pub fn answer(&self, question: &Question) -> Fact {
        match question.clone() {
            Question::Txt(name) => {
                Fact::Txt(name.clone(), self.find(name.as_str(), "TXT", |value| Some(octets(value))))
            }
            Question::Ipv4(name) => {
                Fact::Ipv4(name.clone(), self.find(name.as_str(), "A", |v| v.as_str()?.parse().ok()))
            }
            Question::Ipv6(name) => {
                Fact::Ipv6(name.clone(), self.find(name.as_str(), "AAAA", |v| v.as_str()?.parse().ok()))
            }
            Question::Mx(name) => Fact::Mx(name.clone(), self.find(name.as_str(), "MX", exchanger)),
            Question::Names(address) => {
                Fact::Names(address, self.find(&reverse(address), "PTR", |value| Some(Name::new(value.as_str()?))))
            }
            Question::Virus | Question::Inner(_) | Question::Partner(_) | Question::Stored(_) => {
                unreachable!("authentication asks no scanner")
            }
        }
    }

    /// Runs the authentication to its end; also what it asked.
    pub fn authenticate(&self, mail: &Mail, settings: &Settings) -> (Authentication, BTreeSet<Question>) {
        let mut progress = Progress::default();
        let mut facts = Facts::default();
        let mut asked = BTreeSet::new();
        for _ in 0..wehr::limits::ROUNDS_MAX {
            let reading = Reading::of(&facts);
            if let Ok(authentication) = progress.advance(mail, &reading, settings) {
                assert!(reading.wanted().is_empty(), "done, and asks all the same");
                return (authentication, asked);
            }
            let wanted = reading.wanted();
            assert!(!wanted.is_empty(), "unknown, and asks nothing");
            for question in wanted {
                facts.learn(self.answer(&question));
                asked.insert(question);
            }
        }
        panic!("no end after {} rounds; asked {asked:?}", wehr::limits::ROUNDS_MAX);
    }
}

fn key(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Strings joined; characters up to U+00FF stand for octets.
fn octets(value: &Value) -> Vec<u8> {
    let text: String = match value {
        Value::Array(parts) => parts.iter().map(|part| part.as_str().unwrap()).collect(),
        other => other.as_str().unwrap().to_owned(),
    };
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

fn exchanger(value: &Value) -> Option<Exchanger> {
    let (preference, host) = match value {
        Value::Array(parts) => {
            let number = parts[0].as_str().map_or_else(|| parts[0].to_string(), str::to_owned);
            (number, parts[1].as_str()?.to_owned())
        }
        other => other.as_str()?.split_once(' ').map(|(number, host)| (number.to_owned(), host.to_owned()))?,
    };
    Some(Exchanger { preference: preference.parse().ok()?, host: Name::new(&host) })
}

fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let nibbles: Vec<String> =
                format!("{:032x}", u128::from(address)).chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa", nibbles.join("."))
        }
    }
}
