//! What other readings than the main one bring home: parts that only some client shows, and files inside of texts.
//!
//! Pure.

use super::{Declared, Position, Walk};
use crate::{
    limits,
    mail::{
        body::Body,
        charset,
        coding::{File, binhex, uuencode, yenc},
        defects, filetype,
        openpgp::{
            self,
            armor::{self, Label},
        },
        readings::{self, Found, kinds},
    },
};
use bytes::Bytes;
use mail_parser::Encoding;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a message before other readings are asked.
struct Shown {
    /// Place of each part by its digest.
    parts: BTreeMap<String, usize>,
    /// Extensions of risky kinds that the reader is shown anyway.
    extensions: BTreeSet<String>,
    /// The part that holds the message, if any.
    within: Option<String>,
}

/// Asks the other readings of `raw`, a message that stands in the part `within` or is all of the mail.
///
/// Bodies that begin at an offset in `known` are not in doubt.
pub fn read(walk: &mut Walk, raw: &[u8], known: &BTreeSet<usize>, within: Option<&str>) {
    let mut shown = Shown {
        parts: walk.parts.iter().enumerate().map(|(at, part)| (part.sha256.clone(), at)).collect(),
        extensions: walk.parts.iter().flat_map(|part| kinds::risky_extensions(&part.names)).collect(),
        within: within.map(ToOwned::to_owned),
    };
    let mut work = walk.readings_work;
    let is_complete = readings::each(raw, known, &mut work, &mut |found| take(walk, &mut shown, found));
    walk.readings_work = work;
    if !is_complete {
        cut(walk);
    }
}

fn cut(walk: &mut Walk) {
    walk.defects.insert(defects::READINGS_CUT);
    let position = Position { path: OTHER.to_owned(), within: None };
    walk.skip(&position, defects::READINGS_CUT, 0);
}

/// Lists a part unless the main reading, or another, gave it already.
fn take(walk: &mut Walk, shown: &mut Shown, found: Found) {
    let body = Body::read(Encoding::None, &found.octets, 0, |_| true);
    if let Some(part) = shown.parts.get(&body.sha256).and_then(|at| walk.parts.get_mut(*at)) {
        part.interpretations += 1;
        for name in found.names {
            if part.names.len() < limits::NAMES_MAX && !part.names.contains(&name) {
                part.names.push(name);
            }
        }
        return;
    }
    let detected = filetype::detect(&body.prefix);
    if filetype::is_readable(&found.media_type, detected) && is_shown_text(walk, &found) {
        return;
    }
    if walk.disputed >= limits::READINGS_MAX || walk.parts.len() >= limits::PARTS_MAX {
        if !walk.defects.contains(defects::READINGS_CUT) {
            cut(walk);
        }
        return;
    }
    walk.disputed += 1;
    let is_hidden = kinds::is_risky_type(detected)
        || kinds::risky_extensions(&found.names).any(|extension| !shown.extensions.contains(&extension));
    shown.parts.insert(body.sha256.clone(), walk.parts.len());
    let position = Position { path: format!("{OTHER}{}", walk.disputed), within: shown.within.clone() };
    let declared =
        Declared { media_type: found.media_type, charset: found.charset.as_deref(), is_shown: found.is_shown };
    let index = walk.parts.len();
    walk.keep(&body.sha256, &Bytes::copy_from_slice(&found.octets));
    walk.content(position, declared, found.names, body, 0);
    dispute(walk, index, is_hidden);
}

/// Marks all parts from `index` on as those that only some readings give.
fn dispute(walk: &mut Walk, index: usize, is_hidden: bool) {
    for part in walk.parts.iter_mut().skip(index) {
        part.is_disputed = true;
        part.is_inner = true;
    }
    walk.defects.insert(defects::DISPUTED_PART);
    if is_hidden {
        walk.defects.insert(defects::HIDDEN_BY_READING);
    }
}

/// Is the text shown by the main reading as well, alone or as a piece of more?
fn is_shown_text(walk: &Walk, found: &Found) -> bool {
    let decoded = charset::decode(found.charset.as_deref(), &found.octets);
    let text = decoded.text.replace('\r', "");
    let text = text.trim();
    text.is_empty()
        || walk.texts.iter().any(|shown| {
            shown.text.contains(text) || (text.contains('\n') && shown.text.replace('\r', "").contains(text))
        })
}

/// Files that stand encoded in a text.
#[must_use]
pub fn files_in_text(text: &[u8]) -> Vec<File> {
    let mut files = uuencode::files(text);
    files.extend(yenc::files(text));
    files.extend(binhex::files(text));
    if openpgp::texts(text).is_readable {
        let messages = armor::blocks(text).filter(|block| block.label == Label::Message && block.at > 0);
        files.extend(messages.take(limits::ENCODED_FILES_MAX).map(|block| {
            let octets = text.get(block.at..block.end).unwrap_or_default().to_vec();
            File { name: String::new(), raw_bytes: octets.len(), octets }
        }));
    }
    files.truncate(limits::ENCODED_FILES_MAX);
    files
}

/// Lists the files that stand in the text of the part `path`.
pub fn add_files(walk: &mut Walk, path: &str, files: Vec<File>) {
    let inside_already = walk.parts.iter().filter(|part| part.within.as_deref() == Some(path)).count();
    for (number, file) in files.into_iter().enumerate() {
        if walk.parts.len() >= limits::PARTS_MAX {
            walk.defects.insert(defects::PARTS_CUT);
            return;
        }
        walk.defects.insert(defects::FILE_IN_TEXT);
        let names = if file.name.is_empty() { Vec::new() } else { vec![file.name] };
        let index = walk.parts.len();
        let body = inside(walk, path, inside_already + number + 1, names, &file.octets);
        let is_risky = walk.parts.get(index).is_some_and(|part| {
            kinds::is_risky_type(&part.detected) || kinds::risky_extensions(&part.names).next().is_some()
        });
        dispute(walk, body, is_risky);
    }
}

/// Lists a file that was found inside the part `path`; gives its place among the parts.
fn inside(walk: &mut Walk, path: &str, number: usize, names: Vec<String>, octets: &[u8]) -> usize {
    let index = walk.parts.len();
    let position = Position { path: format!("{path}.{number}"), within: Some(path.to_owned()) };
    let declared = Declared { media_type: "application/octet-stream".to_owned(), charset: None, is_shown: false };
    let body = Body::read(Encoding::None, octets, 0, |_| true);
    walk.keep(&body.sha256, &Bytes::copy_from_slice(octets));
    walk.content(position, declared, names, body, 0);
    if let Some(part) = walk.parts.get_mut(index) {
        part.is_inner = true;
    }
    index
}

/// How the paths of parts begin that the main reading does not have: `r1`, `r2`.
const OTHER: &str = "r";
