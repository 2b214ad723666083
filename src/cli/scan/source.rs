//! What is to be judged and under which circumstances: the options that `scan` and `explain` share.
//!
//! Reads the command line's values, the configuration and the rules.

use super::{
    bench::Bench,
    outside::{Names, Outside},
};
use crate::{
    cli::output::{self, Ending},
    config::Settings,
    explain::judged::{Judged, Said},
    judge::{document::Errors, policy::verdict::Action},
    mail::{address::Address, envelope::Tls, timestamp::Timestamp},
    world::place::Place,
};
use clap::{Args, builder::TypedValueParser};
use std::{
    ffi::OsString,
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Messages and circumstances.
#[derive(Debug, Args)]
pub struct Source {
    /// Address of the client that handed the mail over
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// What the client said in HELO or EHLO
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    helo: Option<OsString>,
    /// Reverse-path, verbatim; '<>' is the null sender
    #[arg(long, value_name = "ADDR", allow_hyphen_values = true)]
    from: Option<OsString>,
    /// Recipient, verbatim; may be given several times
    #[arg(long, value_name = "ADDR", allow_hyphen_values = true)]
    to: Vec<OsString>,
    /// TLS version of the client's session, for example TLSv1.3, or none
    #[arg(long, value_name = "VERSION")]
    tls: Option<String>,
    /// Zone file (RFC 1035) that is the whole of DNS
    #[arg(long, value_name = "ZONEFILE", conflicts_with = "resolver")]
    dns: Option<PathBuf>,
    /// Name server to ask, ADDRESS:PORT; without it and --dns nobody is asked
    #[arg(long, value_name = "ADDRESS:PORT")]
    resolver: Option<SocketAddr>,
    /// Virus scanner, unix:PATH or HOST:PORT
    #[arg(long, value_name = "PLACE")]
    clamd: Option<Place>,
    /// When the mail arrived, for example 2026-03-01T09:14:07Z
    #[arg(long, value_name = "RFC3339", value_parser = clap::builder::NonEmptyStringValueParser::new().try_map(time))]
    at: Option<Timestamp>,
    /// Folder of rule files that replace the embedded packs
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Configuration whose policy and rules count
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object per message and line
    #[arg(long)]
    pub json: bool,
    /// Messages, folders, mboxes, case folders, or - for stdin
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
}

#[expect(clippy::needless_pass_by_value, reason = "the value parser hands the text over")]
fn time(text: String) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(&text).ok_or_else(|| "not an RFC 3339 time, for example 2026-03-01T09:14:07Z".to_owned())
}

impl Source {
    /// Judges every message and shows each; one that would not reach its mailbox is a finding.
    ///
    /// # Errors
    /// When `show` fails, for stdout is closed.
    pub fn judge(&self, mut show: impl FnMut(&Bench, &Judged) -> io::Result<()>) -> io::Result<Ending> {
        let bench = match self.bench() {
            Ok(bench) => bench,
            Err(told) => {
                output::trouble(told);
                return Ok(Ending::Unreadable);
            }
        };
        bench.run(&self.paths, |judged| {
            show(&bench, &judged)?;
            Ok(if judged.verdict.severest() >= Action::Quarantine { Ending::Finding } else { Ending::Fine })
        })
    }

    /// Reads configuration, rules and zone, and makes everything ready to judge.
    ///
    /// # Errors
    /// Everything that is wrong with the operator's files, one a line.
    fn bench(&self) -> Result<Bench, String> {
        let told = |errors: Errors| errors.to_string();
        let mut settings = Settings::load(self.config.as_deref()).map_err(told)?;
        if self.rules.is_some() {
            settings.rules_dir.clone_from(&self.rules);
        }
        let rulebook = settings.rulebook().map_err(told)?;
        let names = match (&self.dns, self.resolver) {
            (Some(file), _) => Names::zone(file)?,
            // The DNS library opens its sockets on the runtime, so the bench makes it.
            (None, Some(address)) => return self.finish(rulebook, &settings, Err(address)),
            (None, None) => Names::Nobody,
        };
        self.finish(rulebook, &settings, Ok(names))
    }

    fn finish(
        &self,
        rulebook: crate::judge::rulebook::Rulebook,
        settings: &Settings,
        names: Result<Names, SocketAddr>,
    ) -> Result<Bench, String> {
        let said = self.said();
        let (clamd, stream_bytes_max) = (self.clamd.clone(), settings.clamd_stream_bytes_max);
        Bench::new(rulebook, said, self.clamd.is_some() || names.is_err(), move |at_once| {
            let names = names.or_else(Names::server)?;
            Ok(Outside::new(names, clamd, stream_bytes_max, at_once))
        })
    }

    fn said(&self) -> Said {
        let text = |value: &OsString| value.to_string_lossy().into_owned();
        let tls = self.tls.as_ref().map(|version| {
            let is_none = version.is_empty() || version.eq_ignore_ascii_case("none");
            (!is_none).then(|| Tls { version: version.clone(), ..Tls::default() })
        });
        Said {
            address: self.ip,
            helo: self.helo.as_ref().map(text),
            sender: self.from.as_ref().map(|sender| Address::new(&text(sender))),
            recipients: self.to.iter().map(|recipient| Address::new(&text(recipient))).collect(),
            tls,
            received_at: self.at,
        }
    }
}
