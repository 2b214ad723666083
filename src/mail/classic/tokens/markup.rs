//! Tags, comments, declarations and marked sections as HTML::Parser delimits them.
//!
//! Pure. The part of the tokenizer that looks at one piece of markup.

use super::{LITERAL, Section, Sink, Token, Tokenizer, is_name_first};
use crate::mail::classic::{
    entities,
    wide::{Wide, is_blank},
};

impl Tokenizer<'_> {
    pub(super) fn end_tag(&mut self, open: usize, sink: &mut Sink<'_>) -> Option<usize> {
        let name_end = self.until(open + 2, |octet| is_blank(&octet) || octet == b'>');
        let Some(close) = self.skip_quoted(name_end) else { return Some(open) };
        if name_end > open + 2 {
            let name = self.slice(open + 2, name_end).to_ascii_lowercase();
            self.emit(Token::End { name }, sink);
        } else {
            self.emit(Token::Comment(self.slice(open, close + 1)), sink);
        }
        Some(close + 1)
    }

    /// The next `>` outside quotes that open behind a space or `=`.
    fn skip_quoted(&self, from: usize) -> Option<usize> {
        let mut quote = None;
        let mut before = b' ';
        for (at, octet) in self.text.as_bytes().iter().enumerate().skip(from) {
            match (octet, quote) {
                (b'>', None) => return Some(at),
                (b'"' | b'\'', Some(open)) if open == *octet => quote = None,
                (b'"' | b'\'', None) if matches!(before, b' ' | b'=') => quote = Some(*octet),
                _ => {}
            }
            before = *octet;
        }
        None
    }

    fn until(&self, from: usize, stop: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().position(|octet| stop(*octet)).map_or(self.text.len(), |at| from + at)
    }

    pub(super) fn start_tag(&mut self, open: usize, sink: &mut Sink<'_>) -> usize {
        let stop = |octet: u8| is_blank(&octet) || octet == b'>';
        let name_end = self.until(open + 1, stop);
        let name = self.slice(open + 1, name_end).to_ascii_lowercase();
        let mut at = self.skip_blank(name_end);
        let mut attributes: Vec<(String, Wide)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while at < self.text.len() && self.octet(at) != b'>' {
            let label_end = self.until(at + 1, |octet| stop(octet) || octet == b'=');
            let label = self.slice(at, label_end);
            at = self.skip_blank(label_end);
            let value = if self.octet(at) == b'=' {
                at = self.skip_blank(at + 1);
                let Some((value, end)) = self.value(at) else { return open };
                at = self.skip_blank(end);
                value
            } else {
                Wide { text: label.to_owned(), decoded: self.decoded }
            };
            // The first of several attributes of one name counts.
            let label = label.to_ascii_lowercase();
            if attributes.len() < ATTRIBUTES_MAX && seen.insert(label.clone()) {
                attributes.push((label, value));
            }
        }
        if at >= self.text.len() {
            return open;
        }
        let literal = LITERAL.iter().position(|(element, _)| *element == name);
        self.emit(Token::Start { name, attributes }, sink);
        if let Some(literal) = literal {
            self.literal = Some(literal);
            self.is_cdata = LITERAL.get(literal).is_some_and(|(_, is_cdata)| *is_cdata);
        }
        at + 1
    }

    /// An attribute's value and its end.
    fn value(&self, at: usize) -> Option<(Wide, usize)> {
        let (text, end) = match self.octet(at) {
            b'>' => ("", at),
            quote @ (b'"' | b'\'') => {
                let close = self.find(quote, at + 1)?;
                (self.slice(at + 1, close), close + 1)
            }
            _ => {
                let end = self.until(at, |octet| is_blank(&octet) || octet == b'>');
                (self.slice(at, end), end)
            }
        };
        Some((entities::decode(text, self.decoded, false), end))
    }

    pub(super) fn declaration(&mut self, open: usize, sink: &mut Sink<'_>) -> Option<usize> {
        let rest = self.slice(open + 2, self.text.len());
        if let Some(body) = rest.strip_prefix("--") {
            return Some(self.comment(open, self.text.len() - body.len(), sink));
        }
        if rest.starts_with('>') {
            self.emit(Token::Comment(self.slice(open, open + 3)), sink);
            return Some(open + 3);
        }
        if rest.starts_with('[')
            && let Some(end) = self.marked_section(open)
        {
            return Some(end);
        }
        let word_end = self.until(open + 2, |octet| !(octet.is_ascii_alphanumeric() || b"_.-:".contains(&octet)));
        let word = self.slice(open + 2, word_end);
        if word.eq_ignore_ascii_case("doctype") || word.eq_ignore_ascii_case("entity") {
            match self.declaration_end(word_end) {
                Ok(Some(end)) => {
                    self.emit(Token::Declaration(self.slice(open, end)), sink);
                    return Some(end);
                }
                Ok(None) => return Some(open),
                Err(()) => {}
            }
        }
        let Some(close) = self.find(b'>', open) else { return Some(open) };
        self.emit(Token::Comment(self.slice(open, close + 1)), sink);
        Some(close + 1)
    }

    /// Behind the `>` of a declaration. `None` if it has no end, an error if it is malformed.
    fn declaration_end(&self, from: usize) -> Result<Option<usize>, ()> {
        let mut at = from;
        loop {
            at = self.skip_blank(at);
            match self.octet(at) {
                _ if at >= self.text.len() => return Ok(None),
                b'>' => return Ok(Some(at + 1)),
                quote @ (b'"' | b'\'') => match self.find(quote, at + 1) {
                    Some(close) => at = close + 1,
                    None => return Ok(None),
                },
                b'-' if self.octet(at + 1) != b'-' => return Err(()),
                b'-' => {
                    let rest = self.text.as_bytes().get(at + 2..).unwrap_or_default();
                    let Some(end) = memchr::memmem::find(rest, b"--") else { return Ok(None) };
                    at += end + 4;
                }
                _ => at = self.until(at + 1, |octet| is_blank(&octet) || octet == b'>'),
            }
        }
    }

    fn comment(&mut self, open: usize, from: usize, sink: &mut Sink<'_>) -> usize {
        let end = if self.is_final {
            self.find(b'>', from).map(|close| close + 1)
        } else {
            let rest = self.text.as_bytes().get(from..).unwrap_or_default();
            let ends = |dashes: usize| {
                let close = self.skip_blank(from + dashes + 2);
                (self.octet(close) == b'>').then_some(close + 1)
            };
            // `-- >` ends a comment as well; only the last of several dashes can be followed by `>`.
            memchr::memchr_iter(b'-', rest).filter(|dash| rest.get(dash + 1) == Some(&b'-')).find_map(ends)
        };
        let Some(end) = end else { return open };
        self.emit(Token::Comment(self.slice(open, end)), sink);
        end
    }

    /// Opens `<![name[`; tells where its content starts.
    fn marked_section(&mut self, open: usize) -> Option<usize> {
        let mut at = self.skip_blank(open + 3);
        let mut level = Section::None;
        let mut named = false;
        while is_name_first(self.octet(at)) {
            let end = self.until(at, |octet| !(octet.is_ascii_alphanumeric() || b"_.-:".contains(&octet)));
            let name = self.slice(at, end).to_ascii_lowercase();
            level = level.max(match name.as_str() {
                "include" => Section::Include,
                "rcdata" => Section::References,
                "cdata" => Section::Characters,
                "ignore" => Section::Ignore,
                _ => Section::None,
            });
            named = true;
            at = self.skip_blank(end);
        }
        if self.octet(at) != b'[' || self.sections.len() >= SECTIONS_MAX {
            return None;
        }
        self.sections.push(if named { level } else { Section::Include });
        self.is_cdata = self.section() == Section::Characters;
        Some(at + 1)
    }
}

/// Attributes kept of one tag; real ones have a dozen.
const ATTRIBUTES_MAX: usize = 500;
/// Marked sections open at once.
const SECTIONS_MAX: usize = 32;
