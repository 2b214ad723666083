//! Faults come as often as planned, the same for the same seed, and in paused time.

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use std::{sync::Arc, time::Duration};
use wehr::{
    judge::facts::{Fact, Failure, Name, Question, Scanned},
    world::{
        Scan, World,
        faulty::{Faulty, Plan, Rates},
        zone::Zone,
    },
};

/// A zone with a scanner that calls everything clean.
struct Clean(Zone);

impl World for Clean {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        self.0.ask(question)
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        Some(Box::new(CleanScan))
    }
}

struct CleanScan;

impl Scan for CleanScan {
    fn feed(&mut self, _: Bytes) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Fact> {
        std::future::ready(Fact::Virus(Scanned::Clean)).boxed()
    }
}

fn faulty(plan: Plan, seed: u64) -> Faulty {
    Faulty::new(Arc::new(Clean(Zone::parse("z", b"a. TXT x\n").unwrap())), plan, seed)
}

fn plan(rates: Rates) -> Plan {
    Plan { questions: rates, scans: rates, delay_max: Duration::from_secs(5), failure: None }
}

/// What came of a thousand questions: answered, failed, never; and the time it took.
async fn run(plan: Plan, seed: u64) -> (Vec<Option<Option<Failure>>>, Duration) {
    let world = faulty(plan, seed);
    let began = tokio::time::Instant::now();
    let question = Question::Txt(Name::new("a"));
    let mut outcomes = Vec::new();
    for _ in 0..1000 {
        let fact = tokio::time::timeout(Duration::from_secs(10), world.ask(&question)).await;
        outcomes.push(fact.ok().map(|fact| fact.failure()));
    }
    (outcomes, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn as_often_as_planned_and_the_same_again() {
    let rates = Rates { dropped: 100, failed: 200, delayed: 300, cut: 0 };
    let (outcomes, took) = run(plan(rates), 7).await;
    let count =
        |wanted: fn(&Option<Option<Failure>>) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
    let dropped = count(Option::is_none);
    let failed = count(|outcome| matches!(outcome, Some(Some(_))));
    assert!((60..150).contains(&dropped), "{dropped}");
    assert!((150..260).contains(&failed), "{failed}");
    assert!(took > Duration::from_secs(1000), "paused time went on by the delays: {took:?}");
    assert_eq!(run(plan(rates), 7).await.0, outcomes);
    assert_ne!(run(plan(rates), 8).await.0, outcomes);
}

#[tokio::test(start_paused = true)]
async fn none_and_all() {
    assert!(run(plan(Rates::default()), 0).await.0.iter().all(|outcome| *outcome == Some(None)));
    let all = Plan { failure: Some(Failure::Refused), ..plan(Rates { failed: 1000, ..Rates::default() }) };
    assert!(run(all, 0).await.0.iter().all(|outcome| *outcome == Some(Some(Failure::Refused))));
}

#[tokio::test(start_paused = true)]
async fn a_scan_with_a_fault_is_never_clean() {
    for (rates, want) in [
        (Rates { cut: 1000, ..Rates::default() }, Some(Failure::Interrupted)),
        (Rates { dropped: 1000, ..Rates::default() }, Some(Failure::Timeout)),
        (Rates { delayed: 1000, ..Rates::default() }, None),
    ] {
        for seed in 0..50 {
            let mut scan = faulty(plan(rates), seed).scan().unwrap();
            for _ in 0..10 {
                scan.feed(Bytes::from(vec![0; 10_000])).await;
            }
            assert_eq!(scan.finish().await.failure(), want, "{rates:?}");
        }
    }
}
