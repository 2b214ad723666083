//! `wehr campaigns`: mails that reached many mailboxes within minutes, and which of them passed before that was known.
//!
//! Reads the configuration for the store's place, and the store.

use super::{
    output::{self, Ending},
    store::{self, now, time, unreadable},
};
use crate::{
    judge::entry::Fate,
    mail::hex::hex,
    world::store::{
        Store,
        campaigns::{self, Campaign, Copied},
    },
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::{collections::BTreeMap, io, path::PathBuf};

/// List campaigns, and the mails of one of them, those from before it was known included.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  wehr campaigns --config /etc/wehr/wehr.toml\n  \
                        wehr campaigns --config /etc/wehr/wehr.toml show 3f9a12c07be4 --passed\n\n\
                        Each mail is named by the reference (ref=) of log, header and reply; `wehr quarantine list` has it as \
                        well.")]
pub struct Campaigns {
    /// The configuration whose state.url names the store; without it the embedded defaults
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// One JSON object per campaign or mail and line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the campaigns that are remembered, the last one first
    ///
    /// Exit code: 0 there is none or they are listed, 2 the store cannot be used.
    #[command(after_help = "Example:\n  wehr campaigns --config /etc/wehr/wehr.toml list")]
    List,
    /// List the mails of a campaign
    ///
    /// Exit code: 0 they are listed, 1 no such campaign is remembered, 2 the store cannot be used.
    #[command(after_help = "Example:\n  wehr campaigns --config /etc/wehr/wehr.toml show 3f9a12c07be4")]
    Show {
        /// As `list` names it, or how it begins
        #[arg(value_name = "ID")]
        id: String,
        /// Only mails that went on to somebody
        #[arg(long)]
        passed: bool,
    },
}

impl Campaigns {
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
            None | Some(Action::List) => self.list(&*store),
            Some(Action::Show { id, passed }) => self.show(&*store, id, *passed),
        }
    }

    fn list(&self, store: &dyn Store) -> io::Result<Ending> {
        let found = match campaigns::all(store, now()) {
            Ok(found) => found,
            Err(trouble) => return Ok(unreadable(&trouble)),
        };
        if !self.json {
            output::line(format_args!("{:<12}  {:<20}  {:<20}  recipients", "id", "began", "last mail"))?;
        }
        for Campaign { name, began, last, recipients, .. } in &found {
            let (began, last) = (time(*began), time(*last));
            if self.json {
                output::json(&json!({ "id": name, "began": began, "last": last, "recipients": recipients }))?;
            } else {
                output::line(format_args!("{name:<12}  {began:<20}  {last:<20}  {recipients:>10}"))?;
            }
        }
        Ok(Ending::Fine)
    }

    fn show(&self, store: &dyn Store, id: &str, is_passed_only: bool) -> io::Result<Ending> {
        let copies = campaigns::all(store, now()).and_then(|found| {
            let campaign = found.into_iter().find(|campaign| !id.is_empty() && campaign.name.starts_with(id));
            campaign.map(|campaign| campaigns::copies(store, &campaign, now())).transpose()
        });
        let copies = match copies {
            Ok(Some(copies)) => copies,
            Ok(None) => {
                output::trouble(format_args!("{id}: no such campaign is remembered; wehr campaigns lists them"));
                return Ok(Ending::Finding);
            }
            Err(trouble) => return Ok(unreadable(&trouble)),
        };
        let mut mails: BTreeMap<(i64, [u8; 10]), Vec<Copied>> = BTreeMap::new();
        for copy in copies.into_iter().filter(|copy| !is_passed_only || copy.fate == Fate::Passed) {
            mails.entry((copy.at, copy.reference)).or_default().push(copy);
        }
        if !self.json {
            output::line(format_args!("{:<20}  {:<10}  passed  held  refused", "received", "ref"))?;
        }
        for ((at, reference), copies) in &mails {
            let reference = String::from_utf8_lossy(reference);
            let of = |fate| copies.iter().filter(|copy| copy.fate == fate).count();
            let [passed, held, refused] = Fate::ALL.map(of);
            if self.json {
                output::json(&shown(*at, &reference, copies))?;
            } else {
                output::line(format_args!("{:<20}  {reference:<10}  {passed:>6}  {held:>4}  {refused:>7}", time(*at)))?;
            }
        }
        Ok(Ending::Fine)
    }
}

fn shown(at: i64, reference: &str, copies: &[Copied]) -> Value {
    let recipients: Vec<Value> =
        copies.iter().map(|copy| json!({ "recipient": hex(&copy.recipient), "fate": copy.fate.word() })).collect();
    json!({ "received": time(at), "ref": reference, "recipients": recipients })
}
