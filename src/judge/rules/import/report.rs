//! The report of an import: what became of every rule, and how many of each kind.
//!
//! Pure.

use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Means what it meant, in linear time.
    Exact,
    /// Means what it meant, with a step limit.
    Bounded,
    /// Never hits in SpamAssassin either: its score is 0 in this set of scores, or it reads a `meta` whose score is.
    Off,
    LeftOut,
}

/// One rule of the files read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    pub name: String,
    /// What it is called here: capitals.
    pub here: String,
    /// `body`, `meta` ... as the rule file says; `eval` behind it for functions.
    pub kind: &'static str,
    pub fate: Fate,
    /// Why a rule is left out or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub file: String,
    pub line: usize,
    /// Rules it reads, also through others, that are left out here but may hit in SpamAssassin: they count as not hit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

impl Line {
    /// Whether the rule is a function's.
    #[must_use]
    pub fn is_function(&self) -> bool {
        self.kind.ends_with("eval")
    }
}

/// Numbers of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub exact: usize,
    pub bounded: usize,
    pub off: usize,
    pub left_out: usize,
}

impl Totals {
    fn add(&mut self, fate: Fate) {
        *match fate {
            Fate::Exact => &mut self.exact,
            Fate::Bounded => &mut self.bounded,
            Fate::Off => &mut self.off,
            Fate::LeftOut => &mut self.left_out,
        } += 1;
    }

    /// Rules that can hit.
    #[must_use]
    pub fn on(&self) -> usize {
        self.exact + self.bounded + self.left_out
    }

    /// Imported rules of those that can hit, in hundredths of a per cent.
    #[must_use]
    pub fn share(&self) -> usize {
        ((self.exact + self.bounded) * 10_000).checked_div(self.on()).unwrap_or(10_000)
    }
}

/// What became of everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// By name.
    pub rules: Vec<Line>,
    pub kinds: BTreeMap<&'static str, Totals>,
    /// All rules that are no functions.
    pub plain: Totals,
    /// Rules that call functions.
    pub functions: Totals,
    /// Left out, by the reason's first word or words.
    pub reasons: BTreeMap<String, usize>,
    /// Lines that could not be used: file, line, what.
    pub oddities: Vec<(String, usize, String)>,
}

impl Report {
    pub(super) fn add(&mut self, line: Line) {
        self.kinds.entry(line.kind).or_default().add(line.fate);
        if line.is_function() {
            self.functions.add(line.fate);
        } else if line.kind != "empty" {
            self.plain.add(line.fate);
        }
        if line.fate == Fate::LeftOut {
            let why = line.why.as_deref().unwrap_or("unknown");
            *self.reasons.entry(why.split(':').next().unwrap_or(why).to_owned()).or_default() += 1;
        }
        self.rules.push(line);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:16} {:>6} {:>8} {:>9} {:>6}", "kind", "exact", "bounded", "left out", "off")?;
        let mut row = |name: &str, totals: &Totals| {
            let Totals { exact, bounded, off, left_out } = totals;
            writeln!(out, "{name:16} {exact:>6} {bounded:>8} {left_out:>9} {off:>6}")
        };
        for (kind, totals) in &self.kinds {
            row(kind, totals)?;
        }
        row("all but eval", &self.plain)?;
        row("all eval", &self.functions)?;
        let share = |totals: &Totals| format!("{}.{:02} %", totals.share() / 100, totals.share() % 100);
        writeln!(
            out,
            "imported of the rules that can hit: {} without eval, {} of eval",
            share(&self.plain),
            share(&self.functions)
        )?;
        let reasons: Vec<String> = self.reasons.iter().map(|(why, count)| format!("{why} {count}")).collect();
        writeln!(out, "left out: {}", reasons.join(", "))
    }
}
