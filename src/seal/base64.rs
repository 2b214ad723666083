//! Base64 in lines of 64 characters with CRLF (RFC 4648 4, RFC 2045 6.8, RFC 9580 6.2). Pure.

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
    fn lines_are_short_and_come_back() {
        let octets: Vec<u8> = (0..1000_u32).map(|number| u8::try_from(number * 7 % 256).unwrap()).collect();
        let mut out = Vec::new();
        lines(&octets, &mut out);
        assert!(out.split(|octet| *octet == b'\n').all(|line| line.len() <= 65));
        assert_eq!(decoded(&out), octets);
    }
}
