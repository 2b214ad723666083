//! Pass: what stands in a link, signed and unreadable for everybody else: who may see which mail, what they may do, and
//! until when.
//!
//! Draws randomness, reads the secret's file. Encrypt-then-MAC: AES-256-GCM over the text, HMAC-SHA-256 over that, both
//! keys made of the secret. The MAC is compared in constant time before anything is decrypted.

use crate::{
    doors::{private, quarantine::key},
    limits,
    mail::timestamp::Timestamp,
    seal::safe::{KEY_BYTES, Safe},
};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

/// Octets of an HMAC-SHA-256.
const MAC_BYTES: usize = 32;
const LABEL: &str = "wehr link 1";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What the holder of a link may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Whose mail it is.
    #[serde(rename = "r")]
    pub recipient: String,
    /// The id of one mail; `None`: all that wait for the recipient.
    #[serde(rename = "m")]
    pub mail: Option<String>,
    /// May it be released and be said to be no spam, or only seen?
    #[serde(rename = "a")]
    pub may_release: bool,
    /// Seconds since 1970 until which it is taken.
    #[serde(rename = "u")]
    pub until: i64,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody here signed it.
    Forged,
    Expired,
}

/// The keys of one secret.
struct Pair {
    mac: hmac::Key,
    safe: Safe,
}

impl Pair {
    fn of(secret: &[u8; KEY_BYTES]) -> Option<Self> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = |label: &str| hmac::sign(&root, label.as_bytes());
        let cipher = derived("wehr link encryption").as_ref().first_chunk::<KEY_BYTES>().copied()?;
        let mac = hmac::Key::new(hmac::HMAC_SHA256, derived("wehr link authentication").as_ref());
        Some(Self { mac, safe: Safe::new(&cipher).ok()? })
    }
}

/// The secrets of a house: the first one signs, all of them are taken.
pub struct Secrets(Vec<Pair>);

impl Secrets {
    /// Reads the file: 64 hex digits a line, the newest first.
    ///
    /// # Errors
    /// In words, with what to do: no file, others may read it, no key inside.
    pub fn read(file: &Path) -> Result<Self, String> {
        let shown = file.display();
        let told = |error: std::io::Error| format!("{shown}: cannot read the secret of the links: {error}");
        if private::found(file, "the secret of the links")?.len() > limits::LINK_SECRETS_BYTES_MAX {
            return Err(format!("{shown}: too large for secrets of links; a line is 64 hex digits"));
        }
        let text = fs::read_to_string(file).map_err(told)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let pairs: Option<Vec<Pair>> = lines.map(|line| Pair::of(&key::from_hex(line)?)).collect();
        match pairs {
            Some(pairs) if !pairs.is_empty() => Ok(Self(pairs)),
            _ => Err(format!("{shown}: no secrets of links: lines of 64 hex digits are needed, the newest first")),
        }
    }

    /// Makes the file, unless there is one, and reads it.
    ///
    /// # Errors
    /// In words.
    pub fn make(file: &Path) -> Result<Self, String> {
        if !file.exists() {
            let told = |error| format!("{}: cannot make the secret of the links: {error}", file.display());
            key::write(file).map_err(told)?;
        }
        Self::read(file)
    }

    /// The token of a pass, of letters that a URL takes as they are (RFC 4648 5).
    ///
    /// # Errors
    /// Without randomness.
    pub fn sign(&self, pass: &Pass) -> std::io::Result<String> {
        let pair = self.0.first().ok_or_else(|| std::io::Error::other("no secret"))?;
        let locked = pair.safe.lock(LABEL, &serde_json::to_vec(pass)?).map_err(std::io::Error::other)?;
        let tag = hmac::sign(&pair.mac, &locked);
        Ok(encode(&[&locked, tag.as_ref()].concat()))
    }

    /// The pass of a token.
    ///
    /// # Errors
    /// When nobody here signed it, or its time is over.
    pub fn open(&self, token: &str, now: Timestamp) -> Result<Pass, Refused> {
        let octets = decode(token).ok_or(Refused::Forged)?;
        let cut = octets.len().checked_sub(MAC_BYTES).ok_or(Refused::Forged)?;
        let (locked, tag) = octets.split_at_checked(cut).ok_or(Refused::Forged)?;
        let pair = self.0.iter().find(|pair| hmac::verify(&pair.mac, locked, tag).is_ok()).ok_or(Refused::Forged)?;
        let text = pair.safe.unlock(LABEL, locked).map_err(|_| Refused::Forged)?;
        let pass: Pass = serde_json::from_slice(&text).map_err(|_| Refused::Forged)?;
        if pass.until < now.seconds() { Err(Refused::Expired) } else { Ok(pass) }
    }
}

fn encode(octets: &[u8]) -> String {
    let mut text = String::new();
    for group in octets.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..=group.len() {
            let place = usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap_or_default();
            text.push(char::from(ALPHABET.get(place).copied().unwrap_or(b'A')));
        }
    }
    text
}

/// The octets of a token; each has one spelling only.
fn decode(token: &str) -> Option<Vec<u8>> {
    if token.len() > limits::LINK_TOKEN_BYTES_MAX {
        return None;
    }
    let mut octets = Vec::new();
    for group in token.as_bytes().chunks(4) {
        let digit = |letter: &u8| ALPHABET.iter().position(|known| known == letter);
        let digits: Vec<usize> = group.iter().map(digit).collect::<Option<_>>()?;
        let bits = digits.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - digits.len()));
        let [_, three @ ..] = u32::try_from(bits).ok()?.to_be_bytes();
        octets.extend(three.iter().take(digits.len().checked_sub(1).filter(|count| *count > 0)?));
    }
    (encode(&octets) == token).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::PermissionsExt;

    fn pass() -> Pass {
        Pass { recipient: "anna@school.example".to_owned(), mail: None, may_release: true, until: 1000 }
    }

    fn now(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_pass_is_taken_until_its_time_is_over_and_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::make(&folder.path().join("digest.key")).unwrap();
        let token = secrets.sign(&pass()).unwrap();
        assert_eq!(secrets.open(&token, now(1000)), Ok(pass()));
        assert_eq!(secrets.open(&token, now(1001)), Err(Refused::Expired));
        let octets = decode(&token).unwrap();
        assert!(!octets.windows(4).any(|four| four == b"anna"));
        assert_ne!(token, secrets.sign(&pass()).unwrap());
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(secrets.open(&String::from_utf8(forged).unwrap(), now(0)), Err(Refused::Forged), "{at}");
        }
        assert_eq!(secrets.open(&"A".repeat(5000), now(0)), Err(Refused::Forged));
        assert_eq!(secrets.open("", now(0)), Err(Refused::Forged));
    }

    #[test]
    fn an_old_secret_is_taken_while_it_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("digest.key");
        let token = Secrets::make(&file).unwrap().sign(&pass()).unwrap();
        let old = fs::read_to_string(&file).unwrap();
        let new = "ab".repeat(32);
        fs::write(&file, format!("{new}\n{old}")).unwrap();
        let both = Secrets::read(&file).unwrap();
        assert_eq!(both.open(&token, now(0)), Ok(pass()));
        let newer = both.sign(&pass()).unwrap();
        fs::write(&file, &new).unwrap();
        let one = Secrets::read(&file).unwrap();
        assert_eq!((one.open(&token, now(0)), one.open(&newer, now(0))), (Err(Refused::Forged), Ok(pass())));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Secrets::read(&file).err().unwrap().contains("chmod 600"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, "").unwrap();
        assert!(Secrets::read(&file).err().unwrap().contains("64 hex digits"));
    }

    proptest! {
        #[test]
        fn tokens_have_one_spelling(octets in prop::collection::vec(any::<u8>(), 0..80), text in "[A-Za-z0-9_=-]{0,40}") {
            prop_assert_eq!(decode(&encode(&octets)), Some(octets));
            prop_assert!(decode(&text).is_none_or(|octets| encode(&octets) == text));
        }
    }
}
