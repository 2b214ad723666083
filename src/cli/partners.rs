//! `wehr partners`: which domains still send in plaintext, from the counters in the store.
//!
//! Reads the configuration for the store's place, and the store; `forget` writes it.

use super::output::{self, Ending};
use crate::{
    config::Settings,
    mail::{address::Domain, partner::History, timestamp::Timestamp, transport::Level},
    world::{
        clock,
        store::{Site, Store, partners},
    },
};
use clap::{Args, Subcommand};
use std::{io, path::PathBuf};

/// Tell how partners send, those with most mails in plaintext first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  wehr partners --config /etc/wehr/wehr.toml\n  \
                        wehr partners --config /etc/wehr/wehr.toml forget amt.example")]
pub struct Partners {
    /// The configuration whose state.url names the store; without it the embedded defaults
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// One JSON object per domain and line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Forget what is remembered of a domain: plaintext from it is no downgrade until it has used TLS again
    ///
    /// Exit code: 0 it is forgotten, 1 it was not known, 2 the store cannot be used.
    #[command(after_help = "Example:\n  wehr partners --config /etc/wehr/wehr.toml forget amt.example")]
    Forget { domain: String },
}

impl Partners {
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
        if let Site::File(path) = &settings.state
            && !path.exists()
        {
            let path = path.display();
            output::trouble(format_args!("{path}: there is no store yet; wehr serve makes it with its first mail"));
            return Ok(Ending::Unreadable);
        }
        let store = match settings.state.open_beside() {
            Ok(store) => store,
            Err(trouble) => {
                output::trouble(trouble);
                return Ok(Ending::Unreadable);
            }
        };
        match &self.action {
            None => self.list(&*store),
            Some(Action::Forget { domain }) => self.forget(&*store, domain),
        }
    }

    fn list(&self, store: &dyn Store) -> io::Result<Ending> {
        let found = match partners::all(store, now()) {
            Ok(found) => found,
            Err(trouble) => {
                output::trouble(format_args!("{trouble}; is it a store, and may you write it?"));
                return Ok(Ending::Unreadable);
            }
        };
        let mut found: Vec<(String, History)> = found.into_iter().collect();
        found.sort_by_key(|(_, history)| std::cmp::Reverse(history.plaintext()));
        if !self.json {
            output::line(format_args!("{:>9} {:>9}  {:<8}  {:<20}  domain", "plaintext", "tls", "best", "last mail"))?;
        }
        for (domain, history) in &found {
            if self.json {
                output::json(&shown(domain, history))?;
            } else {
                output::line(format_args!(
                    "{:>9} {:>9}  {:<8}  {:<20}  {domain}",
                    history.plaintext(),
                    history.encrypted(),
                    history.level().word(),
                    time(history.last_seen),
                ))?;
            }
        }
        Ok(Ending::Fine)
    }

    fn forget(&self, store: &dyn Store, domain: &str) -> io::Result<Ending> {
        let Some(domain) = Domain::parse(domain) else {
            output::trouble(format_args!("`{domain}` is no name of a domain"));
            return Ok(Ending::Unreadable);
        };
        match partners::forget(store, &domain, now()) {
            Ok(was_known) => {
                if self.json {
                    output::json(&serde_json::json!({ "domain": domain.as_str(), "forgotten": was_known }))?;
                } else if was_known {
                    output::line(format_args!("{domain}: forgotten"))?;
                } else {
                    output::trouble(format_args!("{domain}: nothing is remembered of it"));
                }
                Ok(if was_known { Ending::Fine } else { Ending::Finding })
            }
            Err(trouble) => {
                output::trouble(format_args!("{trouble}; is it a store, and may you write it?"));
                Ok(Ending::Unreadable)
            }
        }
    }
}

fn shown(domain: &str, history: &History) -> serde_json::Value {
    let mails: serde_json::Map<String, serde_json::Value> = Level::ALL
        .into_iter()
        .zip(history.mails)
        .map(|(level, count)| (level.word().to_owned(), count.into()))
        .collect();
    serde_json::json!({
        "domain": domain,
        "mails": mails,
        "encrypted_since": history.encrypted_since.map(time),
        "encrypted_until": history.encrypted_until.map(time),
        "last_seen": time(history.last_seen),
    })
}

fn time(seconds: i64) -> String {
    Timestamp::from_seconds(seconds).to_string()
}

fn now() -> i64 {
    clock::now().seconds()
}
