//! From the configuration to a server's parts: rulebook, world, mailstore, quarantine.
//!
//! Opens what has to be open before the first mail (certificates, roots), and says what is wrong with it.

use super::{Anew, Plan, Reload, hardening::reach::Reach};
use crate::{
    config::{
        Destination, Settings, egress,
        watched::{self, Stamp},
    },
    doors::{
        deliver::{
            self, Mailstore,
            lmtp::stream::{Place, Tls},
            maildir::Maildir,
        },
        desk::{Desk, Files, Limits, Parts},
        digest::{self, Digests, pass::Secrets},
        directory::Directory,
        faults::Faults,
        lmtp,
        log_keys::LogKeys,
        milter,
        quarantine::Quarantine,
        record::{self, Recorder},
    },
    judge::{checks, document::Errors},
    limits,
    telemetry::metrics::Metrics,
    world::{World, clamd, dns, live},
};
use arc_swap::ArcSwap;
use std::{path::PathBuf, sync::Arc, thread};

/// A plan for these settings.
///
/// # Errors
/// What keeps the server from starting, in words.
pub fn plan(settings: &Settings, metrics: Arc<Metrics>) -> Result<Plan, String> {
    let world: Arc<dyn World> = Arc::new(live::Live::new(&world(settings), Arc::clone(&metrics))?);
    let parts = parts(settings, world, &metrics)?;
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
    let memory_bytes_max = limits.memory_bytes_max(threads);
    metrics.memory_bytes_max(memory_bytes_max);
    tracing::info!(threads, memory_mib_max = memory_bytes_max >> 20, "mails take at most so much memory");
    let desk = Desk::new(parts, metrics, limits, pool);
    // Keys that are too old go before the first line is written.
    let keys = LogKeys::new(settings.log.clone());
    super::swept(&keys);
    desk.name_by(Arc::new(keys));
    desk.name_files(files(settings));
    desk.ask_for_keys(directory(settings, &desk)?);
    Ok(Plan {
        milter: settings.milter_listen.clone(),
        milter_settings: milter::Settings::default(),
        lmtp: settings.lmtp_listen.clone(),
        lmtp_settings: Arc::new(lmtp_settings(settings)?),
        http: settings.http_listen.clone(),
        admin: settings.admin_tokens.clone().map(|tokens| (settings.admin_listen.clone(), tokens)),
        mailbox: settings.mailbox_listen.clone(),
        digests: settings.digest.clone().map(digests).transpose()?,
        check: settings.check_listen.clone(),
        spamd: settings.spamd_listen.clone(),
        connections_max: settings.connections_max,
        desk,
    })
}

/// Reads the same configuration file again; what is bound to sockets stays as it was `started`, and is told.
///
/// `loaded` is the stamp of the watched files from before the start; `reach` what this process may open, where that is bounded.
#[must_use]
pub fn reload(
    file: Option<PathBuf>,
    record: Option<PathBuf>,
    started: Settings,
    loaded: Stamp,
    desk: &Arc<Desk>,
    reach: Option<Reach>,
) -> Reload {
    let desk = Arc::clone(desk);
    // Where things are read from may change with the configuration.
    let current = Arc::new(ArcSwap::from_pointee(started.clone()));
    let looked = Arc::clone(&current);
    let stamp = Box::new(move || watched::stamp(&looked.load()));
    let read = Box::new(move || {
        let mut settings = Settings::load_recording(file.as_deref(), record.as_deref())
            .map_err(|errors| hinted(&errors, reach.as_ref()))?;
        settings.is_egress_denied |= started.is_egress_denied;
        object(&settings)?;
        if let Some(reach) = &reach {
            let lacks = reach.lacks(&Reach::of(file.as_deref(), &settings));
            if !lacks.is_empty() {
                return Err(format!("landlock keeps this process from {}; restart it", lacks.join(", ")));
            }
        }
        let parts = parts(&settings, Arc::clone(desk.world()), desk.metrics())?;
        let directory = directory(&settings, &desk)?;
        desk.name_files(files(&settings));
        desk.ask_for_keys(directory);
        let keys = unheeded(&started, &settings);
        let (tokens, log) = (settings.admin_tokens.clone().unwrap_or_default(), settings.log.clone());
        current.store(Arc::new(settings));
        if !keys.is_empty() {
            tracing::warn!(keys = keys.join(" "), "these keys have changed and count only after a restart");
        }
        Ok(Anew { parts, tokens, log })
    });
    Reload { read, loaded, stamp }
}

/// A file that cannot be read may be one that this process may not read any more.
fn hinted(errors: &Errors, reach: Option<&Reach>) -> String {
    let mut told = errors.to_string();
    if reach.is_some() && ["readable", "cannot read", "ermission denied"].iter().any(|word| told.contains(word)) {
        told.push_str("\nlandlock is in force: files outside of the folders that were named at the start can be read after a restart");
    }
    told
}

/// What the admin API writes.
fn files(settings: &Settings) -> Files {
    Files { model: settings.model_file.clone(), subjects: settings.subjects_file.clone() }
}

/// Who is asked for keys; what those of before have said still counts where nothing about them changed.
fn directory(settings: &Settings, desk: &Desk) -> Result<Option<Arc<Directory>>, String> {
    let wanted = &settings.directories;
    match desk.directory() {
        _ if wanted.is_empty() => Ok(None),
        Some(present) if present.settings() == wanted => Ok(Some(present)),
        _ => Directory::new(wanted, desk.world(), Arc::clone(desk.metrics())).map(Arc::new).map(Some),
    }
}

/// Keys that a reload does not heed and whose values differ.
fn unheeded(started: &Settings, now: &Settings) -> Vec<&'static str> {
    let keys = [
        ("milter.listen", started.milter_listen != now.milter_listen),
        ("lmtp.listen", started.lmtp_listen != now.lmtp_listen),
        ("lmtp.trusted_peers", started.lmtp_trusted_peers != now.lmtp_trusted_peers),
        ("lmtp.certificate lmtp.key", started.lmtp_keys != now.lmtp_keys),
        ("http.listen", started.http_listen != now.http_listen),
        ("http.check_listen", started.check_listen != now.check_listen),
        ("http.admin_listen", started.admin_listen != now.admin_listen),
        ("http.mailbox_listen", started.mailbox_listen != now.mailbox_listen),
        ("quarantine.digest", started.digest != now.digest),
        ("http.admin_tokens", started.admin_tokens.is_none() && now.admin_tokens.is_some()),
        ("spamd.listen", started.spamd_listen != now.spamd_listen),
        ("clamd.address", started.clamd != now.clamd),
        ("clamd.stream_bytes_max", started.clamd_stream_bytes_max != now.clamd_stream_bytes_max),
        ("state.url", started.state != now.state),
        ("dns.resolvers", started.resolvers != now.resolvers),
        ("limits.message_bytes_max", started.message_bytes_max != now.message_bytes_max),
        ("limits.spool_memory_bytes_max", started.spool_memory_bytes_max != now.spool_memory_bytes_max),
        ("hardening.landlock hardening.seccomp", started.hardening != now.hardening),
        ("limits.connections_max", started.connections_max != now.connections_max),
    ];
    keys.into_iter().filter(|(_, has_changed)| *has_changed).map(|(key, _)| key).collect()
}

/// Refuses destinations that are denied.
fn object(settings: &Settings) -> Result<(), String> {
    let told = if settings.is_egress_denied { egress::objections(settings) } else { Vec::new() };
    let told: Vec<String> = told.into_iter().map(|(_, what)| what).collect();
    if told.is_empty() { Ok(()) } else { Err(told.join("\n")) }
}

fn parts(settings: &Settings, world: Arc<dyn World>, metrics: &Arc<Metrics>) -> Result<Parts, String> {
    object(settings)?;
    let rulebook = settings.rulebook().map_err(|errors| errors.to_string())?;
    Ok(Parts {
        rulebook: Arc::new(rulebook),
        world,
        mailstore: Some(Arc::new(mailstore(settings)?)),
        faults: Some(Arc::new(Faults::new(settings.faults_folder()))),
        quarantine: Some(Arc::new(Quarantine::start(&settings.quarantine)?)),
        recorder: settings.record.as_ref().map(|record| recorder(record, metrics)).transpose()?,
        keyring: Arc::new(settings.keyring().map_err(|errors| errors.to_string())?),
        checks: checks::ALL,
    })
}

/// Digests whose links can be signed; the secret is made where there is none.
fn digests(settings: digest::Settings) -> Result<Arc<Digests>, String> {
    Secrets::make(&settings.secret).map(|_| Arc::new(Digests::new(settings)))
}

fn recorder(record: &record::Settings, metrics: &Arc<Metrics>) -> Result<Arc<Recorder>, String> {
    let started = Recorder::start(record.clone(), Arc::clone(metrics));
    started.map(Arc::new).map_err(|error| format!("record.folder {}: {error}", record.folder.display()))
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
        store: Some(settings.state.clone()),
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

/// Where this configuration delivers to.
///
/// # Errors
/// What is wrong with its certificates, in words.
pub fn mailstore(settings: &Settings) -> Result<Mailstore, String> {
    let (place, start) = match &settings.deliver_to {
        Destination::Maildir(folder) => {
            return Ok(Mailstore::Maildir(Maildir::new(folder.clone(), &settings.authserv_id)));
        }
        Destination::Unix(path) => (Place::Unix(path.clone()), None),
        Destination::Tcp { host, port, tls } => (Place::tcp(host, *port), *tls),
    };
    let tls = start.map(|start| Tls {
        start,
        roots: settings.deliver_authorities.clone(),
        server_name: settings.deliver_server_name.clone(),
        client: settings.deliver_keys.clone().map(|keys| (keys.certificate, keys.key)),
    });
    let client =
        deliver::lmtp::Client::new(deliver::lmtp::Settings { place, tls, hostname: settings.authserv_id.clone() });
    client.map(Mailstore::Lmtp).map_err(|error| format!("deliver.to: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Server;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::timeout;

    #[test]
    fn what_a_reload_does_not_heed_is_told() {
        let started = Settings::load(None).unwrap();
        let mut now = started.clone();
        assert_eq!(unheeded(&started, &now), [""; 0]);
        now.resolvers = vec!["192.0.2.53:53".parse().unwrap()];
        now.lmtp_listen.clear();
        now.thresholds = started.thresholds;
        assert_eq!(unheeded(&started, &now), ["lmtp.listen", "dns.resolvers"]);
    }

    #[tokio::test(start_paused = true)]
    async fn files_that_changed_while_the_server_started_are_read_once_more() {
        let mut settings = Settings::load(None).unwrap();
        settings.milter_listen.clear();
        settings.lmtp_listen.clear();
        settings.http_listen.clear();
        let plan = plan(&settings, Arc::new(Metrics::new().unwrap())).unwrap();
        let server = Server::start(plan).await.unwrap();
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let read = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Err("not this time".to_owned())
        };
        let changed = || vec![(PathBuf::from("a.toml"), 1, None)];
        let reload = Reload { read: Box::new(read), loaded: Vec::new(), stamp: Box::new(changed) };
        assert!(timeout(10 * limits::RULES_WATCH_SECONDS, server.run(reload)).await.is_err());
        assert_eq!(reads.load(Ordering::Relaxed), 1);
    }
}
