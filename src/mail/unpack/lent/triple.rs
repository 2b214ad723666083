//! Triple DES in CBC mode (RFC 3370 5.1), which old senders still take for S/MIME.
//!
//! Pure. It is read, never written.

use des::{
    TdesEde3,
    cipher::{BlockDecrypt, KeyInit, generic_array::GenericArray},
};

const BLOCK: usize = 8;

/// Decrypts in place; the octets that are left without their padding (RFC 5652 6.3).
#[must_use]
pub fn decrypt(key: &[u8], vector: &[u8], octets: &mut [u8]) -> Option<usize> {
    let cipher = TdesEde3::new_from_slice(key).ok()?;
    let mut before: [u8; BLOCK] = vector.try_into().ok()?;
    let (blocks, rest) = octets.as_chunks_mut::<BLOCK>();
    if blocks.is_empty() || !rest.is_empty() {
        return None;
    }
    for block in blocks {
        let encrypted = *block;
        cipher.decrypt_block(GenericArray::from_mut_slice(block));
        block.iter_mut().zip(before).for_each(|(octet, other)| *octet ^= other);
        before = encrypted;
    }
    let padding = *octets.last()?;
    let length = octets.len().checked_sub(usize::from(padding))?;
    let is_padding = (1..=BLOCK).contains(&usize::from(padding));
    let tail = octets.get(length..)?;
    (is_padding && tail.iter().all(|octet| *octet == padding)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl enc -des-ede3-cbc -K 0123456789abcdef23456789abcdef01456789abcdef0123 -iv fedcba9876543210`
    const SEALED: &[u8] = &[
        0xdf, 0xef, 0xdc, 0xd7, 0x93, 0x28, 0x9b, 0x48, 0x97, 0x32, 0xd7, 0xcb, 0x9b, 0x64, 0x45, 0x03, 0x6c, 0x0c,
        0x57, 0x7c, 0xf6, 0x3a, 0xf2, 0xaf,
    ];

    #[test]
    fn a_text_that_openssl_encrypted() {
        let key = [
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x45, 0x67,
            0x89, 0xab, 0xcd, 0xef, 0x01, 0x23,
        ];
        let vector = [0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10];
        let mut octets = SEALED.to_vec();
        let length = decrypt(&key, &vector, &mut octets).unwrap();
        assert_eq!(octets.get(..length), Some(&b"Good morning, class 7b"[..]));
        for wrong in [&SEALED[..8], &SEALED[..7], &[]] {
            assert_eq!(decrypt(&key, &vector, &mut wrong.to_vec()), None);
        }
        assert_eq!(decrypt(&key[..16], &vector, &mut SEALED.to_vec()), None);
        assert_eq!(decrypt(&key, &vector[..7], &mut SEALED.to_vec()), None);
    }
}
