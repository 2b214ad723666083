//! The rulebook: everything configured that can sway a verdict, with its digest.
//!
//! Pure. A mail keeps the rulebook it began with; a reload makes a new one.

use super::{
    auth,
    findings::{Finding, Score, Symbol},
    learned::model::Model,
    policy::{
        classes::{Classes, subjects::Subjects},
        encryption::Encryption,
        senders::Senders,
        verdict::Action,
    },
    rules::ruleset::Ruleset,
};
use crate::mail::{address::Domain, hex::hex};
use aws_lc_rs::digest;
use std::{collections::BTreeMap, sync::Arc};

/// Scores from which a mail is marked, set aside, refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    pub tag: Score,
    pub quarantine: Score,
    pub reject: Score,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            tag: Score::from_hundredths(600),
            quarantine: Score::from_hundredths(1000),
            reject: Score::from_hundredths(1500),
        }
    }
}

/// Everything that can sway a verdict besides the mail and its facts.
#[derive(Clone, Debug)]
pub struct Rulebook {
    pub auth: auth::Settings,
    pub own_domains: Vec<Domain>,
    pub thresholds: Thresholds,
    /// What each symbol means, weighs and demands, and the conditions that find it.
    pub rules: Ruleset,
    /// What each class of recipients takes.
    pub classes: Classes,
    /// What must arrive encrypted.
    pub encryption: Encryption,
    /// What senders have to bear.
    pub senders: Senders,
    /// What mails of this house taught; nothing is said of a mail without.
    pub learned: Option<Arc<Model>>,
    /// Name of the milter or proxy in the reference of a verdict.
    pub digest: String,
}

impl Rulebook {
    /// The same book with these subjects; its digest is that of the rest, `+`, and one of the subjects.
    ///
    /// # Errors
    /// The first subject whose class there is not.
    pub fn with_subjects(&self, subjects: Arc<Subjects>) -> Result<Self, String> {
        let rest = self.digest.split('+').next().unwrap_or_default();
        let digest = if subjects.is_empty() {
            rest.to_owned()
        } else {
            let hash = digest::digest(&digest::SHA256, subjects.to_text().as_bytes());
            format!("{rest}+{}", hex(hash.as_ref().iter().take(8)))
        };
        Ok(Self { classes: self.classes.with_subjects(subjects)?, digest, ..self.clone() })
    }

    /// What a symbol weighs; symbols without rule and those in the shadow weigh nothing.
    #[must_use]
    pub fn score(&self, symbol: &Symbol) -> Score {
        self.rules.table.get(symbol).filter(|rule| !rule.is_shadow).map(|rule| rule.score).unwrap_or_default()
    }

    /// What a finding weighs, before its group is capped.
    #[must_use]
    pub fn weight(&self, finding: &Finding) -> Score {
        self.score(&finding.symbol).times(finding.times)
    }

    /// The sum of all weights, each group within its cap.
    #[must_use]
    pub fn sum(&self, findings: &[Finding]) -> Score {
        let mut free = Score::default();
        let mut capped: BTreeMap<&str, (Score, Score)> = BTreeMap::new();
        for finding in findings {
            let weight = self.weight(finding);
            let group = self.rules.table.get(&finding.symbol).map(|rule| rule.group.as_str());
            match group.filter(|group| self.rules.groups.get(*group).is_some_and(|group| group.cap.is_some())) {
                None => free = free + weight,
                Some(group) => {
                    let (against, speaking_for) = capped.entry(group).or_default();
                    let side = if weight < Score::default() { speaking_for } else { against };
                    *side = *side + weight;
                }
            }
        }
        let within = |(group, (against, speaking_for)): (&str, (Score, Score))| {
            let cap = self.rules.groups.get(group).and_then(|group| group.cap).unwrap_or_default();
            against.min(cap) + speaking_for.max(cap.negated())
        };
        free + capped.into_iter().map(within).sum()
    }

    /// Does the symbol only run to be counted?
    #[must_use]
    pub fn is_shadow(&self, symbol: &Symbol) -> bool {
        self.rules.table.get(symbol).is_some_and(|rule| rule.is_shadow)
    }

    /// The least that has to happen when a symbol is found.
    #[must_use]
    pub fn least_action(&self, symbol: &Symbol) -> Action {
        self.rules.table.get(symbol).filter(|rule| !rule.is_shadow).map(|rule| rule.action).unwrap_or_default()
    }
}
