//! 7z archives, by sevenz-rust2.
//!
//! Pure. The crate has no bound on memory: coders that ask for too much are refused before they run.

use super::{
    budget::{Budget, Cost, ENCRYPTED, MALFORMED, Reason, UNSUPPORTED},
    contents::{Contents, Member},
    octets::le32,
    passwords,
};
use crate::limits;
use sevenz_rust2::{Archive, ArchiveReader, Block, Error, Password};
use std::io::Cursor;

/// Opens a 7z archive. Without the right password even its names may be hidden.
#[must_use]
pub fn open(bytes: &[u8], words: &[String], budget: &mut Budget) -> Contents {
    match read(bytes, "", budget) {
        Ok(contents) => return contents,
        Err(Failure::Encrypted) => {}
        Err(Failure::Other(reason)) => return listed(bytes, reason, budget),
    }
    for word in words {
        if !budget.try_password(true) {
            break;
        }
        if let Ok(mut contents) = read(bytes, word, budget) {
            let sound = contents.members.iter().any(|member| member.skipped.is_none());
            if !sound && !contents.members.is_empty() {
                continue;
            }
            contents.traits.insert(passwords::mark_of(word));
            for member in &mut contents.members {
                member.encrypted = true;
            }
            return contents;
        }
    }
    listed(bytes, ENCRYPTED, budget)
}

enum Failure {
    Encrypted,
    Other(&'static str),
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => Failure::Encrypted,
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => Failure::Encrypted,
        Error::UnsupportedCompressionMethod(_)
        | Error::Unsupported(_)
        | Error::UnsupportedVersion { .. }
        | Error::ExternalUnsupported => Failure::Other(UNSUPPORTED),
        _ => Failure::Other(MALFORMED),
    }
}

fn read(bytes: &[u8], word: &str, budget: &mut Budget) -> Result<Contents, Failure> {
    let password = if word.is_empty() { Password::empty() } else { Password::from(word) };
    let archive = Archive::read(&mut Cursor::new(bytes), &password).map_err(|error| failure(&error))?;
    if archive.blocks.iter().any(asks_too_much) {
        return Err(Failure::Other(super::budget::SIZE_LIMIT));
    }
    if word.is_empty() && archive.blocks.iter().any(is_encrypted) {
        return Err(Failure::Encrypted);
    }
    let mut contents = Contents::default();
    let mut left_out = None;
    let mut reader = ArchiveReader::from_archive(archive, Cursor::new(bytes), password);
    reader.set_thread_count(1);
    let result = reader.for_each_entries(|entry, data| {
        if entry.is_directory() {
            return Ok(true);
        }
        let names = vec![contents.name(entry.name())];
        let output = budget.read(data, bytes.len(), Cost::Range);
        // What was not taken of a member would have to be decoded to reach the next one of its block.
        let cut = output.cut;
        left_out = left_out.or(cut);
        Ok(contents.member(names, output, budget) && cut.is_none())
    });
    if let Err(error) = result {
        match failure(&error) {
            failure if contents.members.is_empty() => return Err(failure),
            Failure::Encrypted => contents.skip(ENCRYPTED),
            Failure::Other(reason) => contents.skip(reason),
        }
    }
    if let Some(reason) = left_out {
        contents.skip(reason);
    }
    Ok(contents)
}

/// Names of what cannot be unpacked, where they can be read.
fn listed(bytes: &[u8], reason: Reason, budget: &mut Budget) -> Contents {
    let mut contents = Contents::skipped(reason);
    let Ok(archive) = Archive::read(&mut Cursor::new(bytes), &Password::empty()) else { return contents };
    for entry in archive.files.iter().filter(|entry| !entry.is_directory()) {
        let names = vec![contents.name(entry.name())];
        let member = Member { names, encrypted: reason == ENCRYPTED, skipped: Some(reason), ..Member::default() };
        if !contents.push(member, budget) {
            break;
        }
    }
    contents
}

fn is_encrypted(block: &Block) -> bool {
    block.coders.iter().any(|coder| coder.encoder_method_id() == AES)
}

/// Do the coders of a block ask for more memory than a mail may?
fn asks_too_much(block: &Block) -> bool {
    let most = (limits::DICTIONARY_KIB_MAX as usize) << 10;
    block.coders.iter().any(|coder| {
        let properties = coder.properties();
        let asked = match coder.encoder_method_id() {
            // LZMA and PPMd: one octet, then the size.
            [3, 1 | 4, 1] => le32(properties, 1),
            // LZMA2: two bits of mantissa, the rest exponent.
            [0x21] => {
                properties.first().map(|code| (2 | usize::from(code & 1)) << (usize::from(code / 2).min(30) + 11))
            }
            _ => None,
        };
        asked.is_some_and(|asked| asked > most)
    })
}

const AES: &[u8] = &[6, 0xf1, 7, 1];
