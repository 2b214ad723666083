//! Signed and compressed mail (RFC 8551 3.5.2, 3.6): the entity within.
//!
//! Pure.

use super::{
    budget::{Budget, Cost, ENCRYPTED, MALFORMED, UNSUPPORTED},
    contents::Contents,
    lent::{Lent, OPENED, envelope},
};
use crate::mail::cms::{self, ContentInfo, Kind, oids, signed};
use flate2::bufread::ZlibDecoder;

/// Opens a CMS file.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let Some(info) = cms::read(bytes) else { return Contents::skipped(MALFORMED) };
    match info.kind {
        Kind::Signed => open_signed(&info, budget),
        Kind::Compressed => {
            let Some(packed) = cms::compressed(&info) else { return Contents::skipped(MALFORMED) };
            let mut contents = Contents::default();
            let output = budget.read(&mut ZlibDecoder::new(&*packed), packed.len(), Cost::Inflate);
            contents.member(Vec::new(), output, budget);
            contents
        }
        Kind::Enveloped | Kind::AuthEnveloped => Contents::skipped(ENCRYPTED),
        Kind::Data | Kind::Other => Contents::skipped(UNSUPPORTED),
    }
}

/// Opens an envelope with a lent key.
#[must_use]
pub fn unseal(bytes: &[u8], lent: &Lent, budget: &mut Budget) -> Option<Contents> {
    let info = cms::read(bytes).filter(|info| info.kind.is_encrypted())?;
    let output = envelope::open(&info, lent, budget)?;
    let mut contents = Contents::default();
    contents.traits.insert(OPENED);
    contents.entity(output, budget);
    Some(contents)
}

fn open_signed(info: &ContentInfo<'_>, budget: &mut Budget) -> Contents {
    let Some(signed) = signed::read(info) else { return Contents::skipped(MALFORMED) };
    let mut contents = Contents::default();
    contents.traits.insert("signed");
    // A detached signature (RFC 8551 3.5.3) signs what stands elsewhere.
    let Some(content) = signed.content else { return contents };
    let mut output = budget.copy(&content);
    if signed.is_cut && output.cut.is_none() {
        output.cut = Some(MALFORMED);
    }
    contents.entity(output, budget);
    if signed.content_type != oids::DATA && Kind::of(signed.content_type).is_some() {
        // CMS in CMS without an entity between them: no client of today writes it.
        contents.skip(UNSUPPORTED);
    }
    contents
}
