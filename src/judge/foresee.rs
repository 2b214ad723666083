//! TODO(auth) What will be asked anyway, so that DNS time hides behind the body. Deleting it changes no verdict.

use super::{facts::Question, rulebook::Rulebook};
use crate::mail::{
    envelope::{Client, Envelope},
    head::Head,
};
use std::collections::BTreeSet;

/// Questions that authentication will ask; `head` once the header section is complete.
#[must_use]
pub fn foresee(client: &Client, envelope: &Envelope, head: Option<&Head>, rulebook: &Rulebook) -> BTreeSet<Question> {
    let _ = (client, envelope, head, rulebook);
    BTreeSet::new()
}
