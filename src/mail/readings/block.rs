//! Header blocks of entities wherever they stand, and every place where the body behind one may begin and end.
//!
//! Pure. Looks for MIME fields rather than for the boundary that is declared: clients disagree about the boundary, but
//! none shows a part whose fields it did not see.

use super::field::{self, Field};
use crate::mail::coding::lines::{self, Line};

/// The fields of one entity, with the places where its body may begin.
#[derive(Debug, Default)]
pub struct Block {
    /// Values of Content-Type, folded as they stand, the first first.
    pub types: Vec<Vec<u8>>,
    pub encodings: Vec<Vec<u8>>,
    pub dispositions: Vec<Vec<u8>>,
    /// Where the body may begin.
    pub bodies: Vec<usize>,
    /// Behind the last line that belongs to the block.
    pub end: usize,
}

impl Block {
    /// Reads the block whose first MIME field stands in the line at `start`.
    #[must_use]
    pub fn read(text: &[u8], start: usize) -> Self {
        let mut block = Self { end: start, ..Self::default() };
        let mut open: Option<(Field, usize)> = None;
        let mut junk = 0;
        let mut at = start;
        while let Some(line) = lines::line_at(text, at) {
            let content = line.of(text);
            if is_delimiter(content) {
                block.close(text, open.take(), line.start);
                break;
            }
            if content.trim_ascii().is_empty() {
                block.begin(line.next);
                if !is_header_behind(text, line.next) {
                    block.close(text, open.take(), line.start);
                    block.end = line.next;
                    break;
                }
            } else if let Some((field, value)) = field::mime_field(content) {
                block.close(text, open.take(), line.start);
                open = Some((field, line.end - value.len()));
            } else if !matches!(content.first(), Some(b' ' | b'\t')) {
                let is_colon = content.first() == Some(&b':');
                if !is_colon {
                    block.close(text, open.take(), line.start);
                }
                if !field::is_sound(content) {
                    block.begin(line.start);
                    junk += 1;
                    if junk > JUNK_LINES_MAX || !is_header_behind(text, line.next) {
                        block.close(text, open.take(), line.next);
                        block.end = line.next;
                        break;
                    }
                }
            }
            at = line.next;
            block.end = at;
        }
        block.close(text, open, block.end);
        block
    }

    fn begin(&mut self, body: usize) {
        if self.bodies.len() < BODIES_MAX && !self.bodies.contains(&body) {
            self.bodies.push(body);
        }
    }

    /// Takes the value of a field that ends before `end`.
    fn close(&mut self, text: &[u8], open: Option<(Field, usize)>, end: usize) {
        let Some((field, start)) = open else { return };
        let value = text.get(start..end).unwrap_or_default();
        let values = match field {
            Field::Type => &mut self.types,
            Field::TransferEncoding => &mut self.encodings,
            Field::Disposition => &mut self.dispositions,
            Field::Other => return,
        };
        if values.len() < VALUES_MAX {
            let value = value.get(..VALUE_BYTES_MAX).unwrap_or(value);
            values.push(value.to_vec());
        }
    }

    /// Lower-case `type/subtype` of what some reader takes it for: a page if any does.
    #[must_use]
    pub fn media_type(&self) -> String {
        let types = || self.types.iter().map(|value| media_type(value));
        types()
            .find(|media_type| media_type == "text/html")
            .or_else(|| types().find(|media_type| !media_type.starts_with("multipart/")))
            .unwrap_or_else(|| "text/plain".to_owned())
    }

    /// The charset that the first Content-Type names.
    #[must_use]
    pub fn charset(&self) -> Option<String> {
        self.types.iter().find_map(|value| {
            let lower = value.to_ascii_lowercase();
            let at = memchr::memmem::find(&lower, b"charset=")? + b"charset=".len();
            let rest = lower.get(at..)?;
            let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
            let end = rest.iter().position(|byte| !byte.is_ascii_graphic() || matches!(byte, b';' | b'"'));
            let word = rest.get(..end.unwrap_or(rest.len()))?;
            Some(String::from_utf8_lossy(word).into_owned())
        })
    }

    /// Says that its body is made of parts: what stands there otherwise is a preamble.
    #[must_use]
    pub fn is_multipart(&self) -> bool {
        self.types.iter().any(|value| media_type(value).starts_with("multipart/"))
    }

    /// Offered as a file by every reader that sees this block.
    #[must_use]
    pub fn is_attachment(&self) -> bool {
        self.dispositions.iter().any(|value| value.trim_ascii_start().to_ascii_lowercase().starts_with(b"attachment"))
    }
}

/// Is it a delimiter line for some reader? Blanks and control characters before it are passed over.
#[must_use]
pub fn is_delimiter(line: &[u8]) -> bool {
    let start = line.iter().take(BLANKS_MAX).take_while(|byte| **byte <= b' ').count();
    line.get(start..).is_some_and(|line| line.starts_with(b"--"))
}

/// Where a body that begins at `start` may end, each before the line end that belongs to the delimiter.
///
/// `delimiter` is the line before the block, if it was one. Says as well how far it looked.
#[must_use]
pub fn ends(text: &[u8], start: usize, delimiter: Option<&[u8]>) -> (Vec<usize>, usize) {
    let own = delimiter.map(<[u8]>::trim_ascii).filter(|own| own.len() > 2);
    let mut ends = Vec::new();
    let mut has_next = false;
    for line in lines::from(text, start) {
        let content = line.of(text);
        if !is_delimiter(content) {
            continue;
        }
        let is_own = own.is_some_and(|own| content.trim_ascii().starts_with(own));
        let is_next = !has_next && is_header_behind(text, line.next);
        has_next |= is_next;
        if ends.is_empty() || is_own || is_next {
            ends.push(before(text, start, line));
        }
        if is_own || (own.is_none() && has_next && delimiter.is_some()) {
            ends.dedup();
            return (ends, line.next - start);
        }
    }
    if delimiter.is_none() || ends.is_empty() {
        ends.push(text.len());
    }
    ends.dedup();
    (ends, text.len().saturating_sub(start))
}

/// The end of what stands before the line, without the line end that belongs to a delimiter.
fn before(text: &[u8], start: usize, line: Line) -> usize {
    start + lines::without_last_end(text.get(start..line.start).unwrap_or_default()).len()
}

/// Does a MIME field follow within a few lines, before a delimiter?
#[must_use]
pub fn is_header_behind(text: &[u8], start: usize) -> bool {
    lines::from(text, start)
        .take(LOOK_AHEAD_LINES)
        .map(|line| line.of(text))
        .take_while(|line| !is_delimiter(line))
        .any(|line| field::mime_field(line).is_some())
}

/// Lower-case `type/subtype`; what is there of it if it is cut.
fn media_type(value: &[u8]) -> String {
    let value = value.trim_ascii_start();
    let end = value.iter().position(|byte| !byte.is_ascii_graphic() || matches!(byte, b';' | b',' | b'"' | b'('));
    let word = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
    String::from_utf8_lossy(word.get(..MEDIA_TYPE_BYTES_MAX).unwrap_or(word)).to_ascii_lowercase()
}

/// Lines without colon that a reader may pass over within a header.
const JUNK_LINES_MAX: usize = 8;
/// Lines after which a header is not taken up again.
const LOOK_AHEAD_LINES: usize = 3;
/// Places where a body may begin.
const BODIES_MAX: usize = 6;
/// Repetitions of one field that count.
const VALUES_MAX: usize = 8;
/// Octets of a value that count.
const VALUE_BYTES_MAX: usize = 16 << 10;
/// Blanks before a delimiter that some reader passes over.
const BLANKS_MAX: usize = 8;
/// Octets of a media type.
const MEDIA_TYPE_BYTES_MAX: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<&str> {
        Block::read(text.as_bytes(), 0).bodies.into_iter().map(|at| &text[at..]).collect()
    }

    #[test]
    fn a_sound_block_has_one_body() {
        let text =
            "Content-Type: text/html;\r\n charset=utf-8\r\nX: y\r\nContent-Transfer-Encoding: base64\r\n\r\nbody\r\n";
        let block = Block::read(text.as_bytes(), 0);
        assert_eq!(bodies(text), ["body\r\n"]);
        assert_eq!((block.types.len(), block.encodings.len()), (1, 1));
        assert_eq!(block.media_type(), "text/html");
        assert_eq!(block.charset().as_deref(), Some("utf-8"));
    }

    #[test]
    fn headers_go_on_behind_junk_and_empty_lines() {
        assert_eq!(bodies("Content-Type: a/b\r\n\r\nContent-Transfer-Encoding: x\r\n\r\nbody").last(), Some(&"body"));
        assert_eq!(bodies("Content-Type: a/b\r\njunk\r\nContent-ID: x\r\n\r\nbody").last(), Some(&"body"));
        assert_eq!(bodies("Content-Type: a/b\r\nQUJD\r\nQUJD\r\n"), ["QUJD\r\nQUJD\r\n"]);
    }

    #[test]
    fn bodies_end_at_delimiters() {
        let text = b"body\r\n-- \r\nsign\r\n--b\r\nContent-Type: x/y\r\n";
        assert_eq!(ends(text, 0, Some(b"--b")).0, [4, 15]);
        assert_eq!(ends(b"body\r\n", 0, Some(b"--b")).0, [6]);
    }
}
