//! Marks of a mail: what the model looks at, each with its kind.
//!
//! Pure; their number is bounded by the octets that are looked at.

use super::{
    forms::{self, size},
    header, origin, words,
};
use crate::limits;
use crate::mail::{
    content::{Link, Part, Text},
    fold::fold,
    message::Message,
    page::Page,
};

/// What a mark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    Pair,
    Subject,
    SubjectPair,
    Gram,
    SubjectGram,
    Field,
    FieldOrder,
    FieldWord,
    Shape,
    Domain,
    Host,
    UrlWord,
    Sender,
    SenderGram,
    Attachment,
    Page,
    Defect,
    Hidden,
    Identifier,
    Date,
    Relay,
    RelayWord,
}

impl Kind {
    /// For hashing: models depend on these numbers.
    #[must_use]
    pub fn number(self) -> u8 {
        self.named().0
    }

    /// For traces.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.named().1
    }

    fn named(self) -> (u8, &'static str) {
        match self {
            Self::Word => (1, "word"),
            Self::Pair => (2, "pair"),
            Self::Subject => (3, "subject"),
            Self::SubjectPair => (4, "subject_pair"),
            Self::Gram => (5, "letters"),
            Self::SubjectGram => (6, "subject_letters"),
            Self::Field => (7, "field"),
            Self::FieldOrder => (8, "field_order"),
            Self::FieldWord => (9, "field_word"),
            Self::Shape => (11, "shape"),
            Self::Domain => (12, "domain"),
            Self::Host => (13, "host"),
            Self::UrlWord => (14, "url_word"),
            Self::Sender => (15, "sender"),
            Self::SenderGram => (16, "sender_letters"),
            Self::Attachment => (17, "attachment"),
            Self::Page => (19, "page"),
            Self::Defect => (20, "defect"),
            Self::Hidden => (21, "hidden_word"),
            Self::Identifier => (22, "identifier"),
            Self::Date => (23, "date"),
            Self::Relay => (24, "relay"),
            Self::RelayWord => (25, "relay_word"),
        }
    }
}

/// Takes a mark: its kind and one or two texts.
pub type Take<'t> = dyn FnMut(Kind, &str, &str) + 't;

/// Characters of a group of letters.
const GRAM: usize = 4;

/// Hands out every mark of a mail, some of them several times.
pub fn each(message: &Message, take: &mut Take<'_>) {
    header::each(&message.head, take);
    origin::each(&message.head, take);
    let subject = cut(&message.subject, limits::LEARNED_SUBJECT_BYTES_MAX);
    spoken(Kind::Subject, Kind::SubjectPair, subject, take);
    grams(Kind::SubjectGram, cut(subject, limits::LEARNED_URL_BYTES_MAX), take);
    let (mut words_left, mut grams_left) = (limits::LEARNED_WORD_BYTES_MAX, limits::LEARNED_GRAM_BYTES_MAX);
    for text in message.texts.iter().filter(|text| text.is_shown) {
        body(text, &mut words_left, &mut grams_left, take);
    }
    structure(message, take);
    message.links.iter().take(limits::LEARNED_LINKS_MAX).for_each(|found| link(found, take));
}

/// At most so many octets of a text, whole characters.
#[must_use]
pub fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// Hands out every group of four characters.
pub fn grams(kind: Kind, text: &str, take: &mut Take<'_>) {
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).skip(GRAM);
    for ((start, _), end) in text.char_indices().zip(ends) {
        take(kind, text.get(start..end).unwrap_or_default(), "");
    }
}

fn spoken(one: Kind, two: Kind, text: &str, take: &mut Take<'_>) {
    let folded = fold(text);
    let mut before = "^";
    for word in words::of(&folded) {
        take(one, word, "");
        take(two, before, word);
        before = word;
    }
}

fn body(text: &Text, words_left: &mut usize, grams_left: &mut usize, take: &mut Take<'_>) {
    let shown = text.page.as_ref().map_or(text.text.as_str(), |page| page.visible.as_str());
    let part = cut(shown, *words_left);
    *words_left = words_left.saturating_sub(part.len());
    spoken(Kind::Word, Kind::Pair, part, take);
    let part = cut(shown, *grams_left);
    *grams_left = grams_left.saturating_sub(part.len());
    grams(Kind::Gram, part, take);
    if let Some(page) = &text.page {
        self::page(page, take);
    }
}

fn page(page: &Page, take: &mut Take<'_>) {
    for word in words::of(&fold(cut(&page.hidden, limits::LEARNED_HIDDEN_BYTES_MAX))) {
        take(Kind::Hidden, word, "");
    }
    for oddity in &page.style_oddities {
        take(Kind::Page, oddity, "");
    }
    for (name, count) in [
        ("images", page.images),
        ("remote", page.remote_images),
        ("tracking", page.tracking_images),
        ("forms", page.forms),
        ("inputs", page.inputs),
        ("anchors", page.anchors.len()),
        ("tags", page.tags),
        ("scripts", page.scripts),
        ("comments", page.comment_bytes),
        ("data", page.data_uris),
    ] {
        take(Kind::Page, name, size(count));
    }
}

fn structure(message: &Message, take: &mut Take<'_>) {
    let mut whole = String::new();
    for part in message.parts.iter().take(limits::LEARNED_PARTS_MAX) {
        whole.push_str(cut(&part.declared, limits::LEARNED_SUBJECT_BYTES_MAX));
        whole.push(' ');
        self::part(part, take);
    }
    take(Kind::Shape, "whole", &whole);
    for defect in &message.defects {
        take(Kind::Defect, defect, "");
    }
}

fn part(part: &Part, take: &mut Take<'_>) {
    take(Kind::Shape, "type", &part.declared);
    take(Kind::Shape, "size", size(part.bytes));
    if !part.is_shown || !part.name.is_empty() {
        take(Kind::Attachment, &part.extension(), &part.detected);
        take(Kind::Attachment, &forms::of(&part.name), &part.declared);
    }
    for mark in &part.traits {
        take(Kind::Attachment, "trait", mark);
    }
}

fn link(link: &Link, take: &mut Take<'_>) {
    take(Kind::Host, &link.host, "");
    if let Some(domain) = &link.domain {
        take(Kind::Domain, domain, "");
        if let Some((_, end)) = domain.rsplit_once('.') {
            take(Kind::Shape, "end", end);
        }
    }
    let oddities = [("ip", link.is_ip), ("user", link.userinfo), ("puny", link.is_punycode), ("other", link.mismatch)];
    for (name, _) in oddities.iter().filter(|(_, holds)| *holds) {
        take(Kind::Shape, "link", name);
    }
    for word in words::of(&fold(cut(&link.url, limits::LEARNED_URL_BYTES_MAX))).take(limits::LEARNED_URL_WORDS_MAX) {
        take(Kind::UrlWord, word, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &'static str) -> Vec<String> {
        let mut found = Vec::new();
        each(&Message::parse(text.as_bytes().into()), &mut |kind, first, second| {
            found.push(format!("{} {first} {second}", kind.word()).trim_end().to_owned());
        });
        found
    }

    #[test]
    fn what_a_mail_says_and_how_it_is_built_are_marks() {
        let found = marks(
            "From: Rektorat <info@schule.example>\r\nSubject: Zwei Worte\r\nX-Mailer: Pigeon 7\r\n\r\nhttps://a.b.example/c ja nein\r\n",
        );
        for mark in [
            "pair ja nein",
            "word nein",
            "subject worte",
            "subject_pair zwei worte",
            "letters nein",
            "field_word x-mailer pigeon",
            "field_order Subject X-Mailer",
            "host a.b.example",
            "sender from schule.example",
        ] {
            assert!(found.iter().any(|found| found == mark), "{mark} in {found:?}");
        }
    }

    #[test]
    fn of_where_and_when_only_the_form_and_the_oldest_handover_count() {
        let found = marks(
            "Received: from inside.example; Mon\r\nReceived: from relay.example ([192.0.2.7]) with ESMTP; Mon\r\nDate: Tue, 2 Jan 2007 10:11:12 +0100\r\nMessage-ID: <secret.77@host.example>\r\nDelivered-To: pupil@school.example\r\nTo: pupil@school.example\r\n\r\nx\r\n",
        );
        for word in ["inside", "Tue", "2007", "secret", "77@", "host", "pupil", "school", "Mon"] {
            assert!(!found.iter().any(|found| found.contains(word)), "{word} in {found:?}");
        }
        for mark in [
            "identifier left <a.0",
            "date zone 10:11:12",
            "date zone +0100",
            "relay_word relay.example",
            "relay_word net 192.0.2",
        ] {
            assert_eq!(found.iter().any(|found| found == mark), mark != "date zone 10:11:12", "{mark} in {found:?}");
        }
    }
}
