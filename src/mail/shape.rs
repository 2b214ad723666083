//! Shape: marks that near-duplicates of a mail have in common, whatever names, numbers and addresses stand in them.
//!
//! Pure. A longer text gives bands of a min-hash over pairs of words (Broder 1997): mails that share most runs share
//! most bands. A short text counts as a whole, with its subject, links and files. Every attached file has a mark as well.

use super::{address::Address, content::Text, fold::fold, message::Message};
use crate::limits;
use std::collections::BTreeSet;

/// Bands of a text, and values in each: texts that share nine runs of ten have a band in common almost always, such as
/// share three of ten once in five times.
const BANDS: u64 = 8;
const ROWS: u64 = 3;
/// Words in a run.
const RUN: usize = 2;
/// Runs from which a text is long enough to be known by its bands.
const RUNS_MIN: usize = 12;
/// Words from which a short text says something by itself.
const WORDS_MIN: usize = 4;
/// Letters of a word; what is longer is an identifier, or writing without spaces.
const LETTERS_MAX: usize = 24;
/// Octets from which an attached file is not a scrap.
const FILE_BYTES_MIN: usize = 256;
/// Words of a greeting before its comma: `Sehr geehrte Frau Dr. von Beispiel,`.
const GREETED_WORDS_MAX: usize = 6;
/// Words at the beginning among which people are greeted.
const GREETING_PLACE_MAX: usize = 12;
const GREETINGS: [&str; 14] = [
    "hallo",
    "hello",
    "hi",
    "hey",
    "dear",
    "liebe",
    "lieber",
    "geehrte",
    "geehrter",
    "moin",
    "bonjour",
    "attention",
    "attn",
    "greetings",
];

/// The marks of a mail, sorted; none where it says nothing to know it by.
#[must_use]
pub fn marks(message: &Message, recipients: &[Address]) -> Vec<u64> {
    let mut marks = BTreeSet::new();
    let personal = personal(message, recipients);
    let words = words(&shown(message), &personal);
    let runs: BTreeSet<u64> = words.windows(RUN).map(|run| run.iter().fold(1, |sum, word| mix(sum ^ word))).collect();
    if runs.len() >= RUNS_MIN {
        marks.extend((0..BANDS).map(|band| self::band(band, &runs)));
    } else {
        marks.extend(whole(message, &words, &personal));
    }
    let files = message.parts.iter().filter(|part| !part.is_shown && !part.is_inner && !part.is_disputed);
    let files = files.filter(|part| part.bytes >= FILE_BYTES_MIN).take(limits::SHAPE_FILES_MAX);
    marks.extend(files.map(|part| hashed(&part.sha256)));
    marks.into_iter().collect()
}

/// The text that most readers see: the page, or the plain text where there is none.
fn shown(message: &Message) -> String {
    let main = |text: &&Text| text.is_shown && !text.path.starts_with('r');
    let pages: Vec<&str> =
        message.texts.iter().filter(main).filter_map(|text| Some(text.page.as_ref()?.visible.as_str())).collect();
    let page = pages.join(" ");
    if page.split_whitespace().nth(WORDS_MIN).is_some() {
        return page;
    }
    let plain = message.texts.iter().filter(main).filter(|text| text.page.is_none());
    let lines = plain.flat_map(|text| text.text.lines()).filter(|line| !line.starts_with('>'));
    lines.collect::<Vec<_>>().join("\n")
}

/// Words of the recipients' own names and addresses.
fn personal(message: &Message, recipients: &[Address]) -> BTreeSet<String> {
    let named = message.head.first("To").map(|field| String::from_utf8_lossy(&field.value).into_owned());
    let texts = recipients.iter().map(|recipient| recipient.as_str().to_owned()).chain(named);
    texts.flat_map(|text| split(&fold(&text)).map(ToOwned::to_owned).collect::<Vec<_>>()).collect()
}

/// Words as numbers, in order. What tells one copy from the next is left out: names in greetings, the recipient's words,
/// numbers, addresses, identifiers.
fn words(text: &str, personal: &BTreeSet<String>) -> Vec<u64> {
    let mut words = Vec::new();
    let mut chunks = text.split_whitespace();
    let mut place = 0_usize;
    while let Some(chunk) = chunks.next() {
        if words.len() >= limits::SHAPE_WORDS_MAX {
            break;
        }
        let folded = fold(chunk);
        let is_varying = chunk.contains('@') || chunk.contains("//") || folded.starts_with("www.");
        if is_varying || chunk.bytes().any(|octet| octet.is_ascii_digit() || octet == b'_') {
            continue;
        }
        place += 1;
        for word in split(&folded).filter(|word| !personal.contains(*word)) {
            if word.chars().nth(LETTERS_MAX).is_none() {
                words.push(hashed(word));
            } else if !word.is_ascii() {
                // Writing without spaces: each letter is a word.
                words.extend(word.chars().map(|letter| hashed(letter.encode_utf8(&mut [0; 4]))));
            }
        }
        let is_greeting = place <= GREETING_PLACE_MAX && split(&folded).any(|word| GREETINGS.contains(&word));
        if is_greeting && !ends_greeting(chunk) {
            let mut ahead = chunks.clone();
            if ahead.by_ref().take(GREETED_WORDS_MAX).any(ends_greeting) {
                chunks = ahead;
            }
        }
    }
    words
}

fn ends_greeting(chunk: &str) -> bool {
    chunk.ends_with([',', '!', ':', '\u{ff0c}'])
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty())
}

/// One band: the least of all runs in some orders.
fn band(band: u64, runs: &BTreeSet<u64>) -> u64 {
    let least = |row: u64| {
        let order = mix(band.wrapping_mul(ROWS).wrapping_add(row));
        runs.iter().map(|run| mix(run ^ order)).min().unwrap_or_default()
    };
    (0..ROWS).map(least).fold(mix(!band), |sum, least| mix(sum ^ least))
}

/// The mark of a mail with little text, if it has anything to be known by.
fn whole(message: &Message, words: &[u64], personal: &BTreeSet<String>) -> Option<u64> {
    let domains: BTreeSet<&str> = message.links.iter().filter_map(|link| link.domain.as_deref()).collect();
    let kinds: Vec<&str> =
        message.parts.iter().filter(|part| !part.is_inner).map(|part| part.declared.as_str()).collect();
    if words.len() < WORDS_MIN && domains.is_empty() && !message.parts.iter().any(|part| !part.is_shown) {
        return None;
    }
    let subject = self::words(&message.subject, personal);
    let sum = subject.iter().chain(words).fold(2, |sum, word| mix(sum ^ word));
    Some(domains.into_iter().chain(kinds).fold(sum, |sum, text| mix(sum ^ hashed(text))))
}

/// FNV-1a, mixed. Who wants to collide may: a mark is no proof of anything.
fn hashed(text: &str) -> u64 {
    let sum = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum: u64, octet| (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3));
    mix(sum)
}

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014).
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "wegen einer Umstellung der Server muss Ihr Postfach bis Freitag bestaetigt werden, sonst werden \
        neue Nachrichten nicht mehr zugestellt. Bitte melden Sie sich dazu auf der folgenden Seite mit Ihren Daten an:";

    fn marks_of(to: &str, subject: &str, text: &str) -> Vec<u64> {
        let raw = format!("To: {to}\r\nSubject: {subject}\r\n\r\n{text}\r\n");
        marks(&Message::parse(raw.into()), &[Address::new(to)])
    }

    fn common(one: &[u64], other: &[u64]) -> usize {
        one.iter().filter(|mark| other.contains(mark)).count()
    }

    #[test]
    fn names_numbers_and_links_do_not_change_it() {
        let one = format!("Sehr geehrte Frau Meier,\r\n{BODY} https://a.example/x?id=77\r\nTicket 4711");
        let other = format!("Sehr geehrter Herr Dr. von Stein,\r\n{BODY} https://b.example/y?id=9\r\nTicket 99-A");
        let (one, other) = (marks_of("meier@a.example", "1", &one), marks_of("stein@a.example", "2", &other));
        assert!(common(&one, &other) >= 4, "{}", common(&one, &other));
        assert_eq!(one.len(), 8);
    }

    #[test]
    fn other_mails_have_nothing_in_common() {
        let other = "Liebe Eltern, am Donnerstag findet der Wandertag statt. Bitte geben Sie den Kindern festes Schuhwerk, \
            genug zu trinken und eine Jacke mit, denn es soll am Nachmittag regnen. Wir sind gegen drei Uhr zurueck.";
        assert_eq!(common(&marks_of("a@a.example", "1", BODY), &marks_of("a@a.example", "1", other)), 0);
    }

    #[test]
    fn a_short_mail_counts_whole_with_the_domain_it_leads_to() {
        let mail = |subject, link: &str| marks_of("a@a.example", subject, &format!("Ihr Paket wartet auf Sie: {link}"));
        let one = mail("Paket", "https://t.evil.example/1");
        assert_eq!(one, mail("Paket", "https://u.evil.example/2"));
        assert_ne!(one, mail("Paket", "https://t.other.example/1"));
        assert!(marks_of("a@a.example", "Re: x", "Danke!").is_empty());
    }

    #[test]
    fn writing_without_spaces_has_bands() {
        let text: String = ('\u{4e00}'..'\u{4e40}').collect();
        assert_eq!(marks_of("a@a.example", "x", &text).len(), 8);
    }
}
