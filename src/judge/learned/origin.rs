//! Marks of where a mail began: the forms of its Message-ID and Date, and the oldest Received field, which the sender's
//! side wrote.
//!
//! Pure. Of identifiers and times only the form counts, never what they say.

use super::{
    forms,
    marks::{Kind, Take, cut},
    words,
};
use crate::{
    limits,
    mail::{fold::fold, head::Head},
};

/// Hands out the marks of a mail's origin.
pub fn each(head: &Head, take: &mut Take<'_>) {
    if let Some(field) = head.first("Message-ID") {
        let text = field.text();
        let (left, right) = text.split_once('@').unwrap_or((&text, ""));
        take(Kind::Identifier, "left", &forms::of(left));
        take(Kind::Identifier, "right", &forms::of(right));
        take(Kind::Identifier, "size", forms::size(left.len() / 4));
    }
    if let Some(field) = head.first("Date") {
        let text = field.text();
        take(Kind::Date, "form", &forms::of(&text));
        // RFC 5322 3.3: the zone stands behind the time of day.
        let zone = text.split_ascii_whitespace().skip_while(|word| !word.contains(':')).nth(1).unwrap_or_default();
        take(Kind::Date, "zone", cut(zone, limits::LEARNED_ZONE_BYTES_MAX));
    }
    if let Some(field) = head.all("Received").next_back() {
        oldest(&field.text(), take);
    }
}

fn oldest(text: &str, take: &mut Take<'_>) {
    let text = cut(text, limits::LEARNED_RELAY_BYTES_MAX);
    let what = text.rsplit_once(';').map_or(text, |(what, _)| what);
    take(Kind::Relay, "form", &forms::of(what));
    for word in words::of(&fold(what)).take(limits::LEARNED_RELAY_WORDS_MAX) {
        take(Kind::RelayWord, word, "");
        if word.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.') {
            for (end, _) in word.match_indices('.').skip(1) {
                take(Kind::RelayWord, "net", cut(word, end));
            }
        }
    }
}
