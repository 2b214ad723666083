//! A set of octets: what one place in a pattern accepts.
//!
//! Pure.

use regex_syntax::{
    hir::{Class, ClassBytes, ClassBytesRange},
    utf8::Utf8Sequences,
};

/// A set of octets, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Octets([u64; 4]);

impl Octets {
    pub const NONE: Self = Self([0; 4]);
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// The octets of all ranges, ends included.
    pub fn of(ranges: &[(u8, u8)]) -> Self {
        let mut set = Self::NONE;
        for (first, last) in ranges {
            set.add(*first, *last);
        }
        set
    }

    /// What `\w` means.
    pub fn word() -> Self {
        Self::of(&[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')])
    }

    /// What `\d` means.
    pub fn digit() -> Self {
        Self::of(&[(b'0', b'9')])
    }

    /// What `\s` means; Perl counts the vertical tab since 5.18.
    pub fn space() -> Self {
        Self::of(&[(9, 13), (b' ', b' ')])
    }

    /// Adds a range, ends included.
    pub fn add(&mut self, first: u8, last: u8) {
        for (number, word) in (0_u32..).zip(&mut self.0) {
            let (first, last) = (u32::from(first).max(number * 64), u32::from(last).min(number * 64 + 63));
            if first <= last {
                let width = last - first + 1;
                *word |= (u64::MAX >> (64 - width)) << (first - number * 64);
            }
        }
    }

    pub fn contains(&self, octet: u8) -> bool {
        self.0.get(usize::from(octet >> 6)).is_some_and(|word| word >> (octet & 63) & 1 == 1)
    }

    pub fn union(self, other: Self) -> Self {
        self.zip(other, |ours, theirs| ours | theirs)
    }

    pub fn intersection(self, other: Self) -> Self {
        self.zip(other, |ours, theirs| ours & theirs)
    }

    pub fn negated(self) -> Self {
        Self(self.0.map(|word| !word))
    }

    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    pub fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn zip(self, other: Self, join: fn(u64, u64) -> u64) -> Self {
        let (mut set, mut theirs) = (self, other.0.iter());
        for word in &mut set.0 {
            *word = join(*word, theirs.next().copied().unwrap_or_default());
        }
        set
    }

    /// The set with both cases of every ASCII letter in it.
    pub fn any_case(self) -> Self {
        let mut set = self;
        for octet in self.iter().filter(u8::is_ascii_alphabetic) {
            set.add(octet ^ 0x20, octet ^ 0x20);
        }
        set
    }

    pub fn iter(&self) -> impl Iterator<Item = u8> + use<> {
        self.0.into_iter().zip(0_u8..).flat_map(|(mut word, number)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                (bit < 64).then(|| (number << 6) | u8::try_from(bit).unwrap_or_default())
            })
        })
    }

    /// The ranges of the set in order, ends included.
    pub fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for (number, word) in (0_u8..).zip(self.0) {
            let (mut rest, mut at) = (word, 0);
            while rest != 0 {
                let skip = rest.trailing_zeros();
                let length = (rest >> skip).trailing_ones();
                let first = (number << 6) | u8::try_from(at + skip).unwrap_or_default();
                let last = first + u8::try_from(length - 1).unwrap_or_default();
                match ranges.last_mut() {
                    Some((_, end)) if end.checked_add(1) == Some(first) => *end = last,
                    _ => ranges.push((first, last)),
                }
                at += skip + length;
                rest = if at < 64 { word >> at } else { 0 };
            }
        }
        ranges
    }

    pub fn class(&self) -> ClassBytes {
        ClassBytes::new(self.ranges().into_iter().map(|(first, last)| ClassBytesRange::new(first, last)))
    }
}

/// What a class takes, as sequences of sets: one of octets is one set; regex-syntax makes a class of letters out of
/// alternatives that are letters, and those have several octets beyond ASCII.
pub fn sequences(class: &Class) -> Vec<Vec<Octets>> {
    let mut single = Octets::NONE;
    let mut longer: Vec<Vec<Octets>> = Vec::new();
    match class {
        Class::Bytes(class) => class.iter().for_each(|range| single.add(range.start(), range.end())),
        Class::Unicode(class) => {
            for sequence in class.iter().flat_map(|range| Utf8Sequences::new(range.start(), range.end())) {
                match sequence.as_slice() {
                    [one] => single.add(one.start, one.end),
                    more => longer.push(more.iter().map(|place| Octets::of(&[(place.start, place.end)])).collect()),
                }
            }
        }
    }
    if !single.is_empty() || longer.is_empty() {
        longer.push(vec![single]);
    }
    longer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_its_ranges() {
        let ranges = vec![(0, 3), (63, 64), (200, 255)];
        assert_eq!(Octets::of(&ranges).ranges(), ranges);
        assert_eq!(Octets::of(&ranges).negated().negated(), Octets::of(&ranges));
        assert_eq!(
            Octets::of(&[(b'k', b'k'), (b'5', b'5')]).any_case().ranges(),
            [(b'5', b'5'), (b'K', b'K'), (b'k', b'k')]
        );
    }
}
