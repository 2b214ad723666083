//! Hand-over: from a verdict to one reply per recipient, at a door that owns the delivery (LMTP).
//!
//! Invariant: a recipient gets 250 only after the mailstore said so or the quarantine is on disk and synced; whatever
//! fails in between is 4xx, so the mail stays with the MTA.

use super::{
    deliver::parcel::Parcel,
    line,
    quarantine::Grounds,
    reception::Concluded,
    sealing::{Copy, Form},
};
use crate::{
    judge::policy::{
        reason::{Reason, reason},
        verdict::{Action, Reply},
    },
    mail::{address::Address, head::Head},
    telemetry::metrics::{Dependency, Stage},
};
use std::io::ErrorKind;
use tokio::time::Instant;

impl Concluded {
    /// Hands the mail to mailstore and quarantine; one reply per recipient, same order.
    pub async fn hand_over(mut self) -> Vec<Reply> {
        let started = Instant::now();
        let spool = std::mem::replace(&mut self.spool, super::spool::Spool::new(0));
        let mut parcel =
            Parcel::new(self.envelope.sender.clone(), &Head::parse(&self.head), &self.verdict.edits, spool);
        parcel.smtputf8 = self.envelope.smtputf8;
        parcel.require_tls = self.require_tls;
        parcel.eight_bit = self.envelope.eight_bit;
        let mut replies: Vec<Reply> = self.verdict.outcomes.iter().map(|outcome| outcome.reply.clone()).collect();
        for copy in self.copies().await {
            let answers = self.hand_over_copy(&parcel, &copy).await;
            fill(&mut replies, &copy.recipients, answers);
        }
        self.desk.metrics().stage(Stage::Deliver, started.elapsed());
        self.count(&replies);
        replies
    }

    /// Delivers or sets aside one copy; what was sealed is in quarantine as it would have been in the mailstore.
    async fn hand_over_copy(&self, parcel: &Parcel, copy: &Copy) -> Vec<Reply> {
        let sealed = match &copy.form {
            Form::Plain => None,
            Form::Sealed(key, how) => match self.sealed(parcel, key, *how).await {
                Ok(sealed) => Some(sealed),
                Err(reply) => return vec![reply; copy.recipients.len()],
            },
            Form::Refused(reply) => return vec![reply.clone(); copy.recipients.len()],
        };
        let parcel = sealed.as_ref().unwrap_or(parcel);
        let recipients = self.addresses(&copy.recipients);
        if copy.is_set_aside {
            self.set_aside(parcel, &recipients, self.grounds(&copy.recipients, sealed.is_some())).await
        } else {
            self.deliver(parcel, &recipients).await
        }
    }

    fn addresses(&self, indexes: &[usize]) -> Vec<Address> {
        indexes.iter().filter_map(|index| self.mailboxes.get(*index)).cloned().collect()
    }

    async fn deliver(&self, parcel: &Parcel, recipients: &[Address]) -> Vec<Reply> {
        let Some(mailstore) = self.desk.mailstore() else {
            return vec![Reply::new(451, "4.3.5", "no mailstore is configured"); recipients.len()];
        };
        let replies = mailstore.deliver(parcel, recipients).await;
        for reply in &replies {
            self.desk.metrics().delivery(reply.code);
        }
        // 4.4.x is RFC 3463's class for a peer that cannot be reached or hangs up.
        let is_up = !replies.iter().all(|reply| reply.is_transient() && reply.enhanced.starts_with("4.4."));
        // The client of the mailstore says in the log which one is away and why.
        self.desk.metrics().dependency_up(Dependency::Mailstore, is_up);
        replies
    }

    async fn set_aside(&self, parcel: &Parcel, recipients: &[Address], grounds: Grounds) -> Vec<Reply> {
        let reply = match self.desk.quarantine() {
            None => Reply::new(451, "4.3.5", "no quarantine is configured"),
            Some(quarantine) => match quarantine.store(parcel, recipients, &grounds).await {
                Ok(_) => {
                    self.desk.metrics().dependency_up(Dependency::Quarantine, true);
                    Reply::new(250, "2.0.0", format!("accepted (ref {})", self.verdict.reference))
                }
                Err(error) => {
                    if self.desk.metrics().dependency_up(Dependency::Quarantine, false) {
                        let place = quarantine.place();
                        tracing::error!(place, %error, "quarantine: cannot store a mail; it is deferred");
                    }
                    let code = if error.kind() == ErrorKind::StorageFull { 452 } else { 451 };
                    Reply::new(code, "4.3.1", "cannot store the mail, try again later")
                }
            },
        };
        vec![reply; recipients.len()]
    }

    /// What the quarantine keeps of the verdict; of a sealed mail nothing that tells of its content.
    fn grounds(&self, indexes: &[usize], is_sealed: bool) -> Grounds {
        let why = |index: &usize| {
            let outcome = self.verdict.outcomes.get(*index);
            outcome.map_or(Reason::default(), |outcome| reason(&self.verdict, outcome, &self.rulebook))
        };
        let mut symbols: Vec<String> = self.verdict.findings.iter().map(|it| it.symbol.as_str().to_owned()).collect();
        symbols.dedup();
        Grounds {
            reference: self.verdict.reference.clone(),
            score: self.verdict.score.to_string(),
            symbols,
            reasons: indexes.iter().map(why).collect(),
            case: self.case.clone().filter(|_| !is_sealed),
        }
    }

    /// Counts what the client is told: a recipient that the mailstore refused is not accepted.
    fn count(mut self, replies: &[Reply]) {
        let metrics = self.desk.metrics();
        let told = replies.iter().zip(&self.verdict.outcomes).map(|(reply, outcome)| match reply.code {
            400..500 => Action::Defer,
            500.. => Action::Reject,
            _ => outcome.action,
        });
        let told: Vec<Action> = told.collect();
        for action in &told {
            metrics.recipient(self.open.door(), action.word());
            self.open.settle(*action);
        }
        let overall = told.iter().min().copied().unwrap_or_default();
        metrics.mail(self.open.door(), overall.word(), self.line.bytes);
        line::write(&self.desk, &self.line, overall, &self.open);
        self.open.end();
    }
}

fn fill(replies: &mut [Reply], indexes: &[usize], answers: Vec<Reply>) {
    debug_assert_eq!(indexes.len(), answers.len(), "one reply per recipient");
    let mut answers = answers.into_iter();
    for index in indexes {
        if let Some(reply) = replies.get_mut(*index) {
            *reply = answers.next().unwrap_or_else(|| Reply::new(451, "4.3.0", "no reply for this recipient"));
        }
    }
}
