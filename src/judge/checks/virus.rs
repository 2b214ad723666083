//! Virus: what the scanner said of the whole message, and of what it may miss when it is shown the message alone.
//!
//! Asks the virus fact and, where a scanner is configured, one for each of those parts. Pure.

use super::evidence::{Check, Evidence};
use crate::judge::{
    coverage,
    facts::{Digest, Failure, Scanned, Unknown},
    findings::{Finding, Symbol},
};
use crate::mail::content::Part;

pub const CHECK: Check = Check { name: "virus", symbols: &[VIRUS, VIRUS_SCAN_FAILED, VIRUS_SCAN_INCOMPLETE], run };

const VIRUS: Symbol = Symbol::new("VIRUS");
const VIRUS_SCAN_FAILED: Symbol = Symbol::new("VIRUS_SCAN_FAILED");
/// It answered, and did not see all.
const VIRUS_SCAN_INCOMPLETE: Symbol = Symbol::new("VIRUS_SCAN_INCOMPLETE");

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let whole = evidence.facts.virus();
    if let Ok(Scanned::NotAsked) = whole {
        return Ok(Vec::new());
    }
    if let Ok(Scanned::Infected(name)) = whole {
        return Ok(vec![Finding::new(VIRUS, name.clone())]);
    }
    let parts: Vec<(&Part, Digest)> = coverage::asked(&evidence.mail.message).collect();
    let inner: Vec<_> = parts.iter().map(|(part, digest)| (*part, evidence.facts.inner(digest))).collect();
    let mut findings = Vec::new();
    if let Scanned::Failed(failure) = whole? {
        findings.push(failed(*failure, failure.word().to_owned()));
    }
    for (part, answer) in inner {
        match answer? {
            Scanned::NotAsked | Scanned::Clean => {}
            Scanned::Infected(name) => findings.push(Finding::new(VIRUS, format!("{} {name}", part.path))),
            Scanned::Failed(failure) => findings.push(failed(*failure, format!("{} {}", part.path, failure.word()))),
        }
    }
    if coverage::beyond(&evidence.mail.message).count() > parts.len() {
        findings.push(failed(Failure::OverBudget, Failure::OverBudget.word().to_owned()));
    }
    Ok(findings)
}

/// Asking again helps against most failures, but not where the octets are more than the scanner takes.
fn failed(failure: Failure, detail: String) -> Finding {
    let is_bound = matches!(failure, Failure::TooLarge | Failure::OverBudget);
    Finding::new(if is_bound { VIRUS_SCAN_INCOMPLETE } else { VIRUS_SCAN_FAILED }, detail)
}
