//! Where mail comes in and goes out. A door turns a protocol into arrivals; it holds no policy.
//!
//! Invariant: no 250 is said for a recipient before the mailstore said it, or the quarantine is on disk and synced.

pub mod alarms;
pub mod checkv2;
mod counted;
pub mod deliver;
pub mod desk;
pub mod digest;
pub mod directory;
pub mod faults;
pub mod handover;
pub mod history;
pub mod http;
pub mod inquiry;
pub mod keys;
pub mod lanes;
pub mod line;
pub mod listener;
pub mod lmtp;
pub mod log_keys;
pub mod milter;
mod open_mail;
pub mod paper;
pub mod private;
pub mod quarantine;
pub mod reception;
pub mod record;
pub mod sealing;
pub mod spamd;
pub mod spool;
pub mod teacher;
pub mod trial;
