//! The world: zone files, live DNS against a name server of our own, the virus scanner against scripted and real ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clamd;
mod dns;
mod faulty;
mod inner;
mod live;
#[path = "../support/nameserver.rs"]
mod nameserver;
#[path = "../support/clamd.rs"]
mod scanner;
mod zone;
