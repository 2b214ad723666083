//! Parameters of structured MIME fields (RFC 2045 5.1), read as leniently as the most lenient client.
//!
//! Pure. Bounded in number and length. Where clients cut a value differently, all cuts are there.

use crate::limits;
use std::borrow::Cow;

/// One parameter of a structured field, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Lower case, without white space and comments.
    pub name: String,
    /// What it may say: unquoted, and where clients disagree, other cuts of it.
    pub values: Vec<Vec<u8>>,
}

/// The parameters of the field value, whatever stands before the first semicolon.
#[must_use]
pub fn of(value: &[u8]) -> Vec<Parameter> {
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
        let Some(tail) = tail.strip_prefix(b"=") else {
            rest = tail;
            continue;
        };
        let (values, tail) = values(skip(tail, |byte| byte.is_ascii_whitespace()));
        parameters.push(Parameter { name: name_of(name), values });
        rest = tail;
    }
    parameters
}

fn name_of(name: &[u8]) -> String {
    let name = without_comments(name);
    name.iter().filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// What a parameter may say, and what follows it.
fn values(text: &[u8]) -> (Vec<Vec<u8>>, &[u8]) {
    match text.strip_prefix(b"\"") {
        Some(quoted) => quoted_values(text, quoted),
        None => token_values(text),
    }
}

fn token_values(text: &[u8]) -> (Vec<Vec<u8>>, &[u8]) {
    let (token, tail) = text.split_at(semicolon(text));
    let token = token.trim_ascii();
    let mut values = vec![token.to_vec()];
    // `name=a b.exe`: some clients stop at the space, some at a comment.
    if let Some(word) = token.split(u8::is_ascii_whitespace).next().filter(|word| word.len() < token.len()) {
        add(&mut values, word);
    }
    if let Some(comment) = memchr::memchr(b'(', token) {
        add(&mut values, &without_comments(token));
        add(&mut values, token.get(..comment).unwrap_or_default());
    }
    // `name=a;.exe`: what follows the semicolon is no parameter, so that some clients read on.
    let more = tail.get(1..).unwrap_or_default();
    let more = more.get(..semicolon(more)).unwrap_or_default();
    if !more.is_empty() && !more.contains(&b'=') {
        add(&mut values, &[token, b";", more.trim_ascii_end()].concat());
    }
    (values, tail)
}

fn quoted_values<'a>(text: &'a [u8], quoted: &'a [u8]) -> (Vec<Vec<u8>>, &'a [u8]) {
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
    let tail = quoted.get(at + 1..).unwrap_or_default();
    if has_escapes {
        add(&mut values, quoted.get(..at).unwrap_or_default());
        // The first quote ends the value for clients that know no escapes.
        add(&mut values, quoted.split(|byte| *byte == b'"').next().unwrap_or_default());
    }
    // `"a".exe`: more stands behind the closing quote.
    if tail.get(..semicolon(tail)).is_some_and(|more| !more.trim_ascii().is_empty()) {
        let whole = text.get(..semicolon(text)).unwrap_or_default();
        let bare: Vec<u8> = whole.iter().copied().filter(|byte| *byte != b'"').collect();
        add(&mut values, bare.trim_ascii());
    }
    (values, tail)
}

fn add(values: &mut Vec<Vec<u8>>, value: &[u8]) {
    if !values.iter().any(|known| known == value) {
        values.push(value.to_vec());
    }
}

fn semicolon(text: &[u8]) -> usize {
    memchr::memchr(b';', text).unwrap_or(text.len())
}

/// The text without comments (RFC 5322 3.2.2); a parenthesis that is never closed stays.
fn without_comments(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'(') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut open = Vec::new();
    for byte in text {
        match byte {
            b'(' => {
                open.push(out.len());
                out.push(*byte);
            }
            b')' if let Some(start) = open.pop() => out.truncate(start),
            _ => out.push(*byte),
        }
    }
    Cow::Owned(out)
}

/// The text with `%41` undone (RFC 2231 4).
#[must_use]
pub fn percent_decoded(value: &[u8]) -> Cow<'_, [u8]> {
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

fn skip(text: &[u8], is_skipped: impl Fn(u8) -> bool) -> &[u8] {
    let start = text.iter().position(|byte| !is_skipped(*byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values_of(value: &str) -> Vec<String> {
        let parameters = of(value.as_bytes());
        parameters.iter().flat_map(|one| &one.values).map(|one| String::from_utf8_lossy(one).into_owned()).collect()
    }

    #[test]
    fn values_are_cut_as_clients_cut_them() {
        assert_eq!(values_of("x; n=file.zip(.gif)"), ["file.zip(.gif)", "file.zip"]);
        assert_eq!(values_of("x; n=file.z()ip"), ["file.z()ip", "file.zip", "file.z"]);
        assert_eq!(values_of("x; n=file;.zip"), ["file", "file;.zip"]);
        assert_eq!(values_of("x; n=\"file\".zip; m=y"), ["file", "file.zip", "y"]);
        assert_eq!(of(b"x; fi(le)lena()me=y").first().map(|one| one.name.as_str()), Some("filename"));
    }
}
