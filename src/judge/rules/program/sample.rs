//! The leaves of a condition answered by a sample text: it stands for every text the rule looks at, all else is open.
//!
//! Pure.

use super::{
    Program,
    code::{Each, Hit, Test},
    evaluate::{Senses, evaluate, passes, quantify},
};
use crate::judge::rules::{
    fields::{Items, Reference, Value, folded},
    lists::Brands,
    scan::whole::Whole,
};
use crate::mail::lookalike::Looks;
use std::{borrow::Cow, cell::Cell};

/// A sample being tried.
pub struct Sampled<'p> {
    program: &'p Program,
    text: &'p [u8],
    folded: Vec<u8>,
    leaves_out_open: bool,
    /// How deep symbols have led to symbols: their chains are short, and have no circle.
    depth: Cell<usize>,
}

impl<'p> Sampled<'p> {
    #[must_use]
    pub fn new(program: &'p Program, text: &'p [u8], leaves_out_open: bool) -> Self {
        Self { program, text, folded: folded(text), leaves_out_open, depth: Cell::new(0) }
    }

    /// Would the rule hit? `None` if the sample does not decide.
    #[must_use]
    pub fn hits(&self, rule: usize) -> Option<bool> {
        self.symbol(rule).map(|value| value != 0.0)
    }

    fn value(&self, reference: &Reference) -> Value<'_> {
        Value::Text(Cow::Borrowed(if reference.is_folded { &self.folded } else { self.text }))
    }
}

/// Symbols that lead to symbols that lead to symbols: deeper chains are left open.
const SYMBOLS_DEPTH_MAX: usize = 32;

impl Senses for Sampled<'_> {
    type Item = ();

    fn leaves_out_open(&self) -> bool {
        self.leaves_out_open
    }

    fn symbol(&self, rule: usize) -> Option<f64> {
        let depth = self.depth.get();
        let when = self.program.when(rule)?;
        if depth >= SYMBOLS_DEPTH_MAX {
            return None;
        }
        self.depth.set(depth + 1);
        let value = evaluate(when, self, None);
        self.depth.set(depth);
        value
    }

    fn hit(&self, hit: Hit) -> Option<bool> {
        let matched = self.program.matcher(hit.matcher)?;
        let Value::Text(text) = self.value(&matched.reference) else { return None };
        Some(Whole::new(matched.patterns.get(hit.pattern)?.clone()).is_match(&text))
    }

    fn read(&self, _: &Reference, _: Option<()>) -> Option<f64> {
        None
    }

    fn each(&self, each: &Each, _: Option<()>) -> Option<f64> {
        if !matches!(each.test, Test::Matches(_) | Test::Contains(_)) {
            return None;
        }
        let passed = passes(&each.test, &self.value(&each.reference), |_| None)? != each.is_negated;
        quantify(each.quantifier, std::iter::once(Some(passed)))
    }

    fn items(&self, _: Items) -> Option<Vec<()>> {
        None
    }

    fn lookalike(&self, _: &Reference, _: &[Looks], _: Option<()>) -> Option<bool> {
        None
    }

    fn impersonates(&self, _: &Reference, _: &Reference, _: &Brands, _: Option<()>) -> Option<bool> {
        None
    }
}
