//! Media type by content: what a file is, whatever it calls itself.
//!
//! Pure. Knows the signatures that matter in mail and leaves the rest to `infer`; never opens a container.

use super::{asn1, cms, names, openpgp};
use crate::limits;
use memchr::memmem;

/// Octets from the start that detection wants to see: an ISO 9660 image says so at 32,769.
pub const PREFIX_BYTES: usize = 32_774;

/// Signatures at a fixed offset that `infer` lacks or names otherwise.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"MZ", "application/x-dosexec"),
    (0, b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "application/onenote"),
    (0, b"conectix", "application/x-vhd"),
    (0, b"vhdxfile", "application/x-vhdx"),
    (0, b"ITSF", "application/vnd.ms-htmlhelp"),
    (0, b"{\\rt", "application/rtf"),
    (7, b"**ACE**", "application/x-ace-compressed"),
    (0, b"\x60\xea", "application/x-arj"),
    (2, b"-lh", "application/x-lzh-compressed"),
    (2, b"-lz", "application/x-lzh-compressed"),
    (0, b"\x78\x9f\x3e\x22", "application/vnd.ms-tnef"),
    (32_769, b"CD001", "application/x-iso9660-image"),
    (32_769, b"BEA01", "application/x-iso9660-image"),
    (32_769, b"NSR0", "application/x-iso9660-image"),
    (0, b"070701", "application/x-cpio"),
    (0, b"070702", "application/x-cpio"),
    (0, b"070707", "application/x-cpio"),
    (0, b"\xc7\x71", "application/x-cpio"),
    (0, b"!<arch>\n", "application/x-unix-archive"),
    (0, b"\x1f\x9d", "application/x-compress"),
    (0, b"LZIP", "application/x-lzip"),
    (0, b"MSWIM\0\0\0", "application/x-ms-wim"),
    (0, b"xar!", "application/x-xar"),
    (0, b"\xed\xab\xee\xdb", "application/x-rpm"),
    (0, b"!BDN", "application/vnd.ms-outlook-pst"),
    (0, b"PK00PK\x03\x04", "application/zip"),
    (0, b"PK\x07\x08PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
];

/// How a text file of that type begins, after white space; compared without case.
const OPENINGS: &[(&str, &str)] = &[
    ("<!doctype html", "text/html"),
    ("<html", "text/html"),
    ("<head", "text/html"),
    ("<body", "text/html"),
    ("<script", "text/html"),
    ("<meta", "text/html"),
    ("<title", "text/html"),
    ("<style", "text/html"),
    ("<iframe", "text/html"),
    ("<form", "text/html"),
    ("<table", "text/html"),
    ("<center", "text/html"),
    ("<div", "text/html"),
    ("<span", "text/html"),
    ("<font", "text/html"),
    ("<img", "text/html"),
    ("<p>", "text/html"),
    ("<p ", "text/html"),
    ("<a ", "text/html"),
    ("<br", "text/html"),
    ("<hta:", "application/hta"),
    ("<svg", "image/svg+xml"),
    ("<job", "text/x-windows-script"),
    ("<package", "text/x-windows-script"),
    ("<?xml", "text/xml"),
    ("#!", "text/x-shellscript"),
    ("@echo off", "text/x-msdos-batch"),
    ("windows registry editor", "text/x-ms-regedit"),
    ("regedit4", "text/x-ms-regedit"),
    ("[internetshortcut]", "application/x-mswinurl"),
    ("begin:vcalendar", "text/calendar"),
    ("begin:vcard", "text/vcard"),
    ("-----begin pgp message", "application/pgp-encrypted"),
    ("-----begin pgp signature", "application/pgp-signature"),
    ("-----begin pgp public", "application/pgp-keys"),
    ("=ybegin ", "text/x-yenc"),
    ("return-path:", "message/rfc822"),
    ("received:", "message/rfc822"),
    ("mime-version:", "message/rfc822"),
    ("delivered-to:", "message/rfc822"),
    ("x-mozilla-status:", "message/rfc822"),
    ("content-type: ", "message/rfc822"),
];

/// Fields that a mail may begin with, where `MIME-Version` or `Content-Type` follow.
const FIRST_FIELDS: &[&str] = &[
    "from:",
    "to:",
    "subject:",
    "date:",
    "message-id:",
    "content-type:",
    "x-",
    "sender:",
    "reply-to:",
    "dkim-signature:",
    "arc-",
    "authentication-results:",
    "cc:",
];

const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Stream names (UTF-16) and class identifiers in the directory of a compound file.
const COMPOUND_MARKS: &[(&[u8], &str)] = &[
    (b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", "application/x-msi"),
    (b"W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0", "application/msword"),
    (b"W\0o\0r\0k\0b\0o\0o\0k\0", "application/vnd.ms-excel"),
    (b"P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0 \0D\0", "application/vnd.ms-powerpoint"),
    (b"_\0_\0s\0u\0b\0s\0t\0g\x001\0.\x000\0", "application/vnd.ms-outlook"),
];

/// Types whose inside this reading does not see.
const CONTAINERS: &[&str] = &[
    "application/zip",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/gzip",
    "application/x-bzip2",
    "application/x-xz",
    "application/zstd",
    "application/x-lzip",
    "application/x-lz4",
    "application/x-compress",
    "application/x-cpio",
    "application/vnd.ms-cab-compressed",
    "application/x-ace-compressed",
    "application/x-arj",
    "application/x-lzh-compressed",
    "application/x-iso9660-image",
    "application/x-vhd",
    "application/x-vhdx",
    "application/x-ole-storage",
    "application/x-msi",
    "application/vnd.ms-outlook",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/epub+zip",
    "application/vnd.ms-tnef",
    "application/pkcs7-mime",
    "application/onenote",
    "application/vnd.ms-htmlhelp",
    "application/x-lzma",
    "application/x-ms-wim",
    "application/x-xar",
    "application/x-rpm",
    "application/x-unix-archive",
    "application/vnd.debian.binary-package",
    "application/vnd.ms-outlook-pst",
    "application/pdf",
    "text/x-yenc",
];

/// Types that clients open as a page.
const PAGES: &[&str] = &["text/html", "image/svg+xml", "application/hta", "text/xml"];

/// The media type that the first octets of a file speak of; empty if they say nothing.
///
/// `prefix` should hold `PREFIX_BYTES` octets where the file has them.
#[must_use]
pub fn detect(prefix: &[u8]) -> &'static str {
    if prefix.is_empty() {
        return "";
    }
    let signed =
        SIGNATURES.iter().find(|(offset, magic, _)| prefix.get(*offset..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((_, _, media_type)) = signed {
        return media_type;
    }
    if prefix.starts_with(COMPOUND_FILE) {
        return compound(prefix);
    }
    if prefix.first() == Some(&asn1::SEQUENCE) && cms::read(prefix).is_some() {
        return "application/pkcs7-mime";
    }
    if let Some(media_type) = text(prefix) {
        return media_type;
    }
    match infer::get(prefix).map(|found| found.mime_type()) {
        Some("application/vnd.microsoft.portable-executable") => "application/x-dosexec",
        Some(media_type) => media_type,
        None if is_tar(prefix) => "application/x-tar",
        None if openpgp::is_binary_message(prefix) => "application/pgp-encrypted",
        None if is_lzma(prefix) => "application/x-lzma",
        None if holds(prefix.get(..TEXT_SAMPLE_BYTES).unwrap_or(prefix), b"%PDF-") => "application/pdf",
        None => "",
    }
}

/// Like `detect`, for types that only a name tells from plain text.
#[must_use]
pub fn detect_named(prefix: &[u8], name: &str) -> &'static str {
    let detected = detect(prefix);
    let extension = names::extension(name).unwrap_or_default();
    match (detected, extension.as_str()) {
        ("text/plain", "eml" | "mht" | "mhtml" | "nws") => "message/rfc822",
        ("text/plain", "htm" | "html" | "shtml" | "xhtml") => "text/html",
        ("text/plain" | "text/xml", "hta") => "application/hta",
        ("", "lzma") => "application/x-lzma",
        _ => detected,
    }
}

/// Is this the header of a tar file, by its checksum?
#[must_use]
pub fn is_tar(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..TAR_HEADER_BYTES) else { return false };
    let digits = header.get(148..156).unwrap_or_default();
    let digits = digits.split(|octet| *octet == 0).next().unwrap_or_default().trim_ascii();
    let claimed = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 8).ok());
    let octets = header.iter().enumerate();
    let sum = octets.map(|(at, octet)| if (148..156).contains(&at) { 32 } else { usize::from(*octet) }).sum();
    header.first() != Some(&0) && claimed == Some(sum)
}

/// The format of `lzma` files has no signature: usual properties, a dictionary that is a power of two, a size that is
/// unknown or below 4 GiB.
fn is_lzma(prefix: &[u8]) -> bool {
    let Some((&[properties, a, b, c, d, ref size @ ..], _)) = prefix.split_first_chunk::<13>() else { return false };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let size: &[u8] = size;
    properties == 0x5d
        && dictionary >= 1 << 12
        && dictionary.count_ones() <= 2
        && (size == [0xff; 8] || size.ends_with(&[0; 4]))
}

/// Is a file of this type looked into? Only sound and film hold nothing that matters.
#[must_use]
pub fn has_inside(detected: &str) -> bool {
    !detected.starts_with("audio/") && !detected.starts_with("video/")
}

/// Can this type be opened as a page?
#[must_use]
pub fn is_page(detected: &str) -> bool {
    PAGES.contains(&detected)
}

/// Does this type hold files or texts that only its own reader sees?
#[must_use]
pub fn is_container(detected: &str) -> bool {
    CONTAINERS.contains(&detected)
}

/// Is it a document that is opened as a whole, whatever it is made of?
#[must_use]
pub fn is_document(detected: &str) -> bool {
    let is_other = matches!(
        detected,
        "application/vnd.ms-cab-compressed" | "application/vnd.ms-htmlhelp" | "application/vnd.ms-tnef"
    );
    let is_family = [
        "application/vnd.openxml",
        "application/vnd.oasis",
        "application/vnd.ms-",
        "application/ms",
        "application/x-ole",
    ]
    .iter()
    .any(|start| detected.starts_with(start));
    (is_family && !is_other)
        || matches!(detected, "application/pdf" | "application/rtf" | "text/xml" | "application/onenote")
}

/// Is it an archive or document, which filters open, and not a mail sealed for its recipient (RFC 8551, RFC 9580), whose
/// sense it is that they cannot?
#[must_use]
pub fn is_opened(detected: &str) -> bool {
    let is_sealed_mail = matches!(detected, "application/pkcs7-mime" | "application/pgp-encrypted");
    !is_sealed_mail && (is_container(detected) || is_document(detected))
}

/// Is it text that links can stand in? Unknown octets that are declared as text count too.
#[must_use]
pub fn is_readable(declared: &str, detected: &str) -> bool {
    let says_text = declared.starts_with("text/") || declared.starts_with("multipart/") || !declared.contains('/');
    (says_text && detected.is_empty())
        || detected.starts_with("text/")
        || is_page(detected)
        || detected == "message/rfc822"
        || (says_text && !detected.starts_with("image/") && !is_container(detected))
}

/// Is it a mail sealed for its recipient, by its bytes? `octets` should be all of the file.
#[must_use]
pub fn is_encrypted(detected: &str, octets: &[u8]) -> bool {
    match detected {
        "application/pgp-encrypted" if octets.first().is_some_and(|first| first & 0x80 != 0) => {
            openpgp::kind(octets) == Some(openpgp::Kind::Encrypted)
        }
        "application/pgp-encrypted" | "text/plain" => openpgp::texts(octets).is_encrypted,
        "application/pkcs7-mime" => cms::read(octets).is_some_and(|info| info.kind.is_encrypted()),
        _ => false,
    }
}

/// Does this begin with the header section of a MIME entity (RFC 2045 3), or with a field that only mails begin with? Only
/// for octets whose place says so already. Which field comes first is the sender's to choose (RFC 9788).
#[must_use]
pub fn is_entity(octets: &[u8]) -> bool {
    let start = octets.trim_ascii_start();
    let block = start.get(..limits::HEAD_BYTES_MAX).unwrap_or(start);
    let is_field = |line: &[u8]| {
        let name = line.iter().position(|octet| *octet == b':').and_then(|colon| line.get(..colon)).unwrap_or_default();
        !name.is_empty() && name.trim_ascii_end().iter().all(u8::is_ascii_graphic)
    };
    let mut lines = block.split(|octet| *octet == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let is_typed = |line: &[u8]| starts(line, "content-") || starts(line, "mime-version:");
    let has_header = lines.clone().next().is_some_and(is_field) && lines.any(is_typed);
    has_header || FIRST_FIELDS.iter().any(|field| starts(start, field))
}

/// What kind of compound file (MS-CFB) this is, by the streams and class that its directory names.
fn compound(prefix: &[u8]) -> &'static str {
    let named = COMPOUND_MARKS.iter().find(|(mark, _)| memmem::find(prefix, mark).is_some());
    named.map_or("application/x-ole-storage", |(_, media_type)| media_type)
}

/// The type of a text file; `None` if the start of it is not text.
fn text(prefix: &[u8]) -> Option<&'static str> {
    let prefix = prefix.strip_prefix(b"\xef\xbb\xbf").unwrap_or(prefix);
    let sample = prefix.get(..TEXT_SAMPLE_BYTES).unwrap_or(prefix);
    let is_control = sample.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31));
    let is_cut = |error: std::str::Utf8Error| error.error_len().is_none();
    let is_text = |sample: &[u8]| {
        let foreign = sample.iter().filter(|byte| !byte.is_ascii()).count();
        foreign == 0 || foreign * 4 < sample.len() || std::str::from_utf8(sample).map_or_else(is_cut, |_| true)
    };
    if is_control || !is_text(sample) {
        return None;
    }
    let opening = skip_comments(sample);
    let found = OPENINGS.iter().find(|(start, _)| starts(opening, start));
    match found {
        Some((_, "text/xml")) if holds(sample, b"<svg") => Some("image/svg+xml"),
        Some((_, "text/xml")) if holds(sample, b"<html") => Some("text/html"),
        Some((_, media_type)) => Some(media_type),
        None if FIRST_FIELDS.iter().any(|field| starts(opening, field))
            && (holds(sample, b"\nmime-version:") || holds(sample, b"\ncontent-type:")) =>
        {
            Some("message/rfc822")
        }
        // PDF, PostScript and shell archives are text as well, but have signatures of their own.
        None if sample.starts_with(b"%") || sample.starts_with(b"!<arch>") => None,
        None => Some("text/plain"),
    }
}

/// Skips white space and leading `<!-- -->` comments, which browsers do before they decide.
fn skip_comments(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        let Some(comment) = text.strip_prefix(b"<!--") else { return text };
        let Some(end) = memmem::find(comment, b"-->") else { return text };
        text = comment.get(end + 3..).unwrap_or_default();
    }
}

fn starts(text: &[u8], start: &str) -> bool {
    text.get(..start.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(start.as_bytes()))
}

fn holds(sample: &[u8], needle: &[u8]) -> bool {
    sample.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

const TAR_HEADER_BYTES: usize = 512;
/// Octets that are looked at to tell text from other files.
const TEXT_SAMPLE_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_begins_with_any_field_of_its_sender() {
        for entity in [
            "Content-Type: a/b",
            "\r\nX-First: 1\r\n folded\r\ncontent-type: a/b\r\n\r\n",
            "HP-Outer: To: a\nMIME-Version: 1.0",
        ] {
            assert!(is_entity(entity.as_bytes()), "{entity}");
        }
        for other in [
            "",
            "Note: look at this",
            "Note: look\r\n\r\nContent-Type: a/b",
            "two words: 1\nContent-Type: a/b",
            ": 1\nContent-Type: a/b",
        ] {
            assert!(!is_entity(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn files_are_told_by_content() {
        let mut image = vec![0; 32_769];
        image.extend_from_slice(b"CD001");
        for (bytes, media_type) in [
            (&b"MZ\x90\0"[..], "application/x-dosexec"),
            (b"L\0\0\0\x01\x14\x02\0\0", "application/x-ms-shortcut"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "application/x-ole-storage"),
            (b"%PDF-1.4\n", "application/pdf"),
            (b"{\\rtf1 a", "application/rtf"),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                "application/x-executable"),
            (b"PK\x03\x04\x14\0\x01\0\x08\0", "application/zip"),
            (b"\x1f\x8b\x08\0", "application/gzip"),
            (b"<!-- x --> <HTML><body>", "text/html"),
            (b"<?xml version='1.0'?><svg/>", "image/svg+xml"),
            (b"Return-Path: <a@b.example>\r\n", "message/rfc822"),
            (b"plain words", "text/plain"),
            (b"\0\x01\x02", ""),
            (&[0xff; 40], ""),
            (b"", ""),
            (&image, "application/x-iso9660-image"),
        ] {
            assert_eq!(detect(bytes), media_type, "{:?}", &bytes[..bytes.len().min(12)]);
        }
    }
}
