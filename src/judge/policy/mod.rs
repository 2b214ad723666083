//! Policy: findings weighed into a verdict.
//!
//! Pure. The score is a sum of hundredths; a symbol may demand a least action; each recipient has an outcome.

pub mod classes;
pub mod encryption;
pub mod reason;
pub mod senders;
pub mod trace;
pub mod verdict;
pub mod whom;

use self::{
    classes::{Class, Objection},
    encryption::{
        content::Content,
        transport::{Unmet, claimed},
    },
    verdict::{Action, Outcome, Reply, Verdict},
};
use super::{
    auth::Authentication,
    checks::{attachments::POLICY, signed::CONTENT, transport},
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
    let unsealed = unsealed(mail, &authentication, rulebook);
    findings.extend(unsealed.iter().flatten().map(|(_, class)| Finding::new(CONTENT, class.clone())));
    findings.sort();
    findings.dedup();
    let score = rulebook.sum(&findings);
    let demanded = findings.iter().map(|finding| rulebook.least_action(&finding.symbol)).max().unwrap_or_default();
    let is_downgrade = findings.iter().any(|finding| finding.symbol == transport::DOWNGRADE);
    let downgrade = rulebook.encryption.downgrade.filter(|_| is_downgrade).unwrap_or_default();
    let by_content = by_score(score, rulebook.thresholds).max(demanded);
    let action = by_content.max(downgrade);
    let reference = trace::reference(mail, rulebook);
    let weighed = Weighed { action, by_content, reference: &reference, rulebook };
    let recipients = objections.iter().zip(&unmet).zip(&unsealed);
    let outcomes = recipients
        .map(|((objection, unmet), unsealed)| weighed.outcome(objection.as_ref(), unmet.as_ref(), unsealed.as_ref()))
        .collect();
    let mut verdict = Verdict { score, findings, outcomes, edits: Vec::new(), authentication, coverage, reference };
    verdict.edits = trace::edits(mail, &verdict, rulebook);
    verdict
}

/// What all recipients of a mail share when their outcomes are told.
struct Weighed<'w> {
    action: Action,
    /// The action without what a downgrade of the transport demands.
    by_content: Action,
    reference: &'w str,
    rulebook: &'w Rulebook,
}

impl Weighed<'_> {
    /// What becomes of the mail for one recipient: the severest of what the mail and the recipient's classes ask for.
    fn outcome(
        &self,
        objection: Option<&Objection>,
        unmet: Option<&Unmet>,
        unsealed: Option<&(&Content, String)>,
    ) -> Outcome {
        let encryption = &self.rulebook.encryption;
        let ends = |action, reply| Outcome { action, reply, objection: None };
        let attachments = objection.map(|objection| objection.action).unwrap_or_default();
        let is_downgrade = self.action > self.by_content;
        match (unsealed, objection) {
            _ if unmet.is_some() => ends(Action::Reject, encryption.refusal(550)),
            (Some((content, _)), _) if content.refused > self.action.max(attachments) => {
                let reply = match content.refused {
                    Action::Reject => content.refusal(self.reference, encryption.link.as_deref()),
                    milder => reply(milder, self.reference),
                };
                ends(content.refused, reply)
            }
            (_, Some(objection)) if attachments > self.action => Outcome {
                action: attachments,
                reply: refusal(attachments, self.reference),
                objection: Some(objection.what.clone()),
            },
            _ if is_downgrade && self.action == Action::Defer => ends(self.action, encryption.refusal(451)),
            _ if is_downgrade && self.action == Action::Reject => ends(self.action, encryption.refusal(550)),
            _ => ends(self.action, reply(self.action, self.reference)),
        }
    }
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

/// For each recipient what its class demands of signatures and encryption and this mail does not give, with the name of
/// the class; one entry where there are no recipients.
fn unsealed<'r>(
    mail: &Mail,
    authentication: &Authentication,
    rulebook: &'r Rulebook,
) -> Vec<Option<(&'r Content, String)>> {
    let object = |recipient| {
        let class = rulebook.encryption.class_of(&rulebook.encryption.mailbox_of(recipient))?;
        let is_met = class.content.is_met(mail.message.protection.encrypted, &authentication.signatures);
        (!is_met).then(|| (&class.content, class.name.clone()))
    };
    if mail.envelope.recipients.is_empty() {
        return vec![None];
    }
    mail.envelope.recipients.iter().map(object).collect()
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
