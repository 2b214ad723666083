//! The DMARC policy record (RFC 9989 4.7).
//!
//! Pure. mail-auth reads the tags. Ours is what it is too strict in: a faulty tag makes it refuse the record, where RFC
//! 9989 leaves that tag out and honours the others; and a report address redeems a faulty `p=`.

use crate::{
    judge::{
        auth::{DmarcPolicy, tags},
        facts::Text,
    },
    limits,
};
use mail_auth::{
    dmarc::{Alignment, DmarcRecord, Policy, Psd},
    dns::TxtRecordParser,
};

/// What a policy record asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `None` when `p=` is unusable and no report address redeems it: the record asks for nothing.
    pub policy: Option<DmarcPolicy>,
    /// `sp=`, else `p=`.
    pub subdomain_policy: DmarcPolicy,
    /// `np=`, else `sp=`.
    pub absent_policy: DmarcPolicy,
    pub strict_dkim: bool,
    pub strict_spf: bool,
    pub psd: Psd,
    /// `t=y`: every policy counts one step less.
    pub is_testing: bool,
}

impl Record {
    /// Reads one record; `None` if it is not a DMARC record.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(text);
        let (version, rest) = text.split_once(';').unwrap_or((&text, ""));
        let (name, value) = version.split_once('=')?;
        // mail-auth takes `dmarc1` for it, too.
        if !tags::trim(name).eq_ignore_ascii_case("v") || tags::trim(value) != "DMARC1" {
            return None;
        }
        let rest = first_of_each(rest);
        let (record, has_policy) = match DmarcRecord::parse(format!("v=DMARC1;{rest}").as_bytes()) {
            Ok(record) => (record, true),
            Err(_) => salvage(&rest)?,
        };
        Some(Self {
            policy: (has_policy || !record.rua.is_empty()).then(|| policy(record.p)),
            subdomain_policy: policy(record.sp),
            absent_policy: policy(record.np),
            strict_dkim: record.adkim == Alignment::Strict,
            strict_spf: record.aspf == Alignment::Strict,
            psd: record.psd,
            is_testing: record.t,
        })
    }

    /// The one record among the TXT records of a name; several count as none (RFC 9989 4.10).
    #[must_use]
    pub fn select(texts: &[Text]) -> Option<Self> {
        let mut records = texts.iter().filter_map(|text| Self::parse(text));
        let first = records.next()?;
        records.next().is_none().then_some(first)
    }
}

/// Of several tags of one name the first counts; mail-auth takes the last, so that an appended `p=none` disarms.
fn first_of_each(list: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    let tags = list.split(';').take(limits::TAGS_MAX).filter(|tag| {
        let name = tags::trim(tag.split('=').next().unwrap_or_default()).to_ascii_lowercase();
        let is_first = name.is_empty() || !names.contains(&name);
        names.push(name);
        is_first
    });
    tags.collect::<Vec<_>>().join(";")
}

/// Reads the tags that can be read, each by itself; also whether `p=` is among them, or is not there at all.
fn salvage(list: &str) -> Option<(DmarcRecord, bool)> {
    let mut sound = String::from("v=DMARC1");
    let mut has_policy = true;
    for tag in list.split(';').take(limits::TAGS_MAX) {
        if DmarcRecord::parse(format!("v=DMARC1;{tag}").as_bytes()).is_ok() {
            sound.push(';');
            sound.push_str(tag);
        } else if tag.split('=').next().is_some_and(|name| tags::trim(name).eq_ignore_ascii_case("p")) {
            has_policy = false;
        }
    }
    Some((DmarcRecord::parse(sound.as_bytes()).ok()?, has_policy))
}

/// An absent `p=` is `none` (RFC 9989 4.7).
fn policy(policy: Policy) -> DmarcPolicy {
    match policy {
        Policy::None | Policy::Unspecified => DmarcPolicy::None,
        Policy::Quarantine => DmarcPolicy::Quarantine,
        Policy::Reject => DmarcPolicy::Reject,
    }
}

/// One step less (RFC 9989 4.7, `t=y`).
#[must_use]
pub fn softened(policy: DmarcPolicy) -> DmarcPolicy {
    match policy {
        DmarcPolicy::Reject => DmarcPolicy::Quarantine,
        DmarcPolicy::Quarantine | DmarcPolicy::None => DmarcPolicy::None,
    }
}
