//! The tokens of a page as HTML::Parser cuts them, which SpamAssassin renders from.
//!
//! Pure. Not how a browser reads (that is `html.rs`): unterminated markup swallows the rest, comments end at `--` with
//! white space behind, marked sections of SGML count. Linear: no construct is looked for twice.

mod markup;

use super::{
    entities,
    wide::{Wide, is_blank},
};

/// One token.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Start { name: String, attributes: Vec<(String, Wide)> },
    End { name: String },
    Text(Wide),
    Comment(&'a str),
    Declaration(&'a str),
}

/// Elements whose content holds no markup; the second says that references are not decoded either.
const LITERAL: [(&str, bool); 7] = [
    ("script", true),
    ("style", true),
    ("xmp", true),
    ("iframe", true),
    ("plaintext", true),
    ("title", false),
    ("textarea", false),
];

/// How a marked section is read; a nested one cannot be less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    None,
    Include,
    References,
    Characters,
    Ignore,
}

/// Where a tokenizer stands.
#[derive(Debug)]
pub struct Tokenizer<'a> {
    text: &'a str,
    decoded: bool,
    /// The next octet.
    at: usize,
    literal: Option<usize>,
    /// Literal elements whose end was looked for in vain.
    endless: [bool; LITERAL.len()],
    is_cdata: bool,
    sections: Vec<Section>,
    pending_end: Option<&'static str>,
    /// At the end of the page a lone `>` ends a comment.
    is_final: bool,
}

type Sink<'s> = dyn FnMut(Token<'_>) + 's;

impl<'a> Tokenizer<'a> {
    #[must_use]
    pub fn new(text: &'a str, decoded: bool) -> Self {
        Self {
            text,
            decoded,
            at: 0,
            literal: None,
            endless: [false; LITERAL.len()],
            is_cdata: false,
            sections: Vec::new(),
            pending_end: None,
            is_final: false,
        }
    }

    /// Reads the whole page.
    pub fn run(&mut self, sink: &mut Sink<'_>) {
        self.scan(sink);
        while self.at < self.text.len() {
            if let Some(literal) = self.literal {
                let name = LITERAL.get(literal).map_or("", |(name, _)| *name);
                match name {
                    "plaintext" | "xmp" | "iframe" | "textarea" => break,
                    // What follows an unclosed script or style is theirs: SpamAssassin closes them itself.
                    "script" | "style" => {
                        let rest = self.slice(self.at, self.text.len());
                        self.at = self.text.len();
                        self.emit_text(rest, sink);
                        self.emit(Token::End { name: name.to_owned() }, sink);
                    }
                    _ => self.pending_end = Some(name),
                }
                self.literal = None;
                self.scan(sink);
                continue;
            }
            if !self.is_final && self.octet(self.at) == b'<' {
                self.is_final = true;
                self.scan(sink);
                continue;
            }
            let next = self.text.as_bytes().get(self.at + 1);
            let is_markup = next.is_none_or(|octet| is_name_first(*octet) || matches!(octet, b'/' | b'!' | b'?'));
            if self.octet(self.at) == b'<' && is_markup {
                let rest = self.slice(self.at, self.text.len());
                self.at = self.text.len();
                self.emit(Token::Comment(rest), sink);
            }
            break;
        }
        if self.at < self.text.len() {
            let rest = self.slice(self.at, self.text.len());
            self.emit_text(rest, sink);
        }
        self.end_pending(sink);
    }

    fn octet(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn skip_blank(&self, mut at: usize) -> usize {
        while self.text.as_bytes().get(at).is_some_and(is_blank) {
            at += 1;
        }
        at
    }

    fn find(&self, octet: u8, from: usize) -> Option<usize> {
        Some(from + memchr::memchr(octet, self.text.as_bytes().get(from..)?)?)
    }

    fn section(&self) -> Section {
        self.sections.iter().copied().max().unwrap_or(Section::None)
    }

    fn end_pending(&mut self, sink: &mut Sink<'_>) {
        if let Some(name) = self.pending_end.take() {
            sink(Token::End { name: name.to_owned() });
        }
    }

    fn emit(&mut self, token: Token<'_>, sink: &mut Sink<'_>) {
        if !matches!(token, Token::Comment(_) | Token::Text(_)) {
            self.end_pending(sink);
        }
        if self.section() != Section::Ignore {
            sink(token);
        }
    }

    fn emit_text(&mut self, text: &str, sink: &mut Sink<'_>) {
        let text = if self.is_cdata {
            Wide { text: text.to_owned(), decoded: self.decoded }
        } else {
            entities::decode(text, self.decoded, true)
        };
        self.emit(Token::Text(text), sink);
    }

    /// Reads on until the end, or until something has no end.
    fn scan(&mut self, sink: &mut Sink<'_>) {
        loop {
            if self.literal.is_some() && !self.literal_text(sink) {
                return;
            }
            if matches!(self.section(), Section::Characters | Section::References) {
                let Some(end) = memchr::memmem::find(self.text.as_bytes().get(self.at..).unwrap_or_default(), b"]]>")
                else {
                    return;
                };
                self.close_section(self.at + end, sink);
                continue;
            }
            let start = self.at;
            let Some(open) = self.text_end(start, sink) else { return };
            if self.text.len() - open < 3 {
                return;
            }
            match self.markup(open, sink) {
                Some(end) if end > open => self.at = end,
                Some(_) => return,
                None => {
                    // No markup after all: the text goes on behind `<`.
                    let from = open + 1;
                    if !self.text_from(open, from, sink) {
                        return;
                    }
                }
            }
        }
    }

    /// Emits the text up to the next `<` and tells where that is.
    fn text_end(&mut self, from: usize, sink: &mut Sink<'_>) -> Option<usize> {
        self.text_from(from, from, sink).then_some(self.at)
    }

    /// Emits the text that starts at `start`, looking for its end behind `from`. False at the end of the page.
    fn text_from(&mut self, start: usize, from: usize, sink: &mut Sink<'_>) -> bool {
        let open = self.find(b'<', from);
        let stop = open.unwrap_or(self.text.len());
        if self.section() == Section::Include
            && let Some(end) = memchr::memmem::find(self.text.as_bytes().get(from..stop).unwrap_or_default(), b"]]>")
        {
            self.at = start;
            self.close_section(from + end, sink);
            let start = self.at;
            return self.text_from(start, start, sink);
        }
        if let Some(open) = open {
            self.at = open;
            if open > start {
                self.emit_text(self.slice(start, open), sink);
            }
            return true;
        }
        // The last word waits for the end of the page, in case it is a reference cut in two.
        let octets = self.text.as_bytes().get(start..).unwrap_or_default();
        let mut end = octets.len();
        let before = |end: usize| end.checked_sub(1).and_then(|last| octets.get(last));
        if !before(end).is_some_and(is_blank) {
            while before(end).is_some_and(|octet| !is_blank(octet)) {
                end -= 1;
            }
        }
        while before(end).is_some_and(is_blank) {
            end -= 1;
        }
        self.at = start + end;
        if end > 0 {
            self.emit_text(self.slice(start, start + end), sink);
        }
        false
    }

    fn close_section(&mut self, end: usize, sink: &mut Sink<'_>) {
        if end > self.at {
            self.emit_text(self.slice(self.at, end), sink);
        }
        self.at = end + 3;
        self.sections.pop();
        self.is_cdata = self.section() == Section::Characters;
    }

    /// Emits the content and end of a literal element. False if it has no end.
    fn literal_text(&mut self, sink: &mut Sink<'_>) -> bool {
        let Some(literal) = self.literal else { return true };
        let name = LITERAL.get(literal).map_or("", |(name, _)| *name);
        if name == "plaintext" || self.endless.get(literal) == Some(&true) {
            return false;
        }
        let mut from = self.at;
        while let Some(open) = self.find(b'<', from) {
            from = open + 1;
            if self.octet(from) != b'/' {
                continue;
            }
            let named = self.text.as_bytes().get(from + 1..from + 1 + name.len()).unwrap_or_default();
            let close = self.skip_blank(from + 1 + name.len());
            if named.eq_ignore_ascii_case(name.as_bytes()) && self.octet(close) == b'>' {
                if open > self.at {
                    self.emit_text(self.slice(self.at, open), sink);
                }
                self.emit(Token::End { name: name.to_owned() }, sink);
                self.literal = None;
                self.is_cdata = false;
                self.at = close + 1;
                return true;
            }
        }
        if let Some(endless) = self.endless.get_mut(literal) {
            *endless = true;
        }
        false
    }

    /// Reads the markup at `open`. `None` if it is none, `open` itself if it has no end.
    fn markup(&mut self, open: usize, sink: &mut Sink<'_>) -> Option<usize> {
        match self.octet(open + 1) {
            b'/' => self.end_tag(open, sink),
            b'!' => self.declaration(open, sink),
            b'?' => Some(self.find(b'>', open).map_or(open, |close| close + 1)),
            first if is_name_first(first) => Some(self.start_tag(open, sink)),
            _ => None,
        }
    }
}

fn is_name_first(octet: u8) -> bool {
    octet.is_ascii_alphabetic() || matches!(octet, b'_' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: &str) -> String {
        let mut all = Vec::new();
        Tokenizer::new(page, true).run(&mut |token| {
            all.push(match token {
                Token::Start { name, attributes } => {
                    let pairs: Vec<String> =
                        attributes.iter().map(|(name, value)| format!("{name}={}", value.text)).collect();
                    format!("S:{name}{{{}}}", pairs.join(","))
                }
                Token::End { name } => format!("E:{name}"),
                Token::Text(text) => format!("T:{}", text.text),
                Token::Comment(text) => format!("C:{text}"),
                Token::Declaration(text) => format!("D:{text}"),
            });
        });
        all.join(" ")
    }

    #[test]
    fn markup_is_cut_as_html_parser_cuts_it() {
        for (page, tokens) in [
            ("<a href>x</a>", "S:a{href=href} T:x E:a"),
            ("<title>a&amp;<b>c</b></title>d", "S:title{} T:a&<b>c</b> E:title T:d"),
            ("<xmp><b>&amp;", "S:xmp{} T:<b>&amp;"),
            ("<p>foo bar baz", "S:p{} T:foo bar T: baz"),
            ("<a b=c/d/>", "S:a{b=c/d/}"),
            ("<1a>x", "T:<1a>x"),
            ("</>x</ a>", "C:</> T:x C:</ a>"),
            ("<!-- a > b", "C:<!-- a > T: b"),
            ("<a href='x", "C:<a href='x"),
            ("<b>x<i", "S:b{} T:x C:<i"),
            ("<![if mso]>x<![endif]>y", "C:<![if mso]> T:x C:<![endif]> T:y"),
            ("<![CDATA[x<b>]]>y", "T:x<b> T:y"),
            ("<!x>y<?xml a>b", "C:<!x> T:y T:b"),
            ("<title>abc", "S:title{} T:abc E:title"),
            ("<script>a</script >b<script/>c", "S:script{} T:a E:script T:b S:script/{} T:c"),
            ("< b>x", "T:< T: b>x"),
            ("<!--->x-->y", "C:<!--->x--> T:y"),
            ("<!doctype html \"x>\">z", "D:<!doctype html \"x>\"> T:z"),
            ("<!-->x", "C:<!--> T:x"),
        ] {
            assert_eq!(read(page), tokens, "{page}");
        }
    }
}
