//! File names: every reading that some client makes of a part's name (RFC 2183 2.3, RFC 2231, RFC 2047).
//!
//! Pure. Bounded in number and length. Clients disagree, so none of the readings is "the" name; the first is preferred.

use super::charset;
use crate::limits;
use std::{borrow::Cow, collections::BTreeMap};

/// One parameter of a structured field, as it stands there.
struct Parameter {
    /// Lower case, without white space.
    name: String,
    /// What it may say: unquoted, and where clients disagree, other cuts of it.
    values: Vec<Vec<u8>>,
}

/// Every reading of a name in the given Content-Disposition and Content-Type values, preferred ones first.
#[must_use]
pub fn readings<'a>(
    dispositions: impl Iterator<Item = &'a [u8]>,
    types: impl Iterator<Item = &'a [u8]>,
) -> Vec<String> {
    let mut names = Vec::new();
    for value in dispositions {
        of_field(value, "filename", &mut names);
    }
    for value in types {
        of_field(value, "name", &mut names);
    }
    names
}

/// The extension that counts on the reader's machine: Windows drops dots and spaces at the end of a name.
#[must_use]
pub fn extension(name: &str) -> Option<String> {
    let name = name
        .trim_end_matches(|mark: char| mark.is_whitespace() || mark.is_control() || matches!(mark, '.' | '"' | '\''));
    // A NUL ends the name, a colon starts a stream of the file.
    let name = name.split(['\0', ':']).next().unwrap_or_default();
    let (_, end) = name.rsplit_once('.')?;
    let end: String = end.chars().filter(|mark| mark.is_alphanumeric()).collect();
    Some(end.to_ascii_lowercase())
}

/// The readings that one field gives for the parameter `wanted`.
fn of_field(value: &[u8], wanted: &str, names: &mut Vec<String>) {
    let parameters = parameters(value);
    let mut pieces: BTreeMap<u32, (bool, &[u8])> = BTreeMap::new();
    for parameter in &parameters {
        let Some(section) = parameter.name.strip_prefix(wanted).and_then(|rest| rest.strip_prefix('*')) else {
            continue;
        };
        let Some(first) = parameter.values.first() else { continue };
        if section.is_empty() {
            add(names, &extended(first));
            continue;
        }
        let (number, is_extended) = match section.strip_suffix('*') {
            Some(number) => (number, true),
            None => (section, false),
        };
        if let Ok(number) = number.parse() {
            pieces.entry(number).or_insert((is_extended, first));
        }
    }
    if !pieces.is_empty() {
        add(names, &continued(&pieces));
    }
    for parameter in parameters.iter().filter(|parameter| parameter.name == wanted) {
        for value in &parameter.values {
            let plain = charset::guess(value).into_owned();
            if plain.contains("=?") {
                add(names, &charset::unstructured(value));
            }
            if plain.contains("''") && plain.contains('%') {
                add(names, &extended(value));
            }
            add(names, &plain);
        }
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    let name: String = name.chars().filter(|mark| !matches!(mark, '\r' | '\n')).collect();
    let name = name.trim();
    let name = name.get(..name.floor_char_boundary(limits::NAME_BYTES_MAX)).unwrap_or_default();
    if !name.is_empty() && names.len() < limits::NAMES_MAX && !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// `charset'language'percent%20encoded` (RFC 2231 4).
fn extended(value: &[u8]) -> String {
    let (label, rest) = label_of(value);
    charset::decode(label.as_deref(), &percent_decoded(rest)).text.into_owned()
}

fn label_of(value: &[u8]) -> (Option<String>, &[u8]) {
    let mut quotes = value.iter().enumerate().filter(|(_, byte)| **byte == b'\'').map(|(at, _)| at);
    let (Some(first), Some(second)) = (quotes.next(), quotes.next()) else { return (None, value) };
    let label = String::from_utf8_lossy(value.get(..first).unwrap_or_default()).into_owned();
    (Some(label), value.get(second + 1..).unwrap_or_default())
}

/// The sections of RFC 2231 3 in the order of their numbers, up to the first gap.
fn continued(pieces: &BTreeMap<u32, (bool, &[u8])>) -> String {
    let mut octets = Vec::new();
    let mut label = None;
    let start = pieces.keys().next().copied().unwrap_or_default();
    let mut expected = Some(start);
    for (number, (is_extended, value)) in pieces {
        if Some(*number) != expected {
            break;
        }
        expected = number.checked_add(1);
        let mut value = *value;
        if *is_extended && *number == start {
            (label, value) = label_of(value);
        }
        if *is_extended {
            octets.extend_from_slice(&percent_decoded(value));
        } else {
            octets.extend_from_slice(value);
        }
    }
    let decoded = charset::decode(label.as_deref(), &octets).text.into_owned();
    if decoded.contains("=?") { charset::unstructured(decoded.as_bytes()) } else { decoded }
}

fn percent_decoded(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'%') {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, tail)) = rest.split_first() {
        let decoded = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        out.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    Cow::Owned(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The parameters of a structured field, read as leniently as the most lenient client.
fn parameters(value: &[u8]) -> Vec<Parameter> {
    let value = value.get(..limits::FIELD_TEXT_BYTES_MAX).unwrap_or(value);
    let mut rest: &[u8] = match value.iter().position(|byte| matches!(byte, b';' | b'=')) {
        // A value that begins with a parameter, without type, is read by some clients.
        Some(at) if value.get(at) == Some(&b'=') => value,
        Some(at) => value.get(at + 1..).unwrap_or_default(),
        None => return Vec::new(),
    };
    let mut parameters = Vec::new();
    while parameters.len() < limits::PARAMETERS_MAX {
        rest = skip(rest, |byte| byte.is_ascii_whitespace() || byte == b';');
        if rest.is_empty() {
            break;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let name: String = name
            .iter()
            .filter(|byte| byte.is_ascii_graphic())
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
        let Some(tail) = tail.strip_prefix(b"=") else {
            rest = tail;
            continue;
        };
        let (values, tail) = parameter_values(skip(tail, |byte| byte.is_ascii_whitespace()));
        parameters.push(Parameter { name, values });
        rest = tail;
    }
    parameters
}

/// What a parameter may say, and what follows it.
fn parameter_values(text: &[u8]) -> (Vec<Vec<u8>>, &[u8]) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        let (token, tail) = text.split_at(end);
        let token = token.trim_ascii();
        let mut values = vec![token.to_vec()];
        // `name=a b.exe`: some clients stop at the space, some at a comment.
        if let Some(word) = token.split(u8::is_ascii_whitespace).next().filter(|word| word.len() < token.len()) {
            values.push(word.to_vec());
        }
        return (values, tail);
    };
    let mut unescaped = Vec::new();
    let mut at = 0;
    let mut has_escapes = false;
    while let Some(byte) = quoted.get(at) {
        match byte {
            b'"' => break,
            b'\\' if at + 1 < quoted.len() => {
                has_escapes = true;
                at += 1;
                unescaped.extend(quoted.get(at));
            }
            _ => unescaped.push(*byte),
        }
        at += 1;
    }
    let mut values = vec![unescaped];
    if has_escapes {
        values.push(quoted.get(..at).unwrap_or_default().to_vec());
    }
    (values, quoted.get(at + 1..).unwrap_or_default())
}

fn skip(text: &[u8], is_skipped: impl Fn(u8) -> bool) -> &[u8] {
    let start = text.iter().position(|byte| !is_skipped(*byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(disposition: &str, content_type: &str) -> Vec<String> {
        readings([disposition.as_bytes()].into_iter(), [content_type.as_bytes()].into_iter())
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(of(" attachment; filename=\"a.txt\"", " text/plain; name=b.txt"), ["a.txt", "b.txt"]);
        assert_eq!(of("attachment; filename*=iso-8859-1'de'Pr%FCfung.pdf", ""), ["Pr\u{fc}fung.pdf"]);
        assert_eq!(
            of("attachment;\r\n filename*0*=utf-8''Pr%C3%BC;\r\n filename*1=\"fung\";\r\n filename*2=.exe", ""),
            ["Pr\u{fc}fung.exe"]
        );
        assert_eq!(of("attachment; filename=\"=?utf-8?q?a=2Eexe?=\"", ""), ["a.exe", "=?utf-8?q?a=2Eexe?="]);
    }

    #[test]
    fn extensions_are_read_as_windows_does() {
        assert_eq!(extension("a.pdf.EXE. .").as_deref(), Some("exe"));
        assert_eq!(extension("a.exe:x.txt").as_deref(), Some("exe"));
        assert_eq!(extension("Elternbrief"), None);
    }

    #[test]
    fn disagreements_give_several_readings() {
        assert_eq!(of("attachment; filename=\"a.txt\"; filename=\"b.exe\"", ""), ["a.txt", "b.exe"]);
        assert_eq!(of("attachment; filename=a b.exe", ""), ["a b.exe", "a"]);
        assert_eq!(of("attachment; filename=\"a\\.exe\"", ""), ["a.exe", "a\\.exe"]);
        assert_eq!(of("filename=a.exe", ""), ["a.exe"]);
        assert_eq!(of("attachment; FILENAME = \"a.exe", ""), ["a.exe"]);
    }

    #[test]
    fn readings_are_bounded() {
        let many: String = (0..1000).map(|number| format!(";filename={number}.exe")).collect();
        assert_eq!(of(&many, "").len(), limits::NAMES_MAX);
        assert_eq!(of("x;filename*4294967295=a.exe;filename*0*=utf-8''%zz%4", ""), ["%zz%4"]);
        assert!(of(&format!("x;filename={}", "a".repeat(9999)), "")[0].len() <= limits::NAME_BYTES_MAX);
    }
}
