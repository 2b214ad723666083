//! The bench: judges stored messages as the doors judge arriving ones, several at once, results in order.
//!
//! Touches threads and the clock; asks through a world.

use super::{
    input::{Input, Inputs},
    outside::Outside,
};
use crate::{
    cli::output::{Ending, trouble},
    doors::inquiry::{Inquiry, on_pool},
    judge::{
        Judge,
        case::Case,
        facts::{Fact, Facts, Question, Scanned},
        policy::verdict::Verdict,
        rulebook::Rulebook,
    },
    limits,
    mail::{
        Mail,
        address::Address,
        envelope::{Client, Envelope, Tls},
        guess,
        message::Message,
        timestamp::Timestamp,
    },
    telemetry::metrics::Metrics,
    world::World,
};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{runtime::Runtime, task::JoinHandle, time::Instant};

/// Octets of messages that are judged at once: two of the largest.
const BYTES_AT_ONCE: usize = 2 * limits::MESSAGE_BYTES_MAX;
/// Messages judged at once where answers come over the network.
const REMOTE_AT_ONCE: usize = 32;

/// What the command line says about the circumstances; the rest comes from the case or is guessed.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub address: Option<IpAddr>,
    pub helo: Option<String>,
    pub sender: Option<Address>,
    pub recipients: Vec<Address>,
    /// `Some(None)`: there was no TLS.
    pub tls: Option<Option<Tls>>,
    pub received_at: Option<Timestamp>,
    /// When a mail arrived that tells no time itself; now, if it is not said.
    pub timeless: Option<Timestamp>,
}

/// One message judged.
pub struct Judged {
    pub path: String,
    pub index: usize,
    pub mail: Arc<Mail>,
    pub facts: Facts,
    pub verdict: Verdict,
    pub rounds: usize,
    pub guessed: Vec<&'static str>,
    /// Reading and judging, without waiting for answers.
    pub took: Duration,
}

/// Everything a judgement needs.
pub struct Bench {
    shared: Arc<Shared>,
    runtime: Runtime,
    at_once: usize,
}

struct Shared {
    rulebook: Arc<Rulebook>,
    world: Arc<dyn World>,
    said: Said,
    pool: ThreadPool,
    metrics: Metrics,
}

impl Bench {
    /// `world` is made on the runtime and learns how many messages are judged at once.
    ///
    /// # Errors
    /// When threads cannot be started, or what `world` says.
    pub fn new(
        rulebook: Rulebook,
        said: Said,
        is_remote: bool,
        world: impl FnOnce(usize) -> Result<Outside, String>,
    ) -> Result<Self, String> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let at_once = if is_remote { REMOTE_AT_ONCE } else { 2 * cores };
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let pool = ThreadPoolBuilder::new().num_threads(cores).build().map_err(|error| error.to_string())?;
        let metrics = Metrics::new().map_err(|error| error.to_string())?;
        let world = {
            let _entered = runtime.enter();
            Arc::new(world(at_once)?)
        };
        let shared = Shared { rulebook: Arc::new(rulebook), world, said, pool, metrics };
        Ok(Self { shared: Arc::new(shared), runtime, at_once })
    }

    #[must_use]
    pub fn rulebook(&self) -> &Rulebook {
        &self.shared.rulebook
    }

    #[must_use]
    pub fn rulebook_shared(&self) -> Arc<Rulebook> {
        Arc::clone(&self.shared.rulebook)
    }

    /// Judges every message of the paths and hands each on as soon as it and those before it are done.
    /// What cannot be read is told on stderr, and the rest goes on.
    ///
    /// # Errors
    /// What `each` says, usually that stdout is closed.
    pub fn run(&self, paths: &[PathBuf], mut each: impl FnMut(Judged) -> io::Result<Ending>) -> io::Result<Ending> {
        self.runtime.block_on(async {
            let mut ending = Ending::Fine;
            let mut open: VecDeque<(usize, JoinHandle<Result<Judged, String>>)> = VecDeque::new();
            let mut inputs = Inputs::new(paths).peekable();
            loop {
                let bytes: usize = open.iter().map(|(bytes, _)| bytes).sum();
                let is_full = open.len() >= self.at_once || bytes >= BYTES_AT_ONCE;
                let is_ready = open.front().is_some_and(|(_, first)| first.is_finished());
                if !is_full && !is_ready && inputs.peek().is_some() {
                    match inputs.next() {
                        Some(Ok(input)) => open.push_back((input.raw.len(), self.begin(input))),
                        Some(Err(told)) => open.push_back((0, tokio::spawn(async move { Err(told) }))),
                        None => {}
                    }
                    continue;
                }
                let Some((_, first)) = open.pop_front() else { return Ok(ending) };
                let ended = match first.await {
                    Ok(Ok(judged)) => each(judged)?,
                    Ok(Err(told)) => unreadable(&told),
                    Err(error) => unreadable(&error.to_string()),
                };
                ending = ending.max(ended);
            }
        })
    }

    fn begin(&self, input: Input) -> JoinHandle<Result<Judged, String>> {
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move { shared.judge(input).await })
    }
}

fn unreadable(told: &str) -> Ending {
    trouble(told);
    Ending::Unreadable
}

impl Shared {
    async fn judge(self: Arc<Self>, input: Input) -> Result<Judged, String> {
        let Input { path, index, raw, case, .. } = input;
        let fault = |error: &dyn std::fmt::Display| format!("{path}: {error}");
        let began = Instant::now();
        let message =
            on_pool(&self.pool, move || Message::parse(raw)).await.ok_or_else(|| fault(&"reading it panicked"))?;
        let read = began.elapsed();
        let (mail, facts, guessed) = self.said.circumstances(message, case);
        let mail = Arc::new(mail);
        let mut inquiry = Inquiry::new(Arc::clone(&self.world));
        facts.all().into_iter().for_each(|fact| inquiry.learn(fact));
        let is_scanned = facts.all().iter().any(|fact| matches!(fact, Fact::Virus(_)));
        match self.world.scan() {
            _ if is_scanned => {}
            None => inquiry.learn(Fact::Virus(Scanned::NotAsked)),
            Some(mut scan) => {
                scan.feed(mail.message.raw.clone()).await;
                inquiry.expect(Question::Virus, scan.finish());
            }
        }
        let judge = Judge::new(Arc::clone(&mail), Arc::clone(&self.rulebook));
        let deadline = Instant::now() + limits::MAIL_SECONDS_MAX;
        let settled =
            inquiry.settle(move || judge, deadline, &self.pool, &self.metrics).await.map_err(|error| fault(&error))?;
        Ok(Judged {
            index,
            mail,
            facts: settled.facts,
            verdict: settled.verdict,
            rounds: settled.rounds,
            guessed,
            took: read + settled.judging,
            path,
        })
    }
}

impl Said {
    /// The mail with its circumstances: what was said, else what the case says, else a guess that is marked as one.
    #[must_use]
    pub fn circumstances(&self, message: Message, case: Option<Case>) -> (Mail, Facts, Vec<&'static str>) {
        let mut guessed = Vec::new();
        let mut case = case.unwrap_or_else(|| {
            let head = &message.head;
            let mut client = Client::default();
            if self.address.is_none()
                && let Some(found) = guess::client(head)
            {
                guessed.push("ip");
                client.address = found.address;
                client.name = found.name;
                if self.helo.is_none() && found.helo.is_some() {
                    guessed.push("helo");
                    client.helo = found.helo;
                }
            }
            let mut envelope = Envelope::default();
            if self.sender.is_none() {
                guessed.push("from");
                envelope.sender = guess::sender(head).unwrap_or_default();
            }
            if self.recipients.is_empty() {
                envelope.recipients = guess::recipients(head);
                if !envelope.recipients.is_empty() {
                    guessed.push("to");
                }
            }
            let received_at = self.received_at.or_else(|| {
                guessed.push("at");
                guess::time(head)
            });
            Case {
                received_at: received_at.or(self.timeless).unwrap_or_else(now),
                client,
                envelope,
                facts: Facts::default(),
            }
        });
        let Case { client, envelope, .. } = &mut case;
        if self.address.is_some() {
            client.address = self.address;
        }
        if self.helo.is_some() {
            client.helo.clone_from(&self.helo);
        }
        if let Some(tls) = &self.tls {
            client.tls.clone_from(tls);
        }
        if let Some(sender) = &self.sender {
            envelope.sender.clone_from(sender);
        }
        if !self.recipients.is_empty() {
            envelope.recipients.clone_from(&self.recipients);
        }
        let Case { received_at, client, envelope, facts } = case;
        let received_at = self.received_at.unwrap_or(received_at);
        (Mail { client, envelope, message, received_at }, facts, guessed)
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
