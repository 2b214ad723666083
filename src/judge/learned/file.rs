//! The file of a model: lines of settings, a digest over all the rest, an empty line, the weights.
//!
//! Pure. Weights are IEEE 754 binary32, lowest octet first. No count, text or hash of a single mail is in it.

use super::{
    hash::Key,
    model::{Model, SLOT_BITS, SLOTS},
};
use crate::limits;
use aws_lc_rs::digest;

const FIRST: &str = "wehr-learned 1";
/// Octets of a file with all its weights.
pub const FILE_BYTES_MAX: usize = limits::LEARNED_HEAD_BYTES_MAX + 4 * SLOTS;

impl Model {
    /// The file's octets; the same model gives the same octets.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        let settings = settings(self);
        let weights: Vec<u8> = self.weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
        let digest = hex(&sum(&settings, &weights));
        [format!("{settings}sha256 {digest}\n\n").as_bytes(), &weights].concat()
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
                "this is no learned model of a form known here: it begins with {first:?}, not {FIRST:?}"
            ));
        }
        let weights = rest.get(2..).unwrap_or_default();
        let value = |name: &str| {
            let found = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found.ok_or_else(|| format!("the learned model is damaged: there is no {name}"))
        };
        let number = |name: &str| {
            let text = value(name)?;
            text.parse::<u64>().map_err(|_| format!("the learned model is damaged: {name} is {text:?}"))
        };
        if number("bits")? != u64::from(SLOT_BITS) || weights.len() != 4 * SLOTS {
            return Err("the learned model is damaged: it is not as long as it should be".to_owned());
        }
        let passes =
            u32::try_from(number("passes")?).ok().filter(|passes| (1..=limits::LEARNED_PASSES_MAX).contains(passes));
        let model = Self {
            key: key(value("key")?).ok_or("the learned model is damaged: its key is none")?,
            passes: passes.ok_or("the learned model is damaged: its passes are none")?,
            ham: number("ham")?,
            spam: number("spam")?,
            weights: weights.chunks_exact(4).map(weight).collect(),
        };
        if value("sha256")? != hex(&sum(&settings(&model), weights)) {
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
        let weights: Vec<u8> = self.weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
        hex(&sum(&settings(self), &weights))
    }
}

fn settings(model: &Model) -> String {
    let Model { key, passes, ham, spam, .. } = model;
    format!("{FIRST}\nbits {SLOT_BITS}\nkey {}\npasses {passes}\nham {ham}\nspam {spam}\n", hex(key))
}

fn sum(settings: &str, weights: &[u8]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(settings.as_bytes());
    context.update(weights);
    context.finish().as_ref().to_vec()
}

fn weight(octets: &[u8]) -> f32 {
    <[u8; 4]>::try_from(octets).map(f32::from_le_bytes).unwrap_or_default()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
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
        assert!(Model::of_file(b"wehr-learned 2\nbits 19\n\n").unwrap_err().contains("not \"wehr-learned 1\""));
        assert!(Model::of_file(&file[..file.len() - 4]).unwrap_err().contains("as long"));
        for at in [20, 60, file.len() - 1] {
            let mut other = file.clone();
            other[at] ^= 1;
            assert!(Model::of_file(&other).unwrap_err().contains("damaged"), "{at}");
        }
    }
}
