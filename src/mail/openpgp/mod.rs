//! What an OpenPGP file is (RFC 9580), by its packets: encrypted, signed, a signature, a key.
//!
//! Pure. Armour is undone where there is one; a label that says otherwise counts for nothing.

pub mod armor;
pub mod cleartext;
pub mod packets;

use self::{armor::Label, packets::Packets};
use memchr::memmem;

/// What the packets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only its recipient, or who has the password, can read it.
    Encrypted,
    /// Anybody can read it: signed, compressed or literal data.
    Readable,
    /// A detached signature.
    Signature,
    /// A public or private key.
    Key,
}

/// What binary packets are; none if the octets are no OpenPGP packets.
#[must_use]
pub fn kind(octets: &[u8]) -> Option<Kind> {
    let mut is_session_key = false;
    let mut is_signature = false;
    for packet in Packets::of(octets) {
        match packet.tag {
            packets::MARKER | packets::PADDING => {}
            packets::PUBLIC_SESSION_KEY | packets::SECRET_SESSION_KEY if packet.has_version(&[3, 4, 5, 6]) => {
                is_session_key = true;
            }
            packets::ENCRYPTED => return Some(Kind::Encrypted),
            packets::ENCRYPTED_PROTECTED if packet.has_version(&[1, 2]) => return Some(Kind::Encrypted),
            packets::ENCRYPTED_AEAD if packet.has_version(&[1]) => return Some(Kind::Encrypted),
            // Session keys lead to encrypted data and to nothing else (RFC 9580 10.3).
            _ if is_session_key => return Some(Kind::Readable),
            packets::SIGNATURE if packet.has_version(&[3, 4, 6]) => is_signature = true,
            packets::ONE_PASS_SIGNATURE if packet.has_version(&[3, 6]) => return Some(Kind::Readable),
            packets::COMPRESSED | packets::LITERAL => return Some(Kind::Readable),
            packets::SECRET_KEY | packets::PUBLIC_KEY if packet.has_version(&[2, 3, 4, 6]) => return Some(Kind::Key),
            _ => break,
        }
    }
    match (is_session_key, is_signature) {
        // What follows is cut off.
        (true, _) => Some(Kind::Encrypted),
        (false, true) => Some(Kind::Signature),
        (false, false) => None,
    }
}

/// Whether a text holds an encrypted message, and whether it holds what only claims to be one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    pub is_encrypted: bool,
    /// An armoured message that anybody can read.
    pub is_readable: bool,
    /// Armour around something that is no OpenPGP message.
    pub is_false: bool,
}

/// Looks at the armoured messages in a text.
#[must_use]
pub fn texts(text: &[u8]) -> Texts {
    let mut found = Texts::default();
    if memmem::find(text, armor::BEGIN).is_none() {
        return found;
    }
    for block in armor::blocks(text).filter(|block| block.label == Label::Message) {
        match kind(&block.start()) {
            Some(Kind::Encrypted) => found.is_encrypted = true,
            Some(Kind::Readable) => found.is_readable = true,
            Some(Kind::Signature | Kind::Key) | None => found.is_false = true,
        }
    }
    found
}

/// Is this the start of binary packets of a message, clearly enough to tell them from any other file?
#[must_use]
pub fn is_binary_message(prefix: &[u8]) -> bool {
    match prefix {
        // Session keys: old and new format, version, key identifier, algorithm (RFC 9580 5.1).
        [0x84, _, 3, rest @ ..] | [0x85, _, _, 3, rest @ ..] | [0xc1, 0..0xc0, 3, rest @ ..] => {
            is_public_algorithm(rest.get(8))
        }
        [0xc1, 0xc0..0xe0, _, 3, rest @ ..] => is_public_algorithm(rest.get(8)),
        // Session key for a password: version 4, AES, iterated and salted (RFC 9580 5.3).
        [0x8c | 0xc3, 0x0d | 0x2e..0x40, 4, 7..=9, 3, ..]
        // One-pass signature and its only length.
        | [0x90 | 0xc4, 0x0d, 3, 0..=1, ..]
        // Compressed data without length: zlib and bzip2 say who they are, deflate is tried.
        | [0xa3, 2, 0x78, ..]
        | [0xa3, 3, b'B', b'Z', b'h', ..] => true,
        [0xa3, 1, rest @ ..] => packets::is_deflated_message(rest),
        _ => false,
    }
}

fn is_public_algorithm(octet: Option<&u8>) -> bool {
    matches!(octet, Some(1..=3 | 16 | 18 | 25 | 26))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_tell_what_they_are() {
        let session_key = b"\xc1\x0c\x03ABCDEFGH\x12\0\0";
        let protected = b"\xd2\x03\x01ab";
        let literal = b"\xcb\x08t\0\0\0\0\0ab";
        for (octets, expected) in [
            ([&session_key[..], protected].concat(), Some(Kind::Encrypted)),
            (session_key.to_vec(), Some(Kind::Encrypted)),
            ([&session_key[..], literal].concat(), Some(Kind::Readable)),
            (literal.to_vec(), Some(Kind::Readable)),
            (b"\xc2\x04\x04\0\0\0".to_vec(), Some(Kind::Signature)),
            ([b"\xc2\x04\x04\0\0\0".as_slice(), literal].concat(), Some(Kind::Readable)),
            (b"\xc6\x03\x04\0\0".to_vec(), Some(Kind::Key)),
            (b"plain words".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(kind(&octets), expected, "{octets:?}");
        }
    }

    #[test]
    fn armour_around_plain_words_is_no_encryption() {
        let text = |body: &str| format!("-----BEGIN PGP MESSAGE-----\r\n\r\n{body}\r\n-----END PGP MESSAGE-----\r\n");
        let looked = texts(text("just some words, nothing secret").as_bytes());
        assert!(looked.is_false && !looked.is_encrypted);
        assert!(texts(text("wQwDQUJDREVGR0gSAADSAwFhYg==").as_bytes()).is_encrypted);
        assert_eq!(texts(b"> -----BEGIN PGP MESSAGE----- they wrote"), Texts::default());
    }
}
