//! The DNS tree walk: which record speaks for a domain, and what organization it belongs to (RFC 9989 4.10).
//!
//! Pure. All names of a walk are asked at once: eight at most, most of them in every cache.

use super::record::Record;
use crate::judge::{
    auth::lookups,
    facts::{Name, Reading, Unknown},
};
use mail_auth::dmarc::Psd;

/// Names of one walk (RFC 9989 4.10 step 3).
const NAMES_MAX: usize = 8;

/// The records found on the way up, nearest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    found: Vec<(String, Record)>,
    start: String,
    /// A lookup failed before the walk was over.
    pub has_failed: bool,
}

/// The domains that a walk from here looks at: itself, then its parents, of long names the last seven labels first.
#[must_use]
pub fn path(domain: &str) -> Vec<&str> {
    let mut path = vec![domain];
    let mut rest = domain;
    while let Some((_, parent)) = rest.split_once('.') {
        rest = parent;
        if rest.split('.').count() < NAMES_MAX {
            path.push(rest);
        }
    }
    path
}

/// The names that a walk asks.
pub fn names(domain: &str) -> impl Iterator<Item = Name> {
    path(domain).into_iter().filter_map(|domain| lookups::name(&format!("_dmarc.{domain}")))
}

impl Walk {
    /// Walks up from a domain.
    ///
    /// # Errors
    /// `Unknown` while a record is missing.
    pub fn from(domain: &str, reading: &Reading<'_>) -> Result<Self, Unknown> {
        let steps = path(domain).into_iter().filter_map(|step| Some((step, lookups::name(&format!("_dmarc.{step}"))?)));
        let answers = lookups::all(steps.map(|(step, name)| Ok((step, reading.txt(&name)?))))?;
        let mut walk = Self { start: domain.to_owned(), ..Self::default() };
        for (step, answer) in answers {
            if answer.failure().is_some() {
                walk.has_failed = true;
                break;
            }
            let Some(record) = Record::select(answer.records()) else { continue };
            let is_end = record.psd != Psd::Default;
            walk.found.push((step.to_owned(), record));
            if is_end {
                break;
            }
        }
        Ok(walk)
    }

    /// The organizational domain (RFC 9989 4.10.2); the start when nothing was found.
    #[must_use]
    pub fn organization(&self) -> &str {
        for (domain, record) in &self.found {
            match record.psd {
                Psd::No => return domain,
                Psd::Yes if *domain != self.start => return one_below(domain, &self.start),
                Psd::Yes | Psd::Default => {}
            }
        }
        self.found.last().map_or(&self.start, |(domain, _)| domain)
    }

    /// The record that applies, and whether it stands at the domain itself (RFC 9989 4.10.1).
    #[must_use]
    pub fn policy(&self) -> Option<(&Record, bool)> {
        let at = |wanted: &str| self.found.iter().find(|(domain, _)| domain == wanted).map(|(_, record)| record);
        if let Some(record) = at(&self.start) {
            return Some((record, true));
        }
        at(self.organization()).or_else(|| self.found.last().map(|(_, record)| record)).map(|record| (record, false))
    }
}

/// The ancestor of `domain` that is one label longer than `suffix`.
fn one_below<'a>(suffix: &str, domain: &'a str) -> &'a str {
    let Some(front) = domain.strip_suffix(suffix).and_then(|front| front.strip_suffix('.')) else { return domain };
    let start = front.rfind('.').map_or(0, |dot| dot + 1);
    domain.get(start..).unwrap_or(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_jump() {
        let path = path("a.b.c.d.e.f.g.h.i.j.mail.example.com");
        assert_eq!(path.len(), 8);
        assert_eq!(path[1], "g.h.i.j.mail.example.com");
        assert_eq!(path[7], "com");
        assert_eq!(one_below("bank.example", "x.giant.bank.example"), "giant.bank.example");
    }
}
