//! Cabinets (MS-CAB): folders of data blocks, stored, packed as MSZIP or as LZX, cut into files.
//!
//! Pure.

use super::{
    budget::{Budget, Cost, MALFORMED, Output, SPLIT, UNSUPPORTED},
    contents::Contents,
    octets::{le16, le32, octet, piece, until_nul},
};
use flate2::{Decompress, FlushDecompress};
use lzxd::{Lzxd, WindowSize};

/// Opens a cabinet.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let Some(folders) = folders(bytes, budget) else { return Contents::skipped(MALFORMED) };
    let mut contents = Contents::default();
    let mut at = le32(bytes, 16).unwrap_or(usize::MAX);
    for _ in 0..le16(bytes, 28).unwrap_or(0) {
        let Some(((size, start), folder)) =
            le32(bytes, at).zip(le32(bytes, at.saturating_add(4))).zip(le16(bytes, at.saturating_add(8)))
        else {
            contents.skip(MALFORMED);
            break;
        };
        let name = until_nul(bytes.get(at + 16..).unwrap_or_default());
        at = at.saturating_add(16 + name.len() + 1);
        let names = contents.names(name);
        let output = match folders.get(folder) {
            Some(folder) => {
                let data = piece(&folder.bytes, start, size);
                let mut output = budget.copy(data);
                if data.len() < size {
                    output.cut = output.cut.or(folder.cut).or(Some(MALFORMED));
                }
                output
            }
            // From 0xfffd on it continues in another cabinet.
            None => Output::nothing(if folder >= 0xfffd { SPLIT } else { MALFORMED }),
        };
        if !contents.member(names, output, budget) {
            break;
        }
    }
    contents
}

/// The octets of every folder.
fn folders(bytes: &[u8], budget: &mut Budget) -> Option<Vec<Output>> {
    let flags = le16(bytes, 30)?;
    let mut at = 36;
    let (mut folder_reserve, mut data_reserve) = (0, 0);
    if flags & 4 != 0 {
        folder_reserve = octet(bytes, 38)?;
        data_reserve = octet(bytes, 39)?;
        at = 40 + le16(bytes, 36)?;
    }
    for bit in [1, 1, 2, 2] {
        // Names of the cabinets before and behind, and of their discs.
        if flags & bit != 0 {
            at += until_nul(bytes.get(at..)?).len() + 1;
        }
    }
    let mut folders = Vec::new();
    for _ in 0..le16(bytes, 26)? {
        let (start, blocks) = (le32(bytes, at)?, le16(bytes, at + 4)?);
        let method = le16(bytes, at + 6)?;
        at += 8 + folder_reserve;
        folders.push(folder(bytes, start, blocks, method, data_reserve, budget));
    }
    Some(folders)
}

/// Unpacks the blocks of one folder.
fn folder(bytes: &[u8], start: usize, blocks: usize, method: usize, reserve: usize, budget: &mut Budget) -> Output {
    let mut output = Output::default();
    let mut lzx = match method & 0xf {
        0 | 1 => None,
        3 => match window(method >> 8 & 0x1f) {
            Some(window) => Some(Lzxd::new(window)),
            None => return Output::nothing(MALFORMED),
        },
        _ => return Output::nothing(UNSUPPORTED),
    };
    let mut at = start;
    for _ in 0..blocks {
        let Some((packed, size)) = le16(bytes, at.saturating_add(4)).zip(le16(bytes, at.saturating_add(6))) else {
            output.cut = Some(MALFORMED);
            break;
        };
        let data = piece(bytes, at + 8 + reserve, packed);
        at = at.saturating_add(8 + reserve + packed);
        let is_taken = if let Some(lzx) = &mut lzx {
            // A block of more than 32 KiB is none.
            match lzx.decompress_next(data, size.min(0x8000)) {
                Ok(plain) => budget.push(plain, bytes.len(), Cost::Range, &mut output),
                Err(_) => false,
            }
        } else if method & 0xf == 1 {
            match inflate(data, size, &output.bytes) {
                Some(plain) => budget.push(&plain, bytes.len(), Cost::Inflate, &mut output),
                None => false,
            }
        } else {
            budget.push(data, bytes.len(), Cost::Copy, &mut output)
        };
        if !is_taken || data.len() < packed {
            output.cut = output.cut.or(Some(MALFORMED));
            break;
        }
    }
    output
}

/// One block of MSZIP: deflate that may look back into the blocks before.
fn inflate(data: &[u8], size: usize, before: &[u8]) -> Option<Vec<u8>> {
    let packed = data.strip_prefix(b"CK")?;
    let mut decoder = Decompress::new(false);
    if !before.is_empty() {
        let history = before.get(before.len().saturating_sub(0x8000)..)?;
        decoder.set_dictionary(history).ok()?;
    }
    let mut plain = Vec::with_capacity(size);
    decoder.decompress_vec(packed, &mut plain, FlushDecompress::Finish).ok()?;
    Some(plain)
}

fn window(bits: usize) -> Option<WindowSize> {
    Some(match bits {
        15 => WindowSize::KB32,
        16 => WindowSize::KB64,
        17 => WindowSize::KB128,
        18 => WindowSize::KB256,
        19 => WindowSize::KB512,
        20 => WindowSize::MB1,
        21 => WindowSize::MB2,
        _ => return None,
    })
}
