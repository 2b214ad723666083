//! `wehr scan`: judges stored messages and reports every verdict.
//!
//! Reads files; asks only whom the command line names.

pub mod archive;
pub mod bench;
pub mod input;
pub mod outside;
pub mod source;

use self::source::Source;
use super::{
    output::{self, Ending},
    progress::Progress,
};
use crate::explain::report_of;
use clap::Args;
use std::io;

/// Judge messages from files, folders, mboxes, case folders or stdin.
///
/// Client, envelope and time that are not given are guessed from the topmost Received field that names a client,
/// from Return-Path, Delivered-To or To, and Date; guesses are marked. Without --dns and --resolver nobody is asked.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Scan {
    #[command(flatten)]
    source: Source,
}

const HELP: &str = "\
Exit code: 0 all messages would be accepted or tagged; 1 at least one would be quarantined, deferred or refused;
           2 wrong usage, or an input could not be read (the others are still judged)

Example:
  printf 'From: a@school.example\\r\\nSubject: hello\\r\\n\\r\\nhello\\r\\n' | wehr scan --ip 192.0.2.9 --from a@school.example -";

impl Scan {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let progress = Progress::counting("mails");
        self.source.judge(|bench, judged| {
            let report = report_of(judged, bench.rulebook());
            progress.step();
            if self.source.json {
                output::json(&report)?;
            } else {
                output::line(report.to_text(output::printable))?;
            }
            Ok(())
        })
    }
}
