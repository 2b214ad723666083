//! Words of a mail that could be the password of what is attached to it.
//!
//! Pure.

use crate::{
    limits,
    mail::{charset, content::Text, head::Head},
};
use bytes::Bytes;

/// Words after which a password is told; compared in lower case.
const HINTS: &[&str] = &[
    "passwor",
    "passwd",
    "passphrase",
    "passcode",
    "kennwor",
    "kennwoert",
    "kennw\u{f6}rt",
    "passw\u{f6}rt",
    "losung",
    "zugangscode",
    "zugriffscode",
    "schl\u{fc}ssel",
    "schluessel",
    "mot de passe",
    "contrase",
    "wachtwoord",
    "has\u{142}o",
    "haslo",
    "\u{43f}\u{430}\u{440}\u{43e}\u{43b}",
    "senha",
    "pwd",
    "pw:",
    "pw ",
    "pin",
    "code",
    "kod",
    "unlock",
    "entpack",
    "entsperr",
];

/// Passwords that everybody tries.
const COMMON: &[&str] =
    &["infected", "VelvetSweatshop", "1234", "12345", "123456", "password", "passwort", "111", "123"];

/// The mark of a container that this word opened.
#[must_use]
pub fn mark_of(word: &str) -> &'static str {
    if COMMON.contains(&word) { "password_common" } else { "password_in_mail" }
}

/// The candidates, likely ones first.
#[must_use]
pub fn candidates(raw: &[u8], texts: &[Text]) -> Vec<String> {
    let head = raw.get(..limits::HEAD_BYTES_MAX).unwrap_or(raw);
    let head = Head::parse(&Bytes::copy_from_slice(head));
    let subject = head.first("Subject").map(|field| charset::unstructured(&field.value)).unwrap_or_default();
    let mut found = Vec::new();
    let shown = texts.iter().filter(|text| text.is_shown).chain(texts.iter().filter(|text| !text.is_shown));
    let shown = shown.map(|text| text.page.as_ref().map_or(text.text.as_str(), |page| page.visible.as_str()));
    let all: Vec<&str> = shown.chain([subject.as_str()]).map(start).collect();
    for text in &all {
        hinted(text, &mut found);
    }
    for text in &all {
        quoted(text, &mut found);
    }
    found.truncate(limits::PASSWORDS_MAX - COMMON.len());
    for common in COMMON {
        add(common, &mut found);
    }
    for word in all.iter().take(2).flat_map(|text| text.split_whitespace()).take(WORDS_MAX) {
        if word.chars().any(|mark| mark.is_ascii_digit()) && word.len() >= 4 {
            add(word, &mut found);
        }
    }
    found.truncate(limits::PASSWORDS_MAX);
    found
}

/// The first part of a text.
fn start(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES)).unwrap_or_default()
}

/// Words that stand near a hint: on its line, or on the next one that holds anything.
fn hinted(text: &str, found: &mut Vec<String>) {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    while let Some(line) = lines.next() {
        let lower = line.to_lowercase();
        let Some(at) = HINTS.iter().filter_map(|hint| lower.find(hint)).min() else { continue };
        // Lower case may be longer than the line itself: then the whole line counts.
        let near = line.get(at..).filter(|_| lower.len() == line.len()).unwrap_or(line);
        if let Some((_, value)) = near.split_once([':', '=']) {
            add(value.trim(), found);
            words(value, found);
        }
        let after = near.split_once(char::is_whitespace).map_or("", |(_, after)| after);
        words(after, found);
        if after.split_whitespace().count() < 4
            && let Some(next) = lines.peek()
        {
            add(next.trim(), found);
            words(next, found);
        }
        if found.len() >= limits::PASSWORDS_MAX {
            return;
        }
    }
}

fn words(text: &str, found: &mut Vec<String>) {
    for word in text.split_whitespace().take(NEAR_WORDS) {
        add(word, found);
        add(word.trim_matches(|mark: char| !mark.is_alphanumeric()), found);
    }
}

/// What stands in quotation marks.
fn quoted(text: &str, found: &mut Vec<String>) {
    let mut rest = text;
    while let Some(at) = rest.find(OPENING)
        && found.len() < limits::PASSWORDS_MAX
    {
        let mut behind = rest.get(at..).unwrap_or_default().chars();
        behind.next();
        let behind = behind.as_str();
        let end = behind.find(CLOSING).unwrap_or(behind.len());
        if end <= WORD_BYTES_MAX {
            add(behind.get(..end).unwrap_or_default(), found);
        }
        rest = behind;
    }
}

/// Takes a word that could be a password, as it is and without marks around it.
fn add(word: &str, found: &mut Vec<String>) {
    let bare = word.trim_matches(|mark: char| OPENING.contains(&mark) || CLOSING.contains(&mark) || mark == ':');
    let bare = bare.strip_suffix(['.', ',', ';', '!', '?']).unwrap_or(bare);
    let is_filler = FILLERS.contains(&bare.to_lowercase().as_str());
    if (3..=WORD_BYTES_MAX).contains(&bare.len()) && !is_filler && !found.iter().any(|known| known == bare) {
        found.push(bare.to_owned());
    }
}

const OPENING: [char; 9] = ['"', '\'', '\u{201e}', '\u{201c}', '\u{ab}', '\u{bb}', '`', '(', '['];
const CLOSING: [char; 9] = ['"', '\'', '\u{201c}', '\u{201d}', '\u{ab}', '\u{bb}', '`', ')', ']'];
/// Words beside a hint that are no passwords.
const FILLERS: &[&str] = &[
    "the", "for", "and", "you", "your", "this", "that", "with", "lautet", "ist", "die", "der", "das", "den", "dem",
    "zum", "zur", "f\u{fc}r", "fuer", "und", "ihr", "ihre", "datei", "file", "archive", "archiv", "are", "was", "has",
    "password", "passwort", "kennwort",
];
/// Octets of each text that are looked at.
const TEXT_BYTES: usize = 64 << 10;
/// Words behind a hint that are taken.
const NEAR_WORDS: usize = 6;
/// Words of the first texts that are taken if they hold a digit.
const WORDS_MAX: usize = 300;
const WORD_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        let text = Text { text: text.to_owned(), is_shown: true, ..Text::default() };
        candidates(b"Subject: PIN 4711\r\n\r\n", &[text])
    }

    #[test]
    fn words_near_a_hint_come_first() {
        assert_eq!(of("Das Passwort lautet: Sommer2026!").first().unwrap(), "Sommer2026");
        assert!(of("Das Kennwort f\u{fc}r die Datei ist \u{201e}gelb rot\u{201c}.").contains(&"gelb rot".to_owned()));
        assert!(of("Password\r\n\r\n  a-b_c9  \r\n").contains(&"a-b_c9".to_owned()));
        let none = of("nothing here");
        assert!(none.contains(&"4711".to_owned()) && none.contains(&"infected".to_owned()));
        assert!(of(&"password x1y2z3 ".repeat(9999)).len() <= limits::PASSWORDS_MAX);
    }
}
