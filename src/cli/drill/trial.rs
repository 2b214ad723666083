//! One trial of a drill: a mail through a real reception, with stand-ins for what is down and what is not.
//!
//! Touches a temporary folder.

use super::{
    letters::{Letter, ZONE},
    world::{Drilled, Names},
};
use crate::{
    cli::scan::input::wire_form,
    config::Settings,
    doors::{
        deliver::{
            Mailstore,
            lmtp::{self, stream::Place},
            maildir::Maildir,
        },
        desk::{Desk, Limits, Parts},
        quarantine::{self, Quarantine},
        reception::{MailParameters, Reception},
    },
    judge::{
        checks,
        facts::{Failure, Scanned},
        policy::verdict::{Action, Reply},
        rulebook::Rulebook,
    },
    mail::{address::Address, envelope::Client, guess, head::Head},
    telemetry::metrics::{Dependency, Door, Metrics},
    world::zone::Zone,
};
use rayon::ThreadPoolBuilder;
use serde::{Serialize, Serializer};
use std::{collections::BTreeSet, fs, sync::Arc, time::Duration};
use tempfile::TempDir;

/// What a drill stands on.
pub struct Ground {
    folder: TempDir,
    rulebook: Arc<Rulebook>,
    zone: Arc<Zone>,
    has_resolvers: bool,
    has_scanner: bool,
}

/// What a sender is told.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    #[serde(serialize_with = "word")]
    pub action: Action,
    pub reply: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn word<S: Serializer>(action: &Action, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(action.word())
}

/// What became of one mail.
#[derive(Clone, Debug)]
pub struct Fate {
    /// At the milter door the MTA delivers.
    pub milter: Told,
    pub lmtp: Told,
    pub symbols: BTreeSet<String>,
}

impl Ground {
    /// # Errors
    /// What is wrong with the rules, or with the temporary folder.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        // Whoever makes a folder in a file is told so by the disk.
        Ok(Self {
            rulebook: Arc::new(settings.rulebook().map_err(|errors| errors.to_string())?),
            zone: Arc::new(Zone::parse("drill", ZONE.as_bytes()).map_err(|faults| faults.join("\n"))?),
            folder,
            has_resolvers: !settings.resolvers.is_empty(),
            has_scanner: settings.clamd.is_some(),
        })
    }

    /// Takes a mail in, judges it, and hands it over.
    ///
    /// # Errors
    /// When the stand-ins cannot be set up.
    pub async fn trial(
        &self,
        down: &BTreeSet<Dependency>,
        letter: &Letter,
        recipient: &Address,
    ) -> Result<Fate, String> {
        let desk = self.desk(down, letter)?;
        let message = wire_form(letter.bytes.to_vec());
        let head = Head::parse(&message);
        let guessed = guess::client(&head).unwrap_or_default();
        let client = Client { address: guessed.address, name: guessed.name, helo: guessed.helo, ..Client::default() };
        let sender = guess::sender(&head).unwrap_or_default();
        let begun = Reception::begin(&desk, Door::Lmtp, client, sender, MailParameters::default());
        let mut reception = begun.map_err(|reply| reply.to_string())?;
        reception.recipient(recipient.clone()).map_err(|reply| reply.to_string())?;
        // Whoever is turned away by now is told so again at the end.
        let _ = reception.bytes(&message).await;
        let concluded = match reception.conclude().await {
            Ok(concluded) => concluded,
            Err(reply) => {
                let told = told(Action::Defer, &reply);
                return Ok(Fate { milter: told.clone(), lmtp: told, symbols: BTreeSet::new() });
            }
        };
        let outcome = concluded.verdict.for_message();
        let symbols = concluded.verdict.findings.iter().map(|finding| finding.symbol.to_string()).collect();
        let replies = concluded.hand_over().await;
        let reply = replies.into_iter().next().ok_or("the door gave no reply")?;
        Ok(Fate { milter: told(outcome.action, &outcome.reply), lmtp: told(outcome.action, &reply), symbols })
    }

    fn desk(&self, down: &BTreeSet<Dependency>, letter: &Letter) -> Result<Arc<Desk>, String> {
        let found = if letter.is_infected { Scanned::Infected("Drill".to_owned()) } else { Scanned::Clean };
        let is_down = |dependency| down.contains(&dependency);
        let scanned = if is_down(Dependency::Clamd) { Scanned::Failed(Failure::Refused) } else { found };
        let names = match (self.has_resolvers, is_down(Dependency::Dns)) {
            (false, _) => Names::Nobody,
            (true, true) => Names::Down,
            (true, false) => Names::Zone(Arc::clone(&self.zone)),
        };
        let quarantine = self.quarantine(is_down(Dependency::Quarantine))?;
        let parts = Parts {
            rulebook: Arc::clone(&self.rulebook),
            world: Arc::new(Drilled { names, scanner: self.has_scanner.then_some(scanned) }),
            mailstore: Some(Arc::new(self.mailstore(is_down(Dependency::Mailstore))?)),
            quarantine: Some(Arc::new(quarantine)),
            faults: None,
            recorder: None,
            keyring: Arc::default(),
            checks: checks::ALL,
        };
        let pool = ThreadPoolBuilder::new().num_threads(1).build().map_err(|error| error.to_string())?;
        let metrics = Metrics::new().map_err(|error| error.to_string())?;
        Ok(Desk::new(parts, Arc::new(metrics), Limits::default(), pool))
    }

    /// A folder; or, when it is down, one that went away after the start.
    fn quarantine(&self, is_down: bool) -> Result<Quarantine, String> {
        let own = TempDir::new_in(self.folder.path()).map_err(|error| format!("temporary folder: {error}"))?;
        let folder = own.keep().join("quarantine");
        let key = folder.with_extension("key");
        let (keep, bytes_max) = (Duration::from_secs(3600), u64::MAX);
        let quarantine = Quarantine::start(&quarantine::Settings {
            folder: folder.clone(),
            bucket: None,
            key,
            keep,
            bytes_max,
            release: Vec::new(),
        })?;
        if is_down {
            let lost = fs::remove_dir_all(&folder).and_then(|()| fs::write(&folder, ""));
            lost.map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        Ok(quarantine)
    }

    /// A Maildir; or, when it is down, an LMTP service on a socket that nobody made.
    fn mailstore(&self, is_down: bool) -> Result<Mailstore, String> {
        if !is_down {
            return Ok(Mailstore::Maildir(Maildir::new(self.folder.path().join("maildir"), "drill")));
        }
        let place = Place::Unix(self.folder.path().join("nobody.sock"));
        lmtp::Client::new(lmtp::Settings { place, tls: None, hostname: "drill".to_owned() }).map(Mailstore::Lmtp)
    }
}

/// A reply of the mailstore or the disk can only be severer than the verdict.
fn told(action: Action, reply: &Reply) -> Told {
    let action = match reply.code {
        400..500 => Action::Defer,
        500.. => Action::Reject,
        _ => action,
    };
    Told { action, reply: reply.to_string() }
}
