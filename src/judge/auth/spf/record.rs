//! The SPF record: selection among TXT records and grammar (RFC 7208 4.5, 4.6, 7.1, 12).
//!
//! Pure. mail-auth parses the record and its macros. Before it stands a check of ours, for its parser reads past
//! what RFC 7208 4.6 makes a permerror: unknown mechanisms, spaces and several signs before a mechanism, `a=`, numbers
//! out of range, octets above 255, names without top label, `%{d0}`. It refuses what is allowed, too: a `/` in a name
//! and unknown modifiers that look like those of RFC 6652; so it is given the terms it has to know, with such a `/`
//! shielded.

use crate::judge::facts::Text;
use mail_auth::{dns::TxtRecordParser, spf::SpfRecord};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Stands for a `/` in a name; the check lets it in nowhere else, for DEL is no octet of a record.
pub const SLASH: char = '\u{7f}';

/// RFC 7208 5.
const MECHANISMS: [&str; 8] = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];
/// Macro letters of a domain-spec (RFC 7208 7.2).
const DOMAIN_LETTERS: &[u8] = b"slodiphv";
/// Macro letters of explanations and so of unknown modifiers.
const ALL_LETTERS: &[u8] = b"slodiphvcrt";

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

/// Reads a record that [`select`] has found.
///
/// # Errors
/// The term that is wrong.
pub fn parse(text: &[u8]) -> Result<SpfRecord, String> {
    let text = std::str::from_utf8(text).map_err(|_| "the record is not ASCII")?;
    let is_clean = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !is_clean {
        return Err("the record holds other octets than ASCII letters, signs and spaces".to_owned());
    }
    let mut checked = String::with_capacity(text.len());
    checked.push_str("v=spf1");
    for term in text.get(6..).unwrap_or_default().split(' ').filter(|term| !term.is_empty()) {
        let read = match modifier(term) {
            Some((name, value)) => check_modifier(name, value, &mut checked),
            None => check_directive(term, &mut checked),
        };
        read.ok_or_else(|| format!("cannot read the term {term:.60}"))?;
    }
    SpfRecord::parse(checked.as_bytes()).map_err(|error| format!("the record is malformed: {error}"))
}

/// `name=value` (RFC 7208 6); a directive never has `=` straight after its name.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let mut bytes = name.bytes();
    let is_name = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_name.then_some((name, value))
}

/// Unknown modifiers are checked and left out (RFC 7208 6).
fn check_modifier(name: &str, value: &str, out: &mut String) -> Option<()> {
    let known = ["redirect", "exp"].into_iter().find(|known| name.eq_ignore_ascii_case(known));
    let Some(known) = known else { return macro_string(value, ALL_LETTERS, &mut String::new()).map(|_| ()) };
    out.extend([" ", known, "="]);
    domain_spec(value, out)
}

fn check_directive(term: &str, out: &mut String) -> Option<()> {
    let rest = term.strip_prefix(['+', '-', '~', '?']).unwrap_or(term);
    let (name, argument) = rest.split_at(rest.find([':', '/']).unwrap_or(rest.len()));
    let name = MECHANISMS.into_iter().find(|known| name.eq_ignore_ascii_case(known))?;
    let value = argument.strip_prefix(':');
    out.push(' ');
    out.push_str(term.strip_suffix(rest)?);
    out.push_str(name);
    match name {
        "all" | "ptr" if argument.is_empty() => Some(()),
        "include" | "exists" | "ptr" => {
            out.push(':');
            domain_spec(value?, out)
        }
        "a" | "mx" => {
            let spec = without_prefixes(argument)?;
            match spec.strip_prefix(':') {
                Some(spec) => {
                    out.push(':');
                    domain_spec(spec, out)?;
                }
                None if spec.is_empty() => (),
                None => return None,
            }
            out.push_str(argument.strip_prefix(spec)?);
            Some(())
        }
        "ip4" => {
            network(value?, 32)?.parse::<Ipv4Addr>().ok()?;
            out.push_str(argument);
            Some(())
        }
        "ip6" => {
            network(value?, 128)?.parse::<Ipv6Addr>().ok()?;
            out.push_str(argument);
            Some(())
        }
        _ => None,
    }
}

/// The address of a network whose prefix length, if there is one, is right.
fn network(text: &str, max: u8) -> Option<&str> {
    match text.split_once('/') {
        Some((address, length)) => is_prefix(length, max).then_some(address),
        None => Some(text),
    }
}

/// Takes `/n`, `//n` or `/n//m` off the end; a `/` before it belongs to the name (RFC 7208 7.1).
fn without_prefixes(argument: &str) -> Option<&str> {
    let mut rest = argument;
    for (separator, max) in [("//", 128), ("/", 32)] {
        if let Some((before, length)) = rest.rsplit_once(separator)
            && is_number(length)
        {
            rest = is_prefix(length, max).then_some(before)?;
        }
    }
    Some(rest)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_prefix(text: &str, max: u8) -> bool {
    let is_plain = is_number(text) && (text == "0" || !text.starts_with('0'));
    is_plain && text.parse::<u8>().is_ok_and(|length| length <= max)
}

/// Appends a domain-spec: a macro-string that ends in a macro or in a dot and a top label (RFC 7208 7.1).
fn domain_spec(text: &str, out: &mut String) -> Option<()> {
    let tail = macro_string(text, DOMAIN_LETTERS, out)?;
    let ends_well = match tail.strip_suffix('.').unwrap_or(tail).rsplit_once('.') {
        Some((_, label)) => is_top_label(label),
        None => tail.is_empty() && !text.is_empty(),
    };
    ends_well.then_some(())
}

/// Appends a macro-string with the `/` of its literals shielded; gives what follows its last macro.
fn macro_string<'a>(text: &'a str, letters: &[u8], out: &mut String) -> Option<&'a str> {
    let literal = |text: &str, out: &mut String| {
        for (position, piece) in text.split('/').enumerate() {
            if position > 0 {
                out.push(SLASH);
            }
            out.push_str(piece);
        }
    };
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('%') {
        literal(before, out);
        let length = match escape.as_bytes().first()? {
            b'%' | b'_' | b'-' => 1,
            b'{' => {
                let end = escape.find('}')?;
                is_macro(escape.get(1..end)?, letters).then_some(end + 1)?
            }
            _ => return None,
        };
        let (expand, after) = escape.split_at_checked(length)?;
        out.extend(["%", expand]);
        rest = after;
    }
    literal(rest, out);
    Some(rest)
}

/// A letter, how many parts to keep, `r`, delimiters (RFC 7208 7.1); keeping none of the parts is an error.
fn is_macro(inner: &str, letters: &[u8]) -> bool {
    let is_letter = inner.bytes().next().is_some_and(|letter| letters.contains(&letter.to_ascii_lowercase()));
    let rest = inner.get(1..).unwrap_or_default();
    let transformers = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let number = rest.strip_suffix(transformers).unwrap_or_default();
    let keeps_any = number.is_empty() || number.bytes().any(|digit| digit != b'0');
    let delimiters = transformers.strip_prefix(['r', 'R']).unwrap_or(transformers);
    is_letter && keeps_any && delimiters.bytes().all(|byte| b".-+,/_=".contains(&byte))
}

fn is_top_label(label: &str) -> bool {
    let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_number = label.bytes().all(|byte| byte.is_ascii_digit());
    is_plain && !is_number && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_auth::spf::Mechanism;

    #[test]
    fn grammar_is_strict() {
        for good in [
            "v=spf1",
            "v=spf1 a mx:example.com/24//64 ?all ",
            "v=spf1 exists:%{ir}.%{l1r-/}/x.example.com -all",
            "v=spf1 A:%{d} redirect=_spf.example.com. x-y=%{c}%% rp=many ra=x/y",
        ] {
            assert!(parse(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "v=spf1 a:museum",
            "v=spf1 a/33",
            "v=spf1 a/024",
            "v=spf1 all:x",
            "v=spf1 ip4:1.2.3.04",
            "v=spf1 ip4:1.2.3.256",
            "v=spf1 ip6:::1.2.3.4.5",
            "v=spf1 a:%{c}.example.com",
            "v=spf1 a:%{d0}.example.com",
            "v=spf1 -\tall",
            "v=spf1 - all",
            "v=spf1 +-all",
            "v=spf1 moo -all",
            "v=spf1 redirect=a.b redirect=a.b",
            "v=spf1 exp=a.b exp=a.b",
            "v=spf1 include:",
            "v=spf1 a:example.com%",
            "v=spf1 a:x}",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_those_of_the_standard_library() {
        for address in ["::", "::1", "1::", "1::2:3", "::ffff:192.0.2.129", "64:ff9b::1.2.3.4", "1:2:3:4:5:6:7:8"] {
            let record = parse(format!("v=spf1 ip6:{address}/96 -all").as_bytes()).unwrap();
            let expected = Mechanism::Ip6 { addr: address.parse().unwrap(), mask: u128::MAX << 32 };
            assert_eq!(record.directives.first().unwrap().mechanism, expected, "{address}");
        }
    }
}
