//! Reads rule files: every error at once, with its place and a suggestion.
//!
//! Pure.

use super::Rule;
use crate::judge::{
    document::{Complaint, Document, Errors, Key, Position, Value, unknown},
    findings::Symbol,
    policy::verdict::Action,
};
use std::collections::BTreeMap;

/// Rules by symbol, each with the place it stands.
pub type Placed = BTreeMap<Symbol, (Rule, Position)>;

/// Reads several rule files as one set: `(file name, text)` each.
///
/// # Errors
/// Everything that is wrong in any of them; a symbol that stands twice is an error at its second place.
pub fn packs<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Placed, Errors> {
    let mut all = Placed::new();
    let mut complaints = Vec::new();
    for (file, text) in files {
        match pack(file, text) {
            Err(Errors(found)) => complaints.extend(found),
            Ok(rules) => {
                for (symbol, (rule, position)) in rules {
                    if let Some((_, first)) = all.get(&symbol) {
                        let what = format!("`{symbol}` has a rule already, at {first}; keep one of them");
                        complaints.push(Complaint { position, what });
                    } else {
                        all.insert(symbol, (rule, position));
                    }
                }
            }
        }
    }
    if complaints.is_empty() { Ok(all) } else { Err(Errors(complaints)) }
}

/// Reads one rule file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn pack(file: &str, text: &str) -> Result<Placed, Errors> {
    let document = Document::new(file, text);
    let group = group_of(file);
    let mut rules = Placed::new();
    for (name, value) in &document.root() {
        if let Some(rule) = rule(&document, name, value, group) {
            rules.insert(Symbol::named(name.get_ref()), (rule, document.position(&name.span())));
        }
    }
    document.finish(rules)
}

const KEYS: [&str; 4] = ["about", "action", "group", "score"];

fn rule(document: &Document<'_>, name: &Key<'_>, value: &Value<'_>, group: &str) -> Option<Rule> {
    if !is_symbol(name.get_ref()) {
        document.complain(
            name.span(),
            format!(
                "`{}` is no symbol: capital letters, digits and _, beginning with a letter, as in [MY_SYMBOL]",
                name.get_ref()
            ),
        );
        return None;
    }
    let table = document.table(value)?;
    let (mut about, mut score, mut action) = (None, None, Action::default());
    let mut group = group.to_owned();
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "about" => about = sentence(document, value),
            "score" => score = document.score(value),
            "group" => group = document.text(value)?,
            "action" => action = self::action(document, value)?,
            _ => document.complain_of_key(key, KEYS),
        }
    }
    if !table.contains_key("about") {
        document.complain(name.span(), format!("[{}] needs about = \"one sentence for operators\"", name.get_ref()));
    }
    if !table.contains_key("score") {
        document.complain(name.span(), format!("[{}] needs score = NUMBER (0 if it weighs nothing)", name.get_ref()));
    }
    Some(Rule { about: about?, score: score?, group, action })
}

fn sentence(document: &Document<'_>, value: &Value<'_>) -> Option<String> {
    let text = document.text(value)?;
    if text.trim().is_empty() {
        document.complain(value.span(), "about is empty; say in one sentence what the symbol means");
        return None;
    }
    Some(text.trim().to_owned())
}

/// Reads the word of an action.
pub fn action(document: &Document<'_>, value: &Value<'_>) -> Option<Action> {
    let word = document.text(value)?;
    let action = Action::parse(&word);
    if action.is_none() {
        document.complain(value.span(), unknown("action", &word, Action::ALL.map(Action::word)));
    }
    action
}

/// Is this the name of a symbol: `[A-Z][A-Z0-9_]*`, at most 64 characters (they go into a header field)?
#[must_use]
pub fn is_symbol(name: &str) -> bool {
    const SYMBOL_BYTES_MAX: usize = 64;
    name.len() <= SYMBOL_BYTES_MAX
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The file's name without folder and extension.
fn group_of(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{checks, findings::Score, rules::embedded};

    #[test]
    fn a_rule_is_read() {
        let text = "[A_1]\nabout = \"x\"\nscore = -1.5\n[B]\nabout='y'\nscore=2\ngroup='g'\naction='defer'\n";
        let rules = pack("dir/mine.toml", text).unwrap();
        let (first, position) = &rules[&Symbol::named("A_1")];
        assert_eq!((first.score, first.group.as_str()), (Score::from_hundredths(-150), "mine"));
        assert_eq!(position.to_string(), "dir/mine.toml:1:2");
        assert_eq!(rules[&Symbol::named("B")].0.action, Action::Defer);
    }

    #[test]
    fn every_error_is_told_at_once() {
        let text =
            "[A]\nabot = 'x'\nscore = 1.234\n\n[lower]\nabout = ''\n\n[C]\nabout = 'c'\nscore = 1\naction = 'rejct'\n";
        let errors = pack("r.toml", text).unwrap_err().to_string();
        for wanted in [
            "r.toml:2:1: unknown key `abot`; did you mean `about`?",
            "r.toml:1:2: [A] needs about",
            "r.toml:3:9: `1.234` is not a score",
            "r.toml:5:2: `lower` is no symbol",
            "r.toml:11:10: unknown action `rejct`; did you mean `reject`?",
        ] {
            assert!(errors.contains(wanted), "missing {wanted} in\n{errors}");
        }
    }

    #[test]
    fn a_symbol_stands_once() {
        let one = "[A]\nabout = 'x'\nscore = 1\n";
        let errors = packs([("a.toml", one), ("b.toml", one)]).unwrap_err().to_string();
        assert_eq!(errors, "b.toml:1:2: `A` has a rule already, at a.toml:1:2; keep one of them");
    }

    #[test]
    fn every_symbol_of_every_check_has_a_rule_and_every_rule_a_check() {
        let rules = packs(embedded::PACKS.iter().copied()).unwrap();
        let declared: Vec<&Symbol> = checks::ALL.iter().flat_map(|check| check.symbols).collect();
        let without: Vec<_> = declared.iter().filter(|symbol| !rules.contains_key(symbol)).collect();
        assert!(without.is_empty(), "no rule in rules/*.toml for {without:?}");
        let orphans: Vec<_> = rules.keys().filter(|symbol| !declared.contains(symbol)).collect();
        assert!(orphans.is_empty(), "no check reports {orphans:?}");
    }
}
