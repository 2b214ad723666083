//! The tokens of a master file: lines, parentheses, strings, comments (RFC 1035 section 5.1).
//!
//! Pure, and total over any octets. Escapes stay in the tokens, for only their reader knows which dots count.

/// A place in the file, both counted from one, columns in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    pub line: usize,
    pub column: usize,
}

/// One word or quoted string, its escapes still in it.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub raw: &'a [u8],
    pub quoted: bool,
    pub at: At,
}

/// What stands between two line ends that are not inside parentheses.
pub struct Entry<'a> {
    pub tokens: Vec<Token<'a>>,
    /// It begins with a blank: the owner of the entry before goes on.
    pub inherits: bool,
}

/// Reads a master file entry by entry.
pub struct Lexer<'a> {
    bytes: &'a [u8],
    /// Octets read.
    offset: usize,
    line: usize,
    /// Offset of the first octet of the line.
    line_start: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        let start = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { bytes: text, offset: start, line: 1, line_start: start }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    fn at(&self) -> At {
        At { line: self.line, column: self.offset - self.line_start + 1 }
    }

    fn end_line(&mut self) {
        self.offset += 1;
        self.line += 1;
        self.line_start = self.offset;
    }

    fn skip_rest_of_line(&mut self) {
        while self.peek().is_some_and(|octet| octet != b'\n') {
            self.offset += 1;
        }
    }

    /// The next entry that has a token; a fault ends its entry, and the rest of its line is left out.
    pub fn entry(&mut self) -> Option<Result<Entry<'a>, (At, String)>> {
        let mut entry = Entry { tokens: Vec::new(), inherits: matches!(self.peek()?, b' ' | b'\t') };
        let mut open: Vec<At> = Vec::new();
        loop {
            let at = self.at();
            match self.peek() {
                None => break,
                Some(b'\n') => {
                    self.end_line();
                    if open.is_empty() {
                        if !entry.tokens.is_empty() {
                            break;
                        }
                        entry.inherits = matches!(self.peek(), Some(b' ' | b'\t'));
                    }
                }
                Some(b' ' | b'\t' | b'\r') => self.offset += 1,
                Some(b';') => self.skip_rest_of_line(),
                Some(b'(') => {
                    open.push(at);
                    self.offset += 1;
                }
                Some(b')') => {
                    self.offset += 1;
                    if open.pop().is_none() {
                        self.skip_rest_of_line();
                        return Some(Err((at, "`)` without `(` before it".to_owned())));
                    }
                }
                Some(b'"') => match self.string() {
                    Ok(token) => entry.tokens.push(token),
                    Err(fault) => return Some(Err(fault)),
                },
                Some(_) => {
                    let token = self.word();
                    entry.tokens.push(token);
                }
            }
        }
        match open.pop() {
            Some(at) => Some(Err((at, "`(` is never closed".to_owned()))),
            None if entry.tokens.is_empty() => None,
            None => Some(Ok(entry)),
        }
    }

    fn string(&mut self) -> Result<Token<'a>, (At, String)> {
        let at = self.at();
        self.offset += 1;
        let start = self.offset;
        loop {
            match self.peek() {
                None | Some(b'\n') => return Err((at, "the string is not closed on its line".to_owned())),
                Some(b'"') => break,
                // An escaped line end is refused when the string is read.
                Some(b'\\') if self.bytes.get(self.offset + 1).is_some_and(|octet| *octet != b'\n') => self.offset += 2,
                Some(_) => self.offset += 1,
            }
        }
        let raw = self.bytes.get(start..self.offset).unwrap_or_default();
        self.offset += 1;
        Ok(Token { raw, quoted: true, at })
    }

    fn word(&mut self) -> Token<'a> {
        let at = self.at();
        let start = self.offset;
        while let Some(octet) = self.peek() {
            match octet {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' | b'"' => break,
                b'\\' if self.bytes.get(self.offset + 1).is_some_and(|octet| *octet != b'\n') => self.offset += 2,
                _ => self.offset += 1,
            }
        }
        Token { raw: self.bytes.get(start..self.offset).unwrap_or_default(), quoted: false, at }
    }
}
