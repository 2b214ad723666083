//! `wehr rules`: lists what every symbol means and weighs, and checks rule files.
//!
//! Reads files.

use super::output::{self, Ending};
use crate::{config::Settings, judge::policy::verdict::Action};
use clap::{Args, Subcommand};
use std::{io, path::PathBuf};

/// List and check the rules.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List every symbol with its score, least action and meaning
    #[command(after_help = "Example:\n  wehr rules list")]
    List(Chosen),
    /// Check rule files; tells every error at once
    ///
    /// Exit code: 0 nothing is wrong, 2 something is.
    #[command(after_help = "Example:\n  wehr rules check")]
    Check(Chosen),
}

/// Which rules.
#[derive(Debug, Args)]
pub struct Chosen {
    /// Folder of rule files that replace the embedded packs
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Configuration whose rules count
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// JSON, one object per line
    #[arg(long)]
    json: bool,
}

impl Rules {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let (chosen, is_list) = match self {
            Self::List(chosen) => (chosen, true),
            Self::Check(chosen) => (chosen, false),
        };
        let rulebook = Settings::load(chosen.config.as_deref()).and_then(|mut settings| {
            if chosen.rules.is_some() {
                settings.rules_dir.clone_from(&chosen.rules);
            }
            settings.rulebook()
        });
        let rulebook = match rulebook {
            Ok(rulebook) => rulebook,
            Err(errors) => {
                output::trouble(errors);
                return Ok(Ending::Unreadable);
            }
        };
        if !is_list {
            if chosen.json {
                output::json(&serde_json::json!({ "symbols": rulebook.rules.len(), "digest": rulebook.digest }))?;
            } else {
                output::line(format_args!("{} symbols, nothing is wrong", rulebook.rules.len()))?;
            }
            return Ok(Ending::Fine);
        }
        for (symbol, rule) in &rulebook.rules {
            if chosen.json {
                output::json(&serde_json::json!({
                    "name": symbol.as_str(), "score": rule.score.points(), "action": rule.action.word(),
                    "group": rule.group, "about": rule.about,
                }))?;
            } else {
                let least = match rule.action {
                    Action::Accept => String::new(),
                    action => format!(" (at least {action})"),
                };
                output::line(format_args!(
                    "{:32} {:>7} {}{least}",
                    symbol.as_str(),
                    rule.score.to_string(),
                    rule.about
                ))?;
            }
        }
        Ok(Ending::Fine)
    }
}
