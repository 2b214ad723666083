//! Replay: mails judged again, and the sums that a rule author reads: who was caught, by what, and what changed.
//!
//! Pure: rows in, tables and pages out. Reading mails, threads and the clock are the affair of `cli/replay`.

pub mod again;
pub mod costs;
pub mod flips;
pub mod html;
pub mod label;
pub mod plot;
pub mod recorded;
pub mod report;
pub mod row;
pub mod sweep;
pub mod symbols;
pub mod tally;
pub mod text;
pub mod tune;
