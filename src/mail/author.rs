//! TODO(auth): Authors: every address that some reader could take for the sender's (RFC 5322 3.6.2).
//!
//! Pure.

use super::{address::Domain, head::Head};

/// One author address as some reader could show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// Display name, decoded.
    pub name: String,
    /// addr-spec, verbatim.
    pub address: String,
    pub domain: Option<Domain>,
}

/// Every author of every From field, lenient and strict readings together, deduplicated.
#[must_use]
pub fn authors(head: &Head) -> Vec<Author> {
    let _ = head;
    Vec::new()
}
