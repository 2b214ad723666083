//! Authentication-Results that others wrote: the grammar of RFC 8601 2.2.
//!
//! Pure. Reading never gives trust: who wrote a field is not known from the field.

use super::tags::trim;

/// One field: whose it is and what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub authserv_id: String,
    pub results: Vec<MethodResult>,
}

/// One method and its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodResult {
    /// Lower case.
    pub method: String,
    /// Lower case.
    pub result: String,
    pub reason: Option<String>,
    /// `ptype`, `property` (lower case) and value.
    pub properties: Vec<(String, String, String)>,
}

/// A lexical element; comments are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lexeme {
    Word(String),
    Quoted(String),
    Mark(char),
}

impl Report {
    /// Reads a field value; `None` if it does not follow the grammar. Properties without a type are passed over.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let lexemes = lexemes(value)?;
        let mut statements = lexemes.split(|lexeme| *lexeme == Lexeme::Mark(';'));
        let authserv_id = match statements.next()? {
            [Lexeme::Word(id) | Lexeme::Quoted(id)] => id.clone(),
            [Lexeme::Word(id) | Lexeme::Quoted(id), Lexeme::Word(version)] if version == "1" => id.clone(),
            _ => return None,
        };
        let mut results = Vec::new();
        for statement in statements {
            match statement {
                [] => {}
                [Lexeme::Word(none)] if none.eq_ignore_ascii_case("none") => {}
                statement => results.push(method_result(statement)?),
            }
        }
        Some(Self { authserv_id, results })
    }

    /// The result of a method, if the field reports it.
    #[must_use]
    pub fn result(&self, method: &str) -> Option<&str> {
        self.results.iter().find(|result| result.method == method).map(|result| result.result.as_str())
    }
}

fn method_result(lexemes: &[Lexeme]) -> Option<MethodResult> {
    let (pairs, is_whole) = pairs(lexemes);
    let mut pairs = pairs.into_iter();
    let (method, result) = pairs.next().filter(|_| is_whole)?;
    // RFC 8601 2.2: a version may follow the method.
    let method = method.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let mut found = MethodResult { method, result: result.to_ascii_lowercase(), ..MethodResult::default() };
    for (name, value) in pairs {
        match name.split_once('.') {
            Some((kind, property)) => {
                found.properties.push((trim(kind).to_ascii_lowercase(), property.to_ascii_lowercase(), value));
            }
            None if name.eq_ignore_ascii_case("reason") => found.reason = Some(value),
            None => {}
        }
    }
    Some(found)
}

/// `name = value` pairs, blanks and comments around the marks allowed; and whether nothing else was there.
fn pairs(lexemes: &[Lexeme]) -> (Vec<(String, String)>, bool) {
    let mut pairs = Vec::new();
    let mut rest = lexemes;
    loop {
        let mut name = String::new();
        while let [Lexeme::Word(part), after @ ..] = rest {
            name.push_str(part);
            rest = after;
            // `header . d` and `spf / 1` are one name (RFC 8601 2.2).
            match rest {
                [Lexeme::Mark(mark @ ('.' | '/')), after @ ..] => {
                    name.push(*mark);
                    rest = after;
                }
                _ => break,
            }
        }
        match rest {
            [Lexeme::Mark('='), Lexeme::Word(value) | Lexeme::Quoted(value), after @ ..] if !name.is_empty() => {
                pairs.push((name, value.clone()));
                rest = after;
            }
            [] => return (pairs, name.is_empty()),
            _ => return (pairs, false),
        }
    }
}

/// Words, quoted strings and marks; `None` if a quote or comment does not end.
fn lexemes(value: &str) -> Option<Vec<Lexeme>> {
    let mut lexemes = Vec::new();
    let mut letters = value.chars().peekable();
    // After `=` a word may hold dots, slashes and colons: it is a value (RFC 8601 2.2 pvalue).
    let mut is_value = false;
    let mut has_results = false;
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter.is_whitespace() => continue,
            '(' => {
                comment(&mut letters)?;
                continue;
            }
            '"' => lexemes.push(Lexeme::Quoted(quoted(&mut letters)?)),
            ';' | '=' => {
                has_results |= letter == ';';
                lexemes.push(Lexeme::Mark(letter));
            }
            '.' | '/' if !is_value && !lexemes.is_empty() => lexemes.push(Lexeme::Mark(letter)),
            first => {
                let mut word = String::from(first);
                let is_name = !is_value && has_results;
                while let Some(next) = letters.next_if(|next| {
                    let ends = next.is_whitespace() || matches!(next, '(' | '"' | ';');
                    !ends && (is_value || *next != '=') && !(is_name && matches!(next, '.' | '/'))
                }) {
                    word.push(next);
                }
                lexemes.push(Lexeme::Word(word));
            }
        }
        is_value = letter == '=';
    }
    Some(lexemes)
}

/// Skips a comment whose bracket is taken; comments nest.
pub(super) fn comment(letters: &mut impl Iterator<Item = char>) -> Option<()> {
    let mut depth = 1_usize;
    while depth > 0 {
        match letters.next()? {
            '\\' => drop(letters.next()?),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
    }
    Some(())
}

/// Takes a quoted string whose first quote is taken.
pub(super) fn quoted(letters: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => text.push(letters.next()?),
            letter => text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_words_are_quick() {
        let value = "a ".repeat(crate::limits::HEAD_BYTES_MAX / 2);
        let start = std::time::Instant::now();
        assert_eq!(Report::parse(&value), None);
        assert!(start.elapsed().as_secs() < 2, "quadratic: {:?}", start.elapsed());
    }
}
