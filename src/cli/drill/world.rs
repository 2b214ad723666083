//! The world of a drill: a small DNS and a scanner that answer, or do not.
//!
//! Touches nothing.

use crate::{
    judge::{
        entry::Recalled,
        facts::{Fact, Failure, Question, Remembered, Scanned},
    },
    world::{Scan, World, zone::Zone},
};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use std::{future::ready, sync::Arc};

/// Who answers in a drill.
#[derive(Clone)]
pub struct Drilled {
    pub names: Names,
    /// `None`: no scanner is configured.
    pub scanner: Option<Scanned>,
}

/// Who answers DNS.
#[derive(Clone)]
pub enum Names {
    /// Nobody is configured.
    Nobody,
    Zone(Arc<Zone>),
    Down,
}

impl World for Drilled {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        let scanned = || self.scanner.clone().unwrap_or(Scanned::NotAsked);
        let fact = match (question, &self.names) {
            (Question::Virus, _) => Fact::Virus(scanned()),
            (Question::Inner(digest), _) => Fact::Inner(digest.clone(), scanned()),
            (Question::Partner(domain), _) => Fact::Partner(domain.clone(), Remembered::Nothing),
            (Question::Stored(entry), _) => Fact::Stored(entry.clone(), Recalled::Nothing),
            (_, Names::Nobody) => question.failed(Failure::NotRecorded),
            (_, Names::Zone(zone)) => zone.answer(question),
            (_, Names::Down) => question.failed(Failure::Timeout),
        };
        ready(fact).boxed()
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        self.scanner.clone().map(|scanned| Box::new(Drill(scanned)) as Box<dyn Scan>)
    }
}

/// A scan whose answer is known.
struct Drill(Scanned);

impl Scan for Drill {
    fn feed(&mut self, _: Bytes) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Fact> {
        ready(Fact::Virus(self.0)).boxed()
    }
}
