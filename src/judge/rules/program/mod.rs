//! All rules of a rulebook made ready to run over a mail.
//!
//! Pure. Every pattern on one field is in one matcher; a rule is judged after those whose symbols it reads.

pub mod code;
pub mod compile;
pub mod cost;
pub mod evaluate;
pub mod names;
pub mod sample;
pub mod senses;
pub mod terms;
pub mod why;

use self::{
    code::{Code, Cost, Each, Hit, Test},
    compile::symbols_of,
    evaluate::evaluate,
    senses::Eyes,
};
use super::{
    fields::{Items, Reference},
    pattern::Pattern,
    scan::Matcher,
    scene::Scene,
};
use crate::judge::findings::{Finding, Symbol};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// The patterns on one field.
pub struct Matched {
    pub reference: Reference,
    pub patterns: Vec<Pattern>,
    pub matcher: Matcher,
}

impl Matched {
    fn cost(&self, pattern: usize) -> Cost {
        if self.patterns.get(pattern).is_some_and(Pattern::is_bounded) {
            Cost::Bounded
        } else if self.matcher.has_literal(pattern) {
            Cost::Literal
        } else {
            Cost::Scan
        }
    }
}

/// One rule, or a symbol that a check reports.
pub struct Ready {
    pub symbol: Symbol,
    /// `None` for symbols that checks report.
    pub when: Option<Code>,
    /// Each match of the only pattern counts, up to so many.
    pub multiple: Option<(Hit, usize)>,
    /// Its hits are for other rules only.
    pub is_subrule: bool,
}

/// All rules, in an order in which each stands behind those it reads.
#[derive(Default)]
pub struct Program {
    rules: Vec<Ready>,
    order: Vec<usize>,
    matchers: Vec<Matched>,
    index: BTreeMap<Symbol, usize>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Program({} rules, {} matchers)", self.rules.len(), self.matchers.len())
    }
}

/// Octets of a value that are shown before a match, and as many behind it.
const CONTEXT_BYTES: usize = 32;

/// A pattern that needed more steps than it may take; the rules that read it did not hit by it.
pub const STEP_LIMIT: Symbol = Symbol::new("RULES_STEP_LIMIT");

impl Program {
    /// Judges all rules over a mail: `found` is what the checks have found. Sub-rules are not among the findings.
    #[must_use]
    pub fn run(&self, scene: &Scene<'_>, found: &[Finding]) -> Vec<Finding> {
        let eyes = Eyes::new(scene, &self.matchers, self.rules.len());
        let mut findings = Vec::new();
        self.judge(&eyes, found, &mut findings);
        findings.extend(self.exhausted(&eyes));
        findings
    }

    /// What every rule is worth to those that read it, sub-rules included: its hits, 0 where it did not hit.
    pub fn worths(&self, scene: &Scene<'_>) -> Vec<(&Symbol, f64)> {
        let eyes = Eyes::new(scene, &self.matchers, self.rules.len());
        self.judge(&eyes, &[], &mut Vec::new());
        let worths = eyes.values.iter().map(|cell| cell.get().unwrap_or_default());
        self.rules.iter().map(|rule| &rule.symbol).zip(worths).collect()
    }

    fn judge(&self, eyes: &Eyes<'_, '_, '_>, found: &[Finding], findings: &mut Vec<Finding>) {
        for finding in found {
            if let Some(value) = self.index.get(&finding.symbol).and_then(|at| eyes.values.get(*at)) {
                value.set(Some(value.get().unwrap_or_default() + 1.0));
            }
        }
        for (at, rule) in self.order.iter().filter_map(|at| Some((*at, self.rules.get(*at)?))) {
            let Some(when) = &rule.when else { continue };
            let value = evaluate(when, eyes, None).unwrap_or_default();
            if value == 0.0 {
                continue;
            }
            let times = match rule.multiple {
                Some((hit, most)) => self.count(eyes, hit, most),
                None => 1,
            };
            if let Some(cell) = eyes.values.get(at) {
                cell.set(Some(value.max(f64::from(times))));
            }
            if !rule.is_subrule {
                findings.push(Finding { times, ..Finding::new(rule.symbol.clone(), "") });
            }
        }
    }

    fn count(&self, eyes: &Eyes<'_, '_, '_>, hit: Hit, most: usize) -> u32 {
        let counted = eyes.scanned(hit.matcher).and_then(|scanned| {
            Some(self.matchers.get(hit.matcher)?.matcher.count(hit.pattern, &scanned.haystack, most))
        });
        u32::try_from(counted.unwrap_or_default().max(1)).unwrap_or(u32::MAX)
    }

    /// Patterns that met the step limit: said, never silent.
    fn exhausted(&self, eyes: &Eyes<'_, '_, '_>) -> Option<Finding> {
        let mut words: Vec<String> = Vec::new();
        for (at, scanned) in eyes.all_scanned() {
            let Some(matched) = self.matchers.get(at) else { continue };
            for pattern in scanned.hits.exhausted() {
                let source: String = matched.patterns.get(*pattern)?.source().chars().take(40).collect();
                words.push(format!("{} ~ /{source}/", matched.reference.key));
            }
        }
        (!words.is_empty()).then(|| Finding::new(STEP_LIMIT, words.join(" ")))
    }

    /// Would the rule hit this sample message? `None` if facts decide that a sample does not have.
    #[must_use]
    pub fn probe(&self, mail: &crate::mail::Mail, rule: usize, leaves_out_open: bool) -> Option<bool> {
        let scene = Scene::new(mail, None);
        let mut eyes = Eyes::new(&scene, &self.matchers, self.rules.len());
        eyes.leaves_out_open = leaves_out_open;
        let mut needed = BTreeSet::from([rule]);
        let mut open = vec![rule];
        while let Some(when) = open.pop().map(|at| self.when(at)) {
            let mut read = Vec::new();
            if let Some(when) = when {
                symbols_of(when, &mut read);
            }
            open.extend(read.into_iter().filter(|at| needed.insert(*at)));
        }
        for at in self.order.iter().filter(|at| needed.contains(at)) {
            let value = self.when(*at).and_then(|when| evaluate(when, &eyes, None));
            if let Some(cell) = eyes.values.get(*at) {
                cell.set(value);
            }
        }
        eyes.values.get(rule)?.get().map(|value| value != 0.0)
    }

    /// Where the patterns of rules match, for the trace: one entry a symbol, in their order.
    pub fn spans<'f>(&self, scene: &Scene<'_>, symbols: impl Iterator<Item = &'f Symbol>) -> Vec<Vec<Span>> {
        let eyes = Eyes::new(scene, &self.matchers, 0);
        let of_symbol = |symbol| {
            let mut spans = Vec::new();
            if let Some(when) = self.place(symbol).and_then(|at| self.when(at)) {
                when.walk(&mut |code| {
                    if let Code::Hit(hit) = code {
                        spans.extend(self.span(&eyes, *hit));
                    }
                });
            }
            spans
        };
        symbols.map(of_symbol).collect()
    }

    fn span(&self, eyes: &Eyes<'_, '_, '_>, hit: Hit) -> Option<Span> {
        let scanned = eyes.scanned(hit.matcher)?;
        let matched = self.matchers.get(hit.matcher)?;
        let (segment, octets) = matched.matcher.find(hit.pattern, &scanned.haystack)?;
        let text = scanned.haystack.segments().nth(segment)?;
        let before = text.get(octets.start.saturating_sub(CONTEXT_BYTES)..octets.start)?;
        let after = text.get(octets.end..text.len().min(octets.end.saturating_add(CONTEXT_BYTES)))?;
        Some(Span {
            field: matched.reference.key.clone(),
            before: before.to_vec(),
            text: text.get(octets.clone())?.to_vec(),
            after: after.to_vec(),
            octets,
        })
    }

    /// The condition of a rule.
    #[must_use]
    pub fn when(&self, rule: usize) -> Option<&Code> {
        self.rules.get(rule)?.when.as_ref()
    }

    /// The fields and symbols that the condition of a rule names.
    #[must_use]
    pub fn fields(&self, rule: usize) -> BTreeSet<String> {
        let mut fields = BTreeSet::new();
        let Some(when) = self.when(rule) else { return fields };
        when.walk(&mut |code| match code {
            Code::Symbol(at) => fields.extend(self.rules.get(*at).map(|rule| rule.symbol.to_string())),
            Code::Hit(hit) => {
                fields.extend(self.matchers.get(hit.matcher).map(|matched| matched.reference.key.clone()));
            }
            Code::Read(reference) | Code::Lookalike(reference, _) => {
                fields.insert(reference.key.clone());
            }
            Code::Each(each) => {
                fields.insert(each.reference.key.clone());
            }
            Code::Impersonates(text, domains, _) => fields.extend([text.key.clone(), domains.key.clone()]),
            Code::Where(_, Items::Links, _) => {
                fields.insert("link".to_owned());
            }
            Code::Where(_, Items::Attachments, _) => {
                fields.insert("attachment".to_owned());
            }
            _ => {}
        });
        fields
    }

    /// What the condition of a rule costs: the dearest of its patterns counts.
    #[must_use]
    pub fn cost(&self, rule: usize) -> Cost {
        let mut cost = Cost::Facts;
        let Some(when) = self.when(rule) else { return cost };
        when.walk(&mut |code| {
            let of_piece = match code {
                Code::Hit(hit) => {
                    self.matchers.get(hit.matcher).map_or(Cost::Facts, |matched| matched.cost(hit.pattern))
                }
                Code::Each(Each { test: Test::Matches(_), .. }) => Cost::Scan,
                _ => Cost::Facts,
            };
            cost = cost.max(of_piece);
        });
        cost
    }

    #[must_use]
    pub fn matcher(&self, at: usize) -> Option<&Matched> {
        self.matchers.get(at)
    }

    /// The place of a rule.
    #[must_use]
    pub fn place(&self, symbol: &Symbol) -> Option<usize> {
        self.index.get(symbol).copied()
    }
}

/// A match of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// As a condition names it.
    pub field: String,
    /// The octets that match, and some of those before and behind them.
    pub before: Vec<u8>,
    pub text: Vec<u8>,
    pub after: Vec<u8>,
    /// Where they stand in their value.
    pub octets: Range<usize>,
}
