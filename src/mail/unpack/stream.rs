//! Files compressed as a whole: gzip, bzip2, xz, lzma, lzip, zstd and compress.
//!
//! Pure. Several streams behind each other are one file; what stands behind the last is a defect.

use super::{
    budget::{Budget, Cost, MALFORMED, Output},
    contents::Contents,
    lzw, octets,
};
use crate::{limits, mail::defects};
use bzip2::bufread::BzDecoder;
use flate2::bufread::{GzDecoder, ZlibDecoder};
use lzma_rust2::{LzipReader, LzmaReader, XzReader};
use ruzstd::decoding::StreamingDecoder;

/// Opens a file that is one compressed stream, or several.
#[must_use]
pub fn open(kind: &str, name: &str, bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut names = Vec::new();
    let output = match kind {
        "application/gzip" => gzip(bytes, &mut contents, &mut names, budget),
        "application/x-bzip2" => bzip2(bytes, &mut contents, budget),
        "application/x-xz" => {
            budget.read(&mut XzReader::new_mem_limit(bytes, true, limits::DICTIONARY_KIB_MAX), bytes.len(), Cost::Range)
        }
        "application/x-lzip" => budget.read(&mut LzipReader::new(bytes), bytes.len(), Cost::Range),
        "application/zstd" => zstd(bytes, budget),
        "application/x-compress" => lzw::uncompress(bytes, budget),
        "application/zlib" => budget.read(&mut ZlibDecoder::new(bytes), bytes.len(), Cost::Inflate),
        _ => lzma(bytes, budget),
    };
    if names.is_empty() {
        names.extend(inner_name(name));
    }
    if let Some(reason) = output.cut {
        contents.skip(reason);
    }
    if !output.bytes.is_empty() || output.cut.is_none() {
        contents.member(names, output, budget);
    }
    contents
}

/// The name of the file inside, as unpackers make it from the name of the file outside.
fn inner_name(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let tail = match extension.to_ascii_lowercase().as_str() {
        "tgz" | "tbz" | "tbz2" | "txz" | "tlz" | "tzst" | "taz" => ".tar",
        "svgz" => ".svg",
        "gz" | "bz2" | "xz" | "lzma" | "lz" | "zst" | "z" => "",
        _ => return None,
    };
    Some(format!("{stem}{tail}"))
}

/// RFC 1952: members one behind the other, each perhaps with a name.
fn gzip(bytes: &[u8], contents: &mut Contents, names: &mut Vec<String>, budget: &mut Budget) -> Output {
    let mut output = Output::default();
    let mut rest = bytes;
    while rest.starts_with(b"\x1f\x8b") && output.cut.is_none() {
        let mut decoder = GzDecoder::new(rest);
        budget.read_onto(&mut decoder, bytes.len(), Cost::Inflate, &mut output);
        if let Some(name) = decoder.header().and_then(|header| header.filename())
            && names.len() < limits::NAMES_MAX
        {
            names.extend(contents.names(name));
        }
        let left = decoder.into_inner();
        if left.len() >= rest.len() {
            break;
        }
        rest = left;
    }
    trailing(rest, &output, contents);
    output
}

fn bzip2(bytes: &[u8], contents: &mut Contents, budget: &mut Budget) -> Output {
    let mut output = Output::default();
    let mut rest = bytes;
    while rest.starts_with(b"BZh") && output.cut.is_none() {
        let mut decoder = BzDecoder::new(rest);
        budget.read_onto(&mut decoder, bytes.len(), Cost::Sort, &mut output);
        let left = decoder.into_inner();
        if left.len() >= rest.len() {
            break;
        }
        rest = left;
    }
    trailing(rest, &output, contents);
    output
}

/// Content behind the last stream; zeros are padding.
fn trailing(rest: &[u8], output: &Output, contents: &mut Contents) {
    if output.cut.is_none() && rest.iter().any(|octet| *octet != 0) {
        contents.defects.insert(defects::TRAILING_DATA);
    }
}

/// RFC 8878: frames one behind the other, skippable ones between them.
#[must_use]
pub fn zstd(bytes: &[u8], budget: &mut Budget) -> Output {
    let mut output = Output::default();
    let mut rest = bytes;
    while !rest.is_empty() && output.cut.is_none() {
        if octets::le32(rest, 0).is_some_and(|magic| magic & !0xf == SKIPPABLE_FRAME) {
            let length = octets::le32(rest, 4).unwrap_or(usize::MAX).saturating_add(8);
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let Ok(mut decoder) =
            StreamingDecoder::new_with_max_window_size(rest, u64::from(limits::DICTIONARY_KIB_MAX) << 10)
        else {
            output.cut = Some(MALFORMED);
            break;
        };
        budget.read_onto(&mut decoder, bytes.len(), Cost::Inflate, &mut output);
        let left = decoder.into_inner();
        if left.len() >= rest.len() {
            break;
        }
        rest = left;
    }
    output
}

/// The format of `lzma` files: properties, dictionary, size, data.
fn lzma(bytes: &[u8], budget: &mut Budget) -> Output {
    match LzmaReader::new_mem_limit(bytes, limits::DICTIONARY_KIB_MAX, None) {
        Ok(mut reader) => budget.read(&mut reader, bytes.len(), Cost::Range),
        Err(_) => Output::nothing(MALFORMED),
    }
}

/// First magic number of skippable frames (RFC 8878 3.1.2).
const SKIPPABLE_FRAME: usize = 0x184d_2a50;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_member_of_a_gzip_file_is_seen() {
        let file = [gzipped(b"one "), gzipped(b"two"), vec![0; 5]].concat();
        let contents = open("application/gzip", "a.tgz", &file, &mut Budget::default());
        let member = contents.members.first().unwrap();
        assert_eq!((member.bytes.as_slice(), &member.names[..]), (&b"one two"[..], &["a.tar".to_owned()][..]));
        assert!(contents.defects.is_empty());
        let file = [gzipped(b"one"), b"PK\x03\x04".to_vec()].concat();
        let contents = open("application/gzip", "", &file, &mut Budget::default());
        assert!(contents.defects.contains(defects::TRAILING_DATA));
    }

    #[test]
    fn a_cut_file_gives_what_it_has() {
        let file = gzipped(&b"abcdefgh".repeat(100));
        let contents = open("application/gzip", "", &file[..file.len() - 9], &mut Budget::default());
        assert!(contents.skipped.contains(MALFORMED));
        assert!(!contents.members[0].bytes.is_empty());
    }
}
