//! `wehr rules`: lists what every symbol means and weighs, checks, tries and compiles rule files.
//!
//! Reads files.

mod list;
mod prove;

use super::output::{self, Ending};
use crate::{
    config::Settings,
    judge::{document::Errors, rules::ruleset::Sources},
};
use clap::{Args, Subcommand};
use std::{io, path::PathBuf};

/// List, check, try and compile the rules.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List every symbol: score, group, the fields its condition reads, what it costs
    #[command(after_help = "\
Cost: facts    reads facts, flags and numbers only
      literal  a literal is looked for first; the pattern runs where it stands
      scan     a pattern without a useful literal: it reads every octet of its field
      bounded  may need many steps; stops at a limit, which is a finding

Example:
  wehr rules list")]
    List(Chosen),
    /// Check rule files with their samples; tells every error at once
    ///
    /// Exit code: 0 nothing is wrong, 2 something is.
    #[command(after_help = "Example:\n  wehr rules check")]
    Check(Chosen),
    /// Try every sample and tell what came of each
    ///
    /// Exit code: 0 all samples are as they should be, 1 some are not, 2 the files cannot be read.
    #[command(after_help = "Example:\n  wehr rules test")]
    Test(prove::Test),
    /// Check rules and write them into one file that starts faster: its samples are not tried again
    #[command(after_help = "Example:\n  wehr rules compile -o rules.wehr")]
    Compile(prove::Compile),
    ImportSpamassassin(super::rules_import::ImportSpamassassin),
}

/// Which rules.
#[derive(Clone, Debug, Args)]
pub struct Chosen {
    /// Folder of rule files, or a compiled file, in place of the embedded packs
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Configuration whose rules count
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// JSON, one object per line
    #[arg(long)]
    json: bool,
}

impl Chosen {
    /// The configuration with these rules.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    fn settings(&self) -> Result<Settings, Errors> {
        let mut settings = Settings::load(self.config.as_deref())?;
        if self.rules.is_some() {
            settings.rules_dir.clone_from(&self.rules);
        }
        Ok(settings)
    }

    /// The texts of the rules.
    fn sources(&self) -> Result<Sources, Errors> {
        Ok(self.settings()?.rules()?.sources)
    }
}

impl Rules {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        match self {
            Self::List(chosen) => list::run(&chosen),
            Self::Check(chosen) => prove::check(&chosen),
            Self::Test(test) => test.run(),
            Self::Compile(compile) => compile.run(),
            Self::ImportSpamassassin(import) => import.run(),
        }
    }
}

/// Tells what is wrong.
fn unreadable(errors: &Errors) -> Ending {
    output::trouble(errors);
    Ending::Unreadable
}
