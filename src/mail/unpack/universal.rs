//! Images of discs in the Universal Disk Format (ECMA-167), as Windows burns them: their files.
//!
//! Pure. One physical partition, or a metadata partition on it; what else the format allows is not read.

use super::{
    budget::Budget,
    contents::Contents,
    disc::{SECTOR, tag},
    octets::{le16, le32, le64, octet, piece, utf16_be},
};
use crate::mail::charset;
use std::collections::BTreeSet;

/// Places in an image.
struct Volume<'a> {
    bytes: &'a [u8],
    /// First sector of the partition, and of the metadata file in it.
    partition: usize,
    metadata: Option<usize>,
}

/// Opens an image.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let Some((volume, root)) = volume(bytes) else { return contents };
    let mut open = vec![root];
    let mut seen = BTreeSet::new();
    while let Some(place) = open.pop() {
        if !seen.insert(place) || seen.len() > FOLDERS_MAX {
            continue;
        }
        let folder = volume.file(place);
        let mut at = 0;
        // File identifier descriptors (ECMA-167 4/14.4).
        while le16(&folder, at) == Some(257) {
            let flags = octet(&folder, at + 18).unwrap_or(0);
            let name_length = octet(&folder, at + 19).unwrap_or(0);
            let target = le32(&folder, at + 24).map(|block| volume.sector(block, le16(&folder, at + 28)));
            let implementation = le16(&folder, at + 36).unwrap_or(0);
            let name = name_of(piece(&folder, at + 38 + implementation, name_length));
            at += (38 + implementation + name_length).next_multiple_of(4);
            let Some(target) = target.filter(|_| flags & 0x0c == 0) else { continue };
            if flags & 2 != 0 {
                open.push(target);
                continue;
            }
            let names = vec![contents.name(&name)];
            let output = budget.copy(&volume.file(target));
            if !contents.member(names, output, budget) {
                return contents;
            }
        }
    }
    contents
}

/// The partition and the root folder, by the descriptors that the anchor points to.
fn volume(bytes: &[u8]) -> Option<(Volume<'_>, usize)> {
    let anchor =
        [256, (bytes.len() / SECTOR).checked_sub(1)?].into_iter().find(|sector| tag(bytes, *sector) == Some(2))?;
    let first = le32(bytes, anchor * SECTOR + 20)?;
    let mut volume = Volume { bytes, partition: 0, metadata: None };
    let mut set = None;
    let mut metadata = None;
    for sector in first..first.saturating_add(32) {
        let at = sector.checked_mul(SECTOR)?;
        match tag(bytes, sector) {
            Some(5) => volume.partition = le32(bytes, at + 188)?,
            Some(6) => {
                set = le32(bytes, at + 252).zip(le16(bytes, at + 256));
                let maps = piece(bytes, at + 440, le32(bytes, at + 264)?.min(SECTOR));
                metadata =
                    super::octets::find(maps, 0, b"*UDF Metadata Partition").and_then(|place| le32(maps, place + 35));
            }
            Some(8) | None => break,
            _ => {}
        }
    }
    if let Some(file) = metadata {
        let entry = volume.partition.checked_add(file)?;
        volume.metadata = volume.extents(entry).first().map(|(sector, _)| *sector);
    }
    let (block, reference) = set?;
    let set = volume.sector(block, Some(reference));
    if tag(bytes, set) != Some(256) {
        return None;
    }
    let at = set.checked_mul(SECTOR)?;
    let root = volume.sector(le32(bytes, at + 404)?, le16(bytes, at + 408));
    Some((volume, root))
}

impl Volume<'_> {
    /// The sector of a block of a partition: the second partition is the metadata.
    fn sector(&self, block: usize, reference: Option<usize>) -> usize {
        let base = if reference == Some(1) { self.metadata.unwrap_or(self.partition) } else { self.partition };
        base.saturating_add(block)
    }

    /// Where the data of the file entry at a sector lies: first sector and octets of each extent.
    fn extents(&self, sector: usize) -> Vec<(usize, usize)> {
        let Some((flags, descriptors)) = self.allocation(sector) else { return Vec::new() };
        let unit = if flags == 1 { 16 } else { 8 };
        let found = descriptors.chunks(unit).filter_map(|descriptor| {
            let length = le32(descriptor, 0)? & 0x3fff_ffff;
            let block = le32(descriptor, 4)?;
            let reference = if flags == 1 { le16(descriptor, 8) } else { None };
            Some((self.sector(block, reference), length))
        });
        found.filter(|(_, length)| *length > 0).collect()
    }

    /// Kind and octets of the allocation descriptors of a file entry (ECMA-167 4/14.9, 4/14.17).
    fn allocation(&self, sector: usize) -> Option<(usize, &[u8])> {
        let at = sector.checked_mul(SECTOR)?;
        let fixed = match tag(self.bytes, sector)? {
            261 => 176,
            266 => 216,
            _ => return None,
        };
        let flags = le16(self.bytes, at + 34)? & 7;
        let extended = le32(self.bytes, at + fixed - 8)?;
        let length = le32(self.bytes, at + fixed - 4)?;
        Some((flags, piece(self.bytes, (at + fixed).saturating_add(extended), length)))
    }

    /// The octets of a file.
    fn file(&self, sector: usize) -> Vec<u8> {
        let Some((flags, descriptors)) = self.allocation(sector) else { return Vec::new() };
        let size = le64(self.bytes, sector * SECTOR + 56).unwrap_or(0).min(self.bytes.len());
        if flags == 3 {
            return piece(descriptors, 0, size).to_vec();
        }
        let mut octets = Vec::new();
        for (start, length) in self.extents(sector) {
            octets.extend_from_slice(piece(self.bytes, start.saturating_mul(SECTOR), length));
            if octets.len() >= size {
                break;
            }
        }
        octets.truncate(size);
        octets
    }
}

/// A name in OSTA compressed Unicode.
fn name_of(raw: &[u8]) -> String {
    match raw.split_first() {
        Some((8, name)) => charset::guess(name).into_owned(),
        Some((16, name)) => utf16_be(name),
        _ => String::new(),
    }
}

const FOLDERS_MAX: usize = 5000;
