//! The judge: a pure function of (mail, facts, rulebook).
//!
//! No clock, socket, file, thread or randomness. A check that misses a fact returns `Unknown`; the question is
//! noted, the caller asks the world, and the check runs again. A check that has spoken is not run again.

pub mod auth;
pub mod case;
pub mod checks;
pub mod coverage;
pub mod document;
pub mod entry;
pub mod facts;
pub mod findings;
pub mod foresee;
pub mod learned;
pub mod policy;
pub mod rulebook;
pub mod rules;
pub mod told;

use self::{
    auth::Authentication,
    checks::evidence::{Check, Evidence},
    facts::{Facts, Question, Reading},
    findings::Finding,
    policy::verdict::Verdict,
    rulebook::Rulebook,
    rules::scene::{Outside, Scene},
};
use crate::mail::Mail;
use std::{collections::BTreeSet, sync::Arc};

/// Where the judge stands after looking at the facts.
#[derive(Debug)]
pub enum Progress {
    /// Ask these, learn the answers, and advance again.
    Wants(BTreeSet<Question>),
    Done(Box<Verdict>),
}

/// One mail being judged.
pub struct Judge {
    mail: Arc<Mail>,
    rulebook: Arc<Rulebook>,
    auth: auth::Progress,
    authentication: Option<Authentication>,
    open: Vec<&'static Check>,
    findings: Vec<Finding>,
    rounds: usize,
}

impl Judge {
    /// A judge with every check there is.
    #[must_use]
    pub fn new(mail: Arc<Mail>, rulebook: Arc<Rulebook>) -> Self {
        Self::with_checks(mail, rulebook, checks::ALL)
    }

    /// A judge with some checks.
    #[must_use]
    pub fn with_checks(mail: Arc<Mail>, rulebook: Arc<Rulebook>, checks: &'static [Check]) -> Self {
        Self {
            mail,
            rulebook,
            auth: auth::Progress::default(),
            authentication: None,
            open: checks.iter().collect(),
            findings: Vec::new(),
            rounds: 0,
        }
    }

    /// Runs everything that is still open over the facts.
    ///
    /// The caller answers every question it is handed, with a failure if need be; so the judge ends.
    pub fn advance(&mut self, facts: &Facts) -> Progress {
        self.rounds += 1;
        let reading = Reading::of(facts);
        let mut unknown = None;
        if self.authentication.is_none() {
            match self.auth.advance(&self.mail, &reading, &self.rulebook.auth) {
                Ok(authentication) => self.authentication = Some(authentication),
                Err(missing) => unknown = Some(missing),
            }
        }
        let authentication = match (&self.authentication, unknown) {
            (_, Some(missing)) => Err(missing),
            (Some(authentication), None) => Ok(authentication),
            (None, None) => unreachable!("authentication is there or a fact is missing"),
        };
        let evidence = Evidence::new(&self.mail, &reading, &self.rulebook, authentication);
        let findings = &mut self.findings;
        self.open.retain(|check| match (check.run)(&evidence) {
            Ok(found) => {
                findings.extend(found);
                false
            }
            Err(_) => true,
        });
        let wanted = reading.wanted();
        if self.open.is_empty()
            && wanted.is_empty()
            && let Some(authentication) = self.authentication.take()
        {
            let mut findings = std::mem::take(&mut self.findings);
            findings.extend(self.judged_by_rules(facts, &authentication, &findings));
            return Progress::Done(Box::new(policy::decide(
                &self.mail,
                facts,
                findings,
                authentication,
                &self.rulebook,
            )));
        }
        debug_assert!(!wanted.is_empty(), "a check that is open has asked something");
        Progress::Wants(wanted)
    }

    /// What the rules find, once all checks have spoken.
    fn judged_by_rules(&self, facts: &Facts, authentication: &Authentication, found: &[Finding]) -> Vec<Finding> {
        let outside = Outside::of(authentication, facts);
        let scene = Scene::new(&self.mail, Some(outside)).with_learned(self.rulebook.learned.as_deref());
        self.rulebook.rules.program.run(&scene, found)
    }

    /// How often the facts were looked at.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    #[must_use]
    pub fn mail(&self) -> &Arc<Mail> {
        &self.mail
    }
}
