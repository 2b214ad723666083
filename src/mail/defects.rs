//! What can be wrong with the bytes of a message: stable names, and the faults of lines and header fields.
//!
//! Pure. A defect is never an error: malformed mail is judged, not refused here.

use super::{content::Defect, head::Head};
use std::collections::BTreeSet;

pub const BARE_CR: Defect = "bare_cr";
pub const BARE_LF: Defect = "bare_lf";
pub const NUL: Defect = "nul";
/// RFC 5322 2.1.1: 998 octets.
pub const LINE_TOO_LONG: Defect = "line_too_long";
pub const EIGHT_BIT_HEADER: Defect = "eight_bit_header";
pub const FIELD_WITHOUT_NAME: Defect = "field_without_name";
/// White space or a control character within or behind a field name.
pub const SPACED_FIELD_NAME: Defect = "spaced_field_name";
pub const HEADER_CUT: Defect = "header_cut";
pub const NO_HEADER: Defect = "no_header";
pub const NO_BODY: Defect = "no_body";
pub const MISSING_FROM: Defect = "missing_from";
pub const MISSING_DATE: Defect = "missing_date";
pub const MISSING_MESSAGE_ID: Defect = "missing_message_id";
pub const DUPLICATE_FROM: Defect = "duplicate_from";
pub const DUPLICATE_SENDER: Defect = "duplicate_sender";
pub const DUPLICATE_REPLY_TO: Defect = "duplicate_reply_to";
pub const DUPLICATE_TO: Defect = "duplicate_to";
pub const DUPLICATE_CC: Defect = "duplicate_cc";
pub const DUPLICATE_DATE: Defect = "duplicate_date";
pub const DUPLICATE_SUBJECT: Defect = "duplicate_subject";
pub const DUPLICATE_MESSAGE_ID: Defect = "duplicate_message_id";
pub const DUPLICATE_MIME_VERSION: Defect = "duplicate_mime_version";
pub const DUPLICATE_CONTENT_TYPE: Defect = "duplicate_content_type";
pub const DUPLICATE_CONTENT_DISPOSITION: Defect = "duplicate_content_disposition";
pub const DUPLICATE_CONTENT_TRANSFER_ENCODING: Defect = "duplicate_content_transfer_encoding";
pub const MALFORMED_CONTENT_TYPE: Defect = "malformed_content_type";
/// A multipart without `boundary` parameter.
pub const MISSING_BOUNDARY: Defect = "missing_boundary";
/// A multipart whose delimiter never comes: it has no parts.
pub const MULTIPART_WITHOUT_PARTS: Defect = "multipart_without_parts";
pub const MISSING_DELIMITER: Defect = "missing_delimiter";
/// Delimiters were found in the middle of lines only.
pub const FALLBACK_DELIMITER: Defect = "fallback_delimiter";
pub const MISSING_FINAL_BOUNDARY: Defect = "missing_final_boundary";
pub const PART_WITHOUT_BLANK_LINE: Defect = "part_without_blank_line";
/// Text before the first or behind the last delimiter of a multipart that is more than a hint to old clients.
pub const CONTENT_IN_PREAMBLE: Defect = "content_in_preamble";
pub const CONTENT_IN_EPILOGUE: Defect = "content_in_epilogue";
pub const MALFORMED_TRANSFER_ENCODING: Defect = "malformed_transfer_encoding";
pub const UNKNOWN_TRANSFER_ENCODING: Defect = "unknown_transfer_encoding";
/// A Content-Type that is not plainly `type/subtype`.
pub const DOUBTFUL_CONTENT_TYPE: Defect = "doubtful_content_type";
/// A Content-Transfer-Encoding that is not plainly one of the five of RFC 2045 6.1.
pub const DOUBTFUL_TRANSFER_ENCODING: Defect = "doubtful_transfer_encoding";
/// The name of a MIME field with marks in it that some clients pass over.
pub const DOUBTFUL_FIELD_NAME: Defect = "doubtful_field_name";
/// A part of a message type other than `message/rfc822` that looks like a message with content of its own.
pub const MESSAGE_AS_LEAF: Defect = "message_as_leaf";
/// Lines of base64 that are no groups of four characters: some clients decode each line by itself.
pub const UNEVEN_BASE64: Defect = "uneven_base64";
/// Quoted-printable with a soft line break at its end or with blanks in one, or a file in it with line ends.
pub const DOUBTFUL_QUOTED_PRINTABLE: Defect = "doubtful_quoted_printable";
/// Padding before the end of base64: some clients go on, some stop.
pub const PADDING_INSIDE: Defect = "padding_inside";
/// A parameter of Content-Type that clients read in several ways: comments, escapes, open quotes, missing semicolons.
pub const MALFORMED_PARAMETER: Defect = "malformed_parameter";
/// A boundary that is empty, too long, or has octets at which some client cuts it.
pub const MALFORMED_BOUNDARY: Defect = "malformed_boundary";
/// Two boundary parameters in one Content-Type.
pub const REPEATED_BOUNDARY: Defect = "repeated_boundary";
/// A boundary in the form of RFC 2231, which many clients do not know.
pub const CONTINUED_BOUNDARY: Defect = "continued_boundary";
/// A boundary parameter of a type that is no multipart.
pub const BOUNDARY_WITHOUT_MULTIPART: Defect = "boundary_without_multipart";
/// A lone CR or a NUL in a header.
pub const CONTROL_IN_HEADER: Defect = "control_in_header";
/// A line of blanks in a header, which ends it for some clients.
pub const BLANK_LINE_IN_HEADER: Defect = "blank_line_in_header";
/// A line in a header that is no field (RFC 5322 2.2), which ends it for some clients.
pub const LINE_WITHOUT_FIELD: Defect = "line_without_field";
/// A body that begins with MIME fields: some clients read on.
pub const HEADER_IN_BODY: Defect = "header_in_body";
/// A boundary in the middle of a line, or with more behind it.
pub const AMBIGUOUS_DELIMITER: Defect = "ambiguous_delimiter";
/// Delimiters behind the closing one.
pub const DELIMITER_BEHIND_CLOSING: Defect = "delimiter_behind_closing";
/// A multipart within a multipart of the same boundary.
pub const REUSED_BOUNDARY: Defect = "reused_boundary";
/// A multipart in base64 or quoted-printable, which RFC 2045 6.4 forbids.
pub const ENCODED_MULTIPART: Defect = "encoded_multipart";
/// A piece of a message (RFC 2046 5.2.2): what it holds is seen only when all pieces are put together.
pub const PARTIAL_MESSAGE: Defect = "partial_message";
/// A body that is fetched from elsewhere (RFC 2046 5.2.3).
pub const EXTERNAL_BODY: Defect = "external_body";
/// A file in a text, uuencoded, in yEnc or BinHex: some clients offer it as an attachment.
pub const FILE_IN_TEXT: Defect = "file_in_text";
/// Some client shows parts that the main reading does not have.
pub const DISPUTED_PART: Defect = "disputed_part";
/// Among them, a program, script or archive: what a sender has reason to hide.
pub const HIDDEN_BY_READING: Defect = "hidden_by_reading";
/// There are more readings than are looked at.
pub const READINGS_CUT: Defect = "readings_cut";
pub const MALFORMED_TNEF: Defect = "malformed_tnef";
pub const UNKNOWN_CHARSET: Defect = "unknown_charset";
pub const MALFORMED_CHARSET: Defect = "malformed_charset";
pub const NESTING_LIMIT: Defect = "nesting_limit";
pub const DEPTH_LIMIT: Defect = "depth_limit";
pub const PARTS_CUT: Defect = "parts_cut";
pub const TEXT_CUT: Defect = "text_cut";
pub const NAMES_CUT: Defect = "names_cut";
pub const LINKS_CUT: Defect = "links_cut";
pub const LINK_TOO_LONG: Defect = "link_too_long";
pub const MALFORMED_LINK: Defect = "malformed_link";
/// Bounds that were met while archives were unpacked.
pub const UNPACK_SIZE_LIMIT: Defect = "unpack_size_limit";
pub const UNPACK_RATIO_LIMIT: Defect = "unpack_ratio_limit";
pub const UNPACK_COUNT_LIMIT: Defect = "unpack_count_limit";
pub const UNPACK_DEPTH_LIMIT: Defect = "unpack_depth_limit";
pub const UNPACK_WORK_LIMIT: Defect = "unpack_work_limit";
/// An archive that holds itself.
pub const UNPACK_LOOP: Defect = "unpack_loop";
/// An archive or document that could not be read to its end.
pub const MALFORMED_ARCHIVE: Defect = "malformed_archive";
/// A member whose checksum is not that of its content.
pub const ARCHIVE_CHECKSUM: Defect = "archive_checksum";
/// The two headers of a zip member say different things.
pub const ZIP_HEADERS_DISAGREE: Defect = "zip_headers_disagree";
/// A zip member that only some readers find.
pub const ZIP_HIDDEN_MEMBER: Defect = "zip_hidden_member";
pub const ZIP_SEVERAL_DIRECTORIES: Defect = "zip_several_directories";
pub const ZIP_OVERLAP: Defect = "zip_overlap";
pub const DUPLICATE_MEMBER: Defect = "duplicate_member";
/// A member is marked as encrypted and is not.
pub const FALSE_ENCRYPTION: Defect = "false_encryption";
/// A part is labelled as encrypted and is not, or as signed and is encrypted.
pub const FALSE_ENCRYPTION_LABEL: Defect = "false_encryption_label";
/// An archive behind other content.
pub const PREPENDED_DATA: Defect = "prepended_data";
/// Content behind the end of an archive.
pub const TRAILING_DATA: Defect = "trailing_data";
/// A member whose name leads out of the folder it is unpacked to.
pub const UNSAFE_MEMBER_NAME: Defect = "unsafe_member_name";
/// The name or declared type of a file belies its content.
pub const TYPE_MISMATCH: Defect = "type_mismatch";

/// Fields that RFC 5322 3.6 and RFC 2045 3 allow once, with the defect of having more.
const SINGLE: &[(&str, Defect)] = &[
    ("From", DUPLICATE_FROM),
    ("Sender", DUPLICATE_SENDER),
    ("Reply-To", DUPLICATE_REPLY_TO),
    ("To", DUPLICATE_TO),
    ("Cc", DUPLICATE_CC),
    ("Date", DUPLICATE_DATE),
    ("Subject", DUPLICATE_SUBJECT),
    ("Message-ID", DUPLICATE_MESSAGE_ID),
    ("MIME-Version", DUPLICATE_MIME_VERSION),
    ("Content-Type", DUPLICATE_CONTENT_TYPE),
    ("Content-Disposition", DUPLICATE_CONTENT_DISPOSITION),
    ("Content-Transfer-Encoding", DUPLICATE_CONTENT_TRANSFER_ENCODING),
];

/// Fields that every message should have.
const EXPECTED: &[(&str, Defect)] =
    &[("From", MISSING_FROM), ("Date", MISSING_DATE), ("Message-ID", MISSING_MESSAGE_ID)];

/// The faults of a header section.
pub fn of_head(head: &Head, into: &mut BTreeSet<Defect>) {
    let mut counts = [0usize; SINGLE.len()];
    for field in head.fields() {
        if field.name.is_empty() {
            into.insert(FIELD_WITHOUT_NAME);
        }
        if field.name.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
            into.insert(SPACED_FIELD_NAME);
        }
        if !field.raw.is_ascii() {
            into.insert(EIGHT_BIT_HEADER);
        }
        for (count, (name, _)) in counts.iter_mut().zip(SINGLE) {
            *count += usize::from(field.is(name));
        }
    }
    for (count, (_, defect)) in counts.iter().zip(SINGLE) {
        if *count > 1 {
            into.insert(defect);
        }
    }
    into.extend(EXPECTED.iter().filter(|(name, _)| head.first(name).is_none()).map(|(_, defect)| *defect));
    if head.cut {
        into.insert(HEADER_CUT);
    }
}

/// The faults of line ends and line lengths (RFC 5321 2.3.8, RFC 5322 2.1.1).
///
/// A message that ends every line with a lone LF comes from a file; only a mixture is suspicious.
pub fn of_lines(raw: &[u8], into: &mut BTreeSet<Defect>) {
    let mut returns = 0usize;
    let mut newlines = 0usize;
    let mut pairs = 0usize;
    let mut line_start = 0;
    let mut longest = 0;
    let mut return_at = None;
    for at in memchr::memchr3_iter(b'\n', b'\r', 0, raw) {
        match raw.get(at) {
            Some(b'\n') => {
                newlines += 1;
                pairs += usize::from(return_at == at.checked_sub(1) && at > 0);
                longest = longest.max(at - line_start);
                line_start = at + 1;
            }
            Some(b'\r') => {
                returns += 1;
                return_at = Some(at);
            }
            _ => {
                into.insert(NUL);
            }
        }
    }
    longest = longest.max(raw.len() - line_start);
    for (is_so, defect) in [
        (pairs > 0 && newlines > pairs, BARE_LF),
        (returns > pairs, BARE_CR),
        (longest > LINE_BYTES_MAX, LINE_TOO_LONG),
    ] {
        if is_so {
            into.insert(defect);
        }
    }
}

/// Octets of a line without CRLF, one more for the CR that is counted here.
const LINE_BYTES_MAX: usize = 999;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn of(raw: &'static [u8]) -> Vec<Defect> {
        let mut defects = BTreeSet::new();
        of_head(&Head::parse(&Bytes::from_static(raw)), &mut defects);
        of_lines(raw, &mut defects);
        defects.into_iter().collect()
    }

    #[test]
    fn a_sound_header_has_no_faults() {
        assert!(of(b"From: a@b.example\r\nDate: x\r\nMessage-ID: <a@b>\r\n\r\nbody\r\n").is_empty());
        assert!(of(b"From: a@b.example\nDate: x\nMessage-ID: <a@b>\n\nbody\n").is_empty());
    }

    #[test]
    fn faults_are_named() {
        let faults = of(b"From: a\r\nFROM: b\r\nDate : x\r\njunk\r\nX: \xfc\r\n\r\na\nb\rc\0");
        assert_eq!(
            faults,
            [
                BARE_CR,
                BARE_LF,
                DUPLICATE_FROM,
                EIGHT_BIT_HEADER,
                FIELD_WITHOUT_NAME,
                MISSING_DATE,
                MISSING_MESSAGE_ID,
                NUL,
                SPACED_FIELD_NAME
            ]
        );
    }

    #[test]
    fn lines_may_have_998_octets() {
        let mut defects = BTreeSet::new();
        of_lines(&[&[b'a'; 998][..], b"\r\n"].concat(), &mut defects);
        assert!(defects.is_empty());
        of_lines(&[&[b'a'; 999][..], b"\r\n"].concat(), &mut defects);
        assert!(defects.contains(LINE_TOO_LONG));
    }
}
