//! Campaigns: the shape of this mail has reached many mailboxes lately.
//!
//! Pure. What a store that fails would have said counts for the sender.

use super::evidence::{Check, Evidence};
use crate::judge::{
    entry::Recalled,
    facts::Unknown,
    findings::{Finding, Symbol},
    policy::senders::{
        campaigns::{is_spared, reaches, shape},
        subjects::correspondences,
    },
};

pub const CHECK: Check = Check { name: "campaigns", symbols: &[CAMPAIGN], run };

const CAMPAIGN: Symbol = Symbol::new("CAMPAIGN");

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let Some(campaigns) = &evidence.rulebook.senders.campaigns else { return Ok(Vec::new()) };
    let ways: Vec<_> = correspondences(evidence.mail).iter().map(|way| evidence.facts.recalled(way)).collect();
    let Some(entry) = shape(evidence.mail, campaigns) else { return Ok(Vec::new()) };
    let said = evidence.facts.recalled(&entry);
    let authentication = evidence.auth()?;
    let known = ways.into_iter().map(|way| way.copied().map(Some)).collect::<Result<Vec<_>, _>>()?;
    let said = *said?;
    let Recalled::Number(reached) = said else { return Ok(Vec::new()) };
    if !reaches(said, campaigns) || is_spared(authentication, &known, campaigns, &evidence.rulebook.own_domains) {
        return Ok(Vec::new());
    }
    let detail = format!("mails like this reached {reached} recipients in {} min", campaigns.window / 60);
    Ok(vec![Finding::new(CAMPAIGN, detail)])
}
