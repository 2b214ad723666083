//! Keyed hash of marks: SipHash-2-4 (Aumasson and Bernstein, 2012) over a kind and one or two texts.
//!
//! Pure. The key is the model's own, so that slots of two models cannot be joined.

/// 128 bits, random, one for each model.
pub type Key = [u8; 16];

/// Hash state of the reference implementation.
#[derive(Clone, Copy)]
pub struct Hasher {
    v: (u64, u64, u64, u64),
    /// Octets that wait for a whole word, the last one taken lowest.
    tail: u64,
    taken: usize,
}

impl Hasher {
    #[must_use]
    pub fn new(key: &Key) -> Self {
        let (low, high) = key.split_at(8);
        let (k0, k1) = (word(low), word(high));
        let v = (
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        );
        Self { v, tail: 0, taken: 0 }
    }

    pub fn write(&mut self, octets: &[u8]) {
        for chunk in octets.chunks(8) {
            let word = <[u8; 8]>::try_from(chunk).map_or_else(|_| word(chunk), u64::from_le_bytes);
            let waiting = self.taken % 8;
            self.tail |= word << (8 * waiting);
            self.taken += chunk.len();
            if waiting + chunk.len() >= 8 {
                self.block(self.tail);
                self.tail = if waiting == 0 { 0 } else { word >> (64 - 8 * waiting) };
            }
        }
    }

    #[must_use]
    pub fn finish(mut self) -> u64 {
        let length = u64::try_from(self.taken % 256).unwrap_or_default();
        self.block(self.tail | length << 56);
        self.v.2 ^= 0xff;
        (0..4).for_each(|_| self.round());
        self.v.0 ^ self.v.1 ^ self.v.2 ^ self.v.3
    }

    fn block(&mut self, block: u64) {
        self.v.3 ^= block;
        self.round();
        self.round();
        self.v.0 ^= block;
    }

    fn round(&mut self) {
        let (mut a, mut b, mut c, mut d) = self.v;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32);
        c = c.wrapping_add(b);
        a = a.wrapping_add(d);
        b = b.rotate_left(17) ^ c;
        d = d.rotate_left(21) ^ a;
        c = c.rotate_left(32);
        self.v = (a, b, c, d);
    }
}

fn word(octets: &[u8]) -> u64 {
    octets.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_reference_hold() {
        let key: Key = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let octets: Vec<u8> = (0..15).collect();
        for (length, sum) in [(0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (15, 0xa129_ca61_49be_45e5)] {
            let mut hasher = Hasher::new(&key);
            hasher.write(&octets[..length]);
            assert_eq!(hasher.finish(), sum, "{length}");
        }
    }

    #[test]
    fn where_a_text_is_cut_makes_no_difference() {
        let octets: Vec<u8> = (1..40).collect();
        let whole = |octets: &[u8]| {
            let mut hasher = Hasher::new(&[3; 16]);
            for octet in octets {
                hasher.write(&[*octet]);
            }
            hasher.finish()
        };
        for first in 0..20 {
            for second in first..39 {
                let mut hasher = Hasher::new(&[3; 16]);
                hasher.write(&octets[..first]);
                hasher.write(&octets[first..second]);
                assert_eq!(hasher.finish(), whole(&octets[..second]), "{first} {second}");
            }
        }
    }
}
