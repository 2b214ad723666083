//! Arithmetic over rules: `meta X (A + B > 1) && !C` becomes an expression of our language.
//!
//! Pure. What an unhit, disabled or unknown rule is worth is 0; a comparison or negation is worth 1 or 0.

use crate::limits;
use std::{collections::BTreeSet, fmt::Write};

/// An expression; chains keep operands of one precedence side by side, so that depth is parentheses only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Number(String),
    Rule(String),
    Not(Box<Node>),
    Minus(Box<Node>),
    Chain(Level, Box<Node>, Vec<(Operator, Node)>),
}

/// Precedence, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Or,
    And,
    Equality,
    Order,
    Sum,
    Product,
    Atom,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    More,
    AtMost,
    AtLeast,
    Plus,
    Minus,
    Times,
    Over,
}

/// Each with its sign in rule files, its word in our language and its level.
const OPERATORS: [(&str, &str, Operator, Level); 12] = [
    ("||", "or", Operator::Or, Level::Or),
    ("&&", "and", Operator::And, Level::And),
    ("==", "==", Operator::Equal, Level::Equality),
    ("!=", "!=", Operator::Unequal, Level::Equality),
    ("<", "<", Operator::Less, Level::Order),
    (">", ">", Operator::More, Level::Order),
    ("<=", "<=", Operator::AtMost, Level::Order),
    (">=", ">=", Operator::AtLeast, Level::Order),
    ("+", "+", Operator::Plus, Level::Sum),
    ("-", "-", Operator::Minus, Level::Sum),
    ("*", "*", Operator::Times, Level::Product),
    ("/", "/", Operator::Over, Level::Product),
];

impl Operator {
    fn word(self) -> &'static str {
        OPERATORS.iter().find(|(_, _, operator, _)| *operator == self).map_or("or", |(_, word, _, _)| word)
    }
}

impl Level {
    fn tighter(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And => Self::Equality,
            Self::Equality => Self::Order,
            Self::Order => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product | Self::Atom => Self::Atom,
        }
    }
}

/// Whether SpamAssassin takes this as a `meta` rule.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    let names = |_: &str| Vec::new();
    is_empty(text) || parsed(text, &names).is_ok_and(|node| worth_of_nothing(&node).is_some())
}

/// `()` declares a rule that never hits by itself.
#[must_use]
pub fn is_empty(text: &str) -> bool {
    tokens(text).is_ok_and(|tokens| tokens == ["(", ")"])
}

/// Reads an expression; `matching` gives the rules that a glob names, for `rules_matching(GLOB)`.
///
/// # Errors
/// Why it is none.
pub fn parsed(text: &str, matching: &dyn Fn(&str) -> Vec<String>) -> Result<Node, &'static str> {
    let tokens = tokens(text)?;
    let mut reading = Reading { tokens: &tokens, at: 0, depth: 0, matching };
    let node = reading.level(Level::Or)?;
    if reading.at == tokens.len() { Ok(node) } else { Err("not arithmetic over rules") }
}

/// Tokens as the original lexer takes them: signs before digits belong to the number (and make it none).
fn tokens(text: &str) -> Result<Vec<&str>, &'static str> {
    if text.contains("::") || text.contains("->") || text.contains(['$', '@', '%', ';', '{', '}']) {
        return Err("signs that no expression has");
    }
    let mut rest = text;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let run = |is: fn(char) -> bool| rest.find(|character| !is(character)).unwrap_or(rest.len());
        let is_number = |character: char| character.is_ascii_digit() || matches!(character, '.' | '+' | '-');
        let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | ':');
        let two = rest.get(..2).unwrap_or_default();
        let length = if is_number(first) {
            run(is_number)
        } else if first.is_ascii_alphabetic() || first == '_' {
            run(is_name)
        } else if matches!(two, "||" | "&&" | ">=" | "<=" | "==" | "!=") {
            2
        } else if "()^!<>*/?:".contains(first) {
            1
        } else {
            // The lexer passes over what it does not know.
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(token);
        rest = after;
        if tokens.len() > limits::IMPORT_TOKENS_MAX {
            return Err("longer than is read");
        }
    }
    Ok(tokens)
}

struct Reading<'a> {
    tokens: &'a [&'a str],
    at: usize,
    depth: usize,
    matching: &'a dyn Fn(&str) -> Vec<String>,
}

impl Reading<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).copied().unwrap_or_default()
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek() == wanted;
        self.at += usize::from(found);
        found
    }

    fn level(&mut self, level: Level) -> Result<Node, &'static str> {
        if level == Level::Atom {
            return self.atom();
        }
        let first = self.level(level.tighter())?;
        let mut rest = Vec::new();
        while let Some((_, _, operator, _)) =
            OPERATORS.iter().find(|(sign, _, _, of)| *of == level && *sign == self.peek())
        {
            if !rest.is_empty() && matches!(level, Level::Equality | Level::Order) {
                return Err("a comparison of a comparison");
            }
            self.at += 1;
            rest.push((*operator, self.level(level.tighter())?));
        }
        Ok(if rest.is_empty() { first } else { Node::Chain(level, Box::new(first), rest) })
    }

    fn atom(&mut self) -> Result<Node, &'static str> {
        self.depth += 1;
        if self.depth > limits::IMPORT_NESTING_MAX {
            return Err("nested deeper than is read");
        }
        let token = self.peek().to_owned();
        self.at += 1;
        let node = match token.as_str() {
            "(" => {
                let node = self.level(Level::Or)?;
                if !self.take(")") {
                    return Err("a parenthesis is missing");
                }
                node
            }
            "!" => Node::Not(Box::new(self.atom()?)),
            "-" => Node::Minus(Box::new(self.atom()?)),
            "+" => self.atom()?,
            "rules_matching" => self.all_matching()?,
            token if token.starts_with(|first: char| first.is_ascii_digit()) && token.parse::<f64>().is_ok() => {
                Node::Number(token.to_owned())
            }
            token if super::octets::is_name(token) => Node::Rule(token.to_owned()),
            _ => return Err("not arithmetic over rules"),
        };
        self.depth -= 1;
        Ok(node)
    }

    /// `rules_matching(GLOB)`: the sum of all rules whose names match; 0 if none does.
    fn all_matching(&mut self) -> Result<Node, &'static str> {
        if !self.take("(") {
            return Ok(Node::Rule("rules_matching".to_owned()));
        }
        let mut glob = String::new();
        while !matches!(self.peek(), ")" | "") {
            glob.push_str(self.peek());
            self.at += 1;
        }
        if !self.take(")") {
            return Err("a parenthesis is missing");
        }
        let mut names = (self.matching)(&glob).into_iter().map(Node::Rule);
        let Some(first) = names.next() else { return Ok(Node::Number("0".to_owned())) };
        let rest: Vec<_> = names.map(|name| (Operator::Plus, name)).collect();
        Ok(if rest.is_empty() { first } else { Node::Chain(Level::Sum, Box::new(first), rest) })
    }
}

/// Whether a name fits a glob of `*` and `?`.
#[must_use]
pub fn fits(glob: &str, name: &str) -> bool {
    let (mut glob_rest, mut name_rest) = (glob, name);
    // Where the last star stands and how much of the name it has taken.
    let mut star: Option<(&str, &str)> = None;
    loop {
        let (mut globs, mut names) = (glob_rest.chars(), name_rest.chars());
        match (globs.next(), names.next()) {
            (Some('*'), _) => {
                star = Some((globs.as_str(), name_rest));
                glob_rest = globs.as_str();
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                (glob_rest, name_rest) = (globs.as_str(), names.as_str());
            }
            (None, None) => return true,
            _ => {
                let Some((after, from)) = star else { return false };
                let mut from = from.chars();
                if from.next().is_none() {
                    return false;
                }
                star = Some((after, from.as_str()));
                (glob_rest, name_rest) = (after, from.as_str());
            }
        }
    }
}

/// The value with no rule hit; `None` where it divides by zero, which SpamAssassin refuses.
fn worth_of_nothing(node: &Node) -> Option<f64> {
    match node {
        Node::Number(text) => text.parse().ok(),
        Node::Rule(_) => Some(0.0),
        Node::Not(inner) => worth_of_nothing(inner).map(|value| truth(value == 0.0)),
        Node::Minus(inner) => worth_of_nothing(inner).map(|value| -value),
        Node::Chain(_, first, rest) => {
            let mut value = worth_of_nothing(first)?;
            for (operator, node) in rest {
                // The right side of `&&` and `||` is looked at only where it matters.
                match operator {
                    Operator::And if value == 0.0 => continue,
                    Operator::Or if value != 0.0 => continue,
                    _ => {}
                }
                let right = worth_of_nothing(node)?;
                value = applied(*operator, value, right)?;
            }
            Some(value)
        }
    }
}

#[allow(clippy::float_cmp, reason = "counts are compared as written")]
fn applied(operator: Operator, left: f64, right: f64) -> Option<f64> {
    Some(match operator {
        // Perl's are worth their last operand.
        Operator::And | Operator::Or => right,
        Operator::Equal => truth(left == right),
        Operator::Unequal => truth(left != right),
        Operator::Less => truth(left < right),
        Operator::More => truth(left > right),
        Operator::AtMost => truth(left <= right),
        Operator::AtLeast => truth(left >= right),
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        Operator::Over if right == 0.0 => return None,
        Operator::Over => left / right,
    })
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

impl Node {
    /// The rules an expression reads.
    pub fn reads(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Number(_) => {}
            Self::Rule(name) => {
                names.insert(name.clone());
            }
            Self::Not(inner) | Self::Minus(inner) => inner.reads(names),
            Self::Chain(_, first, rest) => {
                first.reads(names);
                for (_, node) in rest {
                    node.reads(names);
                }
            }
        }
    }

    /// The expression in our language; `name` tells what a rule is called there.
    #[must_use]
    pub fn written(&self, name: &dyn Fn(&str) -> String) -> String {
        let mut out = String::new();
        self.write(&mut out, Level::Or, name);
        out
    }

    fn write(&self, out: &mut String, within: Level, name: &dyn Fn(&str) -> String) {
        match self {
            Self::Number(text) => out.push_str(text),
            Self::Rule(rule) => out.push_str(&name(rule)),
            Self::Not(inner) => {
                // `not` is loose in our language and tight in theirs.
                let (open, close) = if within > Level::Equality { ("(", ")") } else { ("", "") };
                let _ = write!(out, "{open}not ");
                inner.write(out, Level::Atom, name);
                out.push_str(close);
            }
            Self::Minus(inner) => {
                out.push_str("(0 - ");
                inner.write(out, Level::Atom, name);
                out.push(')');
            }
            Self::Chain(level, first, rest) => {
                let (open, close) = if *level < within { ("(", ")") } else { ("", "") };
                out.push_str(open);
                first.write(out, level.tighter(), name);
                for (operator, node) in rest {
                    let _ = write!(out, " {} ", operator.word());
                    node.write(out, level.tighter(), name);
                }
                out.push_str(close);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(text: &str) -> Result<String, &'static str> {
        let names = |glob: &str| ["A_1", "A_2", "B"].map(str::to_owned).into_iter().filter(|n| fits(glob, n)).collect();
        parsed(text, &names).map(|node| node.written(&str::to_owned))
    }

    #[test]
    fn expressions_keep_their_meaning() {
        for (text, expected) in [
            ("A && !B || C", "A and not B or C"),
            ("A && !(B || C)", "A and not (B or C)"),
            ("(A + B + C > 2)", "A + B + C > 2"),
            ("!A + B > 1", "(not A) + B > 1"),
            ("!A > 1", "(not A) > 1"),
            ("!A == B", "(not A) == B"),
            ("(A || B) && (C >= 2)", "(A or B) and C >= 2"),
            ("(A > 1) + (B > 1)", "(A > 1) + (B > 1)"),
            ("( X > ( (Y * 14 ) / 10) )", "X > (Y * 14) / 10"),
            ("A - (B - C)", "A - (B - C)"),
            ("- A", "(0 - A)"),
            ("(3 * A - 2 * B) > 0", "3 * A - 2 * B > 0"),
            ("rules_matching(A_*) > 1", "A_1 + A_2 > 1"),
            ("rules_matching(C*) > 1", "0 > 1"),
            ("A & B", "A"),
        ] {
            let found = ours(text);
            if text == "A & B" {
                assert!(found.is_err());
            } else {
                assert_eq!(found.as_deref(), Ok(expected), "{text}");
            }
        }
    }

    #[test]
    fn what_is_none() {
        for text in ["A B", "A -1", "A > B > C", "(A", "A ? B : C", "A ^ B", "A::b", "$x", "", "A / B", "5A"] {
            assert!(!is_valid(text), "{text}");
        }
        assert!(is_valid("()") && is_valid("(0)") && is_valid("A && 1 / B") && is_valid("A+B"));
        assert!(!is_valid(&"(".repeat(100_000)) && !is_valid(&"A+".repeat(100_000)));
    }

    #[test]
    fn globs() {
        assert!(fits("A_*", "A_1") && fits("*", "") && fits("A?B*C", "A1BxxC") && fits("*a*b", "xaxbab"));
        assert!(!fits("A_*", "B") && !fits("A?", "A") && !fits("*a", "ab"));
    }
}
