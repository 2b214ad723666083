//! Reads a condition into its tree.
//!
//! ```text
//! or      = and { "or" and }          and = not { "and" not }        not = "not" not | compare
//! compare = sum [ operator sum ]      sum = product { + - product }  product = unit { * / unit }
//! unit    = number | text | [ list ] | name | name(arguments).suffix | (or) | - unit
//!         | any|all compare | any|all items where (or) | count(compare) | count(items where (or))
//! ```
//!
//! Pure; bounded in depth.

use super::{
    lexer::{Placed, Token, Wrong, tokens},
    syntax::{Kind, Node, Operator, Quantifier},
};
use crate::limits;
use std::ops::Range;

/// Reads a whole condition.
///
/// # Errors
/// The first thing that does not fit.
pub fn parse(text: &str) -> Result<Node, Wrong> {
    if text.len() > limits::CONDITION_BYTES_MAX {
        let what = format!("a condition has at most {} octets; split it into sub-rules", limits::CONDITION_BYTES_MAX);
        return Err(Wrong { at: 0, what });
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, end: text.len(), depth: 0 };
    let node = parser.or()?;
    match parser.tokens.get(parser.at) {
        None => Ok(node),
        Some((token, span)) => {
            Err(Wrong { at: span.start, what: format!("{} cannot stand here{}", named(token), hint(token)) })
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    at: usize,
    /// Octets of the text.
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn place(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.end..self.end, |(_, span)| span.clone())
    }

    /// Where the last token ended.
    fn before(&self) -> usize {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |(_, span)| span.end)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_there = self.is_word(word);
        self.at += usize::from(is_there);
        is_there
    }

    fn take(&mut self, token: &Token) -> bool {
        let is_there = self.peek() == Some(token);
        self.at += usize::from(is_there);
        is_there
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, Wrong> {
        Err(Wrong { at: self.place().start, what: what.into() })
    }

    fn need(&mut self, token: &Token) -> Result<(), Wrong> {
        if self.take(token) {
            return Ok(());
        }
        let found = self.peek().map_or_else(|| "the end".to_owned(), named);
        self.wrong(format!("{} is needed here, not {found}", named(token)))
    }

    fn node(&self, start: usize, kind: Kind) -> Node {
        Node { kind, span: start..self.before() }
    }

    fn or(&mut self) -> Result<Node, Wrong> {
        self.depth += 1;
        if self.depth > limits::CONDITION_DEPTH_MAX {
            return self.wrong(format!(
                "more than {} levels; split the condition into sub-rules",
                limits::CONDITION_DEPTH_MAX
            ));
        }
        let start = self.place().start;
        let mut all = vec![self.and()?];
        while self.take_word("or") {
            all.push(self.and()?);
        }
        self.depth -= 1;
        Ok(self.one_or(start, all, Kind::Or))
    }

    fn and(&mut self) -> Result<Node, Wrong> {
        let start = self.place().start;
        let mut all = vec![self.not()?];
        while self.take_word("and") {
            all.push(self.not()?);
        }
        Ok(self.one_or(start, all, Kind::And))
    }

    fn one_or(&self, start: usize, mut all: Vec<Node>, kind: fn(Vec<Node>) -> Kind) -> Node {
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                all.extend(last);
                self.node(start, kind(all))
            }
        }
    }

    fn not(&mut self) -> Result<Node, Wrong> {
        let start = self.place().start;
        let mut negations = 0;
        while self.take_word("not") {
            negations += 1;
        }
        let mut node = self.compare()?;
        for _ in 0..negations % 2 {
            node = self.node(start, Kind::Not(Box::new(node)));
        }
        // Two negations make a truth of a number; so does one `not` of the other, which no author writes.
        Ok(node)
    }

    fn compare(&mut self) -> Result<Node, Wrong> {
        let start = self.place().start;
        for (word, quantifier) in [("any", Quantifier::Any), ("all", Quantifier::All)] {
            if self.take_word(word) {
                return self.quantified(start, quantifier);
            }
        }
        let left = self.sum()?;
        let Some(operator) = self.comparison() else { return Ok(left) };
        let right = self.right(operator)?;
        Ok(self.node(start, Kind::Binary { operator, left: Box::new(left), right: Box::new(right) }))
    }

    /// An operator that compares, if one stands here.
    fn comparison(&mut self) -> Option<Operator> {
        let operator = match self.peek()? {
            Token::Operator(Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide) => return None,
            Token::Operator(operator) => *operator,
            Token::Word(word) if word == "in" => Operator::In,
            Token::Word(word) if word == "contains" => Operator::Contains,
            Token::Word(word) if word == "not" => {
                let negated = match self.tokens.get(self.at + 1) {
                    Some((Token::Word(word), _)) if word == "in" => Operator::NotIn,
                    Some((Token::Word(word), _)) if word == "contains" => Operator::NotContains,
                    _ => return None,
                };
                self.at += 1;
                negated
            }
            _ => return None,
        };
        self.at += 1;
        Some(operator)
    }

    fn right(&mut self, operator: Operator) -> Result<Node, Wrong> {
        let is_regex = matches!(self.peek(), Some(Token::Regex { .. }));
        if matches!(operator, Operator::Matches | Operator::NotMatches) && !is_regex {
            return self.wrong("a regular expression is needed here: /.../ or /.../i");
        }
        self.sum()
    }

    fn quantified(&mut self, start: usize, quantifier: Quantifier) -> Result<Node, Wrong> {
        let is_where = matches!(self.tokens.get(self.at + 1), Some((Token::Word(word), _)) if word == "where");
        if let (true, Some(Token::Word(items))) = (is_where, self.peek().cloned()) {
            self.at += 2;
            self.need(&Token::Open)?;
            let condition = Box::new(self.or()?);
            self.need(&Token::Close)?;
            return Ok(self.node(start, Kind::Where { quantifier, items, condition }));
        }
        let body = Box::new(self.compare()?);
        Ok(self.node(start, Kind::Quantified { quantifier, body }))
    }

    fn sum(&mut self) -> Result<Node, Wrong> {
        let start = self.place().start;
        let mut terms = vec![(false, self.product()?)];
        while let Some(Token::Operator(operator @ (Operator::Add | Operator::Subtract))) = self.peek().cloned() {
            self.at += 1;
            terms.push((operator == Operator::Subtract, self.product()?));
        }
        match (terms.pop(), terms.is_empty()) {
            (Some((_, only)), true) => Ok(only),
            (last, _) => {
                terms.extend(last);
                Ok(self.node(start, Kind::Sum(terms)))
            }
        }
    }

    fn product(&mut self) -> Result<Node, Wrong> {
        let start = self.place().start;
        let mut left = self.unit()?;
        let mut factors = 1;
        while let Some(Token::Operator(operator @ (Operator::Multiply | Operator::Divide))) = self.peek().cloned() {
            factors += 1;
            if factors > limits::CONDITION_DEPTH_MAX {
                return self.wrong(format!("more than {} factors", limits::CONDITION_DEPTH_MAX));
            }
            self.at += 1;
            let right = Box::new(self.unit()?);
            left = self.node(start, Kind::Binary { operator, left: Box::new(left), right });
        }
        Ok(left)
    }

    fn unit(&mut self) -> Result<Node, Wrong> {
        let start = self.place().start;
        let Some(token) = self.peek().cloned() else { return self.wrong("something is missing at the end") };
        let kind = match token {
            Token::Word(word) if RESERVED.contains(&word.as_str()) => {
                return self.wrong(format!("a field, a symbol or a value is needed here, not `{word}`"));
            }
            Token::Number(number) => Kind::Number(number),
            Token::Text(text) => Kind::Text(text),
            Token::Regex { source, flags } => Kind::Regex { source, flags },
            Token::Word(word) => {
                self.at += 1;
                return self.named(start, word);
            }
            Token::Open => {
                self.at += 1;
                let inner = self.or()?;
                self.need(&Token::Close)?;
                return Ok(inner);
            }
            Token::OpenList => {
                self.at += 1;
                let items = self.items(&Token::CloseList)?;
                return Ok(self.node(start, Kind::List(items)));
            }
            Token::Operator(Operator::Subtract) => return self.negative(start),
            other => {
                return self.wrong(format!(
                    "a field, a symbol or a value is needed here, not {}{}",
                    named(&other),
                    hint(&other)
                ));
            }
        };
        self.at += 1;
        Ok(self.node(start, kind))
    }

    fn negative(&mut self, start: usize) -> Result<Node, Wrong> {
        self.at += 1;
        self.depth += 1;
        if self.depth > limits::CONDITION_DEPTH_MAX {
            return self.wrong("too many signs");
        }
        let unit = self.unit()?;
        self.depth -= 1;
        Ok(self.node(start, Kind::Sum(vec![(true, unit)])))
    }

    fn named(&mut self, start: usize, word: String) -> Result<Node, Wrong> {
        if !self.take(&Token::Open) {
            return Ok(self.node(start, Kind::Name(word)));
        }
        if word == "count" {
            let counted = self.counted(start)?;
            self.need(&Token::Close)?;
            return Ok(counted);
        }
        let arguments = self.items(&Token::Close)?;
        let suffix = match self.peek().cloned() {
            Some(Token::Suffix(suffix)) => {
                self.at += 1;
                suffix
            }
            _ => String::new(),
        };
        Ok(self.node(start, Kind::Call { name: word, arguments, suffix }))
    }

    fn counted(&mut self, start: usize) -> Result<Node, Wrong> {
        self.depth += 1;
        if self.depth > limits::CONDITION_DEPTH_MAX {
            return self.wrong("too many levels");
        }
        let counted = self.quantified(start, Quantifier::Count)?;
        self.depth -= 1;
        Ok(counted)
    }

    /// Values with commas between, up to the closing mark.
    fn items(&mut self, close: &Token) -> Result<Vec<Node>, Wrong> {
        let mut items = Vec::new();
        while !self.take(close) {
            if !items.is_empty() {
                self.need(&Token::Comma)?;
                if self.take(close) {
                    break;
                }
            }
            self.depth += 1;
            if self.depth > limits::CONDITION_DEPTH_MAX {
                return self.wrong("too many levels");
            }
            items.push(self.sum()?);
            self.depth -= 1;
        }
        Ok(items)
    }
}

const RESERVED: [&str; 8] = ["and", "or", "not", "in", "contains", "where", "any", "all"];

fn named(token: &Token) -> String {
    match token {
        Token::Word(word) | Token::Suffix(word) => format!("`{word}`"),
        Token::Number(number) => format!("`{number}`"),
        Token::Text(text) => format!("\"{text}\""),
        Token::Regex { .. } => "a regular expression".to_owned(),
        Token::Operator(operator) => format!("`{}`", operator.word()),
        Token::Open => "`(`".to_owned(),
        Token::Close => "`)`".to_owned(),
        Token::OpenList => "`[`".to_owned(),
        Token::CloseList => "`]`".to_owned(),
        Token::Comma => "`,`".to_owned(),
    }
}

fn hint(token: &Token) -> &'static str {
    match token {
        Token::Word(word) if word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or") => {
            "; write it in lower case"
        }
        Token::Word(_) => "; is `and` or `or` missing before it?",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(text: &str) -> Node {
        parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
    }

    #[test]
    fn the_blueprint_is_read() {
        let node = is_read("text ~ /(a|b).{0,80}c/i\n and any link.domain not in own_domains\n and dmarc != \"pass\"");
        let Kind::And(all) = node.kind else { panic!("no and") };
        assert_eq!(all.len(), 3);
        let Kind::Quantified { quantifier: Quantifier::Any, body } = &all[1].kind else { panic!("{:?}", all[1]) };
        assert!(matches!(&body.kind, Kind::Binary { operator: Operator::NotIn, .. }));
    }

    #[test]
    fn arithmetic_binds_before_comparison_and_that_before_not() {
        let node = is_read("not A + 2 * B > 1 or C");
        let Kind::Or(either) = node.kind else { panic!("no or") };
        let Kind::Not(inner) = &either[0].kind else { panic!("no not") };
        assert!(matches!(&inner.kind, Kind::Binary { operator: Operator::Greater, .. }));
    }

    #[test]
    fn items_are_chosen_and_counted() {
        assert!(matches!(is_read("any link where (host in x and url ~ /y/)").kind, Kind::Where { .. }));
        assert!(matches!(is_read("count(link where (ip)) > 2").kind, Kind::Binary { .. }));
        assert!(matches!(is_read("header(\"X-Mailer\").raw ~ /x/").kind, Kind::Binary { .. }));
    }

    #[test]
    fn mistakes_are_told_where_they_are() {
        for (text, at, what) in [
            ("a and", 5, "missing at the end"),
            ("a b", 2, "`and` or `or` missing"),
            ("subject ~ \"x\"", 10, "a regular expression is needed"),
            ("(a", 2, "`)` is needed"),
            ("a AND b", 2, "lower case"),
            ("any", 3, "missing"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.at == at && wrong.what.contains(what), "{text}: {wrong:?}");
        }
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert!(parse(&"-".repeat(10_000)).is_err());
        assert!(parse(&format!("1{}", "*1".repeat(10_000))).is_err());
        assert!(parse(&format!("1{}", "+1".repeat(10_000))).is_ok());
        assert!(parse(&"count(".repeat(10_000)).is_err());
    }
}
