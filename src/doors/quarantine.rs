//! TODO(deliver)

use super::deliver::parcel::Parcel;
use crate::mail::address::Address;
use std::{io, path::PathBuf};

/// A folder of mails set aside.
pub struct Quarantine {
    pub folder: PathBuf,
}

impl Quarantine {
    /// Stores one mail, synced, before anybody is told that it was accepted.
    ///
    /// # Errors
    /// When the disk does not take it: the mail has to be deferred then.
    pub async fn store(&self, parcel: &Parcel, recipients: &[Address], reference: &str) -> io::Result<PathBuf> {
        let _ = (parcel, recipients, reference);
        Err(io::Error::other("not built"))
    }
}
