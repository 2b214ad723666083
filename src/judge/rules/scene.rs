//! What rules see: one mail, and the facts about it once they are all there.
//!
//! Pure. Things that many rules read are made once, when the first of them asks.

use crate::{
    judge::{auth::Authentication, facts::Facts, learned::model::Model},
    mail::{
        Mail,
        classic::{Circumstances, Classic},
        content::Text,
        parties::Parties,
        squeeze::{self, Squeezed, Table},
    },
};
use std::{borrow::Cow, cell::OnceCell};

/// The facts about a mail, all answered.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    pub authentication: &'a Authentication,
    pub facts: &'a Facts,
}

impl<'a> Outside<'a> {
    #[must_use]
    pub fn of(authentication: &'a Authentication, facts: &'a Facts) -> Self {
        Self { authentication, facts }
    }
}

/// One mail with everything that rules may read of it.
pub struct Scene<'a> {
    pub mail: &'a Mail,
    /// `None` for a sample: then client, envelope and facts are open.
    pub outside: Option<Outside<'a>>,
    /// What the reader sees of each text of the mail, white space runs as one space.
    visible: OnceCell<Vec<Cow<'a, str>>>,
    parties: OnceCell<Parties>,
    classic: OnceCell<Classic>,
    model: Option<&'a Model>,
    learned: OnceCell<Option<f64>>,
}

impl<'a> Scene<'a> {
    #[must_use]
    pub fn new(mail: &'a Mail, outside: Option<Outside<'a>>) -> Self {
        let (visible, parties) = (OnceCell::new(), OnceCell::new());
        let (classic, learned) = (OnceCell::new(), OnceCell::new());
        Self { mail, outside, visible, parties, classic, model: None, learned }
    }

    /// The same with a model that has an opinion.
    #[must_use]
    pub fn with_learned(mut self, model: Option<&'a Model>) -> Self {
        self.model = model;
        self
    }

    /// The probability that the mail is unwanted, 0 to 1, as the model has it; nothing without a model.
    #[must_use]
    pub fn learned(&self) -> Option<f64> {
        *self.learned.get_or_init(|| self.model.map(|model| model.probability(&self.mail.message)))
    }

    /// What the reader sees of each text of the mail, in their order, white space runs as one space.
    #[must_use]
    pub fn visible(&self) -> &[Cow<'a, str>] {
        self.visible.get_or_init(|| {
            let texts = self.mail.message.texts.iter();
            let seen = |text: &'a Text| match &text.page {
                Some(page) => Cow::Borrowed(page.visible.as_str()),
                None => Cow::Owned(one_spaced(&text.text)),
            };
            texts.map(seen).collect()
        })
    }

    /// The people that the header names.
    #[must_use]
    pub fn parties(&self) -> &Parties {
        self.parties.get_or_init(|| Parties::of(&self.mail.message.head))
    }

    /// The mail as SpamAssassin reads it.
    #[must_use]
    pub fn classic(&self) -> &Classic {
        self.classic.get_or_init(|| {
            let envelope = self.outside.is_some().then_some(&self.mail.envelope);
            let received_at = Some(self.mail.received_at);
            Classic::with(&self.mail.message, &Circumstances { envelope, received_at })
        })
    }
}

/// White space as one space, all else as it is.
const SPACED: Table = squeeze::table(false, true);

/// The words of a text with one space between each.
fn one_spaced(text: &str) -> String {
    let mut out = Squeezed::new(text.len(), false);
    let mut rest = text;
    loop {
        let mut marks = out.ascii(rest, &SPACED).chars();
        match marks.next() {
            None => break,
            Some(mark) if mark.is_whitespace() => out.blank(),
            Some(mark) => out.mark(mark),
        }
        rest = marks.as_str();
    }
    out.text.truncate(out.text.trim_end_matches(' ').len());
    out.text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_apart_by_one_space_whatever_stood_between() {
        let marks: String = (0_u8..128).map(|octet| format!("a{}b", char::from(octet))).collect();
        for text in ["", " ", "a", "  a\r\n\tb ", "\x0b x\x0c", &marks] {
            let words: Vec<&str> = text.split_whitespace().collect();
            assert_eq!(one_spaced(text), words.join(" "), "{text:?}");
            assert_eq!(
                one_spaced(&format!("{text}\u{e4}")),
                one_spaced(text)
                    + if text.ends_with(char::is_whitespace) && !words.is_empty() { " \u{e4}" } else { "\u{e4}" }
            );
        }
    }
}
