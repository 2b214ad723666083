//! Structure: what is wrong with the bytes of the message, and attachments that clients execute.
//!
//! Reads the message and the envelope's SMTPUTF8. Asks nothing. Pure.

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        facts::Unknown,
        findings::{Finding, Symbol},
    },
    mail::{
        defects,
        content::{Defect, Part},
        names::extension,
    },
};
use std::collections::BTreeMap;

pub const CHECK: Check = Check {
    name: "structure",
    symbols: &[
        DUPLICATE_FIELD,
        DUPLICATE_MIME_FIELD,
        MISSING_FIELD,
        MALFORMED_FIELD,
        EIGHT_BIT_HEADER,
        LINE_ENDS,
        NUL,
        LONG_LINE,
        INCOMPLETE,
        MULTIPART,
        HIDDEN_CONTENT,
        TRANSFER_ENCODING,
        CHARSET,
        LIMIT,
        CUT,
        MALFORMED_LINK,
        EXECUTABLE_ATTACHMENT,
        ATTACHMENT_LIMIT,
        ATTACHMENT_MALFORMED,
        ATTACHMENT_AMBIGUOUS,
        ATTACHMENT_TYPE_MISMATCH,
    ],
    run,
};

const DUPLICATE_FIELD: Symbol = Symbol::new("STRUCTURE_DUPLICATE_FIELD");
const DUPLICATE_MIME_FIELD: Symbol = Symbol::new("STRUCTURE_DUPLICATE_MIME_FIELD");
const MISSING_FIELD: Symbol = Symbol::new("STRUCTURE_MISSING_FIELD");
const MALFORMED_FIELD: Symbol = Symbol::new("STRUCTURE_MALFORMED_FIELD");
const EIGHT_BIT_HEADER: Symbol = Symbol::new("STRUCTURE_EIGHT_BIT_HEADER");
const LINE_ENDS: Symbol = Symbol::new("STRUCTURE_LINE_ENDS");
const NUL: Symbol = Symbol::new("STRUCTURE_NUL");
const LONG_LINE: Symbol = Symbol::new("STRUCTURE_LONG_LINE");
const INCOMPLETE: Symbol = Symbol::new("STRUCTURE_INCOMPLETE");
const MULTIPART: Symbol = Symbol::new("STRUCTURE_MULTIPART");
const HIDDEN_CONTENT: Symbol = Symbol::new("STRUCTURE_HIDDEN_CONTENT");
const TRANSFER_ENCODING: Symbol = Symbol::new("STRUCTURE_TRANSFER_ENCODING");
const CHARSET: Symbol = Symbol::new("STRUCTURE_CHARSET");
const LIMIT: Symbol = Symbol::new("STRUCTURE_LIMIT");
const CUT: Symbol = Symbol::new("STRUCTURE_CUT");
const MALFORMED_LINK: Symbol = Symbol::new("STRUCTURE_MALFORMED_LINK");
const EXECUTABLE_ATTACHMENT: Symbol = Symbol::new("EXECUTABLE_ATTACHMENT");
const ATTACHMENT_LIMIT: Symbol = Symbol::new("ATTACHMENT_LIMIT");
const ATTACHMENT_MALFORMED: Symbol = Symbol::new("ATTACHMENT_MALFORMED");
const ATTACHMENT_AMBIGUOUS: Symbol = Symbol::new("ATTACHMENT_AMBIGUOUS");
const ATTACHMENT_TYPE_MISMATCH: Symbol = Symbol::new("ATTACHMENT_TYPE_MISMATCH");

/// The symbol of every defect. `missing_date` is the date check's.
const SYMBOLS: &[(Defect, Symbol)] = &[
    (defects::DUPLICATE_FROM, DUPLICATE_FIELD),
    (defects::DUPLICATE_SENDER, DUPLICATE_FIELD),
    (defects::DUPLICATE_REPLY_TO, DUPLICATE_FIELD),
    (defects::DUPLICATE_TO, DUPLICATE_FIELD),
    (defects::DUPLICATE_CC, DUPLICATE_FIELD),
    (defects::DUPLICATE_DATE, DUPLICATE_FIELD),
    (defects::DUPLICATE_SUBJECT, DUPLICATE_FIELD),
    (defects::DUPLICATE_MESSAGE_ID, DUPLICATE_FIELD),
    (defects::DUPLICATE_MIME_VERSION, DUPLICATE_MIME_FIELD),
    (defects::DUPLICATE_CONTENT_TYPE, DUPLICATE_MIME_FIELD),
    (defects::DUPLICATE_CONTENT_DISPOSITION, DUPLICATE_MIME_FIELD),
    (defects::DUPLICATE_CONTENT_TRANSFER_ENCODING, DUPLICATE_MIME_FIELD),
    (defects::MISSING_FROM, MISSING_FIELD),
    (defects::MISSING_MESSAGE_ID, MISSING_FIELD),
    (defects::FIELD_WITHOUT_NAME, MALFORMED_FIELD),
    (defects::SPACED_FIELD_NAME, MALFORMED_FIELD),
    (defects::EIGHT_BIT_HEADER, EIGHT_BIT_HEADER),
    (defects::BARE_CR, LINE_ENDS),
    (defects::BARE_LF, LINE_ENDS),
    (defects::NUL, NUL),
    (defects::LINE_TOO_LONG, LONG_LINE),
    (defects::NO_HEADER, INCOMPLETE),
    (defects::NO_BODY, INCOMPLETE),
    (defects::MALFORMED_CONTENT_TYPE, MULTIPART),
    (defects::MISSING_BOUNDARY, MULTIPART),
    (defects::MULTIPART_WITHOUT_PARTS, MULTIPART),
    (defects::MISSING_DELIMITER, MULTIPART),
    (defects::FALLBACK_DELIMITER, MULTIPART),
    (defects::MISSING_FINAL_BOUNDARY, MULTIPART),
    (defects::PART_WITHOUT_BLANK_LINE, MULTIPART),
    (defects::CONTENT_IN_PREAMBLE, HIDDEN_CONTENT),
    (defects::CONTENT_IN_EPILOGUE, HIDDEN_CONTENT),
    (defects::MALFORMED_TRANSFER_ENCODING, TRANSFER_ENCODING),
    (defects::UNKNOWN_TRANSFER_ENCODING, TRANSFER_ENCODING),
    (defects::UNKNOWN_CHARSET, CHARSET),
    (defects::MALFORMED_CHARSET, CHARSET),
    (defects::HEADER_CUT, LIMIT),
    (defects::NESTING_LIMIT, LIMIT),
    (defects::DEPTH_LIMIT, LIMIT),
    (defects::PARTS_CUT, LIMIT),
    (defects::NAMES_CUT, LIMIT),
    (defects::TEXT_CUT, CUT),
    (defects::LINKS_CUT, CUT),
    (defects::LINK_TOO_LONG, CUT),
    (defects::MALFORMED_LINK, MALFORMED_LINK),
    (defects::UNPACK_SIZE_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_RATIO_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_COUNT_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_DEPTH_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_WORK_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_LOOP, ATTACHMENT_LIMIT),
    (defects::MALFORMED_ARCHIVE, ATTACHMENT_MALFORMED),
    (defects::ARCHIVE_CHECKSUM, ATTACHMENT_MALFORMED),
    (defects::DUPLICATE_MEMBER, ATTACHMENT_MALFORMED),
    (defects::PREPENDED_DATA, ATTACHMENT_MALFORMED),
    (defects::TRAILING_DATA, ATTACHMENT_MALFORMED),
    (defects::ZIP_HEADERS_DISAGREE, ATTACHMENT_AMBIGUOUS),
    (defects::ZIP_HIDDEN_MEMBER, ATTACHMENT_AMBIGUOUS),
    (defects::ZIP_SEVERAL_DIRECTORIES, ATTACHMENT_AMBIGUOUS),
    (defects::ZIP_OVERLAP, ATTACHMENT_AMBIGUOUS),
    (defects::FALSE_ENCRYPTION, ATTACHMENT_AMBIGUOUS),
    (defects::UNSAFE_MEMBER_NAME, ATTACHMENT_AMBIGUOUS),
    (defects::TYPE_MISMATCH, ATTACHMENT_TYPE_MISMATCH),
];

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let message = &evidence.mail.message;
    let mut found: BTreeMap<&Symbol, Vec<&str>> = BTreeMap::new();
    for defect in &message.defects {
        // RFC 6532: a client that asked for SMTPUTF8 may write UTF-8.
        if *defect == defects::EIGHT_BIT_HEADER && evidence.mail.envelope.smtputf8 {
            continue;
        }
        if let Some((_, symbol)) = SYMBOLS.iter().find(|(known, _)| known == defect) {
            found.entry(symbol).or_default().push(defect);
        }
    }
    let mut findings: Vec<Finding> =
        found.into_iter().map(|(symbol, defects)| Finding::new(symbol.clone(), defects.join(" "))).collect();
    if let Some(what) = message.parts.iter().find_map(executable) {
        findings.push(Finding::new(EXECUTABLE_ATTACHMENT, what));
    }
    Ok(findings)
}

/// Why a client would execute this part: its type by content, or the end of any reading of its name.
fn executable(part: &Part) -> Option<String> {
    if EXECUTABLE_TYPES.contains(&part.detected.as_str()) {
        return Some(format!("{} {}", part.path, part.detected));
    }
    let name = part.names.iter().find(|name| extension(name).is_some_and(|end| EXECUTABLE_EXTENSIONS.contains(&end.as_str())))?;
    Some(format!("{} {name}", part.path))
}

/// Types by content that run when opened.
const EXECUTABLE_TYPES: &[&str] = &[
    "application/x-dosexec",
    "application/x-ms-shortcut",
    "application/x-msi",
    "application/x-mswinurl",
    "application/hta",
    "application/vnd.ms-htmlhelp",
    "application/vnd.android.dex",
    "text/x-windows-script",
    "text/x-msdos-batch",
    "text/x-ms-regedit",
];

/// Extensions that Windows, macOS or an installed Java run when opened; the lists of Outlook and Gmail, less what
/// schools exchange (`.py`, `.sh`, `.app` are opened by editors or not at all).
const EXECUTABLE_EXTENSIONS: &[&str] = &[
    "ade", "adp", "apk", "appx", "appxbundle", "bat", "chm", "cmd", "com", "cpl", "dll", "exe", "gadget", "hta", "ins",
    "isp", "jar", "jnlp", "js", "jse", "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "pif", "ps1", "psm1", "reg", "scf",
    "scr", "sct", "settingcontentms", "shb", "shs", "sys", "url", "vb", "vbe", "vbs", "vxd", "ws", "wsc", "wsf", "wsh",
    "xll",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_has_a_symbol() {
        let source = include_str!("../../mail/defects.rs");
        let named = source.lines().filter_map(|line| line.split_once(": Defect = \"")?.1.split('"').next());
        let unlisted: Vec<&str> =
            named.filter(|name| *name != "missing_date" && SYMBOLS.iter().all(|(known, _)| known != name)).collect();
        assert!(source.contains(": Defect = \"bare_cr\""));
        assert_eq!(unlisted, Vec::<&str>::new());
        assert!(SYMBOLS.iter().all(|(_, symbol)| CHECK.symbols.contains(symbol)));
    }

    #[test]
    fn names_are_read_as_windows_does() {
        for name in ["a.exe", "A.EXE", "a.pdf.exe. .", "a.exe\0.pdf", "a.scr ", "a.exe:x.txt", "a.ex\u{202e}e"] {
            assert!(extension(name).is_some_and(|end| EXECUTABLE_EXTENSIONS.contains(&end.as_str())), "{name:?}");
        }
        assert_eq!(extension("Elternbrief.pdf").as_deref(), Some("pdf"));
        assert_eq!(extension("Elternbrief"), None);
    }
}
