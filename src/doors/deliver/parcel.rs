//! Parcel: a judged mail ready to be handed over, its header edited (RFC 5322 2.2), its body untouched.
//!
//! Touches the spool only. Whatever the edits do not name stays byte for byte: odd line ends, fields without a name,
//! fields beyond `limits::FIELDS_MAX`, a header section without its empty line.

use crate::{doors::spool::Spool, judge::policy::verdict::Edit, mail::address::Address, mail::head::Head};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

/// Stands between our fields and a message whose first line is a fold: that fold would otherwise continue, and so
/// rewrite, the last field that we or the mailstore put on top.
const BARRIER: &[u8] = b"X-Wehr-Defect: the next line is a fold of nothing";

/// Octets of a header section, or of a message that takes its place, handed on at once.
const CHUNK_BYTES: usize = 256 << 10;

/// One mail as the mailstore shall get it. Line ends as they came, dots not stuffed.
#[derive(Debug)]
pub struct Parcel {
    pub sender: Address,
    /// RFC 6531: the mail was declared to hold UTF-8 in addresses or header.
    pub smtputf8: bool,
    /// RFC 6152: the body may hold octets above 127.
    pub eight_bit: bool,
    /// RFC 8689: the mail may only go on over verified TLS, to one who keeps that too, or stay on this machine.
    pub require_tls: bool,
    /// The edited header section with its empty line; the whole message where another one took its place.
    pub head: Bytes,
    spool: Spool,
    body_start: usize,
}

impl Parcel {
    /// `head` is the header section of the spooled message, unedited.
    #[must_use]
    pub fn new(sender: Address, head: &Head, edits: &[Edit], spool: Spool) -> Self {
        let body_start = head.len_bytes();
        Self {
            sender,
            smtputf8: false,
            eight_bit: true,
            require_tls: false,
            head: edited(head, edits),
            spool,
            body_start,
        }
    }

    /// A whole message as it shall be handed over.
    #[must_use]
    pub fn whole(sender: Address, message: Vec<u8>) -> Self {
        Self {
            sender,
            smtputf8: false,
            eight_bit: true,
            require_tls: false,
            head: message.into(),
            spool: Spool::new(0),
            body_start: 0,
        }
    }

    /// Another message in place of this one, for the same envelope.
    #[must_use]
    pub fn with_message(&self, message: Vec<u8>) -> Self {
        Self {
            sender: self.sender.clone(),
            smtputf8: self.smtputf8,
            eight_bit: self.eight_bit,
            require_tls: self.require_tls,
            head: message.into(),
            spool: Spool::new(0),
            body_start: 0,
        }
    }

    /// The whole body at once. Only for a mail that holds a permit of its size.
    ///
    /// # Errors
    /// When the spool's disk fails.
    pub async fn body(&self) -> io::Result<Bytes> {
        let whole = self.spool.read_all().await?;
        Ok(whole.slice(self.body_start.min(whole.len())..))
    }

    /// Octets that the mailstore will get.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.head.len() + self.spool.len().saturating_sub(self.body_start)
    }

    /// The next bytes from `offset` on (header first, then body), a few hundred KiB at most; empty at the end.
    ///
    /// # Errors
    /// When the spool's disk fails.
    pub async fn read_at(&self, offset: usize) -> io::Result<Bytes> {
        match offset.checked_sub(self.head.len()) {
            Some(into_body) => self.spool.read_at(self.body_start + into_body).await,
            None => Ok(self.head.slice(offset..self.head.len().min(offset + CHUNK_BYTES))),
        }
    }
}

/// The header section after the edits: added fields on top, removed ones left out, all others byte for byte.
///
/// Linear in the section and the edits. A last line without line end gets one; an empty line that is not there is not
/// invented, because a message may end with its header (RFC 5322 3.5).
#[must_use]
pub fn edited(head: &Head, edits: &[Edit]) -> Bytes {
    let mut out = Vec::with_capacity(head.len_bytes() + 4096);
    for edit in edits {
        if let Edit::AddField { name, value } = edit {
            push_field(&mut out, name, value);
        }
    }
    let ours = out.len();
    let removed: BTreeSet<(Vec<u8>, usize)> = edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::RemoveField { name, index, .. } => Some((name.to_ascii_lowercase().into_bytes(), *index)),
            Edit::AddField { .. } => None,
        })
        .collect();
    let mut seen: BTreeMap<Vec<u8>, usize> = removed.iter().map(|(name, _)| (name.clone(), 0)).collect();
    let mut rest: &[u8] = head.raw();
    for field in head.fields() {
        let (line, after) = split_field(rest, field.raw.len());
        rest = after;
        if !seen.is_empty() {
            // As the edit spells it: octets that are no UTF-8 are replaced there, too.
            let name = String::from_utf8_lossy(&field.name).to_ascii_lowercase().into_bytes();
            if let Some(count) = seen.get_mut(&name) {
                *count += 1;
                if removed.contains(&(name, *count)) {
                    continue;
                }
            }
        }
        push_kept(&mut out, line, ours);
    }
    push_kept(&mut out, rest, ours);
    if out.last().is_some_and(|byte| *byte != b'\n') {
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}

/// Cuts the first field of `bytes` octets off, its line end included.
fn split_field(rest: &[u8], bytes: usize) -> (&[u8], &[u8]) {
    let line_end = match rest.get(bytes..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([b'\n', ..]) => 1,
        _ => 0,
    };
    rest.split_at_checked(bytes + line_end).unwrap_or((rest, &[]))
}

/// Appends bytes that came with the mail; `ours` is where they begin in `out`.
fn push_kept(out: &mut Vec<u8>, line: &[u8], ours: usize) {
    let is_fold = match line {
        [b'\r', b'\n', ..] => false,
        [b' ' | b'\t' | b'\r', ..] => true,
        _ => false,
    };
    if is_fold && out.len() == ours {
        out.extend_from_slice(BARRIER);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(line);
}

/// Appends a field of ours. Line breaks stay only where they fold, so no value can end the field or the section.
fn push_field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    let mut rest = value.trim_end();
    while let Some(at) = rest.find(['\r', '\n', '\0']) {
        let (text, after) = rest.split_at(at);
        out.extend_from_slice(text.as_bytes());
        let folded = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
        rest = match folded {
            Some(next) if next.starts_with([' ', '\t']) && !is_blank(next) => {
                out.extend_from_slice(b"\r\n");
                next
            }
            _ => {
                out.push(b' ');
                after.get(1..).unwrap_or_default()
            }
        };
    }
    out.extend_from_slice(rest.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Is the first line white space only? Some readers take such a line for the end of the header.
fn is_blank(text: &str) -> bool {
    let line = text.split(['\r', '\n']).next().unwrap_or_default();
    line.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn add(name: &str, value: &str) -> Edit {
        Edit::AddField { name: name.to_owned(), value: value.to_owned() }
    }

    fn remove(name: &str, index: usize) -> Edit {
        Edit::RemoveField { name: name.to_owned(), index, value: String::new() }
    }

    fn text(raw: &str, edits: &[Edit]) -> String {
        let head = Head::parse(&Bytes::copy_from_slice(raw.as_bytes()));
        String::from_utf8(edited(&head, edits).to_vec()).unwrap()
    }

    #[test]
    fn fields_are_added_on_top_and_removed_by_index() {
        let raw = "A: 1\r\nb: 2\r\nB: 3\r\n 3\r\nB : 4\r\njunk\r\n\r\nbody";
        assert_eq!(
            text(raw, &[add("X", "one\r\n\ttwo"), remove("B", 2), remove("b", 2), add("Y", "z")]),
            "X: one\r\n\ttwo\r\nY: z\r\nA: 1\r\nb: 2\r\nB : 4\r\njunk\r\n\r\n"
        );
        assert_eq!(text(raw, &[remove("B", 3), remove("B", 0), remove("C", 1)]), raw.strip_suffix("body").unwrap());
    }

    #[test]
    fn a_name_that_is_no_text_is_removed_too() {
        let head = Head::parse(&Bytes::from_static(b"A\xff: 1\r\nB: 2\r\na\xff: 3\r\n\r\n"));
        assert_eq!(edited(&head, &[remove("A\u{fffd}", 2)]), &b"A\xff: 1\r\nB: 2\r\n\r\n"[..]);
    }

    #[test]
    fn odd_heads_stay_as_they_came() {
        for raw in ["A: b\nC: d\r\n\nx", "A: b\r\n", "\r\n", "\n", "A: b\r\n \r\nC:\r\n\r\n", "A: b\r\r\n\r\n", ""] {
            let head = raw.strip_suffix('x').unwrap_or(raw);
            assert_eq!(text(raw, &[]), head);
            assert_eq!(text(raw, &[add("X", "y")]), format!("X: y\r\n{head}"));
        }
        assert_eq!(text("A: b", &[add("X", "y")]), "X: y\r\nA: b\r\n");
        assert_eq!(text("A: b", &[remove("A", 1)]), "");
    }

    #[test]
    fn fields_beyond_the_limit_are_kept() {
        let raw = "A: b\r\n".repeat(crate::limits::FIELDS_MAX + 10) + "Z: z\r\n\r\n";
        assert_eq!(text(&raw, &[]), raw);
        assert_eq!(text(&raw, &[remove("A", 1)]), raw.strip_prefix("A: b\r\n").unwrap());
    }

    #[test]
    fn a_fold_at_the_top_cannot_continue_our_field() {
        let barrier = String::from_utf8(BARRIER.to_vec()).unwrap();
        for fold in [" dmarc=pass\r\n", "\tx: y\r\n", "\rx: y\r\n"] {
            let raw = format!("{fold}From: a\r\n\r\n");
            assert_eq!(text(&raw, &[add("X", "y")]), format!("X: y\r\n{barrier}\r\n{raw}"));
            let raw = format!("Forged: z\r\n{fold}\r\n");
            if fold.starts_with('\r') {
                let expected = format!("X: y\r\n{barrier}\r\n{fold}\r\n");
                assert_eq!(text(&raw, &[add("X", "y"), remove("forged", 1)]), expected);
            }
        }
    }

    #[test]
    fn no_value_ends_its_field() {
        for value in ["a\r\nEvil: b", "a\nEvil: b", "a\rEvil: b", "a\r\n\r\nEvil: b", "a\r\n \r\nEvil: b", "a\0\r\n"] {
            let head = text("\r\n", &[add("X", value)]);
            assert_eq!(Head::parse(&Bytes::from(head.clone())).fields().len(), 1, "{head:?}");
            assert!(!head.contains("\nEvil"), "{head:?}");
        }
    }

    #[test]
    fn many_edits_on_many_fields_are_quick() {
        let raw = "Authentication-Results: x; spf=pass\r\n".repeat(crate::limits::FIELDS_MAX) + "\r\n";
        let edits: Vec<Edit> =
            (1..=crate::limits::FIELDS_MAX).rev().map(|index| remove("authentication-results", index)).collect();
        let start = std::time::Instant::now();
        assert_eq!(text(&raw, &edits), "\r\n");
        assert!(start.elapsed().as_secs() < 2, "quadratic: {:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn edits_touch_only_what_they_name(
            fields in prop::collection::vec(("[ABC]", "[ -~]{0,10}", any::<bool>()), 0..20),
            removals in prop::collection::vec(("[abcABC]", 1_usize..6), 0..10),
            is_closed in any::<bool>(),
        ) {
            let line = |(name, value, is_bare): &(String, String, bool)| {
                format!("{name}: {value}{}", if *is_bare { "\n" } else { "\r\n" })
            };
            let end = if is_closed { "\r\n" } else { "" };
            let raw = fields.iter().map(line).collect::<String>() + end;
            let edits: Vec<Edit> = removals.iter().map(|(name, index)| remove(name, *index)).collect();
            let kept = text(&raw, &edits);
            // The same edits told twice and in another order do the same.
            let twice: Vec<Edit> = edits.iter().rev().chain(&edits).cloned().collect();
            prop_assert_eq!(&kept, &text(&raw, &twice));
            let mut counts = BTreeMap::new();
            let expected: String = fields.iter().filter(|(name, ..)| {
                let count = counts.entry(name.to_lowercase()).or_insert(0_usize);
                *count += 1;
                !removals.iter().any(|(removed, index)| removed.eq_ignore_ascii_case(name) && index == count)
            }).map(line).collect();
            prop_assert_eq!(kept, expected + end);
        }
    }
}
