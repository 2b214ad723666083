//! Packets to the MTA: replies, header edits, quarantine, progress (SMFIR_* of libmilter's mfdef.h).
//!
//! Pure. Invariant: a packet never holds a line break that could start a field or a reply line of its own.

use super::negotiation::Agreed;
use crate::{
    judge::policy::verdict::{Edit, Reply},
    mail::address::Address,
};

/// Octets of a reply text; libmilter takes 980 in a line.
const REPLY_TEXT_BYTES_MAX: usize = 900;

/// Packets ready to be written.
#[derive(Debug, Default)]
pub struct Output(Vec<u8>);

/// Edits that the MTA did not let us make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    pub added: usize,
    pub removed: usize,
}

impl Output {
    fn packet(&mut self, command: u8, parts: &[&[u8]]) {
        let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
        self.0.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        self.0.push(command);
        for part in parts {
            self.0.extend_from_slice(part);
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes what is to be written; the memory goes with it.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    pub fn negotiated(&mut self, agreed: Agreed) {
        self.packet(b'O', &[&agreed.answer()]);
    }

    pub fn go_on(&mut self) {
        self.packet(b'c', &[]);
    }

    pub fn skip(&mut self) {
        self.packet(b's', &[]);
    }

    /// Tells the MTA to wait on.
    pub fn progress(&mut self) {
        self.packet(b'p', &[]);
    }

    /// Asks the MTA to hold the mail.
    pub fn quarantine(&mut self, reason: &str) {
        self.packet(b'q', &[&printable(reason), b"\0"]);
    }

    /// Puts another recipient in place of one (SMFIR_ADDRCPT, SMFIR_DELRCPT).
    pub fn rewrite(&mut self, from: &Address, to: &Address) {
        self.packet(b'-', &[b"<", &printable(from.as_str()), b">\0"]);
        self.packet(b'+', &[b"<", &printable(to.as_str()), b">\0"]);
    }

    /// Refuses with code and text. Sendmail reads `%` as the start of a format, so it is doubled.
    pub fn refuse(&mut self, reply: &Reply) {
        let class = match reply.code {
            500..=599 => 5,
            _ => 4,
        };
        let code = if (400..=599).contains(&reply.code) { reply.code } else { 451 };
        let mut line = format!("{code} ");
        if is_enhanced(&reply.enhanced, class) {
            line.push_str(&reply.enhanced);
            line.push(' ');
        }
        let text = printable(&reply.text);
        let text = if text.is_empty() { b"refused".to_vec() } else { text };
        let mut data = line.into_bytes();
        for octet in text {
            if data.len() >= REPLY_TEXT_BYTES_MAX {
                break;
            }
            if octet == b'%' {
                data.push(b'%');
            }
            data.push(octet);
        }
        self.packet(b'y', &[&data, b"\0"]);
    }

    /// Removes fields, then puts ours on top.
    ///
    /// Removal goes from the highest index down, since an index counts the fields of one name that are left. It goes
    /// first, since Postfix and Sendmail hide their own Received field from the count only while it is on top.
    /// Position 0 is above that field in both; each insertion pushes the ones before down, so the last goes first.
    pub fn edits(&mut self, edits: &[Edit], agreed: Agreed) -> LeftOut {
        let mut left_out = LeftOut::default();
        let mut removals: Vec<(&str, usize)> = Vec::new();
        let mut additions: Vec<(&str, &str)> = Vec::new();
        for edit in edits {
            match edit {
                Edit::RemoveField { name, index, .. } => removals.push((name, *index)),
                Edit::AddField { name, value } => additions.push((name, value)),
            }
        }
        removals.sort_by_key(|(_, index)| std::cmp::Reverse(*index));
        if agreed.can_change() {
            for (name, index) in removals {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                self.packet(b'm', &[&index.to_be_bytes(), &printable(name), b"\0\0"]);
            }
        } else {
            left_out.removed = removals.len();
        }
        let space: &[u8] = if agreed.has_leading_space() { b" " } else { b"" };
        if agreed.can_insert() {
            for (name, value) in additions.into_iter().rev() {
                self.packet(b'i', &[&0_u32.to_be_bytes(), &printable(name), b"\0", space, &folded(value), b"\0"]);
            }
        } else if agreed.can_add() {
            for (name, value) in additions {
                self.packet(b'h', &[&printable(name), b"\0", space, &folded(value), b"\0"]);
            }
        } else {
            left_out.added = additions.len();
        }
        left_out
    }
}

fn is_enhanced(text: &str, class: u8) -> bool {
    let mut numbers = text.split('.');
    numbers.next() == Some(class.to_string().as_str())
        && numbers.clone().count() == 2
        && numbers.all(|number| !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit()))
}

/// One line without control characters.
fn printable(text: &str) -> Vec<u8> {
    text.bytes().map(|octet| if octet.is_ascii_control() { b' ' } else { octet }).collect()
}

/// A field value as milter packets carry it: folds as a bare LF and white space, no other line break, no NUL.
fn folded(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 8);
    let mut octets = value.trim_end().bytes().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' | b'\0' => {}
            b'\n' => {
                out.push(b'\n');
                if !matches!(octets.peek(), Some(b' ' | b'\t')) {
                    out.push(b'\t');
                }
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(put: impl FnOnce(&mut Output)) -> Vec<u8> {
        let mut output = Output::default();
        put(&mut output);
        output.take()
    }

    #[test]
    fn replies_have_one_line_and_double_percent_signs() {
        let packet = written(|output| output.refuse(&Reply::new(550, "5.7.1", "100% bad\r\n250 ok")));
        assert_eq!(packet, b"\0\0\0\x1dy550 5.7.1 100%% bad  250 ok\0");
        let packet = written(|output| output.refuse(&Reply::new(550, "4.7.1", "no")));
        assert_eq!(packet.get(5..), Some(&b"550 no\0"[..]));
        let packet = written(|output| output.refuse(&Reply::new(250, "2.0.0", "")));
        assert_eq!(packet.get(5..), Some(&b"451 refused\0"[..]));
    }

    #[test]
    fn a_recipient_is_taken_out_and_another_put_in() {
        let packets = written(|output| output.rewrite(&Address::new("x@s.a\r\n"), &Address::new("x@a")));
        assert_eq!(packets, b"\0\0\0\x09-<x@s.a>\0\0\0\0\x07+<x@a>\0");
    }

    #[test]
    fn removal_comes_first_from_the_highest_index_down_and_insertion_ends_in_order() {
        let add = |name: &str, value: &str| Edit::AddField { name: name.to_owned(), value: value.to_owned() };
        let remove = |name: &str, index| Edit::RemoveField { name: name.to_owned(), index, value: String::new() };
        let edits = [add("A", "1;\r\n\tx"), remove("R", 1), add("B", "2\nInjected: x"), remove("R", 3)];
        let agreed = Agreed::from_offer(6, 0x1ff, 0x1f_ffff).unwrap();
        let packets = written(|output| assert_eq!(output.edits(&edits, agreed), LeftOut::default()));
        let mut expected = b"\0\0\0\x08m\0\0\0\x03R\0\0\0\0\0\x08m\0\0\0\x01R\0\0".to_vec();
        expected.extend_from_slice(b"\0\0\0\x17i\0\0\0\0B\0 2\n\tInjected: x\0");
        expected.extend_from_slice(b"\0\0\0\x0ei\0\0\0\0A\0 1;\n\tx\0");
        assert_eq!(packets, expected);
        let old = Agreed::from_offer(2, 0x01, 0).unwrap();
        let packets = written(|output| assert_eq!(output.edits(&edits, old), LeftOut { added: 0, removed: 2 }));
        assert!(packets.starts_with(b"\0\0\0\x09hA\x001;\n\tx\0"));
        let none = Agreed::from_offer(6, 0, 0).unwrap();
        assert_eq!(Output::default().edits(&edits, none), LeftOut { added: 2, removed: 2 });
    }
}
