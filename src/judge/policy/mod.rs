//! Policy: findings weighed into a verdict.
//!
//! Pure. The score is a sum of hundredths; a symbol may demand a least action; each recipient has an outcome.

pub mod classes;
pub mod encryption;
pub mod senders;
pub mod trace;
pub mod verdict;
pub mod whom;

use self::{
    classes::{Class, Objection},
    encryption::transport::{Unmet, claimed},
    verdict::{Action, Outcome, Reply, Verdict},
};
use super::{
    auth::Authentication,
    checks::{attachments::POLICY, transport},
    coverage::Account,
    facts::Facts,
    findings::{Finding, Score},
    rulebook::{Rulebook, Thresholds},
};
use crate::mail::Mail;
use std::collections::BTreeMap;

/// Weighs the findings of one mail.
#[must_use]
pub fn decide(
    mail: &Mail,
    facts: &Facts,
    mut findings: Vec<Finding>,
    authentication: Authentication,
    rulebook: &Rulebook,
) -> Verdict {
    let coverage = Account::of(&mail.message, facts);
    let objections = objections(mail, &coverage, rulebook);
    let unmet = unmet(mail, rulebook);
    findings.extend(unmet.iter().flatten().map(|unmet| {
        let Unmet { demanded, reached, whose } = unmet;
        Finding::new(transport::REFUSED, format!("{whose} demands {demanded}, came by {reached}"))
    }));
    let details = objections.iter().flatten().map(|objection| Finding::new(POLICY, objection.what.clone()));
    findings.extend(details);
    findings.sort();
    findings.dedup();
    let score = rulebook.sum(&findings);
    let demanded = findings.iter().map(|finding| rulebook.least_action(&finding.symbol)).max().unwrap_or_default();
    let is_downgrade = findings.iter().any(|finding| finding.symbol == transport::DOWNGRADE);
    let downgrade = rulebook.encryption.downgrade.filter(|_| is_downgrade).unwrap_or_default();
    let by_content = by_score(score, rulebook.thresholds).max(demanded);
    let action = by_content.max(downgrade);
    let reference = trace::reference(mail, rulebook);
    let outcome = |(objection, unmet): (&Option<Objection>, &Option<Unmet>)| match objection {
        _ if unmet.is_some() => {
            Outcome { action: Action::Reject, reply: rulebook.encryption.refusal(550), objection: None }
        }
        Some(objection) if objection.action > action => {
            let reply = refusal(objection.action, &reference);
            Outcome { action: objection.action, reply, objection: Some(objection.what.clone()) }
        }
        _ if action > by_content && action == Action::Defer => {
            Outcome { action, reply: rulebook.encryption.refusal(451), objection: None }
        }
        _ if action > by_content && action == Action::Reject => {
            Outcome { action, reply: rulebook.encryption.refusal(550), objection: None }
        }
        _ => Outcome { action, reply: reply(action, &reference), objection: None },
    };
    let outcomes = objections.iter().zip(&unmet).map(outcome).collect();
    let mut verdict = Verdict { score, findings, outcomes, edits: Vec::new(), authentication, coverage, reference };
    verdict.edits = trace::edits(mail, &verdict, rulebook);
    verdict
}

/// What the class of each recipient has against the mail; one for everybody where there are no recipients.
fn objections<'r>(mail: &Mail, coverage: &Account, rulebook: &'r Rulebook) -> Vec<Option<Objection>> {
    let classes = &rulebook.classes;
    let mut known: BTreeMap<&str, Option<Objection>> = BTreeMap::new();
    // A class looks at a mail once, however many of its recipients the mail has.
    let mut object = |class: Option<&'r Class>| {
        let class = class?;
        known.entry(&class.name).or_insert_with(|| class.objection(&mail.message, coverage)).clone()
    };
    if mail.envelope.recipients.is_empty() {
        return vec![object(classes.everybody())];
    }
    // A secure alias takes what its mailbox takes.
    let mailbox = |recipient| rulebook.encryption.mailbox_of(recipient);
    mail.envelope.recipients.iter().map(|recipient| object(classes.of(&mailbox(recipient)))).collect()
}

/// The demand on the transport that is not met for each recipient; one for the mail where there are no recipients.
fn unmet(mail: &Mail, rulebook: &Rulebook) -> Vec<Option<Unmet>> {
    let recipients = &mail.envelope.recipients;
    if !rulebook.encryption.is_demanding() {
        return vec![None; recipients.len().max(1)];
    }
    let claimed = claimed(mail);
    let unmet = |recipient| rulebook.encryption.unmet(&mail.client, recipient, &claimed);
    if recipients.is_empty() { vec![unmet(None)] } else { recipients.iter().map(|to| unmet(Some(to))).collect() }
}

/// The action that a score alone asks for.
#[must_use]
pub fn by_score(score: Score, thresholds: Thresholds) -> Action {
    if score >= thresholds.reject {
        Action::Reject
    } else if score >= thresholds.quarantine {
        Action::Quarantine
    } else if score >= thresholds.tag {
        Action::Tag
    } else {
        Action::Accept
    }
}

/// What the client is told: a code, one fixed sentence, a reference.
#[must_use]
pub fn reply(action: Action, reference: &str) -> Reply {
    match action {
        Action::Accept | Action::Tag | Action::Quarantine => {
            Reply::new(250, "2.0.0", format!("accepted (ref {reference})"))
        }
        Action::Defer => Reply::new(451, "4.7.1", format!("cannot be checked now, try again later (ref {reference})")),
        Action::Reject => Reply::new(550, "5.7.1", format!("refused by policy (ref {reference})")),
    }
}

/// What the client is told when a recipient does not take an attachment, or a mail that was not seen whole.
fn refusal(action: Action, reference: &str) -> Reply {
    match action {
        Action::Reject => Reply::new(550, "5.7.1", format!("an attachment is not accepted here (ref {reference})")),
        milder => reply(milder, reference),
    }
}
