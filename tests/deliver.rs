//! Handing mail over: Maildir folders on a real disk, and the LMTP client against scripted mailstores.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "deliver/lmtp.rs"]
mod lmtp;
#[path = "deliver/maildir.rs"]
mod maildir;
#[path = "deliver/mailstore.rs"]
mod mailstore;
#[path = "deliver/parcels.rs"]
mod parcels;
#[path = "deliver/quarantine.rs"]
mod quarantine;
#[path = "deliver/tls.rs"]
mod tls;
