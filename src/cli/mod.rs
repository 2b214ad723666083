//! The verbs of the program: one file each, parsed with clap.
//!
//! Exit codes: 0 fine, 1 a finding or a failed test, 2 wrong usage or unreadable input.

pub mod config;
pub mod output;
pub mod progress;
pub mod rules;
pub mod scan;

use self::output::Ending;
use clap::{Parser, Subcommand};
use std::{io, process::ExitCode};

/// Inbound mail security filter: milter and LMTP proxy between MTA and mailstore.
#[derive(Debug, Parser)]
#[command(name = "wehr", version, propagate_version = true)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Judge messages from files, folders, mboxes, case folders or stdin
    Scan(scan::Scan),
    /// Check and explain the configuration
    #[command(subcommand)]
    Config(config::Config),
    /// List and check the rules
    #[command(subcommand)]
    Rules(rules::Rules),
}

/// Parses the command line and runs its verb.
#[must_use]
pub fn run() -> ExitCode {
    let ended = match Line::parse().verb {
        Verb::Scan(scan) => scan.run(),
        Verb::Config(config) => config.run(),
        Verb::Rules(rules) => rules.run(),
    };
    match ended {
        Ok(ending) => ExitCode::from(ending.code()),
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(Ending::Fine.code()),
        Err(error) => {
            output::trouble(format_args!("wehr: {error}"));
            ExitCode::from(Ending::Unreadable.code())
        }
    }
}
