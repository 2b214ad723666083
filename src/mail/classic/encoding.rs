//! Base64 and quoted-printable as SpamAssassin decodes them: it never gives up, and it never stops early.
//!
//! Pure.

use super::wide::is_blank;

/// Decodes base64: what is foreign is left out; `=` in the middle counts as `A` where the rest is well formed.
#[must_use]
pub fn base64(octets: &[u8]) -> Vec<u8> {
    let packed: Vec<u8> = octets.iter().copied().filter(|octet| !is_blank(octet)).collect();
    let body = packed.iter().rposition(|octet| *octet != b'=').map_or(0, |last| last + 1);
    let is_regular =
        packed.len().is_multiple_of(4) && packed.len() >= 2 && packed.iter().copied().all(is_symbol_or_padding);
    let digits = packed.get(..body).unwrap_or_default().iter();
    if is_regular {
        return groups(digits.filter_map(|octet| if *octet == b'=' { Some(0) } else { value(*octet) }));
    }
    let mut values: Vec<u8> =
        digits.filter_map(|octet| if *octet == b'=' { Some(63) } else { value(*octet) }).collect();
    if values.len() % 4 == 1 {
        values.pop();
    }
    groups(values.into_iter())
}

fn is_symbol_or_padding(octet: u8) -> bool {
    octet == b'=' || value(octet).is_some()
}

/// Every four values make three octets; of an incomplete group the whole octets count.
fn groups(values: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(values.size_hint().1.unwrap_or_default() / 4 * 3 + 3);
    let mut bits = 0_u32;
    let mut held = 0;
    for value in values {
        bits = (bits << 6 | u32::from(value)) & 0x00ff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            decoded.push(u8::try_from(bits >> held & 0xff).unwrap_or_default());
        }
    }
    decoded
}

fn value(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Decodes quoted-printable: white space at line ends goes, soft line breaks go, broken escapes stay.
#[must_use]
pub fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let (text, end) = match line {
            [text @ .., b'\r', b'\n'] => (trim_end(text), &b"\r\n"[..]),
            [text @ .., b'\n'] => (trim_end(text), &b"\n"[..]),
            text => (text, &b""[..]),
        };
        match text {
            [text @ .., b'='] if !end.is_empty() => joined.extend_from_slice(text),
            text => {
                joined.extend_from_slice(text);
                joined.extend_from_slice(end);
            }
        }
    }
    escapes(&joined)
}

fn trim_end(text: &[u8]) -> &[u8] {
    let kept = text.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |last| last + 1);
    text.get(..kept).unwrap_or_default()
}

fn escapes(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (plain, escape) = rest.split_at(at);
        decoded.extend_from_slice(plain);
        match escape {
            [_, high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            escape => {
                decoded.push(b'=');
                rest = escape.get(1..).unwrap_or_default();
            }
        }
    }
    decoded.extend_from_slice(rest);
    decoded
}

/// The value of a hexadecimal digit, 0 if it is none.
#[must_use]
pub fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_on() {
        assert_eq!(base64(b"aGVs\r\nbG8=\r\n"), b"hello");
        assert_eq!(base64(b"aGVsbG8"), b"hello");
        assert_eq!(base64(b"aGVs!bG8="), b"hello");
        assert_eq!(base64(b"aGVsbG8=aGVsbG8="), b"hello\0hello");
        assert_eq!(base64(b"Q"), b"");
        assert_eq!(base64(b""), b"");
    }

    #[test]
    fn quoted_printable_keeps_what_is_broken() {
        assert_eq!(quoted_printable(b"a=3D=\nb  \r\n=x=fc ="), b"a=b\r\n=x\xfc =");
        assert_eq!(quoted_printable(b"a= \nb"), b"ab");
    }
}
