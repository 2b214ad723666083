//! What rules see: one mail, and the facts about it once they are all there.
//!
//! Pure. Things that many rules read are made once, when the first of them asks.

use crate::{
    judge::{auth::Authentication, facts::Scanned},
    mail::{
        Mail,
        parties::{self, Party},
    },
};
use std::cell::OnceCell;

/// The facts about a mail, all answered.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    pub authentication: &'a Authentication,
    pub virus: &'a Scanned,
}

/// One mail with everything that rules may read of it.
pub struct Scene<'a> {
    pub mail: &'a Mail,
    /// `None` for a sample: then client, envelope and facts are open.
    pub outside: Option<Outside<'a>>,
    /// People by the name of their header field.
    parties: [OnceCell<Vec<Party>>; PARTIES.len()],
}

/// Header fields that name people.
const PARTIES: [&str; 6] = ["From", "Reply-To", "To", "Cc", "Sender", "Return-Path"];

impl<'a> Scene<'a> {
    #[must_use]
    pub fn new(mail: &'a Mail, outside: Option<Outside<'a>>) -> Self {
        Self { mail, outside, parties: Default::default() }
    }

    /// The people that a header field names, every field of that name together.
    pub fn parties(&self, name: &'static str) -> &[Party] {
        let place = PARTIES.iter().position(|known| *known == name);
        let Some(cell) = place.and_then(|place| self.parties.get(place)) else { return &[] };
        cell.get_or_init(|| parties::of(&self.mail.message.head, name))
    }
}
