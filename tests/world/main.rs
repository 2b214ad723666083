//! The world: zone files, live DNS against a name server of our own, the virus scanner against scripted and real ones.

mod clamd;
mod dns;
mod faulty;
mod live;
#[path = "../support/nameserver.rs"]
mod nameserver;
mod zone;
