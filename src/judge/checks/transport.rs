//! Transport: does a mail come in plaintext from a domain that used TLS before?
//!
//! Reads the client's session and asks what is remembered of the domains that the mail claims. Pure. What classes,
//! partners and secure aliases demand is `policy/encryption`'s affair.

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        facts::{Remembered, Unknown},
        findings::{Finding, Symbol},
        policy::encryption::transport::{claimed, reached},
    },
    limits,
    mail::transport::Level,
};

pub const CHECK: Check = Check { name: "transport", symbols: &[REFUSED, DOWNGRADE], run };

/// A demand of the operator's policy is not met.
pub const REFUSED: Symbol = Symbol::new("TRANSPORT_REFUSED");
/// Plaintext from a partner whose habit is TLS.
pub const DOWNGRADE: Symbol = Symbol::new("TRANSPORT_DOWNGRADE");

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let policy = &evidence.rulebook.encryption;
    // Without a word on downgrades nobody is asked: a house without encryption policy pays nothing.
    if policy.downgrade.is_none() || reached(&evidence.mail.client) != Some(Level::None) {
        return Ok(Vec::new());
    }
    let mut domains = claimed(evidence.mail);
    domains.sort();
    domains.dedup();
    domains.truncate(limits::PARTNERS_ASKED_MAX);
    let asked: Vec<_> = domains.iter().map(|domain| (domain, evidence.facts.partner(domain))).collect();
    let (mut findings, now) = (Vec::new(), evidence.mail.received_at.seconds());
    for (domain, remembered) in asked {
        // A store that fails or was lost knows no habits: nothing is found, and the metrics tell.
        if let Remembered::Known(history) = remembered?
            && history.expects_tls(policy.downgrade_after(), now)
        {
            let detail = format!("{domain} sent {} mails with TLS, {} without", history.encrypted(), history.plaintext());
            findings.push(Finding::new(DOWNGRADE, detail));
        }
    }
    Ok(findings)
}
