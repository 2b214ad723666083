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
use std::collections::BTreeSet;

/// Where accepted mail goes.
pub enum Mailstore {
    Maildir(maildir::Maildir),
    Lmtp(lmtp::Client),
}

impl Mailstore {
    /// Hands one mail over for some recipients; one reply per recipient, same order.
    ///
    /// A recipient named twice gets the mail once and its reply twice: mailstores treat duplicates each in their own
    /// way, and a count of answers that does not fit would leave everybody in doubt.
    pub async fn deliver(&self, parcel: &Parcel, recipients: &[Address]) -> Vec<Reply> {
        let unique: BTreeSet<&Address> = recipients.iter().collect();
        if unique.len() == recipients.len() {
            return self.deliver_unique(parcel, recipients).await;
        }
        let unique: Vec<Address> = unique.into_iter().cloned().collect();
        let replies = self.deliver_unique(parcel, &unique).await;
        let reply_of = |recipient| unique.binary_search(recipient).ok().and_then(|place| replies.get(place)).cloned();
        let unknown = || Reply::new(451, "4.3.0", "mail system trouble, try again later");
        recipients.iter().map(|recipient| reply_of(recipient).unwrap_or_else(unknown)).collect()
    }

    /// Can it be reached without plaintext on a network (RFC 8689 4.2)? A folder or socket of this machine can.
    #[must_use]
    pub fn can_require_tls(&self) -> bool {
        match self {
            Self::Maildir(_) => true,
            Self::Lmtp(client) => client.can_require_tls(),
        }
    }

    async fn deliver_unique(&self, parcel: &Parcel, recipients: &[Address]) -> Vec<Reply> {
        match self {
            Self::Maildir(maildir) => maildir.deliver(parcel, recipients).await,
            Self::Lmtp(client) => client.deliver(parcel, recipients).await,
        }
    }
}
