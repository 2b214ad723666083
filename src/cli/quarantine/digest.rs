//! `wehr quarantine digest`: what recipients would be told, or telling them now.
//!
//! Talks to the mailstore with `--now`.

use super::{
    super::output::{self, Ending, printable},
    Store, unusable,
};
use crate::{
    config::Settings,
    doors::digest::{self, Outgoing},
    server::plan,
};
use clap::Args;
use serde_json::json;
use std::io;
use tokio::runtime::Runtime;

/// Print the digests of all mail that recipients were not told of yet, or send them.
///
/// What is printed holds links that work: whoever has one can have that recipient's mail delivered.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 done; 1 the mailstore did not take a digest (it stays to be sent); 2 no digests are configured

Example:
  wehr quarantine digest --dry-run --to anna@school.example")]
pub struct Digest {
    /// Print, send nothing (so it is without --now)
    #[arg(long, conflicts_with = "now")]
    dry_run: bool,
    /// Send what there is, whatever the hour, and note that it was told
    #[arg(long)]
    now: bool,
    /// For this recipient only
    #[arg(long, value_name = "ADDR")]
    to: Option<String>,
}

impl Digest {
    pub(super) fn run(self, store: &Store, settings: &Settings, is_json: bool) -> io::Result<Ending> {
        let Some(told) = &settings.digest else {
            output::trouble("no digests are configured; set quarantine.digest.link, .from and http.mailbox_listen");
            return Ok(Ending::Unreadable);
        };
        let rulebook = match settings.rulebook() {
            Ok(rulebook) => rulebook,
            Err(errors) => {
                output::trouble(errors);
                return Ok(Ending::Unreadable);
            }
        };
        let found = match digest::gather(store, told, &rulebook.classes, self.to.as_deref()) {
            Ok(found) => found,
            Err(error) => return Ok(unusable(store, &error)),
        };
        if self.now { send(store, settings, found, is_json) } else { print(&found, is_json) }
    }
}

fn print(found: &[Outgoing], is_json: bool) -> io::Result<Ending> {
    for Outgoing { recipient, ids, message } in found {
        let message = String::from_utf8_lossy(message);
        if is_json {
            output::json(&json!({ "recipient": recipient, "mails": ids, "message": message }))?;
        } else {
            output::line(message.replace("\r\n", "\n"))?;
        }
    }
    Ok(Ending::Fine)
}

fn send(store: &Store, settings: &Settings, found: Vec<Outgoing>, is_json: bool) -> io::Result<Ending> {
    let mailstore = match plan::mailstore(settings) {
        Ok(mailstore) => mailstore,
        Err(told) => {
            output::trouble(told);
            return Ok(Ending::Unreadable);
        }
    };
    let (runtime, mut ending) = (Runtime::new()?, Ending::Fine);
    for outgoing in found {
        let (recipient, mails) = (outgoing.recipient.clone(), outgoing.ids.len());
        let reply = match runtime.block_on(digest::send(store, &mailstore, outgoing)) {
            Ok(reply) => reply,
            Err(error) => return Ok(unusable(store, &error)),
        };
        if !reply.is_positive() {
            ending = Ending::Finding;
        }
        if is_json {
            output::json(&json!({ "recipient": recipient, "mails": mails, "reply": reply.to_string() }))?;
        } else {
            output::line(format_args!("{}  {mails} mails  {}", printable(&recipient), printable(&reply.to_string())))?;
        }
    }
    Ok(ending)
}
