//! Archives of DOS times: ARJ and LHarc, which Windows programs still open.
//!
//! Pure.

use super::{
    budget::{Budget, ENCRYPTED, MALFORMED, Output, UNSUPPORTED},
    contents::{Contents, Member},
    huffman::{self, Variant},
    octets::{is_at, le16, le32, octet, piece, until_nul},
};

/// Opens an ARJ archive.
#[must_use]
pub fn open_arj(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut at = 0;
    let mut is_main = true;
    while is_at(bytes, at, b"\x60\xea") {
        let length = le16(bytes, at + 2).unwrap_or(0);
        if length == 0 {
            return contents;
        }
        let header = piece(bytes, at + 4, length);
        at += 4 + length + 4;
        // Extended headers, each with its checksum.
        while let Some(extended) = le16(bytes, at).filter(|extended| *extended > 0) {
            at += 2 + extended + 4;
        }
        at += 2;
        if std::mem::replace(&mut is_main, false) {
            continue;
        }
        let first = octet(header, 0).unwrap_or(30);
        let names = contents.names(until_nul(header.get(first..).unwrap_or_default()));
        let (flags, method) = (octet(header, 4).unwrap_or(0), octet(header, 5).unwrap_or(0));
        let (packed, size) = (le32(header, 12).unwrap_or(0), le32(header, 16).unwrap_or(0));
        let data = piece(bytes, at, packed);
        at = at.saturating_add(packed);
        if octet(header, 6) == Some(3) {
            continue;
        }
        let mut member = Member { names, ..Member::default() };
        if flags & 1 != 0 {
            (member.encrypted, member.skipped) = (true, Some(ENCRYPTED));
        } else {
            let mut output = match method {
                0 => budget.copy(data),
                1..=3 => huffman::unpack(Variant { distances: 17, bits: 5 }, data, size, budget),
                _ => Output::nothing(UNSUPPORTED),
            };
            if data.len() < packed {
                output.cut = Some(MALFORMED);
            }
            (member.bytes, member.skipped) = (output.bytes, output.cut);
        }
        if !contents.push(member, budget) {
            return contents;
        }
    }
    contents.skip(MALFORMED);
    contents
}

/// One header of an LHarc archive.
struct Header<'a> {
    method: &'a [u8],
    name: Vec<u8>,
    data: usize,
    packed: usize,
    size: usize,
}

/// Opens an LHarc archive.
#[must_use]
pub fn open_lzh(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut at = 0;
    while octet(bytes, at).is_some_and(|length| length != 0) {
        let Some(header) = lzh_header(bytes, at) else {
            contents.skip(MALFORMED);
            break;
        };
        let data = piece(bytes, header.data, header.packed);
        at = header.data.saturating_add(header.packed);
        if header.method == b"-lhd-" {
            continue;
        }
        let lh = |distances, bits| Variant { distances, bits };
        let mut output = match header.method {
            b"-lh0-" | b"-lz4-" => budget.copy(data),
            b"-lh4-" | b"-lh5-" => huffman::unpack(lh(14, 4), data, header.size, budget),
            b"-lh6-" => huffman::unpack(lh(16, 5), data, header.size, budget),
            b"-lh7-" => huffman::unpack(lh(17, 5), data, header.size, budget),
            _ => Output::nothing(UNSUPPORTED),
        };
        if data.len() < header.packed {
            output.cut = Some(MALFORMED);
        }
        let names = contents.names(&header.name);
        if !contents.member(names, output, budget) {
            break;
        }
    }
    contents
}

fn lzh_header(bytes: &[u8], at: usize) -> Option<Header<'_>> {
    let method = piece(bytes, at + 2, 5);
    if !method.starts_with(b"-l") || !method.ends_with(b"-") {
        return None;
    }
    let (mut packed, size) = (le32(bytes, at + 7)?, le32(bytes, at + 11)?);
    let level = octet(bytes, at + 20)?;
    let mut name = Vec::new();
    let (mut next, mut data) = match level {
        0 | 1 => {
            let length = octet(bytes, at + 21)?;
            name = piece(bytes, at + 22, length).to_vec();
            let end = at + 2 + octet(bytes, at)?;
            (if level == 1 { le16(bytes, end - 2)? } else { 0 }, end)
        }
        2 => (le16(bytes, at + 24)?, at + 26),
        _ => return None,
    };
    let mut extended = 0;
    while next >= 3 && extended <= bytes.len() {
        let body = piece(bytes, data + 1, next - 3);
        if octet(bytes, data)? == 1 {
            name = body.to_vec();
        }
        data += next;
        extended += next;
        next = le16(bytes, data - 2)?;
    }
    if level == 1 {
        packed = packed.saturating_sub(extended);
    } else if level == 2 {
        data = at + le16(bytes, at)?;
    }
    Some(Header { method, name, data, packed, size })
}
