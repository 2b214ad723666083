//! From the tree to what regex-automata understands, where an automaton can do it exactly.
//!
//! Pure. `$` without the m flag, `^` with it, atomic groups and possessive quantifiers are look-around in disguise;
//! what follows them in the pattern tells whether that makes a difference.

use super::{
    node::{Anchor, Greed, Node, beyond},
    octets::Octets,
};
use regex_syntax::hir::{Class, Hir, Look, Repetition};

/// What can follow a place in the pattern.
#[derive(Clone, Copy)]
pub struct Next {
    /// The octets it may begin with.
    first: Octets,
    /// Whether all of it can be empty.
    nullable: bool,
    /// Whether an assertion may stand before its first octet.
    looks: bool,
}

impl Next {
    /// Nothing: the pattern ends there.
    pub const END: Self = Self { first: Octets::NONE, nullable: true, looks: false };
    /// There is no telling.
    pub const ANY: Self = Self { first: Octets::ALL, nullable: true, looks: true };

    /// What follows a place before `node`.
    pub fn before(self, node: &Node) -> Self {
        let nullable = node.is_nullable();
        Self {
            first: if nullable { node.first().union(self.first) } else { node.first() },
            nullable: nullable && self.nullable,
            looks: node.looks_first() || (nullable && self.looks),
        }
    }

    /// What follows one turn of a repetition that this follows.
    pub fn within_repeat(self, turn: &Node, max: Option<u32>) -> Self {
        if max.is_some_and(|max| max <= 1) {
            return self;
        }
        let again = self.before(turn);
        Self { first: again.first.union(self.first), nullable: self.nullable, looks: again.looks || self.looks }
    }

    /// Whether anything that was matched so far is a match of the whole.
    fn is_free(self) -> bool {
        self.nullable && !self.looks
    }
}

/// The exact automaton's form; else the name of the first thing that has none.
pub fn exact(node: &Node) -> Result<Hir, &'static str> {
    exact_before(node, Next::END)
}

/// The exact automaton's form of a part of a pattern, with what follows it there.
pub fn exact_before(node: &Node, next: Next) -> Result<Hir, &'static str> {
    Linear { relaxed: false }.hir(node, next)
}

/// A form that matches wherever the pattern does, and perhaps elsewhere.
pub fn relaxed(node: &Node) -> Hir {
    Linear { relaxed: true }.hir(node, Next::END).unwrap_or_else(|_| Hir::empty())
}

/// Places of the pattern when all counts are written out.
pub fn places(node: &Node) -> u64 {
    match node {
        Node::Empty | Node::Anchor(_) | Node::One(_) | Node::Back { .. } => 1,
        Node::Concat(nodes) | Node::Either(nodes) => nodes.iter().map(places).fold(1, u64::saturating_add),
        Node::Repeat { node, min, max, .. } => {
            places(node).saturating_mul(u64::from(max.unwrap_or(*min).max(*min).max(1)))
        }
        Node::Capture(_, node) | Node::Atomic(node) | Node::Around { node, .. } => places(node).saturating_add(1),
    }
}

/// Octets that a match and all that is looked at around it have at most; none if there is no telling.
pub fn extent(node: &Node) -> Option<usize> {
    match node {
        Node::Empty => Some(0),
        Node::Anchor(_) | Node::One(_) => Some(1),
        Node::Back { .. } => None,
        Node::Concat(nodes) => nodes.iter().try_fold(0_usize, |sum, node| sum.checked_add(extent(node)?)),
        Node::Either(nodes) => nodes.iter().try_fold(0, |most, node| Some(extent(node)?.max(most))),
        Node::Repeat { node, max, .. } => extent(node)?.checked_mul(usize::try_from((*max)?).ok()?),
        Node::Capture(_, node) | Node::Atomic(node) | Node::Around { node, .. } => extent(node),
    }
}

struct Linear {
    relaxed: bool,
}

impl Linear {
    fn hir(&self, node: &Node, next: Next) -> Result<Hir, &'static str> {
        match node {
            Node::Empty => Ok(Hir::empty()),
            Node::One(set) => Ok(Hir::class(Class::Bytes(set.class()))),
            Node::Anchor(anchor) => self.anchor(*anchor, next),
            Node::Concat(nodes) => self.concat(nodes, next),
            Node::Either(nodes) => {
                let branches: Result<_, _> = nodes.iter().map(|node| self.hir(node, next)).collect();
                Ok(Hir::alternation(branches?))
            }
            Node::Repeat { node: inner, min, max, greed } => {
                if *greed == Greed::Possessive && !self.relaxed && !next.is_free() && !gives_nothing_back(node, next) {
                    return Err(beyond(node));
                }
                let sub = Box::new(self.hir(inner, next.within_repeat(inner, *max))?);
                Ok(Hir::repetition(Repetition { min: *min, max: *max, greedy: *greed != Greed::Lazy, sub }))
            }
            Node::Capture(_, inner) => self.hir(inner, next),
            Node::Atomic(inner) => {
                if self.relaxed || next.is_free() || gives_nothing_back(inner, next) {
                    return self.hir(inner, next);
                }
                Err(beyond(node))
            }
            Node::Around { ahead, negative, node: inner } => self.around(node, *ahead, *negative, inner),
            Node::Back { .. } if self.relaxed => Ok(anything()),
            Node::Back { .. } => Err(beyond(node)),
        }
    }

    fn concat(&self, nodes: &[Node], next: Next) -> Result<Hir, &'static str> {
        let (mut hirs, mut follows) = (Vec::with_capacity(nodes.len()), next);
        for node in nodes.iter().rev() {
            hirs.push(self.hir(node, follows)?);
            follows = follows.before(node);
        }
        hirs.reverse();
        Ok(Hir::concat(hirs))
    }

    fn anchor(&self, anchor: Anchor, next: Next) -> Result<Hir, &'static str> {
        let look = match anchor {
            Anchor::Start => Look::Start,
            Anchor::End => Look::End,
            Anchor::LineEnd => Look::EndLF,
            Anchor::Word => Look::WordAscii,
            Anchor::NotWord => Look::WordAsciiNegate,
            // At the very end nothing starts, so an octet must follow.
            Anchor::LineStart if self.relaxed || !next.nullable => Look::StartLF,
            Anchor::LastLine if self.relaxed => Look::EndLF,
            Anchor::LastLine if next.is_free() => {
                let line_end = Hir::concat(vec![Hir::literal(*b"\n"), Hir::look(Look::End)]);
                return Ok(Hir::alternation(vec![Hir::look(Look::End), line_end]));
            }
            // What follows needs an octet that cannot be there.
            Anchor::LastLine if !next.nullable && !next.looks && !next.first.contains(b'\n') => return Ok(Hir::fail()),
            Anchor::LineStart | Anchor::LastLine => return Err(beyond(&Node::Anchor(anchor))),
        };
        Ok(Hir::look(look))
    }

    /// Look-around that is half a word boundary; no other is taken.
    fn around(&self, node: &Node, ahead: bool, negative: bool, inner: &Node) -> Result<Hir, &'static str> {
        if negative && *inner == Node::One(Octets::word()) {
            return Ok(Hir::look(if ahead { Look::WordEndHalfAscii } else { Look::WordStartHalfAscii }));
        }
        if self.relaxed { Ok(Hir::empty()) } else { Err(beyond(node)) }
    }
}

/// Whether something that never gives back what it took does as well without that promise, before `next`.
fn gives_nothing_back(node: &Node, next: Next) -> bool {
    if next.looks || next.nullable {
        return false;
    }
    match node {
        // It takes all there is, and nothing of that can begin what follows.
        Node::Repeat { node: inner, greed: Greed::Greedy | Greed::Possessive, .. } => {
            matches!(**inner, Node::One(set) if set.intersection(next.first).is_empty())
        }
        // The longest is tried first, and no octet behind the first of it can begin what follows.
        Node::Either(branches) => {
            let lengths: Option<Vec<usize>> = branches.iter().map(length).collect();
            lengths.is_some_and(|lengths| lengths.is_sorted_by(|longer, shorter| longer >= shorter))
                && branches.iter().all(|branch| octets_after_first(branch).intersection(next.first).is_empty())
        }
        Node::One(_) => true,
        Node::Capture(_, inner) | Node::Atomic(inner) => gives_nothing_back(inner, next),
        _ => false,
    }
}

/// Octets of a sequence of single places; none for anything else.
fn length(node: &Node) -> Option<usize> {
    match node {
        Node::Empty => Some(0),
        Node::One(_) => Some(1),
        Node::Concat(nodes) => nodes.iter().all(|node| matches!(node, Node::One(_))).then_some(nodes.len()),
        _ => None,
    }
}

fn octets_after_first(node: &Node) -> Octets {
    match node {
        Node::Concat(nodes) => nodes.iter().skip(1).fold(Octets::NONE, |set, node| set.union(node.first())),
        _ => Octets::NONE,
    }
}

fn anything() -> Hir {
    let sub = Box::new(Hir::class(Class::Bytes(Octets::ALL.class())));
    Hir::repetition(Repetition { min: 0, max: None, greedy: true, sub })
}
