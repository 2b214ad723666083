//! Foreign text made fit for recipients: no control characters, nothing invisible or reordering, bounded; and encodings.
//!
//! Pure.

use crate::mail::author::domains::is_invisible;

/// One line of at most so many characters.
#[must_use]
pub fn clean(text: &str, most: usize) -> String {
    let plain = |letter: char| if letter.is_control() || is_invisible(letter) { ' ' } else { letter };
    let words: String = text.chars().take(8 * most).map(plain).collect();
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most).chain(['\u{2026}']).collect()
}

/// Takes from the line what mail programs make links of: our mail shall not carry those of a mail that is held back.
#[must_use]
pub fn defanged(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let tail = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        let is_named = tail.rsplit_once('.').is_some_and(|(_, last)| {
            let label = last.split(['/', ':', '?', '#', '@']).next().unwrap_or_default();
            label.chars().count() > 1 && label.chars().all(char::is_alphabetic)
        });
        let is_path = word.contains('/') && word.contains('.');
        let broken = word.replace("://", "[://]");
        // An address is what a reader knows the sender by.
        let is_address = word.contains('@') && !word.contains('/');
        if (is_named || is_path) && !is_address { broken.replace('.', "[.]") } else { broken }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Text as it stands in HTML, in attributes too.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Octets of an encoded line, its `=` not counted (RFC 2045 6.7).
const LINE_BYTES: usize = 75;

/// Lines of text as quoted-printable (RFC 2045 6.7), each with CRLF.
#[must_use]
pub fn quoted_printable(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        let last = line.len().saturating_sub(1);
        for (place, octet) in line.bytes().enumerate() {
            let is_plain = matches!(octet, b'!'..=b'<' | b'>'..=b'~') || octet == b' ' && place != last;
            let wide = if is_plain { 1 } else { 3 };
            if column + wide > LINE_BYTES {
                out.push_str("=\r\n");
                column = 0;
            }
            if is_plain {
                out.push(char::from(octet));
            } else {
                out.extend(['=', hex_digit(octet >> 4), hex_digit(octet & 15)]);
            }
            column += wide;
        }
        out.push_str("\r\n");
    }
    out
}

fn hex_digit(number: u8) -> char {
    char::from_digit(u32::from(number), 16).unwrap_or('0').to_ascii_uppercase()
}

/// Octets of text in one encoded-word: 30 of 3 characters, with the mark at most 102 of a line.
const WORD_BYTES: usize = 18;

/// Text as it stands in a header field: as it is, or in encoded-words (RFC 2047), folded.
#[must_use]
pub fn header_text(text: &str) -> String {
    if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for letter in text.chars() {
        if words.last().is_some_and(|word| word.len() + letter.len_utf8() > WORD_BYTES) {
            words.push(String::new());
        }
        words.last_mut().into_iter().for_each(|word| word.push(letter));
    }
    let encoded = |word: &String| {
        let octet = |octet: u8| {
            if octet.is_ascii_alphanumeric() { char::from(octet).to_string() } else { format!("={octet:02X}") }
        };
        format!("=?utf-8?Q?{}?=", word.bytes().map(octet).collect::<String>())
    };
    words.iter().map(encoded).collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::charset;
    use proptest::prelude::*;

    #[test]
    fn nothing_hidden_is_left() {
        assert_eq!(clean("a\r\nb\t\u{202e}c\u{200b} d\0", 99), "a b c d");
        assert_eq!(clean("abcdef", 3), "abc\u{2026}");
        assert_eq!(clean("", 3), "");
    }

    #[test]
    fn links_are_broken_and_dates_are_not() {
        assert_eq!(
            defanged("see https://evil.example/x or evil.example."),
            "see https[://]evil[.]example/x or evil[.]example[.]"
        );
        assert_eq!(defanged("am 12.11.2026 um 8.30 Uhr. Gut."), "am 12.11.2026 um 8.30 Uhr. Gut.");
        assert_eq!(defanged("Bert <bert@other.example>"), "Bert <bert@other.example>");
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(escaped("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }

    #[test]
    fn long_lines_are_folded() {
        let encoded = quoted_printable(&format!("{} =\u{e4} \nend", "x".repeat(80)));
        assert!(encoded.lines().all(|line| line.len() <= 76), "{encoded}");
        assert!(encoded.ends_with("=3D=C3=A4=20\r\nend\r\n"), "{encoded}");
    }

    proptest! {
        #[test]
        fn encoded_words_are_read_back(text in "[ -~\u{e4}\u{df}\u{4e2d}]{1,80}") {
            let text = text.trim();
            let field = header_text(text);
            prop_assert!(field.lines().all(|line| line.len() <= 76) || field == text);
            prop_assert_eq!(charset::unstructured(field.as_bytes()), text);
        }
    }
}
