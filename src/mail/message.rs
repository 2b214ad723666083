//! The content of a mail: header section, parts, links, defects, and what was looked at.
//!
//! Pure. `Message::parse` is total: any bytes give a message.

use super::{
    charset,
    content::{Coverage, Defect, Link, Part, Skipped, Text},
    defects,
    head::Head,
    mime::Walk,
    protection::Protection,
    unpack::lent::Lent,
};
use bytes::Bytes;
use std::collections::BTreeMap;

/// The message of RFC 5322 with everything found in it. Owns its bytes; every slice shares that buffer.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// As it came, CRLF line ends (RFC 5321 2.3.7).
    pub raw: Bytes,
    pub head: Head,
    /// Decoded Subject of the topmost Subject field; empty if none.
    pub subject: String,
    /// Every leaf part of the main reading, nested messages included, in document order; then those of other readings.
    pub parts: Vec<Part>,
    /// The text of every readable part, in document order.
    pub texts: Vec<Text>,
    pub links: Vec<Link>,
    /// What is wrong with the bytes, sorted, without repetition.
    pub defects: Vec<Defect>,
    pub coverage: Coverage,
    /// How the mail as a whole is signed or encrypted.
    pub protection: Protection,
    /// Octets of what stood inside parts, by the digest of `Part::sha256`: what a look at the message itself may miss.
    /// Kept up to `limits::UNPACKED_KEPT_BYTES_MAX`.
    pub inner: BTreeMap<String, Bytes>,
    /// Something in it was decrypted with a lent key: nothing of what was found may be kept beside the mail itself.
    pub is_opened: bool,
}

impl Message {
    /// Reads any bytes: what is malformed is a defect, what is too much is in the coverage account.
    #[must_use]
    pub fn parse(raw: Bytes) -> Self {
        Self::parse_with(raw, Lent::default())
    }

    /// The same; what is encrypted to one of these keys is read, too, as parts below the one that holds it.
    #[must_use]
    pub fn parse_with(raw: Bytes, lent: Lent) -> Self {
        let head = Head::parse(&raw);
        let mut walk = Walk::of(&raw, lent);
        defects::of_head(&head, &mut walk.defects);
        if head.cut {
            walk.skipped.push(Skipped { part: "header".to_owned(), reason: defects::HEADER_CUT });
        }
        let subject = head.first("Subject").map(|field| charset::unstructured(&field.value)).unwrap_or_default();
        let (links, link_defects) = walk.links.finish();
        walk.defects.extend(link_defects);
        let coverage =
            Coverage { bytes: raw.len(), scanned: raw.len().saturating_sub(walk.unseen_bytes), skipped: walk.skipped };
        let Walk { parts, texts, defects, inner, protection, is_opened, .. } = walk;
        let defects = defects.into_iter().collect();
        Self { raw, head, subject, parts, texts, links, defects, coverage, protection, inner, is_opened }
    }

    /// Octets held in `inner`.
    #[must_use]
    pub fn inner_bytes(&self) -> usize {
        self.inner.values().map(Bytes::len).sum()
    }
}
