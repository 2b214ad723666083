//! Campaigns: a mail's shape has reached many mailboxes in a short time.
//!
//! Pure. Whom these mailboxes write with, whom the operator spares, and the house's own domains are no campaign, if the name
//! of the sender may be believed; nor do their mails count.

use super::{
    Senders,
    subjects::{correspondences, is_authenticated, stranger},
};
use crate::{
    judge::{
        auth::{Authentication, Word},
        entry::{Deed, Entry, Fate, Recalled, Sort},
        facts::Facts,
        policy::verdict::{Action, Verdict},
    },
    limits,
    mail::{Mail, address::Domain, shape},
};

/// What makes a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaigns {
    /// Recipients that a shape has reached before.
    pub recipients: i64,
    /// Seconds within which it has.
    pub window: u32,
    /// Seconds that copies are remembered after the last one.
    pub lasts: i64,
    /// Domains that may send to everybody.
    pub spared: Vec<Domain>,
}

impl Default for Campaigns {
    fn default() -> Self {
        Self { recipients: 40, window: 5 * 60, lasts: 24 * 60 * 60, spared: Vec::new() }
    }
}

/// The shape of a stranger's mail, if it has one.
#[must_use]
pub fn shape(mail: &Mail, campaigns: &Campaigns) -> Option<Entry> {
    stranger(mail)?;
    // Of what was opened with a lent key nothing is kept.
    if mail.message.is_opened {
        return None;
    }
    let marks = shape::marks(&mail.message, &mail.envelope.recipients);
    let words: Vec<String> = marks.iter().map(|mark| format!("{mark:016x}")).collect();
    (!words.is_empty()).then(|| Entry::new(Sort::Shape(campaigns.window), &words.join(" ")))
}

/// May this sender write to everybody? `known` is what is remembered of its way to each recipient.
#[must_use]
pub fn is_spared(
    authentication: &Authentication,
    known: &[Option<Recalled>],
    campaigns: &Campaigns,
    own: &[Domain],
) -> bool {
    let is_known = |known: &Option<Recalled>| matches!(known, Some(Recalled::Number(_)));
    if is_authenticated(authentication) && !known.is_empty() && known.iter().all(is_known) {
        return true;
    }
    let signed = authentication.dkim.iter().filter(|signature| signature.result == Word::Pass);
    let signed = signed.filter_map(|signature| Domain::parse(&signature.domain));
    let sender = Some(&authentication.spf).filter(|spf| spf.result == Word::Pass);
    let author = authentication.dmarc.author_domain.clone();
    let author = author.filter(|_| authentication.dmarc.result == Word::Pass);
    let mut names = signed.chain(sender.and_then(|spf| Domain::parse(&spf.domain))).chain(author);
    names.any(|name| own.iter().chain(&campaigns.spared).any(|spared| name.is_within(spared)))
}

/// What is written down of a mail's shape.
#[must_use]
pub fn deeds(mail: &Mail, facts: &Facts, verdict: &Verdict, senders: &Senders, own: &[Domain]) -> Vec<Deed> {
    let Some(campaigns) = &senders.campaigns else { return Vec::new() };
    let Some((entry, said)) = facts.shape() else { return Vec::new() };
    let known: Vec<Option<Recalled>> = correspondences(mail).iter().map(|way| facts.recalled(way)).collect();
    if is_spared(&verdict.authentication, &known, campaigns, own) {
        return Vec::new();
    }
    let fate = |action| match action {
        Action::Accept | Action::Tag => Some(Fate::Passed),
        Action::Quarantine => Some(Fate::Held),
        Action::Reject => Some(Fate::Refused),
        // It will come again, and count then.
        Action::Defer => None,
    };
    let pairs = mail.envelope.recipients.iter().zip(&verdict.outcomes).take(limits::SHAPE_RECIPIENTS_MAX);
    let copies: Vec<_> = pairs.filter_map(|(to, outcome)| Some((to.clone(), fate(outcome.action)?))).collect();
    let mut deeds = Vec::new();
    if let Some(Recalled::Number(recipients)) = Some(said).filter(|said| reaches(*said, campaigns)) {
        deeds.push(Deed::Campaign { entry: entry.clone(), recipients, lasts: campaigns.lasts });
    }
    if !copies.is_empty() {
        let reference = verdict.reference.clone();
        deeds.push(Deed::Copy { entry: entry.clone(), copies, reference, lasts: campaigns.lasts });
    }
    deeds
}

/// Has a shape reached enough recipients?
#[must_use]
pub fn reaches(said: Recalled, campaigns: &Campaigns) -> bool {
    matches!(said, Recalled::Number(reached) if reached >= campaigns.recipients)
}
