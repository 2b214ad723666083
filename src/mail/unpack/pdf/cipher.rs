//! The standard encryption of PDF (ISO 32000-1 7.6, ISO 32000-2 7.6): files that open without a password, and those
//! that a word of the mail opens.
//!
//! Pure.

use super::syntax::{Object, has, names_of, number_of, string, value};
use crate::mail::unpack::{
    budget::Budget,
    md5::md5,
    octets::{find, piece},
    passwords,
};
use aws_lc_rs::{
    cipher::{AES_128, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey},
    digest,
    iv::FixedLength,
};

/// What there is to decrypt.
pub enum Found {
    Plain,
    /// A key, and the mark for where its password came from; none if there is none.
    Open(Cipher, Option<&'static str>),
    Sealed,
}

/// How octets are decrypted.
pub struct Cipher {
    key: Vec<u8>,
    is_aes: bool,
    /// The key counts as it is, for every object.
    is_whole: bool,
}

/// What the encryption dictionary says.
struct Settings {
    revision: usize,
    length: usize,
    owner: Vec<u8>,
    user: Vec<u8>,
    user_key: Vec<u8>,
    permissions: Vec<u8>,
    identity: Vec<u8>,
    is_aes: bool,
    is_metadata_plain: bool,
}

impl Cipher {
    /// Looks for an encryption dictionary, and for a password that fits it: none, then the words.
    pub fn of(bytes: &[u8], objects: &[Object<'_>], words: &[String], budget: &mut Budget) -> Found {
        let reference =
            find(bytes, 0, b"/Encrypt").is_some() || objects.iter().any(|object| has(&object.text, b"/Encrypt"));
        if !reference {
            return Found::Plain;
        }
        let dictionary = objects
            .iter()
            .map(|object| object.text.as_slice())
            .find(|text| has(text, b"/Standard") && has(text, b"/O") && has(text, b"/U"));
        let trailer = bytes.get(find(bytes, 0, b"/Encrypt").unwrap_or(0)..).unwrap_or_default();
        let Some(settings) = dictionary.or(Some(trailer)).and_then(|text| Settings::read(text, bytes, objects)) else {
            return Found::Sealed;
        };
        for word in [""].into_iter().chain(words.iter().map(String::as_str)) {
            if !word.is_empty() && !budget.try_password(settings.revision >= 6) {
                break;
            }
            if let Some(key) = settings.key(word.as_bytes()) {
                let cipher = Self { key, is_aes: settings.is_aes, is_whole: settings.revision >= 5 };
                return Found::Open(cipher, (!word.is_empty()).then(|| passwords::mark_of(word)));
            }
        }
        Found::Sealed
    }

    /// Decrypts the data of an object.
    pub fn stream(&self, object: &Object<'_>, data: &[u8]) -> Vec<u8> {
        if has(&object.text, b"/XRef") {
            return data.to_vec();
        }
        self.string(object, data)
    }

    /// Decrypts a string of an object.
    pub fn string(&self, object: &Object<'_>, data: &[u8]) -> Vec<u8> {
        if self.is_whole {
            return cbc(&self.key, data);
        }
        let mut seed = self.key.clone();
        seed.extend(object.number.to_le_bytes().iter().take(3));
        seed.extend(object.generation.to_le_bytes().iter().take(2));
        if self.is_aes {
            seed.extend_from_slice(b"sAlT");
        }
        let digest = md5(&seed);
        let key = piece(&digest, 0, (self.key.len() + 5).min(16));
        if self.is_aes { cbc(key, data) } else { rc4(key, data) }
    }
}

impl Settings {
    fn read(text: &[u8], bytes: &[u8], objects: &[Object<'_>]) -> Option<Self> {
        let field = |key: &[u8]| string(value(text, key)?);
        let permissions = value(text, b"/P")?;
        let digits = permissions.iter().take_while(|octet| octet.is_ascii_digit() || **octet == b'-').count();
        let permissions: i64 = std::str::from_utf8(permissions.get(..digits)?).ok()?.parse().ok()?;
        let identity = objects.iter().map(|object| object.text.as_slice()).chain([bytes]).find_map(|text| {
            let list = value(text, b"/ID")?.strip_prefix(b"[")?;
            string(list.trim_ascii_start())
        });
        let revision = number_of(text, b"/R")?;
        let method = names_of(text, &[b"/CFM"]);
        Some(Self {
            revision,
            length: if revision == 2 { 5 } else { length_of(text) },
            owner: field(b"/O")?,
            user: field(b"/U")?,
            user_key: field(b"/UE").unwrap_or_default(),
            permissions: permissions.to_le_bytes().iter().copied().take(4).collect(),
            identity: identity.unwrap_or_default(),
            is_aes: method.iter().any(|method| method.starts_with(b"AESV")),
            is_metadata_plain: value(text, b"/EncryptMetadata").is_some_and(|value| value.starts_with(b"false")),
        })
    }

    /// The key of the file, if the password fits.
    fn key(&self, password: &[u8]) -> Option<Vec<u8>> {
        if self.revision >= 5 {
            return self.new_key(password);
        }
        let mut seed: Vec<u8> = password.iter().chain(PADDING).copied().take(32).collect();
        seed.extend_from_slice(piece(&self.owner, 0, 32));
        seed.extend_from_slice(&self.permissions);
        seed.extend_from_slice(&self.identity);
        if self.revision >= 4 && self.is_metadata_plain {
            seed.extend([0xff; 4]);
        }
        let mut digest = md5(&seed);
        if self.revision >= 3 {
            for _ in 0..50 {
                digest = md5(piece(&digest, 0, self.length));
            }
        }
        let key = piece(&digest, 0, self.length).to_vec();
        let check = if self.revision == 2 {
            rc4(&key, PADDING)
        } else {
            let mut check = md5(&[PADDING, &self.identity].concat()).to_vec();
            for round in 0..20u8 {
                let mixed: Vec<u8> = key.iter().map(|octet| octet ^ round).collect();
                check = rc4(&mixed, &check);
            }
            check
        };
        let length = if self.revision == 2 { 32 } else { 16 };
        (piece(&check, 0, length) == piece(&self.user, 0, length)).then_some(key)
    }

    /// Revisions 5 and 6: hashes of SHA-2 with salts behind the user string.
    fn new_key(&self, password: &[u8]) -> Option<Vec<u8>> {
        let password = piece(password, 0, 127);
        let check = self.hash(password, piece(&self.user, 32, 8))?;
        if check != piece(&self.user, 0, 32) {
            return None;
        }
        let key = self.hash(password, piece(&self.user, 40, 8))?;
        let mut framed = vec![0; 16];
        framed.extend_from_slice(piece(&self.user_key, 0, 32));
        Some(cbc_blocks(&key, &framed))
    }

    /// Algorithm 2.B of ISO 32000-2.
    fn hash(&self, password: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
        let mut key = digest::digest(&digest::SHA256, &[password, salt].concat()).as_ref().to_vec();
        if self.revision < 6 {
            return Some(key);
        }
        let mut round = 0usize;
        loop {
            let text = [password, &key].concat().repeat(64);
            let mixed = encrypt(piece(&key, 0, 16), piece(&key, 16, 16), text)?;
            let rest: u32 = piece(&mixed, 0, 16).iter().map(|octet| u32::from(*octet)).sum();
            let algorithm = match rest % 3 {
                0 => &digest::SHA256,
                1 => &digest::SHA384,
                _ => &digest::SHA512,
            };
            key = digest::digest(algorithm, &mixed).as_ref().to_vec();
            round += 1;
            if round >= 64 && usize::from(*mixed.last()?) + 32 <= round {
                key.truncate(32);
                return Some(key);
            }
        }
    }
}

/// Octets of the key: `/Length` counts bits, and in a crypt filter sometimes octets.
fn length_of(text: &[u8]) -> usize {
    if has(text, b"/AESV2") {
        return 16;
    }
    match number_of(text, b"/Length") {
        Some(bits) if bits >= 40 => (bits / 8).min(16),
        Some(octets) if octets >= 5 => octets.min(16),
        _ => 5,
    }
}

/// AES in CBC mode, its first block the initial one; padding is cut off.
fn cbc(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut plain = cbc_blocks(key, data);
    if let Some(padding) = plain.last().filter(|padding| (1..=16).contains(*padding)) {
        plain.truncate(plain.len() - usize::from(*padding));
    }
    plain
}

fn cbc_blocks(key: &[u8], data: &[u8]) -> Vec<u8> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    let decrypted = || {
        let (initial, blocks) = data.split_first_chunk::<16>()?;
        let key = UnboundCipherKey::new(algorithm, key).ok()?;
        let key = DecryptingKey::cbc(key).ok()?;
        let mut plain = piece(blocks, 0, blocks.len() / 16 * 16).to_vec();
        key.decrypt(&mut plain, DecryptionContext::Iv128(FixedLength::from(*initial))).ok()?;
        Some(plain)
    };
    decrypted().unwrap_or_default()
}

/// AES-128 in CBC mode without padding.
fn encrypt(key: &[u8], initial: &[u8], mut text: Vec<u8>) -> Option<Vec<u8>> {
    let key = UnboundCipherKey::new(&AES_128, key).ok()?;
    let initial: [u8; 16] = initial.try_into().ok()?;
    let key = EncryptingKey::cbc(key).ok()?;
    let context = aws_lc_rs::cipher::EncryptionContext::Iv128(FixedLength::from(initial));
    key.less_safe_encrypt(&mut text, context).ok()?;
    Some(text)
}

fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: [u8; 256] = std::array::from_fn(|at| u8::try_from(at).unwrap_or(0));
    let mut j = 0u8;
    for i in 0..=255u8 {
        let own = state.get(usize::from(i)).copied().unwrap_or(0);
        let part = key.get(usize::from(i) % key.len().max(1)).copied().unwrap_or(0);
        j = j.wrapping_add(own).wrapping_add(part);
        state.swap(usize::from(i), usize::from(j));
    }
    let (mut i, mut j) = (0u8, 0u8);
    data.iter()
        .map(|octet| {
            i = i.wrapping_add(1);
            let first = state.get(usize::from(i)).copied().unwrap_or(0);
            j = j.wrapping_add(first);
            let second = state.get(usize::from(j)).copied().unwrap_or(0);
            state.swap(usize::from(i), usize::from(j));
            octet ^ state.get(usize::from(first.wrapping_add(second))).copied().unwrap_or(0)
        })
        .collect()
}

/// What short passwords are filled with.
const PADDING: &[u8] = b"\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_cipher_is_the_known_one() {
        assert_eq!(rc4(b"Key", b"Plaintext"), b"\xbb\xf3\x16\xe8\xd9\x40\xaf\x0a\xd3");
    }
}
