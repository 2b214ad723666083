//! `wehr quarantine release` and `delete`.
//!
//! Talks to the mailstore; `--not-spam` writes mails in plaintext into a folder of the operator's.

use super::{
    super::output::{self, Ending, printable},
    Store, find, missing, unusable,
};
use crate::{
    config::Settings,
    doors::{
        deliver::Mailstore,
        quarantine::release::{By, Handed},
    },
    server::plan,
};
use clap::Args;
use serde_json::json;
use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use tokio::runtime::Runtime;

/// Hand mail over to the recipients that wait for it, with X-Wehr-Released on top.
///
/// Who has it already does not get it again. If the program is stopped between the delivery and its mark, a repeated
/// release delivers twice: rather that than never.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 every recipient has the mail; 1 a mail is not there, or the mailstore did not take it (it stays held)

Example:
  wehr quarantine release 20260301T091407Z-0011223344556677 --not-spam ham/")]
pub struct Release {
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// To this recipient only
    #[arg(long, value_name = "ADDR")]
    to: Option<String>,
    /// Write the mail into this folder, too, unencrypted, for wehr learn --ham DIR
    #[arg(long, value_name = "DIR")]
    not_spam: Option<PathBuf>,
}

/// Delete mail; once nobody waits for it, its keys are overwritten and it is removed.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 deleted; 1 a mail is not there

Example:
  wehr quarantine delete 20260301T091407Z-0011223344556677")]
pub struct Delete {
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// For this recipient only
    #[arg(long, value_name = "ADDR")]
    to: Option<String>,
}

fn is_meant(to: Option<&String>, address: &str) -> bool {
    to.is_none_or(|to| to.eq_ignore_ascii_case(address))
}

impl Release {
    pub(super) fn run(self, store: &Store, settings: &Settings, is_json: bool) -> io::Result<Ending> {
        let mailstore = match plan::mailstore(settings) {
            Ok(mailstore) => mailstore,
            Err(told) => {
                output::trouble(told);
                return Ok(Ending::Unreadable);
            }
        };
        let (runtime, mut ending) = (Runtime::new()?, Ending::Fine);
        for wanted in &self.ids {
            let found = match find(store, wanted) {
                Ok(found) => found,
                Err(error) => return Ok(unusable(store, &error)),
            };
            if !found.iter().any(|(_, slip)| slip.recipients.iter().any(|it| is_meant(self.to.as_ref(), &it.address))) {
                ending = ending.max(missing(wanted));
            }
            for (id, _) in found {
                ending = ending.max(runtime.block_on(self.one(store, &mailstore, &id, is_json))?);
            }
        }
        Ok(ending)
    }

    async fn one(&self, store: &Store, mailstore: &Mailstore, id: &str, is_json: bool) -> io::Result<Ending> {
        if let Some(folder) = &self.not_spam
            && let Err(error) = store.entry(id).and_then(|entry| keep(folder, id, &entry.message()?))
        {
            output::trouble(format_args!("{}: {error}; nothing is released", folder.display()));
            return Ok(Ending::Unreadable);
        }
        let handed =
            match store.release(id, |address| is_meant(self.to.as_ref(), address), mailstore, By::Operator).await {
                Ok(handed) => handed,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(missing(id)),
                Err(error) => return Ok(unusable(store, &error)),
            };
        let mut ending = Ending::Fine;
        for (address, handed) in handed {
            let (state, reply) = match handed {
                Handed::Now(reply) if reply.is_positive() => ("released", reply.to_string()),
                Handed::Now(reply) => {
                    ending = Ending::Finding;
                    ("held", reply.to_string())
                }
                Handed::Before(state) => (state.word(), "before".to_owned()),
            };
            if is_json {
                output::json(&json!({ "id": id, "recipient": address, "state": state, "reply": reply }))?;
            } else {
                output::line(format_args!("{id}  {}  {state}  {}", printable(&address), printable(&reply)))?;
            }
        }
        Ok(ending)
    }
}

/// Writes a mail where `wehr learn --ham` finds it; one that is there stays.
fn keep(folder: &Path, id: &str, message: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(format!("{id}.eml"))) {
        Ok(mut file) => file.write_all(message),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

impl Delete {
    pub(super) fn run(self, store: &Store, is_json: bool) -> io::Result<Ending> {
        let mut ending = Ending::Fine;
        for wanted in &self.ids {
            let mut deleted = 0;
            let found = match find(store, wanted) {
                Ok(found) => found,
                Err(error) => return Ok(unusable(store, &error)),
            };
            for (id, _) in found {
                match store.delete(&id, |address| is_meant(self.to.as_ref(), address)) {
                    Ok(count) => deleted += count,
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Ok(unusable(store, &error)),
                }
            }
            if deleted == 0 {
                ending = ending.max(missing(wanted));
            } else if is_json {
                output::json(&json!({ "id": wanted, "deleted": deleted }))?;
            } else {
                output::line(format_args!("{wanted}  deleted for {deleted}"))?;
            }
        }
        Ok(ending)
    }
}
