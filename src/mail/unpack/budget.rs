//! What unpacking one mail may cost: octets of output, members, decoding work and tries of passwords.
//!
//! Pure. Shared by all containers of a mail and looked at for every piece that a decoder gives: what a container
//! claims about its sizes is a hint at most. A bound that is met is kept as a defect.

use crate::{
    limits,
    mail::{content::Defect, defects},
};
use std::{
    collections::BTreeSet,
    io::{ErrorKind, Read},
};

/// Why something was not looked into, or not to its end; a stable word.
pub type Reason = &'static str;

pub const ENCRYPTED: Reason = "encrypted";
pub const MALFORMED: Reason = "malformed";
pub const UNSUPPORTED: Reason = "unsupported";
pub const SIZE_LIMIT: Reason = "size_limit";
pub const RATIO_LIMIT: Reason = "ratio_limit";
pub const COUNT_LIMIT: Reason = "count_limit";
pub const DEPTH_LIMIT: Reason = "depth_limit";
pub const WORK_LIMIT: Reason = "work_limit";
/// A container that holds itself.
pub const LOOP: Reason = "loop";
/// A part of a file that stands in several mails or volumes.
pub const SPLIT: Reason = "split";

/// What an octet of output costs, in units of inflating one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    Copy,
    Inflate,
    Range,
    Sort,
}

impl Cost {
    fn units(self) -> usize {
        match self {
            Self::Copy | Self::Inflate => 1,
            Self::Range => 3,
            Self::Sort => 5,
        }
    }
}

/// What a decoder gave, and why it gave no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub bytes: Vec<u8>,
    pub cut: Option<Reason>,
}

impl Output {
    /// Nothing, for a reason.
    #[must_use]
    pub fn nothing(reason: Reason) -> Self {
        Self { bytes: Vec::new(), cut: Some(reason) }
    }
}

/// What is left.
#[derive(Debug)]
pub struct Budget {
    bytes: usize,
    members: usize,
    work: usize,
    tries: usize,
    slow_tries: usize,
    lent_tries: usize,
    pictures: usize,
    /// Octets of the container at hand and of what came out of it.
    packed: usize,
    unpacked: usize,
    defects: BTreeSet<Defect>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bytes: limits::UNPACKED_BYTES_MAX,
            members: limits::UNPACKED_MEMBERS_MAX,
            work: limits::UNPACK_WORK_MAX,
            tries: limits::PASSWORD_TRIES_MAX,
            slow_tries: limits::PASSWORD_SLOW_TRIES_MAX,
            lent_tries: limits::LENT_TRIES_MAX,
            pictures: limits::PICTURE_PIXELS_MAX,
            packed: 0,
            unpacked: 0,
            defects: BTreeSet::new(),
        }
    }
}

impl Budget {
    /// Begins with a container of `packed` octets: its ratio counts from here.
    pub fn begin(&mut self, packed: usize) {
        self.packed = packed;
        self.unpacked = 0;
    }

    /// Bounds that were met.
    #[must_use]
    pub fn defects(&self) -> &BTreeSet<Defect> {
        &self.defects
    }

    /// Octets of output that are left.
    #[must_use]
    pub fn bytes_left(&self) -> usize {
        self.bytes
    }

    /// Takes one member; false if there were too many.
    pub fn member(&mut self) -> bool {
        if self.members == 0 {
            self.meet(COUNT_LIMIT);
            return false;
        }
        self.members -= 1;
        true
    }

    /// Takes one try of a password; a slow one derives its key over many rounds.
    pub fn try_password(&mut self, is_slow: bool) -> bool {
        let left = if is_slow { &mut self.slow_tries } else { &mut self.tries };
        let may = *left > 0;
        *left = left.saturating_sub(1);
        may
    }

    /// Takes one try of a lent key on one recipient of an envelope.
    pub fn try_lent_key(&mut self) -> bool {
        let may = self.lent_tries > 0;
        self.lent_tries = self.lent_tries.saturating_sub(1);
        if !may {
            self.meet(WORK_LIMIT);
        }
        may
    }

    /// Takes the work on so many octets that nothing may come of; false if there was too much.
    pub fn spend(&mut self, octets: usize) -> bool {
        self.work = self.work.saturating_sub(octets);
        if self.work == 0 {
            self.meet(WORK_LIMIT);
        }
        self.work > 0
    }

    /// Takes the pixels of a picture.
    pub fn picture(&mut self, pixels: usize) -> bool {
        let may = self.pictures >= pixels;
        if may {
            self.pictures -= pixels;
        }
        may
    }

    /// Takes work beside the output, in units of inflating one octet.
    pub fn work(&mut self, units: usize) -> bool {
        let may = self.work >= units;
        self.work = self.work.saturating_sub(units);
        if !may {
            self.meet(WORK_LIMIT);
        }
        may
    }

    /// Notes that a bound was met.
    pub fn meet(&mut self, reason: Reason) {
        let defect = match reason {
            SIZE_LIMIT => defects::UNPACK_SIZE_LIMIT,
            RATIO_LIMIT => defects::UNPACK_RATIO_LIMIT,
            COUNT_LIMIT => defects::UNPACK_COUNT_LIMIT,
            DEPTH_LIMIT => defects::UNPACK_DEPTH_LIMIT,
            WORK_LIMIT => defects::UNPACK_WORK_LIMIT,
            LOOP => defects::UNPACK_LOOP,
            _ => return,
        };
        self.defects.insert(defect);
    }

    /// Reads a decoder to its end or to a bound; `packed` is what it has to read from.
    pub fn read(&mut self, reader: &mut dyn Read, packed: usize, cost: Cost) -> Output {
        let mut output = Output::default();
        self.read_onto(reader, packed, cost, &mut output);
        let spare = output.bytes.capacity() - output.bytes.len();
        if spare > PIECE_BYTES && spare > output.bytes.len() / 4 {
            output.bytes.shrink_to_fit();
        }
        output
    }

    /// Like `read`, behind what is there already.
    pub fn read_onto(&mut self, reader: &mut dyn Read, packed: usize, cost: Cost, output: &mut Output) {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            if let Some(reason) = self.bound(output.bytes.len(), packed) {
                // A stream that ends right here met no bound.
                if !matches!(reader.read(piece.get_mut(..1).unwrap_or_default()), Ok(0)) {
                    self.meet(reason);
                    output.cut = Some(reason);
                }
                return;
            }
            match reader.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => self.take(piece.get(..count).unwrap_or(&piece), cost, output),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    output.cut = Some(MALFORMED);
                    return;
                }
            }
        }
    }

    /// Takes octets as they are.
    pub fn copy(&mut self, bytes: &[u8]) -> Output {
        let mut output = Output::default();
        self.read_onto(&mut &*bytes, bytes.len(), Cost::Copy, &mut output);
        output
    }

    /// Takes one piece of output; false if a bound is met, and then it is cut.
    pub fn push(&mut self, piece: &[u8], packed: usize, cost: Cost, output: &mut Output) -> bool {
        if piece.is_empty() {
            return true;
        }
        if let Some(reason) = self.bound(output.bytes.len(), packed) {
            self.meet(reason);
            output.cut = Some(reason);
            return false;
        }
        self.take(piece, cost, output);
        true
    }

    fn take(&mut self, piece: &[u8], cost: Cost, output: &mut Output) {
        let taken = piece.get(..self.bytes).unwrap_or(piece);
        let length = output.bytes.len();
        if length >= CALM_GROWTH_BYTES && output.bytes.capacity() - length < taken.len() {
            output.bytes.reserve_exact(taken.len().max(length / 4));
        }
        output.bytes.extend_from_slice(taken);
        self.bytes -= taken.len();
        self.unpacked = self.unpacked.saturating_add(taken.len());
        self.work = self.work.saturating_sub(piece.len().saturating_mul(cost.units()));
    }

    /// The bound that a member with `length` octets has met.
    fn bound(&self, length: usize, packed: usize) -> Option<Reason> {
        if self.bytes == 0 || length >= limits::MEMBER_BYTES_MAX {
            return Some(SIZE_LIMIT);
        }
        if self.work == 0 {
            return Some(WORK_LIMIT);
        }
        let is_blown = |out: usize, from: usize| out > RATIO_FREE_BYTES && out / limits::UNPACK_RATIO_MAX > from.max(1);
        if is_blown(length, packed) || (is_blown(self.unpacked, self.packed) && length >= PREFIX_BYTES) {
            return Some(RATIO_LIMIT);
        }
        None
    }
}

/// Octets decoded between two looks at the budget.
const PIECE_BYTES: usize = 64 << 10;
/// Octets from which output grows by a quarter instead of twice: the old and the new room exist together for a moment.
const CALM_GROWTH_BYTES: usize = 8 << 20;
/// Octets of output below which no ratio counts: empty tables and pictures pack well.
const RATIO_FREE_BYTES: usize = 32 << 20;
/// Octets still read of each further member of a container that has met the ratio: what stands behind a bomb is seen.
const PREFIX_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_bomb_is_cut_and_what_follows_is_begun() {
        let mut budget = Budget::default();
        budget.begin(1000);
        let bomb = budget.read(&mut io::repeat(0), 900, Cost::Inflate);
        assert_eq!(bomb.cut, Some(RATIO_LIMIT));
        assert!(bomb.bytes.len() <= RATIO_FREE_BYTES + PIECE_BYTES);
        assert!(budget.defects().contains(defects::UNPACK_RATIO_LIMIT));
        let next = budget.read(&mut &b"small"[..], 5, Cost::Inflate);
        assert_eq!((next.bytes.as_slice(), next.cut), (&b"small"[..], None));
        let next = budget.read(&mut io::repeat(0), 900, Cost::Inflate);
        assert!(next.bytes.len() <= PREFIX_BYTES + PIECE_BYTES);
        assert_eq!(next.cut, Some(RATIO_LIMIT));
    }

    #[test]
    fn the_whole_mail_has_one_budget() {
        let mut budget = Budget::default();
        let mut all = 0;
        for _ in 0..100 {
            budget.begin(usize::MAX);
            all += budget.read(&mut io::repeat(7), usize::MAX, Cost::Copy).bytes.len();
        }
        assert_eq!(all, limits::UNPACKED_BYTES_MAX);
        assert_eq!(budget.copy(b"more"), Output::nothing(SIZE_LIMIT));
    }
}
