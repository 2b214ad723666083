//! Operators' files: TOML 1.0 read with every error at once, each with its place and, where one fits, a suggestion.
//!
//! Pure: the caller reads the file. Rule packs, the configuration and cases are read with it.

use super::findings::Score;
use crate::limits;
use std::{
    cell::{OnceCell, RefCell},
    fmt,
    ops::Range,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Where something stands in a file; both numbers count from 1, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    pub position: Position,
    /// What is wrong and what to do, lower case, no full stop.
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.position, self.what)
    }
}

/// Everything that is wrong with the operator's files, one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(pub Vec<Complaint>);

impl fmt::Display for Errors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, complaint) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            write!(out, "{complaint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

impl Errors {
    /// One error that concerns a file as a whole.
    #[must_use]
    pub fn whole_file(file: &str, what: impl Into<String>) -> Self {
        let position = Position { file: file.to_owned(), line: 1, column: 1 };
        Self(vec![Complaint { position, what: what.into() }])
    }
}

/// A key of a table, with its place.
pub type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
/// A value, with its place.
pub type Value<'a> = Spanned<DeValue<'a>>;

/// One file being read; it gathers what is wrong with it.
pub struct Document<'a> {
    file: &'a str,
    text: &'a str,
    /// Where the lines begin; a place is asked for every key of some files.
    lines: OnceCell<Vec<usize>>,
    /// Octet where each stands, and what is wrong: a place costs a look at its line, so only those shown get one.
    complaints: RefCell<Vec<(usize, String)>>,
}

impl<'a> Document<'a> {
    #[must_use]
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, lines: OnceCell::new(), complaints: RefCell::default() }
    }

    /// The outermost table; what is not TOML is complained about and left out.
    pub fn root(&self) -> DeTable<'a> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let what = error.message().lines().collect::<Vec<_>>().join(", ");
            self.complain(error.span().unwrap_or_default(), what);
        }
        root.into_inner()
    }

    /// Where a span of the text begins.
    pub fn position(&self, span: &Range<usize>) -> Position {
        let starts = self.lines.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect()
        });
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = starts.partition_point(|start| *start <= before.len());
        let line_start = starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Position { file: self.file.to_owned(), line, column }
    }

    /// Notes an error.
    pub fn complain(&self, span: Range<usize>, what: impl Into<String>) {
        self.complaints.borrow_mut().push((span.start, what.into()));
    }

    /// Notes that a key is not one of those known here.
    pub fn complain_of_key<'k>(&self, key: &Key<'_>, known: impl IntoIterator<Item = &'k str>) {
        self.complain(key.span(), unknown("key", key.get_ref(), known));
    }

    /// A string.
    pub fn text(&self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            other => self.wrong_type(value, "a string", other),
        }
    }

    /// A string or a list of strings, each with its place.
    pub fn texts(&self, value: &Value<'_>) -> Option<Vec<(String, Range<usize>)>> {
        match value.get_ref() {
            DeValue::String(text) => Some(vec![(text.clone().into_owned(), value.span())]),
            DeValue::Array(items) => {
                Some(items.iter().filter_map(|item| self.text(item).map(|text| (text, item.span()))).collect())
            }
            other => self.wrong_type(value, "a string or a list of strings", other),
        }
    }

    /// A number of points, at most two decimals.
    pub fn score(&self, value: &Value<'_>) -> Option<Score> {
        let text = match value.get_ref() {
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            other => return self.wrong_type(value, "a number", other),
        };
        let score = text.strip_prefix('+').unwrap_or(&text).parse().ok();
        if score.is_none() {
            self.complain(
                value.span(),
                format!("`{text}` is not a score: -99999.99 to 99999.99, at most two decimals"),
            );
        }
        score
    }

    /// A whole number that is not negative.
    pub fn count(&self, value: &Value<'_>) -> Option<u64> {
        let DeValue::Integer(number) = value.get_ref() else {
            return self.wrong_type(value, "a whole number", value.get_ref());
        };
        let count = u64::from_str_radix(number.as_str().trim_start_matches('+'), number.radix()).ok();
        if count.is_none() {
            self.complain(value.span(), format!("`{number}` is not a whole number from 0 on"));
        }
        count
    }

    /// `true` or `false`.
    pub fn flag(&self, value: &Value<'_>) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => self.wrong_type(value, "true or false", other),
        }
    }

    /// The tables of an array, each read.
    pub fn tables<T>(
        &self,
        value: &Value<'_>,
        name: &str,
        read: impl Fn(&Document<'_>, &Value<'_>) -> Option<T>,
    ) -> Vec<T> {
        let DeValue::Array(items) = value.get_ref() else {
            self.complain(value.span(), format!("these are tables: write [[{name}]]"));
            return Vec::new();
        };
        items.iter().filter_map(|item| read(self, item)).collect()
    }

    /// A table.
    pub fn table<'t, 'v>(&self, value: &'t Value<'v>) -> Option<&'t DeTable<'v>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            other => self.wrong_type(value, "a table", other),
        }
    }

    /// The result, if nothing is wrong with the file.
    ///
    /// # Errors
    /// All complaints, in the order of their places; of very many the first, and how many more there are.
    pub fn finish<T>(self, result: T) -> Result<T, Errors> {
        let mut found = self.complaints.take();
        if found.is_empty() {
            return Ok(result);
        }
        found.sort();
        found.dedup();
        let left_out = found.len().saturating_sub(limits::FILE_ERRORS_MAX);
        let mut complaints: Vec<Complaint> = found
            .into_iter()
            .take(limits::FILE_ERRORS_MAX)
            .map(|(start, what)| Complaint { position: self.position(&(start..start)), what })
            .collect();
        if left_out > 0
            && let Some(last) = complaints.last()
        {
            let position = last.position.clone();
            complaints.push(Complaint { position, what: format!("and {left_out} more errors after this one") });
        }
        Err(Errors(complaints))
    }

    fn wrong_type<T>(&self, value: &Value<'_>, wanted: &str, found: &DeValue<'_>) -> Option<T> {
        let found = match found {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.complain(value.span(), format!("{wanted} is needed here, not {found}"));
        None
    }
}

/// The sentence that something is not known, with the nearest known word if one is near.
pub fn unknown<'k>(kind: &str, word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    match nearest(word, known) {
        Some(near) => format!("unknown {kind} `{word}`; did you mean `{near}`?"),
        None => format!("unknown {kind} `{word}`"),
    }
}

/// The known word with the least edit distance, if that is at most a third of the word's length (and at least 1).
/// A word of three letters and more that begins a known one is near to it.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let reach = (word.chars().count() / 3).max(1);
    let away = |candidate: &str| {
        let is_beginning = word.len() >= 3 && candidate.starts_with(word);
        if is_beginning { distance(word, candidate).min(1) } else { distance(word, candidate) }
    };
    let near = known.into_iter().map(|candidate| (away(candidate), candidate)).min()?;
    (near.0 <= reach).then_some(near.1)
}

/// How many characters have to be put in, taken out, replaced or swapped with their neighbour, case aside.
///
/// Words longer than 64 characters are never near: a foreign key must not cost quadratic time.
fn distance(left: &str, right: &str) -> usize {
    const WORD_CHARACTERS_MAX: usize = 64;
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    if left.len() > WORD_CHARACTERS_MAX || right.len() > WORD_CHARACTERS_MAX {
        return usize::MAX;
    }
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let cell = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX / 2);
    for (line, one) in left.iter().enumerate() {
        let mut next = vec![line + 1];
        for (column, other) in right.iter().enumerate() {
            let mut cost = (cell(&row, column) + usize::from(one != other))
                .min(cell(&row, column + 1) + 1)
                .min(cell(&next, column) + 1);
            let is_swap =
                line > 0 && column > 0 && left.get(line - 1) == Some(other) && right.get(column - 1) == Some(one);
            if is_swap {
                cost = cost.min(cell(&above, column - 1) + 1);
            }
            next.push(cost);
        }
        above = row;
        row = next;
    }
    cell(&row, right.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("scroe", ["score", "about"]), Some("score"));
        assert_eq!(nearest("lisen", ["listen", "trusted_peers"]), Some("listen"));
        assert_eq!(nearest("colour", ["score", "about"]), None);
        assert_eq!(nearest("LISTEN", ["listen"]), Some("listen"));
        assert_eq!(nearest(&"a".repeat(100_000), ["a"]), None);
        assert_eq!(distance("abc", ""), 3);
    }

    #[test]
    fn all_errors_come_with_line_and_column() {
        let text = "a = 1\nb = \nc = = 2\n\u{e4} = true\n";
        let document = Document::new("x.toml", text);
        let root = document.root();
        for (key, value) in &root {
            let _ = document.text(value);
            document.complain_of_key(key, ["bb"]);
        }
        let errors = document.finish(()).unwrap_err().to_string();
        assert!(errors.contains("x.toml:1:5: a string is needed here, not a number"), "{errors}");
        assert!(errors.contains("x.toml:2:"), "{errors}");
        assert!(errors.contains("x.toml:3:"), "{errors}");
    }

    #[test]
    fn very_many_errors_are_found_quickly_and_counted() {
        let text = "= ".repeat(limits::FIELD_TEXT_BYTES_MAX) + &"a = 1\n".repeat(10_000);
        let document = Document::new("x.toml", &text);
        let start = std::time::Instant::now();
        let _ = document.root();
        let errors = document.finish(()).unwrap_err();
        assert_eq!(errors.0.len(), limits::FILE_ERRORS_MAX + 1);
        assert!(errors.to_string().contains(" more errors"), "{errors}");
        assert!(start.elapsed().as_secs() < 5, "quadratic: {:?}", start.elapsed());
    }
}
