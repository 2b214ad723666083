//! Readings of a message beside the main one: what some mail client could show of it.
//!
//! Pure. Asked for only where a message leaves doubt (`doubt`). It does not imitate clients one by one, but looks for
//! header blocks wherever they stand, takes every place where a body may begin and end, and every transfer encoding
//! that it may be in. What comes out is a superset; the caller drops what the main reading has as well.

pub mod block;
pub mod doubt;
pub mod field;
pub mod kinds;
pub mod transfer;
pub mod value;

use self::{
    block::Block,
    transfer::{Decoding, Transfer},
};
use super::{coding::lines, filetype, names};
use crate::limits;
use aws_lc_rs::digest;
use std::collections::BTreeSet;

/// A leaf part as some reader sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Lower-case `type/subtype`.
    pub media_type: String,
    pub charset: Option<String>,
    /// Every reading of the file name.
    pub names: Vec<String>,
    /// Decoded.
    pub octets: Vec<u8>,
    /// Octets before decoding.
    pub raw_bytes: usize,
    /// Shown in the message window rather than offered as a file.
    pub is_shown: bool,
}

/// Octets that may be looked at and decoded for a message of so many octets.
#[must_use]
pub fn work_of(bytes: usize) -> usize {
    let work = bytes.saturating_mul(limits::READINGS_WORK_FACTOR).saturating_add(WORK_BASE);
    work.min(limits::READINGS_WORK_MAX)
}

/// Hands every part that some reader sees to `take`, and says whether all could be looked at within the bounds.
///
/// Bodies that begin at one of the offsets `known` are left out: there, the main reading has no doubt. `work` is what
/// may be spent, and what is left afterwards.
pub fn each(raw: &[u8], known: &BTreeSet<usize>, work: &mut usize, take: &mut dyn FnMut(Found)) -> bool {
    let mut reader = Reader { work: *work, blocks: limits::READINGS_BLOCKS_MAX, is_complete: true, take };
    reader.text(raw, known, 0);
    *work = reader.work;
    reader.is_complete
}

/// Carries the bounds and the place where parts go.
struct Reader<'a> {
    /// Octets that may still be looked at and decoded.
    work: usize,
    /// Header blocks that may still be looked at.
    blocks: usize,
    is_complete: bool,
    take: &'a mut dyn FnMut(Found),
}

impl Reader<'_> {
    /// Looks for header blocks in a text.
    fn text(&mut self, text: &[u8], known: &BTreeSet<usize>, depth: usize) {
        if !self.spend(text.len()) {
            return;
        }
        let mut delimiter = None;
        let mut at = 0;
        while let Some(line) = lines::line_at(text, at) {
            let content = line.of(text);
            at = line.next;
            if block::is_delimiter(content) {
                delimiter = Some(content);
            } else if field::mime_field(content).is_some() {
                let block = Block::read(text, line.start);
                at = at.max(block.end);
                self.block(text, &block, delimiter, known, depth);
                if self.work == 0 || self.blocks == 0 {
                    self.is_complete = false;
                    return;
                }
            }
        }
    }

    /// Decodes every body that a block may have.
    fn block(&mut self, text: &[u8], block: &Block, delimiter: Option<&[u8]>, known: &BTreeSet<usize>, depth: usize) {
        if block.bodies.iter().any(|body| known.contains(body)) {
            return;
        }
        self.blocks = self.blocks.saturating_sub(1);
        let encodings = transfer::named(&block.encodings);
        let names =
            names::readings(block.dispositions.iter().map(Vec::as_slice), block.types.iter().map(Vec::as_slice));
        let mut seen = BTreeSet::new();
        let mut decoded = BTreeSet::new();
        let mut text_found: Option<Found> = None;
        for start in &block.bodies {
            let (ends, looked) = block::ends(text, *start, delimiter);
            if !self.spend(looked) {
                return;
            }
            for end in ends {
                let body = text.get(*start..end).unwrap_or_default();
                if !seen.insert((*start, end)) || body.is_empty() || !self.spend(body.len()) {
                    continue;
                }
                let is_leaf = !holds_fields(body);
                transfer::decodings(&encodings, body, is_leaf, &mut |decoding| {
                    let sha256 = digest::digest(&digest::SHA256, &decoding.file.octets);
                    if decoded.insert(sha256.as_ref().to_vec()) {
                        self.decoded(decoding, block, &names, &mut text_found, depth);
                    }
                });
            }
        }
        if let Some(found) = text_found {
            (self.take)(found);
        }
    }

    /// Hands out what a decoding gave; of texts only the longest is kept, in `text_found`.
    fn decoded(
        &mut self,
        decoding: Decoding,
        block: &Block,
        names: &[String],
        text_found: &mut Option<Found>,
        depth: usize,
    ) {
        let Decoding { transfer, is_declared, file } = decoding;
        if file.octets.is_empty() || !self.spend(file.octets.len()) {
            return;
        }
        if transfer != Transfer::Identity && holds_fields(&file.octets) {
            if depth < limits::READINGS_DEPTH_MAX {
                self.text(&file.octets, &BTreeSet::new(), depth + 1);
            } else {
                self.is_complete = false;
            }
        }
        // Before the first part of a multipart stands a note to old clients, which the main reading looks at.
        if transfer == Transfer::Identity && block.is_multipart() {
            return;
        }
        let detected = filetype::detect(file.octets.get(..filetype::PREFIX_BYTES).unwrap_or(&file.octets));
        let is_plain = matches!(detected, "" | "text/plain");
        if is_plain && !is_declared {
            return;
        }
        let mut names = names.to_vec();
        if !file.name.is_empty() && !names.contains(&file.name) {
            names.push(file.name);
        }
        let found = Found {
            media_type: block.media_type(),
            charset: block.charset(),
            is_shown: names.is_empty() && !block.is_attachment(),
            names,
            octets: file.octets,
            raw_bytes: file.raw_bytes,
        };
        if !is_plain {
            (self.take)(found);
        } else if text_found.as_ref().is_none_or(|longest| longest.octets.len() < found.octets.len()) {
            *text_found = Some(found);
        }
    }

    /// Takes so many octets of the work that is left; says no, and leaves none, if there are fewer.
    fn spend(&mut self, octets: usize) -> bool {
        let left = self.work.checked_sub(octets);
        self.is_complete &= left.is_some();
        self.work = left.unwrap_or_default();
        left.is_some()
    }
}

/// Is there a line that is a MIME field?
fn holds_fields(text: &[u8]) -> bool {
    lines::from(text, 0).any(|line| field::mime_field(line.of(text)).is_some())
}

/// Octets of work that any message may take.
const WORK_BASE: usize = 4 << 20;
