//! Voices: which marks of a mail spoke, and for what.
//!
//! Pure. A model holds no text: what a mark says is taken from the mail at hand.

use super::{
    marks::{self, Kind},
    model::{Model, logistic, packed, vector},
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
    let mail = vector(found.iter().map(|(slot, (kind, _))| packed(*slot, kind.number())).collect());
    let mut voices = Vec::new();
    for (slot, value) in &mail {
        let weight = model.says(*slot) * f64::from(*value);
        if let (true, Some((kind, text))) = (weight != 0.0, found.remove(slot)) {
            voices.push(Voice { kind, text, weight });
        }
    }
    voices.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.text.cmp(&b.text)));
    voices.truncate(most);
    Opinion { probability: logistic(model.score(&mail)), voices }
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
        let taught = [(Class::Ham, model.vector(&ham)), (Class::Spam, model.vector(&spam))];
        model.learn(&taught);
        let opinion = opinion(&model, &spam, 100);
        assert!(opinion.probability > 0.8);
        assert!((opinion.probability - model.probability(&spam)).abs() < 1e-4);
        assert!(opinion.voices.iter().any(|voice| voice.text == "jackpot" && voice.kind == Kind::Word));
        let file = model.to_file();
        for word in ["jackpot", "Jackpot", "casino", "turnhalle", "elternabend"] {
            assert!(memchr::memmem::find(&file, word.as_bytes()).is_none(), "{word}");
        }
    }
}
