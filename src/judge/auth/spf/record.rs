//! The SPF record: selection among TXT records and grammar (RFC 7208 4.5, 4.6, 12).
//!
//! Pure. Strict: anything the grammar does not allow makes the whole record a permerror (RFC 7208 4.6).

use super::macros::Spec;
use crate::judge::{auth::Word, facts::Text};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A parsed record. `exp` is checked for syntax and dropped: explanations are never sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub directives: Vec<Directive>,
    pub redirect: Option<Spec>,
}

/// A mechanism and the result it gives when it matches.
#[derive(Debug, PartialEq, Eq)]
pub struct Directive {
    pub result: Word,
    pub mechanism: Mechanism,
}

/// Lengths of the network prefixes that `a` and `mx` compare (RFC 7208 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefixes {
    pub ipv4: u8,
    pub ipv6: u8,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Mechanism {
    All,
    Include(Spec),
    A(Option<Spec>, Prefixes),
    Mx(Option<Spec>, Prefixes),
    Ptr(Option<Spec>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(Spec),
}

/// The one SPF record among the TXT records of a name; `Err` when there are several (RFC 7208 4.5).
///
/// # Errors
/// A sentence when more than one record claims to be SPF.
pub fn select(texts: &[Text]) -> Result<Option<&Text>, &'static str> {
    let mut found = texts.iter().filter(|text| is_spf(text));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err("several SPF records at one name"),
        (first, None) => Ok(first),
    }
}

fn is_spf(text: &[u8]) -> bool {
    let version = text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"v=spf1"));
    version && matches!(text.get(6), None | Some(b' '))
}

impl Record {
    /// Reads a record that [`select`] has found.
    ///
    /// # Errors
    /// The term that is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let Ok(text) = std::str::from_utf8(text) else {
            return Err("the record is not ASCII".to_owned());
        };
        let mut record = Self::default();
        let mut has_explanation = false;
        for term in text.get(6..).unwrap_or_default().split(' ').filter(|term| !term.is_empty()) {
            let wrong = || format!("cannot read the term {term:.60}");
            if !term.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(wrong());
            }
            let Some((name, value)) = modifier(term) else {
                record.directives.push(directive(term).ok_or_else(wrong)?);
                continue;
            };
            if name.eq_ignore_ascii_case("redirect") {
                let spec = Spec::domain(value).ok_or_else(wrong)?;
                if record.redirect.replace(spec).is_some() {
                    return Err("redirect= appears twice".to_owned());
                }
            } else if name.eq_ignore_ascii_case("exp") {
                Spec::domain(value).ok_or_else(wrong)?;
                if std::mem::replace(&mut has_explanation, true) {
                    return Err("exp= appears twice".to_owned());
                }
            } else {
                Spec::any(value).ok_or_else(wrong)?;
            }
        }
        Ok(record)
    }
}

/// `name=value` (RFC 7208 6); a directive never has `=` straight after its name.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let mut bytes = name.bytes();
    let is_name = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_name.then_some((name, value))
}

fn directive(term: &str) -> Option<Directive> {
    let (result, rest) = match term.as_bytes().first()? {
        b'+' => (Word::Pass, term.get(1..)?),
        b'-' => (Word::Fail, term.get(1..)?),
        b'~' => (Word::SoftFail, term.get(1..)?),
        b'?' => (Word::Neutral, term.get(1..)?),
        _ => (Word::Pass, term),
    };
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, argument) = rest.split_at(end);
    mechanism(&name.to_ascii_lowercase(), argument).map(|mechanism| Directive { result, mechanism })
}

/// `argument` begins with `:` or `/` or is empty.
fn mechanism(name: &str, argument: &str) -> Option<Mechanism> {
    let value = argument.strip_prefix(':');
    Some(match name {
        "all" if argument.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(Spec::domain(value?)?),
        "exists" => Mechanism::Exists(Spec::domain(value?)?),
        "ptr" if argument.is_empty() => Mechanism::Ptr(None),
        "ptr" => Mechanism::Ptr(Some(Spec::domain(value?)?)),
        "a" | "mx" => {
            let (rest, prefixes) = prefixes(argument)?;
            let spec = match rest.strip_prefix(':') {
                Some(spec) => Some(Spec::domain(spec)?),
                None if rest.is_empty() => None,
                None => return None,
            };
            if name == "a" { Mechanism::A(spec, prefixes) } else { Mechanism::Mx(spec, prefixes) }
        }
        "ip4" => {
            let (address, length) = network(value?, 32)?;
            Mechanism::Ip4(address.parse().ok()?, length)
        }
        "ip6" => {
            let (address, length) = network(value?, 128)?;
            Mechanism::Ip6(address.parse().ok()?, length)
        }
        _ => return None,
    })
}

fn network(text: &str, max: u8) -> Option<(&str, u8)> {
    match text.split_once('/') {
        Some((address, length)) => Some((address, prefix(length, max)?)),
        None => Some((text, max)),
    }
}

/// Takes `/n`, `//n` or `/n//m` off the end; a `/` before it belongs to the name (RFC 7208 7.1).
fn prefixes(argument: &str) -> Option<(&str, Prefixes)> {
    let mut found = Prefixes { ipv4: 32, ipv6: 128 };
    let mut rest = argument;
    if let Some((before, length)) = rest.rsplit_once("//")
        && is_number(length)
    {
        found.ipv6 = prefix(length, 128)?;
        rest = before;
    }
    if let Some((before, length)) = rest.rsplit_once('/')
        && is_number(length)
    {
        found.ipv4 = prefix(length, 32)?;
        rest = before;
    }
    Some((rest, found))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn prefix(text: &str, max: u8) -> Option<u8> {
    let is_plain = is_number(text) && (text == "0" || !text.starts_with('0'));
    if !is_plain {
        return None;
    }
    text.parse().ok().filter(|length| *length <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar_is_strict() {
        for good in [
            "v=spf1",
            "v=spf1 a mx:example.com/24//64 ?all ",
            "v=spf1 exists:%{ir}.%{l1r-}/x.example.com -all",
            "v=spf1 A:%{d} redirect=_spf.example.com. x-y=%{c}%%",
        ] {
            assert!(Record::parse(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "v=spf1 a:museum",
            "v=spf1 a/33",
            "v=spf1 a/024",
            "v=spf1 all:x",
            "v=spf1 ip4:1.2.3.04",
            "v=spf1 ip6:::1.2.3.4.5",
            "v=spf1 a:%{c}.example.com",
            "v=spf1 a:%{d0}.example.com",
            "v=spf1 -\tall",
            "v=spf1 redirect=a.b redirect=a.b",
            "v=spf1 include:",
            "v=spf1 a:example.com%",
        ] {
            assert!(Record::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
