//! BinHex 4.0 (RFC 1741): six bits a character, run lengths, then name and data fork.
//!
//! Pure. Checksums are not looked at: readers warn about them at most.

use super::File;
use crate::limits;
use memchr::memmem;

const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
const OPENING: &[u8] = b"(This file must be converted with BinHex";
/// The octet before a run length.
const RUN: u8 = 0x90;

/// The files that stand in a text, in their order.
#[must_use]
pub fn files(text: &[u8]) -> Vec<File> {
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < limits::ENCODED_FILES_MAX
        && let Some(at) = text.get(from..).and_then(|rest| memmem::find(rest, OPENING))
    {
        from += at + OPENING.len();
        let rest = text.get(from..).unwrap_or_default();
        found.extend(decoded(rest));
    }
    found
}

/// The file between the first and second colon that begins a line.
#[must_use]
pub fn decoded(text: &[u8]) -> Option<File> {
    let start = if text.starts_with(b":") {
        0
    } else {
        text.windows(2).position(|two| matches!(two, [b'\n' | b'\r', b':']))? + 1
    };
    let data = text.get(start + 1..)?;
    let data = data.get(..memchr::memchr(b':', data).unwrap_or(data.len()))?;
    let octets = unfold(&six_bits(data), data.len().saturating_mul(RUN_FACTOR));
    let (length, rest) = octets.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    // Version, type, creator and flags, then the lengths of both forks and a checksum.
    let lengths = rest.get(11..19)?;
    let (data_length, resource_length) = lengths.split_at(4);
    let number = |octets: &[u8]| octets.iter().fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
    let forks = rest.get(21..)?;
    let data_length = number(data_length);
    let fork = match forks.get(..data_length).unwrap_or(forks) {
        [] => forks.get(2..).map(|rest| rest.get(..number(resource_length)).unwrap_or(rest)).unwrap_or_default(),
        fork => fork,
    };
    let name = name.get(..limits::NAME_BYTES_MAX).unwrap_or(name);
    let file = File { name: String::from_utf8_lossy(name).into_owned(), octets: fork.to_vec(), raw_bytes: data.len() };
    (!file.octets.is_empty()).then_some(file)
}

fn six_bits(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3 + 3);
    let mut bits = 0u32;
    let mut length = 0u32;
    for byte in data {
        let Some(value) = ALPHABET.iter().position(|symbol| symbol == byte) else { continue };
        bits = (bits << 6 | u32::try_from(value).unwrap_or_default()) & 0xffff;
        length += 6;
        if length >= 8 {
            length -= 8;
            let [.., octet] = (bits >> length).to_be_bytes();
            out.push(octet);
        }
    }
    out
}

/// Undoes run lengths, up to so many octets.
fn unfold(octets: &[u8], octets_max: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(octets.len());
    let mut octets = octets.iter();
    while out.len() < octets_max
        && let Some(octet) = octets.next()
    {
        if *octet != RUN {
            out.push(*octet);
            continue;
        }
        match octets.next() {
            Some(0) => out.push(RUN),
            Some(count) => {
                let last = out.last().copied().unwrap_or_default();
                out.resize(out.len() + usize::from(*count).saturating_sub(1), last);
            }
            None => break,
        }
    }
    out
}

/// Run lengths give at most this many octets for one that is written.
const RUN_FACTOR: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read() {
        let text = b"(This file must be converted with BinHex 4.0)\r\n:!!3r2cmr2cmr2`!!!!!!&3!!!!!U`8&58N&C+$\"i069K0M3b0@3`0M8`+3!!:\r\n";
        let found = files(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(files(b"(This file must be converted with BinHex 4.0)").is_empty());
        assert_eq!(unfold(&[1, RUN, 3, RUN, 0], 100), [1, 1, 1, RUN]);
    }
}
