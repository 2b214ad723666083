//! Handing mail to the mailstore: over LMTP (RFC 2033) or into a Maildir.
//!
//! Invariant: a positive reply means that the mailstore has the mail: it said so, or the file is synced and renamed.
//! Every doubt is a 451, so that the MTA keeps the mail and tries again: a mail may then come twice, never not at all.

pub mod folder;
pub mod lines;
pub mod lmtp;
pub mod maildir;
pub mod parcel;

use self::parcel::Parcel;
use crate::{judge::policy::verdict::Reply, mail::address::Address};

/// Where accepted mail goes.
pub enum Mailstore {
    Maildir(maildir::Maildir),
    Lmtp(lmtp::Client),
}

impl Mailstore {
    /// Hands one mail over for some recipients; one reply per recipient, same order.
    pub async fn deliver(&self, parcel: &Parcel, recipients: &[Address]) -> Vec<Reply> {
        match self {
            Self::Maildir(maildir) => maildir.deliver(parcel, recipients).await,
            Self::Lmtp(client) => client.deliver(parcel, recipients).await,
        }
    }
}
