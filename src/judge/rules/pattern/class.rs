//! Bracketed classes, and letters beyond ASCII as sequences of octets.
//!
//! Pure. A class that lists a letter beyond ASCII is a class of letters: it takes all octets of one, and its negation
//! takes any other whole letter. A class without such letters is one of octets.

use super::{
    Refusal,
    escape::{Character, shorthand},
    node::Node,
    octets::Octets,
    read::Reader,
};
use regex_syntax::{
    hir::{ClassUnicode, ClassUnicodeRange},
    utf8::Utf8Sequences,
};

/// What is listed so far.
struct Listed {
    octets: Octets,
    letters: Vec<ClassUnicodeRange>,
}

/// One item, which may be an end of a range.
enum Item {
    Set(Octets),
    One(Character),
}

impl Reader<'_> {
    /// A class whose `[` was read.
    pub fn class(&mut self, at: usize) -> Result<Node, Refusal> {
        let negative = self.take("^");
        let mut listed = Listed { octets: Octets::NONE, letters: Vec::new() };
        let mut first = true;
        loop {
            let here = self.at;
            match self.peek() {
                None => return Err(Refusal::new(at, "a class that does not end; write `\\[` for the letter")),
                Some(']') if !first => break,
                Some(_) => {}
            }
            first = false;
            let item = self.class_item()?;
            let ranges = self.rest().starts_with('-') && !self.rest().starts_with("-]");
            match item {
                Item::One(low) if ranges => {
                    self.next();
                    self.class_range(here, &low, &mut listed)?;
                }
                Item::One(one) => listed.add(&one, &one),
                Item::Set(set) => listed.octets = listed.octets.union(set),
            }
        }
        self.next();
        Ok(listed.node(negative, self.flags.any_case))
    }

    /// The end of a range whose start and `-` were read.
    fn class_range(&mut self, at: usize, low: &Character, listed: &mut Listed) -> Result<(), Refusal> {
        match self.class_item()? {
            Item::One(high) => {
                if number(&high) < number(low) {
                    return Err(Refusal::new(at, "a range whose end stands before its start"));
                }
                listed.add(low, &high);
            }
            // `[a-\d]`: the dash is a letter.
            Item::Set(set) => {
                listed.add(low, low);
                listed.octets = listed.octets.union(set).union(Octets::of(&[(b'-', b'-')]));
            }
        }
        Ok(())
    }

    fn class_item(&mut self) -> Result<Item, Refusal> {
        let at = self.at;
        if self.rest().starts_with("[:")
            && let Some(item) = self.posix(at)?
        {
            return Ok(item);
        }
        match self.next() {
            Some('\\') => self.class_escape(at),
            Some(letter) => Ok(Item::One(match u8::try_from(letter) {
                Ok(octet) if octet.is_ascii() => Character::Octet(octet),
                _ => Character::Letter(letter),
            })),
            None => Err(Refusal::new(at, "a class that does not end")),
        }
    }

    fn class_escape(&mut self, at: usize) -> Result<Item, Refusal> {
        let Some(letter) = self.peek() else { return Err(Refusal::new(at, "a backslash at the end")) };
        if let Some(set) = shorthand(letter) {
            self.next();
            return Ok(Item::Set(set));
        }
        if let Some(octet) = self.octal(3) {
            return Ok(Item::One(Character::Octet(octet)));
        }
        if let Some(character) = self.character()? {
            return Ok(Item::One(character));
        }
        self.next();
        match letter {
            'b' => Ok(Item::One(Character::Octet(8))),
            'p' | 'P' | 'N' | 'R' | 'X' | 'Q' | 'E' => {
                Err(Refusal::new(at, format!("`\\{letter}` in a class; list the letters")))
            }
            letter if letter.is_ascii() => Ok(Item::One(Character::Octet(u8::try_from(letter).unwrap_or_default()))),
            letter => Ok(Item::One(Character::Letter(letter))),
        }
    }

    /// `[:alpha:]`; none where the brackets are only letters.
    fn posix(&mut self, at: usize) -> Result<Option<Item>, Refusal> {
        let rest = self.rest();
        let Some(length) = rest.find(":]") else { return Ok(None) };
        let name = rest.get(2..length).unwrap_or_default();
        if !name.bytes().all(|octet| octet.is_ascii_alphabetic() || octet == b'^') {
            return Ok(None);
        }
        let set = match name.trim_start_matches('^') {
            "alpha" => Octets::of(&[(b'A', b'Z'), (b'a', b'z')]),
            "digit" => Octets::digit(),
            "alnum" => Octets::of(&[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')]),
            "upper" => Octets::of(&[(b'A', b'Z')]),
            "lower" => Octets::of(&[(b'a', b'z')]),
            "punct" => Octets::of(&[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')]),
            "space" => Octets::space(),
            "blank" => Octets::of(&[(b'\t', b'\t'), (b' ', b' ')]),
            "cntrl" => Octets::of(&[(0, 31), (127, 127)]),
            "graph" => Octets::of(&[(33, 126)]),
            "print" => Octets::of(&[(32, 126)]),
            "xdigit" => Octets::of(&[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')]),
            "word" => Octets::word(),
            "ascii" => Octets::of(&[(0, 127)]),
            _ => return Err(Refusal::new(at, format!("no class is named `[:{name}:]`"))),
        };
        self.at += length + 2;
        Ok(Some(Item::Set(if name.starts_with('^') { set.negated() } else { set })))
    }
}

fn number(character: &Character) -> u32 {
    match character {
        Character::Octet(octet) => u32::from(*octet),
        Character::Letter(letter) => u32::from(*letter),
    }
}

impl Listed {
    fn add(&mut self, low: &Character, high: &Character) {
        if let (Character::Octet(low), Character::Octet(high)) = (low, high) {
            return self.octets.add(*low, *high);
        }
        let letter = |character| char::from_u32(number(character)).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.letters.push(ClassUnicodeRange::new(letter(low), letter(high)));
    }

    fn node(self, negative: bool, any_case: bool) -> Node {
        let octets = if any_case { self.octets.any_case() } else { self.octets };
        if self.letters.is_empty() {
            return Node::One(if negative { octets.negated() } else { octets });
        }
        let mut class = ClassUnicode::new(self.letters);
        if any_case {
            class.case_fold_simple();
        }
        if !negative {
            return Node::either(vec![Node::One(octets), sequences(&class)]);
        }
        for (first, last) in octets.ranges() {
            class.push(ClassUnicodeRange::new(char::from(first), char::from(last.min(127))));
        }
        class.negate();
        sequences(&class)
    }
}

/// Letters as the octets of their UTF-8 forms.
pub fn sequences(class: &ClassUnicode) -> Node {
    let mut branches = Vec::new();
    for range in class.iter() {
        for sequence in Utf8Sequences::new(range.start(), range.end()) {
            let places = sequence.as_slice().iter().map(|place| Node::One(Octets::of(&[(place.start, place.end)])));
            branches.push(Node::concat(places.collect()));
        }
    }
    if branches.is_empty() { Node::One(Octets::NONE) } else { Node::either(branches) }
}
