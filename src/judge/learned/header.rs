//! Marks of the header section: which fields there are, in which order, and what they say.
//!
//! Pure. Fields that say where and when a mail was received, or what earlier filters thought of it, are not looked at:
//! they name this house and its days, not the mail.

use super::{
    forms,
    marks::{Kind, Take, cut, grams},
    words,
};
use crate::limits;
use crate::mail::{
    charset,
    fold::fold,
    head::{Field, Head},
    parties::{Parties, Party},
};

/// Beginnings, in lower case, of the names of fields that are not looked at.
const UNSEEN: &[&str] = &[
    "received",
    "x-received",
    "date",
    "return-path",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope",
    "resent-",
    "message-id",
    "x-spam",
    "x-rspam",
    "x-virus",
    "authentication-results",
    "arc-",
    "x-microsoft",
    "x-forefront",
    "x-ms-",
    "x-incoming",
    "x-eop",
    "x-sid-",
    "x-message-",
    "x-wehr-",
    "x-google",
    "x-gm-",
    "x-mozilla",
    "status",
    "x-status",
    "content-length",
    "lines",
    "x-uid",
    "x-keywords",
];
/// Fields whose value is no mark: looked at elsewhere, the names of other people, or different in every mail.
const SILENT: &[&str] = &[
    "references",
    "in-reply-to",
    "to",
    "cc",
    "bcc",
    "from",
    "subject",
    "thread-index",
    "dkim-signature",
    "domainkey-signature",
];

/// Hands out the marks of a header section.
pub fn each(head: &Head, take: &mut Take<'_>) {
    let mut before = String::from("^");
    for field in head.fields().iter().take(limits::LEARNED_FIELDS_MAX) {
        let name = String::from_utf8_lossy(&field.name);
        let lower = name.to_ascii_lowercase();
        if UNSEEN.iter().any(|start| lower.starts_with(start)) {
            continue;
        }
        let name = cut(&name, limits::LEARNED_NAME_BYTES_MAX).to_owned();
        take(Kind::Field, &name, "");
        take(Kind::FieldOrder, &before, &name);
        value(&lower, field, take);
        before = name;
    }
    parties(&Parties::of(head), take);
}

fn value(name: &str, field: &Field, take: &mut Take<'_>) {
    if name == "to" {
        take(Kind::Shape, name, &forms::of(&field.text()));
    }
    if SILENT.contains(&name) {
        return;
    }
    let text = charset::unstructured(&field.value);
    for word in words::of(&fold(cut(&text, limits::LEARNED_VALUE_BYTES_MAX))).take(limits::LEARNED_VALUE_WORDS_MAX) {
        take(Kind::FieldWord, name, word);
    }
}

fn parties(parties: &Parties, take: &mut Take<'_>) {
    for (role, list) in [("from", &parties.from), ("reply", &parties.reply_to), ("sender", &parties.sender)] {
        list.iter().take(3).for_each(|party| sender(role, party, take));
    }
    for (role, list) in [("tos", &parties.to), ("ccs", &parties.cc)] {
        take(Kind::Shape, role, forms::size(list.len()));
        if list.iter().any(|party| !party.name.is_empty()) {
            take(Kind::Shape, role, "named");
        }
    }
}

fn sender(role: &str, party: &Party, take: &mut Take<'_>) {
    if let Some(domain) = &party.domain {
        take(Kind::Sender, role, domain.as_str());
        if let Some(domain) = domain.registrable() {
            take(Kind::Domain, domain.as_str(), "");
        }
    }
    take(Kind::Sender, role, &party.address.to_lowercase());
    for word in words::of(&fold(cut(&party.name, limits::LEARNED_VALUE_BYTES_MAX))).take(8) {
        take(Kind::FieldWord, role, word);
    }
    grams(Kind::SenderGram, cut(&party.name, limits::LEARNED_NAME_BYTES_MAX), take);
    grams(Kind::SenderGram, cut(&party.address, limits::LEARNED_NAME_BYTES_MAX), take);
}
