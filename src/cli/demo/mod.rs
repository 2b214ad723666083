//! `wehr demo`: the filter on embedded defaults takes the project's own samples in through its own LMTP door.
//!
//! Starts a server, sends over loopback, and looks where the mails went.

pub mod courier;
pub mod samples;

use self::{
    courier::{Letter, hand_over},
    samples::{SAMPLES, Sample},
};
use super::{
    output::{self, Ending},
    scan::input::wire_form,
    serve::{self, Form, Places},
};
use crate::{
    config::{Destination, Settings},
    doors::quarantine::Quarantine,
    judge::policy::verdict::Action,
    mail::{address::Address, envelope::Client, guess, head::Head},
    server::Reload,
    world::place::Place,
};
use clap::Args;
use serde::Serialize;
use std::{
    collections::BTreeSet,
    fs, io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};
use tokio::runtime::Runtime;
use tracing::Level;

/// Start the filter on embedded defaults, send it the sample mails, and show what it made of them.
///
/// Nothing is configured and nobody outside is asked. Mail goes to a Maildir under ./wehr-data. It keeps serving until
/// Ctrl-C. Where a default port is taken, a free one is used.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 every sample went where it belongs; 1 one did not; 2 the filter could not start

Example:
  wehr demo --once")]
pub struct Demo {
    /// End when every sample is judged and delivered
    #[arg(long)]
    once: bool,
    /// One JSON object a sample, and one with the places
    #[arg(long)]
    json: bool,
}

/// The samples speak for themselves; log lines begin with the mails that come after them.
static IS_LOG_SHOWN: AtomicBool = AtomicBool::new(false);

impl Demo {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let settings = match settings() {
            Ok(settings) => settings,
            Err(told) => return Ok(unstarted(&told)),
        };
        serve::log(Form::Text, Level::INFO, &IS_LOG_SHOWN);
        Runtime::new()?.block_on(self.show(settings))
    }

    async fn show(self, settings: Settings) -> io::Result<Ending> {
        let server = match serve::start(&settings).await {
            Ok(server) => server,
            Err(told) => return Ok(unstarted(&told)),
        };
        let door = server.lmtp.iter().find_map(|place| match place {
            Place::Tcp(address) => Some(*address),
            Place::Unix(_) => None,
        });
        let (Some(door), Destination::Maildir(maildir)) = (door, &settings.deliver_to) else {
            return Ok(unstarted("the embedded defaults have an LMTP door on TCP and a Maildir"));
        };
        let maildir = absolute(maildir)?;
        let Some(quarantine) = server.desk().quarantine() else {
            return Ok(unstarted("the embedded defaults have a quarantine"));
        };
        let mut ending = Ending::Fine;
        for sample in SAMPLES {
            let shown = send(door, sample, &maildir, &quarantine).await;
            if self.json {
                output::json(&shown)?;
            } else {
                output::line(shown.to_text())?;
            }
            if !shown.is_as_expected {
                ending = ending.max(Ending::Finding);
            }
        }
        let places = Places::of(&server);
        let maildir = maildir.display();
        if self.json {
            output::json(&serde_json::json!({ "maildir": maildir.to_string(), "places": places }))?;
        } else {
            output::line(format_args!("\nMaildir  {maildir}\n{places}"))?;
        }
        if self.once {
            server.drain().await;
            return Ok(ending);
        }
        IS_LOG_SHOWN.store(true, Ordering::Relaxed);
        if !self.json {
            output::line("serving; Ctrl-C ends")?;
        }
        let nothing = || Err("the demo has no configuration file".to_owned());
        server.run(Reload { read: Box::new(nothing), loaded: Vec::new(), stamp: Box::new(Vec::new) }).await?;
        Ok(ending)
    }
}

fn unstarted(told: &str) -> Ending {
    output::trouble(format_args!("demo: {told}"));
    Ending::Unreadable
}

/// The embedded defaults, with a free port wherever the default one is taken.
fn settings() -> Result<Settings, String> {
    let mut settings = Settings::load(None).map_err(|errors| errors.to_string())?;
    for place in settings.milter_listen.iter_mut().chain(&mut settings.lmtp_listen) {
        if let Place::Tcp(address) = place {
            free(address);
        }
    }
    settings.http_listen.iter_mut().for_each(free);
    Ok(settings)
}

fn free(address: &mut SocketAddr) {
    if TcpListener::bind(*address).is_err() {
        address.set_port(0);
    }
}

fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path).map(|path| path.components().collect())
}

/// What became of one sample.
#[derive(Debug, Serialize)]
struct Shown {
    sample: &'static str,
    action: &'static str,
    expected: &'static str,
    #[serde(rename = "as_expected")]
    is_as_expected: bool,
    reply: String,
    /// As the header of the delivered mail tells it; empty when it was refused.
    score: String,
    /// Where the mail lies; empty when it was refused.
    file: String,
    /// Value of X-Wehr-Symbols of the delivered mail; empty when it was refused.
    symbols: String,
}

impl Shown {
    fn to_text(&self) -> String {
        let mark = if self.is_as_expected { "" } else { "   NOT AS EXPECTED: " };
        let expected = if self.is_as_expected { "" } else { self.expected };
        let told = if self.symbols.is_empty() { &self.reply } else { &self.symbols };
        format!("{:22} {:10} {:>6} {told}{mark}{expected}", self.sample, self.action, self.score)
    }
}

/// Sends a sample and looks which of the two has a new mail.
async fn send(door: SocketAddr, sample: &'static Sample, maildir: &Path, quarantine: &Quarantine) -> Shown {
    let message = wire_form(sample.bytes.to_vec());
    let head = Head::parse(&message);
    let client = guess::client(&head).unwrap_or_default();
    let mut recipients = guess::recipients(&head);
    if recipients.is_empty() {
        recipients.push(Address::new("demo@school.example"));
    }
    recipients.truncate(1);
    let letter = Letter {
        client: Client { address: client.address, name: client.name, helo: client.helo, ..Client::default() },
        sender: guess::sender(&head).unwrap_or_default(),
        recipients,
        message: &message,
    };
    let set_aside = || quarantine.ids().unwrap_or_default().into_iter().collect::<BTreeSet<String>>();
    let (before, aside_before) = (mails(maildir), set_aside());
    let reply = match hand_over(door, &letter).await {
        Ok(replies) => replies.into_iter().next().unwrap_or_default(),
        Err(error) => format!("the door failed: {error}"),
    };
    let (after, aside_after) = (mails(maildir), set_aside());
    let delivered = after.difference(&before).next();
    let aside = aside_after.difference(&aside_before).next();
    let raw = match (delivered, aside) {
        (Some(file), _) => fs::read(file).unwrap_or_default(),
        (None, Some(id)) => quarantine.entry(id).and_then(|entry| entry.message()).unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    let (verdict, symbols) = stamped(raw);
    let action = match reply.bytes().next() {
        Some(b'2') if delivered.is_some() && verdict.starts_with("action=tag") => Action::Tag.word(),
        Some(b'2') if delivered.is_some() && verdict.starts_with("action=accept") => Action::Accept.word(),
        Some(b'2') if aside.is_some() => Action::Quarantine.word(),
        // Accepted and nowhere to be found: the one thing that must not happen.
        Some(b'2') => "lost",
        Some(b'4') => Action::Defer.word(),
        Some(b'5') => Action::Reject.word(),
        _ => "failed",
    };
    let expected = sample.expected.word();
    let score = verdict.split("score=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default().to_owned();
    let file = delivered.cloned().or_else(|| aside.map(|id| quarantine.folder().join(id).join("message")));
    let file = file.and_then(|file| absolute(&file).ok()).map(|file| file.display().to_string()).unwrap_or_default();
    Shown { sample: sample.name, action, expected, is_as_expected: action == expected, reply, score, file, symbols }
}

/// Every mail below a folder of Maildirs: the files in folders called `new`.
fn mails(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let is_new = folder.ends_with("new");
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) if is_new => drop(found.insert(entry.path())),
                _ => {}
            }
        }
    }
    found
}

/// Values of X-Wehr-Verdict and X-Wehr-Symbols of a mail.
fn stamped(raw: Vec<u8>) -> (String, String) {
    let raw = wire_form(raw);
    let head = Head::parse(&raw);
    let value = |name: &str| head.first(name).map(|field| field.text().replace('\t', " ")).unwrap_or_default();
    (value("X-Wehr-Verdict"), value("X-Wehr-Symbols"))
}
