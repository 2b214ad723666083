//! `wehr config`: checks a configuration, and explains its keys.
//!
//! Reads files.

use super::output::{self, Ending};
use crate::{
    config::{
        Settings,
        explain::explain,
        keys::{self, KEYS},
        read::Values,
    },
    judge::{
        document::{Errors, unknown},
        policy::{encryption::loans::Loan, whom::Whom},
    },
    world::clock,
};
use clap::Subcommand;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Check and explain the configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Check a configuration file, what it includes, and its rules; tells every error at once
    ///
    /// Exit code: 0 nothing is wrong, 1 only keys of recipients that cannot be used, 2 something else.
    #[command(after_help = "Example:\n  printf '[policy]\\ntag = 5\\n' > wehr.toml && wehr config check wehr.toml")]
    Check {
        /// The file; without it the embedded defaults are checked
        file: Option<PathBuf>,
        /// The same, as the other verbs name it
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        config: Option<PathBuf>,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print value, origin, default and meaning of a key, or of all keys
    #[command(after_help = "Example:\n  wehr config explain policy.tag")]
    Explain {
        /// For example milter.listen; without it all keys are listed
        key: Option<String>,
        /// The configuration whose values count; without it the embedded defaults
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// One JSON object per key and line
        #[arg(long)]
        json: bool,
    },
}

impl Config {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        match self {
            Self::Check { file, config, json } => check(file.or(config).as_deref(), json),
            Self::Explain { key, config, json } => match values(config.as_deref()) {
                Ok(values) => explain_keys(&values, key.as_deref(), json),
                Err(errors) => {
                    output::trouble(errors);
                    Ok(Ending::Unreadable)
                }
            },
        }
    }
}

fn values(file: Option<&Path>) -> Result<Values, Errors> {
    file.map_or_else(|| Ok(Values::defaults()), Values::gather)
}

/// Whose key it is.
fn whose(mailbox: Option<&Whom>) -> String {
    match mailbox {
        Some(Whom::Address(address)) => address.to_string(),
        Some(Whom::Domain(domain)) => format!("@{domain}"),
        None => "the class".to_owned(),
    }
}

fn lent(loans: &[Loan]) -> Vec<serde_json::Value> {
    let told = |Loan { class, mailbox, key }: &Loan| serde_json::json!({ "class": class, "mailbox": whose(mailbox.as_ref()), "public_key_sha256": key.fingerprint() });
    loans.iter().map(told).collect()
}

fn check(file: Option<&Path>, json: bool) -> io::Result<Ending> {
    let name = file.map_or_else(|| "embedded defaults".to_owned(), |file| file.display().to_string());
    let checked = Settings::load(file).and_then(|settings| Ok((settings.rulebook()?, settings.keyring()?)));
    match checked {
        Ok((rulebook, keyring)) => {
            let unusable: Vec<String> =
                keyring.unusable(clock::now()).map(|(file, reason)| format!("{file}:1:1: {reason}")).collect();
            if json {
                output::json(&serde_json::json!({
                    "file": name, "errors": [], "symbols": rulebook.rules.table.len(), "digest": rulebook.digest,
                    "keys": keyring.len(), "unusable_keys": unusable, "lent_keys": lent(&rulebook.encryption.loans),
                }))?;
            } else {
                output::line(format_args!(
                    "{name}: nothing is wrong; {} symbols, digest {}",
                    rulebook.rules.table.len(),
                    rulebook.digest.get(..12).unwrap_or_default()
                ))?;
                for Loan { class, mailbox, key } in &rulebook.encryption.loans {
                    let whose = whose(mailbox.as_ref());
                    output::line(format_args!(
                        "class `{class}` lends the private key {} of {whose}",
                        key.fingerprint()
                    ))?;
                }
            }
            unusable.iter().for_each(output::trouble);
            if !unusable.is_empty() {
                return Ok(Ending::Finding);
            }
        }
        Err(errors) => {
            if json {
                let told: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
                output::json(&serde_json::json!({ "file": name, "errors": told }))?;
            }
            output::trouble(errors);
            return Ok(Ending::Unreadable);
        }
    }
    Ok(Ending::Fine)
}

fn explain_keys(values: &Values, name: Option<&str>, json: bool) -> io::Result<Ending> {
    let wanted: Vec<_> = match name {
        None => KEYS.iter().collect(),
        Some(name) => {
            // A table's name stands for all its keys.
            let below = format!("{name}.");
            let found: Vec<_> =
                keys::find(name).into_iter().chain(KEYS.iter().filter(|key| key.name.starts_with(&below))).collect();
            if found.is_empty() {
                let tables = KEYS.iter().filter_map(|key| key.name.split_once('.')).map(|(table, _)| table);
                output::trouble(unknown("key", name, KEYS.iter().map(|key| key.name).chain(tables)));
                return Ok(Ending::Unreadable);
            }
            found
        }
    };
    for key in wanted {
        let told = explain(values, key);
        if json {
            output::json(&told)?;
        } else {
            output::line(format_args!(
                "{} = {}\n    origin: {}\n    default: {}\n    {}",
                told.key, told.value, told.origin, told.default, told.about
            ))?;
        }
    }
    Ok(Ending::Fine)
}
