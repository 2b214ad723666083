//! What of a header section stays readable and what is protected (RFC 9788: header protection, `hp="cipher"`).
//!
//! Pure. Every field stands byte for byte outside, inside, or both; only Content-Type gets a parameter inside, and the
//! Subject outside may be hidden.

use crate::mail::{head::Head, parameters};

/// RFC 9788 3.2.1: what stands outside in place of a Subject that is hidden.
const HIDDEN_SUBJECT: &[u8] = b"Subject: [...]";
/// Our reading of a message that begins with a fold; the fold must not continue a field of ours.
const BARRIER: &[u8] = b"X-Wehr-Defect: the next line is a fold of nothing\r\n";

/// Written by those who carried the mail: outside only. `HP-Outer` of a sender would tell the reader lies about our outside.
const TRACE: [&str; 14] = [
    "Received",
    "Return-Path",
    "Delivered-To",
    "X-Original-To",
    "Authentication-Results",
    "ARC-Seal",
    "ARC-Message-Signature",
    "ARC-Authentication-Results",
    "DKIM-Signature",
    "Received-SPF",
    "X-Spam-Flag",
    "X-Spam-Status",
    "HP-Outer",
    "TLS-Required",
];
/// What mailstores, filters and clients sort and answer by: outside and inside.
const VISIBLE: [&str; 16] = [
    "From",
    "To",
    "Cc",
    "Date",
    "Message-ID",
    "Sender",
    "Reply-To",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "Precedence",
    "Resent-From",
    "Resent-To",
    "Resent-Cc",
    "Resent-Date",
    "Resent-Message-ID",
];

/// A header section cut in two.
#[derive(Debug, PartialEq, Eq)]
pub struct Sections {
    /// Fields with their line ends; MIME fields and the empty line are still to come.
    pub outer: Vec<u8>,
    /// The header section of the encrypted entity, its empty line included.
    pub inner: Vec<u8>,
}

/// Where a field goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Both,
    Inside,
}

/// Cuts a header section.
#[must_use]
pub fn split(head: &Head, hides_subject: bool) -> Sections {
    let (mut outer, mut told, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let (mut at, mut is_typed, mut has_subject) = (0, false, false);
    for field in head.fields() {
        at += field.raw.len();
        at += match head.raw().get(at..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([b'\n', ..]) => 1,
            _ => 0,
        };
        let place = place(&field.name, hides_subject);
        if place != Place::Inside {
            push(&mut outer, &field.raw);
        }
        if place == Place::Both {
            told.extend_from_slice(b"HP-Outer: ");
            push(&mut told, &field.raw);
        }
        if place == Place::Outside {
            continue;
        }
        if field.is("Subject") && hides_subject && !has_subject {
            has_subject = true;
            push(&mut outer, HIDDEN_SUBJECT);
            told.extend_from_slice(b"HP-Outer: ");
            push(&mut told, HIDDEN_SUBJECT);
        }
        if field.raw.starts_with(b" ") || field.raw.starts_with(b"\t") {
            kept.extend_from_slice(BARRIER);
        }
        if field.is("Content-Type") {
            is_typed = true;
            push(&mut kept, &protecting(&field.raw, &field.value));
        } else {
            push(&mut kept, &field.raw);
        }
    }
    if !is_typed {
        // RFC 2045 5.2: what a mail without type is.
        kept.extend_from_slice(b"Content-Type: text/plain; charset=us-ascii; hp=\"cipher\"\r\n");
    }
    // Fields beyond the bound of the reader, and the empty line.
    let rest = head.raw().get(at..).unwrap_or_default();
    kept.extend_from_slice(rest);
    if !(rest.ends_with(b"\r\n\r\n") || rest == b"\r\n" || rest == b"\n") {
        let line_end: &[u8] = if rest.is_empty() || rest.ends_with(b"\n") { b"\r\n" } else { b"\r\n\r\n" };
        kept.extend_from_slice(line_end);
    }
    told.append(&mut kept);
    Sections { outer, inner: told }
}

fn place(name: &[u8], hides_subject: bool) -> Place {
    let is_of = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    let begins =
        |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()));
    if is_of(&TRACE) || begins("X-Wehr-") {
        Place::Outside
    } else if is_of(&VISIBLE) || begins("List-") || (!hides_subject && is_of(&["Subject"])) {
        Place::Both
    } else {
        Place::Inside
    }
}

/// Appends a field and its line end.
fn push(out: &mut Vec<u8>, field: &[u8]) {
    out.extend_from_slice(field);
    out.extend_from_slice(b"\r\n");
}

/// The field with RFC 9788's parameter; one that claims the parameter already stays as it is.
fn protecting(raw: &[u8], value: &[u8]) -> Vec<u8> {
    if parameters::of(value).iter().any(|parameter| parameter.name == "hp") {
        return raw.to_vec();
    }
    let trimmed = raw.trim_ascii_end();
    let text = trimmed.strip_suffix(b";").unwrap_or(trimmed);
    [text, b";\r\n hp=\"cipher\""].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn cut(raw: &str, hides_subject: bool) -> (String, String) {
        let Sections { outer, inner } = split(&Head::parse(&Bytes::copy_from_slice(raw.as_bytes())), hides_subject);
        (String::from_utf8(outer).unwrap(), String::from_utf8(inner).unwrap())
    }

    const MAIL: &str = "X-Wehr-Verdict: action=accept\r\nReceived: by a\r\n\tfor b\r\nFrom: a@a.example\r\nSubject: secret\r\n \
                        words\r\nX-Mailer: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8;\r\n\r\n";

    #[test]
    fn the_subject_is_hidden_and_the_rest_protected() {
        let (outer, inner) = cut(MAIL, true);
        assert_eq!(
            outer,
            "X-Wehr-Verdict: action=accept\r\nReceived: by a\r\n\tfor b\r\nFrom: a@a.example\r\nSubject: [...]\r\n"
        );
        assert_eq!(
            inner,
            "HP-Outer: From: a@a.example\r\nHP-Outer: Subject: [...]\r\nFrom: a@a.example\r\nSubject: secret\r\n words\r\n\
             X-Mailer: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8;\r\n hp=\"cipher\"\r\n\r\n"
        );
    }

    #[test]
    fn the_subject_may_stay() {
        let (outer, inner) = cut(MAIL, false);
        assert!(outer.contains("Subject: secret\r\n words\r\n"), "{outer}");
        assert!(inner.contains("HP-Outer: Subject: secret\r\n words\r\n"), "{inner}");
    }

    #[test]
    fn odd_sections_end_with_an_empty_line() {
        for raw in ["", "\r\n", "\n", "A: b", "A: b\r\n", "A: b\r\n\r\n", "A: b\n\n", " fold\r\n\r\n", "junk\r\n\r\n"] {
            let (_, inner) = cut(raw, true);
            assert!(
                inner.ends_with("hp=\"cipher\"\r\n\r\n") || inner.ends_with("hp=\"cipher\"\r\n\n"),
                "{raw:?} {inner:?}"
            );
        }
        assert!(cut("A: b\r\nSubject: s", true).1.contains("Subject: s\r\n"));
    }

    #[test]
    fn what_a_sender_claims_of_our_outside_stays_outside() {
        let (outer, inner) = cut("HP-Outer: Subject: s\r\nSubject: s\r\n\r\n", true);
        assert_eq!(outer, "HP-Outer: Subject: s\r\nSubject: [...]\r\n");
        assert!(!inner.contains("HP-Outer: Subject: s\r\n"), "{inner}");
    }

    proptest! {
        #[test]
        fn no_field_is_lost(names in prop::collection::vec("(Subject|From|X-A|Received|[A-Z]{1,3})", 0..12), hides in any::<bool>()) {
            let lines: Vec<String> =
                names.iter().enumerate().map(|(number, name)| format!("{name}: value {number}\r\n\t{number}\r\n")).collect();
            let (outer, inner) = cut(&(lines.concat() + "\r\n"), hides);
            for line in &lines {
                prop_assert!(outer.contains(line.as_str()) || inner.contains(line.as_str()), "{}", line);
            }
        }
    }
}
