//! Intake: the message as it comes in, in chunks cut anywhere; it finds the end of the header section (RFC 5322 2.1) once.
//!
//! Pure. Keeps the header section only, never the body: that goes to the spool.

use super::head::Head;
use crate::limits;
use bytes::Bytes;
use thiserror::Error;

/// A message that is larger than it may be. Once said, it is said for every further chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TooLarge {
    /// Answered with 552 (RFC 1870 6.3).
    #[error("the message has more than {bytes_max} octets")]
    Message { bytes_max: usize },
    /// A header section without end would be kept in memory.
    #[error("the header section has more than {bytes_max} octets")]
    Head { bytes_max: usize },
}

/// One message on its way in.
#[derive(Clone, Debug)]
pub struct Intake {
    message_bytes_max: usize,
    bytes: usize,
    /// The header section so far; empty once it was handed out.
    head: Vec<u8>,
    place: Place,
    refused: Option<TooLarge>,
}

/// Where the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    LineStart,
    /// After a CR that began a line: an LF now ends the header section.
    LoneReturn,
    InLine,
    /// Behind the empty line.
    Body,
}

impl Intake {
    #[must_use]
    pub fn new(message_bytes_max: usize) -> Self {
        Self { message_bytes_max, bytes: 0, head: Vec::new(), place: Place::LineStart, refused: None }
    }

    /// Takes the next octets. The header section comes back exactly once: with the chunk that completes it.
    /// A message without empty line never completes it; `Message::parse` reads such a message as all header.
    ///
    /// # Errors
    /// When the message or its header section is larger than it may be.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Option<Head>, TooLarge> {
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        self.bytes = self.bytes.saturating_add(chunk.len());
        if self.bytes > self.message_bytes_max {
            return Err(self.refuse(TooLarge::Message { bytes_max: self.message_bytes_max }));
        }
        if self.place == Place::Body {
            return Ok(None);
        }
        let end = self.find_end(chunk);
        let ours = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        if self.head.len() + ours.len() > limits::HEAD_BYTES_MAX {
            return Err(self.refuse(TooLarge::Head { bytes_max: limits::HEAD_BYTES_MAX }));
        }
        self.head.extend_from_slice(ours);
        if end.is_none() {
            return Ok(None);
        }
        Ok(Some(Head::parse(&Bytes::from(std::mem::take(&mut self.head)))))
    }

    /// Octets taken so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn refuse(&mut self, why: TooLarge) -> TooLarge {
        self.head = Vec::new();
        self.refused = Some(why);
        why
    }

    /// Offset in `chunk` behind the empty line, if it ends here. Looks at every octet once.
    fn find_end(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = chunk.get(at) {
            self.place = match (self.place, *byte) {
                (Place::LineStart | Place::LoneReturn, b'\n') => {
                    self.place = Place::Body;
                    return Some(at + 1);
                }
                (Place::LineStart, b'\r') => Place::LoneReturn,
                _ => {
                    let rest = chunk.get(at..).unwrap_or_default();
                    let Some(newline) = memchr::memchr(b'\n', rest) else {
                        self.place = Place::InLine;
                        return None;
                    };
                    at += newline;
                    Place::LineStart
                }
            };
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(head: &Head) -> Vec<Bytes> {
        head.fields().iter().map(|field| field.raw.clone()).collect()
    }

    #[test]
    fn the_head_comes_once() {
        let mut intake = Intake::new(100);
        assert!(intake.feed(b"A: b\r\n c\r\n\r").unwrap().is_none());
        let head = intake.feed(b"\nbody\r\n\r\n").unwrap().unwrap();
        assert_eq!(fields(&head), [&b"A: b\r\n c"[..]]);
        assert!(intake.feed(b"\r\n\r\n").unwrap().is_none());
        assert_eq!(intake.bytes(), 24);
    }

    #[test]
    fn too_much_is_refused_and_stays_refused() {
        let mut intake = Intake::new(4);
        assert!(intake.feed(b"abcd").is_ok());
        assert_eq!(intake.feed(b"e").unwrap_err(), TooLarge::Message { bytes_max: 4 });
        assert!(intake.feed(b"").is_err());
        let mut intake = Intake::new(usize::MAX);
        assert!(intake.feed(&vec![b'a'; limits::HEAD_BYTES_MAX]).is_ok());
        assert!(matches!(intake.feed(b"\n\n"), Err(TooLarge::Head { .. })));
    }

    #[test]
    fn an_empty_line_may_be_first() {
        assert_eq!(Intake::new(9).feed(b"\r\nx").unwrap().unwrap().len_bytes(), 2);
        assert_eq!(Intake::new(9).feed(b"\n").unwrap().unwrap().len_bytes(), 1);
        assert!(Intake::new(9).feed(b"\r\rx\n").unwrap().is_none());
    }
}
