//! What a case is expected to come to, as the text of `expect.toml`.
//!
//! Pure.

use super::write::quoted;
use crate::judge::{
    document::{Document, Errors},
    findings::{Score, Symbol},
    policy::verdict::{Action, Verdict},
    rules::pack,
};
use toml::de::DeValue;

/// The golden part of a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// One per envelope recipient, in their order; one for the message if it has none.
    pub actions: Vec<Action>,
    pub score: Score,
    /// Sorted, each once.
    pub symbols: Vec<Symbol>,
    /// Digest of the whole verdict, down to the last header edit; empty where only the rest counts.
    pub verdict: String,
}

impl Expectation {
    /// What this verdict would be expected to be.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        let mut symbols: Vec<_> = verdict.findings.iter().map(|finding| finding.symbol.clone()).collect();
        symbols.sort();
        symbols.dedup();
        let actions = verdict.outcomes.iter().map(|outcome| outcome.action).collect();
        Self { actions, score: verdict.score, symbols, verdict: String::new() }
    }

    /// Holds the whole verdict to it.
    #[must_use]
    pub fn with_digest(self, verdict: &Verdict) -> Self {
        Self { verdict: verdict.digest(), ..self }
    }

    /// Reads the text of `expect.toml`; `file` is its name for errors.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Errors> {
        let document = Document::new(file, text);
        let root = document.root();
        let mut expected = Self::default();
        for (key, value) in &root {
            match key.get_ref().as_ref() {
                "actions" => match value.get_ref() {
                    DeValue::Array(words) => {
                        expected.actions = words.iter().filter_map(|word| pack::action(&document, word)).collect();
                    }
                    _ => document.complain(value.span(), "a list of actions is needed here, one per recipient"),
                },
                "score" => expected.score = document.score(value).unwrap_or_default(),
                "symbols" => {
                    let symbols = document.texts(value).unwrap_or_default();
                    expected.symbols = symbols.iter().map(|(name, _)| Symbol::named(name)).collect();
                }
                "verdict" => expected.verdict = document.text(value).unwrap_or_default(),
                _ => document.complain_of_key(key, KEYS),
            }
        }
        for key in NEEDED {
            if !root.contains_key(key) {
                document.complain(0..0, format!("{key} is missing"));
            }
        }
        document.finish(expected)
    }

    /// The text of `expect.toml`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let actions: Vec<_> = self.actions.iter().map(|action| quoted(action.word())).collect();
        let symbols: String = self.symbols.iter().map(|symbol| format!("    {},\n", quoted(symbol.as_str()))).collect();
        let symbols = if symbols.is_empty() { "[]".to_owned() } else { format!("[\n{symbols}]") };
        let verdict =
            if self.verdict.is_empty() { String::new() } else { format!("verdict = {}\n", quoted(&self.verdict)) };
        format!("actions = [{}]\nscore = {}\nsymbols = {symbols}\n{verdict}", actions.join(", "), self.score)
    }
}

const NEEDED: [&str; 3] = ["actions", "score", "symbols"];
const KEYS: [&str; 4] = ["actions", "score", "symbols", "verdict"];
