//! The MIME structure of a message (RFC 2045, 2046): every leaf part, what is in it, and what could not be looked at.
//!
//! Pure. The reading of mail-parser; its limits are ours. Nothing is left out silently: preamble and epilogue are
//! looked at as text, and what is not looked into stands in `skipped` with its reason. Where clients disagree about the
//! structure, `others` adds what the other readings show.

mod doubts;
mod members;
mod others;
pub mod parser;

use super::{
    body::Body,
    charset,
    content::{Defect, LinkPlace, Part, Skipped, Text},
    defects, filetype,
    links::Links,
    names, openpgp,
    protection::Protection,
    readings,
    unpack::lent::Lent,
};
use crate::limits;
use bytes::Bytes;
use doubts::Doubts;
use mail_parser::{HeaderName, Message, MessagePart, PartFlags, PartKind};
use members::Unfolding;
use parser::{PARSER, declared_type, without_delimiters};
use std::collections::{BTreeMap, BTreeSet};

/// What a walk over all parts brought home.
pub struct Walk {
    pub parts: Vec<Part>,
    pub texts: Vec<Text>,
    pub links: Links,
    pub defects: BTreeSet<Defect>,
    pub skipped: Vec<Skipped>,
    /// Octets of the message that were not looked at.
    pub unseen_bytes: usize,
    /// Octets of decoded text that may still be looked at.
    text_left: usize,
    /// Octets of nested messages that may still be hashed as a whole: their parts are hashed anyway.
    digest_left: usize,
    /// Parts that only other readings than the main one gave.
    disputed: usize,
    /// Octets that other readings may still look at and decode.
    readings_work: usize,
    unfolding: Unfolding,
    /// Paths of parts that are labelled as encrypted and hold others.
    sealed: Vec<String>,
    pub protection: Protection,
    /// Octets of what stood inside parts, by digest, as far as there is room for them.
    pub inner: BTreeMap<String, Bytes>,
    /// Something was decrypted with a lent key.
    pub is_opened: bool,
}

/// Where a part stands.
struct Position {
    path: String,
    within: Option<String>,
}

/// What is declared about a leaf part.
struct Declared<'a> {
    media_type: String,
    charset: Option<&'a str>,
    /// Shown in the message window rather than offered as a file.
    is_shown: bool,
}

impl Walk {
    /// Reads all parts of `raw`; what is encrypted to one of these keys is opened.
    #[must_use]
    pub fn of(raw: &[u8], lent: Lent) -> Self {
        let mut walk = Self {
            parts: Vec::new(),
            texts: Vec::new(),
            links: Links::default(),
            defects: BTreeSet::new(),
            skipped: Vec::new(),
            unseen_bytes: 0,
            text_left: limits::TEXT_BYTES_MAX,
            digest_left: raw.len().saturating_mul(DIGEST_FACTOR),
            disputed: 0,
            readings_work: readings::work_of(raw.len()),
            unfolding: Unfolding::with(lent),
            sealed: Vec::new(),
            protection: Protection::default(),
            inner: BTreeMap::new(),
            is_opened: false,
        };
        defects::of_lines(raw, &mut walk.defects);
        if let Some(message) = PARSER.parse(raw) {
            walk.message(&message, Positions::default());
            walk.doubt(&message, raw, None);
            walk.labels();
            walk.protection = Protection::of(&message, &walk.parts, &walk.defects);
        } else {
            walk.headless(raw);
            others::read(&mut walk, raw, &BTreeSet::new(), None);
        }
        walk.unlock(raw);
        walk.inner = walk.take_kept();
        walk.is_opened = walk.unfolding.is_opened();
        walk
    }

    fn message(&mut self, message: &Message<'_>, mut positions: Positions) {
        for part in message.parts() {
            let position = positions.next(&part);
            self.flags(&part, &position);
            self.repeated_fields(&part);
            match part.kind() {
                PartKind::Multipart => self.multipart(&part, position),
                PartKind::Message(_) => self.nested(&part, position),
                PartKind::Text | PartKind::Html | PartKind::Binary | PartKind::InlineBinary => {
                    self.leaf(&part, position);
                }
            }
        }
    }

    /// Notes what is labelled as encrypted and holds nothing that is.
    fn labels(&mut self) {
        let is_below = |part: &Part, path: &str| {
            path.is_empty() || part.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
        };
        let is_true = |path: &String| self.parts.iter().any(|part| part.encrypted && is_below(part, path));
        if !self.sealed.iter().all(is_true) {
            self.defects.insert(defects::FALSE_ENCRYPTION_LABEL);
        }
    }

    /// Asks other readings of `raw` where clients may read it otherwise than the main reading, `message`.
    fn doubt(&mut self, message: &Message<'_>, raw: &[u8], within: Option<&str>) {
        let doubts = Doubts::of(message, &self.defects);
        self.defects.extend(doubts.defects);
        if doubts::is_doubtful(&self.defects) {
            others::read(self, raw, &doubts.known, within);
        }
    }

    /// Neither header nor empty line: clients show it all as text.
    fn headless(&mut self, raw: &[u8]) {
        self.defects.insert(defects::NO_HEADER);
        if raw.is_empty() {
            return;
        }
        let position = Position { path: "1".to_owned(), within: None };
        let declared = Declared { media_type: "text/plain".to_owned(), charset: None, is_shown: true };
        let body = Body::read(mail_parser::Encoding::None, raw, 0, |_| true);
        self.content(position, declared, Vec::new(), body, raw.len());
    }

    fn flags(&mut self, part: &MessagePart<'_>, position: &Position) {
        let flags = part.flags();
        if flags.is_empty() {
            return;
        }
        let is_root = part.parent().is_none() && part.message().container().is_none();
        for (flag, defect) in [
            (PartFlags::MISSING_DELIMITER, defects::MISSING_DELIMITER),
            (PartFlags::FALLBACK_DELIMITER, defects::FALLBACK_DELIMITER),
            (PartFlags::UNTERMINATED, defects::MISSING_FINAL_BOUNDARY),
            (PartFlags::NESTING_LIMIT, defects::NESTING_LIMIT),
            (PartFlags::NO_BLANK_LINE, if is_root { defects::NO_BODY } else { defects::PART_WITHOUT_BLANK_LINE }),
        ] {
            if flags.contains(flag) {
                self.defects.insert(defect);
            }
        }
        if flags.contains(PartFlags::NESTING_LIMIT) {
            self.skip(position, defects::NESTING_LIMIT, part.raw_body().len());
        }
        if flags.contains(PartFlags::LIMIT_REACHED) {
            let is_count = self.parts.len() + 1 >= limits::PARTS_MAX || part.id() as usize + 1 >= limits::PARTS_MAX;
            let defect = if is_count { defects::PARTS_CUT } else { defects::DEPTH_LIMIT };
            self.defects.insert(defect);
            self.skip(position, defect, part.raw_body().len());
        }
    }

    /// MIME fields that occur twice: clients disagree on which one counts.
    fn repeated_fields(&mut self, part: &MessagePart<'_>) {
        for (name, defect) in [
            (HeaderName::ContentType, defects::DUPLICATE_CONTENT_TYPE),
            (HeaderName::ContentDisposition, defects::DUPLICATE_CONTENT_DISPOSITION),
            (HeaderName::ContentTransferEncoding, defects::DUPLICATE_CONTENT_TRANSFER_ENCODING),
        ] {
            if part.headers().all(name).nth(1).is_some() {
                self.defects.insert(defect);
            }
        }
    }

    fn multipart(&mut self, part: &MessagePart<'_>, position: Position) {
        let Some((first, last)) = part.children().next().zip(part.children().next_back()) else {
            self.defects.insert(defects::MULTIPART_WITHOUT_PARTS);
            return self.leaf(part, position);
        };
        if part.content_type().is_some_and(|content_type| content_type.subtype().is_some_and(is_encrypted_subtype)) {
            self.sealed.push(position.path.clone());
        }
        let source = part.message().source_bytes();
        let boundary = part.boundary().unwrap_or_default();
        let slice = |start: u32, end: u32| source.get(start as usize..end as usize).unwrap_or_default();
        let preamble = without_delimiters(slice(part.offset_body(), first.offset_header()), boundary);
        let epilogue = without_delimiters(slice(last.offset_end(), part.offset_end()), boundary);
        self.aside(preamble, defects::CONTENT_IN_PREAMBLE);
        self.aside(epilogue, defects::CONTENT_IN_EPILOGUE);
    }

    /// Text beside the parts, which few clients show.
    fn aside(&mut self, bytes: &[u8], defect: Defect) {
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return;
        }
        let text = charset::guess(self.take_text(bytes));
        let is_inside = self.unfolding.is_inside();
        self.links.text(&text, if is_inside { LinkPlace::Attachment } else { LinkPlace::Text });
        let lower = text.to_ascii_lowercase();
        if bytes.len() > ASIDE_BYTES || lower.contains("content-t") || lower.contains("content-d") {
            self.defects.insert(defect);
        }
    }

    /// A message in the message. Its parts come one by one; here it is itself a part.
    fn nested(&mut self, part: &MessagePart<'_>, position: Position) {
        let raw = part.raw_body();
        let (bytes, sha256) = if raw.len() <= self.digest_left {
            self.digest_left -= raw.len();
            let body = Body::read(part.encoding(), raw, 0, |_| false);
            (body.bytes, body.sha256)
        } else {
            (part.decoded_len(), String::new())
        };
        let names = self.names_of(part);
        self.parts.push(Part {
            path: position.path,
            name: names.first().cloned().unwrap_or_default(),
            names,
            declared: declared_type(part),
            detected: "message/rfc822".to_owned(),
            bytes,
            sha256,
            within: position.within,
            interpretations: 1,
            encrypted: false,
            is_shown: false,
            is_disputed: false,
            is_inner: false,
            traits: Vec::new(),
        });
    }

    fn leaf(&mut self, part: &MessagePart<'_>, position: Position) {
        let raw = part.raw_body();
        let media_type = declared_type(part);
        let content_type = part.content_type();
        if media_type.starts_with("multipart/") && !part.is_multipart() && part.flags().is_empty() {
            self.defects.insert(defects::MISSING_BOUNDARY);
        }
        if !media_type.contains('/') {
            self.defects.insert(defects::MALFORMED_CONTENT_TYPE);
        }
        let is_shown = position.within.is_none()
            && (part.in_text_body() || part.in_html_body() || (part.is_multipart() && !part.is_attachment()));
        let charset = content_type.and_then(|content_type| content_type.attribute("charset"));
        let body = Body::read(part.encoding(), raw, self.text_left, |start| {
            filetype::is_readable(&media_type, filetype::detect(start))
        });
        if body.malformed {
            self.defects.insert(defects::MALFORMED_TRANSFER_ENCODING);
        }
        if !part.has_known_transfer_encoding() {
            self.defects.insert(defects::UNKNOWN_TRANSFER_ENCODING);
            self.skip(&position, defects::UNKNOWN_TRANSFER_ENCODING, raw.len());
        }
        let smime_type = content_type.and_then(|content_type| content_type.attribute("smime-type")).unwrap_or_default();
        let smime_type = smime_type.to_ascii_lowercase();
        let names = self.names_of(part);
        let files = if filetype::is_readable(&media_type, filetype::detect(&body.prefix)) {
            others::files_in_text(&body.prefix)
        } else {
            Vec::new()
        };
        let path = position.path.clone();
        let declared = Declared { media_type, charset, is_shown };
        let index = self.parts.len();
        self.content(position, declared, names, body, raw.len());
        let is_encrypted = self.parts.get(index).is_some_and(|part| part.encrypted);
        let is_belied = match smime_type.as_str() {
            "enveloped-data" | "authenveloped-data" => !is_encrypted,
            "signed-data" => is_encrypted,
            _ => false,
        };
        if is_belied {
            self.defects.insert(defects::FALSE_ENCRYPTION_LABEL);
        }
        others::add_files(self, &path, files);
    }

    /// Looks at the decoded octets of a leaf part and lists it.
    fn content(
        &mut self,
        position: Position,
        declared: Declared<'_>,
        names: Vec<String>,
        body: Body<'_>,
        raw_bytes: usize,
    ) {
        let detected = filetype::detect(&body.prefix);
        let encrypted = filetype::is_encrypted(detected, &body.prefix);
        let is_whole = body.prefix.len() == body.bytes;
        let unsealed = if encrypted && is_whole { self.unfolding.unseal(detected, &body.prefix) } else { None };
        if encrypted && unsealed.is_none() {
            self.skip(&position, ENCRYPTED, raw_bytes);
        } else if !encrypted
            && matches!(detected, "text/plain" | "application/pgp-encrypted")
            && openpgp::texts(&body.prefix).is_false
        {
            self.defects.insert(defects::FALSE_ENCRYPTION_LABEL);
        }
        if filetype::is_readable(&declared.media_type, detected) {
            self.readable(&position, &declared, detected, &body);
        }
        let is_inner = self.keep_enclosed(&body);
        self.parts.push(Part {
            path: position.path,
            name: names.first().cloned().unwrap_or_default(),
            names,
            declared: declared.media_type,
            detected: detected.to_owned(),
            bytes: body.bytes,
            sha256: body.sha256,
            within: position.within,
            interpretations: 1,
            encrypted,
            is_shown: declared.is_shown,
            is_disputed: false,
            is_inner,
            traits: Vec::new(),
        });
        let index = self.parts.len() - 1;
        self.mismatch(index);
        match unsealed {
            Some(contents) => _ = self.take(index, contents),
            None => self.unfold_last(&body.prefix, raw_bytes),
        }
    }

    /// Looks for links in a part that is text of some kind.
    fn readable(&mut self, position: &Position, declared: &Declared<'_>, detected: &str, body: &Body<'_>) {
        let is_page = matches!(declared.media_type.as_str(), "text/html" | "application/xhtml+xml")
            || (!matches!(declared.media_type.as_str(), "text/plain") && filetype::is_page(detected))
            || (!declared.is_shown && filetype::is_page(detected));
        let bytes = self.take_text(&body.prefix);
        if bytes.len() < body.bytes {
            self.defects.insert(defects::TEXT_CUT);
            self.skip(position, TEXT_LIMIT, body.bytes - bytes.len());
        }
        let decoded = charset::decode(declared.charset, bytes);
        if decoded.unknown {
            self.defects.insert(defects::UNKNOWN_CHARSET);
        }
        if decoded.malformed {
            self.defects.insert(defects::MALFORMED_CHARSET);
        }
        let mut page = None;
        match (is_page, declared.is_shown) {
            (true, true) => page = Some(self.links.html(&decoded.text, LinkPlace::Html)),
            (true, false) => page = Some(self.links.html(&decoded.text, LinkPlace::Attachment)),
            (false, true) => self.links.text(&decoded.text, LinkPlace::Text),
            (false, false) => self.links.text(&decoded.text, LinkPlace::Attachment),
        }
        self.texts.push(Text {
            path: position.path.clone(),
            declared: declared.media_type.clone(),
            is_page,
            is_shown: declared.is_shown,
            text: decoded.text.into_owned(),
            page,
        });
    }

    /// Every reading of the part's file name.
    fn names_of(&mut self, part: &MessagePart<'_>) -> Vec<String> {
        let headers = part.headers();
        let has_names = headers.contains(HeaderName::ContentDisposition)
            || part.content_type().is_some_and(|content_type| content_type.attributes().len() > 0)
            || headers.all(HeaderName::ContentType).nth(1).is_some();
        if !has_names {
            return Vec::new();
        }
        let mut names = names::readings(
            headers.all(HeaderName::ContentDisposition).map(|field| field.raw_value()),
            headers.all(HeaderName::ContentType).map(|field| field.raw_value()),
        );
        if let Some(name) = part.attachment_name().map(str::trim).filter(|name| !name.is_empty())
            && name.len() <= limits::NAME_BYTES_MAX
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
        if names.len() >= limits::NAMES_MAX {
            self.defects.insert(defects::NAMES_CUT);
        }
        names
    }

    /// As much of a text as may still be looked at.
    fn take_text<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let taken = bytes.get(..self.text_left).unwrap_or(bytes);
        self.text_left -= taken.len();
        taken
    }

    fn skip(&mut self, position: &Position, reason: &'static str, bytes: usize) {
        self.unseen_bytes = self.unseen_bytes.saturating_add(bytes);
        self.skipped.push(Skipped { part: position.path.clone(), reason });
    }
}

/// Paths of parts as they come, in document order.
#[derive(Default)]
struct Positions {
    /// Path of each part by its number, and how many children of it came.
    seen: Vec<(String, usize)>,
    /// Path of the part that holds the whole message, if any.
    within: Option<String>,
}

impl Positions {
    /// Of a message that is the part `path` of another one.
    fn within(path: String) -> Self {
        Self { seen: Vec::new(), within: Some(path) }
    }

    fn next(&mut self, part: &MessagePart<'_>) -> Position {
        let container = part.message().container().map(|container| self.path(container.id()).to_owned());
        let container = container.or_else(|| self.within.clone());
        let within = container.clone();
        let path = if let Some(parent) = part.parent() {
            let number = self.count(parent.id());
            join(self.path(parent.id()), number)
        } else {
            // The root of a message has a number of its own only if it is no multipart (RFC 9051 6.4.5).
            let base = container.unwrap_or_default();
            if part.is_multipart() && part.children().len() > 0 { base } else { join(&base, 1) }
        };
        self.seen.push((path.clone(), 0));
        Position { path, within }
    }

    fn path(&self, id: u32) -> &str {
        self.seen.get(id as usize).map_or("", |(path, _)| path)
    }

    fn count(&mut self, id: u32) -> usize {
        let Some((_, children)) = self.seen.get_mut(id as usize) else { return 1 };
        *children += 1;
        *children
    }
}

/// `multipart/encrypted` (RFC 1847 2.2).
fn is_encrypted_subtype(subtype: &str) -> bool {
    subtype.eq_ignore_ascii_case("encrypted")
}

fn join(base: &str, number: usize) -> String {
    if base.is_empty() { number.to_string() } else { format!("{base}.{number}") }
}

const ENCRYPTED: &str = "encrypted";
const NOT_UNPACKED: &str = "not_unpacked";
const TEXT_LIMIT: &str = "text_limit";

/// Octets of text beside the parts that are an explanation to old clients, not a content of its own.
const ASIDE_BYTES: usize = 500;
/// Nested messages are hashed as a whole until this many times the message's size is spent.
const DIGEST_FACTOR: usize = 4;
