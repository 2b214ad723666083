//! One regular expression of a rule: read as Perl writes it, matched over octets.
//!
//! Pure. By default a pattern is what an automaton does in time linear in the octets. What needs more is refused with
//! the reason, or taken as bounded: by backtracking, with a limit to its steps.

mod bounded;
mod class;
mod escape;
pub(super) mod flow;
mod linear;
mod node;
pub(super) mod octets;
mod read;

use crate::limits;
use bounded::Bounded;
use flow::Flow;
use node::Node;
use regex_syntax::hir::Hir;
use std::{fmt, sync::Arc};

/// A regular expression, ready to be put into a matcher.
#[derive(Clone, Debug)]
pub struct Pattern(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    source: String,
    /// The pattern itself; for a bounded one a form that matches wherever it does.
    hir: Hir,
    bounded: Option<Bounded>,
    /// A bounded pattern in pieces, where it can be cut into such.
    flow: Option<Flow>,
}

/// Why a pattern is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Octet of the pattern at which the reason stands.
    pub at: usize,
    /// What it is, and what to do instead.
    pub what: String,
}

impl Refusal {
    fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "at octet {}: {}", self.at, self.what)
    }
}

impl Pattern {
    /// Reads a pattern that an automaton can match; flags are letters of `imsx`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, or that needs backtracking.
    pub fn parse(source: &str, flags: &str) -> Result<Self, Refusal> {
        let (reading, hir) = Self::read(source, flags)?;
        let hir = hir.map_err(|name| {
            let at = reading.beyond.iter().find(|(_, known)| *known == name).map_or(0, |(at, _)| *at);
            Refusal::new(at, format!("{name} needs backtracking; write it without, or mark the rule `bounded = true`"))
        })?;
        Ok(Self(Arc::new(Parts { source: source.to_owned(), hir, bounded: None, flow: None })))
    }

    /// Reads a pattern that may need backtracking; it is linear if it can be.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, or that is not known here at all.
    pub fn bounded(source: &str, flags: &str) -> Result<Self, Refusal> {
        let (reading, hir) = Self::read(source, flags)?;
        let parts = match hir {
            Ok(hir) => Parts { source: source.to_owned(), hir, bounded: None, flow: None },
            Err(_) => Parts {
                source: source.to_owned(),
                hir: linear::relaxed(&reading.node),
                bounded: Some(Bounded::new(&reading.node, reading.refers)),
                flow: flow::flow(&reading.node),
            },
        };
        Ok(Self(Arc::new(parts)))
    }

    /// A text as it stands.
    pub fn literal(text: &str, any_case: bool) -> Self {
        let reader = text.chars().map(|letter| read::letter(letter, any_case)).collect();
        let hir = linear::relaxed(&Node::concat(reader));
        Self(Arc::new(Parts { source: text.to_owned(), hir, bounded: None, flow: None }))
    }

    /// Whether it runs by backtracking under a limit.
    pub fn is_bounded(&self) -> bool {
        self.0.bounded.is_some()
    }

    /// Compiles what is otherwise compiled when it is first needed; for checks of rules.
    ///
    /// # Errors
    ///
    /// What the backtracking engine has against a bounded pattern.
    pub fn prepare(&self) -> Result<(), Refusal> {
        let compiled = self.0.bounded.as_ref().map_or(Ok(()), |bounded| bounded.compile().map(|_| ()));
        compiled.map_err(|error| Refusal::new(0, format!("not taken by the backtracking engine: {error}")))
    }

    /// The text it was read from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The automaton's form: the pattern, or for a bounded one something that matches wherever it does.
    pub(super) fn hir(&self) -> &Hir {
        &self.0.hir
    }

    /// What decides for a bounded pattern.
    pub(super) fn backtracking(&self) -> Option<&Bounded> {
        self.0.bounded.as_ref()
    }

    /// A bounded pattern in pieces, where it can be cut into such.
    pub(super) fn flow(&self) -> Option<&Flow> {
        self.0.flow.as_ref()
    }

    fn read(source: &str, flags: &str) -> Result<(read::Reading, Result<Hir, &'static str>), Refusal> {
        let mut on = read::Flags::default();
        for letter in flags.chars() {
            if !("imsx".contains(letter) && on.set(letter, true)) {
                return Err(Refusal::new(source.len(), format!("no flag `{letter}`; there are i, m, s and x")));
            }
        }
        let reading = read::read(source, on)?;
        if linear::places(&reading.node) > limits::PATTERN_PLACES_MAX {
            let what = format!("more than {} places when its counts are written out", limits::PATTERN_PLACES_MAX);
            return Err(Refusal::new(0, what));
        }
        let hir = linear::exact(&reading.node);
        Ok((reading, hir))
    }
}

#[cfg(test)]
mod tests;
