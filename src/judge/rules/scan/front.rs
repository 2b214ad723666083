//! The first pass over a text: where do the texts and pairs stand that patterns are held by?
//!
//! Pure. At each octet two bits are read: one for the pair that begins there, one for the four octets that do, cases
//! ignored. Where one is set, the texts that begin so are compared.

use super::{pairs::Pairs, text::Text};
use std::collections::HashMap;

/// A cut: the pattern, and the number of the cut in it.
pub type Owner = (u32, u32);

/// Sets the bit that tells the cases of ASCII letters apart; others that it confuses are told apart later.
const CASE: u64 = 0x2020_2020_2020_2020;
const TRIPLE: u64 = 0xff_ffff;
const FOUR: u64 = 0xffff_ffff;
/// Bits of the numbers that three and four octets are hashed to.
const HASH_BITS: u32 = 16;
const FOUR_BITS: u32 = 17;

/// A bit for each pair of octets.
type PairBits = [u64; 1 << 10];
/// A bit for each hash of four octets.
type FourBits = [u64; 1 << (FOUR_BITS - 6)];

#[derive(Debug)]
pub struct Front {
    pairs: Box<PairBits>,
    fours: Box<FourBits>,
    /// For each pair the number of its list of owners.
    numbers: Vec<u32>,
    lists: Vec<Vec<Owner>>,
    /// For each hash of three octets, where its texts begin; one more at the end.
    firsts: Vec<u32>,
    texts: Vec<Entry>,
    owners: Vec<Owner>,
}

#[derive(Debug)]
struct Entry {
    text: u64,
    mask: u64,
    /// Its part of the owners.
    first: u32,
    last: u32,
}

fn pair(octets: u64) -> usize {
    usize::try_from(octets & 0xffff).unwrap_or_default()
}

fn hash(octets: u64) -> usize {
    let key = u32::try_from(octets & TRIPLE).unwrap_or_default();
    (key.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

fn hash_of_four(octets: u64) -> usize {
    let key = u32::try_from(octets & FOUR).unwrap_or_default();
    (key.wrapping_mul(0x9e37_79b1) >> (32 - FOUR_BITS)) as usize
}

fn bit<const N: usize>(words: &[u64; N], number: usize) -> u64 {
    words.get(number >> 6).map_or(0, |word| word >> (number & 63) & 1)
}

fn set_bit(words: &mut [u64], number: usize) {
    if let Some(word) = words.get_mut(number >> 6) {
        *word |= 1 << (number & 63);
    }
}

impl Front {
    /// Texts are of three octets at least.
    pub fn new(texts: &[(Text, Owner)], pairs: &[(Owner, Pairs)]) -> Self {
        let mut front = Self {
            pairs: Box::new([0; _]),
            fours: Box::new([0; _]),
            numbers: vec![0; 1 << 16],
            lists: vec![Vec::new()],
            firsts: Vec::with_capacity((1 << HASH_BITS) + 1),
            texts: Vec::new(),
            owners: Vec::new(),
        };
        front.add_pairs(pairs);
        front.add_texts(texts);
        front
    }

    fn add_pairs(&mut self, pairs: &[(Owner, Pairs)]) {
        let mut owners: Vec<Vec<Owner>> = vec![Vec::new(); if pairs.is_empty() { 0 } else { 1 << 16 }];
        for (owner, pairs) in pairs {
            for (first, second) in pairs {
                for (first, second) in first.iter().flat_map(|first| second.iter().map(move |second| (first, second))) {
                    if let Some(list) = owners.get_mut(usize::from(first) | usize::from(second) << 8)
                        && list.last() != Some(owner)
                    {
                        list.push(*owner);
                    }
                }
            }
        }
        let mut known: HashMap<Vec<Owner>, u32> = HashMap::new();
        for (pair, list) in owners.into_iter().enumerate().filter(|(_, list)| !list.is_empty()) {
            set_bit(self.pairs.as_mut_slice(), pair);
            let next = u32::try_from(self.lists.len()).unwrap_or_default();
            let number = known.get(&list).copied().unwrap_or(next);
            if number == next {
                self.lists.push(list.clone());
                known.insert(list, next);
            }
            if let Some(cell) = self.numbers.get_mut(pair) {
                *cell = number;
            }
        }
    }

    fn add_texts(&mut self, texts: &[(Text, Owner)]) {
        let folded = |text: &Text| {
            let mask = u64::MAX >> (64 - 8 * text.len().clamp(1, 8));
            ((text.number() | CASE) & mask, mask)
        };
        let mut sorted: Vec<(usize, (u64, u64), Owner)> =
            texts.iter().map(|(text, owner)| (hash(text.number() | CASE), folded(text), *owner)).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut last = None;
        for (hash, (text, mask), owner) in sorted {
            self.add_fours(text, mask);
            let end = u32::try_from(self.owners.len()).unwrap_or_default();
            if last != Some((hash, text, mask)) {
                let number = u32::try_from(self.texts.len()).unwrap_or_default();
                self.firsts.resize(self.firsts.len().max(hash + 1), number);
                self.texts.push(Entry { text, mask, first: end, last: end });
                last = Some((hash, text, mask));
            }
            self.owners.push(owner);
            if let Some(entry) = self.texts.last_mut() {
                entry.last = end + 1;
            }
        }
        let number = u32::try_from(self.texts.len()).unwrap_or_default();
        self.firsts.resize((1 << HASH_BITS) + 1, number);
    }

    /// Sets the bit of the four octets that a text begins with; of all such, if it has three.
    fn add_fours(&mut self, text: u64, mask: u64) {
        if mask > TRIPLE {
            return set_bit(self.fours.as_mut_slice(), hash_of_four(text));
        }
        for fourth in 0..=255 {
            set_bit(self.fours.as_mut_slice(), hash_of_four((text | fourth << 24) | CASE));
        }
    }

    /// Tells each place at which something stands that cuts are held by, and the cuts.
    pub fn find(&self, octets: &[u8], mut tell: impl FnMut(usize, &[Owner])) {
        let (pairs, fours) = (&*self.pairs, &*self.fours);
        let mut look = |at: usize, window: [u8; 8]| {
            let window = u64::from_le_bytes(window);
            if bit(pairs, pair(window)) | bit(fours, hash_of_four(window | CASE)) == 1 {
                self.look(at, window, &mut tell);
            }
        };
        for (at, window) in octets.windows(8).enumerate() {
            let Ok(window) = <[u8; 8]>::try_from(window) else { continue };
            look(at, window);
        }
        for at in octets.len().saturating_sub(7)..octets.len() {
            let mut window = [0; 8];
            for (cell, octet) in window.iter_mut().zip(octets.get(at..).unwrap_or_default()) {
                *cell = *octet;
            }
            look(at, window);
        }
    }

    /// Looks closer where a bit is set; apart, so that the loop over the others is small.
    #[inline(never)]
    fn look(&self, at: usize, window: u64, tell: &mut impl FnMut(usize, &[Owner])) {
        let pair = pair(window);
        if bit(&self.pairs, pair) == 1 {
            let list = self.numbers.get(pair).and_then(|number| self.lists.get(*number as usize));
            tell(at, list.map_or(&[], Vec::as_slice));
        }
        let folded = window | CASE;
        if bit(&self.fours, hash_of_four(folded)) == 1 {
            self.compare(at, folded, hash(folded), tell);
        }
    }

    #[inline]
    fn compare(&self, at: usize, folded: u64, hash: usize, tell: &mut impl FnMut(usize, &[Owner])) {
        let part = self.firsts.get(hash).zip(self.firsts.get(hash + 1));
        let part = part.and_then(|(first, last)| self.texts.get(*first as usize..*last as usize));
        for entry in part.into_iter().flatten() {
            if folded & entry.mask == entry.text {
                tell(at, self.owners.get(entry.first as usize..entry.last as usize).unwrap_or_default());
            }
        }
    }

    /// Octets of the tables.
    pub fn memory(&self) -> usize {
        (self.pairs.len() + self.fours.len()) * 8
            + (self.numbers.len() + self.firsts.len()) * 4
            + self.texts.len() * 24
            + self.owners.len() * 8
            + self.lists.iter().map(|list| list.len() * 8 + 24).sum::<usize>()
    }

    pub fn texts(&self) -> usize {
        self.texts.len()
    }
}
