//! Quarantine: mails set aside in a Maildir of their own, each with its envelope in a file beside it.
//!
//! Touches files through `deliver::folder`. `<folder>/new/<name>` is the mail, its bytes exactly as they would have been
//! handed over (CRLF stays, dots not stuffed); `<folder>/envelopes/<name>.toml` is what a release needs to know. The
//! envelope is synced first, so a mail that is there can always be released; a crash between the two leaves an
//! envelope without mail, and the MTA sends that mail again.

use super::deliver::{folder::Folders, parcel::Parcel};
use crate::mail::{address::Address, timestamp::Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// A folder of mails set aside.
#[derive(Clone, Debug)]
pub struct Quarantine {
    folders: Folders,
}

/// What is kept beside a mail set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// File name of the mail under `new` (or `cur`, once a reader looked at it) up to a `:`.
    pub file: String,
    /// Reference of the verdict, as in log, header and replies.
    pub reference: String,
    /// RFC 3339, UTC.
    pub stored_at: String,
    /// Reverse-path; empty is the null sender.
    pub sender: String,
    /// The recipients that did not get the mail.
    pub recipients: Vec<String>,
    pub smtputf8: bool,
    pub eight_bit: bool,
}

impl Quarantine {
    /// `host` is this machine's name; it becomes part of every file name.
    #[must_use]
    pub fn new(folder: PathBuf, host: &str) -> Self {
        Self { folders: Folders::new(folder, host) }
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folders.root()
    }

    /// Stores one mail, synced, before anybody is told that it was accepted. Answers with the path of the mail.
    ///
    /// # Errors
    /// When the disk does not take it: the mail has to be deferred then.
    pub async fn store(&self, parcel: &Parcel, recipients: &[Address], reference: &str) -> io::Result<PathBuf> {
        let draft = self.folders.draft(Path::new("")).await?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let slip = Slip {
            file: draft.name().to_owned(),
            reference: reference.to_owned(),
            stored_at: Timestamp::from_seconds(since_epoch.as_secs().cast_signed()).to_string(),
            sender: parcel.sender.as_str().to_owned(),
            recipients: recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect(),
            smtputf8: parcel.smtputf8,
            eight_bit: parcel.eight_bit,
        };
        let text = toml::to_string(&slip).map_err(io::Error::other)?;
        let draft = draft.fill(Vec::new(), parcel, None).await?;
        self.folders.store_beside(Path::new("envelopes"), format!("{}.toml", slip.file), text.into_bytes()).await?;
        draft.publish().await
    }
}
