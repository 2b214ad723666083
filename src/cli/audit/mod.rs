//! `wehr audit`: one ordered report of what an installation does with mail and data, for auditors and data protection officers.
//!
//! Reads the configuration and the files it names; judges the drill's sample mails; contacts nobody and changes nothing.

pub mod machine;
pub mod outside;
pub mod policy;
pub mod secrets;

use super::output::{self, Ending, printable};
use crate::{config::Settings, limits, world::clock};
use clap::Args;
use serde::Serialize;
use std::{io, path::PathBuf};

/// Tell in order what this installation does with mail and data, and what an auditor would find.
///
/// Each line is `ok` or `finding`, with what, where and why. Sections: version, egress, listeners, retention, secrets,
/// encryption, forgery, failure, bounds, hardening. `docs/privacy.md` says what to do with a finding.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 nothing is found; 1 there is a finding; 2 the configuration is wrong

Example:
  wehr audit || test $? = 1")]
pub struct Audit {
    /// The configuration; without it the embedded defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Days that readable mail, and keys to it, may be kept without a finding
    #[arg(long, value_name = "DAYS", default_value_t = limits::AUDIT_DAYS_MAX)]
    days_max: u64,
    /// One JSON object a line: section, state, what, where, why
    #[arg(long)]
    json: bool,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub section: &'static str,
    /// `ok` or `finding`.
    pub state: &'static str,
    pub what: String,
    /// A key of the configuration, a file, or a folder.
    #[serde(rename = "where")]
    pub place: String,
    pub why: String,
}

/// Lines of one section.
pub struct Section {
    name: &'static str,
    lines: Vec<Line>,
}

impl Section {
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, lines: Vec::new() }
    }

    /// One line; a finding unless it `is_fine`.
    pub fn tell(&mut self, is_fine: bool, what: impl Into<String>, place: impl Into<String>, why: impl Into<String>) {
        let state = if is_fine { "ok" } else { "finding" };
        let (what, place, why) = (what.into(), place.into(), why.into());
        self.lines.push(Line { section: self.name, state, what, place, why });
    }
}

impl Audit {
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
        let lines = match self.lines(&settings) {
            Ok(lines) => lines,
            Err(told) => {
                output::trouble(told);
                return Ok(Ending::Unreadable);
            }
        };
        let findings = lines.iter().filter(|line| line.state == "finding").count();
        let mut section = "";
        for line in &lines {
            if self.json {
                output::json(line)?;
                continue;
            }
            if line.section != section {
                section = line.section;
                output::line(format_args!("\n{section}"))?;
            }
            let (what, place, why) = (printable(&line.what), printable(&line.place), printable(&line.why));
            output::line(format_args!("  {:7}  {what}  [{place}]\n           {why}", line.state))?;
        }
        if !self.json {
            output::line(format_args!("\n{findings} findings"))?;
        }
        Ok(if findings > 0 { Ending::Finding } else { Ending::Fine })
    }

    /// The report, section by section.
    fn lines(&self, settings: &Settings) -> Result<Vec<Line>, String> {
        let rulebook = settings.rulebook().map_err(|errors| errors.to_string())?;
        let keyring = settings.keyring().map_err(|errors| errors.to_string())?;
        let now = clock::now();
        let config = self.config.as_deref();
        let sections = [
            machine::version(config, &rulebook),
            outside::egress(settings),
            outside::listeners(settings),
            secrets::retention(settings, self.days_max, now),
            secrets::secrets(config, settings, &keyring, now),
            policy::encryption(settings, &rulebook.encryption),
            policy::forgery(settings, &rulebook),
            policy::failure(settings)?,
            machine::bounds(settings),
            machine::hardening(settings),
        ];
        Ok(sections.into_iter().flat_map(|section| section.lines).collect())
    }
}
