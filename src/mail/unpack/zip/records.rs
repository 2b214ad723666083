//! The records of a zip file (APPNOTE 4.3): local headers and the central directory, wherever they stand.
//!
//! Pure.

use crate::mail::unpack::octets::{self, is_at, le16, le32, le64, piece};

/// What one header says about a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub name: Vec<u8>,
    /// The name that Info-ZIP keeps in UTF-8 (extra field 0x7075).
    pub unicode_name: Vec<u8>,
    pub flags: usize,
    pub method: usize,
    pub time: usize,
    pub checksum: usize,
    pub packed: usize,
    pub size: usize,
    /// Strength and inner method of WinZip's encryption (extra field 0x9901).
    pub aes: Option<(usize, usize)>,
    /// Offset of the local header, in a central header.
    pub local: usize,
    /// Octets of the header itself.
    pub length: usize,
}

/// One central directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    pub entries: Vec<Header>,
    /// Where the archive begins in the file.
    pub base: usize,
    pub start: usize,
    pub end: usize,
    /// Entries that the end record speaks of.
    pub claimed: usize,
}

/// Reads the local header at `at`.
#[must_use]
pub fn local(bytes: &[u8], at: usize) -> Option<Header> {
    if !is_at(bytes, at, LOCAL) {
        return None;
    }
    let name_length = le16(bytes, at + 26)?;
    let extra_length = le16(bytes, at + 28)?;
    let mut header = Header {
        name: piece(bytes, at + 30, name_length).to_vec(),
        flags: le16(bytes, at + 6)?,
        method: le16(bytes, at + 8)?,
        time: le16(bytes, at + 10)?,
        checksum: le32(bytes, at + 14)?,
        packed: le32(bytes, at + 18)?,
        size: le32(bytes, at + 22)?,
        local: at,
        length: 30 + name_length + extra_length,
        ..Header::default()
    };
    header.extra(piece(bytes, at + 30 + name_length, extra_length));
    Some(header)
}

/// Reads the central header at `at`.
#[must_use]
pub fn central(bytes: &[u8], at: usize) -> Option<Header> {
    if !is_at(bytes, at, CENTRAL) {
        return None;
    }
    let name_length = le16(bytes, at + 28)?;
    let extra_length = le16(bytes, at + 30)?;
    let mut header = Header {
        name: piece(bytes, at + 46, name_length).to_vec(),
        flags: le16(bytes, at + 8)?,
        method: le16(bytes, at + 10)?,
        time: le16(bytes, at + 12)?,
        checksum: le32(bytes, at + 16)?,
        packed: le32(bytes, at + 20)?,
        size: le32(bytes, at + 24)?,
        local: le32(bytes, at + 42)?,
        length: 46 + name_length + extra_length + le16(bytes, at + 32)?,
        ..Header::default()
    };
    header.extra(piece(bytes, at + 46 + name_length, extra_length));
    Some(header)
}

impl Header {
    /// Takes what the extra fields say (APPNOTE 4.5).
    fn extra(&mut self, mut extra: &[u8]) {
        while let Some((id, length)) = le16(extra, 0).zip(le16(extra, 2)) {
            let field = piece(extra, 4, length);
            match id {
                0x0001 => self.zip64(field),
                0x7075 => self.unicode_name = field.get(5..).unwrap_or_default().to_vec(),
                0x9901 => self.aes = octets::octet(field, 4).zip(le16(field, 5)),
                _ => {}
            }
            extra = extra.get(4 + length..).unwrap_or_default();
        }
    }

    /// Numbers of 64 bits stand for those that are all ones, in this order.
    fn zip64(&mut self, field: &[u8]) {
        let mut at = 0;
        for number in [&mut self.size, &mut self.packed, &mut self.local] {
            if *number == ALL_ONES {
                let Some(long) = le64(field, at) else { return };
                *number = long;
                at += 8;
            }
        }
    }

    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.flags & 1 == 1
    }

    /// Sizes and checksum stand behind the data.
    #[must_use]
    pub fn has_descriptor(&self) -> bool {
        self.flags & 8 == 8
    }

    /// The method below any encryption.
    #[must_use]
    pub fn inner_method(&self) -> usize {
        self.aes.filter(|_| self.method == 99).map_or(self.method, |(_, method)| method)
    }
}

/// Reads the central directory that the end record at `at` points to, at most `count` entries of it.
#[must_use]
pub fn directory(bytes: &[u8], at: usize, count: usize) -> Option<Directory> {
    let mut claimed = le16(bytes, at + 10)?;
    let mut size = le32(bytes, at + 12)?;
    let mut offset = le32(bytes, at + 16)?;
    let mut end = at;
    if let Some(long) = zip64_end(bytes, at) {
        claimed = le64(bytes, long + 32)?;
        size = le64(bytes, long + 40)?;
        offset = le64(bytes, long + 48)?;
        end = long;
    }
    // The directory ends at its end record; where it does not, its offset counts.
    let start = end.checked_sub(size).filter(|start| is_at(bytes, *start, CENTRAL)).unwrap_or(offset);
    let base = start.saturating_sub(offset);
    let mut directory = Directory { base, start, claimed, ..Directory::default() };
    let mut next = start;
    while directory.entries.len() < count
        && let Some(header) = central(bytes, next)
    {
        next += header.length;
        directory.entries.push(header);
    }
    directory.end = next;
    Some(directory)
}

/// The zip64 end record that the locator before the end record at `at` points to.
fn zip64_end(bytes: &[u8], at: usize) -> Option<usize> {
    let locator = at.checked_sub(20).filter(|locator| is_at(bytes, *locator, b"PK\x06\x07"))?;
    let claimed = le64(bytes, locator + 8)?;
    [claimed, locator.saturating_sub(56)].into_iter().find(|place| is_at(bytes, *place, b"PK\x06\x06"))
}

pub const LOCAL: &[u8] = b"PK\x03\x04";
pub const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
/// A number that stands elsewhere in 64 bits.
const ALL_ONES: usize = 0xffff_ffff;
