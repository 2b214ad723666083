//! Files of Unix `compress`: LZW with codes of 9 to 16 bits.
//!
//! Pure. The reader keeps the known oddity of the format: codes come in groups of eight, and a change of their length
//! or a clear code throws the rest of a group away.

use super::budget::{Budget, Cost, MALFORMED, Output};

/// One string of the table: the string before it and its last octet.
#[derive(Clone, Copy)]
struct Entry {
    before: u16,
    last: u8,
}

/// Codes out of the octets behind the header, low bits first.
struct Codes<'a> {
    bytes: &'a [u8],
    /// Bit at which the group at hand begins, and codes taken of it.
    group: usize,
    taken: usize,
    bits: usize,
}

impl Codes<'_> {
    fn next(&mut self) -> Option<u16> {
        let at = self.group + self.taken * self.bits;
        let window = super::octets::piece(self.bytes, at / 8, 3);
        if self.bytes.len() * 8 < at + self.bits {
            return None;
        }
        let number = window.iter().rev().fold(0usize, |number, octet| number << 8 | usize::from(*octet));
        self.taken += 1;
        u16::try_from(number >> (at % 8) & ((1 << self.bits) - 1)).ok()
    }

    /// Goes on with codes of another length: the rest of the group is padding.
    fn resize(&mut self, bits: usize) {
        let groups = self.taken.div_ceil(8);
        self.group += groups * 8 * self.bits;
        self.taken = 0;
        self.bits = bits;
    }
}

/// Undoes `compress`.
#[must_use]
pub fn uncompress(bytes: &[u8], budget: &mut Budget) -> Output {
    let mut output = Output::default();
    let Some((&[0x1f, 0x9d, flags], data)) = bytes.split_first_chunk::<3>() else { return Output::nothing(MALFORMED) };
    let bits_max = usize::from(flags & 0x1f);
    if !(9..=16).contains(&bits_max) {
        return Output::nothing(MALFORMED);
    }
    let first_free = if flags & 0x80 == 0 { 256 } else { 257 };
    let mut table = vec![Entry { before: 0, last: 0 }; first_free];
    let mut codes = Codes { bytes: data, group: 0, taken: 0, bits: 9 };
    let mut previous: Option<(u16, u8)> = None;
    let mut text = Vec::new();
    while let Some(code) = codes.next() {
        if code == 256 && first_free == 257 {
            table.truncate(first_free);
            codes.resize(9);
            previous = None;
            continue;
        }
        let known = usize::from(code) < table.len() || code < 256;
        let Some((first, whole)) = spell(&table, code, known, previous, &mut text) else {
            output.cut = Some(MALFORMED);
            break;
        };
        if !budget.push(whole, bytes.len(), Cost::Inflate, &mut output) {
            break;
        }
        if let Some((before, _)) = previous
            && table.len() < 1 << bits_max
        {
            table.push(Entry { before, last: first });
            if table.len() == 1 << codes.bits && codes.bits < bits_max {
                codes.resize(codes.bits + 1);
            }
        }
        previous = Some((code, first));
    }
    output
}

/// The string of a code, and its first octet; a code that is not known yet is the string before with its first octet.
fn spell<'a>(
    table: &[Entry],
    code: u16,
    known: bool,
    previous: Option<(u16, u8)>,
    text: &'a mut Vec<u8>,
) -> Option<(u8, &'a [u8])> {
    text.clear();
    let mut code = code;
    if !known {
        let (before, first) = previous.filter(|_| usize::from(code) == table.len())?;
        text.push(first);
        code = before;
    }
    while code >= 256 {
        let entry = table.get(usize::from(code))?;
        text.push(entry.last);
        code = entry.before;
    }
    let first = u8::try_from(code).ok()?;
    text.push(first);
    text.reverse();
    Some((first, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_text_is_read() {
        // `printf 'TOBEORNOTTOBEORTOBEORNOT' | compress`
        let file =
            [0x1f, 0x9d, 0x90, 0x54, 0x9e, 0x08, 0x29, 0xf2, 0x44, 0x8a, 0x93, 0x27, 0x54, 0x02, 0x0d, 0x1e, 0x00];
        let output = uncompress(&file, &mut Budget::default());
        assert!(output.bytes.starts_with(b"TOBEORNOT"), "{output:?}");
        assert_eq!(uncompress(b"\x1f\x9d\x05", &mut Budget::default()).cut, Some(MALFORMED));
    }
}
