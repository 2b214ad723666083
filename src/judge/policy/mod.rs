//! Policy: findings weighed into a verdict.
//!
//! Pure. The score is a sum of hundredths; a symbol may demand a least action; each recipient has an outcome.

pub mod trace;
pub mod verdict;

use self::verdict::{Action, Outcome, Reply, Verdict};
use super::{
    auth::Authentication,
    coverage::Account,
    facts::Facts,
    findings::{Finding, Score},
    rulebook::{Rulebook, Thresholds},
};
use crate::mail::Mail;

/// Weighs the findings of one mail.
#[must_use]
pub fn decide(
    mail: &Mail,
    facts: &Facts,
    mut findings: Vec<Finding>,
    authentication: Authentication,
    rulebook: &Rulebook,
) -> Verdict {
    findings.sort();
    findings.dedup();
    let score = rulebook.sum(&findings);
    let demanded = findings.iter().map(|finding| rulebook.least_action(&finding.symbol)).max().unwrap_or_default();
    let action = by_score(score, rulebook.thresholds).max(demanded);
    let reference = trace::reference(mail, rulebook);
    let outcome = Outcome { action, reply: reply(action, &reference) };
    let outcomes = vec![outcome; mail.envelope.recipients.len().max(1)];
    let coverage = Account::of(&mail.message, facts);
    let mut verdict = Verdict { score, findings, outcomes, edits: Vec::new(), authentication, coverage, reference };
    verdict.edits = trace::edits(mail, &verdict, rulebook);
    verdict
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
