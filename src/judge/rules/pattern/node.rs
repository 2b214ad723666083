//! The syntax tree of a pattern: what Perl's regular expressions say, over octets.
//!
//! Pure.

use super::octets::Octets;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Empty,
    /// One octet out of a set.
    One(Octets),
    Anchor(Anchor),
    Concat(Vec<Node>),
    Either(Vec<Node>),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        greed: Greed,
    },
    /// A group that captures; its number, from 1.
    Capture(u32, Box<Node>),
    /// Look-around.
    Around {
        ahead: bool,
        negative: bool,
        node: Box<Node>,
    },
    /// What a group captured, again.
    Back {
        group: u32,
        any_case: bool,
    },
    /// Once matched, never tried another way.
    Atomic(Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Start of the segment.
    Start,
    /// End of the segment.
    End,
    /// End of the segment, or before a line end that ends it.
    LastLine,
    /// Start of any line; not after a line end that ends the segment.
    LineStart,
    /// End of any line.
    LineEnd,
    Word,
    NotWord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

impl Node {
    pub fn concat(mut nodes: Vec<Node>) -> Node {
        if nodes.len() > 1 {
            return Node::Concat(nodes);
        }
        nodes.pop().unwrap_or(Node::Empty)
    }

    pub fn either(mut nodes: Vec<Node>) -> Node {
        if nodes.len() > 1 {
            return Node::Either(nodes);
        }
        nodes.pop().unwrap_or(Node::Empty)
    }

    /// The octets of a text, one after the other.
    pub fn text(octets: &[u8], any_case: bool) -> Node {
        let one = |octet: &u8| {
            let set = Octets::of(&[(*octet, *octet)]);
            Node::One(if any_case { set.any_case() } else { set })
        };
        Node::concat(octets.iter().map(one).collect())
    }

    /// Whether it can match without taking an octet.
    pub fn is_nullable(&self) -> bool {
        match self {
            Node::One(_) => false,
            Node::Empty | Node::Anchor(_) | Node::Around { .. } | Node::Back { .. } => true,
            Node::Concat(nodes) => nodes.iter().all(Node::is_nullable),
            Node::Either(nodes) => nodes.iter().any(Node::is_nullable),
            Node::Repeat { node, min, .. } => *min == 0 || node.is_nullable(),
            Node::Capture(_, node) | Node::Atomic(node) => node.is_nullable(),
        }
    }

    /// The octets a match may begin with, one that takes any; more than that where it cannot be told.
    pub fn first(&self) -> Octets {
        match self {
            Node::One(set) => *set,
            Node::Empty | Node::Anchor(_) | Node::Around { .. } => Octets::NONE,
            Node::Back { .. } => Octets::ALL,
            Node::Concat(nodes) => {
                let mut set = Octets::NONE;
                for node in nodes {
                    set = set.union(node.first());
                    if !node.is_nullable() {
                        break;
                    }
                }
                set
            }
            Node::Either(nodes) => nodes.iter().fold(Octets::NONE, |set, node| set.union(node.first())),
            Node::Repeat { node, .. } | Node::Capture(_, node) | Node::Atomic(node) => node.first(),
        }
    }

    /// Whether an assertion can stand before the first octet of a match.
    pub fn looks_first(&self) -> bool {
        match self {
            Node::Anchor(_) | Node::Around { .. } | Node::Back { .. } => true,
            Node::Empty | Node::One(_) => false,
            Node::Concat(nodes) => {
                for node in nodes {
                    if node.looks_first() {
                        return true;
                    }
                    if !node.is_nullable() {
                        return false;
                    }
                }
                false
            }
            Node::Either(nodes) => nodes.iter().any(Node::looks_first),
            Node::Repeat { node, .. } | Node::Capture(_, node) | Node::Atomic(node) => node.looks_first(),
        }
    }
}

/// The name of a thing that an automaton cannot do everywhere, for refusals.
pub fn beyond(node: &Node) -> &'static str {
    match node {
        Node::Around { ahead: true, negative: false, .. } => "look-ahead `(?=...)`",
        Node::Around { ahead: true, negative: true, .. } => "negative look-ahead `(?!...)`",
        Node::Around { ahead: false, negative: false, .. } => "look-behind `(?<=...)`",
        Node::Around { ahead: false, negative: true, .. } => "negative look-behind `(?<!...)`",
        Node::Back { .. } => "a backreference",
        Node::Atomic(_) => "an atomic group or `\\R` that could give back what it took",
        Node::Repeat { .. } => "a possessive quantifier that could give back what it took",
        Node::Anchor(Anchor::LineStart) => "`^` with the m flag before something that can be empty",
        _ => "`$` or `\\Z` before something that can take a line end",
    }
}
