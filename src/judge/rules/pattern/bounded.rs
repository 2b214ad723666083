//! From the tree to what fancy-regex understands: patterns that need backtracking, under a step limit.
//!
//! Pure. Everything is written out: no flags, sets as hexadecimal ranges, anchors as Perl means them.

use super::{
    linear,
    node::{Anchor, Greed, Node},
};
use crate::limits;
use fancy_regex::{BytesMode, Regex, RegexBuilder};
use std::{fmt::Write, sync::OnceLock};

/// A pattern written for fancy-regex, compiled when it is first needed: that takes milliseconds.
#[derive(Debug)]
pub struct Bounded {
    text: String,
    /// Octets that a match and all that is looked at around it have at most.
    extent: Option<usize>,
    regex: OnceLock<Option<Regex>>,
}

impl Bounded {
    pub fn new(node: &Node, refers: bool) -> Self {
        let mut text = String::new();
        write(node, refers, &mut text);
        Self { text, extent: linear::extent(node), regex: OnceLock::new() }
    }

    /// Octets on either side of any place in a match that can matter to it; none if there is no telling.
    pub fn extent(&self) -> Option<usize> {
        self.extent
    }

    /// The engine; none where fancy-regex does not take the pattern.
    pub fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| self.compile().ok()).as_ref()
    }

    /// Compiles it now, for those who want to know what fancy-regex says.
    pub fn compile(&self) -> Result<Regex, String> {
        RegexBuilder::new(&self.text)
            .bytes_mode(BytesMode::Ascii)
            .backtrack_limit(limits::PATTERN_STEPS_MAX)
            .max_prog_size(limits::PATTERN_PROGRAM_MAX)
            .delegate_size_limit(limits::PATTERN_NFA_BYTES_MAX)
            .build()
            .map_err(|error| error.to_string())
    }
}

fn write(node: &Node, refers: bool, text: &mut String) {
    match node {
        Node::Empty => text.push_str("(?:)"),
        Node::One(set) => write_set(&set.ranges(), text),
        Node::Anchor(anchor) => text.push_str(match anchor {
            Anchor::Start => "\\A",
            Anchor::End => "\\z",
            Anchor::LastLine => "(?=\\n?\\z)",
            Anchor::LineStart => "(?:\\A|(?<=\\n)(?!\\z))",
            Anchor::LineEnd => "(?=\\n|\\z)",
            Anchor::Word => "\\b",
            Anchor::NotWord => "\\B",
        }),
        Node::Concat(nodes) => nodes.iter().for_each(|node| write(node, refers, text)),
        Node::Either(nodes) => write_group("(?:", nodes, refers, text),
        Node::Repeat { node, min, max, greed } => {
            write_group("(?:", std::slice::from_ref(node), refers, text);
            // A string takes any text.
            let _ = match max {
                Some(max) => write!(text, "{{{min},{max}}}"),
                None => write!(text, "{{{min},}}"),
            };
            text.push_str(match greed {
                Greed::Greedy => "",
                Greed::Lazy => "?",
                Greed::Possessive => "+",
            });
        }
        Node::Capture(_, node) => {
            write_group(if refers { "(" } else { "(?:" }, std::slice::from_ref(node), refers, text);
        }
        Node::Atomic(node) => write_group("(?>", std::slice::from_ref(node), refers, text),
        Node::Around { ahead, negative, node } => {
            let open = match (ahead, negative) {
                (true, false) => "(?=",
                (true, true) => "(?!",
                (false, false) => "(?<=",
                (false, true) => "(?<!",
            };
            write_group(open, std::slice::from_ref(node), refers, text);
        }
        Node::Back { group, any_case } => {
            let open = if *any_case { "(?i:" } else { "(?:" };
            let _ = write!(text, "{open}\\{group})");
        }
    }
}

fn write_group<T: std::borrow::Borrow<Node>>(open: &str, branches: &[T], refers: bool, text: &mut String) {
    text.push_str(open);
    for (number, branch) in branches.iter().enumerate() {
        if number > 0 {
            text.push('|');
        }
        write(branch.borrow(), refers, text);
    }
    text.push(')');
}

fn write_set(ranges: &[(u8, u8)], text: &mut String) {
    match ranges {
        [] => text.push_str("(?!)"),
        [(one, last)] if one == last && one.is_ascii_alphanumeric() => text.push(char::from(*one)),
        ranges => {
            text.push('[');
            for (first, last) in ranges {
                let _ = write!(text, "\\x{first:02x}-\\x{last:02x}");
            }
            text.push(']');
        }
    }
}
