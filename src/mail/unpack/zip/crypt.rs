//! The two encryptions of zip members: that of PKWARE (APPNOTE 6.1) and that of WinZip (AE-1, AE-2).
//!
//! Pure.

use crate::mail::unpack::octets;
use aws_lc_rs::{
    cipher::{AES_128, AES_192, AES_256, EncryptingKey, UnboundCipherKey},
    pbkdf2,
};
use std::num::NonZeroU32;

/// Decrypts octets with PKWARE's cipher. `check` is the octet that the encryption header ends with;
/// one wrong password in 256 passes.
#[must_use]
pub fn traditional(password: &[u8], packed: &[u8], checks: &[u8]) -> Option<Vec<u8>> {
    let mut keys = Keys::of(password);
    let (header, data) = packed.split_at_checked(12)?;
    let last = header.iter().fold(0, |_, octet| keys.decrypt(*octet));
    if !checks.contains(&last) {
        return None;
    }
    Some(data.iter().map(|octet| keys.decrypt(*octet)).collect())
}

/// The three keys of PKWARE's cipher.
struct Keys(u32, u32, u32);

impl Keys {
    fn of(password: &[u8]) -> Self {
        let mut keys = Self(0x1234_5678, 0x2345_6789, 0x3456_7890);
        for octet in password {
            keys.update(*octet);
        }
        keys
    }

    fn update(&mut self, octet: u8) {
        self.0 = crc_step(self.0, octet);
        self.1 = self.1.wrapping_add(self.0 & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        let [.., high] = self.1.to_le_bytes();
        self.2 = crc_step(self.2, high);
    }

    fn decrypt(&mut self, octet: u8) -> u8 {
        let word = (self.2 & 0xffff) | 2;
        let [_, second, ..] = word.wrapping_mul(word ^ 1).to_le_bytes();
        let plain = octet ^ second;
        self.update(plain);
        plain
    }
}

/// One octet of CRC-32 without the inversions at its ends.
fn crc_step(crc: u32, octet: u8) -> u32 {
    let mut row = (crc ^ u32::from(octet)) & 0xff;
    for _ in 0..8 {
        row = if row & 1 == 0 { row >> 1 } else { row >> 1 ^ 0xedb8_8320 };
    }
    row ^ crc >> 8
}

/// Decrypts octets with WinZip's AES; `strength` is 1 to 3. One wrong password in 65,536 passes.
#[must_use]
pub fn aes(password: &[u8], packed: &[u8], strength: usize) -> Option<Vec<u8>> {
    let (algorithm, key_bytes) = match strength {
        1 => (&AES_128, 16),
        2 => (&AES_192, 24),
        3 => (&AES_256, 32),
        _ => return None,
    };
    let (salt, rest) = packed.split_at_checked(key_bytes / 2)?;
    let mut derived = vec![0; 2 * key_bytes + 2];
    let rounds = NonZeroU32::new(1000)?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, rounds, salt, password, &mut derived);
    if octets::piece(&derived, 2 * key_bytes, 2) != octets::piece(rest, 0, 2) {
        return None;
    }
    let data = rest.get(2..rest.len().checked_sub(10)?)?;
    let key = UnboundCipherKey::new(algorithm, derived.get(..key_bytes)?).ok()?;
    let cipher = EncryptingKey::ecb(key).ok()?;
    let mut stream: Vec<u8> = (1..=data.len().div_ceil(16) as u128).flat_map(u128::to_le_bytes).collect();
    cipher.encrypt(&mut stream).ok()?;
    Some(data.iter().zip(stream).map(|(octet, mask)| octet ^ mask).collect())
}
