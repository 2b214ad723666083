//! Vault: octets of one mail on their way to a disk and back, encrypted with a key of their own.
//!
//! Draws randomness. AES-256-GCM; the number of a record is its nonce, so no number may be used twice.

use super::{Fault, random};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::fmt;

/// Octets that a record is longer than what is in it.
pub const TAG_BYTES: usize = 16;

/// The key of one mail; it dies with this value.
pub struct Vault(LessSafeKey);

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Vault")
    }
}

impl Vault {
    /// A key nobody else has.
    ///
    /// # Errors
    /// Without randomness.
    pub fn new() -> Result<Self, Fault> {
        Self::with_key(&random::<32>()?)
    }

    /// A key that is kept elsewhere; it may lock the records of one mail, once.
    ///
    /// # Errors
    /// When the cipher refuses the key.
    pub fn with_key(key: &[u8; 32]) -> Result<Self, Fault> {
        UnboundKey::new(&AES_256_GCM, key).map(|key| Self(LessSafeKey::new(key))).map_err(|_| Fault::Cipher)
    }

    /// The record with this number: the octets encrypted, and their tag.
    ///
    /// # Errors
    /// When the cipher refuses.
    pub fn lock(&self, number: u64, octets: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut record = Vec::with_capacity(octets.len() + TAG_BYTES);
        record.extend_from_slice(octets);
        self.0.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut record).map_err(|_| Fault::Cipher)?;
        Ok(record)
    }

    /// What is in a record.
    ///
    /// # Errors
    /// When it is not what was locked under this number.
    pub fn unlock(&self, number: u64, mut record: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let bytes = self.0.open_in_place(nonce(number), Aad::empty(), &mut record).map_err(|_| Fault::Altered)?.len();
        record.truncate(bytes);
        Ok(record)
    }
}

fn nonce(number: u64) -> Nonce {
    let mut octets = [0; 12];
    for (octet, of_number) in octets.iter_mut().zip(number.to_le_bytes()) {
        *octet = of_number;
    }
    Nonce::assume_unique_for_key(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_nothing_else() {
        let vault = Vault::new().unwrap();
        let record = vault.lock(7, b"secret words").unwrap();
        assert!(!record.windows(6).any(|window| window == b"secret"));
        assert_eq!(vault.unlock(7, record.clone()).unwrap(), b"secret words");
        assert_eq!(vault.unlock(8, record.clone()), Err(Fault::Altered));
        let mut altered = record.clone();
        altered[0] ^= 1;
        assert_eq!(vault.unlock(7, altered), Err(Fault::Altered));
        assert_eq!(Vault::new().unwrap().unlock(7, record), Err(Fault::Altered));
    }
}
