//! What rules see: one mail, and the facts about it once they are all there.
//!
//! Pure. Things that many rules read are made once, when the first of them asks.

use crate::{
    judge::{auth::Authentication, facts::Facts, learned::model::Model},
    mail::{
        Mail,
        classic::{Circumstances, Classic},
        parties::Parties,
    },
};
use std::cell::OnceCell;

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
    parties: OnceCell<Parties>,
    classic: OnceCell<Classic>,
    model: Option<&'a Model>,
    learned: OnceCell<Option<f64>>,
}

impl<'a> Scene<'a> {
    #[must_use]
    pub fn new(mail: &'a Mail, outside: Option<Outside<'a>>) -> Self {
        let (parties, classic, learned) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { mail, outside, parties, classic, model: None, learned }
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
