//! Base64 in lines of 64 characters with CRLF (RFC 4648 4, RFC 2045 6.8, RFC 9580 6.2). Pure.

use std::{array, sync::LazyLock};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Octets that make one line.
const LINE_BYTES: usize = 48;

/// Appends the octets as lines, the last one with its line end.
pub fn lines(octets: &[u8], out: &mut Vec<u8>) {
    out.reserve(octets.len().div_ceil(LINE_BYTES) * 66);
    for line in octets.chunks(LINE_BYTES) {
        for group in line.chunks(3) {
            out.extend_from_slice(&quad(group));
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// CRC-24 (RFC 9580 6.1.1) as the last line of an armour: `=` and four characters. Readers need it no more, but GnuPG 2.2
/// does not find the end of an armour without padding that lacks it.
pub fn checksum(octets: &[u8], out: &mut Vec<u8>) {
    let sum = octets.iter().fold(0x00b7_04ce_u32, |sum, octet| {
        let [place, ..] = (sum >> 16 ^ u32::from(*octet)).to_le_bytes();
        (sum << 8 ^ CRC_24.get(usize::from(place)).copied().unwrap_or_default()) & 0x00ff_ffff
    });
    let [_, octets @ ..] = sum.to_be_bytes();
    out.push(b'=');
    out.extend_from_slice(&quad(&octets));
    out.extend_from_slice(b"\r\n");
}

static CRC_24: LazyLock<[u32; 256]> = LazyLock::new(|| {
    array::from_fn(|place| {
        let start = u32::try_from(place).unwrap_or_default() << 16;
        (0..8).fold(start, |sum, _| if sum & 0x0080_0000 == 0 { sum << 1 } else { sum << 1 ^ 0x0186_4cfb })
    })
});

/// One to three octets as four characters.
fn quad(group: &[u8]) -> [u8; 4] {
    let at = |place: usize| u32::from(group.get(place).copied().unwrap_or_default());
    let bits = at(0) << 16 | at(1) << 8 | at(2);
    let digit = |shift: u32| {
        let place = usize::try_from(bits >> shift & 63).unwrap_or_default();
        ALPHABET.get(place).copied().unwrap_or(b'A')
    };
    let [third, fourth] = match group.len() {
        1 => [b'=', b'='],
        2 => [digit(6), b'='],
        _ => [digit(6), digit(0)],
    };
    [digit(18), digit(12), third, fourth]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::coding::base64::decoded;

    #[test]
    fn the_examples_of_the_rfc() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let mut out = Vec::new();
            lines(plain.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap().trim_end(), coded);
        }
    }

    #[test]
    fn the_checksum_of_the_usual_nine_digits() {
        // Its check value 0x21cf02, in base64.
        let mut out = Vec::new();
        checksum(b"123456789", &mut out);
        assert_eq!(out, b"=Ic8C\r\n");
    }

    #[test]
    fn lines_are_short_and_come_back() {
        let octets: Vec<u8> = (0..1000_u32).map(|number| u8::try_from(number * 7 % 256).unwrap()).collect();
        let mut out = Vec::new();
        lines(&octets, &mut out);
        assert!(out.split(|octet| *octet == b'\n').all(|line| line.len() <= 65));
        assert_eq!(decoded(&out), octets);
    }
}
