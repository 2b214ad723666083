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
    explain::judged::{Judged, Said},
    judge::{
        Judge,
        facts::{Fact, Question, Scanned},
        rulebook::Rulebook,
    },
    limits,
    mail::message::Message,
    telemetry::metrics::Metrics,
    world::{World, clock::now},
};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{collections::VecDeque, io, path::PathBuf, sync::Arc, thread};
use tokio::{runtime::Runtime, task::JoinHandle, time::Instant};

/// Octets of messages that are judged at once: two of the largest.
const BYTES_AT_ONCE: usize = 2 * limits::MESSAGE_BYTES_MAX;
/// Messages judged at once where answers come over the network.
const REMOTE_AT_ONCE: usize = 32;

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
        let (mail, facts, guessed) = self.said.circumstances(message, case, now());
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
