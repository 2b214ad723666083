//! What rules matched in a judged message, and where.
//!
//! Pure.

use super::judged::Judged;
use crate::judge::{
    findings::Finding,
    rulebook::Rulebook,
    rules::{
        program::Span,
        scene::{Outside, Scene},
    },
};
use serde::Serialize;

/// A rule that hit.
#[derive(Debug, Serialize)]
pub struct TracedRule {
    pub symbol: String,
    pub score: f64,
    pub group: String,
    pub shadow: bool,
    pub times: u32,
    pub about: String,
    pub when: String,
    /// Where the rule stands: file, line, column.
    pub place: String,
    pub matches: Vec<Match>,
}

/// Where a pattern matched.
#[derive(Debug, Serialize)]
pub struct Match {
    pub field: String,
    /// First octet of the match in its value, and the one behind it.
    pub octets: [usize; 2],
    pub text: String,
    /// What stands before and behind it.
    pub before: String,
    pub after: String,
}

impl From<Span> for Match {
    fn from(span: Span) -> Self {
        let Span { field, before, text, after, octets } = span;
        Self {
            field,
            octets: [octets.start, octets.end],
            text: excerpt(&text),
            before: excerpt(&before),
            after: excerpt(&after),
        }
    }
}

/// The rules that hit a mail, in the order of their names.
#[must_use]
pub fn traced(judged: &Judged, rulebook: &Rulebook) -> Vec<TracedRule> {
    let found = ruled(&judged.verdict.findings, rulebook);
    let spans = spans(judged, rulebook, &found);
    let rules = found.into_iter().zip(spans).filter_map(|(finding, spans)| {
        let rule = rulebook.rules.table.get(&finding.symbol)?;
        Some(TracedRule {
            symbol: finding.symbol.to_string(),
            score: rulebook.weight(finding).points(),
            group: rule.group.clone(),
            shadow: rule.is_shadow,
            times: finding.times,
            about: rule.about.clone(),
            when: rule.when.trim().to_owned(),
            place: rule.position.to_string(),
            matches: spans.into_iter().map(Match::from).collect(),
        })
    });
    rules.collect()
}

/// What is told of a finding: what its check said, or the first text that its rule matched.
#[must_use]
pub fn details(judged: &Judged, rulebook: &Rulebook) -> Vec<String> {
    let findings = &judged.verdict.findings;
    let found = ruled(findings, rulebook);
    let mut spans = spans(judged, rulebook, &found).into_iter();
    let detail = |finding: &Finding| {
        let matched = if is_ruled(finding, rulebook) { spans.next() } else { None };
        match matched.and_then(|spans| spans.into_iter().next()) {
            Some(Span { field, text, .. }) => format!("{field}: {}", excerpt(&text)),
            None => finding.detail.clone(),
        }
    };
    findings.iter().map(detail).collect()
}

fn is_ruled(finding: &Finding, rulebook: &Rulebook) -> bool {
    rulebook.rules.table.get(&finding.symbol).is_some_and(|rule| !rule.when.is_empty())
}

fn ruled<'f>(findings: &'f [Finding], rulebook: &Rulebook) -> Vec<&'f Finding> {
    findings.iter().filter(|finding| is_ruled(finding, rulebook)).collect()
}

fn spans(judged: &Judged, rulebook: &Rulebook, found: &[&Finding]) -> Vec<Vec<Span>> {
    if found.is_empty() {
        return Vec::new();
    }
    let outside = Outside::of(&judged.verdict.authentication, &judged.facts);
    let scene = Scene::new(&judged.mail, Some(outside)).with_learned(rulebook.learned.as_deref());
    rulebook.rules.program.spans(&scene, found.iter().map(|finding| &finding.symbol))
}

/// As much of a match as a line takes.
fn excerpt(text: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 80;
    String::from_utf8_lossy(text).chars().take(CHARACTERS_MAX).collect()
}
