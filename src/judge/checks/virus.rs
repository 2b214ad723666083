//! Virus: what the scanner said of the whole message.
//!
//! Asks the virus fact. Pure.

use super::evidence::{Check, Evidence};
use crate::judge::{
    facts::{Scanned, Unknown},
    findings::{Finding, Symbol},
};

pub const CHECK: Check = Check { name: "virus", symbols: &[VIRUS, VIRUS_SCAN_FAILED], run };

const VIRUS: Symbol = Symbol::new("VIRUS");
const VIRUS_SCAN_FAILED: Symbol = Symbol::new("VIRUS_SCAN_FAILED");

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    Ok(match evidence.facts.virus()? {
        Scanned::NotAsked | Scanned::Clean => Vec::new(),
        Scanned::Infected(name) => vec![Finding::new(VIRUS, name.clone())],
        Scanned::Failed(failure) => vec![Finding::new(VIRUS_SCAN_FAILED, failure.word())],
    })
}
