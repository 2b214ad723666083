//! Sender authentication: SPF, DKIM, ARC, DMARC and iprev, and what we write of them (RFC 8601).
//!
//! Pure: DNS answers come from a `Reading`, time is when the mail arrived. mail-auth parses SPF and DMARC records and
//! expands SPF macros. The verifiers are our own: those of mail-auth read the wall clock (`x=`, ARC), keep no
//! void-lookup limit, take the first of several SPF records, believe rsa-sha1, call an altered body neutral and show no
//! key size, and none of that can be corrected from outside; the pieces they are made of (keys, canonical forms, body
//! hashes) are private to it. Its DKIM and ARC verifiers are the second opinion of tests/suites_auth/oracle.rs.

pub mod arc;
pub mod canonical;
pub mod dkim;
pub mod dmarc;
pub mod iprev;
pub mod keys;
pub mod lookups;
pub mod reports;
pub mod results;
pub mod signed;
pub mod spf;
pub mod tags;

use self::{
    canonical::Index,
    dkim::{BodyHashes, Verifier},
    dmarc::Identifiers,
    signed::{Signatures, trust::Trust},
    spf::Identity,
};
use crate::{
    judge::facts::{Reading, Unknown},
    mail::{
        Mail,
        address::Domain,
        author::{self, Author, Authorship, Oddity},
        envelope::{Client, Envelope},
    },
};
use std::{collections::BTreeSet, net::IpAddr};

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
    /// Fields that say how the body is read and that are there unsigned.
    pub unsigned: Vec<&'static str>,
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
    /// A trusted sealer says that the author was authenticated when the mail came there.
    pub author_passed: bool,
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
    /// What the signatures of the author came to.
    pub signatures: Signatures,
    /// Every author that some reader could show, from all From fields.
    pub authors: Vec<Author>,
    /// What is odd about the author fields.
    pub oddities: BTreeSet<Oddity>,
}

/// What the operator configured of authentication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Our name in Authentication-Results (RFC 8601 2.5).
    pub authserv_id: String,
    /// Domains whose ARC seals are believed.
    pub trusted_sealers: Vec<Domain>,
    /// Whose signatures of mails are believed.
    pub trust: std::sync::Arc<Trust>,
}

/// Authentication under way: a method that has its result is not run again when further facts arrive.
#[derive(Debug, Default)]
pub struct Progress {
    authorship: Option<Authorship>,
    hashes: BodyHashes,
    spf: Option<Spf>,
    spf_helo: Option<Spf>,
    dkim: Option<Vec<Dkim>>,
    arc: Option<Arc>,
    iprev: Option<Iprev>,
    dmarc: Option<Dmarc>,
    signatures: Option<Signatures>,
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
        let authorship = self.authorship.get_or_insert_with(|| author::read(&mail.message.head));
        let client = judged_address(&mail.client);
        let helo = mail.client.helo.as_deref().unwrap_or_default();
        let identities = client.map(|client| identities(client, helo, &mail.envelope));
        let is_stranger = !is_trusted(&mail.client);
        let prepared = if is_stranger { dmarc::prepare(authorship, reading) } else { Ok(()) };
        let index = Index::new(&mail.message.head);
        let spf = once(&mut self.spf, || match &identities {
            Some((sender, _)) => spf::check(reading, sender),
            None => Ok(Spf::default()),
        });
        let spf_helo = once(&mut self.spf_helo, || match &identities {
            Some((_, helo)) => spf::check(reading, helo),
            None => Ok(Spf::default()),
        });
        let mut verifier = Verifier { mail, index: &index, hashes: &mut self.hashes };
        let dkim = once(&mut self.dkim, || dkim::verify(&mut verifier, reading));
        let arc = once(&mut self.arc, || arc::verify(&mut verifier, reading, settings, &authorship.domains()));
        let iprev =
            once(&mut self.iprev, || client.map_or(Ok(Iprev::default()), |client| iprev::check(reading, client)));
        prepared?;
        let (spf, spf_helo, dkim, arc, iprev) = (spf?, spf_helo?, dkim?, arc?, iprev?);
        let dmarc = once(&mut self.dmarc, || {
            if !is_stranger {
                return Ok(Dmarc { author_domains: authorship.domains(), ..Dmarc::default() });
            }
            let dmarc = dmarc::evaluate(authorship, &Identifiers { spf: &spf, dkim: &dkim, arc: &arc }, reading)?;
            Ok(if client.is_some() { dmarc } else { dmarc.without_client() })
        })?;
        let signatures = once(&mut self.signatures, || Ok(signed::verify(mail, &authorship.authors, &settings.trust)))?;
        let Authorship { authors, oddities } = authorship.clone();
        Ok(Authentication { spf, spf_helo, dkim, arc, iprev, dmarc, signatures, authors, oddities })
    }
}

/// The result that is there, or the one that can be made now.
fn once<T: Clone>(place: &mut Option<T>, make: impl FnOnce() -> Result<T, Unknown>) -> Result<T, Unknown> {
    let result = match place.take() {
        Some(result) => result,
        None => make()?,
    };
    *place = Some(result.clone());
    Ok(result)
}

/// Is the client one of us: on this machine, or logged in? Its mail is submission, not a stranger's.
#[must_use]
pub fn is_trusted(client: &Client) -> bool {
    let is_local = |address: IpAddr| address.to_canonical().is_loopback() || address.is_unspecified();
    client.login.is_some() || client.address.is_some_and(is_local)
}

/// The address that SPF and iprev judge: none for trusted clients and unknown addresses.
#[must_use]
pub fn judged_address(client: &Client) -> Option<IpAddr> {
    client.address.filter(|_| !is_trusted(client)).map(|address| address.to_canonical())
}

/// What SPF checks: MAIL FROM, or `postmaster` at the HELO name for the null sender, and HELO (RFC 7208 2.3, 2.4).
#[must_use]
pub fn identities<'a>(client: IpAddr, helo: &'a str, envelope: &'a Envelope) -> (Identity<'a>, Identity<'a>) {
    let as_helo = || Identity { client, helo, local: "", domain: helo };
    let sender = &envelope.sender;
    let sender = match sender.domain_text() {
        _ if sender.is_null() => as_helo(),
        Some(domain) => Identity { client, helo, local: sender.local_part(), domain },
        None => Identity { client, helo, local: sender.as_str(), domain: "" },
    };
    (sender, as_helo())
}
