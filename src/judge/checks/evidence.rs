//! What a check may read, and what a check is.
//!
//! Pure. A check is a plain function: no state, no life cycle, no order. It asks all its facts before it
//! reads the first answer, so that one round serves all; it passes `Unknown` up.

use crate::{
    judge::{
        auth::Authentication,
        facts::{Reading, Unknown},
        findings::{Finding, Symbol},
        rulebook::Rulebook,
    },
    mail::Mail,
};

/// Everything a check may look at.
pub struct Evidence<'a> {
    pub mail: &'a Mail,
    pub facts: &'a Reading<'a>,
    pub rulebook: &'a Rulebook,
    pub(super) authentication: Result<&'a Authentication, Unknown>,
}

impl<'a> Evidence<'a> {
    #[must_use]
    pub fn new(
        mail: &'a Mail,
        facts: &'a Reading<'a>,
        rulebook: &'a Rulebook,
        authentication: Result<&'a Authentication, Unknown>,
    ) -> Self {
        Self { mail, facts, rulebook, authentication }
    }

    /// The authentication results, computed once for all checks.
    ///
    /// # Errors
    /// `Unknown` while a DNS answer is missing.
    pub fn auth(&self) -> Result<&'a Authentication, Unknown> {
        self.authentication
    }
}

/// One check: evidence in, findings out.
pub struct Check {
    pub name: &'static str,
    /// Every symbol the check may report; each needs a score in `rules/` and a case in `corpus/`.
    pub symbols: &'static [Symbol],
    pub run: fn(&Evidence<'_>) -> Result<Vec<Finding>, Unknown>,
}
