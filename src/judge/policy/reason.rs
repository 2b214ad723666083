//! Reason: why a mail is kept from a mailbox, as far as its recipient has to know, and what they may do about it.
//!
//! Pure. The severest reason counts. Whatever is not known to be plain spam is something else, so that nobody releases
//! by mistake what a rule meant to keep away.

use super::verdict::{Action, Outcome, Verdict};
use crate::judge::{
    checks::attachments::POLICY,
    findings::{Finding, Symbol},
    rulebook::Rulebook,
};
use serde::{Deserialize, Serialize};

/// Why a mail is kept, mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its score, and nothing else.
    Spam,
    /// Something that this house demands of mails.
    #[default]
    Rules,
    /// Not all of it could be looked at.
    Unchecked,
    /// It is not from whom it says it is.
    Forged,
    /// Something that it carries is not taken.
    Attachment,
    Infected,
}

impl Reason {
    pub const ALL: [Self; 6] =
        [Self::Spam, Self::Rules, Self::Unchecked, Self::Forged, Self::Attachment, Self::Infected];

    /// The word used in the configuration and in what is stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Rules => "rules",
            Self::Unchecked => "unchecked",
            Self::Forged => "forged",
            Self::Attachment => "attachment",
            Self::Infected => "infected",
        }
    }

    /// The reason that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// Symbols that tell of a danger, whatever they weigh.
const TELLING: [(&str, Reason); 9] = [
    ("POLICY_CONTENT", Reason::Rules),
    ("TRANSPORT_DOWNGRADE", Reason::Rules),
    ("VIRUS", Reason::Infected),
    ("EXECUTABLE_ATTACHMENT", Reason::Attachment),
    ("STRUCTURE_HIDDEN_FILE", Reason::Attachment),
    ("OWN_DOMAIN_FORGED", Reason::Forged),
    ("OWN_DOMAIN_LOOKALIKE", Reason::Forged),
    ("DMARC_FAIL_QUARANTINE", Reason::Forged),
    ("DMARC_FAIL_REJECT", Reason::Forged),
];
/// Groups of rules that do.
const TELLING_GROUPS: [(&str, Reason); 1] = [("smuggling", Reason::Attachment)];
/// What symbols are about that demand the quarantine, by how they begin.
const DEMANDING: [(&str, Reason); 6] = [
    ("VIRUS_SCAN_", Reason::Unchecked),
    ("STRUCTURE_", Reason::Unchecked),
    ("AUTHOR", Reason::Forged),
    ("DMARC_", Reason::Forged),
    ("FIELD_NAME_", Reason::Forged),
    ("ATTACHMENT_", Reason::Attachment),
];

/// Why a verdict keeps the mail from this recipient.
#[must_use]
pub fn reason(verdict: &Verdict, outcome: &Outcome, rulebook: &Rulebook) -> Reason {
    let is_by_score = verdict.score >= rulebook.thresholds.quarantine;
    let found = verdict.findings.iter().filter_map(|finding| of(finding, rulebook)).max();
    let objected = outcome.objection.is_some().then_some(Reason::Attachment);
    found.max(objected).unwrap_or(if is_by_score { Reason::Spam } else { Reason::Rules })
}

/// What one finding has to do with it, if anything.
fn of(finding: &Finding, rulebook: &Rulebook) -> Option<Reason> {
    let (symbol, name) = (&finding.symbol, finding.symbol.as_str());
    let rule = rulebook.rules.table.get(symbol).filter(|rule| !rule.is_shadow);
    let telling = TELLING.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason);
    let grouped = rule.and_then(|rule| TELLING_GROUPS.iter().find(|(group, _)| *group == rule.group));
    let known = telling.or_else(|| grouped.map(|(_, reason)| *reason)).filter(|_| rule.is_some());
    known.or_else(|| objection(finding)).or_else(|| demand(symbol, rulebook))
}

/// A class of recipients that does not take an attachment; the one that only marks it keeps nothing away.
fn objection(finding: &Finding) -> Option<Reason> {
    let is_severe = finding.symbol == POLICY && !finding.detail.ends_with(Action::Tag.word());
    is_severe.then_some(Reason::Attachment)
}

fn demand(symbol: &Symbol, rulebook: &Rulebook) -> Option<Reason> {
    let is_demanded = rulebook.least_action(symbol) >= Action::Quarantine;
    let known = DEMANDING.iter().find(|(begin, _)| symbol.as_str().starts_with(begin));
    is_demanded.then(|| known.map_or(Reason::Rules, |(_, reason)| *reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{auth::Authentication, coverage::Account, findings::Score, policy::verdict::Reply};

    fn rulebook() -> Rulebook {
        crate::config::Settings::load(None).unwrap().rulebook().unwrap()
    }

    fn of_symbols(symbols: &[&str], hundredths: i32) -> Reason {
        let rulebook = rulebook();
        let findings = symbols.iter().map(|name| Finding::new(Symbol::named(name), String::new())).collect();
        let verdict = Verdict {
            score: Score::from_hundredths(hundredths),
            findings,
            outcomes: Vec::new(),
            edits: Vec::new(),
            authentication: Authentication::default(),
            coverage: Account::default(),
            reference: String::new(),
        };
        let outcome = Outcome { action: Action::Quarantine, reply: Reply::new(250, "2.0.0", "ok"), objection: None };
        reason(&verdict, &outcome, &rulebook)
    }

    #[test]
    fn only_what_has_no_other_reason_is_spam() {
        assert_eq!(of_symbols(&["SPF_FAIL"], 100_000), Reason::Spam);
        assert_eq!(of_symbols(&["SPF_FAIL"], 0), Reason::Rules);
        assert_eq!(of_symbols(&["SPF_FAIL", "OWN_DOMAIN_FORGED", "VIRUS"], 100_000), Reason::Infected);
        assert_eq!(of_symbols(&["OWN_DOMAIN_FORGED"], 100_000), Reason::Forged);
        assert_eq!(of_symbols(&["POLICY_CONTENT"], 100_000), Reason::Rules);
        assert_eq!(of_symbols(&["SMUGGLING_PAGE_FILE"], 100_000), Reason::Attachment);
        assert_eq!(of_symbols(&["VIRUS_SCAN_INCOMPLETE"], 0), Reason::Unchecked);
        assert_eq!(of_symbols(&["AUTHOR_MISSING"], 0), Reason::Forged);
    }

    #[test]
    fn words_name_reasons() {
        assert!(Reason::ALL.into_iter().all(|reason| Reason::parse(reason.word()) == Some(reason)));
        assert_eq!(Reason::parse("odd"), None);
    }

    #[test]
    fn every_symbol_named_here_has_a_rule() {
        let rulebook = rulebook();
        let is_known = |name: &str| rulebook.rules.table.contains_key(&Symbol::named(name));
        assert!(TELLING.iter().all(|(name, _)| is_known(name)));
    }
}
