//! The tree of a condition, each node with the octets it was read from.
//!
//! Pure. Vocabulary only.

use std::ops::Range;

/// A piece of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub kind: Kind,
    /// Octets of the condition's text.
    pub span: Range<usize>,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Regex {
        source: String,
        flags: String,
    },
    /// A field, a named list or a symbol.
    Name(String),
    /// `name(arguments)`, with what may follow: `.raw.folded`.
    Call {
        name: String,
        arguments: Vec<Node>,
        suffix: String,
    },
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    /// Terms that are added, or taken away where the flag is set.
    Sum(Vec<(bool, Node)>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    /// `any link.host in x`, `count(subject ~ /x/)`.
    Quantified {
        quantifier: Quantifier,
        body: Box<Node>,
    },
    /// `any link where (...)`.
    Where {
        quantifier: Quantifier,
        items: String,
        condition: Box<Node>,
    },
}

/// How many values have to fulfil a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    Any,
    /// True if there is no value.
    All,
    /// The number of those that do.
    Count,
}

/// An operator between two pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    NotMatches,
    Contains,
    NotContains,
    In,
    NotIn,
}

impl Operator {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Matches => "~",
            Self::NotMatches => "!~",
            Self::Contains => "contains",
            Self::NotContains => "not contains",
            Self::In => "in",
            Self::NotIn => "not in",
        }
    }

    /// The positive operator, and whether this one is its negation.
    #[must_use]
    pub fn positive(self) -> (Self, bool) {
        match self {
            Self::NotEqual => (Self::Equal, true),
            Self::NotMatches => (Self::Matches, true),
            Self::NotContains => (Self::Contains, true),
            Self::NotIn => (Self::In, true),
            other => (other, false),
        }
    }
}
