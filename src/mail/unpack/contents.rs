//! What a container holds: members, marks, faults, and what was not looked into. Vocabulary only.
//!
//! Pure.

use super::{
    budget::{Budget, ENCRYPTED, MALFORMED, Output, Reason},
    octets,
};
use crate::{
    limits,
    mail::{
        charset,
        content::{Defect, LinkPlace},
        defects, filetype,
    },
};
use std::collections::BTreeSet;

/// One file inside another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Every reading of its name, without folders; empty if it has none.
    pub names: Vec<String>,
    /// Where it stands in its container; empty if it has no place of its own.
    pub path: String,
    pub bytes: Vec<u8>,
    pub encrypted: bool,
    /// Why it, or the rest of it, was not looked into.
    pub skipped: Option<Reason>,
    /// Marks of the member itself, such as `encrypted_by_mail`.
    pub traits: Vec<&'static str>,
    /// It is a MIME entity as far as its place tells, header first; its own octets have to look like one, too.
    pub is_entity: bool,
    /// It serves the container: its text is not shown to anybody as it stands.
    pub is_plumbing: bool,
}

/// All that one container gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub members: Vec<Member>,
    pub traits: BTreeSet<&'static str>,
    pub defects: BTreeSet<Defect>,
    /// Why the container, or a part of it, was not looked into.
    pub skipped: BTreeSet<Reason>,
    /// Something in it cannot be read without a password.
    pub encrypted: bool,
    /// Links that it takes its reader to.
    pub targets: Vec<(String, LinkPlace)>,
    /// Text that it shows, or that runs in it.
    pub text: String,
    /// Its type, where its inside says more than its first octets.
    pub kind: Option<&'static str>,
}

impl Contents {
    /// A container of a kind that is not looked into.
    #[must_use]
    pub fn skipped(reason: Reason) -> Self {
        let mut contents = Self::default();
        contents.skip(reason);
        contents
    }

    pub fn skip(&mut self, reason: Reason) {
        if reason == MALFORMED {
            self.defects.insert(defects::MALFORMED_ARCHIVE);
        }
        if reason == ENCRYPTED {
            self.encrypted = true;
        }
        self.skipped.insert(reason);
    }

    /// Takes a member with what a decoder gave for it; false if there are too many.
    pub fn member(&mut self, names: Vec<String>, output: Output, budget: &mut Budget) -> bool {
        self.push(Member { names, bytes: output.bytes, skipped: output.cut, ..Member::default() }, budget)
    }

    /// Takes what was encrypted or signed as mail: a MIME entity (RFC 8551 3.1, RFC 3156 4), or whatever was put there.
    pub fn entity(&mut self, output: Output, budget: &mut Budget) -> bool {
        let is_entity = filetype::is_entity(&output.bytes);
        self.push(Member { bytes: output.bytes, skipped: output.cut, is_entity, ..Member::default() }, budget)
    }

    /// Takes a member; false if there are too many.
    pub fn push(&mut self, member: Member, budget: &mut Budget) -> bool {
        if !budget.member() {
            self.skip(super::budget::COUNT_LIMIT);
            return false;
        }
        if member.skipped == Some(MALFORMED) {
            self.defects.insert(defects::MALFORMED_ARCHIVE);
        }
        self.encrypted |= member.encrypted && member.skipped == Some(ENCRYPTED);
        self.members.push(member);
        true
    }

    /// Takes text that the container shows, as far as there is room.
    pub fn show(&mut self, text: &str) {
        let room = limits::DOCUMENT_TEXT_BYTES_MAX.saturating_sub(self.text.len());
        self.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
    }

    /// Takes a link, if there is any.
    pub fn link(&mut self, target: &str) {
        let target = target.trim();
        if !target.is_empty() && self.targets.len() < limits::LINKS_MAX {
            self.targets.push((target.to_owned(), LinkPlace::Attachment));
        }
    }

    /// The file name in a member's path; notes one that leads out of its folder.
    pub fn name(&mut self, path: &str) -> String {
        let folders: Vec<&str> = path.split(['/', '\\']).collect();
        let is_absolute = path.starts_with(['/', '\\']) || path.get(1..2) == Some(":");
        if is_absolute || folders.contains(&"..") {
            self.defects.insert(defects::UNSAFE_MEMBER_NAME);
        }
        let name = folders.iter().rev().find(|folder| !folder.is_empty()).copied().unwrap_or_default();
        name.get(..name.floor_char_boundary(limits::NAME_BYTES_MAX)).unwrap_or_default().to_owned()
    }

    /// The readings of a name in octets: as it is, up to a NUL, and without NULs.
    pub fn names(&mut self, raw: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        let without: Vec<u8> = raw.iter().copied().filter(|octet| *octet != 0).collect();
        for raw in [raw, octets::until_nul(raw), &without] {
            let name = self.name(&charset::guess(raw));
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}
