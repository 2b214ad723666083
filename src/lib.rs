//! Wehr: an inbound mail security filter between MTA and mailstore.
//!
//! A mail and the facts asked about it are evidence. Checks read evidence and report findings.
//! Policy weighs findings into a verdict. The door that took the mail in carries the verdict back.
//!
//! The layers, lowest first; a `use crate::` line may only point up this list (`tests/tidy.rs` keeps it).

/// Every bound the filter keeps, with unit and reason.
pub mod limits;
/// What operators see: metrics, the log line of a mail, the HTTP pages.
pub mod telemetry;

/// What we make of it: facts, authentication, checks, policy. Pure.
pub mod judge;
/// What arrived: client, envelope, message. Pure.
pub mod mail;

/// One verdict told in full. Pure.
pub mod explain;
/// Yesterday's mail again: sums, tables and pages for rule authors. Pure.
pub mod replay;

/// Mail encrypted to its recipient: octets in, octets out.
pub mod seal;

/// Where mail comes in and goes out: milter, LMTP, spool, mailstore, quarantine.
pub mod doors;
/// The admin API over HTTP.
pub mod web;
/// What we ask: name servers, the virus scanner.
pub mod world;

/// One file per verb.
pub mod cli;
/// The configuration file, typed.
pub mod config;
/// Listeners, reload, drain.
pub mod server;
