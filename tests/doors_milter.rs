//! The milter door: byte transcripts over in-memory pipes, against the real reception and judge.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "milter/dialogue.rs"]
mod dialogue;
#[path = "milter/greylisting.rs"]
mod greylisting;
#[path = "milter/lanes.rs"]
mod lanes;
#[path = "milter/mta.rs"]
mod mta;
#[path = "milter/play.rs"]
mod play;
#[path = "milter/properties.rs"]
mod properties;
#[path = "milter/suites.rs"]
mod suites;
