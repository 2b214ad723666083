//! What the learned model said of a mail, for traces.
//!
//! Pure.

use crate::{
    explain::judged::Judged,
    judge::{learned::voices, rulebook::Rulebook},
    limits,
};
use serde::Serialize;

/// The opinion of the model.
#[derive(Debug, Serialize)]
pub struct Learned {
    /// That the mail is unwanted, 0 to 1.
    pub probability: f64,
    /// Its strongest reasons, first of all.
    pub voices: Vec<Voice>,
}

/// One mark of the mail.
#[derive(Debug, Serialize)]
pub struct Voice {
    pub kind: &'static str,
    /// As the mail at hand has it.
    pub text: String,
    /// What it adds to the logarithm of the odds; above zero speaks for unwanted.
    pub weight: f64,
}

/// The opinion of the rulebook's model, if it has one.
#[must_use]
pub fn opinion(judged: &Judged, rulebook: &Rulebook) -> Option<Learned> {
    let model = rulebook.learned.as_deref()?;
    let opinion = voices::opinion(model, &judged.mail.message, limits::VOICES_MAX);
    let voice = |voice: voices::Voice| Voice { kind: voice.kind.word(), text: voice.text, weight: voice.weight };
    Some(Learned { probability: opinion.probability, voices: opinion.voices.into_iter().map(voice).collect() })
}
