//! Parcels to hand over.

use bytes::Bytes;
use wehr::{
    doors::{deliver::parcel::Parcel, spool::Spool},
    judge::policy::verdict::Edit,
    mail::{address::Address, head::Head},
};

/// A parcel of a whole message; `memory_bytes_max` decides whether it lies in memory or on disk.
pub async fn parcel_with(raw: &[u8], edits: &[Edit], memory_bytes_max: usize) -> Parcel {
    let mut spool = Spool::new(memory_bytes_max);
    for chunk in raw.chunks(70_000) {
        spool.push(chunk).await.unwrap();
    }
    let head = Head::parse(&Bytes::copy_from_slice(raw));
    Parcel::new(Address::new("sender@example.org"), &head, edits, spool)
}

pub async fn parcel(raw: &[u8]) -> Parcel {
    parcel_with(raw, &[], 1 << 20).await
}

pub fn addresses(texts: &[&str]) -> Vec<Address> {
    texts.iter().map(|text| Address::new(text)).collect()
}
