//! A case: everything outside the message that a verdict depends on, as the text of `case.toml` (DESIGN.md section 6).
//!
//! Pure. Text and case turn into each other without loss: `Case::parse(case.to_text()) == case`.

pub mod expectation;
pub mod read;
pub mod write;

use crate::{
    judge::facts::Facts,
    mail::{
        envelope::{Client, Envelope},
        timestamp::Timestamp,
    },
};
use std::fmt::Write as _;

/// What arrived besides the message, and what was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    pub received_at: Timestamp,
    pub client: Client,
    pub envelope: Envelope,
    pub facts: Facts,
}

/// The version of the format that we write and read.
pub const FORMAT: u64 = 1;

/// Octets as text: what is not printable ASCII or UTF-8 stands as `\xNN`, a backslash as `\\`.
#[must_use]
pub fn escaped(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for octet in chunk.invalid() {
            // Writing into a String cannot fail.
            let _ = write!(text, "\\x{octet:02x}");
        }
    }
    text
}

/// The octets that `escaped` wrote; `None` for a backslash that is neither `\\` nor `\xNN`.
#[must_use]
pub fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut pieces = text.split('\\');
    octets.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    while let Some(piece) = pieces.next() {
        if piece.is_empty() {
            // A doubled backslash: the next piece is plain again.
            octets.push(b'\\');
            octets.extend_from_slice(pieces.next()?.as_bytes());
        } else {
            let (digits, rest) = piece.strip_prefix('x')?.split_at_checked(2)?;
            octets.push(u8::from_str_radix(digits, 16).ok()?);
            octets.extend_from_slice(rest.as_bytes());
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests;
