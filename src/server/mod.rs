//! The server: binds the doors, reloads on SIGHUP and when rule files or lists change, drains on SIGTERM and SIGINT.
//!
//! Order of a start: bind every socket, then take mail; so a wrong address is an error at once, not a half-open door.

pub mod plan;

use crate::{
    config::watched::Stamp,
    doors::{
        checkv2,
        desk::{Desk, Parts},
        listener::{Listener, unbound},
        lmtp::{self, certificate::Certificate},
        milter, spamd,
    },
    limits,
    telemetry::{
        http::{self, Pages},
        metrics::Door,
    },
    web::{self, Api, Reloaded, tokens::Tokens},
    world::place::Place,
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinSet,
    time::{interval, timeout},
};

/// Everything a server is started with.
pub struct Plan {
    pub milter: Vec<Place>,
    pub milter_settings: milter::Settings,
    pub lmtp: Vec<Place>,
    pub lmtp_settings: Arc<lmtp::Settings>,
    pub http: Vec<SocketAddr>,
    /// Where the admin API listens, and for whom; `None`: nowhere.
    pub admin: Option<(Vec<SocketAddr>, Arc<Tokens>)>,
    pub check: Vec<Place>,
    pub spamd: Vec<Place>,
    pub connections_max: usize,
    pub desk: Arc<Desk>,
}

/// How a running server gets new parts.
pub struct Reload {
    /// Reads the configuration anew: new parts, or why the old ones stay.
    pub read: Box<dyn Fn() -> Result<Parts, String> + Send + Sync>,
    /// The watched files as they were before the running parts were read: what changed meanwhile is read again.
    pub loaded: Stamp,
    /// The watched files as they are.
    pub stamp: Box<dyn Fn() -> Stamp + Send + Sync>,
}

/// A server that takes mail.
pub struct Server {
    /// Where the doors listen, chosen ports included.
    pub milter: Vec<Place>,
    pub lmtp: Vec<Place>,
    pub http: Vec<SocketAddr>,
    pub admin: Vec<SocketAddr>,
    pub check: Vec<Place>,
    pub spamd: Vec<Place>,
    /// Reloads that the admin API asks for.
    asked: mpsc::Receiver<oneshot::Sender<Reloaded>>,
    desk: Arc<Desk>,
    is_ready: Arc<AtomicBool>,
    drain: watch::Sender<bool>,
    doors: JoinSet<()>,
    pages: JoinSet<()>,
    certificate: Option<Arc<Certificate>>,
    /// `None`: there is no admin API.
    api: Option<Api>,
}

impl Server {
    /// Binds every socket and takes mail.
    ///
    /// # Errors
    /// When a socket cannot be bound; the text names it.
    pub async fn start(plan: Plan) -> io::Result<Self> {
        allow_connections(plan.connections_max);
        let (drain, draining) = watch::channel(false);
        let milters = bind(&plan.milter).await?;
        let lmtps = bind(&plan.lmtp).await?;
        let checks = bind(&plan.check).await?;
        let spamds = bind(&plan.spamd).await?;
        let pages = bind_tcp(&plan.http).await?;
        let (admin, tokens) = plan.admin.unwrap_or_default();
        let admins = bind_tcp(&admin).await?;
        let (reload, asked) = mpsc::channel(1);
        let mut server = Self {
            milter: places(&milters),
            lmtp: places(&lmtps),
            admin: admins.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?,
            asked,
            check: places(&checks),
            spamd: places(&spamds),
            http: pages.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?,
            desk: Arc::clone(&plan.desk),
            is_ready: Arc::new(AtomicBool::new(true)),
            drain,
            doors: JoinSet::new(),
            pages: JoinSet::new(),
            certificate: plan.lmtp_settings.certificate.clone(),
            api: None,
        };
        let connections = Arc::new(Semaphore::new(plan.connections_max));
        for listener in milters {
            let (desk, settings) = (Arc::clone(&plan.desk), plan.milter_settings);
            let (metrics, connections) = (Arc::clone(desk.metrics()), Arc::clone(&connections));
            server.doors.spawn(listener.run(
                Door::Milter,
                metrics,
                connections,
                draining.clone(),
                move |stream, peer| milter::serve(stream, Arc::clone(&desk), settings, peer),
            ));
        }
        for listener in lmtps {
            let (desk, settings) = (Arc::clone(&plan.desk), Arc::clone(&plan.lmtp_settings));
            let (metrics, connections) = (Arc::clone(desk.metrics()), Arc::clone(&connections));
            server.doors.spawn(listener.run(
                Door::Lmtp,
                metrics,
                connections,
                draining.clone(),
                move |stream, peer| lmtp::serve(stream, Arc::clone(&desk), Arc::clone(&settings), peer),
            ));
        }
        server.open_trials(checks, spamds, &draining);
        for listener in pages {
            server.serve_pages(listener);
        }
        if !admins.is_empty() {
            let api = Api::new(&server.desk, tokens, &server.is_ready, reload, draining);
            for listener in admins {
                server.pages.spawn(web::serve(listener, api.clone()));
            }
            server.api = Some(api);
        }
        Ok(server)
    }

    /// Opens the doors that only ask; their connections are counted apart, so that they take none from those with mail.
    fn open_trials(&mut self, checks: Vec<Listener>, spamds: Vec<Listener>, draining: &watch::Receiver<bool>) {
        let metrics = Arc::clone(self.desk.metrics());
        let few = || Arc::new(Semaphore::new(limits::TRIAL_CONNECTIONS_MAX));
        let (for_checks, for_spamds) = (few(), few());
        for listener in checks {
            let desk = Arc::clone(&self.desk);
            let (metrics, few) = (Arc::clone(&metrics), Arc::clone(&for_checks));
            self.doors.spawn(listener.run(Door::Check, metrics, few, draining.clone(), move |stream, peer| {
                checkv2::serve(stream, Arc::clone(&desk), peer)
            }));
        }
        for listener in spamds {
            let desk = Arc::clone(&self.desk);
            let (metrics, few) = (Arc::clone(&metrics), Arc::clone(&for_spamds));
            self.doors.spawn(listener.run(Door::Spamd, metrics, few, draining.clone(), move |stream, peer| {
                spamd::serve(stream, Arc::clone(&desk), peer)
            }));
        }
    }

    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    fn serve_pages(&mut self, listener: TcpListener) {
        let shown = Pages { metrics: Arc::clone(self.desk.metrics()), is_ready: Arc::clone(&self.is_ready) };
        self.pages.spawn(async move {
            // The pages answer until the process ends: a drain is worth watching.
            if let Err(error) = http::serve(listener, shown, std::future::pending()).await {
                tracing::error!(%error, "http: the pages are gone");
            }
        });
    }

    /// Takes mail until SIGTERM or SIGINT, then drains; SIGHUP reloads.
    ///
    /// # Errors
    /// When the signals cannot be listened for.
    pub async fn run(mut self, mut reload: Reload) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut watch = interval(limits::RULES_WATCH_SECONDS);
        let mut sweeping = interval(limits::QUARANTINE_SWEEP_SECONDS);
        let mut seen = Vec::new();
        loop {
            tokio::select! {
                _ = watch.tick() => {
                    let now = (reload.stamp)();
                    // Twice the same, so that nothing is read while it is being written.
                    if now != reload.loaded && now == seen {
                        reload.loaded.clone_from(&now);
                        drop(self.reload(&reload));
                    }
                    seen = now;
                }
                _ = sweeping.tick() => drop(tokio::spawn(sweep(Arc::clone(&self.desk)))),
                _ = hangup.recv() => drop(self.reload(&reload)),
                Some(tell) = self.asked.recv() => {
                    // Who asked may have gone; the reload counts all the same.
                    let _ = tell.send(self.reload(&reload));
                }
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
            }
        }
        self.drain().await;
        Ok(())
    }

    fn reload(&self, reload: &Reload) -> Reloaded {
        let read = (reload.read)().and_then(|parts| {
            if let Some(certificate) = &self.certificate {
                certificate.reload()?;
            }
            Ok(parts)
        });
        match read {
            Ok(parts) => {
                let digest = parts.rulebook.digest.clone();
                self.desk.replace(parts);
                self.desk.metrics().reload(true);
                tracing::info!(rulebook = %digest, "reloaded");
                Ok(digest)
            }
            Err(why) => {
                self.desk.metrics().reload(false);
                tracing::error!("reload failed, the running configuration stays: {why}");
                Err(why)
            }
        }
    }

    /// Closes the doors, lets mails under way end, at most for `limits::DRAIN_SECONDS_MAX`.
    pub async fn drain(mut self) {
        self.is_ready.store(false, Ordering::Relaxed);
        self.drain.send_replace(true);
        tracing::info!("draining");
        let ended = async { while self.doors.join_next().await.is_some() {} };
        if timeout(limits::DRAIN_SECONDS_MAX, ended).await.is_err() {
            tracing::warn!("drain: mails under way were given up; their senders keep them");
        }
        if let Some(api) = &self.api {
            api.readers_leave().await;
        }
        self.pages.shutdown().await;
        tracing::info!("stopped");
    }
}

/// Deletes what the quarantine has kept long enough, and counts what it holds.
async fn sweep(desk: Arc<Desk>) {
    let Some(quarantine) = desk.quarantine() else { return };
    match quarantine.swept().await {
        Ok(census) => desk.metrics().quarantine(census.mails, census.octets, census.oldest_age),
        Err(error) => tracing::error!(folder = %quarantine.folder().display(), %error, "quarantine: cannot sweep"),
    }
}

/// Raises the soft limit of open files (often 1,024) so that every connection has one; says so when it cannot.
fn allow_connections(connections_max: usize) {
    let wanted = (connections_max + limits::OTHER_FILES_MAX) as u64;
    let got = rlimit::increase_nofile_limit(wanted).unwrap_or_default();
    if got < wanted {
        tracing::warn!(
            "{got} open files are allowed, {wanted} are needed for {connections_max} connections; raise LimitNOFILE \
             (systemd) or `ulimit -Hn`, or lower limits.connections_max"
        );
    }
}

async fn bind_tcp(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(TcpListener::bind(address).await.map_err(|error| unbound(address, &error))?);
    }
    Ok(listeners)
}

fn places(listeners: &[Listener]) -> Vec<Place> {
    listeners.iter().map(|listener| listener.place().clone()).collect()
}

async fn bind(places: &[Place]) -> io::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for place in places {
        listeners.push(Listener::bind(place).await?);
    }
    Ok(listeners)
}
