//! Structure: what is wrong with the bytes of the message.
//!
//! Reads the message and the envelope's SMTPUTF8. Asks nothing. Pure.

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        facts::Unknown,
        findings::{Finding, Symbol},
    },
    mail::{content::Defect, defects},
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
        DOUBTFUL,
        DISPUTED,
        HIDDEN_FILE,
        PARTIAL,
        FILE_IN_TEXT,
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
const DOUBTFUL: Symbol = Symbol::new("STRUCTURE_DOUBTFUL");
const DISPUTED: Symbol = Symbol::new("STRUCTURE_DISPUTED");
const HIDDEN_FILE: Symbol = Symbol::new("STRUCTURE_HIDDEN_FILE");
const PARTIAL: Symbol = Symbol::new("STRUCTURE_PARTIAL");
const FILE_IN_TEXT: Symbol = Symbol::new("STRUCTURE_FILE_IN_TEXT");

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
    (defects::DOUBTFUL_CONTENT_TYPE, DOUBTFUL),
    (defects::DOUBTFUL_TRANSFER_ENCODING, DOUBTFUL),
    (defects::DOUBTFUL_FIELD_NAME, DOUBTFUL),
    (defects::MESSAGE_AS_LEAF, DOUBTFUL),
    (defects::UNEVEN_BASE64, DOUBTFUL),
    (defects::DOUBTFUL_QUOTED_PRINTABLE, DOUBTFUL),
    (defects::PADDING_INSIDE, DOUBTFUL),
    (defects::MALFORMED_PARAMETER, DOUBTFUL),
    (defects::MALFORMED_BOUNDARY, DOUBTFUL),
    (defects::REPEATED_BOUNDARY, DOUBTFUL),
    (defects::CONTINUED_BOUNDARY, DOUBTFUL),
    (defects::BOUNDARY_WITHOUT_MULTIPART, DOUBTFUL),
    (defects::CONTROL_IN_HEADER, DOUBTFUL),
    (defects::BLANK_LINE_IN_HEADER, DOUBTFUL),
    (defects::LINE_WITHOUT_FIELD, DOUBTFUL),
    (defects::HEADER_IN_BODY, DOUBTFUL),
    (defects::AMBIGUOUS_DELIMITER, DOUBTFUL),
    (defects::DELIMITER_BEHIND_CLOSING, DOUBTFUL),
    (defects::REUSED_BOUNDARY, DOUBTFUL),
    (defects::ENCODED_MULTIPART, DOUBTFUL),
    (defects::DISPUTED_PART, DISPUTED),
    (defects::HIDDEN_BY_READING, HIDDEN_FILE),
    (defects::PARTIAL_MESSAGE, PARTIAL),
    (defects::EXTERNAL_BODY, PARTIAL),
    (defects::FILE_IN_TEXT, FILE_IN_TEXT),
    (defects::READINGS_CUT, LIMIT),
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
    Ok(found.into_iter().map(|(symbol, defects)| Finding::new(symbol.clone(), defects.join(" "))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::checks::{attachments, signed};

    #[test]
    fn every_defect_has_a_symbol() {
        let source = include_str!("../../mail/defects.rs");
        let every = || SYMBOLS.iter().chain(attachments::DEFECTS).chain(signed::DEFECTS);
        let named = source.lines().filter_map(|line| line.split_once(": Defect = \"")?.1.split('"').next());
        let unlisted: Vec<&str> =
            named.filter(|name| *name != "missing_date" && every().all(|(known, _)| known != name)).collect();
        assert!(source.contains(": Defect = \"bare_cr\""));
        assert_eq!(unlisted, Vec::<&str>::new());
        assert!(SYMBOLS.iter().all(|(_, symbol)| CHECK.symbols.contains(symbol)));
    }
}
