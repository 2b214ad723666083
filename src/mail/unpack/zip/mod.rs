//! Zip files, as all their readers see them: every central directory, and local headers that none of them names.
//!
//! Pure. Where the two headers of a member disagree, it is read both ways.

mod crypt;
mod decode;
mod records;

use super::{
    budget::{Budget, ENCRYPTED, MALFORMED, Output, UNSUPPORTED},
    contents::{Contents, Member},
    octets, passwords,
};
use crate::{
    limits,
    mail::{charset, defects},
};
use records::Header;
use std::collections::BTreeSet;

/// Is there an end record that a reader of zip files would take, and where does its archive begin?
#[must_use]
pub fn begins_at(bytes: &[u8]) -> Option<usize> {
    let tail = bytes.len().saturating_sub(TAIL_BYTES);
    let end = memchr::memmem::rfind(bytes.get(tail..)?, records::END)? + tail;
    let directory = records::directory(bytes, end, 1)?;
    let first = directory.entries.first()?;
    let start = directory.base.checked_add(first.local)?;
    octets::is_at(bytes, start, records::LOCAL).then_some(directory.base)
}

/// Opens a zip file.
#[must_use]
pub fn open(bytes: &[u8], passwords: &[String], budget: &mut Budget) -> Contents {
    let mut reader = Reader {
        bytes,
        passwords,
        contents: Contents::default(),
        covered: Vec::new(),
        names: BTreeSet::new(),
        retries: RETRIES_MAX,
    };
    reader.directories(budget);
    reader.hidden(budget);
    if reader.contents.members.is_empty() && reader.covered.is_empty() {
        reader.contents.skip(MALFORMED);
    }
    reader.contents
}

struct Reader<'a> {
    bytes: &'a [u8],
    passwords: &'a [String],
    contents: Contents,
    /// Octets that belong to members and directories that were read: start and end, sorted by start.
    covered: Vec<(usize, usize)>,
    names: BTreeSet<Vec<u8>>,
    /// Times that data may be read beyond its claimed end.
    retries: usize,
}

impl Reader<'_> {
    /// Every central directory, the last one first: it is the one that most readers take.
    fn directories(&mut self, budget: &mut Budget) {
        let mut found = 0;
        for end in memchr::memmem::rfind_iter(self.bytes, records::END).take(ENDS_MAX) {
            if self.is_covered(end) {
                continue;
            }
            let Some(directory) = records::directory(self.bytes, end, limits::UNPACKED_MEMBERS_MAX * 4) else {
                continue;
            };
            if directory.entries.is_empty() {
                continue;
            }
            found += 1;
            if found == 1 && directory.base > 0 {
                self.contents.defects.insert(defects::PREPENDED_DATA);
            }
            if directory.entries.len() < directory.claimed {
                self.contents.skip(MALFORMED);
            }
            let mut places = vec![(directory.start, directory.end)];
            for header in &directory.entries {
                let place = [directory.base.saturating_add(header.local), header.local]
                    .into_iter()
                    .find(|place| octets::is_at(self.bytes, *place, records::LOCAL));
                let Some(place) = place else {
                    self.contents.skip(MALFORMED);
                    continue;
                };
                let Some(end) = self.entry(place, Some(header), budget) else { break };
                places.push((place, end));
            }
            self.cover(places);
        }
        if found > 1 {
            self.contents.defects.insert(defects::ZIP_SEVERAL_DIRECTORIES);
        }
    }

    /// Local headers that no directory names: readers of streams see them.
    fn hidden(&mut self, budget: &mut Budget) {
        let mut from = 0;
        let mut is_first = true;
        let has_directory = !self.covered.is_empty();
        while let Some(at) = octets::find(self.bytes, from, records::LOCAL) {
            if let Some(end) = self.end_of_cover(at) {
                from = end.max(at + 4);
                continue;
            }
            let Some(end) = self.entry(at, None, budget) else { return };
            if has_directory {
                self.contents.defects.insert(defects::ZIP_HIDDEN_MEMBER);
            } else if is_first {
                // Cut, or without a directory at all.
                self.contents.skip(MALFORMED);
            }
            is_first = false;
            from = end.max(at + 30);
        }
    }

    fn is_covered(&self, at: usize) -> bool {
        self.end_of_cover(at).is_some()
    }

    fn end_of_cover(&self, at: usize) -> Option<usize> {
        let after = self.covered.partition_point(|(start, _)| *start <= at);
        self.covered.get(after.checked_sub(1)?).map(|(_, end)| *end).filter(|end| *end > at)
    }

    /// Notes octets that were read; those of one directory must not overlap.
    fn cover(&mut self, mut places: Vec<(usize, usize)>) {
        places.sort_unstable();
        places.dedup();
        if places.windows(2).any(|pair| matches!(pair, [(_, end), (start, _)] if end > start)) {
            self.contents.defects.insert(defects::ZIP_OVERLAP);
        }
        self.covered.extend(places);
        self.covered.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::with_capacity(self.covered.len());
        for (start, end) in self.covered.drain(..) {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        self.covered = merged;
    }

    /// Reads the member whose local header is at `at`. Gives the end of its data, nothing if there are too many.
    fn entry(&mut self, at: usize, central: Option<&Header>, budget: &mut Budget) -> Option<usize> {
        let local = records::local(self.bytes, at).unwrap_or_default();
        let header = central.unwrap_or(&local);
        let start = at + local.length;
        let mut names = Vec::new();
        for raw in [&header.name, &header.unicode_name, &local.name, &local.unicode_name] {
            for name in self.contents.names(raw) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        // Some tools deflate the nothing that a folder holds.
        let is_folder = header.name.ends_with(b"/") && header.size == 0 && header.packed <= 2;
        let packed = if header.packed == 0 { local.packed } else { header.packed };
        let end = start.saturating_add(packed).min(self.bytes.len());
        if is_folder && local.packed <= 2 {
            return Some(end);
        }
        if !self.names.insert(header.name.clone()) {
            self.contents.defects.insert(defects::DUPLICATE_MEMBER);
        }
        let mut end = end;
        for (view, is_second) in views(header, &local) {
            let (mut member, view_end) = self.view(view, start, budget);
            if is_second && (member.skipped.is_some() || self.is_last(&member.bytes)) {
                continue;
            }
            end = end.max(view_end);
            member.names.clone_from(&names);
            member.path = charset::guess(&header.name).into_owned();
            if !self.contents.push(member, budget) {
                return None;
            }
        }
        if central.is_some() && disagree(header, &local) {
            self.contents.defects.insert(defects::ZIP_HEADERS_DISAGREE);
        }
        Some(end)
    }

    /// Did the reading before give the same octets?
    fn is_last(&self, bytes: &[u8]) -> bool {
        self.contents.members.last().is_some_and(|last| last.bytes == bytes)
    }

    /// Reads a member's data as one header has it. Gives it and where it ends.
    fn view(&mut self, header: &Header, start: usize, budget: &mut Budget) -> (Member, usize) {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let packed = match header.packed {
            0 if header.has_descriptor() || header.size > 0 => octets::piece(rest, 0, descriptor(rest)),
            length => octets::piece(rest, 0, length),
        };
        let end = start + packed.len();
        if header.is_encrypted() {
            return (self.encrypted(header, packed, budget), end);
        }
        let mut output = decode::unpack(header.method, packed, header.size, budget);
        if output.cut == Some(MALFORMED) && packed.len() < rest.len() && self.retries > 0 && header.method != 0 {
            self.retries -= 1;
            let longer = decode::unpack(header.method, rest, header.size, budget);
            if longer.bytes.len() > output.bytes.len() {
                output = longer;
            }
        }
        let is_sound = output.cut.is_none();
        if is_sound && header.checksum != 0 && decode::checksum(&output.bytes) != header.checksum {
            self.contents.defects.insert(defects::ARCHIVE_CHECKSUM);
        }
        (Member { bytes: output.bytes, skipped: output.cut, ..Member::default() }, end)
    }

    /// Tries the words of the mail on an encrypted member, and no password at all.
    fn encrypted(&mut self, header: &Header, packed: &[u8], budget: &mut Budget) -> Member {
        if header.method != 99 && header.checksum != 0 {
            let output = decode::unpack(header.method, packed, header.size, budget);
            if output.cut.is_none() && decode::checksum(&output.bytes) == header.checksum {
                self.contents.defects.insert(defects::FALSE_ENCRYPTION);
                return Member { bytes: output.bytes, ..Member::default() };
            }
        }
        let sealed = Member { encrypted: true, skipped: Some(ENCRYPTED), ..Member::default() };
        if header.flags & 0x40 != 0 {
            return Member { skipped: Some(UNSUPPORTED), ..sealed };
        }
        for password in self.passwords {
            if !budget.try_password(false) {
                break;
            }
            let Some(output) = decrypt(password.as_bytes(), header, packed, budget) else { continue };
            return Member {
                bytes: output.bytes,
                encrypted: true,
                skipped: output.cut,
                traits: vec![passwords::mark_of(password)],
                ..Member::default()
            };
        }
        sealed
    }
}

/// Decrypts and unpacks a member; nothing if the password is wrong.
fn decrypt(password: &[u8], header: &Header, packed: &[u8], budget: &mut Budget) -> Option<Output> {
    let plain = match header.aes {
        Some((strength, _)) if header.method == 99 => crypt::aes(password, packed, strength)?,
        _ => {
            let high = |number: usize, shift: u32| u8::try_from(number >> shift & 0xff).unwrap_or_default();
            crypt::traditional(password, packed, &[high(header.checksum, 24), high(header.time, 8)])?
        }
    };
    let output = decode::unpack(header.inner_method(), &plain, header.size, budget);
    let is_right = match header.aes {
        Some(_) if header.method == 99 => output.cut != Some(MALFORMED),
        _ => output.cut.is_some_and(|cut| cut != MALFORMED) || decode::checksum(&output.bytes) == header.checksum,
    };
    is_right.then_some(output)
}

/// The readings of a member's data: as its header has it, and as the local header has it where that differs.
fn views<'a>(header: &'a Header, local: &'a Header) -> Vec<(&'a Header, bool)> {
    let differs = header.method != local.method
        || header.is_encrypted() != local.is_encrypted()
        || (local.packed != 0 && !local.has_descriptor() && header.packed != local.packed);
    if differs && local.length > 0 { vec![(header, false), (local, true)] } else { vec![(header, false)] }
}

/// Do the two headers tell readers different things?
fn disagree(central: &Header, local: &Header) -> bool {
    let sizes = !local.has_descriptor() && (central.packed != local.packed || central.size != local.size);
    central.name != local.name
        || central.method != local.method
        || central.is_encrypted() != local.is_encrypted()
        || (sizes && (local.packed != 0 || local.size != 0))
}

/// Where data of unknown length ends at the latest: at the next record, or at the end.
fn descriptor(rest: &[u8]) -> usize {
    let marks = [&b"PK\x07\x08"[..], records::LOCAL, b"PK\x01\x02"];
    let is_mark = |at: &usize| marks.iter().any(|mark| octets::is_at(rest, *at, mark));
    memchr::memmem::find_iter(rest, b"PK").find(is_mark).unwrap_or(rest.len())
}

/// Octets at the end in which the end record must stand: a comment has 65,535 at most.
const TAIL_BYTES: usize = 65_535 + 22;
/// End records that are looked at.
const ENDS_MAX: usize = 64;
/// Members whose data is read beyond its claimed end.
const RETRIES_MAX: usize = 50;
