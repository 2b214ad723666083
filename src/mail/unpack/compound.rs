//! Compound files (MS-CFB): storages and streams of old office documents, installers and Outlook messages.
//!
//! Pure. Reads what is there: chains that run in circles end, entries outside of the tree are found too.

use super::octets::{le16, le32, le64, octet, piece, utf16_le};
use std::collections::BTreeSet;

pub const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A stream by its path: names of storages and its own, with `/` between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    pub path: String,
    start: usize,
    pub size: usize,
}

impl Stream {
    /// The last name of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The path of its storage; empty at the root.
    #[must_use]
    pub fn storage(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(storage, _)| storage)
    }
}

/// A compound file.
pub struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    mini_sector: usize,
    cutoff: usize,
    next: Vec<usize>,
    mini_next: Vec<usize>,
    mini: Vec<u8>,
    pub streams: Vec<Stream>,
    /// The class of the root, as it stands there.
    pub class: Vec<u8>,
}

/// One entry of the directory.
struct Entry {
    name: String,
    kind: usize,
    left: usize,
    right: usize,
    child: usize,
    start: usize,
    size: usize,
}

impl<'a> Compound<'a> {
    /// Reads header, allocation tables and directory.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        let shift = le16(bytes, 30).filter(|shift| (7..=16).contains(shift)).unwrap_or(9);
        let mini_shift = le16(bytes, 32).filter(|mini| (2..16).contains(mini)).unwrap_or(6);
        let mut file = Self {
            bytes,
            sector: 1 << shift,
            mini_sector: 1 << mini_shift,
            cutoff: le32(bytes, 56)?,
            next: Vec::new(),
            mini_next: Vec::new(),
            mini: Vec::new(),
            streams: Vec::new(),
            class: Vec::new(),
        };
        file.next = file.allocation();
        file.mini_next = numbers(&file.chain(le32(bytes, 60)?, bytes.len()));
        let directory = file.chain(le32(bytes, 48)?, bytes.len());
        let entries: Vec<Entry> = directory.chunks(ENTRY_BYTES).filter_map(entry).collect();
        file.class = piece(&directory, 80, 16).to_vec();
        if let Some(root) = entries.first() {
            file.mini = file.chain(root.start, root.size.min(bytes.len()));
        }
        file.tree(&entries);
        Some(file)
    }

    /// The sectors that the table of sectors itself stands in, and it.
    fn allocation(&self) -> Vec<usize> {
        let mut tables: Vec<usize> = numbers(piece(self.bytes, 76, 109 * 4));
        let mut further = le32(self.bytes, 68).unwrap_or(END);
        let mut seen = BTreeSet::new();
        while further < SPECIAL && seen.insert(further) {
            let mut more = numbers(self.sector_at(further));
            further = more.pop().unwrap_or(END);
            if more.is_empty() {
                break;
            }
            tables.extend(more);
        }
        let mut seen = BTreeSet::new();
        tables.retain(|table| *table < SPECIAL && seen.insert(*table));
        tables.iter().flat_map(|table| numbers(self.sector_at(*table))).collect()
    }

    fn sector_at(&self, number: usize) -> &'a [u8] {
        piece(self.bytes, number.saturating_add(1).saturating_mul(self.sector), self.sector)
    }

    /// The octets of a chain of sectors, at most `length` of them.
    fn chain(&self, start: usize, length: usize) -> Vec<u8> {
        let mut found = Vec::new();
        let mut at = start;
        let mut steps = 0;
        while at < SPECIAL && found.len() < length && steps <= self.next.len() {
            let sector = self.sector_at(at);
            if sector.is_empty() {
                break;
            }
            found.extend_from_slice(sector);
            at = self.next.get(at).copied().unwrap_or(END);
            steps += 1;
        }
        found.truncate(length);
        found
    }

    fn mini_chain(&self, start: usize, length: usize) -> Vec<u8> {
        let mut found = Vec::new();
        let mut at = start;
        let mut steps = 0;
        while at < SPECIAL && found.len() < length && steps <= self.mini_next.len() {
            found.extend_from_slice(piece(&self.mini, at.saturating_mul(self.mini_sector), self.mini_sector));
            at = self.mini_next.get(at).copied().unwrap_or(END);
            steps += 1;
        }
        found.truncate(length);
        found
    }

    /// The octets of a stream.
    #[must_use]
    pub fn stream(&self, stream: &Stream) -> Vec<u8> {
        let length = stream.size.min(self.bytes.len());
        if stream.size < self.cutoff {
            return self.mini_chain(stream.start, length);
        }
        self.chain(stream.start, length)
    }

    /// The octets of the stream with this path, whatever its case.
    #[must_use]
    pub fn named(&self, path: &str) -> Option<Vec<u8>> {
        let stream = self.streams.iter().find(|stream| stream.path.eq_ignore_ascii_case(path))?;
        Some(self.stream(stream))
    }

    /// Walks the tree of entries, then takes the streams that the tree does not reach.
    fn tree(&mut self, entries: &[Entry]) {
        let mut seen = vec![false; entries.len()];
        let mut open = vec![(entries.first().map_or(NONE, |root| root.child), String::new())];
        while let Some((number, storage)) = open.pop() {
            let (Some(entry), Some(seen)) = (entries.get(number), seen.get_mut(number)) else { continue };
            if std::mem::replace(seen, true) || storage.len() > PATH_BYTES_MAX {
                continue;
            }
            let path = if storage.is_empty() { entry.name.clone() } else { format!("{storage}/{}", entry.name) };
            open.push((entry.left, storage.clone()));
            open.push((entry.right, storage));
            if entry.kind == 1 {
                open.push((entry.child, path));
            } else if entry.kind == 2 {
                self.streams.push(Stream { path, start: entry.start, size: entry.size });
            }
        }
        for (entry, seen) in entries.iter().zip(seen) {
            if !seen && entry.kind == 2 {
                self.streams.push(Stream { path: entry.name.clone(), start: entry.start, size: entry.size });
            }
        }
    }
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let length = le16(bytes, 64)?.clamp(2, 64) - 2;
    // In files with small sectors only the low half of the size counts.
    let size = le64(bytes, 120)?;
    Some(Entry {
        name: utf16_le(piece(bytes, 0, length)),
        kind: octet(bytes, 66)?,
        left: le32(bytes, 68)?,
        right: le32(bytes, 72)?,
        child: le32(bytes, 76)?,
        start: le32(bytes, 116)?,
        size: if size > 1 << 40 { le32(bytes, 120)? } else { size },
    })
}

fn numbers(bytes: &[u8]) -> Vec<usize> {
    let (groups, _) = bytes.as_chunks::<4>();
    groups.iter().map(|group| u32::from_le_bytes(*group) as usize).collect()
}

const ENTRY_BYTES: usize = 128;
const END: usize = 0xffff_fffe;
const NONE: usize = 0xffff_ffff;
/// Sector numbers from here on have meanings of their own.
const SPECIAL: usize = 0xffff_fffa;
const PATH_BYTES_MAX: usize = 1024;
