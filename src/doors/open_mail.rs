//! A mail while it is open: what it holds of the desk, and that each of its recipients is settled.

use super::lanes::Place;
use crate::{
    judge::policy::verdict::{Action, Reply},
    telemetry::{
        metrics::{Door, Metrics},
        settlement::Settlement,
    },
};
use std::sync::Arc;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

/// Counts a mail as open while it lives, and as aborted when it is dropped before its end.
pub struct OpenMail {
    metrics: Arc<Metrics>,
    door: Door,
    pub(super) started: Instant,
    is_ended: bool,
    /// Recipients that were taken and not settled yet.
    unsettled: usize,
    _permit: OwnedSemaphorePermit,
    /// A stranger's place among strangers.
    pub(super) place: Option<Place>,
}

impl OpenMail {
    pub(super) fn new(metrics: &Arc<Metrics>, door: Door, permit: OwnedSemaphorePermit, place: Option<Place>) -> Self {
        metrics.mail_opened();
        Self {
            metrics: Arc::clone(metrics),
            door,
            started: Instant::now(),
            is_ended: false,
            unsettled: 0,
            _permit: permit,
            place,
        }
    }

    pub(super) fn door(&self) -> Door {
        self.door
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    pub(super) fn take_recipient(&mut self) {
        self.unsettled += 1;
        self.metrics.recipient_taken(self.door);
    }

    /// Counts what became of one recipient that was taken.
    pub(super) fn settle(&mut self, action: Action) {
        self.unsettled = self.unsettled.saturating_sub(1);
        self.metrics.recipient_settled(
            self.door,
            match action {
                Action::Accept | Action::Tag => Settlement::Delivered,
                Action::Quarantine => Settlement::Quarantined,
                Action::Defer => Settlement::Deferred,
                Action::Reject => Settlement::Refused,
            },
        );
    }

    /// Whoever ends a mail settles each of its recipients first; one that is left shows as unaccounted.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
    }

    pub(super) fn refuse(&mut self, reply: Reply) -> Reply {
        if !self.is_ended {
            self.is_ended = true;
            self.metrics.refused_early(self.door, reply.code);
            let action = if reply.is_transient() { Action::Defer } else { Action::Reject };
            for _ in 0..self.unsettled {
                self.settle(action);
            }
        }
        reply
    }
}

impl Drop for OpenMail {
    fn drop(&mut self) {
        if !self.is_ended {
            self.metrics.aborted(self.door);
            for _ in 0..self.unsettled {
                self.metrics.recipient_settled(self.door, Settlement::GivenUp);
            }
        }
        self.metrics.mail_closed();
    }
}
