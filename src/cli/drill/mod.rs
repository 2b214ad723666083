//! `wehr drill`: what would happen to mail if a dependency were down.
//!
//! Takes sample mails in through a reception of its own, in a temporary folder; contacts nobody.

pub mod letters;
pub mod trial;
pub mod world;

use self::{
    letters::{Letter, letters},
    trial::{Ground, Told},
};
use super::output::{self, Ending};
use crate::{
    config::{Settings, policy},
    judge::policy::{
        classes::{Class, Classes},
        verdict::Action,
        whom::Whom,
    },
    mail::address::Address,
    telemetry::metrics::Dependency,
};
use clap::Args;
use serde::Serialize;
use std::{collections::BTreeSet, io, path::PathBuf};
use tokio::runtime::Runtime;

/// Tell what would happen to mail if a dependency were down, for each class of recipients.
///
/// Sample mails are really judged and handed over, under this configuration's rules and classes, once as usual and once with
/// the dependency failing. Nobody is contacted: DNS, scanner, mailstore and quarantine are stand-ins in a temporary folder.
/// What the MTA does when the filter itself is down is the MTA's to say (docs/mta.md).
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 no mail is treated worse; 1 a mail that is kept out would be delivered, or a wanted one refused for good; 2 wrong usage or configuration

Example:
  wehr drill --down mailstore,quarantine")]
pub struct Drill {
    /// What is down: dns, clamd, mailstore, quarantine; several with commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true, value_parser = ["dns", "clamd", "mailstore", "quarantine"])]
    down: Vec<String>,
    /// Configuration file; without it the embedded defaults, which have no name server and no scanner
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object a line: class, mail, door
    #[arg(long)]
    json: bool,
}

/// What becomes of one mail at one door, for one class.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    class: String,
    mail: &'static str,
    about: &'static str,
    door: &'static str,
    usual: Told,
    down: Told,
    /// Symbols found only because of the loss.
    new_symbols: BTreeSet<String>,
    /// Symbols missing because of it.
    lost_symbols: BTreeSet<String>,
    /// `same`, `waits`, `let_in`, `lost` or `other`.
    pub(super) change: &'static str,
}

impl Drill {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let settings = match Settings::load(self.config.as_deref()) {
            Ok(settings) => settings,
            Err(errors) => return Ok(unreadable(&errors.to_string())),
        };
        let down: BTreeSet<Dependency> = Dependency::ALL
            .into_iter()
            .filter(|dependency| self.down.iter().any(|name| name == dependency.word()))
            .collect();
        for (dependency, key, is_absent) in [
            (Dependency::Dns, "dns.resolvers", settings.resolvers.is_empty()),
            (Dependency::Clamd, "clamd.address", settings.clamd.is_none()),
        ] {
            if down.contains(&dependency) && is_absent {
                output::trouble(format_args!("drill: {key} is empty: it is never asked, so its loss changes nothing"));
            }
        }
        match Runtime::new()?.block_on(rows(&settings, &down)) {
            Ok(rows) => self.tell(&rows),
            Err(told) => Ok(unreadable(&told)),
        }
    }

    fn tell(&self, rows: &[Row]) -> io::Result<Ending> {
        if !self.json {
            output::line(format_args!("down: {}\n", self.down.join(", ")))?;
            output::line(format_args!(
                "{:12} {:10} {:8} {:12} {:26} change",
                "class", "mail", "door", "usually", "then"
            ))?;
        }
        for row in rows {
            if self.json {
                output::json(row)?;
                continue;
            }
            let then = format!("{} {}", row.down.action.word(), row.down.reply.get(..9).unwrap_or(&row.down.reply));
            let class = output::printable(&row.class);
            let because: Vec<String> = row
                .new_symbols
                .iter()
                .map(|symbol| format!("+{symbol}"))
                .chain(row.lost_symbols.iter().map(|symbol| format!("-{symbol}")))
                .collect();
            output::line(format_args!(
                "{class:12} {:10} {:8} {:12} {then:26} {:7} {}",
                row.mail,
                row.door,
                row.usual.action.word(),
                row.change,
                because.join(" ")
            ))?;
        }
        let is_worse = rows.iter().any(|row| matches!(row.change, "let_in" | "lost"));
        Ok(if is_worse { Ending::Finding } else { Ending::Fine })
    }
}

fn unreadable(told: &str) -> Ending {
    output::trouble(format_args!("drill: {told}"));
    Ending::Unreadable
}

/// Every class, mail and door, as usual and with the loss.
pub(super) async fn rows(settings: &Settings, down: &BTreeSet<Dependency>) -> Result<Vec<Row>, String> {
    let classes = policy::classes(settings.recipients_file.as_deref()).map_err(|errors| errors.to_string())?;
    let ground = Ground::new(settings)?;
    let mut rows = Vec::new();
    for class in classes.all() {
        let recipient = recipient(settings, &classes, class)?;
        for letter in letters() {
            rows.extend(both_doors(&ground, down, class, &recipient, &letter).await?);
        }
    }
    Ok(rows)
}

async fn both_doors(
    ground: &Ground,
    down: &BTreeSet<Dependency>,
    class: &Class,
    recipient: &Address,
    letter: &Letter,
) -> Result<Vec<Row>, String> {
    let usual = ground.trial(&BTreeSet::new(), letter, recipient).await?;
    let then = ground.trial(down, letter, recipient).await?;
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect();
    let doors = [("milter", usual.milter, then.milter), ("lmtp", usual.lmtp, then.lmtp)];
    let rows = doors.into_iter().map(|(door, before, after)| Row {
        class: class.name.clone(),
        mail: letter.name,
        about: letter.about,
        door,
        change: change(before.action, after.action),
        usual: before,
        down: after,
        new_symbols: only(&then.symbols, &usual.symbols),
        lost_symbols: only(&usual.symbols, &then.symbols),
    });
    Ok(rows.collect())
}

/// What a loss means for a mail.
fn change(usual: Action, then: Action) -> &'static str {
    let is_delivered = |action| matches!(action, Action::Accept | Action::Tag);
    match (usual, then) {
        (usual, then) if usual == then => "same",
        (_, Action::Defer) => "waits",
        (usual, then) if is_delivered(then) && !is_delivered(usual) => "let_in",
        (usual, Action::Reject) if usual != Action::Reject => "lost",
        _ => "other",
    }
}

/// Somebody for whom this class counts.
fn recipient(settings: &Settings, classes: &Classes, class: &Class) -> Result<Address, String> {
    let mut candidates: Vec<Address> = class
        .recipients
        .iter()
        .map(|whom| match whom {
            Whom::Address(address) => address.clone(),
            Whom::Domain(domain) => Address::new(&format!("somebody@{}", domain.as_str())),
        })
        .collect();
    if class.recipients.is_empty() {
        let domains = settings.own_domains.iter().map(|domain| domain.as_str().to_owned());
        let domains = domains.chain(["school.example".to_owned(), "nobody.invalid".to_owned()]);
        candidates.extend(domains.map(|domain| Address::new(&format!("somebody@{domain}"))));
    }
    let counts = |address: &&Address| classes.of(address).is_some_and(|found| found.name == class.name);
    candidates.iter().find(counts).cloned().ok_or_else(|| {
        format!("class {}: an earlier class takes all of its recipients, so it never counts", class.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_in_or_lost_is_worse_than_what_waits() {
        assert_eq!(change(Action::Accept, Action::Accept), "same");
        assert_eq!(change(Action::Accept, Action::Defer), "waits");
        assert_eq!(change(Action::Reject, Action::Tag), "let_in");
        assert_eq!(change(Action::Quarantine, Action::Accept), "let_in");
        assert_eq!(change(Action::Tag, Action::Reject), "lost");
        assert_eq!(change(Action::Accept, Action::Tag), "other");
    }
}
