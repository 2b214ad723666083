//! The methods that zip members are packed with (APPNOTE 4.4.5).
//!
//! Pure.

use crate::{
    limits,
    mail::unpack::{
        budget::{Budget, Cost, MALFORMED, Output, UNSUPPORTED},
        octets, stream,
    },
};
use bzip2::bufread::BzDecoder;
use deflate64::Deflate64Decoder;
use flate2::{Crc, bufread::DeflateDecoder};
use lzma_rust2::{LzmaReader, XzReader};

/// Unpacks octets of a member; `size` is what the headers claim.
#[must_use]
pub fn unpack(method: usize, packed: &[u8], size: usize, budget: &mut Budget) -> Output {
    let length = packed.len();
    match method {
        0 => budget.copy(packed),
        8 => budget.read(&mut DeflateDecoder::new(packed), length, Cost::Inflate),
        9 => budget.read(&mut Deflate64Decoder::with_buffer(packed), length, Cost::Range),
        12 => budget.read(&mut BzDecoder::new(packed), length, Cost::Sort),
        14 => lzma(packed, size, budget),
        20 | 93 => stream::zstd(packed, budget),
        95 => budget.read(&mut XzReader::new_mem_limit(packed, false, limits::DICTIONARY_KIB_MAX), length, Cost::Range),
        _ => Output::nothing(UNSUPPORTED),
    }
}

/// LZMA as zip has it (APPNOTE 5.8.8): version, length of the properties, properties, data.
fn lzma(packed: &[u8], size: usize, budget: &mut Budget) -> Output {
    let properties = packed.get(4).copied().zip(octets::le32(packed, 5));
    let Some((properties, dictionary)) = properties else { return Output::nothing(MALFORMED) };
    let Ok(dictionary) = u32::try_from(dictionary) else { return Output::nothing(MALFORMED) };
    let Some(data) = packed.get(9..) else { return Output::nothing(MALFORMED) };
    let size = if size == 0 { u64::MAX } else { size as u64 };
    let dictionary = dictionary.min(limits::DICTIONARY_KIB_MAX << 10);
    match LzmaReader::new_with_props(data, size, properties, dictionary, None) {
        Ok(mut reader) => budget.read(&mut reader, packed.len(), Cost::Range),
        Err(_) => Output::nothing(MALFORMED),
    }
}

/// The checksum that zip keeps of a member's content.
#[must_use]
pub fn checksum(bytes: &[u8]) -> usize {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum() as usize
}
