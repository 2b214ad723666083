//! Voices: which marks of a mail spoke, and for what.
//!
//! Pure. A model holds no text: what a mark says is taken from the mail at hand.

use super::{
    marks::{self, Kind},
    model::{Model, logistic},
};
use crate::mail::message::Message;
use std::collections::BTreeMap;

/// One mark with what it adds to the logarithm of the odds; above zero speaks for unwanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    pub kind: Kind,
    pub text: String,
    pub weight: f64,
}

/// What a model says of a mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// That the mail is unwanted, 0 to 1.
    pub probability: f64,
    /// The strongest, first of all.
    pub voices: Vec<Voice>,
}

/// The opinion of a model, with its `most` strongest voices.
#[must_use]
pub fn opinion(model: &Model, message: &Message, most: usize) -> Opinion {
    let mut found: BTreeMap<u32, (Kind, String)> = BTreeMap::new();
    marks::each(message, &mut |kind, first, second| {
        found.entry(model.slot(kind, first, second)).or_insert_with(|| {
            let text = if second.is_empty() { first.to_owned() } else { format!("{first} {second}") };
            (kind, text)
        });
    });
    let slots: Vec<u32> = found.keys().copied().collect();
    let mut voices: Vec<Voice> = found
        .into_iter()
        .map(|(slot, (kind, text))| Voice { kind, text, weight: model.share(slot, slots.len()) })
        .filter(|voice| voice.weight != 0.0)
        .collect();
    voices.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.text.cmp(&b.text)));
    voices.truncate(most);
    Opinion { probability: logistic(model.score(&slots)), voices }
}

impl Model {
    /// What a slot adds to the score of a mail of so many slots.
    #[expect(clippy::cast_precision_loss, reason = "a mail has far less than 2^53 slots")]
    fn share(&self, slot: u32, slots: usize) -> f64 {
        f64::from(self.weight(slot)) / (slots.max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::learned::model::Class;

    #[test]
    fn the_words_that_were_learned_speak() {
        let mail = |text: &'static str| Message::parse(text.as_bytes().into());
        let ham = mail("Subject: Elternabend\r\n\r\nKlassenzimmer, Turnhalle\r\n");
        let spam = mail("Subject: Casino\r\n\r\nJackpot, Bonus\r\n");
        let mut model = Model::new([5; 16], 3);
        let taught = [(Class::Ham, model.slots(&ham)), (Class::Spam, model.slots(&spam))];
        model.learn(&taught);
        let opinion = opinion(&model, &spam, 100);
        assert!(opinion.probability > 0.8);
        assert!((opinion.probability - model.probability(&spam)).abs() < 1e-9);
        assert!(opinion.voices.iter().any(|voice| voice.text == "jackpot" && voice.kind == Kind::Word));
        let file = model.to_file();
        for word in ["jackpot", "Jackpot", "casino", "turnhalle", "elternabend"] {
            assert!(memchr::memmem::find(&file, word.as_bytes()).is_none(), "{word}");
        }
    }
}
