//! Octets written as text: base64 and hex digits, as loosely as those who read them.
//!
//! Pure.

/// Undoes base64: marks that are no digits are skipped, padding ends a group.
#[must_use]
pub fn base64(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut count) = (0u32, 0u32);
    for mark in text {
        let digit = match mark {
            b'A'..=b'Z' => mark - b'A',
            b'a'..=b'z' => mark - b'a' + 26,
            b'0'..=b'9' => mark - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                (word, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        word = word << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.extend(u8::try_from(word >> count & 0xff));
        }
    }
    octets
}

/// Undoes hex digits: other marks are skipped.
#[must_use]
pub fn hex(text: &[u8]) -> Vec<u8> {
    let digits = text.iter().filter_map(|mark| char::from(*mark).to_digit(16));
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for digit in digits {
        match high.take() {
            None => high = Some(digit),
            Some(first) => octets.extend(u8::try_from(first << 4 | digit)),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_octets() {
        assert_eq!(base64(b"aGVs\r\nbG8="), b"hello");
        assert_eq!(base64(b"aGVsbG8"), b"hello");
        assert_eq!(base64(b"!!"), b"");
        assert_eq!(hex(b"48 65\n6C6c6F7"), b"Hello");
    }
}
