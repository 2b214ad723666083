//! The server: binds the doors, reloads on SIGHUP and when rule files or lists change, drains on SIGTERM and SIGINT.
//!
//! Order of a start: bind every socket, then take mail; so a wrong address is an error at once, not a half-open door.

pub mod handed;
pub mod hardening;
pub mod notify;
pub mod plan;

use self::handed::{Handed, Socket};

use crate::{
    config::watched::Stamp,
    doors::{
        checkv2,
        desk::{Desk, Parts},
        digest::Digests,
        listener::{Listener, unbound},
        lmtp::{self, certificate::Certificate},
        log_keys::{self, LogKeys},
        milter, spamd,
    },
    limits,
    telemetry::{
        http::{self, Pages},
        metrics::Door,
    },
    web::{
        self, Api, Reloaded,
        mailbox::{self, Mailbox},
        tokens::Tokens,
    },
    world::{clock, place::Place},
};
use arc_swap::ArcSwap;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
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
    /// Where recipients see what is held for them.
    pub mailbox: Vec<SocketAddr>,
    /// `None`: recipients are not told.
    pub digests: Option<Arc<Digests>>,
    pub check: Vec<Place>,
    pub spamd: Vec<Place>,
    pub connections_max: usize,
    pub desk: Arc<Desk>,
}

/// What the process has besides its configuration.
#[derive(Debug, Default)]
pub struct Given {
    pub sockets: Handed,
    /// What the process has given away, for `/readyz`.
    pub hardening: hardening::InForce,
}

/// How a running server gets new parts.
pub struct Reload {
    /// Reads the configuration anew, or tells why the old one stays.
    pub read: Box<dyn Fn() -> Result<Anew, String> + Send + Sync>,
    /// The watched files as they were before the running parts were read: what changed meanwhile is read again.
    pub loaded: Stamp,
    /// The watched files as they are.
    pub stamp: Box<dyn Fn() -> Stamp + Send + Sync>,
}

/// What a reload puts in place, all of it or nothing.
pub struct Anew {
    pub parts: Parts,
    /// Who may use the admin API.
    pub tokens: Arc<Tokens>,
    /// How the log tells persons apart.
    pub log: log_keys::Settings,
}

/// A server that takes mail.
pub struct Server {
    /// Where the doors listen, chosen ports included.
    pub milter: Vec<Place>,
    pub lmtp: Vec<Place>,
    pub http: Vec<SocketAddr>,
    pub admin: Vec<SocketAddr>,
    pub mailbox: Vec<SocketAddr>,
    pub check: Vec<Place>,
    pub spamd: Vec<Place>,
    /// Reloads that the admin API asks for.
    asked: mpsc::Receiver<oneshot::Sender<Reloaded>>,
    desk: Arc<Desk>,
    digests: Option<Arc<Digests>>,
    is_ready: Arc<AtomicBool>,
    drain: watch::Sender<bool>,
    doors: JoinSet<()>,
    pages: JoinSet<()>,
    certificate: Option<Arc<Certificate>>,
    tokens: Arc<ArcSwap<Tokens>>,
    hardening: Arc<str>,
    /// `None`: there is no admin API.
    api: Option<Api>,
}

impl Server {
    /// Binds every socket and takes mail.
    ///
    /// # Errors
    /// When a socket cannot be bound; the text names it.
    pub async fn start(plan: Plan) -> io::Result<Self> {
        Self::start_with(plan, Given::default()).await
    }

    /// The same, with what the process was given. A door that was handed sockets listens on those alone.
    ///
    /// # Errors
    /// As those of `start`, and a socket that the door cannot use.
    pub async fn start_with(plan: Plan, given: Given) -> io::Result<Self> {
        allow_connections(plan.connections_max);
        let (drain, draining) = watch::channel(false);
        let mut handed = given.sockets;
        let milters = bind(handed.door("milter"), &plan.milter).await?;
        let lmtps = bind(handed.door("lmtp"), &plan.lmtp).await?;
        let checks = bind(handed.door("check"), &plan.check).await?;
        let spamds = bind(handed.door("spamd"), &plan.spamd).await?;
        let pages = bind_tcp(handed.door("http"), "http", &plan.http).await?;
        // Without tokens there is no admin API, whoever handed a socket for it.
        let is_admin = plan.admin.is_some();
        let (admin, tokens) = plan.admin.unwrap_or_default();
        let for_admin = if is_admin { handed.door("admin") } else { Vec::new() };
        let admins = bind_tcp(for_admin, "admin", &admin).await?;
        let mailboxes = bind_tcp(handed.door("mailbox"), "mailbox", &plan.mailbox).await?;
        let (reload, asked) = mpsc::channel(1);
        let mut server = Self {
            milter: places(&milters),
            lmtp: places(&lmtps),
            admin: admins.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?,
            mailbox: mailboxes.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?,
            digests: plan.digests,
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
            tokens: Arc::new(ArcSwap::new(tokens)),
            hardening: given.hardening.to_string().into(),
            api: None,
        };
        let settings = (plan.milter_settings, plan.lmtp_settings);
        server.open_mail(milters, lmtps, &settings, plan.connections_max, &draining);
        server.open_trials(checks, spamds, &draining);
        for listener in pages {
            server.serve_pages(listener);
        }
        if !admins.is_empty() {
            let api = Api::new(&server.desk, &server.tokens, &server.is_ready, reload, draining.clone());
            for listener in admins {
                server.pages.spawn(web::serve(listener, api.clone()));
            }
            server.api = Some(api);
        }
        server.open_mailbox(mailboxes, &draining);
        Ok(server)
    }

    /// Opens the doors that mail comes through.
    fn open_mail(
        &mut self,
        milters: Vec<Listener>,
        lmtps: Vec<Listener>,
        settings: &(milter::Settings, Arc<lmtp::Settings>),
        connections_max: usize,
        draining: &watch::Receiver<bool>,
    ) {
        let connections = Arc::new(Semaphore::new(connections_max));
        for listener in milters {
            let (desk, settings) = (Arc::clone(&self.desk), settings.0);
            let (metrics, connections) = (Arc::clone(desk.metrics()), Arc::clone(&connections));
            self.doors.spawn(listener.run(
                Door::Milter,
                metrics,
                connections,
                draining.clone(),
                move |stream, peer| milter::serve(stream, Arc::clone(&desk), settings, peer),
            ));
        }
        for listener in lmtps {
            let (desk, settings) = (Arc::clone(&self.desk), Arc::clone(&settings.1));
            let (metrics, connections) = (Arc::clone(desk.metrics()), Arc::clone(&connections));
            self.doors.spawn(listener.run(Door::Lmtp, metrics, connections, draining.clone(), move |stream, peer| {
                lmtp::serve(stream, Arc::clone(&desk), Arc::clone(&settings), peer)
            }));
        }
    }

    /// Opens the page of recipients, which answers while the doors drain.
    fn open_mailbox(&mut self, listeners: Vec<TcpListener>, draining: &watch::Receiver<bool>) {
        let Some(digests) = &self.digests else { return };
        let mailbox = Mailbox::new(Arc::clone(&self.desk), Arc::clone(digests));
        for listener in listeners {
            self.pages.spawn(mailbox::serve(listener, Arc::clone(&mailbox), draining.clone()));
        }
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
        let shown = Pages {
            metrics: Arc::clone(self.desk.metrics()),
            is_ready: Arc::clone(&self.is_ready),
            hardening: Arc::clone(&self.hardening),
        };
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
        notify::tell(notify::READY);
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
                _ = sweeping.tick() => self.tend(),
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

    /// What is done each minute, beside everything else.
    fn tend(&self) {
        drop(tokio::spawn(sweep(Arc::clone(&self.desk))));
        drop(tokio::spawn(sweep_keys(Arc::clone(&self.desk))));
        if let Some(digests) = self.digests.clone() {
            let desk = Arc::clone(&self.desk);
            drop(tokio::spawn(async move { digests.send_due(&desk).await }));
        }
    }

    fn reload(&self, reload: &Reload) -> Reloaded {
        notify::tell(notify::RELOADING);
        let reloaded = self.read_anew(reload);
        // Whatever came of it, mail is taken.
        notify::tell(notify::READY);
        reloaded
    }

    fn read_anew(&self, reload: &Reload) -> Reloaded {
        let read = (reload.read)().and_then(|anew| {
            if let Some(certificate) = &self.certificate {
                certificate.reload()?;
            }
            Ok(anew)
        });
        match read {
            Ok(Anew { parts, tokens, log }) => {
                let digest = parts.rulebook.digest.clone();
                self.desk.replace(parts);
                self.tokens.store(tokens);
                if let Some(keys) = self.desk.log_keys() {
                    keys.set(log);
                }
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
        notify::tell(notify::STOPPING);
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

/// Deletes what quarantine and faults have kept long enough, and counts what it holds.
async fn sweep(desk: Arc<Desk>) {
    if let Some(faults) = desk.faults() {
        let swept = tokio::task::spawn_blocking(move || faults.sweep(SystemTime::now())).await;
        if let Err(error) = swept.map_err(io::Error::other).flatten() {
            tracing::error!(%error, "faults: cannot delete a case that is too old");
        }
    }
    let Some(quarantine) = desk.quarantine() else { return };
    match quarantine.swept().await {
        Ok(census) => desk.metrics().quarantine(census.mails, census.octets, census.oldest_age),
        Err(error) => tracing::error!(place = quarantine.place(), %error, "quarantine: cannot sweep"),
    }
}

/// Destroys keys of the log whose days are over, and makes those of the next ones.
async fn sweep_keys(desk: Arc<Desk>) {
    let Some(keys) = desk.log_keys().cloned() else { return };
    // A panic there is told by the panic itself.
    let _ = tokio::task::spawn_blocking(move || swept(&keys)).await;
}

fn swept(keys: &LogKeys) {
    if let Err(error) = keys.sweep(clock::now().seconds()) {
        tracing::error!(%error, "log: a key of pseudonyms cannot be used or destroyed; without it persons are written as `-`");
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

async fn bind_tcp(handed: Vec<Socket>, door: &str, addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    if !handed.is_empty() {
        return handed.into_iter().map(|socket| TcpListener::from_std(socket.tcp(door)?)).collect();
    }
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(TcpListener::bind(address).await.map_err(|error| unbound(address, &error))?);
    }
    Ok(listeners)
}

fn places(listeners: &[Listener]) -> Vec<Place> {
    listeners.iter().map(|listener| listener.place().clone()).collect()
}

async fn bind(handed: Vec<Socket>, places: &[Place]) -> io::Result<Vec<Listener>> {
    if !handed.is_empty() {
        let listener = |socket| match socket {
            Socket::Tcp(socket) => Listener::of_tcp(socket),
            Socket::Unix(socket) => Listener::of_unix(socket),
        };
        return handed.into_iter().map(listener).collect();
    }
    let mut listeners = Vec::new();
    for place in places {
        listeners.push(Listener::bind(place).await?);
    }
    Ok(listeners)
}
