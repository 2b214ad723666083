//! Texts of rule files as octets: one character (U+0000 to U+00FF) stands for one octet until a rule is written.
//!
//! Pure. SpamAssassin's files mix Latin-1 and UTF-8, and its patterns mean octets; this keeps both exact.

/// One character an octet.
#[must_use]
pub fn octets(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The text people read: UTF-8 where the octets are UTF-8, Latin-1 otherwise.
#[must_use]
pub fn readable(octets: &str) -> String {
    let bytes: Option<Vec<u8>> = octets.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| octets.to_owned())
}

/// Words between white space, as Perl's `split /\s+/` on a trimmed text.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// The first word and what follows the white space behind it.
#[must_use]
pub fn first_word(text: &str) -> (&str, &str) {
    match text.split_once(is_space) {
        Some((word, rest)) => (word, rest.trim_start_matches(is_space)),
        None => (text, ""),
    }
}

/// Perl's `\s` for octets.
#[must_use]
pub fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

/// Whether SpamAssassin takes this as the name of a rule.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= crate::limits::RULE_NAME_CHARACTERS_MAX
        && text.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
        && text.chars().all(|character| character == '_' || character.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_survive_and_read_well() {
        assert_eq!(octets(b"\xc3\xa4"), "\u{c3}\u{a4}");
        assert_eq!(readable(&octets("Z\u{e4}hler".as_bytes())), "Z\u{e4}hler");
        assert_eq!(readable(&octets(b"Z\xe4hler")), "Z\u{e4}hler");
    }

    #[test]
    fn words_and_names() {
        assert_eq!(first_word("A \t b c"), ("A", "b c"));
        assert_eq!(first_word("A"), ("A", ""));
        assert!(is_name("__A_9") && !is_name("9A") && !is_name("A-B") && !is_name(""));
    }
}
