//! What each rule takes by itself: its own patterns over their fields, and the rest of its condition.
//!
//! Pure: the clock is the caller's. In a program all patterns on a field share one pass, so the sum over rules is more than a
//! program takes; what is dear here is what would be missed least. Making a field (a page's text, folding) is not counted.

use super::{Program, code::Code, evaluate::evaluate, senses::Eyes};
use crate::judge::{
    findings::{Finding, Symbol},
    rules::{
        pattern::Pattern,
        scan::{Hits, Matcher},
        scene::Scene,
    },
};
use std::{collections::BTreeMap, time::Duration};

/// Rules made ready to be weighed one by one.
pub struct Scales {
    rules: Vec<Scale>,
}

struct Scale {
    symbol: Symbol,
    place: usize,
    /// The place of a field among the program's matchers, and a matcher of the rule's own patterns on it.
    own: Vec<(usize, Matcher)>,
}

impl Scales {
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let scale = |(place, rule): (usize, &super::Ready)| {
            let mut patterns: BTreeMap<usize, Vec<Pattern>> = BTreeMap::new();
            rule.when.as_ref()?.walk(&mut |code| {
                if let Code::Hit(hit) = code
                    && let Some(matched) = program.matchers.get(hit.matcher)
                {
                    patterns.entry(hit.matcher).or_default().extend(matched.patterns.get(hit.pattern).cloned());
                }
            });
            let own = patterns.into_iter().map(|(field, patterns)| (field, Matcher::new(patterns))).collect();
            Some(Scale { symbol: rule.symbol.clone(), place, own })
        };
        Self { rules: program.rules.iter().enumerate().filter_map(scale).collect() }
    }

    /// The rules, in the order in which they are weighed.
    pub fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.rules.iter().map(|scale| &scale.symbol)
    }

    /// What each rule takes on a mail; `clock` tells the time since some moment.
    #[must_use]
    pub fn weigh(
        &self,
        program: &Program,
        scene: &Scene<'_>,
        found: &[Finding],
        clock: &dyn Fn() -> Duration,
    ) -> Vec<Duration> {
        let eyes = Eyes::new(scene, &program.matchers, program.rules.len());
        // Fields are made and symbols counted before anything is weighed.
        program.judge(&eyes, found, &mut Vec::new());
        let weighed = self.rules.iter().map(|scale| {
            let began = clock();
            for (field, matcher) in &scale.own {
                if let Some(scanned) = eyes.scanned(*field) {
                    matcher.scan(&scanned.haystack, &mut Hits::default());
                }
            }
            if let Some(when) = program.when(scale.place) {
                let _ = evaluate(when, &eyes, None);
            }
            clock().saturating_sub(began)
        });
        weighed.collect()
    }
}
