//! What one class of recipients wants sealed before hand-over, and what happens where that cannot be.
//!
//! Pure.

use crate::judge::document::{Document, Value, unknown};

/// The keys of a class that are read here.
pub const KEYS: [&str; 4] = ["seal", "seal_missing", "subject", "smime_cipher"];

/// How mail to a class is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealing {
    pub seal: Seal,
    /// What happens when there is no usable key.
    pub missing: Missing,
    /// The Subject outside becomes `[...]` (RFC 9788 3.2.1).
    pub hides_subject: bool,
    pub cipher: Cipher,
}

/// What mail is sealed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seal {
    #[default]
    None,
    OpenPgp,
    Smime,
    /// The certificate where there is a usable one, otherwise the OpenPGP key.
    Any,
}

/// What happens to plaintext mail for a recipient without usable key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// It is handed over in plaintext.
    Deliver,
    /// 451: the sender's server tries again.
    #[default]
    Defer,
    /// 550: the sender learns it.
    Refuse,
}

/// The content cipher of S/MIME.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cipher {
    /// AuthEnvelopedData with AES-256-GCM (RFC 8551).
    #[default]
    Gcm,
    /// EnvelopedData with AES-256-CBC, for clients that lack the other; nothing protects it from being altered.
    Cbc,
}

impl Default for Sealing {
    fn default() -> Self {
        Self { seal: Seal::None, missing: Missing::Defer, hides_subject: true, cipher: Cipher::Gcm }
    }
}

impl Sealing {
    /// Is plaintext mail sealed at all?
    #[must_use]
    pub fn is_wanted(self) -> bool {
        self.seal != Seal::None
    }

    /// Reads one key of a class; false when it is none of `KEYS`. What is wrong is told to the document.
    pub fn take(&mut self, document: &Document<'_>, key: &str, value: &Value<'_>) -> bool {
        match key {
            "seal" => {
                let words =
                    [("none", Seal::None), ("openpgp", Seal::OpenPgp), ("smime", Seal::Smime), ("any", Seal::Any)];
                choose(document, value, &words, &mut self.seal);
            }
            "seal_missing" => {
                let words = [("deliver", Missing::Deliver), ("defer", Missing::Defer), ("refuse", Missing::Refuse)];
                choose(document, value, &words, &mut self.missing);
            }
            "subject" => choose(document, value, &[("hidden", true), ("kept", false)], &mut self.hides_subject),
            "smime_cipher" => choose(document, value, &[("gcm", Cipher::Gcm), ("cbc", Cipher::Cbc)], &mut self.cipher),
            _ => return false,
        }
        true
    }
}

fn choose<T: Copy>(document: &Document<'_>, value: &Value<'_>, words: &[(&str, T)], chosen: &mut T) {
    let Some(word) = document.text(value) else { return };
    match words.iter().find(|(known, _)| *known == word) {
        Some((_, meaning)) => *chosen = *meaning,
        None => document.complain(value.span(), unknown("word", &word, words.iter().map(|(known, _)| *known))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Sealing, String> {
        let document = Document::new("e.toml", text);
        let mut sealing = Sealing::default();
        for (key, value) in &document.root() {
            assert!(sealing.take(&document, key.get_ref(), value), "{key:?}");
        }
        document.finish(sealing).map_err(|errors| errors.to_string())
    }

    #[test]
    fn the_words_of_a_class() {
        let sealing = read("seal = 'smime'\nseal_missing = 'refuse'\nsubject = 'kept'\nsmime_cipher = 'cbc'").unwrap();
        let expected =
            Sealing { seal: Seal::Smime, missing: Missing::Refuse, hides_subject: false, cipher: Cipher::Cbc };
        assert_eq!(sealing, expected);
        assert!(!read("").unwrap().is_wanted());
    }

    #[test]
    fn a_wrong_word_is_told_with_its_place() {
        let errors = read("seal = 'openpg'").unwrap_err();
        assert!(errors.contains("e.toml:1:8") && errors.contains("did you mean `openpgp`"), "{errors}");
    }
}
