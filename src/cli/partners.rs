//! `wehr partners`: which domains still send in plaintext, from the counters in the store.
//!
//! Reads the configuration for the store's place, and the store; `forget` writes it.

use super::{
    output::{self, Ending},
    store::{self, now, time, unreadable},
};
use crate::{
    mail::{address::Domain, partner::History, transport::Level},
    world::store::{Store, partners},
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
        let store = match store::open(self.config.as_deref()) {
            Ok(store) => store,
            Err(ending) => return Ok(ending),
        };
        match &self.action {
            None => self.list(&*store),
            Some(Action::Forget { domain }) => self.forget(&*store, domain),
        }
    }

    fn list(&self, store: &dyn Store) -> io::Result<Ending> {
        let found = match partners::all(store, now()) {
            Ok(found) => found,
            Err(trouble) => return Ok(unreadable(&trouble)),
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
            Err(trouble) => Ok(unreadable(&trouble)),
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
