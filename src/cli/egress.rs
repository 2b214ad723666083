//! `wehr egress`: every destination that the configuration can contact, and what goes there.
//!
//! Reads the configuration; contacts nobody.

use super::output::{self, Ending};
use crate::{
    config::{
        Settings,
        egress::{self, Contact},
    },
    judge::{
        entry::{Entry, Sort},
        facts::{Digest, Name, Question},
    },
    mail::address::Domain,
};
use clap::Args;
use serde::Serialize;
use std::{
    fmt::{self, Display},
    io,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

/// Print every destination the configuration can contact, and what of a mail goes there in each exchange.
///
/// Nothing else is contacted. `egress.mode = "deny"` in the configuration, or `wehr serve --deny-egress`, refuses to start
/// (and to reload) with a destination that is neither on this machine nor listed in `egress.allowed`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 every destination is on this machine or listed; 1 one is not; 2 the configuration is wrong

Example:
  printf '[dns]\\nresolvers = [\"192.0.2.53\"]\\n[egress]\\nallowed = [\"192.0.2.53:53\"]\\n' > wehr.toml && wehr egress --config wehr.toml")]
pub struct Egress {
    /// Configuration file; without it the embedded defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Told {
    /// `allow` or `deny`.
    mode: &'static str,
    destinations: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Shown {
    key: &'static str,
    destination: String,
    protocol: &'static str,
    /// On this machine: a unix socket, or loopback.
    is_local: bool,
    /// Local, or in `egress.allowed`.
    is_allowed: bool,
    data: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Part {
    kind: &'static str,
    contents: &'static str,
    times: &'static str,
}

impl Egress {
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
        let contacts = egress::contacts(&settings, &questions());
        let destinations: Vec<Shown> = contacts.iter().map(|contact| shown(&settings, contact)).collect();
        let is_open = destinations.iter().any(|shown| !shown.is_allowed);
        let mode = if settings.is_egress_denied { "deny" } else { "allow" };
        let told = Told { mode, destinations };
        if self.json {
            output::json(&told)?;
        } else {
            output::line(&told)?;
        }
        Ok(if is_open { Ending::Finding } else { Ending::Fine })
    }
}

/// One question of each kind.
pub(super) fn questions() -> Vec<Question> {
    let name = || Name::new("example");
    let mut questions = vec![
        Question::Txt(name()),
        Question::Ipv4(name()),
        Question::Ipv6(name()),
        Question::Mx(name()),
        Question::Names(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        Question::Virus,
    ];
    questions.extend(Domain::parse("example").map(Question::Partner));
    questions.push(Question::Stored(Entry::new(Sort::Triplet, "example")));
    questions.extend(Digest::parse(&"0".repeat(64)).map(Question::Inner));
    questions
}

fn shown(settings: &Settings, contact: &Contact) -> Shown {
    let data = contact.data.iter().map(|data| Part { kind: data.kind, contents: data.contents, times: data.times });
    Shown {
        key: contact.key,
        destination: contact.target.to_string(),
        protocol: contact.protocol,
        is_local: contact.target.is_local(),
        is_allowed: egress::is_allowed(settings, &contact.target),
        data: data.collect(),
    }
}

impl Display for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.destinations.len();
        write!(out, "{count} destinations; egress.mode is {}", self.mode)?;
        if count == 0 {
            write!(out, "; nobody is contacted")?;
        }
        for shown in &self.destinations {
            let place = match (shown.is_local, shown.is_allowed) {
                (true, _) => "on this machine",
                (false, true) => "listed",
                (false, false) => "NOT LISTED",
            };
            write!(out, "\n\n{} ({}; {place})\n  {}", shown.destination, shown.key, shown.protocol)?;
            for Part { kind, contents, times } in &shown.data {
                write!(out, "\n  {kind}: {contents}\n      {times}")?;
            }
        }
        Ok(())
    }
}
