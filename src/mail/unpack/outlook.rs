//! TNEF, the `winmail.dat` of Outlook, as a container: its attachments and the bodies of its message.
//!
//! Pure.

use super::{
    budget::{Budget, COUNT_LIMIT, MALFORMED},
    contents::{Contents, Member},
};
use crate::mail::{coding::lzfu, defects, tnef};

/// Opens a TNEF file.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let found = tnef::read(bytes);
    if found.malformed {
        contents.defects.insert(defects::MALFORMED_TNEF);
        contents.skip(MALFORMED);
    }
    if found.cut {
        contents.skip(COUNT_LIMIT);
    }
    for attachment in found.attachments {
        let output = budget.copy(&attachment.octets);
        if !contents.member(attachment.names, output, budget) {
            return contents;
        }
    }
    for body in found.bodies {
        let body = lzfu::decoded(&body).unwrap_or(body);
        let output = budget.copy(&body);
        let member = Member { bytes: output.bytes, skipped: output.cut, ..Member::default() };
        if !contents.push(member, budget) {
            return contents;
        }
    }
    contents
}
