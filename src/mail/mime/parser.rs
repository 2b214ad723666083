//! The main reading: mail-parser with our limits, and what it says of one part.
//!
//! Pure.

use crate::limits;
use mail_parser::{HeaderForm, MessageParser, MessagePart};
use std::sync::LazyLock;

/// Only the MIME fields are read as more than octets: the others have their readers in `head`, `author`, `charset`.
pub static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    let parser = MessageParser::new()
        .max_depth(limits::MIME_DEPTH_MAX)
        .max_parts(limits::PARTS_MAX)
        .max_encoded_nesting(limits::ENCODED_NESTING_MAX)
        .unknown_headers(HeaderForm::Ignore);
    UNREAD.iter().fold(parser, |parser, name| parser.header(*name, HeaderForm::Ignore))
});

const UNREAD: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Bcc",
    "Reply-To",
    "Sender",
    "Subject",
    "Comments",
    "Date",
    "Received",
    "Message-ID",
    "References",
    "In-Reply-To",
    "Return-Path",
    "Keywords",
    "List-Archive",
    "List-Help",
    "List-ID",
    "List-Owner",
    "List-Post",
    "List-Subscribe",
    "List-Unsubscribe",
];

/// `type/subtype` in lower case; a part without Content-Type is `text/plain` (RFC 2045 5.2).
#[must_use]
pub fn declared_type(part: &MessagePart<'_>) -> String {
    let Some(content_type) = part.content_type() else { return "text/plain".to_owned() };
    let mut media_type = content_type.ctype().to_ascii_lowercase();
    if let Some(subtype) = content_type.subtype() {
        media_type.push('/');
        media_type.push_str(&subtype.to_ascii_lowercase());
    }
    media_type
}

/// What stands between parts without the delimiter lines themselves.
#[must_use]
pub fn without_delimiters<'a>(bytes: &'a [u8], boundary: &str) -> &'a [u8] {
    let is_delimiter = |line: &[u8]| line.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(boundary.as_bytes()));
    let mut bytes = bytes.trim_ascii();
    if is_delimiter(bytes) {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        bytes = bytes.get(end..).unwrap_or_default().trim_ascii();
    }
    let last = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    if is_delimiter(bytes.get(last..).unwrap_or_default()) {
        bytes = bytes.get(..last).unwrap_or_default();
    }
    bytes
}
