//! Reception: one mail from its first byte to its verdict; what both doors share.
//!
//! A door calls `begin`, `recipient`, `bytes`, `conclude`, and then hands the mail over (LMTP) or tells the MTA
//! (milter). Dropping a reception at any point gives the mail up; nothing of it stays.
//!
//! Memory: a mail in reception holds at most `spool_memory_bytes_max`; only a mail that holds a judge permit is
//! held whole.

mod early;

use super::{
    counted,
    desk::{Desk, Limits},
    faults,
    inquiry::{Inquiry, Settled, on_pool},
    lanes::Standing,
    line,
    open_mail::OpenMail,
    sealing,
    spool::{self, Spool},
};
use crate::{
    judge::{
        Judge,
        auth::Word,
        case::Case,
        checks::transport,
        facts::{Fact, Facts, Question, Scanned},
        foresee::foresee,
        policy::{
            encryption::transport::reached,
            senders::deeds::deeds,
            verdict::{Action, Reply, Verdict},
        },
        rulebook::Rulebook,
    },
    limits,
    mail::{
        Mail,
        address::{Address, Domain},
        envelope::{Client, Envelope},
        intake::Intake,
        message::Message,
        received,
        timestamp::Timestamp,
        transport::Level,
        unpack::lent::Lent,
    },
    seal::recognise,
    telemetry::{
        log::MailLine,
        metrics::{Door, Stage},
    },
    world::{Note, Scan, clock::now},
};
use bytes::Bytes;
use std::sync::Arc;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

/// What MAIL FROM declared besides the address.
#[derive(Clone, Debug, Default)]
pub struct MailParameters {
    pub smtputf8: bool,
    pub eight_bit: bool,
    /// RFC 1870.
    pub size: Option<usize>,
    pub queue_id: Option<String>,
    /// The MTA whose Received field tells of the client's session, where nothing else does.
    pub witness: Option<String>,
    /// RFC 8689: the mail may only go on over TLS.
    pub require_tls: bool,
}

/// One mail being received.
pub struct Reception {
    desk: Arc<Desk>,
    rulebook: Arc<Rulebook>,
    client: Client,
    witness: Option<String>,
    require_tls: bool,
    envelope: Envelope,
    intake: Intake,
    spool: Spool,
    inquiry: Inquiry,
    scan: Option<Box<dyn Scan>>,
    refused: Option<Reply>,
    /// Recipients that were told to come again.
    turned_away: usize,
    open: OpenMail,
}

/// A mail with its verdict. Dropping it without `hand_over` or `close` counts the mail as given up.
pub struct Concluded {
    pub verdict: Verdict,
    pub(super) desk: Arc<Desk>,
    pub(super) envelope: Envelope,
    /// Who takes the mail of each recipient: a secure alias stands for another mailbox.
    pub(super) mailboxes: Vec<Address>,
    pub(super) require_tls: bool,
    /// The header section, unedited: a copy, so that the whole message is not kept for it.
    pub(super) head: Bytes,
    pub(super) spool: Spool,
    pub(super) rulebook: Arc<Rulebook>,
    /// The case as text, of mail that is set aside at a door of ours.
    pub(super) case: Option<String>,
    /// All of its content is encrypted already; looked at only where a recipient's mail is sealed.
    pub(super) is_encrypted: bool,
    pub(super) line: MailLine,
    pub(super) open: OpenMail,
}

impl Reception {
    /// Begins a mail (MAIL FROM) of whoever stands before the door; strangers share a part of the room.
    ///
    /// # Errors
    /// As `begin`, and 452 where strangers or their network have no room left.
    pub async fn welcome(
        desk: &Arc<Desk>,
        door: Door,
        client: Client,
        sender: Address,
        parameters: MailParameters,
    ) -> Result<Self, Reply> {
        let standing = Standing::of(&client, &sender, &desk.rulebook(), &**desk.world()).await;
        Self::begin_as(&standing, desk, door, (client, sender), parameters)
    }

    /// Begins a mail (MAIL FROM) of somebody who is known.
    ///
    /// # Errors
    /// The reply to give when the mail is refused at once: too many mails (452), declared size too large (552).
    pub fn begin(
        desk: &Arc<Desk>,
        door: Door,
        client: Client,
        sender: Address,
        parameters: MailParameters,
    ) -> Result<Self, Reply> {
        Self::begin_as(&Standing::Known, desk, door, (client, sender), parameters)
    }

    fn begin_as(
        standing: &Standing,
        desk: &Arc<Desk>,
        door: Door,
        (client, sender): (Client, Address),
        parameters: MailParameters,
    ) -> Result<Self, Reply> {
        let limits = desk.limits();
        desk.metrics().mail_begun(door);
        let place = desk.lanes().enter(standing).map_err(|why| {
            desk.metrics().refused_early(door, "4xx");
            Reply::new(452, "4.3.1", why)
        })?;
        let Ok(permit) = Arc::clone(desk.mails()).try_acquire_owned() else {
            desk.metrics().refused_early(door, "4xx");
            return Err(Reply::new(452, "4.3.1", "too many mails at once, try again later"));
        };
        let mut open = OpenMail::new(desk.metrics(), door, permit, place);
        if parameters.size.is_some_and(|declared| declared > limits.message_bytes_max) {
            return Err(open.refuse(too_large(&limits)));
        }
        if sender.as_str().len() > limits::ADDRESS_BYTES_MAX {
            return Err(open.refuse(Reply::new(501, "5.1.7", "sender address too long")));
        }
        let envelope = Envelope {
            sender,
            recipients: Vec::new(),
            queue_id: parameters.queue_id,
            smtputf8: parameters.smtputf8,
            eight_bit: parameters.eight_bit,
        };
        let rulebook = desk.rulebook();
        let mut inquiry = Inquiry::new(Arc::clone(desk.world()));
        inquiry.ask(foresee(&client, &envelope, None, &rulebook));
        Ok(Self {
            intake: Intake::new(limits.message_bytes_max),
            spool: Spool::new(limits.spool_memory_bytes_max),
            scan: None,
            refused: None,
            turned_away: 0,
            desk: Arc::clone(desk),
            rulebook,
            client,
            witness: parameters.witness,
            require_tls: parameters.require_tls,
            envelope,
            inquiry,
            open,
        })
    }

    /// Takes one recipient (RCPT TO).
    ///
    /// # Errors
    /// The reply to give when this recipient is refused: too many (452), too long (501).
    pub fn recipient(&mut self, recipient: Address) -> Result<(), Reply> {
        if let Some(reply) = self.refusal(&recipient) {
            return Err(self.open.refuse_recipient(reply));
        }
        if self.open.door() == Door::Lmtp {
            sealing::foresee(&self.desk, &self.rulebook.encryption, &recipient);
        }
        self.envelope.recipients.push(recipient);
        self.open.take_recipient();
        Ok(())
    }

    /// Takes one recipient of a client that waits for the answer.
    ///
    /// # Errors
    /// As `recipient`, and 451 for who is new here, where greylisting is decided early.
    pub async fn offer(&mut self, recipient: Address) -> Result<(), Reply> {
        if self.has_to_come_again(&recipient).await {
            return Err(self.open.refuse_recipient(early::come_again()));
        }
        self.recipient(recipient)
    }

    /// Why this recipient is not taken.
    fn refusal(&self, recipient: &Address) -> Option<Reply> {
        if self.envelope.recipients.len() >= limits::RECIPIENTS_MAX {
            return Some(Reply::new(452, "4.5.3", "too many recipients"));
        }
        if recipient.as_str().len() > limits::ADDRESS_BYTES_MAX {
            return Some(Reply::new(501, "5.1.3", "recipient address too long"));
        }
        self.early_refusal(recipient)
    }

    /// The refusal of a recipient whose mail has to come encrypted; at the LMTP door the evidence comes with the mail.
    fn early_refusal(&self, recipient: &Address) -> Option<Reply> {
        if self.open.door() != Door::Milter {
            return None;
        }
        let senders: Vec<Domain> = self.envelope.sender.domain().into_iter().collect();
        let policy = &self.rulebook.encryption;
        let unmet = policy.unmet(&self.client, Some(recipient), &senders)?;
        self.desk.metrics().transport_refused(Door::Milter);
        tracing::info!(whose = unmet.whose, demanded = %unmet.demanded, reached = %unmet.reached, "recipient refused: not encrypted enough");
        Some(policy.refusal(550))
    }

    /// Recipients taken so far.
    #[must_use]
    pub fn recipients(&self) -> usize {
        self.envelope.recipients.len()
    }

    /// Tells the queue ID once the MTA knows it (Postfix: with the first recipient).
    pub fn queue_id(&mut self, queue_id: &str) {
        self.envelope.queue_id = Some(queue_id.chars().take(64).collect());
    }

    /// Takes bytes of the message, header and body: CRLF line ends, dots unstuffed. Returns when intake, scanner
    /// and spool took them: that is the backpressure.
    ///
    /// # Errors
    /// The reply that the mail gets (552 too large, 451 disk); all further bytes are swallowed with the same reply.
    pub async fn bytes(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        if let Some(reply) = &self.refused {
            return Err(reply.clone());
        }
        let taken = self.take(bytes).await;
        if let Err(reply) = &taken {
            self.refused = Some(reply.clone());
            self.scan = None;
            self.spool = Spool::new(0);
        }
        taken
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        if self.spool.is_empty() {
            self.scan = self.desk.world().scan();
        }
        let Ok(head) = self.intake.feed(bytes) else {
            return Err(too_large(&self.desk.limits()));
        };
        if let Some(head) = head {
            if let (None, Some(by), Some(id)) = (&self.client.tls, &self.witness, &self.envelope.queue_id) {
                self.client.tls = received::witnessed(&head, by, id);
            }
            self.inquiry.ask(foresee(&self.client, &self.envelope, Some(&head), &self.rulebook));
            if self.has_all_to_come_again(&head).await {
                return Err(early::come_again());
            }
        }
        if let Some(scan) = &mut self.scan {
            scan.feed(Bytes::copy_from_slice(bytes)).await;
        }
        self.spool.push(bytes).await.map_err(|error| {
            tracing::error!(folder = %spool::folder().display(), %error, "spool: cannot write a temporary file; mail is deferred");
            Reply::new(451, "4.3.1", "no space to take the mail, try again later")
        })
    }

    /// Ends the message and judges it, in at most `limits::MAIL_SECONDS_MAX`; a verdict always comes.
    ///
    /// # Errors
    /// The reply that refused the bytes, or 451 when we are at fault (a check panicked, the disk failed).
    pub async fn conclude(mut self) -> Result<Concluded, Reply> {
        match self.refused.take() {
            Some(reply) => Err(self.open.refuse(reply)),
            None => self.judged().await,
        }
    }

    async fn judged(mut self) -> Result<Concluded, Reply> {
        let ended = Instant::now();
        let deadline = ended + limits::MAIL_SECONDS_MAX;
        let metrics = Arc::clone(self.desk.metrics());
        metrics.stage(Stage::Receive, ended - self.open.started);
        match self.scan.take() {
            Some(scan) => self.inquiry.expect(Question::Virus, scan.finish()),
            None => self.inquiry.learn(Fact::Virus(Scanned::NotAsked)),
        }
        let bytes = self.spool.len();
        let among_strangers = self.turn_among_strangers(bytes, deadline).await?;
        let Some(permit) = self.desk.judge_permit(bytes, deadline).await else {
            return Err(self.open.refuse(Reply::new(451, "4.3.2", "too busy, try again later")));
        };
        metrics.stage(Stage::Queue, ended.elapsed());
        let raw = match self.spool.read_all().await {
            Ok(raw) => raw,
            Err(error) => {
                tracing::error!(%error, "spool: cannot read a temporary file; mail is deferred");
                return Err(self.open.refuse(Reply::new(451, "4.3.0", "cannot read the mail, try again later")));
            }
        };
        let settled = match self.settle(raw, deadline).await {
            Ok(settled) => settled,
            Err(reply) => return Err(self.open.refuse(reply)),
        };
        drop((permit, among_strangers));
        let mail = settled.mail;
        let line = line::line(&self.desk, &mail, &settled.verdict, settled.rounds);
        counted::count(&metrics, &settled.verdict);
        self.desk.alarms().hear(&settled.verdict.findings);
        if let Some(recorder) = self.desk.recorder().filter(|_| self.may_be_kept() && !mail.message.is_opened) {
            recorder.offer(&mail, &settled.facts, &settled.verdict);
        }
        if let Some(history) = self.desk.history() {
            history.keep(self.open.door(), &mail, &settled.facts, &settled.verdict, &self.rulebook);
        }
        self.count_transport(&settled.verdict);
        self.count_lent(&mail.message);
        self.note_transport(&settled.verdict, mail.received_at);
        let deeds = deeds(&mail, &settled.facts, &settled.verdict, &self.rulebook.senders, &self.rulebook.own_domains);
        if !deeds.is_empty() && self.open.door().takes_mail() {
            self.desk.world().note(Note::Senders { deeds, at: mail.received_at.seconds() });
        }
        let is_set_aside = settled.verdict.outcomes.iter().any(|outcome| outcome.action == Action::Quarantine);
        let case = (is_set_aside && self.open.door() == Door::Lmtp && !mail.message.is_opened).then(|| {
            let (client, envelope) = (mail.client.clone(), mail.envelope.clone());
            Case { received_at: mail.received_at, client, envelope, facts: settled.facts.clone() }.to_text()
        });
        let message = &mail.message;
        let is_encrypted = self.is_sealed_for_somebody() && {
            let body = message.raw.get(message.head.len_bytes()..).unwrap_or_default();
            recognise::is_encrypted(&message.head, body)
        };
        Ok(Concluded {
            mailboxes: self.envelope.recipients.iter().map(|to| self.rulebook.encryption.mailbox_of(to)).collect(),
            rulebook: self.rulebook,
            case,
            is_encrypted,
            head: Bytes::copy_from_slice(message.raw.get(..message.head.len_bytes()).unwrap_or_default()),
            require_tls: self.require_tls,
            envelope: self.envelope,
            verdict: settled.verdict,
            desk: self.desk,
            spool: self.spool,
            line,
            open: self.open,
        })
    }

    /// A stranger's turn to be judged; nothing for others.
    async fn turn_among_strangers(
        &mut self,
        bytes: usize,
        deadline: Instant,
    ) -> Result<Option<OwnedSemaphorePermit>, Reply> {
        if self.open.place.is_none() {
            return Ok(None);
        }
        let turn = self.desk.lanes().judge(bytes, self.desk.is_small(bytes), deadline).await;
        turn.map(Some).ok_or_else(|| self.open.refuse(Reply::new(451, "4.3.2", "too busy, try again later")))
    }

    /// Nothing of such a mail may lie on a disk in plaintext.
    fn is_sealed_for_somebody(&self) -> bool {
        self.envelope.recipients.iter().any(|recipient| self.rulebook.encryption.sealing_of(recipient).is_wanted())
    }

    /// May its case be kept? Not where it is sealed, and not where what was in an envelope is known.
    fn may_be_kept(&self) -> bool {
        !self.is_sealed_for_somebody() && self.lent().is_empty()
    }

    /// Private keys that its recipients lend; not to those who only ask what we would say.
    fn lent(&self) -> Lent {
        let is_ours = self.open.door().takes_mail();
        if is_ours { self.rulebook.encryption.lent_to(&self.envelope.recipients) } else { Lent::default() }
    }

    fn count_transport(&self, verdict: &Verdict) {
        let (metrics, door) = (self.desk.metrics(), self.open.door());
        metrics.transport(door, reached(&self.client).map_or("local", Level::word));
        for _ in verdict.findings.iter().filter(|finding| finding.symbol == transport::REFUSED) {
            metrics.transport_refused(door);
        }
    }

    fn count_lent(&self, message: &Message) {
        if message.is_opened || (message.protection.encrypted.is_some() && !self.lent().is_empty()) {
            self.desk.metrics().lent(message.is_opened);
        }
    }

    /// Remembers how mails of a domain come, if it is the domain's own mail and was not turned away.
    fn note_transport(&self, verdict: &Verdict, at: Timestamp) {
        let auth = &verdict.authentication;
        let is_turned_away = verdict.for_message().action >= Action::Defer || !self.open.door().takes_mail();
        let Some(level) = reached(&self.client).filter(|_| !is_turned_away && self.client.login.is_none()) else {
            return;
        };
        let sender = self.envelope.sender.domain().filter(|_| auth.spf.result == Word::Pass);
        let author = auth.dmarc.author_domain.clone().filter(|_| auth.dmarc.result == Word::Pass);
        let author = author.filter(|author| sender.as_ref() != Some(author));
        for domain in sender.into_iter().chain(author) {
            self.desk.world().note(Note::Transport { domain, level, at: at.seconds() });
        }
    }

    fn keep_fault(&self, raw: Bytes, case: Case) -> impl Future<Output = ()> + use<> {
        self.desk.metrics().judge_panicked();
        faults::keep(self.desk.faults(), raw, case, self.may_be_kept())
    }

    async fn settle(&mut self, raw: Bytes, deadline: Instant) -> Result<Settled, Reply> {
        let (client, envelope) = (self.client.clone(), self.envelope.clone());
        let case = Case { received_at: now(), client, envelope, facts: Facts::default() };
        let (metrics, rulebook) = (Arc::clone(self.desk.metrics()), Arc::clone(&self.rulebook));
        let (circumstances, bytes, checks, lent) = (case.clone(), raw.clone(), self.desk.checks(), self.lent());
        let busy = || Reply::new(451, "4.3.2", "too busy, try again later");
        let turns = self.open.place.is_some().then(|| self.desk.lanes().turns());
        let among_strangers = match &turns {
            Some(turns) => Arc::clone(turns).acquire_owned().await.ok(),
            None => None,
        };
        let turn = self.desk.reading_turn(deadline).await.ok_or_else(busy)?;
        let read = on_pool(self.desk.pool(), move || {
            let started = Instant::now();
            let Case { received_at, client, envelope, .. } = circumstances;
            let mail = Mail { client, envelope, message: Message::parse_with(bytes, lent), received_at };
            metrics.stage(Stage::Parse, started.elapsed());
            Arc::new(mail)
        })
        .await;
        drop(among_strangers);
        let Some(mail) = read else {
            self.keep_fault(raw, case).await;
            return Err(cannot_judge());
        };
        let found = self.desk.found_permit(mail.message.inner_bytes()).await.ok_or_else(busy)?;
        drop(turn);
        let seat = move || Judge::with_checks(mail, rulebook, checks);
        let mut inquiry = std::mem::replace(&mut self.inquiry, Inquiry::new(Arc::clone(self.desk.world())));
        if let Some(turns) = turns {
            inquiry.wait_for_turns(turns);
        }
        let settled = inquiry.settle(seat, deadline, self.desk.pool(), self.desk.metrics()).await;
        drop(found);
        match settled {
            Ok(settled) => Ok(settled),
            Err(panicked) => {
                self.keep_fault(raw, Case { facts: panicked.facts, ..case }).await;
                Err(cannot_judge())
            }
        }
    }
}

fn cannot_judge() -> Reply {
    Reply::new(451, "4.3.0", "cannot judge the mail, try again later")
}

impl Concluded {
    /// The recipients whose mail goes to another mailbox, with that mailbox.
    #[must_use]
    pub fn rewritten(&self) -> Vec<(Address, Address)> {
        let pairs = self.envelope.recipients.iter().zip(&self.mailboxes);
        pairs.filter(|(from, to)| from != to).map(|(from, to)| (from.clone(), to.clone())).collect()
    }

    /// The verdict has been told to whoever asked, and this filter has no part in the delivery; counts and logs the mail.
    pub fn close(mut self) {
        let outcome = self.verdict.for_message();
        self.desk.metrics().mail(self.open.door(), outcome.action.word(), self.line.bytes);
        for outcome in &self.verdict.outcomes {
            self.desk.metrics().recipient(self.open.door(), outcome.action.word());
        }
        for _ in &self.verdict.outcomes {
            // The MTA is told one reply for all of them.
            self.open.settle(outcome.action);
        }
        line::write(&self.desk, &self.line, outcome.action, &self.open);
        self.open.end();
    }
}

fn too_large(limits: &Limits) -> Reply {
    Reply::new(552, "5.3.4", format!("message exceeds {} octets", limits.message_bytes_max))
}
