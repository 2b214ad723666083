//! One pattern over whole segments: where literals do not help, and where positions are asked for.
//!
//! Pure.

use crate::{
    judge::rules::pattern::{Pattern, flow::Flow},
    limits,
};
use fancy_regex::RegexInput;
use regex_automata::{Input, meta, nfa::thompson::WhichCaptures};
use std::{ops::Range, sync::OnceLock};

/// Octets that a bounded pattern's match may have if it is looked for around a place only.
const REACH_MAX: usize = 512;

/// A pattern with its engine, which is built when it is first needed.
#[derive(Debug)]
pub struct Whole {
    pub pattern: Pattern,
    regex: OnceLock<Option<meta::Regex>>,
}

/// A bounded pattern met the limit of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl Whole {
    pub fn new(pattern: Pattern) -> Self {
        Self { pattern, regex: OnceLock::new() }
    }

    /// The automaton of the pattern; none if it is too large, which the bound on places rules out.
    fn regex(&self) -> Option<&meta::Regex> {
        let build = || {
            let config = meta::Config::new()
                .utf8_empty(false)
                .which_captures(WhichCaptures::Implicit)
                .nfa_size_limit(Some(limits::PATTERN_NFA_BYTES_MAX))
                .hybrid_cache_capacity(limits::PATTERN_CACHE_BYTES_MAX)
                .dfa(false)
                .onepass(false);
            meta::Builder::new().configure(config).build_from_hir(self.pattern.hir()).ok()
        };
        self.regex.get_or_init(build).as_ref()
    }

    /// Whether the automaton's form is found; for a bounded pattern that is a question, not the answer.
    pub fn is_candidate(&self, segment: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(segment))
    }

    /// Octets on either side of a place in a match that can matter to a bounded pattern; none if there is no telling.
    pub fn reach(&self) -> Option<usize> {
        self.pattern.backtracking()?.extent().filter(|extent| *extent <= REACH_MAX)
    }

    /// Whether its automaton's form takes what is kept and comes again for anything, and says little and grows large.
    pub fn refers_far(&self) -> bool {
        self.reach().is_none() && self.pattern.flow().is_some_and(Flow::refers)
    }

    /// Whether the pattern is found in a part of a segment; what is around it is looked at where the pattern says so.
    pub fn is_confirmed_in(&self, segment: &[u8], range: Range<usize>) -> Result<bool, Exhausted> {
        let Some(bounded) = self.pattern.backtracking() else { return Ok(true) };
        let input = RegexInput::new(segment).from_pos(range.start).range(range);
        bounded.regex().ok_or(Exhausted)?.is_match_input(input).map_err(|_| Exhausted)
    }

    /// Whether it matches; not where it met the limit of its steps.
    #[must_use]
    pub fn is_match(&self, segment: &[u8]) -> bool {
        self.is_candidate(segment) && self.is_confirmed_in(segment, 0..segment.len()).unwrap_or(false)
    }

    /// The first match at or after a place.
    pub fn find(&self, segment: &[u8], from: usize) -> Result<Option<Range<usize>>, Exhausted> {
        if from > segment.len() {
            return Ok(None);
        }
        match self.pattern.backtracking() {
            None => Ok(self
                .regex()
                .and_then(|regex| regex.find(Input::new(segment).range(from..)))
                .map(|found| found.range())),
            Some(bounded) => {
                let found = bounded.regex().ok_or(Exhausted)?.find_from_pos(segment, from).map_err(|_| Exhausted)?;
                Ok(found.map(|found| found.range()))
            }
        }
    }

    /// Matches that do not overlap, as `while (/.../g)` counts them, up to a bound.
    pub fn count(&self, segment: &[u8], max: usize) -> usize {
        let (mut count, mut from) = (0, 0);
        while count < max {
            let Ok(Some(found)) = self.find(segment, from) else { break };
            count += 1;
            from = if found.is_empty() { found.end + 1 } else { found.end };
        }
        count
    }
}
