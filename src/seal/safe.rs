//! Safe: small octets kept on a disk under a key that outlives the process.
//!
//! Draws randomness. AES-256-GCM with a random nonce in front; what is locked is bound to a label, so that no file can
//! stand in for another. A key locks at most 2^32 of them (NIST SP 800-38D 8.3), which no house reaches.

use super::{Fault, random};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fmt;

/// Octets of a key.
pub const KEY_BYTES: usize = 32;

/// A key for small octets.
pub struct Safe(LessSafeKey);

impl fmt::Debug for Safe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Safe")
    }
}

/// A new key that nobody else has.
///
/// # Errors
/// Without randomness.
pub fn draw() -> Result<[u8; KEY_BYTES], Fault> {
    random()
}

impl Safe {
    /// # Errors
    /// When the cipher refuses the key.
    pub fn new(key: &[u8; KEY_BYTES]) -> Result<Self, Fault> {
        UnboundKey::new(&AES_256_GCM, key).map(|key| Self(LessSafeKey::new(key))).map_err(|_| Fault::Cipher)
    }

    /// The octets encrypted: nonce, text, tag.
    ///
    /// # Errors
    /// Without randomness, or when the cipher refuses.
    pub fn lock(&self, label: &str, octets: &[u8]) -> Result<Vec<u8>, Fault> {
        let nonce = random::<NONCE_LEN>()?;
        let mut text = octets.to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(sealing, Aad::from(label), &mut text).map_err(|_| Fault::Cipher)?;
        Ok([&nonce[..], &text].concat())
    }

    /// What was locked under this label.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn unlock(&self, label: &str, locked: &[u8]) -> Result<Vec<u8>, Fault> {
        let (nonce, text) = locked.split_first_chunk::<NONCE_LEN>().ok_or(Fault::Altered)?;
        let mut text = text.to_vec();
        let opening = Nonce::assume_unique_for_key(*nonce);
        let bytes = self.0.open_in_place(opening, Aad::from(label), &mut text).map_err(|_| Fault::Altered)?.len();
        text.truncate(bytes);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_locked_opens_under_its_label_only() {
        let safe = Safe::new(&draw().unwrap()).unwrap();
        let locked = safe.lock("slip", b"secret words").unwrap();
        assert!(!locked.windows(6).any(|window| window == b"secret"));
        assert_eq!(safe.unlock("slip", &locked).unwrap(), b"secret words");
        assert_eq!(safe.unlock("case", &locked), Err(Fault::Altered));
        assert_eq!(safe.unlock("slip", b"short"), Err(Fault::Altered));
        assert_eq!(Safe::new(&draw().unwrap()).unwrap().unlock("slip", &locked), Err(Fault::Altered));
    }
}
