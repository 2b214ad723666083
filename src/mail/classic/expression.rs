//! A regular expression over octets, for the formats that SpamAssassin knows by expression.
//!
//! Pure. Linear time, no Unicode classes; a source that does not compile never matches (tests compile them all).

use regex_automata::{
    Input,
    meta::{Config, Regex},
    util::{captures::Captures, syntax},
};
use std::{
    ops::{Deref, Range},
    sync::OnceLock,
};

/// One compiled expression. Clones share the program.
#[derive(Clone, Debug)]
pub struct Expression(Option<Regex>);

impl Expression {
    /// Compiles a source of ours.
    #[must_use]
    pub fn new(source: &str) -> Self {
        let compiled = Self::parse(source);
        debug_assert!(compiled.is_some(), "does not compile: {source}");
        Self(compiled.and_then(|expression| expression.0))
    }

    /// Compiles a source of somebody else.
    #[must_use]
    pub fn parse(source: &str) -> Option<Self> {
        let words = syntax::Config::new().unicode(false).utf8(false);
        let config = Config::new().utf8_empty(false).nfa_size_limit(Some(SIZE_MAX));
        let regex = Regex::builder().syntax(words).configure(config).build(source).ok()?;
        Some(Self(Some(regex)))
    }

    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// The leftmost match at or behind `from`.
    #[must_use]
    pub fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        if from > text.len() {
            return None;
        }
        Some(self.0.as_ref()?.find(Input::new(text).range(from..))?.range())
    }

    /// The groups of the leftmost match at or behind `from`.
    #[must_use]
    pub fn groups<'t>(&self, text: &'t [u8], from: usize) -> Option<Groups<'t>> {
        if from > text.len() {
            return None;
        }
        let regex = self.0.as_ref()?;
        let mut found = regex.create_captures();
        regex.search_captures(&Input::new(text).range(from..), &mut found);
        found.is_match().then_some(Groups { text, found })
    }

    /// Replaces every match with `with`.
    #[must_use]
    pub fn replace(&self, text: &[u8], with: &[u8]) -> Vec<u8> {
        let Some(regex) = self.0.as_ref() else { return text.to_vec() };
        let mut replaced = Vec::with_capacity(text.len());
        let mut at = 0;
        for found in regex.find_iter(text) {
            replaced.extend_from_slice(text.get(at..found.start()).unwrap_or_default());
            replaced.extend_from_slice(with);
            at = found.end();
        }
        replaced.extend_from_slice(text.get(at..).unwrap_or_default());
        replaced
    }
}

/// An expression in a static, compiled when it is first used.
#[derive(Debug)]
pub struct Stored {
    source: &'static str,
    compile: fn(&str) -> Expression,
    compiled: OnceLock<Expression>,
}

impl Stored {
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self::with(source, Expression::new)
    }

    /// As `new`, the source being written in some shorthand.
    #[must_use]
    pub const fn with(source: &'static str, compile: fn(&str) -> Expression) -> Self {
        Self { source, compile, compiled: OnceLock::new() }
    }
}

impl Deref for Stored {
    type Target = Expression;

    fn deref(&self) -> &Expression {
        self.compiled.get_or_init(|| (self.compile)(self.source))
    }
}

/// What the groups of a match hold.
#[derive(Debug)]
pub struct Groups<'t> {
    text: &'t [u8],
    found: Captures,
}

impl<'t> Groups<'t> {
    /// The octets of group `index`; 0 is the whole match.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'t [u8]> {
        self.text.get(self.found.get_group(index)?.range())
    }

    /// The octets of a named group.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&'t [u8]> {
        self.text.get(self.found.get_group_by_name(name)?.range())
    }

    /// Where the whole match ends.
    #[must_use]
    pub fn end(&self) -> usize {
        self.found.get_match().map_or(self.text.len(), |found| found.end())
    }

    /// Where the whole match begins.
    #[must_use]
    pub fn start(&self) -> usize {
        self.found.get_match().map_or(0, |found| found.start())
    }
}

/// Octets one program may take.
const SIZE_MAX: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_octets() {
        let expression = Expression::new(r"(?-u:\xff)(\w+)");
        let groups = expression.groups(b"a\xffbc d", 0).unwrap();
        assert_eq!(groups.get(1), Some(&b"bc"[..]));
        assert_eq!(expression.replace(b"\xffx-\xffy", b"."), b".-.");
        assert!(Expression::parse("(").is_none());
    }
}
