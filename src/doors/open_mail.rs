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

/// Delivery not authorized, for now (RFC 3463 3.8): the sender is new here.
pub(super) const COME_AGAIN: &str = "4.7.1";

/// Counts a mail as open while it lives, and as aborted when it is dropped before its end.
pub struct OpenMail {
    metrics: Arc<Metrics>,
    door: Door,
    pub(super) started: Instant,
    is_ended: bool,
    has_recipients: bool,
    /// The last recipient was refused so.
    refused: Option<Reply>,
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
            has_recipients: false,
            refused: None,
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
        self.has_recipients = true;
        self.unsettled += 1;
        self.metrics.recipient_taken(self.door);
    }

    /// Notes that a recipient was not taken.
    pub(super) fn refuse_recipient(&mut self, reply: Reply) -> Reply {
        self.refused = Some(reply.clone());
        reply
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
            self.metrics.refused_early(self.door, class(&reply));
            let action = if reply.is_transient() { Action::Defer } else { Action::Reject };
            for _ in 0..self.unsettled {
                self.settle(action);
            }
        }
        reply
    }
}

/// What a refusal before the verdict counts as: who has to come again is told so by policy, not by a fault of ours.
fn class(reply: &Reply) -> &'static str {
    match (reply.is_transient(), reply.enhanced.as_str()) {
        (true, COME_AGAIN) => "greylisted",
        (true, _) => "4xx",
        (false, _) => "5xx",
    }
}

impl Drop for OpenMail {
    fn drop(&mut self) {
        if !self.is_ended {
            match self.refused.as_ref().filter(|_| !self.has_recipients) {
                // We left nobody to send it to; that the client goes then is our doing.
                Some(reply) => self.metrics.refused_early(self.door, class(reply)),
                None => self.metrics.aborted(self.door),
            }
            for _ in 0..self.unsettled {
                self.metrics.recipient_settled(self.door, Settlement::GivenUp);
            }
        }
        self.metrics.mail_closed();
    }
}
