//! `wehr subject-access` and `wehr erase`: what this filter holds about an address, and taking it away.
//!
//! Reads the configuration, the quarantine, recorded cases, kept faults and subjects; `erase` deletes there. What is not held by address
//! is said, not guessed.

use super::{
    output::{self, Ending, printable},
    pseudonym::pseudonyms,
};
use crate::{
    config::Settings,
    doors::{
        paper,
        quarantine::{Quarantine, slip::Slip},
    },
    judge::policy::classes::subjects::Subjects,
    mail::address::Address,
    telemetry::log::Secret,
};
use clap::Args;
use serde_json::{Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What nobody can look up by an address.
const BEYOND: [&str; 3] = [
    "a learned model holds weights of keyed hashes: no address can be read from it or taken out of it; forget the mails with wehr learn --forget",
    "the state store counts mails of domains and keeps addresses as keyed hashes only; the log has domains, and pseudonyms until their key is destroyed: erasing a line before is the log's owner's to do",
    "mailboxes, the MTA's queue and log, backups and folders of --not-spam are not ours to search",
];

/// Show everything that is held about an address: quarantine, recorded cases, kept faults, keys, subjects, and its
/// pseudonyms in the log.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 all was looked through; 2 something could not be read

Example:
  wehr subject-access anna@school.example")]
pub struct SubjectAccess {
    #[command(flatten)]
    whom: Whom,
}

/// Delete what is held about an address. What is only named is kept: keys, and mails that it sent and others wait for.
///
/// In a mail of several recipients the address is taken off the list and the case deleted; the mail itself may still name it.
/// A subject loses the address, and goes with its last one; a running server forgets it within seconds.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 all was looked through; 2 something could not be read or deleted

Example:
  wehr erase anna@school.example")]
pub struct Erase {
    #[command(flatten)]
    whom: Whom,
    /// Mails in the quarantine that it sent, too, whoever waits for them
    #[arg(long)]
    sent: bool,
}

#[derive(Debug, Args)]
struct Whom {
    #[arg(value_name = "ADDR", value_parser = address)]
    address: String,
    /// The configuration; without it the embedded defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object per thing and line
    #[arg(long)]
    json: bool,
}

fn address(text: &str) -> Result<String, String> {
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("`{text}` is no address, such as anna@school.example")),
    }
}

impl SubjectAccess {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        self.whom.walk(Deed::Show)
    }
}

impl Erase {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        self.whom.walk(Deed::Erase { sent: self.sent })
    }
}

/// What is done with what is found. Each answers with what it is then.
#[derive(Clone, Copy)]
enum Deed {
    Show,
    Erase { sent: bool },
}

impl Deed {
    fn with_mail(self, address: &str, store: &Quarantine, (id, slip): (&str, &Slip)) -> io::Result<&'static str> {
        match self {
            Self::Erase { sent: true } if slip.sender.eq_ignore_ascii_case(address) => {
                store.forget(id, |_| true).map(|()| "erased")
            }
            Self::Erase { .. } if slip.is_for(address) => {
                store.forget(id, |recipient| recipient.eq_ignore_ascii_case(address)).map(|()| "erased")
            }
            _ => Ok("held"),
        }
    }

    fn with_case(self, folder: &Path) -> io::Result<&'static str> {
        match self {
            Self::Show => Ok("held"),
            Self::Erase { .. } => fs::remove_dir_all(folder).map(|()| "erased"),
        }
    }

    /// The subject whom the address belongs to, if any, is answered as well.
    fn with_subject(self, address: &Address, file: &Path) -> io::Result<Option<(String, &'static str)>> {
        let read = || fs::read_to_string(file).and_then(|text| Subjects::read(&text).map_err(io::Error::other));
        if matches!(self, Self::Show) {
            return Ok(read()?.of(address).map(|(name, _)| (name.to_owned(), "held")));
        }
        let _held = paper::lock(file)?;
        let mut subjects = read()?;
        let Some(name) = subjects.forget(address) else { return Ok(None) };
        paper::replace(file, subjects.to_text().as_bytes())?;
        Ok(Some((name, "erased")))
    }
}

impl Whom {
    fn walk(&self, deed: Deed) -> io::Result<Ending> {
        let settings = match Settings::load(self.config.as_deref()) {
            Ok(settings) => settings,
            Err(errors) => {
                output::trouble(errors);
                return Ok(Ending::Unreadable);
            }
        };
        let mut ending = self.mails(&settings, deed)?;
        let recorded = settings.record.as_ref().map(|record| ("recorded case", record.folder.clone()));
        let faults = ("case of a fault", settings.faults_folder());
        for (kind, folder) in recorded.into_iter().chain([faults]) {
            ending = ending.max(self.cases(kind, &folder, deed)?);
        }
        if let Some(folder) = &settings.recipient_keys {
            ending = ending.max(self.keys(folder)?);
        }
        for (day, name) in pseudonyms(&settings, &Secret::address(&self.address)) {
            match name {
                Ok(name) => self.tell("log pseudonym", &format!("{day} {name}"), "held", &Value::Null)?,
                Err(error) => ending = unusable(&day.to_string(), &error),
            }
        }
        ending = ending.max(self.subject(settings.subjects_file.as_deref(), deed)?);
        for note in BEYOND {
            if self.json {
                output::json(&json!({ "kind": "note", "what": note }))?;
            } else {
                output::line(format_args!("note: {note}"))?;
            }
        }
        Ok(ending)
    }

    fn mails(&self, settings: &Settings, deed: Deed) -> io::Result<Ending> {
        if !settings.quarantine.folder.exists() {
            return Ok(Ending::Fine);
        }
        let opened = Quarantine::open(&settings.quarantine)
            .and_then(|store| store.all().map(|all| (store, all)).map_err(|error| error.to_string()));
        let (store, all) = match opened {
            Ok(opened) => opened,
            Err(told) => {
                output::trouble(told);
                return Ok(Ending::Unreadable);
            }
        };
        let mut ending = Ending::Fine;
        for (id, slip) in all {
            let done = slip.and_then(|slip| {
                let is_named = slip.sender.eq_ignore_ascii_case(&self.address)
                    || slip.is_for(&self.address)
                    || mentions(slip.from.as_bytes(), &self.address);
                Ok(if is_named { Some((deed.with_mail(&self.address, &store, (&id, &slip))?, slip)) } else { None })
            });
            match done {
                Ok(Some((state, slip))) => self.tell("quarantined mail", &id, state, &json!(slip))?,
                Ok(None) => {}
                Err(error) => ending = unusable(&id, &error),
            }
        }
        Ok(ending)
    }

    /// Files that are named as the address; they are the operator's.
    fn keys(&self, folder: &Path) -> io::Result<Ending> {
        let entries = match fs::read_dir(folder) {
            Err(error) => return Ok(unusable(&folder.display().to_string(), &error)),
            Ok(entries) => entries.filter_map(Result::ok),
        };
        for path in entries.map(|entry| entry.path()) {
            if path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(self.address.as_str())) {
                self.tell("key", &path.display().to_string(), "held", &Value::Null)?;
            }
        }
        Ok(Ending::Fine)
    }

    /// The subject whom the address belongs to.
    fn subject(&self, file: Option<&Path>, deed: Deed) -> io::Result<Ending> {
        let Some(file) = file.filter(|file| file.exists()) else { return Ok(Ending::Fine) };
        match deed.with_subject(&Address::new(&self.address), file) {
            Ok(Some((name, state))) => self.tell("subject", &name, state, &Value::Null).map(|()| Ending::Fine),
            Ok(None) => Ok(Ending::Fine),
            Err(error) => Ok(unusable(&file.display().to_string(), &error)),
        }
    }

    /// Cases are folders with `message.eml` and `case.toml`; one counts when the address stands in either.
    fn cases(&self, kind: &str, folder: &Path, deed: Deed) -> io::Result<Ending> {
        let mut ending = Ending::Fine;
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ending),
            Err(error) => return Ok(unusable(&folder.display().to_string(), &error)),
            Ok(entries) => entries.filter_map(Result::ok),
        };
        for case in entries.map(|entry| entry.path()).filter(|path| path.join("message.eml").is_file()) {
            let read = |name: &str| fs::read(case.join(name));
            let done = read("message.eml").and_then(|message| Ok((message, read("case.toml")?))).and_then(
                |(message, text)| {
                    let is_named = mentions(&message, &self.address) || mentions(&text, &self.address);
                    if is_named { deed.with_case(&case).map(Some) } else { Ok(None) }
                },
            );
            match done {
                Ok(Some(state)) => self.tell(kind, &case.display().to_string(), state, &Value::Null)?,
                Ok(None) => {}
                Err(error) => ending = unusable(&case.display().to_string(), &error),
            }
        }
        Ok(ending)
    }

    fn tell(&self, kind: &str, what: &str, state: &str, slip: &Value) -> io::Result<()> {
        if self.json {
            output::json(&json!({ "kind": kind, "what": what, "state": state, "slip": slip }))
        } else {
            let subject = slip.get("subject").and_then(Value::as_str).unwrap_or_default();
            output::line(format_args!("{kind}  {what}  {state}  {}", printable(subject)))
        }
    }
}

fn unusable(what: &str, error: &io::Error) -> Ending {
    let hint = if error.raw_os_error().is_some() { "; may you read and write it?" } else { "" };
    output::trouble(format_args!("{what}: {error}{hint}"));
    Ending::Unreadable
}

/// Does the address stand in the octets, in whatever case, and not as a piece of a longer one?
fn mentions(octets: &[u8], address: &str) -> bool {
    let wanted = address.as_bytes();
    let is_of_address = |octet: &u8| octet.is_ascii_alphanumeric() || b"._+-".contains(octet);
    octets.windows(wanted.len()).enumerate().any(|(place, window)| {
        let before = place.checked_sub(1).and_then(|before| octets.get(before));
        let after = octets.get(place + wanted.len());
        let beyond = octets.get(place + wanted.len() + 1);
        // A dot that ends a sentence ends the address, too.
        let goes_on = after.is_some_and(|after| match after {
            b'.' => beyond.is_some_and(u8::is_ascii_alphanumeric),
            other => other.is_ascii_alphanumeric() || *other == b'-',
        });
        window.eq_ignore_ascii_case(wanted) && !before.is_some_and(is_of_address) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_whole() {
        let finds = |text: &str| mentions(text.as_bytes(), "anna@school.example");
        assert!(
            finds("To: <Anna@School.example>") && finds("anna@school.example") && finds("anna@school.example. Bye")
        );
        assert!(!finds("joanna@school.example") && !finds("anna@school.example.net") && !finds("anna@school"));
    }
}
