//! What is written down after a verdict, so that later mails can be judged by it.
//!
//! Pure: a function of mail, facts and verdict. A mail that was turned away for now does not count.

use super::{Senders, campaigns, subjects};
use crate::{
    judge::{
        auth::Word,
        entry::{Deed, Recalled},
        facts::Facts,
        policy::verdict::{Action, Verdict},
    },
    mail::{Mail, address::Domain},
};

/// Seconds that a correspondence is remembered after its last mail: a year.
const CORRESPONDENCE_LASTS: i64 = 366 * 24 * 60 * 60;

/// What to remember of a mail; `own` are the domains of the house.
#[must_use]
pub fn deeds(mail: &Mail, facts: &Facts, verdict: &Verdict, senders: &Senders, own: &[Domain]) -> Vec<Deed> {
    let (action, now) = (verdict.for_message().action, mail.received_at.seconds());
    let mut deeds = campaigns::deeds(mail, facts, verdict, senders, own);
    if let Some(greylist) = &senders.greylist {
        for entry in subjects::triplets(mail) {
            match facts.recalled(&entry) {
                // Who waits long enough has passed, and stays known while mail comes.
                Some(Recalled::Number(since)) if now.saturating_sub(since) >= greylist.wait => {
                    deeds.push(Deed::Keep { entry, time: since, lasts: greylist.lasts });
                }
                _ => deeds.push(Deed::First { entry, lasts: greylist.retry }),
            }
        }
    }
    if action != Action::Defer {
        let counted = senders.rates.iter().flat_map(|rate| subjects::counted(mail, rate));
        deeds.extend(counted.map(|entry| Deed::Count { entry }));
    }
    let is_own = verdict.authentication.dmarc.result == Word::Pass;
    if subjects::asks_correspondence(senders) && is_own && action == Action::Accept {
        let standing = subjects::standing(&mail.client, &mail.envelope.sender);
        let written = subjects::correspondences(mail).into_iter().chain(standing);
        deeds.extend(written.map(|entry| Deed::Keep { entry, time: now, lasts: CORRESPONDENCE_LASTS }));
    }
    deeds
}
