//! Reads Perl's syntax of regular expressions into a tree.
//!
//! Pure. Whatever Perl knows and we do not is refused with its place and what to write instead; nothing is guessed.

use super::{
    Refusal,
    node::{Anchor, Greed, Node, beyond},
    octets::Octets,
};
use crate::limits;
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// The flags in force at a place.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "Perl's flags are independent of each other")]
pub struct Flags {
    pub any_case: bool,
    pub lines: bool,
    pub dot_all: bool,
    pub spaced: bool,
    pub no_capture: bool,
}

impl Flags {
    /// Takes a flag letter; `false` where it is none that we know.
    pub fn set(&mut self, letter: char, on: bool) -> bool {
        match letter {
            'i' => self.any_case = on,
            'm' => self.lines = on,
            's' => self.dot_all = on,
            'x' => self.spaced = on,
            'n' => self.no_capture = on,
            // Character sets and spans: octets are matched, and spans are always kept.
            'a' | 'd' | 'u' | 'p' => {}
            _ => return false,
        }
        true
    }
}

/// A tree with what is known of its groups.
#[derive(Debug)]
pub struct Reading {
    pub node: Node,
    /// Where things stand that an automaton cannot always do, and their names.
    pub beyond: Vec<(usize, &'static str)>,
    /// Whether something refers to a group.
    pub refers: bool,
}

/// A place in a pattern.
pub struct Reader<'a> {
    pub source: &'a str,
    pub at: usize,
    pub flags: Flags,
    depth: usize,
    groups: u32,
    names: Vec<(String, u32)>,
    /// Groups that are referred to by name or number before all groups are known, with the place.
    references: Vec<(u32, usize)>,
    branch_reset: Option<usize>,
    quoting: bool,
    beyond: Vec<(usize, &'static str)>,
}

type Read<T> = Result<T, Refusal>;

/// Reads a whole pattern.
pub fn read(source: &str, flags: Flags) -> Read<Reading> {
    if source.len() > limits::PATTERN_BYTES_MAX {
        return Err(Refusal::new(0, format!("longer than {} octets; split it", limits::PATTERN_BYTES_MAX)));
    }
    let mut reader = Reader {
        source,
        at: 0,
        flags,
        depth: 0,
        groups: 0,
        names: Vec::new(),
        references: Vec::new(),
        branch_reset: None,
        quoting: false,
        beyond: Vec::new(),
    };
    let node = reader.either()?;
    if reader.peek().is_some() {
        return Err(reader.refuse("`)` without its `(`; write `\\)` for the letter"));
    }
    for (group, at) in &reader.references {
        if *group == 0 || *group > reader.groups {
            return Err(Refusal::new(*at, format!("a reference to group {group}, which is not there")));
        }
    }
    if let (Some(at), false) = (reader.branch_reset, reader.references.is_empty()) {
        return Err(Refusal::new(at, "`(?|` together with references to groups; number the groups apart"));
    }
    Ok(Reading { node, beyond: reader.beyond, refers: !reader.references.is_empty() })
}

impl<'a> Reader<'a> {
    pub fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    /// Steps over a text that stands here.
    pub fn take(&mut self, text: &str) -> bool {
        let here = self.rest().starts_with(text);
        if here {
            self.at += text.len();
        }
        here
    }

    /// Steps over everything up to a closing letter, and over that.
    pub fn until(&mut self, close: char) -> Read<&'a str> {
        let rest = self.rest();
        let Some(length) = rest.find(close) else {
            return Err(self.refuse(format!("no `{close}` follows")));
        };
        self.at += length + close.len_utf8();
        Ok(rest.get(..length).unwrap_or_default())
    }

    pub fn refuse(&self, what: impl Into<String>) -> Refusal {
        Refusal::new(self.at, what)
    }

    /// Notes something that may need a step limit, so that the author can be told where it stands.
    pub fn note(&mut self, at: usize, what: &'static str) {
        self.beyond.push((at, what));
    }

    /// How many groups were opened before this place.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// Alternatives, up to a `)` or the end. Flags set inside end with them.
    fn either(&mut self) -> Read<Node> {
        let flags = self.flags;
        self.depth += 1;
        if self.depth > limits::PATTERN_DEPTH_MAX {
            return Err(self.refuse(format!("groups nested deeper than {}", limits::PATTERN_DEPTH_MAX)));
        }
        let mut branches = vec![self.branch()?];
        while self.take("|") {
            branches.push(self.branch()?);
        }
        self.depth -= 1;
        self.flags = flags;
        Ok(Node::either(branches))
    }

    fn branch(&mut self) -> Read<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip_spaces()?;
            match self.peek() {
                None => break,
                Some('|' | ')') if !self.quoting => break,
                Some(_) => {}
            }
            let Some(atom) = self.atom()? else { continue };
            if self.quoting && !self.take("\\E") {
                nodes.push(atom);
                continue;
            }
            self.quoting = false;
            nodes.push(self.repeats(atom)?);
        }
        Ok(Node::concat(nodes))
    }

    /// White space and comments, where the x flag makes them nothing.
    fn skip_spaces(&mut self) -> Read<()> {
        while !self.quoting {
            if self.take("(?#") {
                self.until(')')?;
            } else if self.flags.spaced
                && self.rest().starts_with(|letter: char| letter.is_ascii_whitespace() || letter == '\u{b}')
            {
                self.at += 1;
            } else if self.flags.spaced && self.take("#") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else {
                break;
            }
        }
        Ok(())
    }

    /// One thing that can be repeated; none where the text only switched something.
    fn atom(&mut self) -> Read<Option<Node>> {
        let at = self.at;
        if self.quoting {
            if self.take("\\E") {
                self.quoting = false;
                return Ok(None);
            }
            return Ok(self.next().map(|letter| self.letter(letter)));
        }
        let Some(letter) = self.next() else { return Ok(None) };
        let node = match letter {
            '(' => return self.group(at),
            '[' => self.class(at)?,
            '\\' => return self.atom_escape(at),
            '.' if self.flags.dot_all => Node::One(Octets::ALL),
            '.' => Node::One(Octets::of(&[(b'\n', b'\n')]).negated()),
            '^' if self.flags.lines => self.anchor(at, Anchor::LineStart),
            '^' => Node::Anchor(Anchor::Start),
            '$' if self.flags.lines => Node::Anchor(Anchor::LineEnd),
            '$' => self.anchor(at, Anchor::LastLine),
            '*' | '+' | '?' => {
                return Err(Refusal::new(
                    at,
                    format!("`{letter}` has nothing to repeat; write `\\{letter}` for the letter"),
                ));
            }
            '{' if self.counts(at).is_some() => {
                return Err(Refusal::new(at, "a count has nothing to repeat; write `\\{` for the letter"));
            }
            letter => self.letter(letter),
        };
        Ok(Some(node))
    }

    /// An anchor that an automaton can do in most places only.
    pub fn anchor(&mut self, at: usize, anchor: Anchor) -> Node {
        let node = Node::Anchor(anchor);
        self.note(at, beyond(&node));
        node
    }

    fn atom_escape(&mut self, at: usize) -> Read<Option<Node>> {
        if self.take("Q") {
            self.quoting = true;
            return Ok(None);
        }
        if self.take("E") {
            return Ok(None);
        }
        let groups = self.groups;
        self.escape(at, groups).map(Some)
    }

    /// A letter in the flags of this place.
    pub fn letter(&self, letter: char) -> Node {
        self::letter(letter, self.flags.any_case)
    }

    /// Quantifiers after an atom.
    fn repeats(&mut self, mut atom: Node) -> Read<Node> {
        self.skip_spaces()?;
        let at = self.at;
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts(at) {
                Some((min, max, end)) => {
                    self.at = end - 1;
                    (min, max)
                }
                None => return Ok(atom),
            },
            _ => return Ok(atom),
        };
        self.next();
        if max.is_some_and(|max| max < min) {
            return Err(Refusal::new(at, "a count whose end is below its start"));
        }
        if min.max(max.unwrap_or_default()) > limits::PATTERN_REPEATS_MAX {
            return Err(Refusal::new(at, format!("a count above {}", limits::PATTERN_REPEATS_MAX)));
        }
        let greed = if self.take("?") {
            Greed::Lazy
        } else if self.take("+") {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        atom = Node::Repeat { node: Box::new(atom), min, max, greed };
        if greed == Greed::Possessive {
            self.note(at, beyond(&atom));
        }
        self.skip_spaces()?;
        let again = self.peek().is_some_and(|letter| matches!(letter, '*' | '+' | '?'))
            || (self.peek() == Some('{') && self.counts(self.at).is_some());
        if again {
            return Err(self.refuse("two quantifiers in a row; put the first into `(?:...)`"));
        }
        Ok(atom)
    }

    /// What a `{` at this place counts, and where it ends; none where it is only a letter.
    fn counts(&self, at: usize) -> Option<(u32, Option<u32>, usize)> {
        let rest = self.source.get(at + 1..)?;
        let length = rest.find('}')?;
        let inner = rest.get(..length)?;
        let number = |digits: &str| {
            let digits = digits.trim_matches([' ', '\t']);
            let fits = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
            fits.then(|| digits.parse().unwrap_or(u32::MAX))
        };
        let blank = |digits: &str| digits.trim_matches([' ', '\t']).is_empty();
        let end = at + 1 + length + 1;
        match inner.split_once(',') {
            None => number(inner).map(|count| (count, Some(count), end)),
            Some((min, max)) if blank(max) => Some((number(min)?, None, end)),
            Some((min, max)) if blank(min) => Some((0, Some(number(max)?), end)),
            Some((min, max)) => Some((number(min)?, Some(number(max)?), end)),
        }
    }

    /// A group whose `(` was read.
    fn group(&mut self, at: usize) -> Read<Option<Node>> {
        if self.rest().starts_with('*') {
            return Err(Refusal::new(at, "backtracking verbs are Perl's alone; leave it out"));
        }
        if !self.take("?") {
            return self.capture(at, None).map(Some);
        }
        let around = |ahead, negative| Some(Node::Around { ahead, negative, node: Box::new(Node::Empty) });
        let shell = if self.take("=") {
            around(true, false)
        } else if self.take("!") {
            around(true, true)
        } else if self.take("<=") {
            around(false, false)
        } else if self.take("<!") {
            around(false, true)
        } else if self.take(">") {
            Some(Node::Atomic(Box::new(Node::Empty)))
        } else if self.take("|") {
            self.branch_reset = Some(at);
            None
        } else {
            return self.special(at);
        };
        let inner = self.either()?;
        self.close(at)?;
        let Some(mut shell) = shell else { return Ok(Some(inner)) };
        self.note(at, beyond(&shell));
        if let Node::Around { node, .. } | Node::Atomic(node) = &mut shell {
            **node = inner;
        }
        Ok(Some(shell))
    }

    /// Named groups, flags, and what is refused; `(?` was read.
    fn special(&mut self, at: usize) -> Read<Option<Node>> {
        for (open, close) in [("P<", '>'), ("<", '>'), ("'", '\'')] {
            if self.take(open) {
                let name = self.until(close)?.to_owned();
                return self.capture(at, Some(name)).map(Some);
            }
        }
        if self.take("P=") {
            let name = self.until(')')?;
            return self.back_named(at, name).map(Some);
        }
        match self.peek() {
            Some('(') => return Err(Refusal::new(at, "a condition `(?(...)`; write both cases as alternatives")),
            Some('0'..='9' | '+' | '&' | 'R' | 'P') => {
                return Err(Refusal::new(at, "recursion; write the pattern out as deep as it is needed"));
            }
            Some('{' | '?') => return Err(Refusal::new(at, "Perl code in a pattern is not run")),
            _ => {}
        }
        self.switch_flags(at)
    }

    /// `(?i)`, `(?i-m:...)`, `(?^aa:...)`.
    fn switch_flags(&mut self, at: usize) -> Read<Option<Node>> {
        let mut flags = self.flags;
        if self.take("^") {
            flags = Flags { no_capture: flags.no_capture, ..Flags::default() };
        }
        let mut on = true;
        loop {
            match self.next() {
                Some('-') => on = false,
                Some(')') => {
                    self.flags = flags;
                    return Ok(None);
                }
                Some(':') => break,
                Some(letter) if flags.set(letter, on) => {}
                Some(letter) => return Err(Refusal::new(at, format!("an unknown group or flag `(?{letter}`"))),
                None => return Err(Refusal::new(at, "a group that does not end")),
            }
        }
        let outer = std::mem::replace(&mut self.flags, flags);
        let node = self.either()?;
        self.flags = outer;
        self.close(at)?;
        Ok(Some(node))
    }

    fn capture(&mut self, at: usize, name: Option<String>) -> Read<Node> {
        let number = if self.flags.no_capture && name.is_none() {
            None
        } else {
            self.groups += 1;
            Some(self.groups)
        };
        if let (Some(name), Some(number)) = (name, number) {
            self.names.push((name, number));
        }
        let node = self.either()?;
        self.close(at)?;
        Ok(match number {
            Some(number) => Node::Capture(number, Box::new(node)),
            None => node,
        })
    }

    fn close(&mut self, open: usize) -> Read<()> {
        if self.take(")") {
            Ok(())
        } else {
            Err(Refusal::new(open, "a group that does not end; write `\\(` for the letter"))
        }
    }

    /// A reference to a group by number.
    pub fn back(&mut self, at: usize, group: u32) -> Node {
        let node = Node::Back { group, any_case: self.flags.any_case };
        self.note(at, beyond(&node));
        self.references.push((group, at));
        node
    }

    /// A reference to a group by name; the group stands before it.
    pub fn back_named(&mut self, at: usize, name: &str) -> Read<Node> {
        match self.names.iter().find(|(known, _)| known == name) {
            Some((_, group)) => {
                let group = *group;
                Ok(self.back(at, group))
            }
            None => Err(Refusal::new(at, format!("a reference to a group `{name}` that is not there"))),
        }
    }
}

/// A letter as it stands: its UTF-8 octets, in both cases if asked for.
pub fn letter(letter: char, any_case: bool) -> Node {
    if !any_case || letter.is_ascii() {
        let mut octets = [0; 4];
        return Node::text(letter.encode_utf8(&mut octets).as_bytes(), any_case);
    }
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(letter, letter)]);
    class.case_fold_simple();
    super::class::sequences(&class)
}
