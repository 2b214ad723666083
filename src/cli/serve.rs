//! `wehr serve`: takes mail until SIGTERM or SIGINT.
//!
//! Starts the runtime and the log.

use super::output::{self, Ending};
use crate::{
    config::{Settings, watched},
    server::{Given, Server, handed::Handed, hardening::harden, plan},
    telemetry::metrics::Metrics,
    world::place::Place,
};
use clap::{Args, ValueEnum};
use std::{
    fmt::Display,
    io::{self, IsTerminal},
    panic,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::runtime::Runtime;
use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Take mail through the milter and LMTP doors until SIGTERM or Ctrl-C; SIGHUP reads the configuration anew.
///
/// Without --config the embedded defaults count: milter on 127.0.0.1:8894, LMTP on 127.0.0.1:8024 delivering to a Maildir
/// under ./wehr-data, metrics on 127.0.0.1:8080, and nobody outside is asked.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 stopped by a signal; 2 the configuration is wrong or a socket cannot be bound

Example:
  wehr serve")]
pub struct Serve {
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Record cases of judged mails in this folder, of the recipients of record.recipients; in place of record.folder
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Form of the log on stderr
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    log: Form,
    /// Refuse to start, and to reload, with a destination that is neither on this machine nor in egress.allowed
    #[arg(long)]
    deny_egress: bool,
    /// Where the doors listen, as one JSON object on stdout once they do
    #[arg(long)]
    json: bool,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Form {
    Text,
    Json,
}

/// A server always logs.
static SHOWN: AtomicBool = AtomicBool::new(true);

impl Serve {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed before the doors are open.
    pub fn run(self) -> io::Result<Ending> {
        let mut settings = match Settings::load_recording(self.config.as_deref(), self.record.as_deref()) {
            Ok(settings) => settings,
            Err(errors) => return Ok(refused(errors)),
        };
        settings.is_egress_denied |= self.deny_egress;
        log(self.log, Level::INFO, &SHOWN);
        // Before any other thread is there: what they may do is taken from this one.
        let given = match given(self.config.as_deref(), &settings) {
            Ok(given) => given,
            Err(told) => return Ok(refused(told)),
        };
        let runtime = Runtime::new()?;
        runtime.block_on(async {
            let loaded = watched::stamp(&settings);
            let reach = given.hardening.reach.clone();
            let server = match start_with(&settings, given).await {
                Ok(server) => server,
                Err(told) => return Ok(refused(told)),
            };
            let places = Places::of(&server);
            if self.json {
                output::json(&places)?;
            } else {
                output::line(&places)?;
            }
            let reload = plan::reload(self.config, self.record, settings, loaded, server.desk(), reach);
            server.run(reload).await?;
            Ok(Ending::Fine)
        })
    }
}

/// Sockets that were handed over, and what this process gives away.
fn given(config: Option<&Path>, settings: &Settings) -> Result<Given, String> {
    let sockets = Handed::take().map_err(|error| error.to_string())?;
    Ok(Given { sockets, hardening: harden(config, settings)? })
}

/// Starts a server for these settings.
///
/// # Errors
/// What keeps it from starting, in words.
pub async fn start(settings: &Settings) -> Result<Server, String> {
    start_with(settings, Given::default()).await
}

async fn start_with(settings: &Settings, given: Given) -> Result<Server, String> {
    let metrics = Metrics::new().map_err(|error| error.to_string())?;
    let plan = plan::plan(settings, Arc::new(metrics))?;
    Server::start_with(plan, given).await.map_err(|error| error.to_string())
}

/// Begins to log on stderr, whenever `is_shown` is set. A log that is there already stays.
pub fn log(form: Form, level: Level, is_shown: &'static AtomicBool) {
    let writer = || -> Box<dyn io::Write> {
        if is_shown.load(Ordering::Relaxed) { Box::new(io::stderr()) } else { Box::new(io::sink()) }
    };
    let lines = tracing_subscriber::fmt().with_writer(writer).with_max_level(level);
    // What libraries would tell may hold names and addresses of mails: nobody types it.
    let ours = Targets::new().with_target("wehr", level).with_target("mail", level);
    let _ = match form {
        Form::Text => lines.with_ansi(io::stderr().is_terminal()).finish().with(ours).try_init(),
        Form::Json => lines.json().flatten_event(true).finish().with(ours).try_init(),
    };
    // The text of a panic may quote a mail; its place does not.
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a thread panicked");
    }));
}

fn refused(told: impl Display) -> Ending {
    output::trouble(told);
    Ending::Unreadable
}

/// Where a server listens.
#[derive(Debug, serde::Serialize)]
pub struct Places {
    pub milter: Vec<String>,
    pub lmtp: Vec<String>,
    /// URL of the metrics.
    pub metrics: Vec<String>,
    /// URL of the admin API.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admin: Vec<String>,
    /// URL of the page of recipients, without its token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mailbox: Vec<String>,
    /// URL of `/checkv2`, or its unix socket.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub check: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spamd: Vec<String>,
}

impl Places {
    #[must_use]
    pub fn of(server: &Server) -> Self {
        let texts = |places: &[Place]| places.iter().map(ToString::to_string).collect();
        Self {
            milter: texts(&server.milter),
            lmtp: texts(&server.lmtp),
            metrics: server.http.iter().map(|address| format!("http://{address}/metrics")).collect(),
            admin: server.admin.iter().map(|address| format!("http://{address}/api/v1")).collect(),
            mailbox: server.mailbox.iter().map(|address| format!("http://{address}/")).collect(),
            check: server.check.iter().map(check_url).collect(),
            spamd: texts(&server.spamd),
        }
    }
}

impl Display for Places {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |places: &[String]| if places.is_empty() { "closed".to_owned() } else { places.join(", ") };
        writeln!(out, "milter   {}", list(&self.milter))?;
        writeln!(out, "LMTP     {}", list(&self.lmtp))?;
        write!(out, "metrics  {}", list(&self.metrics))?;
        let more =
            [("admin", &self.admin), ("mailbox", &self.mailbox), ("checkv2", &self.check), ("spamd", &self.spamd)];
        for (label, places) in more {
            if !places.is_empty() {
                write!(out, "\n{label:8} {}", list(places))?;
            }
        }
        Ok(())
    }
}

fn check_url(place: &Place) -> String {
    match place {
        Place::Tcp(address) => format!("http://{address}/checkv2"),
        Place::Unix(_) => place.to_string(),
    }
}
