//! Greylisting before the body: who has to come again is told so as soon as nothing that still comes could spare it.
//!
//! Pure. Known recipients, DMARC and one-time codes spare as they do at the end: whoever may still show one of them is left
//! to the end.

use super::{Greylist, Senders, subjects};
use crate::{
    judge::{
        auth::{self, Word, spf},
        entry::{Entry, Recalled},
        facts::{Reading, Unknown},
    },
    mail::{
        address::Address,
        envelope::{Client, Envelope},
        head::Head,
    },
};

/// Has a sender to come again at RCPT? Only asked where the operator wants it so: a signature that would have shown who it
/// is has not come yet.
///
/// # Errors
/// `Unknown` while an answer is missing.
pub fn at_recipient(
    client: &Client,
    envelope: &Envelope,
    recipient: &Address,
    reading: &Reading<'_>,
    (senders, now): (&Senders, i64),
) -> Result<bool, Unknown> {
    let Some(greylist) = senders.greylist.as_ref().filter(|greylist| greylist.early) else { return Ok(false) };
    let envelope = Envelope { recipients: vec![recipient.clone()], ..envelope.clone() };
    let new = waiting(&subjects::triplets_of(client, &envelope), greylist, reading, now);
    let ways = subjects::correspondences_of(client, &envelope);
    let known: Vec<_> = ways.iter().map(|way| reading.recalled(way)).collect();
    let is_nobody = is_unproven(client, &envelope, reading);
    let is_known = |way: &Recalled| !matches!(way, Recalled::Nothing);
    let known = known.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(!new?.is_empty() && is_nobody? && !known.into_iter().any(is_known))
}

/// Has the mail to come again, as its header shows? Without SPF pass and without any signature nothing can spare it.
///
/// # Errors
/// `Unknown` while an answer is missing.
pub fn at_header(
    client: &Client,
    envelope: &Envelope,
    head: &Head,
    reading: &Reading<'_>,
    (senders, now): (&Senders, i64),
) -> Result<bool, Unknown> {
    let Some(greylist) = &senders.greylist else { return Ok(false) };
    if head.first("DKIM-Signature").is_some() {
        return Ok(false);
    }
    let new = waiting(&subjects::triplets_of(client, envelope), greylist, reading, now);
    let is_nobody = is_unproven(client, envelope, reading);
    Ok(!new?.is_empty() && is_nobody?)
}

/// The ways that are new, or were too short a time ago.
///
/// # Errors
/// `Unknown` while an answer is missing.
pub fn waiting(ways: &[Entry], greylist: &Greylist, reading: &Reading<'_>, now: i64) -> Result<Vec<Entry>, Unknown> {
    let said: Vec<_> = ways.iter().map(|way| reading.recalled(way)).collect();
    let said = said.into_iter().collect::<Result<Vec<_>, _>>()?;
    let waits = |said: &Recalled| match said {
        Recalled::Nothing => true,
        Recalled::Number(since) => now.saturating_sub(*since) < greylist.wait,
        Recalled::Failed(_) => false,
    };
    Ok(ways.iter().zip(said).filter(|(_, said)| waits(said)).map(|(way, _)| way.clone()).collect())
}

/// Does SPF prove nothing, for good? A name server that fails is no proof against anybody.
fn is_unproven(client: &Client, envelope: &Envelope, reading: &Reading<'_>) -> Result<bool, Unknown> {
    let Some(address) = auth::judged_address(client) else { return Ok(false) };
    let (sender, _) = auth::identities(address, client.helo.as_deref().unwrap_or_default(), envelope);
    let result = spf::check(reading, &sender)?.result;
    Ok(!matches!(result, Word::Pass | Word::TempError))
}
