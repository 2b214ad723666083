//! A condition made ready to run: names resolved, types checked, patterns put into their matchers.
//!
//! Pure. Vocabulary only.

use crate::judge::rules::{
    fields::{Items, Reference},
    language::syntax::{Operator, Quantifier},
    lists::{Brands, Set},
    scan::whole::Whole,
};
use crate::mail::lookalike::Looks;
use aho_corasick::AhoCorasick;
use std::sync::Arc;

/// A piece of a condition; its value is a number, true if it is not 0.
#[derive(Clone)]
pub enum Code {
    Number(f64),
    /// Hits of a rule, by its place in the program.
    Symbol(usize),
    /// A number or a flag that has one value.
    Read(Reference),
    Not(Box<Code>),
    And(Vec<Code>),
    Or(Vec<Code>),
    /// Terms that are added, or taken away where the flag is set.
    Sum(Vec<(bool, Code)>),
    /// Arithmetic or comparison of numbers.
    Binary(Operator, Box<Code>, Box<Code>),
    /// Some value matches a pattern.
    Hit(Hit),
    Each(Each),
    Where(Quantifier, Items, Box<Code>),
    Lookalike(Reference, Arc<Vec<Looks>>),
    Impersonates(Reference, Reference, Arc<Brands>),
}

/// A pattern in the matcher of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Place of the field among the program's matchers.
    pub matcher: usize,
    /// Place of the pattern in the matcher.
    pub pattern: usize,
}

/// A test put to every value of a field.
#[derive(Clone)]
pub struct Each {
    pub quantifier: Quantifier,
    pub reference: Reference,
    pub test: Test,
    pub is_negated: bool,
}

/// What is asked of one value.
#[derive(Clone)]
pub enum Test {
    Matches(Arc<Whole>),
    /// Holds one of these, ASCII case aside.
    Contains(Arc<AhoCorasick>),
    /// Is this, ASCII case aside.
    Equals(Vec<u8>),
    In(Arc<Set>),
    /// Is one of the values of another field, ASCII case aside.
    InField(Reference),
    /// Holds one of the values of another field, ASCII case aside.
    ContainsField(Reference),
    Number(Operator, f64),
    /// Is there; a flag is set.
    Is,
}

/// What running a condition costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// Facts, flags and numbers only.
    Facts,
    /// Patterns that run where a literal stands.
    Literal,
    /// Patterns that read every octet of their field.
    Scan,
    /// Patterns under a step limit.
    Bounded,
}

impl Cost {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Literal => "literal",
            Self::Scan => "scan",
            Self::Bounded => "bounded",
        }
    }
}

impl Code {
    /// Every piece of the condition, outermost first.
    pub fn walk<'c>(&'c self, visit: &mut dyn FnMut(&'c Code)) {
        visit(self);
        match self {
            Self::Not(inner) | Self::Where(_, _, inner) => inner.walk(visit),
            Self::And(all) | Self::Or(all) => all.iter().for_each(|code| code.walk(visit)),
            Self::Sum(terms) => terms.iter().for_each(|(_, code)| code.walk(visit)),
            Self::Binary(_, left, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            _ => {}
        }
    }
}
