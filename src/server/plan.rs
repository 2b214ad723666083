//! From the configuration to a server's parts: rulebook, world, mailstore, quarantine.
//!
//! Opens what has to be open before the first mail (certificates, roots), and says what is wrong with it.

use super::{Plan, Reload};
use crate::{
    config::{Destination, Settings},
    doors::{
        deliver::{
            self, Mailstore,
            lmtp::stream::{Place, Tls, TlsStart},
            maildir::Maildir,
        },
        desk::{Desk, Limits, Parts},
        faults::Faults,
        lmtp, milter,
        quarantine::Quarantine,
    },
    judge::checks,
    limits,
    telemetry::metrics::Metrics,
    world::{World, clamd, dns, live},
};
use std::{path::PathBuf, sync::Arc, thread};

/// A plan for these settings.
///
/// # Errors
/// What keeps the server from starting, in words.
pub fn plan(settings: &Settings, metrics: Arc<Metrics>) -> Result<Plan, String> {
    let world: Arc<dyn World> = Arc::new(live::Live::new(&world(settings), Arc::clone(&metrics))?);
    let parts = parts(settings, world)?;
    let limits = Limits {
        message_bytes_max: settings.message_bytes_max,
        spool_memory_bytes_max: settings.spool_memory_bytes_max,
        ..Limits::default()
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|number| format!("judge-{number}"))
        .build()
        .map_err(|error| format!("cannot start the judge's threads: {error}"))?;
    Ok(Plan {
        milter: settings.milter_listen.clone(),
        milter_settings: milter::Settings::default(),
        lmtp: settings.lmtp_listen.clone(),
        lmtp_settings: Arc::new(lmtp_settings(settings)?),
        http: settings.http_listen.clone(),
        connections_max: settings.connections_max,
        desk: Desk::new(parts, metrics, limits, pool),
    })
}

/// Reads the same configuration file again; sockets, scanner and name servers stay as they are until a restart.
#[must_use]
pub fn reload(file: Option<PathBuf>, desk: &Arc<Desk>) -> Reload {
    let world = Arc::clone(desk.world());
    Box::new(move || {
        let settings = Settings::load(file.as_deref()).map_err(|errors| errors.to_string())?;
        parts(&settings, Arc::clone(&world))
    })
}

fn parts(settings: &Settings, world: Arc<dyn World>) -> Result<Parts, String> {
    let rulebook = settings.rulebook().map_err(|errors| errors.to_string())?;
    Ok(Parts {
        rulebook: Arc::new(rulebook),
        world,
        mailstore: Some(Arc::new(mailstore(settings)?)),
        quarantine: Some(Arc::new(Quarantine::new(settings.quarantine_folder.clone(), &settings.authserv_id))),
        faults: Some(Arc::new(Faults::new(settings.state.with_file_name("faults")))),
        checks: checks::ALL,
    })
}

fn world(settings: &Settings) -> live::Settings {
    live::Settings {
        dns: dns::Settings { resolvers: settings.resolvers.clone(), timeout: limits::DNS_SECONDS_MAX },
        clamd: settings.clamd.clone().map(|place| clamd::Settings {
            place,
            stream_bytes_max: Some(settings.clamd_stream_bytes_max),
            connections_max: limits::CLAMD_CONNECTIONS_MAX,
            timeout: limits::SCAN_SECONDS_MAX,
        }),
    }
}

fn lmtp_settings(settings: &Settings) -> Result<lmtp::Settings, String> {
    let mut door = lmtp::Settings::new(&settings.authserv_id);
    door.trusted_peers.clone_from(&settings.lmtp_trusted_peers);
    if let Some(keys) = &settings.lmtp_keys {
        door.certificate = Some(Arc::new(lmtp::certificate::Certificate::load(&keys.certificate, &keys.key)?));
    }
    Ok(door)
}

fn mailstore(settings: &Settings) -> Result<Mailstore, String> {
    let (place, is_secured) = match &settings.deliver_to {
        Destination::Maildir(folder) => {
            return Ok(Mailstore::Maildir(Maildir::new(folder.clone(), &settings.authserv_id)));
        }
        Destination::Unix(path) => (Place::Unix(path.clone()), false),
        Destination::Tcp { host, port, tls } => (Place::tcp(host, *port), *tls),
    };
    let tls = is_secured.then(|| Tls {
        start: TlsStart::Immediate,
        roots: settings.deliver_authorities.clone(),
        server_name: settings.deliver_server_name.clone(),
    });
    let client =
        deliver::lmtp::Client::new(deliver::lmtp::Settings { place, tls, hostname: settings.authserv_id.clone() });
    client.map(Mailstore::Lmtp).map_err(|error| format!("deliver.to: {error}"))
}
