//! Inquiry: the only loop between judge and world; it owns the deadline of a mail.
//!
//! Asks what the judge wants, all at once, learns the answers, and lets the judge look again. A question that is
//! still open at the deadline becomes `Failed(Timeout)`, so a verdict always comes.

use crate::{
    judge::{
        Judge, Progress, coverage,
        facts::{Fact, Facts, Failure, Question, Reading, Unknown},
        policy::verdict::Verdict,
    },
    limits,
    mail::Mail,
    telemetry::metrics::{Metrics, Stage},
    world::World,
};
use futures_util::{FutureExt, future::BoxFuture};
use rayon::ThreadPool;
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

/// Answers that come this soon after the first one of a round are taken together: fewer runs of the checks.
const GATHER: Duration = Duration::from_millis(10);

/// The judge is at fault: a check panicked. Carries what was known, so that the case can be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a check panicked")]
pub struct JudgePanicked {
    pub facts: Facts,
}

/// Questions and answers about one mail.
pub struct Inquiry {
    world: Arc<dyn World>,
    deadline: Option<Instant>,
    /// When the scanner is no longer waited for; earlier than the deadline where it has too much before it.
    patience: Option<Instant>,
    facts: Facts,
    asked: BTreeSet<Question>,
    open: JoinSet<Fact>,
    /// Turns on the CPU pool that have to be waited for, of mail that others may pass.
    turns: Option<Arc<Semaphore>>,
}

/// A mail with its verdict and everything the verdict rests on.
pub struct Settled {
    pub verdict: Verdict,
    pub mail: Arc<Mail>,
    pub facts: Facts,
    pub rounds: usize,
    /// Time in checks, without waiting for answers.
    pub judging: Duration,
}

impl Inquiry {
    #[must_use]
    pub fn new(world: Arc<dyn World>) -> Self {
        Self {
            world,
            deadline: None,
            patience: None,
            facts: Facts::default(),
            asked: BTreeSet::new(),
            open: JoinSet::new(),
            turns: None,
        }
    }

    /// Every piece of work on the CPU pool waits for one of these turns.
    pub fn wait_for_turns(&mut self, turns: Arc<Semaphore>) {
        self.turns = Some(turns);
    }

    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(self.turns.as_ref()?).acquire_owned().await.ok()
    }

    /// Facts that are known without asking; a replay starts so.
    pub fn learn(&mut self, fact: Fact) {
        self.asked.insert(fact.question());
        self.facts.learn(fact);
    }

    /// Asks what has not been asked; answers arrive while the caller goes on receiving.
    pub fn ask(&mut self, wanted: BTreeSet<Question>) {
        for question in wanted {
            if self.asked.contains(&question) {
                continue;
            }
            if self.asked.len() >= limits::QUESTIONS_MAX {
                self.learn(question.failed(Failure::OverBudget));
                continue;
            }
            let world = Arc::clone(&self.world);
            let asked = question.clone();
            self.expect(question, async move { world.ask(&asked).await }.boxed());
        }
    }

    /// Answers what can be said before all of the mail is there: asks and waits in turn, for `EARLY_SECONDS_MAX` at most;
    /// `None` when that was not enough.
    pub async fn early<T>(&mut self, say: impl Fn(&Reading<'_>) -> Result<T, Unknown>) -> Option<T> {
        let until = Instant::now() + limits::EARLY_SECONDS_MAX;
        for _ in 0..limits::ROUNDS_MAX {
            let wanted = {
                let reading = Reading::of(&self.facts);
                match say(&reading) {
                    Ok(said) => return Some(said),
                    Err(_) => reading.wanted(),
                }
            };
            self.ask(wanted);
            // Without open questions the answers were there at once.
            if let Some(answer) = timeout_at(until, self.open.join_next()).await.ok()? {
                self.facts.learn(answer.ok()?);
            }
        }
        None
    }

    /// Waits for an answer that comes another way, such as a scan that was fed while the mail arrived.
    pub fn expect(&mut self, question: Question, mut answer: BoxFuture<'static, Fact>) {
        if !self.asked.insert(question) {
            return;
        }
        // A cached answer is there at once; only what has to wait becomes a task.
        match (&mut answer).now_or_never() {
            Some(fact) => self.facts.learn(fact),
            None => drop(self.open.spawn(answer)),
        }
    }

    /// Runs judge and world in turn until the verdict is there, at the latest at `deadline`. `seat` makes the judge;
    /// it runs on the pool as well, for making one means reading the message.
    ///
    /// # Errors
    /// When a check panicked; the mail has to be deferred.
    pub async fn settle(
        mut self,
        seat: impl FnOnce() -> Judge + Send + 'static,
        deadline: Instant,
        pool: &ThreadPool,
        metrics: &Metrics,
    ) -> Result<Settled, JudgePanicked> {
        self.deadline = Some(deadline);
        let (mut judging, mut asking) = (Duration::ZERO, Duration::ZERO);
        let mut seat: Box<dyn FnOnce() -> Judge + Send> = Box::new(seat);
        loop {
            let facts = Arc::new(std::mem::take(&mut self.facts));
            let known = Arc::clone(&facts);
            let turn = self.turn().await;
            let advanced = on_pool(pool, move || {
                let mut judge = seat();
                let started = Instant::now();
                let progress = judge.advance(&known);
                (judge, progress, started.elapsed())
            })
            .await;
            drop(turn);
            self.facts = Arc::unwrap_or_clone(facts);
            let Some((judge, progress, took)) = advanced else { return Err(JudgePanicked { facts: self.facts }) };
            judging += took;
            match progress {
                Progress::Done(verdict) => {
                    metrics.stage(Stage::Judge, judging);
                    metrics.stage(Stage::Ask, asking);
                    let (mail, rounds) = (Arc::clone(judge.mail()), judge.rounds());
                    return Ok(Settled { verdict: *verdict, mail, facts: self.facts, rounds, judging });
                }
                Progress::Wants(wanted) => {
                    let started = Instant::now();
                    self.inspect(judge.mail(), &wanted);
                    if self.patience.is_none() && coverage::is_beyond_bounds(&judge.mail().message) {
                        self.patience = Some(started + limits::SCAN_BEYOND_BOUNDS_SECONDS_MAX);
                    }
                    self.answer(wanted, judge.rounds()).await;
                    asking += started.elapsed();
                }
            }
            seat = Box::new(move || judge);
        }
    }

    /// Has the scanner look at octets found inside the mail.
    fn inspect(&mut self, mail: &Mail, wanted: &BTreeSet<Question>) {
        for question in wanted {
            if let Question::Inner(digest) = question
                && let Some(octets) = mail.message.inner.get(digest.as_str())
            {
                let (digest, looked) = (digest.clone(), self.world.inspect(digest, octets.clone()));
                self.expect(question.clone(), async move { Fact::Inner(digest, looked.await) }.boxed());
            }
        }
    }

    /// Returns when at least one of the wanted questions has its answer.
    async fn answer(&mut self, wanted: BTreeSet<Question>, rounds: usize) {
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_late || rounds >= limits::ROUNDS_MAX {
            let why = if is_late { Failure::Timeout } else { Failure::OverBudget };
            for question in wanted {
                self.learn(question.failed(why));
            }
            return;
        }
        let for_scanner: Vec<Question> = wanted.iter().filter(|question| question.is_for_scanner()).cloned().collect();
        let patience = self.patience.filter(|_| !for_scanner.is_empty());
        if patience.is_some_and(|patience| Instant::now() >= patience) {
            for question in for_scanner {
                self.learn(question.failed(Failure::OverBudget));
            }
            return;
        }
        let was_asked: Vec<Question> =
            wanted.iter().filter(|question| self.asked.contains(question)).cloned().collect();
        let is_waiting = was_asked.len() < wanted.len() || !self.open.is_empty();
        self.ask(wanted);
        if !is_waiting {
            // Asked, not open, not known: its task died. Never ask twice, never wait for ever.
            for question in was_asked {
                self.facts.learn(question.failed(Failure::Interrupted));
            }
            return;
        }
        self.gather(patience).await;
    }

    async fn gather(&mut self, patience: Option<Instant>) {
        let Some(deadline) = self.deadline else { return };
        let deadline = patience.map_or(deadline, |patience| patience.min(deadline));
        match timeout_at(deadline, self.open.join_next()).await {
            Ok(Some(Ok(fact))) => self.facts.learn(fact),
            Ok(Some(Err(_)) | None) | Err(_) => return,
        }
        while let Ok(Some(joined)) = timeout(GATHER, self.open.join_next()).await {
            if let Ok(fact) = joined {
                self.facts.learn(fact);
            }
        }
    }
}

/// Runs pure work on the CPU pool; `None` when it panicked, which ends this piece of work only.
pub async fn on_pool<T: Send + 'static>(pool: &ThreadPool, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    pool.spawn(move || {
        // The receiver is gone when the mail was given up; then nobody wants the result.
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)).ok());
    });
    result.await.ok().flatten()
}
