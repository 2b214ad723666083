//! Patterns of rule files in the form of our language: octets written out, Latin-1 letters in both cases under `/i`.
//!
//! Pure. SpamAssassin matches octets, but folds them as Latin-1: `/\xc3\xa4/i` also finds `\xe3\xa4`, and so does what
//! is written here.

use super::expression::Expression;
use std::fmt::Write;

/// A pattern of our language: ASCII only, `/` escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub source: String,
    /// Of `imsx`.
    pub flags: String,
}

/// Writes an expression in our language.
///
/// # Errors
/// What our language has no word for.
pub fn written(expression: &Expression) -> Result<Written, String> {
    if has_capture_template(&expression.pattern) {
        return Err("reads a text that another rule captured".to_owned());
    }
    let mut flags = String::new();
    for flag in expression.flags.chars() {
        match flag {
            'i' | 'm' | 's' | 'x' if !flags.contains(flag) => flags.push(flag),
            // ASCII meaning of classes is ours anyway; `p` only keeps the match.
            'i' | 'm' | 's' | 'x' | 'a' | 'p' => {}
            other => return Err(format!("the flag `{other}` of the pattern")),
        }
    }
    let mut writing = Writing {
        rest: expression.pattern.chars(),
        out: String::with_capacity(expression.pattern.len() + 16),
        any_case: vec![flags.contains('i')],
        free: flags.contains('x'),
    };
    while let Some(character) = writing.rest.next() {
        writing.character(character);
    }
    Ok(Written { source: writing.out, flags })
}

/// `%{NAME}` stands for what a group of that name matched in another rule.
fn has_capture_template(pattern: &str) -> bool {
    pattern.match_indices("%{").any(|(at, _)| {
        let rest = pattern.get(at + 2..).unwrap_or_default();
        rest.starts_with(|first: char| first.is_ascii_uppercase())
            && rest.find('}').is_some()
            && !pattern.get(..at).is_some_and(|before| before.ends_with('\\'))
    })
}

struct Writing<'a> {
    rest: std::str::Chars<'a>,
    out: String,
    /// Whether case is ignored, for every open group; the last one is the innermost.
    any_case: Vec<bool>,
    /// White space in the pattern is no text.
    free: bool,
}

impl Writing<'_> {
    fn ignores_case(&self) -> bool {
        self.any_case.last().copied().unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest.next();
        }
        found
    }

    fn character(&mut self, character: char) {
        match character {
            '\\' => match escaped_octet(&mut self.rest, false) {
                Some(octet) if octet >= 0x80 => self.octet(octet),
                Some(octet) => write_octet(&mut self.out, octet),
                None => {
                    let next = self.rest.next();
                    self.out.push('\\');
                    match next {
                        Some(next) if next.is_ascii() => self.out.push(next),
                        Some(next) => {
                            self.out.pop();
                            self.octet(low_octet(next));
                        }
                        None => self.out.push('\\'),
                    }
                }
            },
            '[' => self.class(),
            '(' => self.group(),
            ')' => {
                if self.any_case.len() > 1 {
                    self.any_case.pop();
                }
                self.out.push(')');
            }
            '/' => self.out.push_str("\\/"),
            '\t' if self.free => self.out.push(' '),
            character if character.is_ascii_control() || !character.is_ascii() => self.octet(low_octet(character)),
            character => self.out.push(character),
        }
    }

    /// One octet outside a class.
    fn octet(&mut self, octet: u8) {
        match folded(octet).filter(|_| self.ignores_case()) {
            Some(other) => {
                self.out.push('[');
                write_octet(&mut self.out, octet);
                write_octet(&mut self.out, other);
                self.out.push(']');
            }
            None => write_octet(&mut self.out, octet),
        }
    }

    /// Behind `(`: flags of the group, if it has any.
    fn group(&mut self) {
        self.out.push('(');
        let mut inherited = self.ignores_case();
        let rest = self.rest.as_str();
        let flags = rest.strip_prefix('?').map_or("", |rest| {
            let is_flag = |character: char| character.is_ascii_lowercase() || matches!(character, '^' | '-');
            rest.get(..rest.find(|character| !is_flag(character)).unwrap_or(rest.len())).unwrap_or_default()
        });
        let after = rest.get(1 + flags.len()..).unwrap_or_default();
        if !flags.is_empty() && after.starts_with([':', ')']) {
            let (on, off) = flags.split_once('-').unwrap_or((flags, ""));
            inherited = (inherited && !flags.starts_with('^') && !off.contains('i')) || on.contains('i');
            if after.starts_with(')') {
                // Counts to the end of the group that is open now.
                if let Some(current) = self.any_case.last_mut() {
                    *current = inherited;
                }
            }
        }
        self.any_case.push(inherited);
    }

    /// Behind `[`.
    fn class(&mut self) {
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut octets = [false; 256];
        let mut is_first = true;
        while let Some(low) = self.class_item(is_first) {
            is_first = false;
            let Item::Octet(low) = low else { continue };
            let high = self.range_end();
            let high_value = high.unwrap_or(low);
            for octet in low..=high_value {
                if let Some(slot) = octets.get_mut(usize::from(octet)) {
                    *slot = true;
                }
            }
            self.member(low);
            if let Some(high) = high {
                self.out.push('-');
                self.member(high);
            }
        }
        if self.ignores_case() {
            for octet in 0x80..=u8::MAX {
                let has = |octet: u8| octets.get(usize::from(octet)).copied().unwrap_or_default();
                if !has(octet) && folded(octet).is_some_and(has) {
                    write_octet(&mut self.out, octet);
                }
            }
        }
        self.out.push(']');
    }

    fn member(&mut self, octet: u8) {
        // A space in a class is a space in Perl's free patterns, but not in everyone's.
        if self.free && octet == b' ' {
            write_octet(&mut self.out, octet);
        } else {
            write_class_octet(&mut self.out, octet);
        }
    }

    /// One member; what is no single octet is written out at once. `None` at the end.
    fn class_item(&mut self, is_first: bool) -> Option<Item> {
        let rest = self.rest.as_str();
        let character = self.rest.next()?;
        match character {
            ']' if !is_first => None,
            '[' if rest.starts_with("[:") && rest.contains(":]") => {
                let length = rest.find(":]").unwrap_or_default() + 2;
                let (name, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                self.out.push_str(name);
                self.rest = after.chars();
                Some(Item::Other)
            }
            '\\' => {
                if let Some(octet) = escaped_octet(&mut self.rest, true) {
                    return Some(Item::Octet(octet));
                }
                let next = self.rest.next()?;
                match next {
                    'n' => Some(Item::Octet(b'\n')),
                    'r' => Some(Item::Octet(b'\r')),
                    't' => Some(Item::Octet(b'\t')),
                    'f' => Some(Item::Octet(0x0c)),
                    'a' => Some(Item::Octet(0x07)),
                    'e' => Some(Item::Octet(0x1b)),
                    'b' => Some(Item::Octet(0x08)),
                    next if next.is_ascii_alphanumeric() => {
                        self.out.push('\\');
                        self.out.push(next);
                        Some(Item::Other)
                    }
                    next => Some(Item::Octet(low_octet(next))),
                }
            }
            character => Some(Item::Octet(low_octet(character))),
        }
    }

    /// Behind a member: the end of a range, if one begins here.
    fn range_end(&mut self) -> Option<u8> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') {
            return None;
        }
        let end = match ahead.next()? {
            ']' => return None,
            '\\' => match escaped_octet(&mut ahead, true) {
                Some(octet) => octet,
                None => match ahead.next()? {
                    next if next.is_ascii_alphanumeric() => return None,
                    next => low_octet(next),
                },
            },
            '[' if ahead.as_str().starts_with(':') => return None,
            character => low_octet(character),
        };
        self.rest = ahead;
        Some(end)
    }
}

/// A member of a class.
enum Item {
    Octet(u8),
    /// A class in the class, written already.
    Other,
}

/// Behind a backslash: `xHH`, `x{HH}` or an octal number, taken only if it is there.
fn escaped_octet(rest: &mut std::str::Chars<'_>, in_class: bool) -> Option<u8> {
    let text = rest.as_str();
    let digits_from = |from: usize, radix: u32, most: usize| {
        let digits = text.get(from..).unwrap_or_default();
        let end = digits.find(|character: char| !character.is_digit(radix)).unwrap_or(digits.len());
        digits.get(..end.min(most)).unwrap_or_default()
    };
    let (value, length) = if let Some(braced) = text.strip_prefix("x{") {
        let end = braced.find('}')?;
        (u8::from_str_radix(braced.get(..end)?.trim(), 16).ok()?, end + 3)
    } else if text.starts_with('x') {
        let digits = digits_from(1, 16, 2);
        (u8::from_str_radix(digits, 16).unwrap_or_default(), 1 + digits.len())
    } else {
        let digits = digits_from(0, 8, 3);
        // Outside a class `\1` is a group, `\012` and `\223` are octets.
        if digits.is_empty() || !(in_class || digits.starts_with('0') || digits.len() == 3) {
            return None;
        }
        (u8::from_str_radix(digits, 8).ok()?, digits.len())
    };
    *rest = text.get(length..).unwrap_or_default().chars();
    Some(value)
}

/// The other case of a Latin-1 letter that has one.
fn folded(octet: u8) -> Option<u8> {
    match octet {
        0xd7 | 0xf7 | 0xdf | 0xff => None,
        0xc0..=0xde => Some(octet + 0x20),
        0xe0..=0xfe => Some(octet - 0x20),
        _ => None,
    }
}

fn low_octet(character: char) -> u8 {
    u8::try_from(u32::from(character)).unwrap_or(b'?')
}

fn write_octet(out: &mut String, octet: u8) {
    let _ = write!(out, "\\x{octet:02x}");
}

/// Signs that mean themselves in a class, wherever they stand.
const PLAIN_IN_CLASS: &str = " _,.:;%@\"'<>=!?*+(){}$|`";

/// A member of a class: as itself where that is plain, escaped where it could mean more.
fn write_class_octet(out: &mut String, octet: u8) {
    let character = char::from(octet);
    match octet {
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        _ if octet.is_ascii_alphanumeric() || PLAIN_IN_CLASS.contains(character) => out.push(character),
        _ if octet.is_ascii_graphic() => out.extend(['\\', character]),
        octet => write_octet(out, octet),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(pattern: &str, flags: &str) -> String {
        let expression = Expression { pattern: pattern.to_owned(), flags: flags.to_owned() };
        written(&expression).map_or_else(|why| why, |written| format!("/{}/{}", written.source, written.flags))
    }

    #[test]
    fn octets_and_slashes() {
        for (pattern, flags, expected) in [
            ("https?://a\\/b", "", "/https?:\\/\\/a\\/b/"),
            ("\u{e4}[\u{e4}]", "", "/\\xe4[\\xe4]/"),
            ("\u{c3}\u{a4}", "i", "/[\\xc3\\xe3]\\xa4/i"),
            ("\\xC3\\xa4[\\xc0-\\xc2]", "i", "/[\\xc3\\xe3]\\xa4[\\xc0-\\xc2\\xe0\\xe1\\xe2]/i"),
            ("(?i)a\\xe4(?-i:\\xe4)(?i:\\xe4)", "", "/(?i)a[\\xe4\\xc4](?-i:\\xe4)(?i:[\\xe4\\xc4])/"),
            ("(?:(?i)\\xe4)\\xe4", "", "/(?:(?i)[\\xe4\\xc4])\\xe4/"),
            ("[\\042\\223]\\015\\1", "", "/[\"\\x93]\\x0d\\1/"),
            ("[^]a\\]-c\\-\\d[:alpha:]/-]", "", "/[^\\]a\\]-c\\-\\d[:alpha:]\\/\\-]/"),
            ("[\\xd7\\xdf]", "i", "/[\\xd7\\xdf]/i"),
            ("a\tb", "x", "/a b/x"),
            ("a\tb", "", "/a\\x09b/"),
            ("a", "ia", "/a/i"),
        ] {
            assert_eq!(ours(pattern, flags), expected, "{pattern}");
        }
        assert!(ours("a", "u").contains("flag"));
        assert!(ours("x%{GB_TO}", "").contains("captured"));
    }

    #[test]
    fn nothing_is_lost_at_the_end() {
        for pattern in ["a\\", "[a", "[", "[\\", "(?", "(?i", "[a-", "\\x", "[[:al", "\\x{"] {
            assert!(ours(pattern, "i").starts_with('/'), "{pattern}");
        }
    }
}
