//! What will be asked anyway, so that DNS time hides behind the body. Deleting it changes no verdict.
//!
//! Pure. It runs the very verifiers over no facts at all, so it cannot ask what they would not.

use super::{
    auth::{self, arc, dkim, dmarc, iprev, spf},
    facts::{Facts, Question, Reading},
    rulebook::Rulebook,
};
use crate::mail::{
    author,
    envelope::{Client, Envelope},
    head::Head,
};
use std::collections::BTreeSet;

/// Questions that authentication will ask; `head` once the header section is complete.
#[must_use]
pub fn foresee(client: &Client, envelope: &Envelope, head: Option<&Head>, rulebook: &Rulebook) -> BTreeSet<Question> {
    let _ = rulebook;
    let facts = Facts::default();
    let reading = Reading::of(&facts);
    let judged = auth::judged_address(client);
    if let Some(address) = judged {
        let helo = client.helo.as_deref().unwrap_or_default();
        let (sender, helo) = auth::identities(address, helo, envelope);
        let _ = (spf::check(&reading, &sender), spf::check(&reading, &helo), iprev::check(&reading, address));
    }
    if let Some(head) = head {
        // When the mail arrives is not known here: a signature that turns out expired costs one question more.
        let candidates = dkim::candidates(head, None);
        for name in dkim::key_names(&candidates) {
            let _ = reading.txt(name);
        }
        if let Some(Ok(chain)) = arc::chain(head, None) {
            for name in chain.key_names() {
                let _ = reading.txt(name);
            }
        }
        if judged.is_some() {
            let _ = dmarc::prepare(&author::read(head), &reading);
        }
    }
    reading.wanted()
}
