//! A world with faults: what was asked may come late, wrong or never, after a plan and a seed.
//!
//! Touches the clock only through tokio, so paused time works. For simulation and drills.

use crate::{
    judge::facts::{Fact, Failure, Question, Scanned},
    limits,
    world::{Note, Scan, World},
};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How often, in a thousand, something goes wrong. What does not fit into a thousand never comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// No answer ever comes.
    pub dropped: u32,
    /// The answer is a failure.
    pub failed: u32,
    /// The answer comes later by up to `Plan::delay_max`.
    pub delayed: u32,
    /// The scan breaks off in the middle of the message; for questions like `failed`.
    pub cut: u32,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub questions: Rates,
    pub scans: Rates,
    pub delay_max: Duration,
    /// Which failure is told; `None`: any.
    pub failure: Option<Failure>,
}

/// Failures that the outside can come to.
const FAILURES: [Failure; 5] =
    [Failure::Timeout, Failure::ServerFailure, Failure::Refused, Failure::Interrupted, Failure::Malformed];

/// A world behind faults. The same seed and the same order of questions give the same faults.
pub struct Faulty {
    world: Arc<dyn World>,
    plan: Plan,
    random: Mutex<Xorshift>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Dropped,
    Failed(Failure),
    Delayed(Duration),
    /// After so many octets.
    Cut(usize),
}

impl Faulty {
    #[must_use]
    pub fn new(world: Arc<dyn World>, plan: Plan, seed: u64) -> Self {
        Self { world, plan, random: Mutex::new(Xorshift::new(seed)) }
    }

    fn draw(&self, rates: Rates) -> Fault {
        /// A cut falls early enough that most messages are hit.
        const CUT_BYTES_MAX: u64 = 64 << 10;
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lot = random.below(1000);
        let mut hits = |rate: u32| {
            let rate = u64::from(rate);
            let hit = lot < rate;
            lot = lot.saturating_sub(rate);
            hit
        };
        if hits(rates.dropped) {
            Fault::Dropped
        } else if hits(rates.failed) {
            let index = usize::try_from(random.below(5)).unwrap_or(0);
            let any = FAILURES.get(index).copied().unwrap_or(Failure::Timeout);
            Fault::Failed(self.plan.failure.unwrap_or(any))
        } else if hits(rates.delayed) {
            let millis = u64::try_from(self.plan.delay_max.as_millis()).unwrap_or(u64::MAX);
            Fault::Delayed(Duration::from_millis(random.below(millis.saturating_add(1))))
        } else if hits(rates.cut) {
            Fault::Cut(usize::try_from(random.below(CUT_BYTES_MAX)).unwrap_or(0))
        } else {
            Fault::None
        }
    }
}

impl World for Faulty {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        match self.draw(self.plan.questions) {
            Fault::None => self.world.ask(question),
            Fault::Dropped => std::future::pending().boxed(),
            Fault::Failed(failure) => std::future::ready(question.failed(failure)).boxed(),
            Fault::Cut(_) => std::future::ready(question.failed(Failure::Interrupted)).boxed(),
            Fault::Delayed(delay) => async move {
                tokio::time::sleep(delay).await;
                self.world.ask(question).await
            }
            .boxed(),
        }
    }

    fn note(&self, note: Note) {
        self.world.note(note);
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        let scan = self.world.scan()?;
        Some(match self.draw(self.plan.scans) {
            Fault::None => scan,
            fault => Box::new(FaultyScan { scan: Some(scan), fault, fed: 0 }),
        })
    }
}

/// A scan with its fault. The scan behind it is gone once it was cut.
struct FaultyScan {
    scan: Option<Box<dyn Scan>>,
    fault: Fault,
    /// Octets fed so far.
    fed: usize,
}

impl Scan for FaultyScan {
    fn feed(&mut self, bytes: Bytes) -> BoxFuture<'_, ()> {
        self.fed = self.fed.saturating_add(bytes.len());
        if matches!(self.fault, Fault::Cut(after) if self.fed > after) {
            self.scan = None;
        }
        match &mut self.scan {
            Some(scan) => scan.feed(bytes),
            None => std::future::ready(()).boxed(),
        }
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Fact> {
        let failed = |failure| Fact::Virus(Scanned::Failed(failure));
        let Self { scan, fault, .. } = *self;
        let Some(scan) = scan else { return std::future::ready(failed(Failure::Interrupted)).boxed() };
        match fault {
            Fault::Failed(failure) => std::future::ready(failed(failure)).boxed(),
            // The contract of a scan is to end in time, so "never" is as late as may be.
            Fault::Dropped => async move {
                tokio::time::sleep(limits::SCAN_SECONDS_MAX).await;
                failed(Failure::Timeout)
            }
            .boxed(),
            Fault::Delayed(delay) => async move {
                tokio::time::sleep(delay.min(limits::SCAN_SECONDS_MAX)).await;
                scan.finish().await
            }
            .boxed(),
            Fault::None | Fault::Cut(_) => scan.finish(),
        }
    }
}

/// Marsaglia's xorshift64: enough for faults, and the same everywhere.
struct Xorshift(u64);

impl Xorshift {
    fn new(seed: u64) -> Self {
        // Zero is the one state it never leaves; mixing keeps neighbouring seeds apart.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0xD1B5_4A32_D192_ED03).max(1))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }
}
