//! `wehr pseudonym`: under which names a person or a client stands in the log, while the keys of those days live.
//!
//! Reads the configuration and the keys; makes and destroys nothing.

use super::output::{self, Ending};
use crate::{
    config::Settings,
    doors::log_keys::{self, Day},
    telemetry::log::Secret,
    world::clock,
};
use clap::Args;
use serde_json::json;
use std::{io, net::IpAddr, path::PathBuf};

/// Tell the pseudonyms of an address in the log, one for each day (UTC) whose key still lives.
///
/// The log names senders, recipients and clients by pseudonyms that change every day. `log.pseudonym_days` after a day began
/// its key is destroyed, and nobody can tell any more whom its lines were about.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 a key lives; 1 none does, nobody can tell; 2 a key or the configuration cannot be read

Example:
  wehr pseudonym anna@school.example || test $? = 1")]
pub struct Pseudonym {
    /// An envelope address, or the IP address of a client
    #[arg(value_name = "ADDR", value_parser = who)]
    whom: Whom,
    /// Only this day (UTC), for example 2026-11-22
    #[arg(long, value_name = "DAY", value_parser = day)]
    day: Option<Day>,
    /// The configuration; without it the embedded defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object a day and line
    #[arg(long)]
    json: bool,
}

/// Whose pseudonyms.
#[derive(Clone, Debug)]
struct Whom(Secret);

fn who(text: &str) -> Result<Whom, String> {
    if let Ok(client) = text.parse::<IpAddr>() {
        return Ok(Whom(Secret::client(client)));
    }
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(Whom(Secret::address(text))),
        _ => Err(format!("`{text}` is no address, such as anna@school.example or 192.0.2.7")),
    }
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| format!("`{text}` is no day, such as 2026-11-22"))
}

impl Pseudonym {
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
        let mut ending = Ending::Finding;
        for (day, pseudonym) in pseudonyms(&settings, &self.whom.0) {
            if self.day.is_some_and(|wanted| wanted != day) {
                continue;
            }
            match pseudonym {
                Ok(pseudonym) if self.json => output::json(&json!({ "day": day.to_string(), "pseudonym": pseudonym }))?,
                Ok(pseudonym) => output::line(format_args!("{day}  {pseudonym}"))?,
                Err(error) => {
                    output::trouble(format_args!("{error}; may you read it?"));
                    ending = Ending::Unreadable;
                    continue;
                }
            }
            if ending == Ending::Finding {
                ending = Ending::Fine;
            }
        }
        if ending == Ending::Finding {
            output::trouble("no key of that time lives: nobody can tell whom those lines are about");
        }
        Ok(ending)
    }
}

/// The pseudonyms of every day whose key lives now, tomorrow's left out.
pub(super) fn pseudonyms(settings: &Settings, whom: &Secret) -> Vec<(Day, io::Result<String>)> {
    let now = clock::now().seconds();
    let keys = log_keys::living(&settings.log, now).into_iter().filter(|(day, _)| *day <= Day::of(now));
    keys.map(|(day, key)| (day, key.map(|key| key.pseudonym(whom).to_string()))).collect()
}
