//! iprev: do the host names of the client's address point back to it (RFC 8601 3)?
//!
//! Pure.

use super::{Iprev, Word, lookups};
use crate::{
    judge::facts::{Answer, Name, Reading, Unknown},
    limits,
};
use std::net::IpAddr;

/// Runs the check; all forward lookups are asked at once.
///
/// # Errors
/// `Unknown` while a DNS answer is missing.
pub fn check(reading: &Reading<'_>, client: IpAddr) -> Result<Iprev, Unknown> {
    let client = client.to_canonical();
    let names = match reading.names(client)? {
        Answer::Records(names) => names,
        Answer::Failed(_) => return Ok(Iprev { result: Word::TempError, name: String::new() }),
        Answer::NoData | Answer::NoName => return Ok(Iprev { result: Word::PermError, name: String::new() }),
    };
    let names: Vec<Name> =
        names.iter().take(limits::SPF_LOOKUPS_MAX).filter_map(|name| lookups::name(name.as_str())).collect();
    let known = lookups::all(names.iter().map(|name| points_back(reading, name, client)))?;
    let confirmed = names.iter().zip(&known).find(|(_, back)| **back == Some(true));
    Ok(match confirmed {
        Some((name, _)) => Iprev { result: Word::Pass, name: name.as_str().to_owned() },
        None if known.contains(&None) => Iprev { result: Word::TempError, name: String::new() },
        None => Iprev { result: Word::Fail, name: names.first().map(ToString::to_string).unwrap_or_default() },
    })
}

/// `None` when no answer came.
fn points_back(reading: &Reading<'_>, name: &Name, client: IpAddr) -> Result<Option<bool>, Unknown> {
    Ok(match client {
        IpAddr::V4(client) => match reading.ipv4(name)? {
            Answer::Failed(_) => None,
            answer => Some(answer.records().contains(&client)),
        },
        IpAddr::V6(client) => match reading.ipv6(name)? {
            Answer::Failed(_) => None,
            answer => Some(answer.records().contains(&client)),
        },
    })
}
