//! From the tree to pieces that automata do, with what only a pattern that backtracks has between them.
//!
//! Pure. Look-around, and groups with what refers to them, cut a pattern into pieces. Whether it is found is a question
//! of places: those at which the pieces so far can end are those at which the next may begin.

use super::{
    linear::{self, Next},
    node::{Anchor, Greed, Node},
    octets::Octets,
};
use regex_syntax::hir::{Class, Hir, Look, Repetition};

/// Groups that a pattern may refer to.
pub const SLOTS: usize = 4;

/// A pattern in pieces.
#[derive(Clone, Debug)]
pub enum Flow {
    /// What an automaton does.
    Walk(Hir),
    /// The same, to the last of the places where it can end.
    Most(Hir),
    /// A piece whose text is kept, in the slot of this number; whether it must come again behind it.
    Keep {
        slot: usize,
        flow: Box<Flow>,
        returns: bool,
    },
    /// What a slot keeps, again.
    Echo {
        slot: usize,
        any_case: bool,
    },
    /// What stands behind a place.
    Ahead {
        negative: bool,
        flow: Box<Flow>,
    },
    /// What stands before a place.
    Behind {
        negative: bool,
        walk: Hir,
    },
    Chain(Vec<Flow>),
    Choice(Vec<Flow>),
    Repeat {
        flow: Box<Flow>,
        min: u32,
        max: Option<u32>,
    },
}

impl Flow {
    /// Whether something that was kept comes again in it.
    pub fn refers(&self) -> bool {
        match self {
            Self::Walk(_) | Self::Most(_) | Self::Behind { .. } => false,
            Self::Echo { .. } => true,
            Self::Keep { flow, .. } | Self::Ahead { flow, .. } | Self::Repeat { flow, .. } => flow.refers(),
            Self::Chain(flows) | Self::Choice(flows) => flows.iter().any(Flow::refers),
        }
    }

    /// Whether no way leads through it but over what a slot keeps.
    fn echoes(&self, wanted: usize) -> bool {
        match self {
            Self::Walk(_) | Self::Most(_) | Self::Behind { .. } => false,
            Self::Echo { slot, .. } => *slot == wanted,
            Self::Keep { flow, .. } => flow.echoes(wanted),
            Self::Ahead { negative, flow } => !negative && flow.echoes(wanted),
            Self::Repeat { flow, min, .. } => *min > 0 && flow.echoes(wanted),
            Self::Chain(flows) => flows.iter().any(|flow| flow.echoes(wanted)),
            Self::Choice(flows) => flows.iter().all(|flow| flow.echoes(wanted)),
        }
    }
}

/// The pieces of a pattern; none if it holds on to what an order of ways decides, or refers to many groups.
pub fn flow(node: &Node) -> Option<Flow> {
    let mut groups = Vec::new();
    referred(node, &mut groups);
    groups.sort_unstable();
    groups.dedup();
    if groups.len() > SLOTS { None } else { Cutter { groups }.cut(node, Next::END) }
}

/// The groups that something refers to.
fn referred(node: &Node, groups: &mut Vec<u32>) {
    match node {
        Node::Empty | Node::One(_) | Node::Anchor(_) => {}
        Node::Back { group, .. } => groups.push(*group),
        Node::Concat(nodes) | Node::Either(nodes) => nodes.iter().for_each(|node| referred(node, groups)),
        Node::Repeat { node, .. } | Node::Capture(_, node) | Node::Around { node, .. } | Node::Atomic(node) => {
            referred(node, groups);
        }
    }
}

struct Cutter {
    /// The group of each slot.
    groups: Vec<u32>,
}

impl Cutter {
    fn slot(&self, group: u32) -> Option<usize> {
        self.groups.iter().position(|known| *known == group)
    }

    /// Whether a group in it is referred to.
    fn keeps(&self, node: &Node) -> bool {
        match node {
            Node::Empty | Node::One(_) | Node::Anchor(_) | Node::Back { .. } => false,
            Node::Capture(group, node) => self.slot(*group).is_some() || self.keeps(node),
            Node::Concat(nodes) | Node::Either(nodes) => nodes.iter().any(|node| self.keeps(node)),
            Node::Repeat { node, .. } | Node::Around { node, .. } | Node::Atomic(node) => self.keeps(node),
        }
    }

    /// The automaton of a piece without groups that are referred to.
    fn walk(&self, node: &Node, next: Next) -> Option<Hir> {
        if self.keeps(node) { None } else { linear::exact_before(node, next).ok() }
    }

    fn cut(&self, node: &Node, next: Next) -> Option<Flow> {
        if let Some(hir) = self.walk(node, next) {
            return Some(Flow::Walk(hir));
        }
        match node {
            Node::Anchor(anchor) => anchored(*anchor),
            Node::Empty | Node::One(_) => None,
            Node::Concat(nodes) => self.chain(nodes, next),
            Node::Either(nodes) => {
                let (easy, hard): (Vec<&Node>, Vec<&Node>) =
                    nodes.iter().partition(|node| self.walk(node, next).is_some());
                let mut flows: Vec<Flow> = hard.into_iter().map(|node| self.cut(node, next)).collect::<Option<_>>()?;
                if !easy.is_empty() {
                    let easy = Node::either(easy.into_iter().cloned().collect());
                    flows.push(Flow::Walk(self.walk(&easy, next)?));
                }
                Some(Flow::Choice(flows))
            }
            Node::Repeat { node: turn, min, max, greed: Greed::Possessive } => most(turn, *min, *max),
            Node::Atomic(node) => match &**node {
                Node::Repeat { node: turn, min, max, greed: Greed::Greedy } => most(turn, *min, *max),
                _ => None,
            },
            Node::Repeat { node, min, max, .. } => {
                let flow = Box::new(self.cut(node, next.within_repeat(node, *max))?);
                Some(Flow::Repeat { flow, min: *min, max: *max })
            }
            Node::Capture(group, node) => {
                let flow = self.cut(node, next)?;
                match self.slot(*group) {
                    Some(slot) => Some(Flow::Keep { slot, flow: Box::new(flow), returns: false }),
                    None => Some(flow),
                }
            }
            Node::Around { node, .. } if self.keeps(node) => None,
            Node::Around { ahead: true, negative, node } => {
                Some(Flow::Ahead { negative: *negative, flow: Box::new(self.cut(node, Next::END)?) })
            }
            // What a look-behind ends with is all that it is about, so nothing may follow it.
            Node::Around { ahead: false, negative, node } => {
                Some(Flow::Behind { negative: *negative, walk: self.walk(node, Next::ANY)? })
            }
            Node::Back { group, any_case } => Some(Flow::Echo { slot: self.slot(*group)?, any_case: *any_case }),
        }
    }

    /// Pieces one after the other; neighbours that one automaton does are one piece.
    fn chain(&self, nodes: &[Node], next: Next) -> Option<Flow> {
        let (mut flows, mut run, mut follows, mut behind_run) = (Vec::new(), Vec::new(), next, next);
        for node in nodes.iter().rev() {
            if self.walk(node, follows).is_some() {
                run.push(node.clone());
            } else {
                self.close(&mut run, behind_run, &mut flows)?;
                flows.push(self.cut(node, follows)?);
                behind_run = follows.before(node);
            }
            follows = follows.before(node);
        }
        self.close(&mut run, behind_run, &mut flows)?;
        flows.reverse();
        for number in 0..flows.len() {
            let (before, behind) = flows.split_at_mut(number + 1);
            if let Some(Flow::Keep { slot, returns, .. }) = before.last_mut() {
                *returns = behind.iter().any(|flow| flow.echoes(*slot));
            }
        }
        Some(Flow::Chain(flows))
    }

    /// Makes one piece of nodes in reverse order.
    fn close(&self, run: &mut Vec<Node>, next: Next, flows: &mut Vec<Flow>) -> Option<()> {
        if !run.is_empty() {
            run.reverse();
            flows.push(Flow::Walk(self.walk(&Node::concat(std::mem::take(run)), next)?));
        }
        Some(())
    }
}

/// A line's start or end where what follows may be empty: a look at what stands around tells.
fn anchored(anchor: Anchor) -> Option<Flow> {
    let octet = |set: Octets| Hir::class(Class::Bytes(set.class()));
    match anchor {
        // At the very end no line starts.
        Anchor::LineStart => {
            let follows = Flow::Ahead { negative: false, flow: Box::new(Flow::Walk(octet(Octets::ALL))) };
            let line = Flow::Chain(vec![Flow::Walk(Hir::look(Look::StartLF)), follows]);
            Some(Flow::Choice(vec![Flow::Walk(Hir::look(Look::Start)), line]))
        }
        Anchor::LastLine => {
            let line_end = octet(Octets::of(&[(b'\n', b'\n')]));
            let line_end = Repetition { min: 0, max: Some(1), greedy: true, sub: Box::new(line_end) };
            let rest = Hir::concat(vec![Hir::repetition(line_end), Hir::look(Look::End)]);
            Some(Flow::Ahead { negative: false, flow: Box::new(Flow::Walk(rest)) })
        }
        _ => None,
    }
}

/// Octets of a set, as many as there are.
fn most(turn: &Node, min: u32, max: Option<u32>) -> Option<Flow> {
    let Node::One(set) = turn else { return None };
    let sub = Box::new(Hir::class(Class::Bytes(set.class())));
    Some(Flow::Most(Hir::repetition(Repetition { min, max, greedy: true, sub })))
}
