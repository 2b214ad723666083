//! RAR archives of all ages, by rars.
//!
//! Pure. The crate keeps bounds of its own on headers, output and memory; all of them are set.

use super::{
    budget::{Budget, ENCRYPTED, MALFORMED, Output, SIZE_LIMIT, SPLIT, UNSUPPORTED},
    contents::{Contents, Member},
    passwords,
};
use crate::limits;
use rars::{Archive, ArchiveReadOptions, ArchiveReader, Error, ErrorKind};

/// Opens a RAR archive.
#[must_use]
pub fn open(bytes: &[u8], words: &[String], budget: &mut Budget) -> Contents {
    let archive = match ArchiveReader::read_with_options(bytes, headers(None)) {
        Ok(archive) => archive,
        Err(error) if is_sealed(&error) => return behind_password(bytes, words, budget),
        Err(error) => return Contents::skipped(reason(&error)),
    };
    let is_locked = archive.members().any(|member| member.meta.is_encrypted);
    if is_locked {
        for word in words {
            if !budget.try_password(true) {
                break;
            }
            let contents = members(&archive, Some(word), budget);
            if contents.members.iter().any(|member| member.encrypted && member.skipped.is_none()) {
                return contents;
            }
        }
    }
    members(&archive, None, budget)
}

/// How headers are read.
fn headers(word: Option<&String>) -> ArchiveReadOptions<'_> {
    ArchiveReadOptions::with_optional_password(word.map(String::as_bytes))
        .with_max_header_count(limits::UNPACKED_MEMBERS_MAX as u64 * 2)
        .with_max_header_bytes(HEADER_BYTES_MAX)
}

/// An archive whose very headers are encrypted.
fn behind_password(bytes: &[u8], words: &[String], budget: &mut Budget) -> Contents {
    for word in words {
        if !budget.try_password(true) {
            break;
        }
        if let Ok(archive) = ArchiveReader::read_with_options(bytes, headers(Some(word))) {
            let mut contents = members(&archive, Some(word), budget);
            contents.traits.insert(passwords::mark_of(word));
            return contents;
        }
    }
    Contents::skipped(ENCRYPTED)
}

/// Every member by its place: names may come twice.
fn members(archive: &Archive, word: Option<&String>, budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut decoded = 0u64;
    for (index, member) in archive.members().enumerate() {
        let meta = &member.meta;
        if meta.is_directory {
            continue;
        }
        let names = contents.names(&meta.name);
        let mut found = Member { names, encrypted: meta.is_encrypted, ..Member::default() };
        // A solid member needs all before it.
        decoded = if member.is_solid() { decoded.saturating_add(meta.unpacked_size) } else { meta.unpacked_size };
        if meta.is_split_before || meta.is_split_after {
            found.skipped = Some(SPLIT);
        } else if meta.is_encrypted && word.is_none() {
            found.skipped = Some(ENCRYPTED);
        } else if meta.is_redirection {
            found.skipped = None;
        } else if !budget.work(usize::try_from(decoded).unwrap_or(usize::MAX).saturating_mul(2)) {
            found.skipped = Some(super::budget::WORK_LIMIT);
        } else {
            let output = unpack(archive, index, word, budget);
            (found.bytes, found.skipped) = (output.bytes, output.cut);
            if let Some(word) = word.filter(|_| meta.is_encrypted && found.skipped.is_none()) {
                found.traits.push(passwords::mark_of(word));
            }
        }
        if !contents.push(found, budget) {
            break;
        }
    }
    contents
}

fn unpack(archive: &Archive, index: usize, word: Option<&String>, budget: &mut Budget) -> Output {
    let most = limits::MEMBER_BYTES_MAX.min(budget.bytes_left()) as u64;
    let options = ArchiveReadOptions::with_optional_password(word.map(String::as_bytes))
        .with_max_member_output_bytes(most)
        .with_max_total_output_bytes(most * 2)
        .with_max_reader_workspace_bytes(WORKSPACE_BYTES_MAX)
        .with_rar50_dictionary_size_limit(u64::from(limits::DICTIONARY_KIB_MAX) << 10)
        .with_rar50_buffered_decode_limit(most);
    match archive.read_member_at_with_options(index, options) {
        Ok(Some(bytes)) => budget.copy(&bytes),
        Ok(None) => Output::nothing(MALFORMED),
        Err(error) => {
            let reason = if word.is_some() && is_sealed(&error) { ENCRYPTED } else { reason(&error) };
            budget.meet(reason);
            Output::nothing(reason)
        }
    }
}

fn is_sealed(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::PasswordRequired | ErrorKind::BadPassword)
}

fn reason(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => ENCRYPTED,
        ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature => UNSUPPORTED,
        ErrorKind::ResourceLimit => SIZE_LIMIT,
        _ => MALFORMED,
    }
}

/// Octets of all headers together.
const HEADER_BYTES_MAX: u64 = 8 << 20;
/// Octets that decoding one member may take beside its output.
const WORKSPACE_BYTES_MAX: u64 = 128 << 20;
