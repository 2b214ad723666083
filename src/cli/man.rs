//! `wehr man`: manual pages of the program and its verbs.
//!
//! Writes files.

use super::{
    Line,
    output::{self, Ending},
};
use clap::{Args, CommandFactory};
use std::{fs, io, path::PathBuf};

/// Write manual pages, one for the program and one for each verb.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 written; 2 a file could not be written

Example:
  wehr man -o man && man -l man/wehr-scan.1")]
pub struct Man {
    /// Folder for the pages; made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

impl Man {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let written =
            fs::create_dir_all(&self.output).and_then(|()| clap_mangen::generate_to(Line::command(), &self.output));
        if let Err(error) = written {
            output::trouble(format_args!("{}: {error}", self.output.display()));
            return Ok(Ending::Unreadable);
        }
        Ok(Ending::Fine)
    }
}
