//! `wehr quarantine`: what the LMTP door set aside; listed, shown, released, deleted. Works beside a running server.
//!
//! Reads the configuration for the place of the quarantine, of its key and of the mailstore.

pub mod change;
pub mod digest;
pub mod list;
pub mod show;

use super::output::{self, Ending};
use crate::{
    config::Settings,
    doors::quarantine::{Quarantine as Store, slip::Slip},
};
use clap::{Args, Subcommand};
use std::{io, path::PathBuf};

/// List, show, release and delete mail that was set aside.
///
/// ID is what `list` prints first; the reference of the verdict (log line, X-Wehr-Verdict, reply) does as well.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 done; 1 a mail is not there, or was not handed over; 2 wrong usage, or the quarantine cannot be used

Example:
  wehr quarantine --config /etc/wehr/wehr.toml list --to anna@school.example
  wehr quarantine --config /etc/wehr/wehr.toml release 20260301T091407Z-0011223344556677")]
pub struct Quarantine {
    /// The configuration; without it the embedded defaults
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// One JSON object per line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List mail that somebody still waits for, the oldest first
    List(list::List),
    /// Show header, verdict and parts of a mail, or the mail itself
    Show(show::Show),
    /// Hand mail over to the recipients that wait for it
    Release(change::Release),
    /// Delete mail; once nobody waits for it, it cannot be read again by anybody
    Delete(change::Delete),
    /// Print or send what recipients are told of mail that is held for them
    Digest(digest::Digest),
    /// Delete what is older than quarantine.keep_days, as a running server does each minute
    #[command(after_help = "Example:\n  wehr quarantine sweep")]
    Sweep,
}

impl Quarantine {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let settings = match Settings::load(self.config.as_deref()) {
            Ok(settings) => settings,
            Err(errors) => {
                output::trouble(errors);
                return Ok(Ending::Unreadable);
            }
        };
        let store = match Store::open(&settings.quarantine) {
            Ok(store) => store,
            Err(told) => {
                let is_new = !settings.quarantine.key.exists();
                let hint = if is_new { "; wehr serve makes the quarantine at its first start" } else { "" };
                output::trouble(format_args!("{told}{hint}"));
                return Ok(Ending::Unreadable);
            }
        };
        match self.action {
            Action::List(list) => list.run(&store, self.json),
            Action::Show(show) => show.run(&store, self.json),
            Action::Release(release) => release.run(&store, &settings, self.json),
            Action::Delete(delete) => delete.run(&store, self.json),
            Action::Digest(digest) => digest.run(&store, &settings, self.json),
            Action::Sweep => sweep(&store, self.json),
        }
    }
}

fn sweep(store: &Store, is_json: bool) -> io::Result<Ending> {
    match store.sweep() {
        Ok(census) if is_json => {
            let oldest = census.oldest_age;
            output::json(&serde_json::json!({
                "deleted": census.deleted, "mails": census.mails, "octets": census.octets, "oldest_age_seconds": oldest,
            }))?;
        }
        Ok(census) => {
            output::line(format_args!(
                "{} deleted, {} left in {} octets",
                census.deleted, census.mails, census.octets
            ))?;
        }
        Err(error) => return Ok(unusable(store, &error)),
    }
    Ok(Ending::Fine)
}

/// Tells that the quarantine cannot be used.
fn unusable(store: &Store, error: &io::Error) -> Ending {
    output::trouble(format_args!("{}: {error}; may you read and write it?", store.place()));
    Ending::Unreadable
}

/// The mails of an id or a reference; one reference may have several, for sealed copies are mails of their own.
fn find(store: &Store, wanted: &str) -> io::Result<Vec<(String, Slip)>> {
    let all = store.all()?.into_iter().filter_map(|(id, slip)| slip.ok().map(|slip| (id, slip)));
    Ok(all.filter(|(id, slip)| id == wanted || slip.reference == wanted).collect())
}

fn missing(wanted: &str) -> Ending {
    output::trouble(format_args!("{wanted}: no such mail in the quarantine; wehr quarantine list --all shows what is"));
    Ending::Finding
}
