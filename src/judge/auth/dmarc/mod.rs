//! DMARC: does any authenticated domain belong to what readers see as the author (RFC 9989)?
//!
//! Pure. Several visible author domains are never a pass unless each of them is authenticated; the strictest policy
//! among those that are not decides.

pub mod record;
pub mod walk;

use self::{record::Record, walk::Walk};
use super::{Arc, Dkim, Dmarc, DmarcPolicy, Spf, Word, lookups};
use crate::{
    judge::facts::{Answer, Reading, Unknown},
    mail::{
        address::Domain,
        author::{Authorship, Oddity},
    },
};

/// What DMARC builds on.
pub struct Identifiers<'a> {
    /// MAIL FROM, or for the null sender its stand-in by HELO (RFC 7208 2.4); the domain that was checked.
    pub spf: &'a Spf,
    pub dkim: &'a [Dkim],
    pub arc: &'a Arc,
}

/// Author domains whose records are looked up; more than a few are an attack and fail anyway.
const DOMAINS_MAX: usize = 8;

/// Oddities that make readers disagree or deceive them: no pass, and not "no policy" either.
const DISQUALIFYING: [Oddity; 10] = [
    Oddity::Missing,
    Oddity::SeveralFields,
    Oddity::OddFieldName,
    Oddity::Control,
    Oddity::Override,
    Oddity::Invisible,
    Oddity::EncodedAddress,
    Oddity::BadDomain,
    Oddity::MixedScripts,
    Oddity::TooMany,
];

/// Asks the records of all author domains, before anything else is known.
///
/// # Errors
/// `Unknown` while one is missing.
pub fn prepare(authorship: &Authorship, reading: &Reading<'_>) -> Result<(), Unknown> {
    let domains = authorship.domains();
    lookups::all(domains.iter().take(DOMAINS_MAX).map(|domain| Walk::from(domain.as_str(), reading)))?;
    Ok(())
}

/// Evaluates the authors of a mail.
///
/// # Errors
/// `Unknown` while a DNS answer is missing.
pub fn evaluate(
    authorship: &Authorship,
    identifiers: &Identifiers<'_>,
    reading: &Reading<'_>,
) -> Result<Dmarc, Unknown> {
    let author_domains = authorship.domains();
    let single = lookups::all(author_domains.iter().take(DOMAINS_MAX).map(|domain| one(domain, identifiers, reading)))?;
    let is_whole = author_domains.len() <= DOMAINS_MAX;
    let all_pass = is_whole && single.iter().all(|dmarc| dmarc.result == Word::Pass);
    // The strictest policy that is not satisfied decides; the first author among equals.
    let decisive = single.into_iter().rev().max_by_key(|dmarc| (dmarc.result != Word::Pass, dmarc.policy));
    let mut dmarc = decisive.unwrap_or_default();
    if author_domains.len() > 1 && !all_pass {
        dmarc.result = Word::Fail;
        "several author domains, not all of them authenticated".clone_into(&mut dmarc.reason);
    }
    let oddity = DISQUALIFYING.iter().find(|oddity| authorship.oddities.contains(oddity));
    if let Some(oddity) = oddity
        && matches!(dmarc.result, Word::Pass | Word::None)
    {
        dmarc.result = Word::PermError;
        oddity.word().clone_into(&mut dmarc.reason);
    }
    if dmarc.result == Word::Fail && !dmarc.disposition_is_waived() {
        dmarc.disposition = dmarc.policy;
    }
    if dmarc.disposition > DmarcPolicy::None && identifiers.arc.is_trusted && identifiers.arc.author_passed {
        dmarc.disposition = DmarcPolicy::None;
        dmarc.reason.push_str("; a trusted sealer saw it pass");
    }
    dmarc.author_domains = author_domains;
    Ok(dmarc)
}

/// Why a fail is not acted on: only SPF passed, and for everybody.
const PERMISSIVE: &str = "only an SPF record that lets everybody pass";

impl Dmarc {
    /// The same when the client's address is unknown: SPF could not speak for the author, so a fail is not acted on.
    #[must_use]
    pub fn without_client(mut self) -> Self {
        if self.disposition > DmarcPolicy::None {
            self.disposition = DmarcPolicy::None;
            self.reason.push_str("; not acted on, for the client is unknown and SPF could not speak");
        }
        self
    }

    fn disposition_is_waived(&self) -> bool {
        self.reason == PERMISSIVE
    }
}

/// One author domain.
fn one(author: &Domain, identifiers: &Identifiers<'_>, reading: &Reading<'_>) -> Result<Dmarc, Unknown> {
    let walk = Walk::from(author.as_str(), reading)?;
    let mut dmarc = Dmarc {
        author_domain: Some(author.clone()),
        organizational_domain: Domain::parse(walk.organization()),
        ..Dmarc::default()
    };
    if walk.has_failed {
        dmarc.result = Word::TempError;
        "a policy lookup failed".clone_into(&mut dmarc.reason);
        return Ok(dmarc);
    }
    let Some((record, is_own)) = walk.policy() else {
        "no policy record".clone_into(&mut dmarc.reason);
        return Ok(dmarc);
    };
    let Some(policy) = policy(record, is_own, author, reading)? else {
        "the policy record has no usable policy".clone_into(&mut dmarc.reason);
        return Ok(dmarc);
    };
    dmarc.policy = policy;
    let aligned = Aligned { author: author.as_str(), organization: walk.organization(), reading };
    (dmarc.result, dmarc.reason) = verdict(record, identifiers, &aligned)?;
    Ok(dmarc)
}

/// `p`, `sp` or `np`, one step lower with `t=y`.
fn policy(
    record: &Record,
    is_own: bool,
    author: &Domain,
    reading: &Reading<'_>,
) -> Result<Option<DmarcPolicy>, Unknown> {
    let Some(own) = record.policy else { return Ok(None) };
    let (below, absent) = (record.subdomain_policy, record.absent_policy);
    let policy = match is_own {
        true => own,
        false if absent != below && is_absent(author, reading)? => absent,
        false => below,
    };
    Ok(Some(if record.is_testing { record::softened(policy) } else { policy }))
}

/// RFC 8020: a name error for any type means that the name and all below it do not exist.
fn is_absent(domain: &Domain, reading: &Reading<'_>) -> Result<bool, Unknown> {
    match lookups::name(domain.as_str()) {
        Some(name) => Ok(matches!(reading.ipv4(&name)?, Answer::NoName)),
        None => Ok(true),
    }
}

fn verdict(record: &Record, identifiers: &Identifiers<'_>, aligned: &Aligned<'_>) -> Result<(Word, String), Unknown> {
    let mut is_later = false;
    let mut is_permissive = false;
    for dkim in identifiers.dkim {
        if !matches!(dkim.result, Word::Pass | Word::TempError) {
            continue;
        }
        match aligned.with(&dkim.domain, record.strict_dkim)? {
            Some(true) if dkim.result == Word::Pass => return Ok((Word::Pass, "dkim".to_owned())),
            Some(false) => {}
            Some(true) | None => is_later = true,
        }
    }
    let spf = identifiers.spf;
    if matches!(spf.result, Word::Pass | Word::TempError) {
        match aligned.with(&spf.domain, record.strict_spf)? {
            Some(true) if spf.is_permissive => is_permissive = true,
            Some(true) if spf.result == Word::Pass => return Ok((Word::Pass, "spf".to_owned())),
            Some(false) => {}
            Some(true) | None => is_later = true,
        }
    }
    Ok(if is_later {
        (Word::TempError, "a lookup failed that could have shown a pass".to_owned())
    } else if is_permissive {
        (Word::Fail, PERMISSIVE.to_owned())
    } else {
        (Word::Fail, "nothing authenticated belongs to the author domain".to_owned())
    })
}

/// Compares domains with the author's (RFC 9989 4.10.2).
struct Aligned<'a> {
    author: &'a str,
    organization: &'a str,
    reading: &'a Reading<'a>,
}

impl Aligned<'_> {
    /// `None` when a lookup failed.
    fn with(&self, domain: &str, is_strict: bool) -> Result<Option<bool>, Unknown> {
        let Some(domain) = Domain::parse(domain) else { return Ok(Some(false)) };
        if domain.as_str() == self.author {
            return Ok(Some(true));
        }
        let organization = Domain::parse(self.organization);
        if is_strict || !organization.is_some_and(|organization| domain.is_within(&organization)) {
            return Ok(Some(false));
        }
        let walk = Walk::from(domain.as_str(), self.reading)?;
        Ok((!walk.has_failed).then(|| walk.organization() == self.organization))
    }
}
