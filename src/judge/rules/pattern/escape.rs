//! What a backslash means, inside and outside of classes.
//!
//! Pure.

use super::{
    Refusal,
    node::{Anchor, Node, beyond},
    octets::Octets,
    read::Reader,
};

/// A character by its number: an octet below 256, as Perl has it on octets, else a letter in UTF-8.
pub enum Character {
    Octet(u8),
    Letter(char),
}

impl Reader<'_> {
    /// An escape outside of classes whose backslash was read.
    pub fn escape(&mut self, at: usize, groups: u32) -> Result<Node, Refusal> {
        let one = |set| Ok(Node::One(set));
        let Some(letter) = self.peek() else {
            return Err(Refusal::new(at, "a backslash at the end; write `\\\\` for the letter"));
        };
        if let Some(set) = shorthand(letter) {
            self.next();
            return one(set);
        }
        if letter.is_ascii_digit() {
            return self.digits(at, groups);
        }
        if let Some(character) = self.character()? {
            return Ok(self.node_of(&character));
        }
        self.next();
        match letter {
            'b' | 'B' if self.rest().starts_with('{') => {
                Err(Refusal::new(at, "Unicode boundaries `\\b{...}`; write `\\b`"))
            }
            'b' => Ok(Node::Anchor(Anchor::Word)),
            'B' => Ok(Node::Anchor(Anchor::NotWord)),
            'A' => Ok(Node::Anchor(Anchor::Start)),
            'z' => Ok(Node::Anchor(Anchor::End)),
            'Z' => Ok(self.anchor(at, Anchor::LastLine)),
            'N' => one(Octets::of(&[(b'\n', b'\n')]).negated()),
            'R' => {
                let node = line_end();
                self.note(at, beyond(&node));
                Ok(node)
            }
            'g' => self.back_by_g(at),
            'k' => self.back_by_k(at),
            'K' => Err(Refusal::new(at, "`\\K` moves the start of the match; leave it out")),
            'G' => Err(Refusal::new(at, "`\\G` needs an earlier match; leave it out")),
            'X' | 'C' => Err(Refusal::new(at, "graphemes and raw octets; write `.`")),
            'p' | 'P' => {
                Err(Refusal::new(at, "Unicode properties; patterns match octets, list the letters in a class"))
            }
            'l' | 'u' | 'L' | 'U' | 'F' => Err(Refusal::new(at, "case changes of Perl's strings; use the i flag")),
            letter => Ok(self.letter(letter)),
        }
    }

    /// The node of a character in the flags of this place.
    fn node_of(&self, character: &Character) -> Node {
        match character {
            Character::Octet(octet) => Node::text(&[*octet], self.flags.any_case),
            Character::Letter(letter) => self.letter(*letter),
        }
    }

    /// `\1` to `\9`, longer numbers if so many groups stand before, else octal.
    fn digits(&mut self, at: usize, groups: u32) -> Result<Node, Refusal> {
        let digits: String = self.rest().chars().take_while(char::is_ascii_digit).take(9).collect();
        let number: u32 = digits.parse().unwrap_or_default();
        if !digits.starts_with('0') && (digits.len() == 1 || number <= groups) {
            self.at += digits.len();
            return Ok(self.back(at, number));
        }
        match self.octal(3) {
            Some(octet) => Ok(Node::text(&[octet], self.flags.any_case)),
            None => Err(Refusal::new(at, format!("a reference to group {number}, which is not there"))),
        }
    }

    /// Up to so many octal digits as an octet.
    pub fn octal(&mut self, digits_max: usize) -> Option<u8> {
        let digits: String = self.rest().chars().take_while(|digit| digit.is_digit(8)).take(digits_max).collect();
        let octet = u32::from_str_radix(&digits, 8).ok()?;
        self.at += digits.len();
        u8::try_from(octet & 0xff).ok()
    }

    /// A character by name or number, in and outside of classes alike; none if it is another escape.
    pub fn character(&mut self) -> Result<Option<Character>, Refusal> {
        let at = self.at;
        let octet = |octet| Ok(Some(Character::Octet(octet)));
        for (letter, plain) in [('n', b'\n'), ('r', b'\r'), ('t', b'\t'), ('f', 12), ('e', 27), ('a', 7)] {
            if self.peek() == Some(letter) {
                self.next();
                return octet(plain);
            }
        }
        if self.take("x{") {
            let digits = self.until('}')?.trim();
            return self.numbered(at, digits, 16).map(Some);
        }
        if self.take("o{") {
            let digits = self.until('}')?.trim();
            return self.numbered(at, digits, 8).map(Some);
        }
        if self.take("N{U+") {
            let digits = self.until('}')?;
            return self.numbered(at, digits, 16).map(Some);
        }
        if self.rest().starts_with("N{") {
            return Err(Refusal::new(at, "characters by name; write the character"));
        }
        if self.take("x") {
            let digits: String = self.rest().chars().take_while(char::is_ascii_hexdigit).take(2).collect();
            self.at += digits.len();
            return octet(u8::from_str_radix(&digits, 16).unwrap_or_default());
        }
        if self.take("c") {
            return match self.next() {
                Some(letter) if letter.is_ascii() => {
                    let control = u8::try_from(letter).unwrap_or_default().to_ascii_uppercase() ^ 64;
                    octet(control)
                }
                _ => Err(Refusal::new(at, "`\\c` needs a letter")),
            };
        }
        Ok(None)
    }

    fn numbered(&self, at: usize, digits: &str, radix: u32) -> Result<Character, Refusal> {
        let digits: String = digits.chars().filter(|digit| *digit != '_').collect();
        let number = if digits.is_empty() { Some(0) } else { u32::from_str_radix(&digits, radix).ok() };
        let wrong =
            || Refusal::new(at, format!("no such character `{}`", self.source.get(at..self.at).unwrap_or_default()));
        let number = number.ok_or_else(wrong)?;
        match u8::try_from(number) {
            Ok(octet) => Ok(Character::Octet(octet)),
            Err(_) => char::from_u32(number).map(Character::Letter).ok_or_else(wrong),
        }
    }

    /// `\g1`, `\g{-1}`, `\g{name}`.
    fn back_by_g(&mut self, at: usize) -> Result<Node, Refusal> {
        let inner: &str = if self.take("{") {
            self.until('}')?.trim()
        } else {
            let rest = self.rest();
            let sign = usize::from(rest.starts_with('-'));
            let digits = rest.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
            self.at += sign + digits;
            rest.get(..sign + digits).unwrap_or_default()
        };
        if let Some(back) = inner.strip_prefix('-') {
            let back: u32 = back.parse().unwrap_or(u32::MAX);
            let group = (self.groups() + 1).saturating_sub(back);
            return Ok(self.back(at, group));
        }
        match inner.parse() {
            Ok(group) => Ok(self.back(at, group)),
            Err(_) => self.back_named(at, inner),
        }
    }

    /// `\k<name>`, `\k'name'`, `\k{name}`.
    fn back_by_k(&mut self, at: usize) -> Result<Node, Refusal> {
        for (open, close) in [("<", '>'), ("'", '\''), ("{", '}')] {
            if self.take(open) {
                let name = self.until(close)?.trim();
                return self.back_named(at, name);
            }
        }
        Err(Refusal::new(at, "`\\k` needs the name of a group, as `\\k<name>`"))
    }
}

/// The classes that have a letter. Only ASCII's members: the octets above are parts of UTF-8 letters.
pub fn shorthand(letter: char) -> Option<Octets> {
    let set = match letter.to_ascii_lowercase() {
        'd' => Octets::digit(),
        'w' => Octets::word(),
        's' => Octets::space(),
        'h' => Octets::of(&[(b'\t', b'\t'), (b' ', b' ')]),
        'v' => Octets::of(&[(10, 13)]),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { set.negated() } else { set })
}

/// `\R`: a line end; CR LF is one and is not taken apart.
fn line_end() -> Node {
    let pair = Node::text(b"\r\n", false);
    Node::Atomic(Box::new(Node::Either(vec![pair, Node::One(Octets::of(&[(10, 13)]))])))
}
