//! Splits a condition into words, numbers, texts, regular expressions and marks.
//!
//! Pure, linear in the octets.

use super::syntax::Operator;
use std::ops::Range;

/// A piece of text with a meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name, dots included: `link.domain`, `DMARC_FAIL`.
    Word(String),
    /// What follows a closing parenthesis: `.raw.folded`.
    Suffix(String),
    Number(f64),
    Text(String),
    Regex {
        source: String,
        flags: String,
    },
    Operator(Operator),
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
}

/// A token with its octets.
pub type Placed = (Token, Range<usize>);

/// What is wrong, and at which octet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub at: usize,
    pub what: String,
}

/// Reads all tokens.
///
/// # Errors
/// The first thing that is no token.
pub fn tokens(text: &str) -> Result<Vec<Placed>, Wrong> {
    let mut lexer = Lexer { text, at: 0, found: Vec::new() };
    while lexer.skip_space() {
        let start = lexer.at;
        let token = lexer.next()?;
        lexer.found.push((token, start..lexer.at));
    }
    Ok(lexer.found)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    found: Vec<Placed>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes white space and comments; says whether something follows.
    fn skip_space(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            let space = rest.len() - trimmed.len();
            let comment = if trimmed.starts_with('#') { trimmed.find('\n').unwrap_or(trimmed.len()) } else { 0 };
            let is_end = trimmed.is_empty();
            self.at += space + comment;
            if comment == 0 {
                return !is_end;
            }
        }
    }

    fn next(&mut self) -> Result<Token, Wrong> {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or_default();
        if first == '/'
            && matches!(self.found.last(), Some((Token::Operator(Operator::Matches | Operator::NotMatches), _)))
        {
            return self.regex();
        }
        if let Some((mark, token)) = MARKS.iter().find(|(mark, _)| rest.starts_with(mark)) {
            self.at += mark.len();
            return Ok(token.clone());
        }
        match first {
            '"' | '\'' => self.quoted(first),
            '0'..='9' => self.number(),
            '.' if matches!(self.found.last(), Some((Token::Close, _))) => Ok(Token::Suffix(self.word())),
            'a'..='z' | 'A'..='Z' | '_' => Ok(Token::Word(self.word())),
            '&' | '|' => Err(self.wrong(format!("`{first}` is not known here; write `and`, `or`"))),
            '=' => {
                Err(self
                    .wrong("a single `=` is not known here; write `==`, or `~` for a regular expression".to_owned()))
            }
            '!' => Err(self.wrong("`!` is not known here; write `not`, `!=` or `!~`".to_owned())),
            _ => Err(self.wrong(format!("`{first}` cannot stand here"))),
        }
    }

    fn wrong(&self, what: String) -> Wrong {
        Wrong { at: self.at, what }
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let is_part = |mark: char| mark.is_ascii_alphanumeric() || matches!(mark, '_' | '.');
        let word = rest.split(|mark: char| !is_part(mark)).next().unwrap_or_default().to_owned();
        self.at += word.len();
        word
    }

    fn number(&mut self) -> Result<Token, Wrong> {
        let rest = self.rest();
        let text = rest.split(|mark: char| !mark.is_ascii_digit() && mark != '.').next().unwrap_or_default();
        let number = text.parse().map_err(|_| self.wrong(format!("`{text}` is no number")))?;
        self.at += text.len();
        Ok(Token::Number(number))
    }

    /// `"..."` or `'...'`; a backslash makes the next mark itself, `\n` and `\t` are what they are.
    fn quoted(&mut self, quote: char) -> Result<Token, Wrong> {
        let mut text = String::new();
        let mut marks = self.rest().char_indices().skip(1);
        while let Some((at, mark)) = marks.next() {
            if mark == quote {
                self.at += at + 1;
                return Ok(Token::Text(text));
            }
            if mark != '\\' {
                text.push(mark);
                continue;
            }
            match marks.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, other)) => text.push(other),
                None => break,
            }
        }
        Err(self.wrong(format!("the text is not closed with {quote}")))
    }

    /// `/source/flags`; a slash inside is written `\/`.
    fn regex(&mut self) -> Result<Token, Wrong> {
        let rest = self.rest();
        let mut source = String::new();
        let mut marks = rest.char_indices().skip(1);
        while let Some((at, mark)) = marks.next() {
            match mark {
                '/' => {
                    let tail = rest.get(at + 1..).unwrap_or_default();
                    let flags =
                        tail.split(|mark: char| !mark.is_ascii_alphabetic()).next().unwrap_or_default().to_owned();
                    self.at += at + 1 + flags.len();
                    return Ok(Token::Regex { source, flags });
                }
                '\\' => match marks.next() {
                    Some((_, '/')) => source.push('/'),
                    Some((_, other)) => source.extend(['\\', other]),
                    None => break,
                },
                _ => source.push(mark),
            }
        }
        Err(self.wrong("the regular expression is not closed with /".to_owned()))
    }
}

/// Marks, the longer ones first.
static MARKS: &[(&str, Token)] = &[
    ("==", Token::Operator(Operator::Equal)),
    ("!=", Token::Operator(Operator::NotEqual)),
    ("!~", Token::Operator(Operator::NotMatches)),
    ("<=", Token::Operator(Operator::LessOrEqual)),
    (">=", Token::Operator(Operator::GreaterOrEqual)),
    ("<", Token::Operator(Operator::Less)),
    (">", Token::Operator(Operator::Greater)),
    ("~", Token::Operator(Operator::Matches)),
    ("+", Token::Operator(Operator::Add)),
    ("-", Token::Operator(Operator::Subtract)),
    ("*", Token::Operator(Operator::Multiply)),
    ("/", Token::Operator(Operator::Divide)),
    ("(", Token::Open),
    (")", Token::Close),
    ("[", Token::OpenList),
    ("]", Token::CloseList),
    (",", Token::Comma),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_divides_unless_a_match_precedes_it() {
        let kinds: Vec<Token> =
            tokens("A / 2 ~ /a\\/b\\d/i # all").unwrap().into_iter().map(|(token, _)| token).collect();
        assert_eq!(kinds[1], Token::Operator(Operator::Divide));
        assert_eq!(kinds[4], Token::Regex { source: "a/b\\d".to_owned(), flags: "i".to_owned() });
        assert_eq!(kinds.len(), 5);
    }

    #[test]
    fn a_suffix_follows_a_parenthesis() {
        let found = tokens("header(\"X\").raw.folded").unwrap();
        assert_eq!(found.last().unwrap().0, Token::Suffix(".raw.folded".to_owned()));
    }

    #[test]
    fn what_others_write_is_explained() {
        assert!(tokens("a && b").unwrap_err().what.contains("write `and`"));
        assert!(tokens("a = b").unwrap_err().what.contains("=="));
        assert_eq!(tokens("subject ~ /x").unwrap_err().at, 10);
    }
}
