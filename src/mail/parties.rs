//! Parties: names and addresses in the fields that name people (RFC 5322 3.6.2, 3.6.3), in every lenient reading.
//!
//! Pure, and linear in the octets. The reading is the one of `author`: where readers disagree, all of them count.

use super::{
    author::{self, Author, Authorship, addresses, domains},
    charset,
    head::Head,
};
use crate::limits;

/// One party of a mail: display name (decoded), address (verbatim), domain if it has one.
///
/// The address is empty where a field gives a name only.
pub type Party = Author;

/// The parties of a mail by the fields that name them, and the identifier of the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    pub from: Vec<Party>,
    pub reply_to: Vec<Party>,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    pub sender: Vec<Party>,
    pub return_path: Vec<Party>,
    /// Of the topmost field, without the angle brackets; empty if none.
    pub message_id: String,
}

impl Parties {
    /// Reads all of them.
    #[must_use]
    pub fn of(head: &Head) -> Self {
        let mut from = author::authors(head);
        match (from.as_mut_slice(), head.first("From")) {
            ([], _) => from = of_fields(head, "From"),
            ([only], Some(field)) => name_in_comment(only, &field.value),
            _ => {}
        }
        Self {
            from,
            reply_to: of_fields(head, "Reply-To"),
            to: of_fields(head, "To"),
            cc: of_fields(head, "Cc"),
            sender: of_fields(head, "Sender"),
            return_path: of_fields(head, "Return-Path"),
            message_id: message_id(head),
        }
    }
}

/// The parties in all fields of that name, deduplicated, at most `limits::AUTHORS_MAX`.
fn of_fields(head: &Head, name: &str) -> Vec<Party> {
    let mut found = Authorship::default();
    for field in head.all(name).take(limits::AUTHORS_MAX) {
        let before = found.authors.len();
        addresses::read(&field.value, &mut found);
        match found.authors.get_mut(before..).unwrap_or_default() {
            [] => found.authors.extend(name_only(&field.value)),
            [only] => name_in_comment(only, &field.value),
            _ => {}
        }
    }
    found.authors.truncate(limits::AUTHORS_MAX);
    found.authors
}

/// A field without any address: what it says is a name, unless it is an empty group (`undisclosed-recipients:;`).
fn name_only(value: &[u8]) -> Option<Party> {
    let text = charset::unstructured(value);
    let name = text.trim_end_matches("<>").trim().trim_matches('"').trim();
    let is_group = name.ends_with(';') && name.contains(':');
    let name = name.get(..name.floor_char_boundary(limits::ADDRESS_BYTES_MAX)).unwrap_or_default();
    (!name.is_empty() && !is_group).then(|| Party { name: domains::decode(name), ..Party::default() })
}

/// The name of an only party in the old form: `j.doe@a.example (John Doe)` (RFC 5322 3.4, its note).
fn name_in_comment(party: &mut Party, value: &[u8]) {
    if !party.name.is_empty() || party.address.is_empty() || !value.trim_ascii().ends_with(b")") {
        return;
    }
    let text = charset::unstructured(value);
    let Some((before, comment)) = text.trim_end().trim_end_matches(')').rsplit_once('(') else { return };
    let name = comment.trim();
    if before.trim().trim_matches(['<', '>']).ends_with(&party.address) {
        name.get(..name.floor_char_boundary(limits::ADDRESS_BYTES_MAX)).unwrap_or_default().clone_into(&mut party.name);
    }
}

/// Of the topmost Message-ID field, without white space and angle brackets.
fn message_id(head: &Head) -> String {
    let Some(field) = head.first("Message-ID") else { return String::new() };
    let value = field.value.get(..limits::FIELD_TEXT_BYTES_MAX).unwrap_or(&field.value);
    let text = String::from_utf8_lossy(value);
    let text = text.trim();
    let inner = text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(inner, _)| inner);
    inner.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn of(head: &str) -> Parties {
        Parties::of(&Head::parse(&Bytes::from(format!("{head}\r\n\r\n"))))
    }

    fn addresses(parties: &[Party]) -> Vec<&str> {
        parties.iter().map(|party| party.address.as_str()).collect()
    }

    #[test]
    fn every_field_is_read() {
        let parties = of(concat!(
            "From: =?utf-8?q?Schulb=C3=BCro?= <buero@schule.example>\r\n",
            "To: \"Doe, J\" <j@a.example>,\r\n b@b.example\r\nTo: c@c.example\r\nCc: undisclosed-recipients:;\r\n",
            "Reply-To: Der Rektor\r\nReturn-Path: <>\r\nMessage-ID:\r\n <1@x.example> (note)",
        ));
        assert_eq!(parties.from[0].name, "Schulb\u{fc}ro");
        assert_eq!(parties.from[0].domain.as_ref().unwrap().as_str(), "schule.example");
        assert_eq!(addresses(&parties.to), ["j@a.example", "b@b.example", "c@c.example"]);
        assert_eq!(parties.to[0].name, "Doe, J");
        assert!(parties.cc.is_empty() && parties.return_path.is_empty() && parties.sender.is_empty());
        assert_eq!((parties.reply_to[0].name.as_str(), parties.reply_to[0].address.as_str()), ("Der Rektor", ""));
        assert_eq!(parties.message_id, "1@x.example");
    }

    #[test]
    fn old_forms_have_names_too() {
        let parties =
            of("From: j@a.example (J\u{f6}rg Doe)\r\nTo: k@a.example (office)\r\nTo: l@a.example, m@a.example (x)");
        assert_eq!(parties.from[0].name, "J\u{f6}rg Doe");
        let names: Vec<&str> = parties.to.iter().map(|party| party.name.as_str()).collect();
        assert_eq!(names, ["office", "", ""]);
    }

    #[test]
    fn numbers_are_bounded() {
        let many: Vec<String> = (0..1000).map(|number| format!("{number}@a.example")).collect();
        assert_eq!(of(&format!("To: {}", many.join(","))).to.len(), limits::AUTHORS_MAX);
        assert_eq!(of(&"To: x\r\n".repeat(1000)).to.len(), limits::AUTHORS_MAX);
    }
}
