//! Parcel: a judged mail ready to be handed over, its header edited, its body untouched.

use crate::{doors::spool::Spool, judge::policy::verdict::Edit, mail::address::Address, mail::head::Head};
use bytes::Bytes;
use std::{collections::BTreeMap, io};

/// One mail as the mailstore shall get it. CRLF line ends, dots not stuffed.
#[derive(Debug)]
pub struct Parcel {
    pub sender: Address,
    pub smtputf8: bool,
    pub eight_bit: bool,
    /// The edited header section with its empty line.
    pub head: Bytes,
    spool: Spool,
    body_start: usize,
}

impl Parcel {
    /// `head` is the header section of the spooled message, unedited.
    #[must_use]
    pub fn new(sender: Address, head: &Head, edits: &[Edit], spool: Spool) -> Self {
        let body_start = head.len_bytes();
        Self { sender, smtputf8: false, eight_bit: true, head: edited(head, edits), spool, body_start }
    }

    /// Octets that the mailstore will get.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.head.len() + self.spool.len().saturating_sub(self.body_start)
    }

    /// The next bytes from `offset` on (header first, then body); empty at the end.
    ///
    /// # Errors
    /// When the spool's disk fails.
    pub async fn read_at(&self, offset: usize) -> io::Result<Bytes> {
        match offset.checked_sub(self.head.len()) {
            None => Ok(self.head.slice(offset..)),
            Some(into_body) => self.spool.read_at(self.body_start + into_body).await,
        }
    }
}

/// The header section after the edits: added fields on top, removed ones left out, all others byte for byte.
#[must_use]
pub fn edited(head: &Head, edits: &[Edit]) -> Bytes {
    let mut out = Vec::with_capacity(head.len_bytes() + 1024);
    for edit in edits {
        if let Edit::AddField { name, value } = edit {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    }
    let mut seen: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for field in head.fields() {
        let index = seen.entry(field.name.to_ascii_lowercase()).or_default();
        *index += 1;
        let is_removed = edits.iter().any(|edit| match edit {
            Edit::RemoveField { name, index: removed, .. } => field.is(name) && removed == index,
            Edit::AddField { .. } => false,
        });
        if !is_removed {
            out.extend_from_slice(&field.raw);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"\r\n");
    out.into()
}
