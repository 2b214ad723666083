//! Where the main reading of a message is in doubt, and where it is not.
//!
//! Pure. Cheap, for every mail is asked.

use crate::mail::{content::Defect, defects, readings::doubt};
use mail_parser::{Encoding, HeaderName, Message, MessagePart, PartKind, Source};
use memchr::memmem;
use std::collections::BTreeSet;

/// What is doubtful about a message as the main reading has it.
#[derive(Debug, Default)]
pub struct Doubts {
    pub defects: BTreeSet<Defect>,
    /// Offsets of bodies in the message that all clients read alike.
    pub known: BTreeSet<usize>,
}

impl Doubts {
    /// Looks at all parts; `defects` are those that the main reading found.
    #[must_use]
    pub fn of(message: &Message<'_>, defects: &BTreeSet<Defect>) -> Self {
        let mut doubts = Self::default();
        let mut boundaries: Vec<(u32, u32, &str)> = Vec::new();
        for part in message.parts() {
            let mut own = BTreeSet::new();
            let is_first = part.parent().is_none() && part.message().container().is_none();
            doubt::of_header(part.raw_headers(), is_first, &mut own);
            if part.is_multipart() {
                multipart(&part, &mut boundaries, &mut own);
            } else if !matches!(part.kind(), PartKind::Message(_)) {
                leaf(&part, &mut own);
                let is_sound =
                    part.encoding() == Encoding::None || !defects.contains(defects::MALFORMED_TRANSFER_ENCODING);
                let is_leaf = !is_main(&part, "multipart");
                if own.is_empty() && is_leaf && is_sound && part.message().source() == Source::Raw {
                    doubts.known.insert(part.offset_body() as usize);
                }
            }
            doubts.defects.append(&mut own);
        }
        doubts
    }
}

/// Whether these defects make other readings worth a look.
#[must_use]
pub fn is_doubtful(defects: &BTreeSet<Defect>) -> bool {
    DOUBTFUL.iter().any(|defect| defects.contains(defect))
}

fn multipart<'a>(part: &MessagePart<'a>, boundaries: &mut Vec<(u32, u32, &'a str)>, into: &mut BTreeSet<Defect>) {
    let Some(boundary) = part.boundary() else { return };
    let (start, end) = (part.offset_body(), part.offset_end());
    let is_inside = |(outer_start, outer_end, outer): &(u32, u32, &str)| {
        *outer_start <= start && end <= *outer_end && *outer == boundary
    };
    if boundaries.iter().any(is_inside) {
        into.insert(defects::REUSED_BOUNDARY);
    }
    boundaries.push((start, end, boundary));
    if part.encoding() != Encoding::None {
        into.insert(defects::ENCODED_MULTIPART);
    }
    let body = part.message().source_bytes().get(start as usize..end as usize).unwrap_or_default();
    doubt::of_delimiters(body, boundary, part.children().len(), into);
}

fn leaf(part: &MessagePart<'_>, into: &mut BTreeSet<Defect>) {
    let raw = part.raw_body();
    repeated(part, into);
    let is_main =
        |name: &str| part.content_type().is_some_and(|content_type| content_type.ctype().eq_ignore_ascii_case(name));
    if is_main("message") && doubt::holds_type(&part.encoding().decode(raw)) {
        into.insert(defects::MESSAGE_AS_LEAF);
    }
    match part.encoding() {
        Encoding::None if doubt::is_header_in_body(raw) => {
            into.insert(defects::HEADER_IN_BODY);
        }
        Encoding::Base64 => {
            let data = raw.trim_ascii_end();
            // Padding is at most two characters at the very end.
            let is_inside = memchr::memchr(b'=', data).is_some_and(|padding| padding + 2 < data.len());
            if is_inside {
                into.insert(defects::PADDING_INSIDE);
            }
            if has_uneven_line(data) {
                into.insert(defects::UNEVEN_BASE64);
            }
            if doubt::is_header_in_body(raw) {
                into.insert(defects::HEADER_IN_BODY);
            }
        }
        Encoding::QuotedPrintable => quoted(part, into),
        Encoding::None => {}
    }
}

/// Is it of this top-level media type?
fn is_main(part: &MessagePart<'_>, name: &str) -> bool {
    part.content_type().is_some_and(|content_type| content_type.ctype().eq_ignore_ascii_case(name))
}

/// Fields that stand twice.
fn repeated(part: &MessagePart<'_>, into: &mut BTreeSet<Defect>) {
    for (name, defect) in [
        (HeaderName::ContentType, defects::DUPLICATE_CONTENT_TYPE),
        (HeaderName::ContentDisposition, defects::DUPLICATE_CONTENT_DISPOSITION),
        (HeaderName::ContentTransferEncoding, defects::DUPLICATE_CONTENT_TRANSFER_ENCODING),
    ] {
        if part.headers().all(name).nth(1).is_some() {
            into.insert(defect);
        }
    }
}

/// Clients differ on a soft line break at the very end and on blanks in one, and in what a line end in a file is.
fn quoted(part: &MessagePart<'_>, into: &mut BTreeSet<Defect>) {
    let raw = part.raw_body();
    let is_file = part.content_type().is_some_and(|content_type| !content_type.ctype().eq_ignore_ascii_case("text"));
    let is_odd = raw.trim_ascii_end().ends_with(b"=")
        || memmem::find(raw, b"= ").is_some()
        || memmem::find(raw, b"=\t").is_some()
        || (is_file && has_hard_break(raw));
    if is_odd {
        into.insert(defects::DOUBTFUL_QUOTED_PRINTABLE);
    }
}

/// Is there a line end, before the last one, that is no soft line break?
fn has_hard_break(raw: &[u8]) -> bool {
    let raw = raw.trim_ascii_end();
    let mut start = 0;
    memchr::memchr_iter(b'\n', raw).any(|newline| {
        let line = raw.get(std::mem::replace(&mut start, newline + 1)..newline).unwrap_or_default();
        !line.trim_ascii_end().ends_with(b"=")
    })
}

/// Is there a line before the last whose characters are no groups of four?
fn has_uneven_line(raw: &[u8]) -> bool {
    let raw = raw.trim_ascii_end();
    let mut start = 0;
    memchr::memchr_iter(b'\n', raw).any(|newline| {
        let line = raw.get(std::mem::replace(&mut start, newline + 1)..newline).unwrap_or_default();
        !line.strip_suffix(b"\r").unwrap_or(line).len().is_multiple_of(4)
    })
}

/// Faults for which clients read a message in several ways.
const DOUBTFUL: &[Defect] = &[
    defects::AMBIGUOUS_DELIMITER,
    defects::BARE_CR,
    defects::BLANK_LINE_IN_HEADER,
    defects::BOUNDARY_WITHOUT_MULTIPART,
    defects::CONTENT_IN_EPILOGUE,
    defects::CONTENT_IN_PREAMBLE,
    defects::CONTINUED_BOUNDARY,
    defects::CONTROL_IN_HEADER,
    defects::DELIMITER_BEHIND_CLOSING,
    defects::DEPTH_LIMIT,
    defects::DOUBTFUL_CONTENT_TYPE,
    defects::DOUBTFUL_FIELD_NAME,
    defects::DOUBTFUL_QUOTED_PRINTABLE,
    defects::DOUBTFUL_TRANSFER_ENCODING,
    defects::DUPLICATE_CONTENT_DISPOSITION,
    defects::DUPLICATE_CONTENT_TRANSFER_ENCODING,
    defects::DUPLICATE_CONTENT_TYPE,
    defects::ENCODED_MULTIPART,
    defects::FALLBACK_DELIMITER,
    defects::HEADER_IN_BODY,
    defects::LINE_WITHOUT_FIELD,
    defects::MALFORMED_BOUNDARY,
    defects::MALFORMED_CONTENT_TYPE,
    defects::MALFORMED_PARAMETER,
    defects::MALFORMED_TRANSFER_ENCODING,
    defects::MESSAGE_AS_LEAF,
    defects::MISSING_BOUNDARY,
    defects::MISSING_DELIMITER,
    defects::MISSING_FINAL_BOUNDARY,
    defects::MULTIPART_WITHOUT_PARTS,
    defects::NESTING_LIMIT,
    defects::NO_HEADER,
    defects::NUL,
    defects::PADDING_INSIDE,
    defects::PARTS_CUT,
    defects::PARTIAL_MESSAGE,
    defects::PART_WITHOUT_BLANK_LINE,
    defects::REPEATED_BOUNDARY,
    defects::REUSED_BOUNDARY,
    defects::UNEVEN_BASE64,
    defects::UNKNOWN_TRANSFER_ENCODING,
];
