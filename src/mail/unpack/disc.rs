//! Images of discs (ISO 9660 with Joliet names and Rock Ridge): their files.
//!
//! Pure.

use super::{
    budget::{Budget, MALFORMED, UNSUPPORTED},
    contents::Contents,
    octets::{is_at, le16, le32, octet, piece, until_nul, utf16_be},
};
use crate::mail::charset;
use std::collections::{BTreeMap, BTreeSet};

/// A file by where it lies; its names in all directories that name it.
type Files = BTreeMap<(usize, usize), Vec<String>>;

/// Opens an image of a disc.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut files = Files::new();
    let mut roots = 0;
    for sector in FIRST_SECTOR..FIRST_SECTOR + DESCRIPTORS_MAX {
        let at = sector * SECTOR;
        let kind = octet(bytes, at);
        if !is_at(bytes, at + 1, b"CD001") || kind == Some(255) {
            break;
        }
        if matches!(kind, Some(1 | 2)) {
            let escape = piece(bytes, at + 88, 3);
            let is_joliet = kind == Some(2) && matches!(escape, b"%/@" | b"%/C" | b"%/E");
            roots += 1;
            folders(bytes, at + 156, is_joliet, &mut files);
        }
    }
    if roots == 0 {
        let mut contents = super::universal::open(bytes, budget);
        if contents.members.is_empty() {
            contents.skip(UNSUPPORTED);
        }
        return contents;
    }
    for ((start, size), paths) in files {
        let data = piece(bytes, start, size);
        let mut names: Vec<String> = Vec::new();
        for path in &paths {
            let name = contents.name(path);
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        let mut output = budget.copy(data);
        if data.len() < size {
            output.cut = Some(MALFORMED);
        }
        if !contents.member(names, output, budget) {
            break;
        }
    }
    contents
}

/// Walks the folders below the directory record at `root` (ECMA-119 9.1).
fn folders(bytes: &[u8], root: usize, is_joliet: bool, files: &mut Files) {
    let mut open = vec![(extent(bytes, root), String::new())];
    let mut seen = BTreeSet::new();
    while let Some((Some((start, size)), folder)) = open.pop() {
        if !seen.insert(start) || seen.len() > FOLDERS_MAX {
            continue;
        }
        let end = start.saturating_add(size).min(bytes.len());
        let mut at = start;
        while at < end {
            let Some(length) = octet(bytes, at).filter(|length| *length >= 34) else {
                // Records do not cross sectors.
                at = (at / SECTOR + 1) * SECTOR;
                continue;
            };
            let record = piece(bytes, at, length);
            let name_length = octet(record, 32).unwrap_or(0);
            let raw = piece(record, 33, name_length);
            let flags = octet(record, 25).unwrap_or(0);
            let is_self = matches!(raw, [0 | 1]);
            if !is_self && let Some((start, size)) = extent(bytes, at) {
                let name = name_of(record, raw, is_joliet);
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                if flags & 2 != 0 {
                    open.push((Some((start, size)), path));
                } else if files.len() < FILES_MAX {
                    files.entry((start, size)).or_default().push(path);
                }
            }
            at += length;
        }
    }
}

/// Where the file or folder of a directory record lies: offset and octets.
fn extent(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    Some((le32(bytes, at + 2)?.saturating_mul(SECTOR), le32(bytes, at + 10)?))
}

/// The name of a record: that of Rock Ridge before the short one; the version is cut off.
fn name_of(record: &[u8], raw: &[u8], is_joliet: bool) -> String {
    let name = if is_joliet { utf16_be(raw) } else { charset::guess(raw).into_owned() };
    let name = name.rsplit_once(';').map_or(name.clone(), |(name, _)| name.to_owned());
    if is_joliet {
        return name;
    }
    let mut field = record.get(33 + raw.len() + (raw.len() + 1) % 2..).unwrap_or_default();
    let mut long = Vec::new();
    while let Some(length) = octet(field, 2).filter(|length| *length >= 4) {
        if field.starts_with(b"NM") {
            long.extend_from_slice(field.get(5..length).unwrap_or_default());
        }
        field = field.get(length..).unwrap_or_default();
    }
    if long.is_empty() { name.trim_end_matches('.').to_owned() } else { charset::guess(until_nul(&long)).into_owned() }
}

/// 16 bits at a place in a sector.
#[must_use]
pub fn tag(bytes: &[u8], sector: usize) -> Option<usize> {
    le16(bytes, sector.checked_mul(SECTOR)?)
}

pub const SECTOR: usize = 2048;
const FIRST_SECTOR: usize = 16;
const DESCRIPTORS_MAX: usize = 64;
const FOLDERS_MAX: usize = 5000;
const FILES_MAX: usize = 20_000;
