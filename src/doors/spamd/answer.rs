//! Answers of the spamd protocol.
//!
//! Pure.

use super::session::Command;
use crate::judge::{
    policy::verdict::{Action, Verdict},
    rulebook::Rulebook,
};
use std::{collections::BTreeSet, fmt::Write as _};

/// Is it spam to a client that knows only yes and no?
#[must_use]
pub fn is_spam(verdict: &Verdict) -> bool {
    verdict.for_message().action >= Action::Tag
}

/// The head of an answer about a mail, with `length` octets behind it.
#[must_use]
pub fn head(verdict: &Verdict, rulebook: &Rulebook, length: usize) -> String {
    let word = if is_spam(verdict) { "True" } else { "False" };
    let (score, tag) = (verdict.score.points(), rulebook.thresholds.tag.points());
    format!("SPAMD/1.1 0 EX_OK\r\nContent-length: {length}\r\nSpam: {word} ; {score:.1} / {tag:.1}\r\n\r\n")
}

/// An answer without verdict.
#[must_use]
pub fn trouble(code: u16, word: &str, text: &str) -> String {
    format!("SPAMD/1.0 {code} {word} {text}\r\n")
}

/// What stands behind the head, where that is not the mail.
#[must_use]
pub fn text(command: Command, verdict: &Verdict, rulebook: &Rulebook) -> String {
    match command {
        Command::Symbols => {
            let names: BTreeSet<&str> = verdict.findings.iter().map(|finding| finding.symbol.as_str()).collect();
            format!("{}\r\n", names.into_iter().collect::<Vec<_>>().join(","))
        }
        Command::Report => report(verdict, rulebook),
        Command::ReportIfSpam if is_spam(verdict) => report(verdict, rulebook),
        Command::ReportIfSpam | Command::Check | Command::Headers | Command::Process => String::new(),
    }
}

fn report(verdict: &Verdict, rulebook: &Rulebook) -> String {
    let outcome = verdict.for_message();
    let mut out = format!(
        "{} ({} points, tag from {}, reject from {}), ref {}\r\n\r\n pts rule name              description\r\n",
        outcome.action, verdict.score, rulebook.thresholds.tag, rulebook.thresholds.reject, verdict.reference
    );
    for finding in &verdict.findings {
        let about = rulebook.rules.table.get(&finding.symbol).map_or("", |rule| rule.about.as_str());
        let detail: String =
            finding.detail.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let weight = rulebook.weight(finding).points();
        // Writing into a String cannot fail.
        let _ = write!(out, "{weight:>4.1} {:<22} {about}: {detail}\r\n", finding.symbol.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_verdict_never_says_clean() {
        assert_eq!(trouble(75, "EX_TEMPFAIL", "try again"), "SPAMD/1.0 75 EX_TEMPFAIL try again\r\n");
    }
}
