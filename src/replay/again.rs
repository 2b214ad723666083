//! Again: a mail judged on the facts that are known of it, as the doors would have on the same answers.
//!
//! Pure. A question without a recorded answer is `Failed(NotRecorded)` and told; where no scan was recorded, none was made.

use super::row::{Hit, Side};
use crate::{
    judge::{
        Judge, Progress,
        facts::{Fact, Facts, Failure, Question, Scanned},
        findings::{Finding, Score, Symbol},
        policy::{
            by_score, decide,
            verdict::{Action, Verdict},
        },
        rulebook::Rulebook,
    },
    limits,
    mail::{Mail, hex::hex},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A verdict with everything it rests on.
#[derive(Clone, Debug)]
pub struct Again {
    pub verdict: Verdict,
    pub facts: Facts,
    /// Questions that nobody had recorded the answer of.
    pub missing: BTreeSet<Question>,
}

/// Judges a mail on recorded facts.
#[must_use]
pub fn again(mail: &Arc<Mail>, recorded: &Facts, rulebook: &Arc<Rulebook>) -> Again {
    let mut facts = recorded.clone();
    // A first answer stays, so this speaks only where no scan was recorded.
    facts.learn(Fact::Virus(Scanned::NotAsked));
    let mut judge = Judge::new(Arc::clone(mail), Arc::clone(rulebook));
    let mut missing = BTreeSet::new();
    loop {
        match judge.advance(&facts) {
            Progress::Done(verdict) => return Again { verdict: *verdict, facts, missing },
            Progress::Wants(wanted) => {
                let is_over = judge.rounds() >= limits::ROUNDS_MAX || missing.len() >= limits::QUESTIONS_MAX;
                let why = if is_over { Failure::OverBudget } else { Failure::NotRecorded };
                for question in wanted {
                    facts.learn(question.failed(why));
                    missing.insert(question);
                }
            }
        }
    }
}

impl Again {
    /// What a replay keeps of it.
    #[must_use]
    pub fn side(&self, mail: &Mail, rulebook: &Rulebook) -> Side {
        let verdict = &self.verdict;
        let mut weights: BTreeMap<&Symbol, Score> = BTreeMap::new();
        for finding in verdict.findings.iter().filter(|finding| !rulebook.is_shadow(&finding.symbol)) {
            let weight = weights.entry(&finding.symbol).or_default();
            *weight = *weight + rulebook.weight(finding);
        }
        let hit = |(symbol, score): (&Symbol, Score)| {
            let least_action = rulebook.least_action(symbol);
            let is_idle = score == Score::default() && least_action == Action::Accept;
            let decided = !is_idle && self.without(symbol, mail, rulebook) != verdict.severest();
            Hit { name: symbol.to_string(), score, least_action, decided }
        };
        let mut symbols: Vec<Hit> = weights.into_iter().map(hit).collect();
        let shadows: BTreeSet<&Symbol> = verdict
            .findings
            .iter()
            .map(|finding| &finding.symbol)
            .filter(|symbol| rulebook.is_shadow(symbol))
            .collect();
        symbols.extend(shadows.into_iter().map(|symbol| Hit {
            name: symbol.to_string(),
            score: Score::default(),
            least_action: Action::Accept,
            decided: false,
        }));
        symbols.sort_by(|one, other| one.name.cmp(&other.name));
        Side { score: verdict.score, action: verdict.severest(), symbols }
    }

    /// The severest action, had a symbol not been found.
    fn without(&self, symbol: &Symbol, mail: &Mail, rulebook: &Rulebook) -> Action {
        let verdict = &self.verdict;
        let kept: Vec<Finding> = verdict.findings.iter().filter(|finding| finding.symbol != *symbol).cloned().collect();
        let demanded = kept.iter().map(|finding| rulebook.least_action(&finding.symbol)).max().unwrap_or_default();
        let action = by_score(rulebook.sum(&kept), rulebook.thresholds).max(demanded);
        let is_objected =
            verdict.findings.iter().any(|finding| finding.symbol == crate::judge::checks::attachments::POLICY);
        if is_objected && action < verdict.severest() {
            return decide(mail, &self.facts, kept, verdict.authentication.clone(), rulebook).severest();
        }
        action
    }
}

/// The first 128 bits of a SHA-256, in hex digits.
#[must_use]
pub fn digest(octets: &[u8]) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    hex(digest(&SHA256, octets).as_ref().iter().take(16))
}
