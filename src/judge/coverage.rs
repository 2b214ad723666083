//! The coverage account of a mail: who looked at how much of it, and what nobody looked at, with the reason.
//!
//! Pure: a function of message and facts. Nothing is skipped silently.

use super::facts::{Digest, Facts, Failure, Reading, Scanned};
use crate::{
    limits,
    mail::{
        content::Part,
        defects::{self},
        filetype,
        message::Message,
    },
};
use std::collections::BTreeSet;

/// Who looks at a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// Our own reading, on which checks and rules stand.
    Reader,
    Scanner,
}

impl Engine {
    pub const ALL: [Self; 2] = [Self::Reader, Self::Scanner];

    /// The word used in JSON and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Scanner => "scanner",
        }
    }
}

/// A part that an engine did not look at, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Path of the part; empty for the whole message.
    pub part: String,
    pub reason: &'static str,
    pub engine: Engine,
}

/// What was looked at, in octets of the message as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub bytes: usize,
    pub read: usize,
    /// None where no scanner is configured.
    pub scanned: Option<usize>,
    /// Sorted, without repetition.
    pub gaps: Vec<Gap>,
}

impl Account {
    /// The account of a message with what the scanner said.
    #[must_use]
    pub fn of(message: &Message, facts: &Facts) -> Self {
        let coverage = &message.coverage;
        let gap = |part: &str, reason, engine| Gap { part: part.to_owned(), reason, engine };
        let mut gaps: BTreeSet<Gap> =
            coverage.skipped.iter().map(|skipped| gap(&skipped.part, skipped.reason, Engine::Reader)).collect();
        let reading = Reading::of(facts);
        let scanned = match reading.virus() {
            Ok(Scanned::NotAsked) | Err(_) => None,
            Ok(Scanned::Clean | Scanned::Infected(_)) => Some(coverage.bytes),
            Ok(Scanned::Failed(failure)) => {
                gaps.insert(gap("", failure.word(), Engine::Scanner));
                Some(0)
            }
        };
        if scanned.is_some() {
            for (part, answer) in beyond(message).map(|(part, digest)| (part, reading.inner(&digest).cloned())) {
                match answer {
                    Ok(Scanned::Failed(failure)) => _ = gaps.insert(gap(&part.path, failure.word(), Engine::Scanner)),
                    // Above the bound on their number or octets: nobody asked.
                    Err(_) => {
                        _ = gaps.insert(gap(&part.path, Failure::OverBudget.word(), Engine::Scanner));
                    }
                    Ok(_) => {}
                }
            }
        }
        Self { bytes: coverage.bytes, read: coverage.scanned, scanned, gaps: gaps.into_iter().collect() }
    }

    /// Did every engine see all there is?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// The reasons, each once.
    #[must_use]
    pub fn reasons(&self) -> BTreeSet<&'static str> {
        self.gaps.iter().map(|gap| gap.reason).collect()
    }
}

/// Parts that a scanner may miss when it is shown the message alone: what came out of archives, and what only other
/// readings give. Of equal ones the first, in the order of the message.
pub fn beyond(message: &Message) -> impl Iterator<Item = (&Part, Digest)> {
    let mut known = BTreeSet::new();
    let is_sound = !message.defects.iter().any(|defect| ODD_ARCHIVES.contains(defect));
    // Any scanner reads those with their document.
    let documents: BTreeSet<&str> = message
        .parts
        .iter()
        .filter(|part| filetype::is_document(&part.detected))
        .map(|part| part.path.as_str())
        .collect();
    let is_in_document = move |part: &Part| part.within.as_deref().is_some_and(|path| documents.contains(path));
    message.parts.iter().filter_map(move |part| {
        if !part.is_inner || part.bytes == 0 || (is_sound && is_furniture(part) && is_in_document(part)) {
            return None;
        }
        let digest = Digest::parse(&part.sha256)?;
        known.insert(digest.clone()).then_some((part, digest))
    })
}

/// Those that the scanner is asked about: the first whose octets were kept.
pub fn asked(message: &Message) -> impl Iterator<Item = (&Part, Digest)> {
    beyond(message).filter(|(_, digest)| message.inner.contains_key(digest.as_str())).take(limits::INNER_SCANS_MAX)
}

/// Was a bound met while archives were unpacked?
#[must_use]
pub fn is_beyond_bounds(message: &Message) -> bool {
    message.coverage.skipped.iter().any(|skipped| is_bound(skipped.reason))
}

/// Is it the reason of something that was not unpacked because it is too much, not because anything is wrong with it?
#[must_use]
pub fn is_bound(reason: &str) -> bool {
    matches!(reason, "size_limit" | "ratio_limit" | "count_limit" | "depth_limit" | "work_limit" | "loop")
}

/// Is it text or a picture of the kind that an office document consists of?
fn is_furniture(part: &Part) -> bool {
    part.detected == "text/xml" || part.detected.starts_with("image/")
}

/// Faults of archives over which readers disagree.
const ODD_ARCHIVES: &[&str] = &[
    defects::MALFORMED_ARCHIVE,
    defects::ARCHIVE_CHECKSUM,
    defects::ZIP_HEADERS_DISAGREE,
    defects::ZIP_HIDDEN_MEMBER,
    defects::ZIP_SEVERAL_DIRECTORIES,
    defects::ZIP_OVERLAP,
    defects::DUPLICATE_MEMBER,
    defects::FALSE_ENCRYPTION,
    defects::PREPENDED_DATA,
    defects::TRAILING_DATA,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_mail_in_a_container_is_shown_by_itself() {
        let inner = "From: a@b.example\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n\
                     --c\r\nContent-Type: application/octet-stream; name=x.bin\r\n\r\npayload\r\n--c--\r\n";
        for (content_type, expected) in [("application/octet-stream; name=a.eml", 1), ("message/rfc822", 0)] {
            let raw = format!("From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n{inner}");
            let message = Message::parse(raw.into_bytes().into());
            let shown = asked(&message).filter(|(part, _)| part.name == "x.bin" && part.bytes == 7).count();
            assert_eq!(shown, expected, "{content_type}: {:?}", message.parts);
        }
    }
}
