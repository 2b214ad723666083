//! History: the last verdicts in memory, with what they rest on. Nothing of a mail's content, nothing on disk, bounded.

use crate::{
    judge::{facts::Facts, findings::Finding, policy::verdict::Verdict, rulebook::Rulebook, told},
    limits,
    mail::{Mail, timestamp::Timestamp},
    telemetry::metrics::Door,
};
use serde::Serialize;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast;

/// One verdict. Addresses and what was seen in the mail are for operators only.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Counts from 1 since the start.
    pub number: u64,
    pub received_at: String,
    pub door: &'static str,
    pub reference: String,
    pub queue_id: String,
    pub action: &'static str,
    pub score: f64,
    pub bytes: usize,
    pub symbols: Vec<Seen>,
    pub authentication: Authenticated,
    pub sender_domain: String,
    /// What was done about the mail afterwards, and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deeds: Vec<Deed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<Private>,
}

/// Something that was done about a mail after its verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    pub at: String,
    /// Names nobody.
    pub what: String,
}

/// A finding with what it weighs.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    pub symbol: String,
    pub score: f64,
    pub least_action: &'static str,
    pub about: String,
    /// What was seen in the mail.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Words of RFC 8601.
#[derive(Clone, Debug, Serialize)]
pub struct Authenticated {
    pub spf: &'static str,
    pub dkim: Vec<&'static str>,
    pub arc: &'static str,
    pub dmarc: &'static str,
}

/// What names persons or their servers.
#[derive(Clone, Debug, Serialize)]
pub struct Private {
    pub client: String,
    pub sender: String,
    /// Each with its action and the reply.
    pub outcomes: Vec<Told>,
    pub facts: Vec<Answered>,
}

/// What a recipient's mail gets.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    pub recipient: String,
    pub action: &'static str,
    pub reply: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objection: Option<String>,
}

impl Told {
    fn without_objection(&self) -> Self {
        Self { objection: None, ..self.clone() }
    }
}

/// A question with its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    pub question: String,
    pub answer: String,
}

/// The last verdicts, oldest first, and who reads along.
#[derive(Debug)]
pub struct History {
    kept: Mutex<(u64, VecDeque<Arc<Entry>>)>,
    live: broadcast::Sender<Arc<Entry>>,
}

impl Default for History {
    fn default() -> Self {
        Self { kept: Mutex::default(), live: broadcast::Sender::new(limits::LIVE_VERDICTS_MAX) }
    }
}

impl History {
    /// Keeps a verdict; the oldest goes when there are too many.
    pub fn keep(&self, door: Door, mail: &Mail, facts: &Facts, verdict: &Verdict, rulebook: &Rulebook) {
        let mut entry = entry(door, mail, facts, verdict, rulebook);
        if mail.message.is_opened {
            entry = entry.without_content();
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        entry.number = kept.0;
        let entry = Arc::new(entry);
        // Nobody may be reading along.
        let _ = self.live.send(Arc::clone(&entry));
        kept.1.push_back(entry);
        while kept.1.len() > limits::HISTORY_VERDICTS_MAX {
            kept.1.pop_front();
        }
    }

    /// Notes something that was done about the mail with this reference, if its verdict is still kept.
    pub fn note(&self, reference: &str, at: Timestamp, what: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = kept.1.iter_mut().rev();
        if let Some(entry) = entries.find(|entry| entry.reference == reference).map(Arc::make_mut)
            && entry.deeds.len() < limits::HISTORY_LINES_MAX
        {
            entry.deeds.push(Deed { at: at.to_string(), what: what.to_owned() });
        }
    }

    /// Verdicts from now on, as they are made.
    #[must_use]
    pub fn live(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.live.subscribe()
    }

    /// Verdicts with a number above `after`, newest first.
    #[must_use]
    pub fn since(&self, after: u64, count: usize) -> Vec<Arc<Entry>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1.iter().rev().take_while(|entry| entry.number > after).take(count).cloned().collect()
    }

    /// The newest verdict with this reference or queue ID.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Arc<Entry>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1
            .iter()
            .rev()
            .find(|entry| !name.is_empty() && [&entry.reference, &entry.queue_id].contains(&&name.to_owned()))
            .cloned()
    }
}

impl Entry {
    /// The same without anything that was seen in the mail: it came out of an envelope.
    fn without_content(mut self) -> Self {
        self.symbols.iter_mut().for_each(|seen| seen.detail.clear());
        if let Some(private) = &mut self.private {
            private.facts.clear();
            private.outcomes.iter_mut().for_each(|told| told.objection = None);
        }
        self
    }

    /// The same without anything that names persons or shows what was in the mail.
    #[must_use]
    pub fn without_persons(&self) -> Self {
        let bare = |seen: &Seen| Seen { detail: String::new(), ..seen.clone() };
        Self { private: None, symbols: self.symbols.iter().map(bare).collect(), ..self.clone() }
    }

    /// What recipients may see of it: their own outcomes and the sender; nothing if it is not theirs.
    #[must_use]
    pub fn for_recipients(&self, is_own: impl Fn(&str) -> bool) -> Option<Self> {
        let private = self.private.as_ref()?;
        let own = |told: &&Told| is_own(&told.recipient);
        let outcomes: Vec<Told> = private.outcomes.iter().filter(own).map(Told::without_objection).collect();
        let action = outcomes.first()?.action;
        let sender = private.sender.clone();
        let private = Some(Private { client: String::new(), sender, outcomes, facts: Vec::new() });
        Some(Self { action, private, ..self.without_persons() })
    }
}

fn entry(door: Door, mail: &Mail, facts: &Facts, verdict: &Verdict, rulebook: &Rulebook) -> Entry {
    let auth = &verdict.authentication;
    let seen = |finding: &Finding| Seen {
        symbol: finding.symbol.to_string(),
        score: rulebook.weight(finding).points(),
        least_action: rulebook.least_action(&finding.symbol).word(),
        about: rulebook.rules.table.get(&finding.symbol).map(|rule| rule.about.clone()).unwrap_or_default(),
        detail: cut(&finding.detail),
    };
    Entry {
        number: 0,
        received_at: mail.received_at.to_string(),
        door: door.word(),
        reference: verdict.reference.clone(),
        queue_id: mail.envelope.queue_id.clone().unwrap_or_default(),
        action: verdict.for_message().action.word(),
        score: verdict.score.points(),
        bytes: mail.message.raw.len(),
        symbols: verdict.findings.iter().take(limits::HISTORY_LINES_MAX).map(seen).collect(),
        authentication: Authenticated {
            spf: auth.spf.result.word(),
            dkim: auth.dkim.iter().take(limits::HISTORY_LINES_MAX).map(|one| one.result.word()).collect(),
            arc: auth.arc.result.word(),
            dmarc: auth.dmarc.result.word(),
        },
        deeds: Vec::new(),
        sender_domain: mail.envelope.sender.domain().map(|domain| domain.to_string()).unwrap_or_default(),
        private: Some(private(mail, facts, verdict)),
    }
}

fn private(mail: &Mail, facts: &Facts, verdict: &Verdict) -> Private {
    let recipients = mail.envelope.recipients.iter().map(|to| cut(to.as_str())).chain([String::new()]);
    let outcomes = recipients.zip(&verdict.outcomes).take(limits::HISTORY_LINES_MAX);
    let all = facts.all();
    let answered = all
        .iter()
        .take(limits::HISTORY_LINES_MAX)
        .map(|fact| Answered { question: cut(&told::question(&fact.question())), answer: cut(&told::answer(fact)) });
    Private {
        client: mail.client.address.map(|address| address.to_string()).unwrap_or_default(),
        sender: cut(mail.envelope.sender.as_str()),
        outcomes: outcomes
            .map(|(recipient, outcome)| Told {
                recipient,
                action: outcome.action.word(),
                reply: outcome.reply.to_string(),
                objection: outcome.objection.as_deref().map(cut),
            })
            .collect(),
        facts: answered.collect(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(limits::HISTORY_TEXT_CHARACTERS_MAX).collect()
}
