//! Attachments: what clients execute, what cannot be read, macros, and archives that are not what they seem.
//!
//! Reads the parts and the defects of the message. Asks nothing. Pure. What follows for a recipient is
//! `policy/classes`' affair.

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        facts::Unknown,
        findings::{Finding, Symbol},
    },
    mail::{
        content::{Defect, Part},
        defects, filetype,
        readings::kinds,
    },
};
use std::collections::BTreeMap;

pub const CHECK: Check = Check {
    name: "attachments",
    symbols: &[
        EXECUTABLE,
        ENCRYPTED,
        MACRO,
        AUTO_EXEC,
        TYPE_MISMATCH,
        ATTACHMENT_AMBIGUOUS,
        ATTACHMENT_MALFORMED,
        ATTACHMENT_LIMIT,
        POLICY,
    ],
    run,
};

const EXECUTABLE: Symbol = Symbol::new("EXECUTABLE_ATTACHMENT");
const ENCRYPTED: Symbol = Symbol::new("ATTACHMENT_ENCRYPTED");
const MACRO: Symbol = Symbol::new("ATTACHMENT_MACRO");
const AUTO_EXEC: Symbol = Symbol::new("ATTACHMENT_AUTO_EXEC");
const TYPE_MISMATCH: Symbol = Symbol::new("ATTACHMENT_TYPE_MISMATCH");
const ATTACHMENT_AMBIGUOUS: Symbol = Symbol::new("ATTACHMENT_AMBIGUOUS");
const ATTACHMENT_MALFORMED: Symbol = Symbol::new("ATTACHMENT_MALFORMED");
const ATTACHMENT_LIMIT: Symbol = Symbol::new("ATTACHMENT_LIMIT");
/// Found by the policy, when a class of recipients takes less than this mail brings.
pub const POLICY: Symbol = Symbol::new("ATTACHMENT_POLICY");

/// The symbols of the defects of archives and attachments.
pub const DEFECTS: &[(Defect, Symbol)] = &[
    (defects::TYPE_MISMATCH, TYPE_MISMATCH),
    (defects::ARCHIVE_CHECKSUM, ATTACHMENT_MALFORMED),
    (defects::ZIP_HEADERS_DISAGREE, ATTACHMENT_AMBIGUOUS),
    (defects::ZIP_HIDDEN_MEMBER, ATTACHMENT_AMBIGUOUS),
    (defects::ZIP_SEVERAL_DIRECTORIES, ATTACHMENT_AMBIGUOUS),
    (defects::ZIP_OVERLAP, ATTACHMENT_AMBIGUOUS),
    (defects::DUPLICATE_MEMBER, ATTACHMENT_MALFORMED),
    (defects::FALSE_ENCRYPTION, ATTACHMENT_AMBIGUOUS),
    (defects::PREPENDED_DATA, ATTACHMENT_MALFORMED),
    (defects::TRAILING_DATA, ATTACHMENT_MALFORMED),
    (defects::UNSAFE_MEMBER_NAME, ATTACHMENT_AMBIGUOUS),
    (defects::MALFORMED_ARCHIVE, ATTACHMENT_MALFORMED),
    (defects::MALFORMED_TNEF, ATTACHMENT_MALFORMED),
    (defects::UNPACK_SIZE_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_RATIO_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_COUNT_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_DEPTH_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_WORK_LIMIT, ATTACHMENT_LIMIT),
    (defects::UNPACK_LOOP, ATTACHMENT_LIMIT),
];

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let message = &evidence.mail.message;
    let mut found: BTreeMap<&Symbol, Vec<&str>> = BTreeMap::new();
    for defect in &message.defects {
        if let Some((_, symbol)) = DEFECTS.iter().find(|(known, _)| known == defect) {
            found.entry(symbol).or_default().push(defect);
        }
    }
    let mut findings: Vec<Finding> =
        found.into_iter().map(|(symbol, defects)| Finding::new(symbol.clone(), defects.join(" "))).collect();
    let mut first = |symbol: Symbol, detail: &dyn Fn(&Part) -> Option<String>| {
        findings.extend(message.parts.iter().find_map(detail).map(|detail| Finding::new(symbol, detail)));
    };
    let named = |part: &Part| format!("{} {}", part.path, part.name).trim_end().to_owned();
    first(EXECUTABLE, &|part| kinds::executable(part).map(|what| format!("{} {what}", part.path)));
    first(ENCRYPTED, &|part| (part.encrypted && filetype::is_opened(&part.detected)).then(|| named(part)));
    for (symbol, mark) in [(MACRO, "macro"), (AUTO_EXEC, "auto_exec")] {
        first(symbol, &|part| part.traits.iter().any(|known| known == mark).then(|| named(part)));
    }
    Ok(findings)
}
