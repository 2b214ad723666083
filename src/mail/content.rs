//! What is found in a message: parts, links, defects, and what was not looked at. Vocabulary only.
//!
//! Pure.

use super::{names, page::Page};

/// One decoded body part.
#[expect(clippy::struct_excessive_bools, reason = "they are independent, and rules and policy ask for each")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Position as IMAP numbers it (RFC 9051 6.4.5): `1`, `1.2`; `r1`, `r2` for those of other readings.
    pub path: String,
    /// Preferred reading of the file name, decoded; empty if none.
    pub name: String,
    /// Every reading of the file name.
    pub names: Vec<String>,
    /// Lower-case `type/subtype` of Content-Type.
    pub declared: String,
    /// Media type by content; empty if unknown.
    pub detected: String,
    /// Decoded octets.
    pub bytes: usize,
    /// Hex digest of the decoded octets.
    pub sha256: String,
    /// Path of the part this one was found in.
    pub within: Option<String>,
    /// How many readings gave this part.
    pub interpretations: usize,
    pub encrypted: bool,
    /// Shown in the message window rather than offered as a file.
    pub is_shown: bool,
    /// The main reading does not have it: some client shows it, others do not.
    pub is_disputed: bool,
    /// It came out of another part, or of another reading: a scanner that is shown the message alone may miss it.
    pub is_inner: bool,
    /// Marks found inside, such as `macro`.
    pub traits: Vec<String>,
}

impl Part {
    /// The extension of the preferred name, as Windows sees it; empty if none.
    #[must_use]
    pub fn extension(&self) -> String {
        names::extension(&self.name).unwrap_or_default()
    }

    /// The extensions of all readings of the name, each once.
    #[must_use]
    pub fn extensions(&self) -> Vec<String> {
        let mut found: Vec<String> = self.names.iter().filter_map(|name| names::extension(name)).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// The text of one readable part, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Path of its part.
    pub path: String,
    /// Lower-case `type/subtype` of Content-Type.
    pub declared: String,
    /// Clients read it as HTML.
    pub is_page: bool,
    /// Shown in the message window rather than offered as a file.
    pub is_shown: bool,
    /// Transfer encoding and charset undone; cut where `limits::TEXT_BYTES_MAX` octets of text were read.
    pub text: String,
    /// What the page shows, hides and holds, where it is one.
    pub page: Option<Page>,
}

/// Where a link stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkPlace {
    #[default]
    Text,
    Html,
    Attachment,
    Qr,
}

impl LinkPlace {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Attachment => "attachment",
            Self::Qr => "qr",
        }
    }
}

/// One link, normalised as browsers do (WHATWG URL).
#[expect(clippy::struct_excessive_bools, reason = "they are independent, and rules ask for each")]
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub url: String,
    /// Host in A-label form; empty for `mailto:` and the like.
    pub host: String,
    /// Registrable domain.
    pub domain: Option<String>,
    pub place: LinkPlace,
    /// What the page shows for it, one that contradicts it if there are several; empty in plain text.
    pub text: String,
    /// That text names another registrable domain or address than the one it leads to.
    pub mismatch: bool,
    /// There is a user or password before the host: `https://bank.example@evil.example/`.
    pub userinfo: bool,
    /// The host is an address (RFC 3986 3.2.2), in any spelling that browsers take.
    pub is_ip: bool,
    /// The host has a label in A-label form.
    pub is_punycode: bool,
}

/// Something wrong with the bytes, by a fixed name in lower case, for example `missing_final_boundary`.
pub type Defect = &'static str;

/// What was looked at and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Octets of the message.
    pub bytes: usize,
    /// Octets that were looked at.
    pub scanned: usize,
    pub skipped: Vec<Skipped>,
}

/// A part that was not looked at, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub part: String,
    pub reason: &'static str,
}
