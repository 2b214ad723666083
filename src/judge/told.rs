//! Questions and answers in words, for people who ask how a verdict came about.
//!
//! Pure.

use super::{
    case::escaped,
    entry::Recalled,
    facts::{Answer, Fact, Question, Remembered, Scanned},
};

/// What was asked.
#[must_use]
pub fn question(question: &Question) -> String {
    match question {
        Question::Txt(name) | Question::Ipv4(name) | Question::Ipv6(name) | Question::Mx(name) => {
            format!("{} {name}", question.kind())
        }
        Question::Names(address) => format!("names {address}"),
        Question::Virus => "virus".to_owned(),
        Question::Inner(digest) => format!("virus {}", digest.as_str()),
        Question::Partner(domain) => format!("partner {domain}"),
        Question::Stored(entry) => entry.to_string(),
    }
}

/// What was answered, or why nothing was.
#[must_use]
pub fn answer(fact: &Fact) -> String {
    fn records<T>(answer: &Answer<T>, text: impl Fn(&T) -> String) -> String {
        match answer {
            Answer::Records(records) => records.iter().map(text).collect::<Vec<_>>().join(", "),
            Answer::NoData => "no such record".to_owned(),
            Answer::NoName => "no such name".to_owned(),
            Answer::Failed(failure) => format!("no answer: {}", failure.word()),
        }
    }
    match fact {
        Fact::Txt(_, answer) => records(answer, |text| format!("\"{}\"", escaped(text))),
        Fact::Ipv4(_, answer) => records(answer, ToString::to_string),
        Fact::Ipv6(_, answer) => records(answer, ToString::to_string),
        Fact::Mx(_, answer) => records(answer, |mx| format!("{} {}", mx.preference, mx.host)),
        Fact::Names(_, answer) => records(answer, ToString::to_string),
        Fact::Partner(_, Remembered::Known(history)) => {
            format!("{} mails with TLS, {} without", history.encrypted(), history.plaintext())
        }
        Fact::Stored(_, Recalled::Number(number)) => number.to_string(),
        Fact::Partner(_, Remembered::Nothing) | Fact::Stored(_, Recalled::Nothing) => "not known".to_owned(),
        Fact::Partner(_, Remembered::Failed(failure)) | Fact::Stored(_, Recalled::Failed(failure)) => {
            format!("no answer: {}", failure.word())
        }
        Fact::Virus(scanned) | Fact::Inner(_, scanned) => match scanned {
            Scanned::NotAsked => "not asked".to_owned(),
            Scanned::Clean => "clean".to_owned(),
            Scanned::Infected(name) => format!("infected: {name}"),
            Scanned::Failed(failure) => format!("no answer: {}", failure.word()),
        },
    }
}
