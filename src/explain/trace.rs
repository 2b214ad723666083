//! The trace of a verdict, found by judging again with something left out: judging is pure, so that is exact.
//!
//! Pure.

use super::{
    judged::Judged,
    learned::{self, Learned},
    matches::{self, TracedRule},
    why::Why,
};
use crate::{
    judge::{
        Judge, Progress,
        auth::{self, Word},
        checks,
        checks::evidence::{Check, Evidence},
        facts::{Fact, Facts, Failure, Reading, Scanned},
        findings::{Finding, Score, Symbol},
        policy::{
            decide,
            verdict::{Action, Edit},
        },
        rulebook::Rulebook,
        told,
    },
    limits,
    mail::head::Field,
};
use serde::Serialize;
use std::{collections::BTreeSet, sync::Arc};

/// Findings that are left out at once, at most, to see what changes.
const LEFT_OUT_MAX: usize = 3;
/// Symbols that are combined; more would make too many sets.
const SYMBOLS_MAX: usize = 30;
/// Sets of findings that are told.
const SETS_MAX: usize = 20;

/// How one verdict came about.
#[derive(Debug, Serialize)]
pub struct Trace {
    pub message: String,
    pub client: String,
    pub envelope: String,
    pub guessed: Vec<&'static str>,
    pub facts: Vec<TracedFact>,
    pub rounds: usize,
    pub authentication: String,
    pub checks: Vec<TracedCheck>,
    pub rules: Vec<TracedRule>,
    /// What the learned model said, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
    /// The rules that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why_not: Vec<Why>,
    pub sum: String,
    pub action: &'static str,
    pub because: String,
    /// What the score reached or stayed below, where it decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// What would have changed the action.
    pub changes: Vec<Change>,
    pub outcomes: Vec<String>,
    pub edits: Vec<String>,
}

/// A question, its answer, and which checks cannot speak without it.
#[derive(Debug, Serialize)]
pub struct TracedFact {
    pub question: String,
    pub answer: String,
    pub read_by: Vec<&'static str>,
}

/// What one check said.
#[derive(Debug, Serialize)]
pub struct TracedCheck {
    pub name: &'static str,
    /// The octets of the message it looks at.
    pub bytes: String,
    pub findings: Vec<TracedFinding>,
}

/// One finding with what it weighs.
#[derive(Debug, Serialize)]
pub struct TracedFinding {
    pub symbol: String,
    pub score: f64,
    pub least_action: &'static str,
    pub detail: String,
    pub about: String,
}

/// Something that would have led to another action.
#[derive(Debug, Serialize)]
pub struct Change {
    pub when: String,
    pub action: &'static str,
}

impl Trace {
    /// Traces a verdict.
    #[must_use]
    pub fn of(judged: &Judged, rulebook: &Arc<Rulebook>) -> Self {
        let verdict = &judged.verdict;
        let action = verdict.for_message().action;
        let thresholds = rulebook.thresholds;
        let recipients = if judged.mail.envelope.recipients.is_empty() {
            vec!["the message".to_owned()]
        } else {
            judged.mail.envelope.recipients.iter().map(ToString::to_string).collect()
        };
        let outcomes = recipients.iter().zip(&verdict.outcomes);
        let demanded = demanded(action, judged, rulebook);
        let threshold = threshold(action, rulebook);
        let mut changes = without_findings(judged, rulebook);
        changes.extend(without_answers(judged, rulebook));
        Self {
            message: message(judged),
            client: client(judged),
            envelope: envelope(judged),
            guessed: judged.guessed.clone(),
            facts: facts(judged, rulebook),
            rounds: judged.rounds,
            authentication: authentication(judged),
            checks: checks::ALL.iter().map(|check| traced(check, judged, rulebook)).collect(),
            rules: matches::traced(judged, rulebook),
            learned: learned::opinion(judged, rulebook),
            why_not: Vec::new(),
            sum: format!(
                "{} (tag from {}, quarantine from {}, reject from {})",
                verdict.score, thresholds.tag, thresholds.quarantine, thresholds.reject
            ),
            action: action.word(),
            threshold: demanded.is_none().then(|| threshold.points()),
            because: demanded.unwrap_or_else(|| {
                let word = if verdict.score >= threshold { "reaches" } else { "stays below" };
                format!("{} {word} {threshold}", verdict.score)
            }),
            changes,
            outcomes: outcomes.map(|(to, outcome)| format!("{to}: {} ({})", outcome.action, outcome.reply)).collect(),
            edits: verdict.edits.iter().map(edit).collect(),
        }
    }
}

fn message(judged: &Judged) -> String {
    let message = &judged.mail.message;
    format!(
        "{}#{}, {} octets, {} parts, received {}, subject \"{}\", ref {}",
        judged.path,
        judged.index,
        message.raw.len(),
        message.parts.len(),
        judged.mail.received_at,
        message.subject,
        judged.verdict.reference
    )
}

fn client(judged: &Judged) -> String {
    let client = &judged.mail.client;
    let text = |value: Option<&str>| value.unwrap_or("unknown").to_owned();
    format!(
        "{}, name {}, HELO {}, TLS {}",
        text(client.address.map(|address| address.to_string()).as_deref()),
        text(client.name.as_deref()),
        text(client.helo.as_deref()),
        client.tls.as_ref().map_or("none", |tls| tls.version.as_str())
    )
}

fn envelope(judged: &Judged) -> String {
    let envelope = &judged.mail.envelope;
    let to: Vec<_> = envelope.recipients.iter().map(|recipient| format!("<{recipient}>")).collect();
    format!("from <{}> to {}", envelope.sender, if to.is_empty() { "nobody".to_owned() } else { to.join(" ") })
}

fn authentication(judged: &Judged) -> String {
    let auth = &judged.verdict.authentication;
    let with = |word: Word, of: &str, reason: &str| {
        let of = if of.is_empty() { String::new() } else { format!(" {of}") };
        let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
        format!("{}{of}{reason}", word.word())
    };
    let dkim: Vec<_> =
        auth.dkim.iter().map(|signature| with(signature.result, &signature.domain, &signature.reason)).collect();
    let author = auth.dmarc.author_domain.as_ref().map(ToString::to_string).unwrap_or_default();
    format!(
        "spf={}; helo={}; dkim={}; arc={}; iprev={}; dmarc={}, policy {}, disposition {}",
        with(auth.spf.result, &auth.spf.domain, &auth.spf.reason),
        with(auth.spf_helo.result, &auth.spf_helo.domain, &auth.spf_helo.reason),
        if dkim.is_empty() { "none".to_owned() } else { dkim.join(", ") },
        with(auth.arc.result, &auth.arc.sealers.join(" "), &auth.arc.reason),
        with(auth.iprev.result, &auth.iprev.name, ""),
        with(auth.dmarc.result, &author, &auth.dmarc.reason),
        auth.dmarc.policy.word(),
        auth.dmarc.disposition.word()
    )
}

/// Each fact with the checks that cannot speak once it is taken away.
fn facts(judged: &Judged, rulebook: &Rulebook) -> Vec<TracedFact> {
    let all = judged.facts.all();
    let traced = all.iter().map(|fact| {
        let question = fact.question();
        let mut others = Facts::default();
        for other in all.iter().filter(|other| other.question() != question) {
            others.learn(other.clone());
        }
        let reading = Reading::of(&others);
        let computed = auth::Progress::default().advance(&judged.mail, &reading, &rulebook.auth);
        let evidence = Evidence::new(&judged.mail, &reading, rulebook, computed.as_ref().map_err(|unknown| *unknown));
        let mut read_by: Vec<_> =
            checks::ALL.iter().filter(|check| (check.run)(&evidence).is_err()).map(|check| check.name).collect();
        if computed.is_err() && read_by.is_empty() {
            read_by.push("authentication");
        }
        TracedFact { question: told::question(&question), answer: told::answer(fact), read_by }
    });
    traced.collect()
}

fn traced(check: &Check, judged: &Judged, rulebook: &Rulebook) -> TracedCheck {
    let found = judged.verdict.findings.iter().filter(|finding| check.symbols.contains(&finding.symbol));
    let findings = found.map(|finding| TracedFinding {
        symbol: finding.symbol.to_string(),
        score: rulebook.weight(finding).points(),
        least_action: rulebook.least_action(&finding.symbol).word(),
        detail: finding.detail.clone(),
        about: rulebook.rules.table.get(&finding.symbol).map(|rule| rule.about.clone()).unwrap_or_default(),
    });
    TracedCheck { name: check.name, bytes: bytes(check.name, judged), findings: findings.collect() }
}

/// The octets a check looks at: some fields of the header section, or the whole message.
fn bytes(check: &str, judged: &Judged) -> String {
    let fields: &[&str] = match check {
        "authentication" => &[
            "From",
            "DKIM-Signature",
            "ARC-Seal",
            "ARC-Message-Signature",
            "ARC-Authentication-Results",
            "Authentication-Results",
        ],
        "date" => &["Date"],
        _ => return format!("octets 0..{}", judged.mail.message.raw.len()),
    };
    let raw = &judged.mail.message.raw;
    let range = |field: &Field| {
        // A field is a slice of the message's own buffer, so its address tells its offset.
        let start = field.raw.as_ptr().addr().saturating_sub(raw.as_ptr().addr());
        format!("{} at octets {start}..{}", String::from_utf8_lossy(&field.name), start + field.raw.len())
    };
    let seen: Vec<_> = judged
        .mail
        .message
        .head
        .fields()
        .iter()
        .filter(|field| {
            fields.iter().any(|name| String::from_utf8_lossy(&field.name).trim().eq_ignore_ascii_case(name))
        })
        .map(range)
        .collect();
    if seen.is_empty() { format!("no field: there is no {}", fields.join(", ")) } else { seen.join(", ") }
}

/// Who asks for the action, whatever the score is.
fn demanded(action: Action, judged: &Judged, rulebook: &Rulebook) -> Option<String> {
    let verdict = &judged.verdict;
    let demanding: BTreeSet<&str> = verdict
        .findings
        .iter()
        .filter(|finding| action > Action::Accept && rulebook.least_action(&finding.symbol) == action)
        .map(|finding| finding.symbol.as_str())
        .collect();
    if !demanding.is_empty() {
        let demanding: Vec<_> = demanding.into_iter().collect();
        return Some(format!("{} asks for it whatever the score", demanding.join(", ")));
    }
    let asking = verdict.outcomes.iter().filter(|outcome| outcome.action == action);
    let asking: BTreeSet<&str> = asking.filter_map(|outcome| outcome.objection.as_deref()).collect();
    let asking: Vec<_> = asking.into_iter().collect();
    (!asking.is_empty()).then(|| format!("a class of recipients asks for it: {}", asking.join("; ")))
}

/// What the score is held against.
fn threshold(action: Action, rulebook: &Rulebook) -> Score {
    let thresholds = rulebook.thresholds;
    match action {
        Action::Reject => thresholds.reject,
        Action::Quarantine => thresholds.quarantine,
        Action::Tag | Action::Accept | Action::Defer => thresholds.tag,
    }
}

/// The smallest sets of symbols without which the action would have been another.
fn without_findings(judged: &Judged, rulebook: &Rulebook) -> Vec<Change> {
    let verdict = &judged.verdict;
    let action = verdict.for_message().action;
    let symbols: BTreeSet<&Symbol> = verdict.findings.iter().map(|finding| &finding.symbol).collect();
    let symbols: Vec<&Symbol> = symbols.into_iter().take(SYMBOLS_MAX).collect();
    let mut changes = Vec::new();
    let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..LEFT_OUT_MAX {
        let mut larger = Vec::new();
        for set in &sets {
            let first = set.last().map_or(0, |last| last + 1);
            for next in first..symbols.len() {
                let set: Vec<usize> = set.iter().copied().chain([next]).collect();
                let left_out: Vec<&Symbol> = set.iter().filter_map(|index| symbols.get(*index).copied()).collect();
                let is_kept = |finding: &&Finding| !left_out.contains(&&finding.symbol);
                let kept = verdict.findings.iter().filter(is_kept).cloned().collect();
                let other = decide(&judged.mail, &judged.facts, kept, verdict.authentication.clone(), rulebook)
                    .for_message()
                    .action;
                if other == action {
                    larger.push(set);
                } else {
                    let names: Vec<_> = left_out.iter().map(|symbol| symbol.as_str()).collect();
                    changes.push(Change { when: format!("without {}", names.join(" and ")), action: other.word() });
                }
            }
        }
        // Only smallest sets are told: once some are found, larger ones say nothing new.
        if !changes.is_empty() {
            break;
        }
        sets = larger;
    }
    changes.truncate(SETS_MAX);
    changes
}

/// The facts whose loss would have led to another action.
fn without_answers(judged: &Judged, rulebook: &Arc<Rulebook>) -> Vec<Change> {
    let action = judged.verdict.for_message().action;
    let all = judged.facts.all();
    let mut changes = Vec::new();
    for lost in all.iter().filter(|fact| fact.failure().is_none() && **fact != Fact::Virus(Scanned::NotAsked)) {
        let mut facts = Facts::default();
        facts.learn(lost.question().failed(Failure::Timeout));
        for fact in all.iter().cloned() {
            facts.learn(fact);
        }
        if let Some(other) = judge_again(judged, rulebook, facts)
            && other != action
        {
            let when = format!("had {} not been answered", told::question(&lost.question()));
            changes.push(Change { when, action: other.word() });
        }
    }
    changes
}

/// Judges on these facts; what they lack was not recorded.
fn judge_again(judged: &Judged, rulebook: &Arc<Rulebook>, mut facts: Facts) -> Option<Action> {
    let mut judge = Judge::new(Arc::clone(&judged.mail), Arc::clone(rulebook));
    for _ in 0..limits::ROUNDS_MAX {
        match judge.advance(&facts) {
            Progress::Done(verdict) => return Some(verdict.for_message().action),
            Progress::Wants(wanted) => {
                for question in wanted {
                    facts.learn(question.failed(Failure::NotRecorded));
                }
            }
        }
    }
    None
}

fn edit(edit: &Edit) -> String {
    match edit {
        Edit::AddField { name, value } => format!("add {name}: {}", value.replace("\r\n\t", " ")),
        Edit::RemoveField { name, index, value } => format!("remove {name} number {index}: {value}"),
    }
}
