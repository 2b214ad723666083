//! How often a text occurs in mail: octet after octet, from counts over mixed mail.
//!
//! Pure. The table is made by `benches/rarity.py`; cases of ASCII letters are one.

use super::text::Text;
use crate::judge::rules::pattern::octets::Octets;
use std::sync::OnceLock;

/// 65 lines of 64 letters: half bits of rarity of a class of octet, first alone, then after each class.
const TABLE: &[u8] = include_bytes!("rarity.txt");
const CLASSES: usize = 64;

/// The class of an octet: letters, digits, line ends, controls, marks, beyond ASCII.
fn class_of(octet: u8) -> usize {
    static CLASS_OF: OnceLock<[usize; 256]> = OnceLock::new();
    let classes = CLASS_OF.get_or_init(|| {
        let mut octets = 0..=u8::MAX;
        std::array::from_fn(|_| octets.next().map(class).unwrap_or_default())
    });
    classes.get(usize::from(octet)).copied().unwrap_or_default()
}

fn class(octet: u8) -> usize {
    let marks = b"!\"#$%&'()*+,-./:;<=>?@";
    usize::from(match octet {
        b'a'..=b'z' => octet - b'a',
        b'A'..=b'Z' => octet - b'A',
        b'0'..=b'9' => 26 + octet - b'0',
        b'\n' | b'\r' => 36,
        b' ' => 38,
        0..32 | 127 => 37,
        128..192 => 62,
        192.. => 63,
        _ => match marks.iter().position(|mark| *mark == octet) {
            Some(place) => return 39 + place,
            None => 61,
        },
    })
}

/// The share of an octet's class after another class, or (line 0) alone; for one member of the class.
fn shares() -> &'static [f64] {
    static SHARES: OnceLock<Vec<f64>> = OnceLock::new();
    SHARES.get_or_init(|| {
        let level = |letter: u8| match letter {
            b'0'..=b'9' => letter - b'0',
            b'A'..=b'Z' => letter - b'A' + 10,
            b'a'..=b'z' => letter - b'a' + 36,
            b'-' => 62,
            _ => 63,
        };
        let letters = TABLE.iter().filter(|letter| **letter != b'\n');
        letters.map(|letter| (-f64::from(level(*letter)) / 2.0).exp2()).collect()
    })
}

/// The shares of all classes after another class, or (line 0) alone.
fn line(number: usize) -> &'static [f64] {
    shares().get(number * CLASSES..(number + 1) * CLASSES).unwrap_or_default()
}

/// The share of places in mail at which a text stands, cases ignored; an estimate.
pub fn share(text: Text) -> f64 {
    let (mut share, mut after) = (1.0, 0);
    for octet in text.iter() {
        let class = class_of(octet);
        share *= line(after).get(class).copied().unwrap_or(1.0);
        after = class + 1;
    }
    share
}

/// The share of places at which an octet of a set stands.
pub fn share_of(set: Octets) -> f64 {
    weights(set).iter().map(|(class, weight)| weight * line(0).get(*class).copied().unwrap_or(1.0)).sum()
}

/// The share of places at which an octet of one set stands and one of another follows.
pub fn share_of_pairs(first: Octets, second: Octets) -> f64 {
    let second = weights(second);
    let mut sum = 0.0;
    for (class, weight) in weights(first) {
        let after = line(class + 1);
        let follows: f64 = second.iter().map(|(next, weight)| weight * after.get(*next).copied().unwrap_or(1.0)).sum();
        sum += weight * line(0).get(class).copied().unwrap_or(1.0) * follows.min(1.0);
    }
    sum
}

/// The classes that a set has members in, with how many; of the cases of a letter the lower one counts most.
fn weights(set: Octets) -> Vec<(usize, f64)> {
    let mut sums = [0.0; CLASSES];
    for octet in set.iter() {
        let weight = match octet {
            b'A'..=b'Z' => 0.1,
            b'a'..=b'z' => 0.9,
            _ => 1.0,
        };
        if let Some(sum) = sums.get_mut(class_of(octet)) {
            *sum += weight;
        }
    }
    sums.into_iter().enumerate().filter(|(_, sum)| *sum > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_letters_are_common() {
        assert_eq!(TABLE.len(), 65 * (CLASSES + 1));
        assert!(share(Text::of(b"e")) > 0.02);
        assert_eq!(Text::of(b"E"), Text::of(b"e"));
        assert!(share(Text::of(b"q")) < share(Text::of(b"e")) / 10.0);
        assert!(share(Text::of(b"the")) > 100.0 * share(Text::of(b"xqz")));
        assert!(share(Text::of(b"viagra")) < 1e-5);
    }
}
