//! TODO(deliver)

use super::parcel::Parcel;
use crate::{judge::policy::verdict::Reply, mail::address::Address};

/// Maildir delivery.
pub struct Maildir;

impl Maildir {
    pub async fn deliver(&self, parcel: &Parcel, recipients: &[Address]) -> Vec<Reply> {
        let _ = parcel.read_at(0).await;
        recipients.iter().map(|_| Reply::new(451, "4.3.0", "not built")).collect()
    }
}
