//! What stands inside a part becomes parts, texts and links of the mail, down to the last container.
//!
//! Pure. Members are numbered below their container; equal ones are looked into once.

use super::{Declared, ENCRYPTED, NOT_UNPACKED, PARSER, Position, Positions, Walk, join};
use crate::{
    limits,
    mail::{
        body::Body,
        content::{LinkPlace, Part, Text},
        defects, filetype, mismatch,
        unpack::{
            self,
            budget::{Budget, DEPTH_LIMIT, LOOP, Reason, SIZE_LIMIT},
            contents::{Contents, Member},
            lent::Lent,
            passwords,
        },
    },
};
use bytes::Bytes;
use mail_parser::Encoding;
use std::collections::{BTreeMap, BTreeSet};

/// Where unpacking stands in one mail.
#[derive(Debug, Default)]
pub(super) struct Unfolding {
    budget: Budget,
    /// Containers around the one at hand.
    depth: usize,
    /// Digests of the containers around the one at hand.
    lineage: Vec<String>,
    /// What came of each container that was opened, by its digest.
    opened: BTreeMap<String, Opened>,
    /// Octets that would have come out if equal containers were opened each time.
    unfolded: usize,
    /// Encrypted containers, to be tried again when all texts of the mail are known.
    locked: Vec<Locked>,
    locked_bytes: usize,
    passwords: Vec<String>,
    /// Private keys that the recipients lend.
    lent: Lent,
    /// Something was opened with one.
    is_opened: bool,
    /// Octets of members, by digest, for those who want to look at them too.
    kept: BTreeMap<String, Bytes>,
    kept_bytes: usize,
}

#[derive(Debug, Default)]
struct Opened {
    /// Octets of all that came out, at any depth.
    unfolded: usize,
    /// Which part it was first.
    index: usize,
    reasons: BTreeSet<Reason>,
}

#[derive(Debug)]
struct Locked {
    index: usize,
    bytes: Bytes,
    depth: usize,
    raw_bytes: usize,
}

impl Unfolding {
    /// With these keys at hand.
    pub(super) fn with(lent: Lent) -> Self {
        Self { lent, ..Self::default() }
    }

    /// Is the part at hand in another one?
    pub(super) fn is_inside(&self) -> bool {
        self.depth > 0
    }

    /// Was something opened with a lent key?
    pub(super) fn is_opened(&self) -> bool {
        self.is_opened
    }

    /// What a lent key opens of a file that is encrypted.
    pub(super) fn unseal(&mut self, kind: &str, octets: &[u8]) -> Option<Contents> {
        let contents = unpack::unseal(kind, octets, &self.lent, &mut self.budget);
        self.is_opened |= contents.is_some();
        contents
    }
}

impl Walk {
    /// Looks into the part that was listed last; `octets` should be all of it.
    pub(super) fn unfold_last(&mut self, octets: &[u8], raw_bytes: usize) {
        let Some(index) = self.parts.len().checked_sub(1) else { return };
        let Some(part) = self.parts.get(index) else { return };
        let position = Position { path: part.path.clone(), within: None };
        let is_letter = part.is_shown && part.detected != "text/html" && part.detected.starts_with("text/");
        if part.encrypted || is_letter || part.bytes == 0 || !filetype::has_inside(&part.detected) {
            return;
        }
        if octets.len() < part.bytes && part.detected != "text/plain" {
            return self.skip(&position, NOT_UNPACKED, raw_bytes);
        }
        if part.detected == "message/rfc822" {
            if !part.is_shown && part.declared != "text/rfc822-headers" {
                self.enclosed(&position.path, octets);
            }
            return;
        }
        let before = self.skipped.len();
        self.unfold(index, octets);
        if self.skipped.len() > before {
            self.unseen_bytes = self.unseen_bytes.saturating_add(raw_bytes);
        }
        if let Some(locked) = self.unfolding.locked.last_mut().filter(|locked| locked.index == index) {
            locked.raw_bytes = raw_bytes;
        }
    }

    /// Opens the part `index` with these octets. Gives the octets that came out of it at any depth.
    fn unfold(&mut self, index: usize, bytes: &[u8]) -> usize {
        let Some(part) = self.parts.get(index) else { return 0 };
        let (digest, path) = (part.sha256.clone(), part.path.clone());
        if self.unfolding.lineage.contains(&digest) {
            return self.bound(&path, LOOP);
        }
        if let Some(opened) = self.unfolding.opened.get(&digest) {
            let (unfolded, first, reasons) = (opened.unfolded, opened.index, opened.reasons.clone());
            return self.again(index, first, unfolded, &reasons);
        }
        let kind = part.detected.clone();
        let name = part.name.clone();
        let contents = unpack::open(&kind, &name, bytes, &self.unfolding.passwords, &mut self.unfolding.budget);
        if contents.encrypted
            && self.unfolding.passwords.is_empty()
            && self.unfolding.locked_bytes + bytes.len() <= limits::UNPACKED_KEPT_BYTES_MAX
        {
            self.unfolding.locked_bytes += bytes.len();
            let bytes = Bytes::copy_from_slice(bytes);
            self.unfolding.locked.push(Locked { index, bytes, depth: self.unfolding.depth, raw_bytes: 0 });
            return 0;
        }
        self.take(index, contents)
    }

    /// The same octets as a part before: what was found then counts for this one too.
    fn again(&mut self, index: usize, first: usize, unfolded: usize, reasons: &BTreeSet<Reason>) -> usize {
        let (traits, encrypted) =
            self.parts.get(first).map(|part| (part.traits.clone(), part.encrypted)).unwrap_or_default();
        let Some(part) = self.parts.get_mut(index) else { return 0 };
        part.traits = traits;
        part.encrypted |= encrypted;
        let path = part.path.clone();
        for reason in reasons {
            self.skip(&Position { path: path.clone(), within: None }, reason, 0);
        }
        self.unfolding.unfolded = self.unfolding.unfolded.saturating_add(unfolded);
        if self.unfolding.unfolded > UNFOLDED_BYTES_MAX {
            self.bound(&path, SIZE_LIMIT);
        }
        unfolded
    }

    /// A bound that was met at the part `path`.
    fn bound(&mut self, path: &str, reason: Reason) -> usize {
        self.unfolding.budget.meet(reason);
        self.skip(&Position { path: path.to_owned(), within: None }, reason, 0);
        0
    }

    /// Takes what a container gave into the mail.
    pub(super) fn take(&mut self, index: usize, contents: Contents) -> usize {
        let Contents { members, traits, defects, skipped, encrypted, targets, text, kind } = contents;
        let Some(part) = self.parts.get_mut(index) else { return 0 };
        part.traits.extend(traits.into_iter().map(ToOwned::to_owned));
        for trait_ in members.iter().flat_map(|member| &member.traits) {
            if !part.traits.iter().any(|known| known == trait_) {
                part.traits.push((*trait_).to_owned());
            }
        }
        part.encrypted |= encrypted;
        if let Some(kind) = kind {
            kind.clone_into(&mut part.detected);
        }
        let (path, digest) = (part.path.clone(), part.sha256.clone());
        self.defects.extend(defects);
        for reason in &skipped {
            self.skip(&Position { path: path.clone(), within: None }, reason, 0);
        }
        for (target, place) in targets {
            self.links.target(&target, place);
        }
        self.document(&path, text);
        let opened = Opened { unfolded: 0, index, reasons: skipped };
        self.unfolding.opened.insert(digest.clone(), opened);
        if members.is_empty() {
            return 0;
        }
        if self.unfolding.depth >= limits::UNPACK_DEPTH_MAX {
            return self.bound(&path, DEPTH_LIMIT);
        }
        self.unfolding.depth += 1;
        self.unfolding.lineage.push(digest.clone());
        let mut unfolded = 0usize;
        for (number, member) in members.into_iter().enumerate() {
            unfolded = unfolded.saturating_add(self.member(join(&path, number + 1), &path, member));
        }
        self.unfolding.lineage.pop();
        self.inherit(index);
        self.unfolding.depth -= 1;
        if let Some(opened) = self.unfolding.opened.get_mut(&digest) {
            opened.unfolded = unfolded;
        }
        unfolded
    }

    /// A document does what its members do: macros run from inside of it.
    fn inherit(&mut self, index: usize) {
        let Some(part) = self.parts.get(index) else { return };
        if !filetype::is_document(&part.detected) {
            return;
        }
        let path = part.path.clone();
        let inner = self.parts.iter().skip(index + 1).filter(|inner| inner.within.as_ref() == Some(&path));
        let marks: BTreeSet<String> = inner.flat_map(|inner| inner.traits.iter().cloned()).collect();
        let Some(part) = self.parts.get_mut(index) else { return };
        part.traits.extend(marks);
        part.traits.sort();
        part.traits.dedup();
    }

    /// The text that a document shows.
    fn document(&mut self, path: &str, text: String) {
        if text.is_empty() {
            return;
        }
        self.links.text(&text, LinkPlace::Attachment);
        let room = self.text_left;
        self.text_left -= room.min(text.len());
        if room < text.len() {
            self.defects.insert(defects::TEXT_CUT);
            return;
        }
        self.texts.push(Text { path: path.to_owned(), text, ..Text::default() });
    }

    /// One member of a container: listed, looked at as text, and opened.
    fn member(&mut self, path: String, within: &str, member: Member) -> usize {
        let octets = Bytes::from(member.bytes);
        let body = Body::read(Encoding::None, &octets, usize::MAX, |_| true);
        let name = member.names.first().cloned().unwrap_or_default();
        let detected = if member.is_entity { "message/rfc822" } else { filetype::detect_named(&body.prefix, &name) };
        let position = Position { path, within: Some(within.to_owned()) };
        let sealed = filetype::is_encrypted(detected, &body.prefix);
        let unsealed = if sealed { self.unfolding.unseal(detected, &octets) } else { None };
        if let Some(reason) = member.skipped {
            self.skip(&position, reason, 0);
        } else if sealed && unsealed.is_none() {
            self.skip(&position, ENCRYPTED, 0);
        }
        let is_mail = detected == "message/rfc822";
        if !member.is_plumbing && !is_mail && filetype::is_readable(UNDECLARED, detected) {
            let declared = Declared { media_type: UNDECLARED.to_owned(), charset: None, is_shown: false };
            self.readable(&position, &declared, detected, &body);
        }
        let (bytes, sha256) = (body.bytes, body.sha256);
        self.keep(&sha256, &octets);
        let index = self.parts.len();
        self.parts.push(Part {
            path: position.path.clone(),
            name,
            names: member.names,
            declared: String::new(),
            detected: detected.to_owned(),
            bytes,
            sha256,
            within: position.within,
            interpretations: 1,
            encrypted: member.encrypted || sealed,
            is_shown: false,
            is_disputed: false,
            is_inner: true,
            traits: member.traits.into_iter().map(ToOwned::to_owned).collect(),
        });
        self.mismatch(index);
        let unfolded = match (is_mail, octets.is_empty() || sealed) {
            (_, true) => unsealed.map_or(0, |contents| self.take(index, contents)),
            (true, _) => self.enclosed(&position.path, &octets),
            (false, _) if filetype::has_inside(detected) => self.unfold(index, &octets),
            (false, _) => 0,
        };
        unfolded.saturating_add(bytes)
    }

    /// A whole mail in a container.
    fn enclosed(&mut self, path: &str, octets: &[u8]) -> usize {
        if self.unfolding.depth >= limits::UNPACK_DEPTH_MAX {
            return self.bound(path, DEPTH_LIMIT);
        }
        if let Some(message) = PARSER.parse(octets) {
            self.unfolding.depth += 1;
            self.message(&message, Positions::within(path.to_owned()));
            self.doubt(&message, octets, Some(path));
            self.unfolding.depth -= 1;
        }
        octets.len()
    }

    /// Keeps the octets of a part of a mail in a container: a scanner may not take that mail for one. Tells whether the
    /// part at hand is such a one.
    pub(super) fn keep_enclosed(&mut self, body: &Body<'_>) -> bool {
        let is_enclosed = self.unfolding.depth > 0;
        if is_enclosed && body.prefix.len() == body.bytes {
            self.keep(&body.sha256, &Bytes::copy_from_slice(&body.prefix));
        }
        is_enclosed
    }

    /// Keeps the octets of a member as long as there is room.
    pub(super) fn keep(&mut self, sha256: &str, octets: &Bytes) {
        let unfolding = &mut self.unfolding;
        let room = limits::UNPACKED_KEPT_BYTES_MAX - unfolding.kept_bytes;
        if !octets.is_empty() && octets.len() <= room && !unfolding.kept.contains_key(sha256) {
            unfolding.kept_bytes += octets.len();
            unfolding.kept.insert(sha256.to_owned(), octets.clone());
        }
    }

    /// Marks a part whose names or declared type promise something harmless that it is not.
    pub(super) fn mismatch(&mut self, index: usize) {
        let Some(part) = self.parts.get_mut(index) else { return };
        let extensions = part.extensions();
        if mismatch::belies(&part.declared, &extensions, &part.detected) {
            part.traits.push(defects::TYPE_MISMATCH.to_owned());
            self.defects.insert(defects::TYPE_MISMATCH);
        }
    }

    /// Tries the words of the mail on what was encrypted, lists it, and ends the account.
    pub(super) fn unlock(&mut self, raw: &[u8]) {
        let locked = std::mem::take(&mut self.unfolding.locked);
        if !locked.is_empty() {
            self.unfolding.passwords = passwords::candidates(raw, &self.texts);
        }
        for Locked { index, bytes, depth, raw_bytes } in locked {
            let before = self.skipped.len();
            self.unfolding.depth = depth;
            self.reopen(index, &bytes);
            if self.skipped.len() > before {
                self.unseen_bytes = self.unseen_bytes.saturating_add(raw_bytes);
            }
        }
        self.defects.extend(self.unfolding.budget.defects());
    }

    fn reopen(&mut self, index: usize, bytes: &[u8]) {
        let Some(part) = self.parts.get(index) else { return };
        let (kind, name) = (part.detected.clone(), part.name.clone());
        let contents = unpack::open(&kind, &name, bytes, &self.unfolding.passwords, &mut self.unfolding.budget);
        self.take(index, contents);
    }

    /// The octets of members, by digest.
    pub(super) fn take_kept(&mut self) -> BTreeMap<String, Bytes> {
        std::mem::take(&mut self.unfolding.kept)
    }
}

/// What a member is declared as: nothing that could turn octets into text.
const UNDECLARED: &str = "application/octet-stream";
/// Octets that may come out in theory, equal containers opened each time.
const UNFOLDED_BYTES_MAX: usize = 4 * limits::UNPACKED_BYTES_MAX;
