//! Lines as tolerant readers cut them: at LF, CRLF, CRCRLF and at a lone CR.
//!
//! Pure.

/// One line of a text by its places there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub start: usize,
    /// Behind the last octet before the line end.
    pub end: usize,
    /// Behind the line end.
    pub next: usize,
    /// Ended by a lone CR, which strict readers do not take for a line end.
    pub is_soft: bool,
}

impl Line {
    #[must_use]
    pub fn of<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The line that starts at `start`; `None` at the end of the text.
#[must_use]
pub fn line_at(text: &[u8], start: usize) -> Option<Line> {
    let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
    let Some(length) = memchr::memchr2(b'\n', b'\r', rest) else {
        return Some(Line { start, end: text.len(), next: text.len(), is_soft: false });
    };
    let end = start + length;
    let ending = rest.get(length..).unwrap_or_default();
    let (taken, is_soft) = match ending {
        [b'\n', ..] => (1, false),
        [b'\r', b'\n', ..] => (2, false),
        [b'\r', b'\r', b'\n', ..] => (3, false),
        _ => (1, true),
    };
    Some(Line { start, end, next: end + taken, is_soft })
}

/// The lines from `start` on.
pub fn from(text: &[u8], start: usize) -> impl Iterator<Item = Line> {
    let mut at = start;
    std::iter::from_fn(move || {
        let line = line_at(text, at)?;
        at = line.next;
        Some(line)
    })
}

/// The text without its last line end.
#[must_use]
pub fn without_last_end(text: &[u8]) -> &[u8] {
    for ending in [&b"\r\r\n"[..], b"\r\n", b"\n", b"\r"] {
        if let Some(before) = text.strip_suffix(ending) {
            return before;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_counts() {
        let text = b"a\nb\r\nc\r\r\nd\re";
        let lines: Vec<&[u8]> = from(text, 0).map(|line| line.of(text)).collect();
        assert_eq!(lines, [&b"a"[..], b"b", b"c", b"d", b"e"]);
        assert_eq!(from(text, 0).filter(|line| line.is_soft).count(), 1);
        assert_eq!(without_last_end(b"a\r\n"), b"a");
    }
}
