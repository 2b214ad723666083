//! The milter door: byte transcripts over in-memory pipes, against the real reception and judge.

#[path = "milter/dialogue.rs"]
mod dialogue;
#[path = "milter/mta.rs"]
mod mta;
#[path = "milter/play.rs"]
mod play;
#[path = "milter/properties.rs"]
mod properties;
#[path = "milter/suites.rs"]
mod suites;
