//! Why a rule hit a mail or did not, for traces.
//!
//! Pure.

use crate::{
    explain::judged::Judged,
    judge::{
        findings::{Finding, Symbol},
        rulebook::Rulebook,
        rules::{
            program::why::Step,
            scene::{Outside, Scene},
        },
    },
};
use serde::Serialize;
use std::fmt::Write as _;

/// A rule and its condition.
#[derive(Debug, Serialize)]
pub struct Why {
    pub symbol: String,
    pub hit: bool,
    /// Where the rule stands: file, line, column.
    pub place: String,
    pub about: String,
    /// The condition; nothing where a check reports the symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Piece>,
}

/// A piece of a condition.
#[derive(Debug, Serialize)]
pub struct Piece {
    /// `and`, `or`, `not`, a leaf as it is written, or the name of a sub-rule.
    pub text: String,
    /// Not 0 is true; none if it is open.
    pub value: Option<f64>,
    /// Had this leaf the other value, the rule would be nearer to the other result.
    pub short: bool,
    /// What the leaf found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub seen: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Piece>,
}

impl From<Step> for Piece {
    fn from(Step { condition, value, is_short, seen, steps }: Step) -> Self {
        Self { text: condition, value, short: is_short, seen, pieces: steps.into_iter().map(Self::from).collect() }
    }
}

/// Why the rule of that name hit, or did not; nothing if there is none.
#[must_use]
pub fn why(judged: &Judged, rulebook: &Rulebook, name: &str) -> Option<Why> {
    let symbol = Symbol::named(name);
    let rules = &rulebook.rules;
    let rule = rules.table.get(&symbol)?;
    let verdict = &judged.verdict;
    let of_checks = |finding: &&Finding| rules.table.get(&finding.symbol).is_none_or(|rule| rule.when.is_empty());
    let found: Vec<Finding> = verdict.findings.iter().filter(of_checks).cloned().collect();
    let outside = Outside::of(&verdict.authentication, &judged.facts);
    let scene = Scene::new(&judged.mail, Some(outside)).with_learned(rulebook.learned.as_deref());
    let when = |symbol: &Symbol| rules.table.get(symbol).map(|rule| rule.when.as_str());
    let step = rules.program.why(&scene, &found, &symbol, &when);
    let is_found = verdict.findings.iter().any(|finding| finding.symbol == symbol);
    Some(Why {
        symbol: name.to_owned(),
        hit: step.as_ref().map_or(is_found, Step::is_true),
        place: rule.position.to_string(),
        about: rule.about.clone(),
        condition: step.and_then(|mut step| step.steps.pop()).map(Piece::from),
    })
}

impl Why {
    /// For people, a line a piece: `>` marks a leaf that is short.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let hit = if self.hit { "hits" } else { "does not hit" };
        let mut lines = vec![format!("{} {hit} ({}), {}", self.symbol, self.about, self.place)];
        match &self.condition {
            Some(condition) => condition.tell(0, &mut lines),
            None => lines.push("it has no condition: a check reports it".to_owned()),
        }
        lines
    }
}

impl Piece {
    fn tell(&self, depth: usize, lines: &mut Vec<String>) {
        let mark = if self.short { '>' } else { ' ' };
        let value = match self.value {
            None => "open",
            Some(value) if value != 0.0 => "yes",
            Some(_) => "no",
        };
        let mut line = format!("{mark} {value:4} {}{}", "  ".repeat(depth), self.text);
        if !self.seen.is_empty() {
            // Writing into a String cannot fail.
            let _ = write!(line, "   [{}]", self.seen);
        }
        lines.push(line);
        for piece in &self.pieces {
            piece.tell(depth + 1, lines);
        }
    }
}
