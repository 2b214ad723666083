//! The fields that some reader could take the author from: From, its odd spellings, and what hides in folds.
//!
//! Pure.

use crate::{
    limits,
    mail::head::{Field, Head},
};

/// The name of a field as the most lenient reader sees it: lower case, without spaces, controls and foreign octets.
#[must_use]
pub fn visible_name(name: &[u8]) -> Vec<u8> {
    name.iter().filter(|byte| byte.is_ascii_graphic()).map(u8::to_ascii_lowercase).collect()
}

/// A field that some reader could take the author from.
pub struct Source {
    pub kind: Kind,
    pub value: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    From,
    /// From only for readers that overlook spaces, foreign octets or line ends.
    OddFrom,
    Sender,
    ResentFrom,
}

/// All of them, topmost first; more than `limits::AUTHORS_MAX` when some are left unread.
#[must_use]
pub fn of(head: &Head) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    // Where the author field stands that a line without name would go on, and whether one has.
    let mut open: Option<(usize, bool)> = None;
    for field in head.fields() {
        // A line that is no field, straight after an author field: lenient readers take it for a fold, others do not.
        if let Some((at, is_folded)) = open.as_mut().filter(|_| !has_plain_name(field)) {
            if !std::mem::replace(is_folded, true) {
                let value = sources.get(*at).map(|source| source.value.clone()).unwrap_or_default();
                *at = sources.len();
                sources.push(Source { kind: Kind::OddFrom, value });
            }
            if let Some(source) = sources.get_mut(*at) {
                source.value.push(b' ');
                source.value.extend_from_slice(&field.raw);
            }
            continue;
        }
        let kind = match () {
            () if field.is("From") => Some(Kind::From),
            () if looks_like(&field.name, b"from") => Some(Kind::OddFrom),
            () if looks_like(&field.name, b"sender") => Some(Kind::Sender),
            () if looks_like(&field.name, b"resent-from") => Some(Kind::ResentFrom),
            () => None,
        };
        open = matches!(kind, Some(Kind::From | Kind::OddFrom)).then_some((sources.len(), false));
        if let Some(kind) = kind {
            sources.push(Source { kind, value: field.value.to_vec() });
        }
        if field.value.contains(&b'\r') || field.value.contains(&b'\n') {
            sources.extend(hidden(field));
        }
        if sources.len() > limits::AUTHORS_MAX {
            break;
        }
    }
    sources
}

/// `From: a@b` on a line of its own inside another field, seen by readers that break lines elsewhere than we do.
fn hidden(field: &Field) -> Option<Source> {
    // Lists of signed field names look alike: `h=...` goes on with `From:To:Subject` in the next line.
    let is_signature = field.name.to_ascii_lowercase().windows(4).any(|part| part == b"sign" || part == b"seal");
    if is_signature {
        return None;
    }
    let lines = field.value.split(|byte| matches!(byte, b'\r' | b'\n')).skip(1);
    let authors = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, rest) = line.split_at(colon);
        (looks_like(name, b"from") && rest.contains(&b'@')).then(|| rest.get(1..).unwrap_or_default())
    });
    let value = authors.collect::<Vec<_>>().join(&b',');
    (!value.is_empty()).then_some(Source { kind: Kind::OddFrom, value })
}

/// Is this the name for the most lenient reader?
fn looks_like(name: &[u8], wanted: &[u8]) -> bool {
    let visible = name.iter().filter(|byte| byte.is_ascii_graphic()).map(u8::to_ascii_lowercase);
    visible.eq(wanted.iter().copied())
}

fn has_plain_name(field: &Field) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' ' | b'\t');
    !field.name.is_empty() && field.name.iter().all(is_plain)
}
