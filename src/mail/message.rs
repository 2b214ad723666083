//! The content of a mail: header section, parts, links, defects, and what was looked at.
//!
//! Pure. `Message::parse` is total: any bytes give a message.

use super::{charset, defects, head::Head, mime::Walk};
use bytes::Bytes;

/// The message of RFC 5322 with everything found in it. Owns its bytes; every slice shares that buffer.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// As it came, CRLF line ends (RFC 5321 2.3.7).
    pub raw: Bytes,
    pub head: Head,
    /// Decoded Subject of the topmost Subject field; empty if none.
    pub subject: String,
    /// Every leaf part of the one reading that mail-parser gives, nested messages included, in document order.
    pub parts: Vec<Part>,
    pub links: Vec<Link>,
    /// What is wrong with the bytes, sorted, without repetition.
    pub defects: Vec<Defect>,
    pub coverage: Coverage,
}

/// One decoded body part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Position as IMAP numbers it (RFC 9051 6.4.5): `1`, `1.2`.
    pub path: String,
    /// Preferred reading of the file name, decoded; empty if none.
    pub name: String,
    /// Every reading of the file name.
    pub names: Vec<String>,
    /// Lower-case `type/subtype` of Content-Type.
    pub declared: String,
    /// Media type by content; empty if unknown.
    pub detected: String,
    /// Decoded octets.
    pub bytes: usize,
    /// Hex digest of the decoded octets.
    pub sha256: String,
    /// Path of the part this one was found in.
    pub within: Option<String>,
    /// How many readings gave this part.
    pub interpretations: usize,
    pub encrypted: bool,
    /// Marks found inside, such as `macro`.
    pub traits: Vec<String>,
}

/// Where a link stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkPlace {
    Text,
    Html,
    Attachment,
    Qr,
}

impl LinkPlace {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Attachment => "attachment",
            Self::Qr => "qr",
        }
    }
}

/// One link, normalised as browsers do (WHATWG URL).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub url: String,
    /// Host in A-label form; empty for `mailto:` and the like.
    pub host: String,
    /// Registrable domain.
    pub domain: Option<String>,
    pub place: LinkPlace,
}

/// Something wrong with the bytes, by a fixed name in lower case, for example `missing_final_boundary`.
pub type Defect = &'static str;

/// What was looked at and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Octets of the message.
    pub bytes: usize,
    /// Octets that were looked at.
    pub scanned: usize,
    pub skipped: Vec<Skipped>,
}

/// A part that was not looked at, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub part: String,
    pub reason: &'static str,
}

impl Message {
    /// Reads any bytes: what is malformed is a defect, what is too much is in the coverage account.
    #[must_use]
    pub fn parse(raw: Bytes) -> Self {
        let head = Head::parse(&raw);
        let mut walk = Walk::of(&raw);
        defects::of_head(&head, &mut walk.defects);
        defects::of_lines(&raw, &mut walk.defects);
        if head.cut {
            walk.skipped.push(Skipped { part: "header".to_owned(), reason: defects::HEADER_CUT });
        }
        let subject = head.first("Subject").map(|field| charset::unstructured(&field.value)).unwrap_or_default();
        let (links, link_defects) = walk.links.finish();
        walk.defects.extend(link_defects);
        let coverage =
            Coverage { bytes: raw.len(), scanned: raw.len().saturating_sub(walk.unseen_bytes), skipped: walk.skipped };
        Self { raw, head, subject, parts: walk.parts, links, defects: walk.defects.into_iter().collect(), coverage }
    }
}
