//! The packing of LHarc and ARJ: Huffman codes in blocks over a sliding window.
//!
//! Pure.

use super::budget::{Budget, Cost, MALFORMED, Output};

/// What tells the methods apart: how many codes of distances there are, and in how many bits their number is told.
#[derive(Clone, Copy)]
pub struct Variant {
    pub distances: usize,
    pub bits: u32,
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    word: u64,
    left: u32,
}

impl Bits<'_> {
    /// The next bits without taking them; zeros behind the end.
    fn peek(&mut self, count: u32) -> usize {
        while self.left < count {
            let octet = self.bytes.get(self.at).copied().unwrap_or(0);
            self.at += 1;
            self.word = self.word << 8 | u64::from(octet);
            self.left += 8;
        }
        usize::try_from(self.word >> (self.left - count) & ((1 << count) - 1)).unwrap_or(0)
    }

    fn take(&mut self, count: u32) -> usize {
        if count == 0 {
            return 0;
        }
        let number = self.peek(count);
        self.left -= count;
        number
    }

    /// Everything and a little more was taken.
    fn is_over(&self) -> bool {
        self.at > self.bytes.len() + 8
    }
}

/// A prefix code by the lengths of its words; of one word only, it is taken without any bits.
#[derive(Default)]
struct Code {
    only: Option<usize>,
    /// For each length: first word, first place, and number of words.
    rows: Vec<(usize, usize, usize)>,
    symbols: Vec<usize>,
}

impl Code {
    fn of(lengths: &[u32]) -> Self {
        let mut code = Self::default();
        let mut word = 0;
        for length in 0..=16 {
            let place = code.symbols.len();
            if length > 0 {
                code.symbols
                    .extend(lengths.iter().enumerate().filter(|(_, own)| **own == length).map(|(symbol, _)| symbol));
            }
            let count = code.symbols.len() - place;
            code.rows.push((word, place, count));
            word = (word + count) << 1;
        }
        code
    }

    fn only(symbol: usize) -> Self {
        Self { only: Some(symbol), ..Self::default() }
    }

    fn next(&self, bits: &mut Bits<'_>) -> Option<usize> {
        if self.only.is_some() {
            return self.only;
        }
        let window = bits.peek(16);
        for (length, (first, place, count)) in self.rows.iter().enumerate().skip(1) {
            let word = window >> (16 - length);
            if word >= *first && word - first < *count {
                bits.take(u32::try_from(length).ok()?);
                return self.symbols.get(place + word - first).copied();
            }
        }
        None
    }
}

/// Unpacks `size` octets.
#[must_use]
pub fn unpack(variant: Variant, packed: &[u8], size: usize, budget: &mut Budget) -> Output {
    let mut output = Output::default();
    let mut bits = Bits { bytes: packed, at: 0, word: 0, left: 0 };
    let mut pending = Vec::new();
    while output.bytes.len() + pending.len() < size && output.cut.is_none() {
        // Blocks may be empty: the end of the input ends them.
        if bits.is_over() {
            output.cut = Some(MALFORMED);
        } else if block(variant, &mut bits, packed.len(), size, &mut pending, &mut output, budget).is_none() {
            output.cut = Some(output.cut.unwrap_or(MALFORMED));
        }
    }
    pending.truncate(size.saturating_sub(output.bytes.len()));
    if output.cut.is_none_or(|cut| cut == MALFORMED) {
        let cut = output.cut;
        budget.push(&pending, packed.len(), Cost::Range, &mut output);
        output.cut = output.cut.or(cut);
    }
    output
}

/// One block: its codes, then as many symbols as it says. Octets wait in `pending` until there are enough for a look at
/// the budget.
fn block(
    variant: Variant,
    bits: &mut Bits<'_>,
    packed: usize,
    size: usize,
    pending: &mut Vec<u8>,
    output: &mut Output,
    budget: &mut Budget,
) -> Option<()> {
    let count = bits.take(16);
    let lengths = code_of_lengths(bits, 19, 5, true)?;
    let symbols = code_of_symbols(bits, &lengths)?;
    let distances = code_of_lengths(bits, variant.distances, variant.bits, false)?;
    for _ in 0..count {
        let symbol = symbols.next(bits)?;
        if bits.is_over() || output.bytes.len() + pending.len() >= size {
            return (output.bytes.len() + pending.len() >= size).then_some(());
        }
        if let Ok(literal) = u8::try_from(symbol) {
            pending.push(literal);
            continue;
        }
        let width = distances.next(bits)?;
        let extra = u32::try_from(width.saturating_sub(1)).ok()?;
        let distance = if width == 0 { 1 } else { (1 << extra) + bits.take(extra.min(24)) + 1 };
        for _ in 0..symbol - 256 + 3 {
            let place = (output.bytes.len() + pending.len()).checked_sub(distance);
            // What stands before the beginning is blank.
            let octet = place.map_or(Some(b' '), |place| {
                let inner = place.checked_sub(output.bytes.len());
                inner.map_or_else(|| output.bytes.get(place), |inner| pending.get(inner)).copied()
            })?;
            pending.push(octet);
        }
        if pending.len() >= FLUSH_BYTES {
            if !budget.push(pending, packed, Cost::Range, output) {
                return None;
            }
            pending.clear();
        }
    }
    Some(())
}

/// The code of distances, or the one that the code of symbols is told in.
fn code_of_lengths(bits: &mut Bits<'_>, most: usize, width: u32, has_gap: bool) -> Option<Code> {
    let count = bits.take(width);
    if count == 0 {
        return Some(Code::only(bits.take(width)));
    }
    let mut lengths = Vec::new();
    while lengths.len() < count.min(most) {
        let mut length = u32::try_from(bits.take(3)).ok()?;
        if length == 7 {
            while bits.take(1) == 1 {
                length += 1;
                if length > 16 {
                    return None;
                }
            }
        }
        lengths.push(length);
        if has_gap && lengths.len() == 3 {
            let gap = bits.take(2);
            lengths.resize(3 + gap, 0);
        }
    }
    Some(Code::of(&lengths))
}

fn code_of_symbols(bits: &mut Bits<'_>, code: &Code) -> Option<Code> {
    let count = bits.take(9);
    if count == 0 {
        return Some(Code::only(bits.take(9)));
    }
    let mut lengths: Vec<u32> = Vec::new();
    while lengths.len() < count.min(SYMBOLS) {
        if bits.is_over() {
            return None;
        }
        match code.next(bits)? {
            0 => lengths.push(0),
            1 => lengths.resize(lengths.len() + 3 + bits.take(4), 0),
            2 => lengths.resize(lengths.len() + 20 + bits.take(9), 0),
            length => lengths.push(u32::try_from(length - 2).ok()?),
        }
    }
    Some(Code::of(&lengths))
}

/// Literals, and lengths from 3 to 256.
const SYMBOLS: usize = 510;
const FLUSH_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_blocks_end_with_the_input() {
        let output = unpack(Variant { distances: 14, bits: 4 }, &[0; 64], usize::MAX, &mut Budget::default());
        assert_eq!(output, Output::nothing(MALFORMED));
    }

    #[test]
    fn a_literal_and_a_copy_are_unpacked() {
        // One block with the literal `a` alone, one with a copy of ten octets from one octet before.
        let bits = [(1, 16), (0, 10), (0, 9), (97, 9), (0, 8), (1, 16), (0, 10), (0, 9), (263, 9), (0, 8)];
        let text: String = bits.iter().map(|(number, width)| format!("{number:0width$b}")).collect();
        let packed: Vec<u8> = text
            .as_bytes()
            .chunks(8)
            .map(|octet| octet.iter().fold(0, |sum, bit| sum << 1 | (bit - b'0')) << (8 - octet.len()))
            .collect();
        let output = unpack(Variant { distances: 14, bits: 4 }, &packed, 11, &mut Budget::default());
        assert_eq!((output.bytes.as_slice(), output.cut), (&[b'a'; 11][..], None));
    }
}
