//! The DMARC policy record (RFC 9989 4.7).
//!
//! Pure. Faulty tags are left out and the others honoured; only a fault in `v=` makes it no record at all.

use crate::judge::{
    auth::{DmarcPolicy, tags::Tags},
    facts::Text,
};

/// Is the domain a public suffix (`psd=`)?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Psd {
    Yes,
    No,
    #[default]
    Unsaid,
}

/// What a policy record asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// `None` when `p=` is unusable and no report address redeems it: the record asks for nothing.
    pub policy: Option<DmarcPolicy>,
    pub subdomain_policy: Option<DmarcPolicy>,
    pub absent_policy: Option<DmarcPolicy>,
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
        let tags = Tags::lenient(&text);
        let is_first = text.split(';').next().is_some_and(|piece| piece.contains('='));
        let (name, version) = tags.first()?;
        if !is_first || !name.eq_ignore_ascii_case("v") || version != "DMARC1" {
            return None;
        }
        let reports = tags.get("rua").is_some_and(|uris| {
            uris.split(',').any(|uri| uri.trim().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")))
        });
        let policy = match tags.get("p") {
            None => Some(DmarcPolicy::None),
            Some(word) => policy(word).or(reports.then_some(DmarcPolicy::None)),
        };
        let is = |tag: &str, wanted: &str| tags.get(tag).is_some_and(|value| value.eq_ignore_ascii_case(wanted));
        Some(Self {
            policy,
            subdomain_policy: tags.get("sp").and_then(self::policy),
            absent_policy: tags.get("np").and_then(self::policy),
            strict_dkim: is("adkim", "s"),
            strict_spf: is("aspf", "s"),
            psd: match () {
                () if is("psd", "y") => Psd::Yes,
                () if is("psd", "n") => Psd::No,
                () => Psd::Unsaid,
            },
            is_testing: is("t", "y"),
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

fn policy(word: &str) -> Option<DmarcPolicy> {
    [DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject]
        .into_iter()
        .find(|policy| policy.word().eq_ignore_ascii_case(word))
}

/// One step less (RFC 9989 4.7, `t=y`).
#[must_use]
pub fn softened(policy: DmarcPolicy) -> DmarcPolicy {
    match policy {
        DmarcPolicy::Reject => DmarcPolicy::Quarantine,
        DmarcPolicy::Quarantine | DmarcPolicy::None => DmarcPolicy::None,
    }
}
