//! The live world: questions go to the name servers and to clamd; metrics and the log see how that went.
//!
//! Touches the clock; sockets are its parts' affair.

use crate::{
    judge::entry::Entry,
    judge::facts::{Digest, Fact, Failure, Question, Remembered, Scanned},
    limits,
    mail::address::Domain,
    telemetry::metrics::{Dependency, Metrics},
    world::{
        self, Note, Scan, World,
        clamd::{self, Clamd, Streaming},
        dns::{self, Dns, Source},
        inspected::Inspected,
        store::{Site, memory::Memory},
    },
};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// What the live world is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    pub dns: dns::Settings,
    /// None: no scanner is configured, and the virus fact is `NotAsked`.
    pub clamd: Option<clamd::Settings>,
    /// Where the store is. None: nothing is remembered.
    pub store: Option<Site>,
}

/// Name servers and the virus scanner.
pub struct Live {
    dns: Dns,
    clamd: Option<Clamd>,
    memory: Option<Arc<Memory>>,
    inspected: Arc<Inspected>,
    watch: Arc<Watch>,
}

impl Live {
    /// # Errors
    /// The DNS library does not start, or there can be no such store.
    pub fn new(settings: &Settings, metrics: Arc<Metrics>) -> Result<Self, String> {
        let clamd = settings.clamd.clone().map(Clamd::new);
        let memory = match &settings.store {
            Some(site) => {
                Some(Arc::new(Memory::new(site.open().map_err(|trouble| trouble.to_string())?, Arc::clone(&metrics))?))
            }
            None => None,
        };
        let watch = Arc::new(Watch { metrics, silences: AtomicU32::new(0) });
        Ok(Self { dns: Dns::new(&settings.dns)?, clamd, memory, inspected: Arc::default(), watch })
    }

    async fn recall(&self, entry: &Entry) -> Fact {
        let question = Question::Stored(entry.clone());
        let Some(memory) = &self.memory else { return question.failed(Failure::NotRecorded) };
        let began = Instant::now();
        let fact = memory.recall(entry).await;
        let outcome = fact.failure().map_or("answered", Failure::word);
        self.watch.metrics.question(question.kind(), outcome, began.elapsed());
        fact
    }

    async fn ask_memory(&self, domain: &Domain) -> Fact {
        let Some(memory) = &self.memory else { return Fact::Partner(domain.clone(), Remembered::Nothing) };
        let began = Instant::now();
        let fact = memory.partner(domain).await;
        let outcome = fact.failure().map_or("answered", Failure::word);
        self.watch.metrics.question(fact.question().kind(), outcome, began.elapsed());
        fact
    }

    async fn ask_dns(&self, question: &Question) -> Fact {
        let began = Instant::now();
        let told = self.dns.ask(question).await;
        let outcome = match told.fact.failure() {
            Some(failure) => failure.word(),
            None if told.source == Source::Memory => "cached",
            None => "answered",
        };
        self.watch.metrics.question(question.kind(), outcome, began.elapsed());
        if told.source == Source::Servers {
            self.watch.dns(told.fact.failure());
        }
        told.fact
    }
}

impl World for Live {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        match question {
            Question::Virus => {
                // A scan that nobody fed has seen nothing.
                let scanned = match self.clamd {
                    None => Scanned::NotAsked,
                    Some(_) => Scanned::Failed(Failure::NotRecorded),
                };
                std::future::ready(Fact::Virus(scanned)).boxed()
            }
            Question::Inner(_) => std::future::ready(question.failed(Failure::NotRecorded)).boxed(),
            Question::Partner(domain) => self.ask_memory(domain).boxed(),
            Question::Stored(entry) => self.recall(entry).boxed(),
            _ => self.ask_dns(question).boxed(),
        }
    }

    fn note(&self, note: Note) {
        if let Some(memory) = &self.memory {
            memory.note(note);
        }
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        let clamd = self.clamd.as_ref()?;
        Some(Box::new(Watched { scan: clamd.scan(), watch: Arc::clone(&self.watch) }))
    }

    fn inspect(&self, digest: &Digest, octets: Bytes) -> BoxFuture<'static, Scanned> {
        let Some(clamd) = self.clamd.clone() else { return std::future::ready(Scanned::NotAsked).boxed() };
        let (digest, inspected, scan) = (digest.clone(), Arc::clone(&self.inspected), self.scan());
        let (metrics, memory) = (Arc::clone(&self.watch.metrics), self.memory.clone());
        async move {
            if inspected.is_due() {
                inspected.tell(clamd.version().await);
            }
            if let Some(scanned) = inspected.get(&digest) {
                metrics.question(Question::Inner(digest).kind(), "cached", Duration::ZERO);
                return scanned;
            }
            let database = inspected.version();
            let shared = memory.zip(database.clone());
            if let Some((memory, version)) = &shared
                && let Some(scanned) = memory.scanned(&digest, version).await
            {
                metrics.question(Question::Inner(digest.clone()).kind(), "cached", Duration::ZERO);
                inspected.keep(digest, &scanned, Some(version));
                return scanned;
            }
            let scanned = world::inspect(scan, octets).await;
            inspected.keep(digest.clone(), &scanned, database.as_ref());
            if let Some((memory, version)) = shared
                && inspected.version().as_ref() == Some(&version)
            {
                memory.keep_scan(digest, version, scanned.clone());
            }
            scanned
        }
        .boxed()
    }
}

/// Sees how asking goes.
struct Watch {
    metrics: Arc<Metrics>,
    /// Questions in a row that no name server took.
    silences: AtomicU32,
}

impl Watch {
    fn dns(&self, failure: Option<Failure>) {
        match failure {
            None => {
                self.silences.store(0, Ordering::Relaxed);
                self.turned(Dependency::Dns, true, "");
            }
            // The server lives; it is the domain whose servers fail.
            Some(Failure::ServerFailure) => {}
            Some(failure) => {
                let before = self.silences.fetch_add(1, Ordering::Relaxed);
                if before.saturating_add(1) >= limits::DNS_SILENCES_MAX {
                    self.turned(Dependency::Dns, false, failure.word());
                }
            }
        }
    }

    fn clamd(&self, failure: Option<Failure>) {
        match failure {
            None => self.turned(Dependency::Clamd, true, ""),
            // The message is at fault, not the scanner.
            Some(Failure::TooLarge) => {}
            Some(failure) => self.turned(Dependency::Clamd, false, failure.word()),
        }
    }

    fn turned(&self, dependency: Dependency, is_up: bool, why: &'static str) {
        let was_down = self.metrics.is_down(dependency);
        if !self.metrics.dependency_up(dependency, is_up) {
            return;
        }
        let name = dependency.word();
        if is_up && was_down {
            tracing::warn!(dependency = name, "answers again");
        } else if !is_up {
            // An operator has to act: the rules say what happens to mail meanwhile.
            let meanwhile = if dependency == Dependency::Clamd { "VIRUS_SCAN_FAILED" } else { "temperrors" };
            tracing::error!(dependency = name, failure = why, "does not answer; mail gets {meanwhile}");
        }
    }
}

/// A scan whose outcome is counted.
struct Watched {
    scan: Streaming,
    watch: Arc<Watch>,
}

impl Scan for Watched {
    fn feed(&mut self, bytes: Bytes) -> BoxFuture<'_, ()> {
        self.scan.feed(bytes)
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Fact> {
        let Self { scan, watch } = *self;
        async move {
            let began = Instant::now();
            let fact = Box::new(scan).finish().await;
            let outcome = fact.failure().map_or("answered", Failure::word);
            watch.metrics.question(Question::Virus.kind(), outcome, began.elapsed());
            watch.clamd(fact.failure());
            fact
        }
        .boxed()
    }
}
