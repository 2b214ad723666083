//! Plain archives: tar, cpio and ar. Members stand one behind the other, as they are.
//!
//! Pure.

use super::{
    budget::{Budget, MALFORMED, UNSUPPORTED},
    contents::Contents,
    octets::{self, piece},
};
use crate::mail::filetype::is_tar;

/// Opens a tar file (POSIX.1 pax, GNU and old ones).
#[must_use]
pub fn open_tar(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut at = 0;
    let mut long_name: Option<Vec<u8>> = None;
    let mut long_size: Option<usize> = None;
    while let Some(header) = bytes.get(at..at + BLOCK) {
        if header.iter().all(|octet| *octet == 0) {
            at += BLOCK;
            continue;
        }
        if !is_tar(header) {
            contents.skip(MALFORMED);
            // What follows a broken header is looked for at the next block.
            at += BLOCK;
            continue;
        }
        let kind = header.get(156).copied().unwrap_or_default();
        let size = long_size.filter(|_| !matches!(kind, b'x' | b'g' | b'L' | b'K'));
        let size = size.or_else(|| number(piece(header, 124, 12))).unwrap_or(0);
        let data = piece(bytes, at + BLOCK, size);
        at = at.saturating_add(BLOCK).saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
        match kind {
            b'L' => long_name = Some(octets::until_nul(data).to_vec()),
            b'x' => (long_name, long_size) = pax(data),
            b'K' | b'g' | b'1'..=b'6' => (long_name, long_size) = (None, None),
            _ => {
                long_size = None;
                let name = long_name.take().unwrap_or_else(|| octets::until_nul(piece(header, 0, 100)).to_vec());
                let names = contents.names(&name);
                let mut output = budget.copy(data);
                if data.len() < size {
                    output.cut = Some(MALFORMED);
                } else if kind == b'S' {
                    output.cut = Some(UNSUPPORTED);
                }
                if !contents.member(names, output, budget) {
                    break;
                }
            }
        }
    }
    contents
}

/// Name and size out of an extended header: lines of `length key=value`.
fn pax(mut data: &[u8]) -> (Option<Vec<u8>>, Option<usize>) {
    let (mut name, mut size) = (None, None);
    while let Some(blank) = data.iter().position(|octet| *octet == b' ') {
        let length = std::str::from_utf8(piece(data, 0, blank)).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        let line = data.get(blank + 1..length).unwrap_or_default().trim_ascii_end();
        if let Some(path) = line.strip_prefix(b"path=") {
            name = Some(path.to_vec());
        } else if let Some(text) = line.strip_prefix(b"size=") {
            size = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        }
        if length == 0 {
            break;
        }
        data = data.get(length..).unwrap_or_default();
    }
    (name, size)
}

/// A number in octal digits, or in binary if the first bit is set.
fn number(field: &[u8]) -> Option<usize> {
    if field.first().is_some_and(|octet| octet & 0x80 != 0) {
        return octets::be32(field, field.len().checked_sub(4)?);
    }
    let digits = octets::until_nul(field).trim_ascii();
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

/// Opens an archive of `ar`, which Debian packages are as well.
#[must_use]
pub fn open_ar(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut at = 8;
    let mut long_names: &[u8] = b"";
    while let Some(header) = bytes.get(at..at + 60) {
        let size = decimal(piece(header, 48, 10));
        let (Some(size), true) = (size, header.ends_with(b"`\n")) else {
            contents.skip(MALFORMED);
            break;
        };
        let mut data = piece(bytes, at + 60, size);
        at = at.saturating_add(60 + size + size % 2);
        let mut name = piece(header, 0, 16).trim_ascii_end();
        if name == b"//" {
            long_names = data;
            continue;
        }
        if let Some(length) = name.strip_prefix(b"#1/").and_then(decimal) {
            name = octets::until_nul(piece(data, 0, length));
            data = data.get(length..).unwrap_or_default();
        } else if let Some(offset) = name.strip_prefix(b"/").and_then(decimal) {
            let rest = long_names.get(offset..).unwrap_or_default();
            name = rest.split(|octet| matches!(octet, b'\n' | 0)).next().unwrap_or_default();
        }
        let names = contents.names(name.strip_suffix(b"/").unwrap_or(name));
        let mut output = budget.copy(data);
        if bytes.len() < at.saturating_sub(size % 2) {
            output.cut = Some(MALFORMED);
        }
        if !contents.member(names, output, budget) {
            break;
        }
    }
    contents
}

fn decimal(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits.trim_ascii()).ok()?.parse().ok()
}

/// What a header of cpio says: octets of the header with the name, size of the data, and what both are padded to.
struct CpioHeader<'a> {
    name: &'a [u8],
    data: usize,
    size: usize,
    padding: usize,
    mode: usize,
}

/// Opens an archive of `cpio`: the new format, the old portable one, and the old binary one.
#[must_use]
pub fn open_cpio(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut at = 0;
    while at < bytes.len() {
        let Some(header) = cpio_header(bytes, at) else {
            contents.skip(MALFORMED);
            break;
        };
        if header.name == b"TRAILER!!!" {
            break;
        }
        let data = piece(bytes, header.data, header.size);
        at = header.data.saturating_add(header.size).saturating_add(header.padding);
        if header.mode & 0o170_000 == 0o040_000 {
            continue;
        }
        let names = contents.names(header.name);
        let mut output = budget.copy(data);
        if data.len() < header.size {
            output.cut = Some(MALFORMED);
        }
        if !contents.member(names, output, budget) {
            break;
        }
    }
    contents
}

fn cpio_header(bytes: &[u8], at: usize) -> Option<CpioHeader<'_>> {
    let digits = |from: usize, length: usize, radix: u32| {
        usize::from_str_radix(std::str::from_utf8(piece(bytes, at + from, length)).ok()?, radix).ok()
    };
    let (fixed, name_length, size, mode, unit) = match piece(bytes, at, 6) {
        b"070701" | b"070702" => (110, digits(94, 8, 16)?, digits(54, 8, 16)?, digits(14, 8, 16)?, 4),
        b"070707" => (76, digits(59, 6, 8)?, digits(65, 11, 8)?, digits(18, 6, 8)?, 1),
        [0xc7, 0x71, ..] => {
            let half = |from: usize| octets::le16(bytes, at + from);
            (26, half(20)?, half(22)? << 16 | half(24)?, half(6)?, 2)
        }
        _ => return None,
    };
    let to_unit = |length: usize| length.next_multiple_of(unit) - length;
    let head = fixed + name_length;
    let name = octets::until_nul(piece(bytes, at + fixed, name_length));
    Some(CpioHeader { name, data: at + head + to_unit(head), size, padding: to_unit(size), mode })
}

const BLOCK: usize = 512;
