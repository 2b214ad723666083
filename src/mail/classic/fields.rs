//! The forms of a header field that `header` rules ask for: `:raw`, `:addr`, `:name`, `:host`, `ALL`, and the like.
//!
//! Pure.

use super::{
    Classic, addresses,
    expression::Expression,
    hosts,
    node::Node,
    wide::{is_blank, trim},
    words,
};
use std::{net::IpAddr, sync::LazyLock};

/// What follows the name of a header in a request.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "the modifiers can stand together")]
struct Modifiers {
    raw: bool,
    addr: bool,
    name: bool,
    host: bool,
    domain: bool,
    ip: bool,
    reversed: bool,
    first: bool,
    last: bool,
}

/// Splits `Name:mod:mod`.
fn split(request: &str) -> (&str, Modifiers) {
    let mut parts = request.split(':');
    let name = parts.next().unwrap_or_default();
    let mut modifiers = Modifiers::default();
    for part in parts {
        match part {
            "raw" => modifiers.raw = true,
            "addr" => modifiers.addr = true,
            "name" => modifiers.name = true,
            "host" => modifiers.host = true,
            "domain" => (modifiers.host, modifiers.domain) = (true, true),
            "ip" => modifiers.ip = true,
            "revip" => (modifiers.ip, modifiers.reversed) = (true, true),
            "first" => modifiers.first = true,
            "last" => modifiers.last = true,
            _ => {}
        }
    }
    (name, modifiers)
}

/// The values of a request.
#[must_use]
pub fn get(classic: &Classic, request: &str) -> Vec<Vec<u8>> {
    let (name, modifiers) = split(request);
    let raw = modifiers.raw;
    if let Some(section) = section(classic, name, raw) {
        return section;
    }
    let mut values = match name.to_ascii_lowercase().as_str() {
        "envelopefrom" => super::relays::envelope_from(classic).into_iter().collect(),
        "x-spam-relays-untrusted" => vec![classic.relays().untrusted_text()],
        "x-spam-relays-trusted" => vec![classic.relays().trusted_text()],
        "x-spam-relays-external" => vec![classic.relays().external_text()],
        "x-spam-relays-internal" => vec![classic.relays().internal_text()],
        "tocc" => ["To", "Cc"].iter().flat_map(|name| plain(classic, name, raw)).collect(),
        _ if name == "MESSAGEID" => {
            let names = ["X-Message-Id", "Resent-Message-Id", "X-Original-Message-ID", "Message-Id"];
            names.iter().flat_map(|name| plain(classic, name, raw)).filter(|value| !value.is_empty()).collect()
        }
        _ if raw || modifiers.addr || modifiers.name => verbatim(classic, name),
        _ => plain(classic, name, false),
    };
    if modifiers.first {
        values.truncate(1);
    } else if modifiers.last {
        values = values.pop().into_iter().collect();
    }
    if modifiers.addr || modifiers.name {
        values = values.iter().flat_map(|value| mailboxes(value, modifiers)).collect();
    }
    if modifiers.host {
        values = values.iter().filter_map(|value| host(value, modifiers)).collect();
    } else if modifiers.ip {
        values = values.iter().filter_map(|value| address(value, modifiers.reversed)).collect();
    }
    values
}

/// Whole pieces of the header section.
fn section(classic: &Classic, name: &str, raw: bool) -> Option<Vec<Vec<u8>>> {
    let relays = || classic.relays();
    let (from, to) = match name {
        "ALL" => return Some(all(classic, raw)),
        "ALL-TRUSTED" => (None, Some(relays().last_trusted + 1)),
        "ALL-INTERNAL" => (None, Some(relays().last_internal + 1)),
        "ALL-UNTRUSTED" => (Some(relays().last_trusted + 1), None),
        "ALL-EXTERNAL" => (Some(relays().last_internal + 1), None),
        _ => return None,
    };
    let mut received = -1_i64;
    let mut found = Vec::new();
    for field in all(classic, raw) {
        if field.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"received:")) {
            received += 1;
        }
        if from.is_none_or(|from| received >= from) {
            found.push(field);
        }
        // The Received field that ends the piece is its last one.
        if to.is_some_and(|to| received >= to) {
            break;
        }
    }
    Some(found)
}

/// Every field in order: unfolded and decoded, or as it came.
fn all(classic: &Classic, raw: bool) -> Vec<Vec<u8>> {
    if raw {
        return raw_fields(&classic.tree().pristine_head);
    }
    let Some(top) = classic.top() else { return Vec::new() };
    let mut size = 0;
    let mut kept: Vec<(usize, Vec<u8>)> = Vec::new();
    // SpamAssassin counts the size by name, in the order of first appearance, and stops where it is too much.
    for name in names(top) {
        let same = top.fields.iter().enumerate().filter(|(_, field)| field.name.eq_ignore_ascii_case(&name));
        for (at, field) in same {
            size += name.len() + field.value.len() + 3;
            if size > HEAD_BYTES_MAX {
                kept.sort_by_key(|(at, _)| *at);
                return kept.into_iter().map(|(_, line)| line).collect();
            }
            kept.push((at, [field.name.as_slice(), b": ", &field.value, b"\n"].concat()));
        }
    }
    kept.sort_by_key(|(at, _)| *at);
    kept.into_iter().map(|(_, line)| line).collect()
}

fn names(top: &Node) -> Vec<Vec<u8>> {
    let total: usize = top.fields.iter().map(|field| field.name.len() + field.value.len() + 3).sum();
    if total <= HEAD_BYTES_MAX {
        // Nothing will be cut: one pass per field is enough.
        let mut seen = std::collections::BTreeSet::new();
        return top
            .fields
            .iter()
            .map(|field| field.name.to_ascii_lowercase())
            .filter(|name| seen.insert(name.clone()))
            .collect();
    }
    let mut seen = std::collections::BTreeSet::new();
    let lower = top.fields.iter().map(|field| field.name.to_ascii_lowercase());
    lower.filter(|name| seen.insert(name.clone())).take(NAMES_MAX).collect()
}

/// Octets of the header section that `ALL` holds.
const HEAD_BYTES_MAX: usize = 65_536;
/// Different names looked at in a header that is too large.
const NAMES_MAX: usize = 500;

/// Fields with their folds; what cannot be one is left out.
fn raw_fields(head: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut open = false;
    for line in head.split_inclusive(|octet| *octet == b'\n') {
        let is_fold = matches!(line.first(), Some(b' ' | b'\t'));
        if !is_fold {
            // SpamAssassin's expression wants something before the line end; an empty line takes the next one along.
            open = true;
            found.push(Vec::new());
        }
        if open && let Some(last) = found.last_mut() {
            last.extend_from_slice(line);
        }
    }
    found.retain(|field| field.ends_with(b"\n") && field != b"\n");
    found
}

/// Decoded values with their line end.
fn plain(classic: &Classic, name: &str, raw: bool) -> Vec<Vec<u8>> {
    let Some(top) = classic.top() else { return Vec::new() };
    let fields = top.fields.iter().filter(|field| field.is(name));
    if raw { fields.map(|field| flat(&field.raw)).collect() } else { fields.map(|field| ended(&field.value)).collect() }
}

/// Values as they came, folds included.
fn verbatim(classic: &Classic, name: &str) -> Vec<Vec<u8>> {
    let fields = classic.top().map(|top| top.fields.as_slice()).unwrap_or_default();
    fields.iter().filter(|field| field.is(name)).map(|field| field.raw.clone()).collect()
}

fn ended(value: &[u8]) -> Vec<u8> {
    [value, b"\n"].concat()
}

/// Line ends with white space behind them become one space.
fn flat(raw: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(newline) = memchr::memchr(b'\n', rest) {
        let (line, tail) = rest.split_at(newline);
        let tail = tail.get(1..).unwrap_or_default();
        let text = tail.iter().position(|octet| !is_blank(octet)).unwrap_or(tail.len());
        if text == 0 {
            kept.extend_from_slice(line);
            kept.push(b'\n');
        } else {
            kept.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            kept.push(b' ');
        }
        rest = tail.get(text..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}

/// Addresses or names in a raw value.
fn mailboxes(value: &[u8], modifiers: Modifiers) -> Vec<Vec<u8>> {
    let found = addresses::parse(value).into_iter();
    if modifiers.addr {
        return found.filter_map(|mailbox| mailbox.address).collect();
    }
    let names = found.filter_map(|mailbox| mailbox.name);
    if modifiers.raw { names.collect() } else { names.map(|name| display(&name)).collect() }
}

/// A display name decoded, white space squeezed, one pair of single quotes dropped.
#[must_use]
pub fn display(name: &[u8]) -> Vec<u8> {
    let decoded = words::decode(b"", name);
    let text = trim(&decoded);
    if text.is_empty() {
        return decoded;
    }
    let mut squeezed = Vec::with_capacity(text.len());
    for octet in text {
        let space = is_blank(octet);
        if !(space && squeezed.last() == Some(&b' ')) {
            squeezed.push(if space { b' ' } else { *octet });
        }
    }
    let inner = squeezed.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'"));
    inner.map_or_else(|| squeezed.clone(), <[u8]>::to_vec)
}

/// The first host in a value: behind `@` if there is one.
fn host(value: &[u8], modifiers: Modifiers) -> Option<Vec<u8>> {
    let found = if modifiers.addr {
        let at = memchr::memrchr(b'@', value)?;
        let rest = value.get(at + 1..).unwrap_or_default();
        let end = rest.iter().position(is_blank).unwrap_or(rest.len());
        rest.get(..end).filter(|host| !host.is_empty())?.to_vec()
    } else {
        free_host(value)?
    };
    Some(if modifiers.domain { hosts::trim(&found) } else { found })
}

/// A host below a known top level somewhere in a text.
fn free_host(value: &[u8]) -> Option<Vec<u8>> {
    let mut ats = memchr::memrchr_iter(b'@', value);
    let behind = ats.find_map(|at| {
        let rest = value.get(at + 1..)?;
        let end = rest.iter().position(is_blank).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        word.get(..host_end(word)?)
    });
    if let Some(host) = behind.filter(|host| hosts::is_name(host)) {
        return Some(host.to_vec());
    }
    value.split(is_blank).find_map(|word| {
        let mut rest = word;
        while let Some(end) = host_end(rest) {
            let (host, tail) = rest.split_at(end);
            if hosts::is_name(host) {
                return Some(host.to_vec());
            }
            rest = tail;
        }
        None
    })
}

/// Where the last known top level ends that a word has and that nothing of a host name follows.
fn host_end(word: &[u8]) -> Option<usize> {
    let word = word.get(..HOST_BYTES_MAX).unwrap_or(word);
    let is_host = |octet: &u8| octet.is_ascii_alphanumeric() || b"._-".contains(octet);
    let ends = (2..=word.len()).rev().filter(|end| !word.get(*end).is_some_and(is_host));
    ends.into_iter().find(|end| {
        let host = word.get(..*end).unwrap_or_default();
        let dot = host.iter().rposition(|octet| *octet == b'.').filter(|dot| *dot > 0);
        dot.and_then(|dot| host.get(dot + 1..)).is_some_and(|label| hosts::is_top_level(&label.to_ascii_lowercase()))
    })
}

const HOST_BYTES_MAX: usize = 320;

/// The first address of the Internet Protocol in a value.
fn address(value: &[u8], reversed: bool) -> Option<Vec<u8>> {
    static ADDRESS: LazyLock<Expression> = LazyLock::new(|| Expression::new(hosts::ADDRESS));
    let is_word = |octet: Option<&u8>| octet.is_some_and(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
    let mut at = 0;
    while let Some(found) = ADDRESS.find(value, at) {
        at = found.end.max(found.start + 1);
        let before = found.start.checked_sub(1).and_then(|before| value.get(before));
        let after = value.get(found.end);
        let text = value.get(found).unwrap_or_default();
        let is_inside = [before, after].contains(&Some(&b'.')) || is_word(before) || is_word(after);
        if !is_inside && is_word(text.first()) && is_word(text.last()) && hosts::is_address(text) {
            return if reversed { reverse(text) } else { Some(text.to_vec()) };
        }
    }
    None
}

/// The address as a block list is asked for it.
fn reverse(text: &[u8]) -> Option<Vec<u8>> {
    match std::str::from_utf8(text).ok()?.parse().ok()? {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            Some(format!("{d}.{c}.{b}.{a}").into_bytes())
        }
        IpAddr::V6(address) => {
            let digits: Vec<String> = address
                .octets()
                .iter()
                .rev()
                .flat_map(|octet| [octet & 15, octet >> 4])
                .map(|digit| format!("{digit:x}"))
                .collect();
            Some(digits.join(".").into_bytes())
        }
    }
}

/// The last field of a part as `mimeheader` rules see it, its line end included; `Name:raw` keeps it undecoded.
#[must_use]
pub fn of_part(part: &Node, request: &str) -> Option<Vec<u8>> {
    let (name, raw) = request.strip_suffix(":raw").map_or((request, false), |name| (name, true));
    let field = part.fields.iter().rev().find(|field| field.is(name))?;
    Some(if raw { field.raw.clone() } else { ended(&field.value) })
}

#[cfg(test)]
mod tests {
    use super::super::Classic;
    use crate::mail::message::Message;
    use bytes::Bytes;

    #[test]
    fn requests_have_many_forms() {
        let raw = b"Received: from a (b.example [192.0.2.9]) by c.example with ESMTP id 1; Mon, 1 Jan 2024 00:00:00 +0000\r\nSubject: =?utf-8?q?a?=\r\n b\r\nFrom: 'Foo  Bar' <foo@www.x.example.com>\r\nTo: a@b.org\r\nCc: c@d.org\r\n\r\n";
        let classic = Classic::of(&Message::parse(Bytes::from_static(raw)));
        let read = |request: &str| classic.header(request).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(read("Subject").as_deref(), Some("a b\n"));
        assert_eq!(read("Subject:raw").as_deref(), Some(" =?utf-8?q?a?=\n b\n"));
        assert_eq!(read("From:addr").as_deref(), Some("foo@www.x.example.com"));
        assert_eq!(read("From:name").as_deref(), Some("Foo Bar"));
        assert_eq!(read("From:addr:domain").as_deref(), Some("example.com"));
        assert_eq!(read("ToCc").as_deref(), Some("a@b.org\nc@d.org\n"));
        assert_eq!(read("ToCc:addr").as_deref(), Some("a@b.org\nc@d.org"));
        assert_eq!(read("Received:ip").as_deref(), Some("192.0.2.9"));
        assert_eq!(read("Received:revip").as_deref(), Some("9.2.0.192"));
        assert_eq!(read("X-Missing"), None);
        assert!(read("ALL").unwrap().contains("Subject: a b\n"));
    }
}
