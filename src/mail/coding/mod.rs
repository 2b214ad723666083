//! Transfer encodings, read as some client reads them: every plausible decoding of octets that are not as they should be.
//!
//! Pure. Each decoder is total: any octets give octets, at most as many as came in plus what run lengths are bounded to.

pub mod base64;
pub mod binhex;
pub mod lines;
pub mod lzfu;
pub mod quoted;
pub mod uuencode;
pub mod yenc;

/// A file that stands encoded in a text with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// As the text says; empty if it does not.
    pub name: String,
    pub octets: Vec<u8>,
    /// Octets of the text that it takes.
    pub raw_bytes: usize,
}
