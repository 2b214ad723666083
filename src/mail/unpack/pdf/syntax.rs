//! The syntax of PDF (ISO 32000-1 7): objects where they stand, whatever the table of references says.
//!
//! Pure. Readers repair broken files, so this looks at every object that is there.

use crate::mail::{
    ahead::Ahead,
    unpack::octets::{find, is_at, piece},
};

/// One object: its number, what it says, and its data, if it has some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object<'a> {
    pub number: usize,
    pub generation: usize,
    /// Dictionary or value, names undone.
    pub text: Vec<u8>,
    pub stream: Option<&'a [u8]>,
}

/// Every object of a file.
#[must_use]
pub fn objects(bytes: &[u8]) -> Vec<Object<'_>> {
    let mut found = Vec::new();
    let (mut from, mut ends, mut stream_ends) =
        (0, [Ahead::new(b"endobj"), Ahead::new(b"stream")], Ahead::new(b"endstream"));
    while let Some(at) = find(bytes, from, b"obj")
        && found.len() < OBJECTS_MAX
    {
        from = at + 3;
        let Some((number, generation)) = numbers_before(bytes, at) else { continue };
        let mut end = ends.iter_mut().filter_map(|mark| mark.find(bytes, from)).min();
        // An object that is not closed ends where the next begins, at the latest.
        end = end.map(|end| end.min(from + TEXT_BYTES_MAX));
        let end = end.unwrap_or_else(|| bytes.len().min(from + TEXT_BYTES_MAX));
        let text = names_undone(bytes.get(from..end).unwrap_or_default());
        let mut stream = None;
        from = end;
        if is_at(bytes, end, b"stream") {
            let start = match bytes.get(end + 6..) {
                Some([b'\r', b'\n', ..]) => end + 8,
                Some([b'\n' | b'\r', ..]) => end + 7,
                _ => end + 6,
            };
            let claimed = number_of(&text, b"/Length").filter(|length| {
                let tail = piece(bytes, start.saturating_add(*length), 20).trim_ascii_start();
                tail.starts_with(b"endstream") || tail.starts_with(b"endobj")
            });
            let length = claimed
                .or_else(|| stream_ends.find(bytes, start).map(|end| end - start))
                .unwrap_or(bytes.len().saturating_sub(start));
            stream = Some(piece(bytes, start, length));
            from = start.saturating_add(length);
        }
        found.push(Object { number, generation, text, stream });
    }
    found
}

/// The two numbers before `obj`.
fn numbers_before(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = bytes.get(at.saturating_sub(24)..at)?;
    let mut words = before.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let number = |word: &[u8]| {
        let digits = word.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
        std::str::from_utf8(word.get(word.len() - digits..)?).ok()?.parse::<usize>().ok()
    };
    let generation = number(words.next()?)?;
    Some((number(words.next()?)?, generation))
}

/// Text with `#41` in names undone.
#[must_use]
pub fn names_undone(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut in_name = false;
    let mut at = 0;
    while let Some(octet) = text.get(at) {
        in_name = match octet {
            b'/' => true,
            b'(' | b')' | b'<' | b'>' | b'[' | b']' | b' ' | b'\r' | b'\n' | b'\t' => false,
            _ => in_name,
        };
        let coded = (in_name && *octet == b'#')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        if let Some(coded) = coded {
            plain.push(coded);
            at += 3;
        } else {
            plain.push(*octet);
            at += 1;
        }
    }
    plain
}

/// Where the value of a key begins; a longer key that begins alike does not count.
#[must_use]
pub fn value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut from = 0;
    while let Some(at) = find(text, from, key) {
        from = at + key.len();
        let rest = text.get(from..)?;
        if rest.first().is_none_or(|octet| !octet.is_ascii_alphanumeric() && *octet != b'_') {
            return Some(rest.trim_ascii_start());
        }
    }
    None
}

#[must_use]
pub fn has(text: &[u8], key: &[u8]) -> bool {
    value(text, key).is_some()
}

/// A number that stands there itself.
#[must_use]
pub fn number_of(text: &[u8], key: &[u8]) -> Option<usize> {
    let rest = value(text, key)?;
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let number = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
    // `12 0 R` is a reference.
    let mut words = rest.get(digits..)?.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let is_reference = words.next().is_some_and(|word| word.iter().all(u8::is_ascii_digit))
        && words.next().is_some_and(|word| word.starts_with(b"R"));
    (!is_reference).then_some(number)
}

/// The names of a value that is a name or a list of names.
#[must_use]
pub fn names_of(text: &[u8], keys: &[&[u8]]) -> Vec<Vec<u8>> {
    let Some(rest) = keys.iter().find_map(|key| value(text, key)) else { return Vec::new() };
    let end = match rest.first() {
        Some(b'[') => rest.iter().position(|octet| *octet == b']'),
        _ => rest.iter().skip(1).position(|octet| !octet.is_ascii_alphanumeric()).map(|end| end + 1),
    };
    let list = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let names = list.split(|octet| *octet == b'/').skip(1);
    names.map(|name| name.iter().copied().take_while(u8::is_ascii_alphanumeric).collect()).collect()
}

/// A string that a value is: in parentheses, or in hex digits.
#[must_use]
pub fn string(rest: &[u8]) -> Option<Vec<u8>> {
    string_of(rest).map(|(string, _)| string)
}

/// The same, and how many octets it takes there. What is longer than `STRING_BYTES_MAX` is cut.
#[must_use]
pub fn string_of(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let rest = rest.get(..STRING_BYTES_MAX).unwrap_or(rest);
    match rest.first()? {
        b'(' => {
            let (string, length) = literal(rest.get(1..)?);
            Some((string, length + 1))
        }
        b'<' if rest.get(1) != Some(&b'<') => {
            let end = rest.iter().position(|octet| *octet == b'>').unwrap_or(rest.len());
            Some((crate::mail::unpack::coded::hex(rest.get(1..end)?), end))
        }
        _ => None,
    }
}

/// A string in parentheses, from behind the first one on, and its octets.
fn literal(rest: &[u8]) -> (Vec<u8>, usize) {
    let mut plain = Vec::new();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(octet) = rest.get(at) {
        at += 1;
        match octet {
            b'(' => depth += 1,
            b')' if depth == 0 => break,
            b')' => depth -= 1,
            b'\\' => {
                let Some(mark) = rest.get(at).copied() else { break };
                at += 1;
                match mark {
                    b'n' => plain.push(b'\n'),
                    b'r' => plain.push(b'\r'),
                    b't' => plain.push(b'\t'),
                    b'\r' | b'\n' => {}
                    b'0'..=b'7' => {
                        let more = piece(rest, at, 2).iter().take_while(|digit| (b'0'..=b'7').contains(digit));
                        let more: Vec<u8> = more.copied().collect();
                        at += more.len();
                        let code =
                            more.iter().fold(u32::from(mark - b'0'), |code, digit| code << 3 | u32::from(digit - b'0'));
                        plain.extend(u8::try_from(code & 0xff));
                    }
                    other => plain.push(other),
                }
                continue;
            }
            _ => {}
        }
        plain.push(*octet);
    }
    (plain, at)
}

/// The text of a string: UTF-16 if it says so.
#[must_use]
pub fn text_of(string: &[u8]) -> String {
    match string {
        [0xfe, 0xff, rest @ ..] => crate::mail::unpack::octets::utf16_be(rest),
        _ => crate::mail::charset::guess(string).into_owned(),
    }
}

const OBJECTS_MAX: usize = 200_000;
const TEXT_BYTES_MAX: usize = 256 << 10;
/// Octets of a string: scripts and addresses are shorter.
const STRING_BYTES_MAX: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_where_they_stand() {
        let file = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Open#41ction<</S/J#61vaScript/JS(a\\(b\\051)>>>>endobj\n\
            2 0 obj\n<</Length 3>>stream\r\nabc\r\nendstream endobj 3 0 obj <</Length 9 0 R>> stream\nxy\nendstream";
        let found = objects(file);
        assert_eq!(found.iter().map(|object| object.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(has(&found[0].text, b"/OpenAction") && has(&found[0].text, b"/JavaScript"));
        assert!(!has(&found[0].text, b"/Open"));
        assert_eq!(string(value(&found[0].text, b"/JS").unwrap()).unwrap(), b"a(b)");
        assert_eq!(found[1].stream, Some(&b"abc"[..]));
        assert_eq!(found[2].stream, Some(&b"xy\n"[..]));
        assert_eq!(names_of(b"/Filter [/ASCIIHexDecode /FlateDecode]/X", &[b"/Filter"]).len(), 2);
    }

    #[test]
    fn many_objects_without_data_take_no_longer_than_their_octets() {
        let file = b"1 0 obj <</A 1>> endobj\n".repeat(100_000);
        assert_eq!(objects(&file).len(), 100_000);
    }
}
