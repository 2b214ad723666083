//! The rulebook: everything configured that can sway a verdict, with its digest.
//!
//! Pure. A mail keeps the rulebook it began with; a reload makes a new one.

use super::{
    auth,
    findings::{Score, Symbol},
    policy::verdict::Action,
    rules::Rule,
};
use crate::mail::address::Domain;
use std::collections::BTreeMap;

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
    /// What each symbol weighs and demands.
    pub rules: BTreeMap<Symbol, Rule>,
    /// Name of the milter or proxy in the reference of a verdict.
    pub digest: String,
}

impl Rulebook {
    /// What a symbol weighs; symbols without rule weigh nothing.
    #[must_use]
    pub fn score(&self, symbol: &Symbol) -> Score {
        self.rules.get(symbol).map(|rule| rule.score).unwrap_or_default()
    }

    /// The least that has to happen when a symbol is found.
    #[must_use]
    pub fn least_action(&self, symbol: &Symbol) -> Action {
        self.rules.get(symbol).map(|rule| rule.action).unwrap_or_default()
    }
}
