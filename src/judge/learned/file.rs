//! The file of a model: lines of settings, a digest over all the rest, an empty line, weights and counts of slots.
//!
//! Pure. Weights are IEEE 754 binary32, counts (first all of ham, then all of spam) of 32 bits, lowest octet first. No text
//! or hash of a single mail is in it, and counts are of slots, which many marks share.

use super::{
    counts::{Count, Counts},
    hash::Key,
    model::{Model, SLOT_BITS, SLOTS},
};
use crate::{limits, mail::hex::hex};
use aws_lc_rs::digest;

const FIRST: &str = "wehr-learned 3";
/// Octets of all weights, of all counts of a class.
const TABLE_BYTES: usize = 4 * SLOTS;
/// Octets of a file with all its tables.
pub const FILE_BYTES_MAX: usize = limits::LEARNED_HEAD_BYTES_MAX + 3 * TABLE_BYTES;

impl Model {
    /// The file's octets; the same model gives the same octets.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        let settings = settings(self);
        let tables = tables(self);
        let digest = hex(&sum(&settings, &tables));
        [format!("{settings}sha256 {digest}\n\n").as_bytes(), &tables].concat()
    }

    /// Reads a file; says what is wrong with it.
    ///
    /// # Errors
    /// When it is no model, one of another version, or not as it was written.
    pub fn of_file(octets: &[u8]) -> Result<Self, String> {
        let end = octets.windows(2).take(limits::LEARNED_HEAD_BYTES_MAX).position(|two| two == b"\n\n");
        let (head, rest) =
            end.and_then(|end| octets.split_at_checked(end)).ok_or("this is no file of a learned model")?;
        let head = str::from_utf8(head).map_err(|_| "this is no file of a learned model")?;
        let first = head.lines().next().unwrap_or_default();
        if first != FIRST {
            return Err(format!(
                "this is no learned model of a form known here: it begins with {first:?}, not {FIRST:?}; teach a new one: wehr learn --spam DIR --ham DIR -o FILE"
            ));
        }
        let tables = rest.get(2..).unwrap_or_default();
        let value = |name: &str| {
            let found = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found.ok_or_else(|| format!("the learned model is damaged: there is no {name}"))
        };
        let number = |name: &str| {
            let text = value(name)?;
            text.parse::<u64>().map_err(|_| format!("the learned model is damaged: {name} is {text:?}"))
        };
        if number("bits")? != u64::from(SLOT_BITS) || tables.len() != 3 * TABLE_BYTES {
            return Err("the learned model is damaged: it is not as long as it should be".to_owned());
        }
        let (weights, counts) = tables.split_at_checked(TABLE_BYTES).unwrap_or_default();
        let (ham, spam) = counts.split_at_checked(TABLE_BYTES).unwrap_or_default();
        let counts = ham.chunks_exact(4).zip(spam.chunks_exact(4));
        let passes =
            u32::try_from(number("passes")?).ok().filter(|passes| (1..=limits::LEARNED_PASSES_MAX).contains(passes));
        let model = Self {
            key: key(value("key")?).ok_or("the learned model is damaged: its key is none")?,
            passes: passes.ok_or("the learned model is damaged: its passes are none")?,
            ham: number("ham")?,
            spam: number("spam")?,
            weights: weights.chunks_exact(4).map(weight).collect(),
            counts: Counts::of(counts.map(|(ham, spam)| Count { ham: count(ham), spam: count(spam) }).collect()),
            said: Vec::new(),
        };
        if value("sha256")? != hex(&sum(&settings(&model), tables)) {
            return Err("the learned model is damaged: its digest is not that of its content".to_owned());
        }
        if model.weights.iter().any(|weight| !weight.is_finite()) {
            return Err("the learned model is damaged: a weight is no number".to_owned());
        }
        Ok(model)
    }

    /// Digest of all that can sway a verdict, in hex digits.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(&sum(&settings(self), &tables(self)))
    }
}

fn settings(model: &Model) -> String {
    let Model { key, passes, ham, spam, .. } = model;
    format!("{FIRST}\nbits {SLOT_BITS}\nkey {}\npasses {passes}\nham {ham}\nspam {spam}\n", hex(key))
}

fn tables(model: &Model) -> Vec<u8> {
    let mut out = Vec::with_capacity(3 * TABLE_BYTES);
    out.extend(model.weights.iter().flat_map(|weight| weight.to_le_bytes()));
    out.extend(model.counts.all().flat_map(|count| count.ham.to_le_bytes()));
    out.extend(model.counts.all().flat_map(|count| count.spam.to_le_bytes()));
    out
}

fn sum(settings: &str, tables: &[u8]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(settings.as_bytes());
    context.update(tables);
    context.finish().as_ref().to_vec()
}

fn weight(octets: &[u8]) -> f32 {
    <[u8; 4]>::try_from(octets).map(f32::from_le_bytes).unwrap_or_default()
}

fn count(octets: &[u8]) -> u32 {
    <[u8; 4]>::try_from(octets).map(u32::from_le_bytes).unwrap_or_default()
}

/// A key of 32 hex digits.
#[must_use]
pub fn key(text: &str) -> Option<Key> {
    let is_hex = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::learned::model::Class;

    fn model() -> Model {
        let mut model = Model::new([0xab; 16], 2);
        model.learn(&[(Class::Ham, vec![(1, 0.6), (2, 0.8)]), (Class::Spam, vec![(524_287, 1.0)])]);
        model
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let file = model().to_file();
        assert!(file.len() <= FILE_BYTES_MAX);
        assert_eq!(file, model().to_file());
        assert_eq!(Model::of_file(&file).unwrap(), model());
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let file = model().to_file();
        assert!(Model::of_file(b"").unwrap_err().contains("no file of a learned model"));
        let old = Model::of_file(b"wehr-learned 2\nbits 19\n\n").unwrap_err();
        assert!(old.contains("not \"wehr-learned 3\"; teach a new one"), "{old}");
        assert!(Model::of_file(&file[..file.len() - 4]).unwrap_err().contains("as long"));
        for at in [20, 60, file.len() - 1] {
            let mut other = file.clone();
            other[at] ^= 1;
            assert!(Model::of_file(&other).unwrap_err().contains("damaged"), "{at}");
        }
    }
}
