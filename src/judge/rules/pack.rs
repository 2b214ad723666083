//! Reads rule files: every error at once, with its place and a suggestion.
//!
//! Pure. What a condition names is looked up by `ruleset`, when all files are read.

use super::{
    Group, Rule,
    language::{parser, syntax::Node},
    program::{compile::Written, names},
};
use crate::{
    judge::{
        document::{Document, Key, Position, Value, unknown},
        findings::Symbol,
        policy::verdict::Action,
    },
    limits,
};
use std::{collections::BTreeMap, ops::Range};

/// A rule as it stands in a file.
pub struct Draft {
    pub symbol: Symbol,
    pub rule: Rule,
    /// Octet of the name in the file.
    pub at: usize,
    pub when: Option<Node>,
    /// Octet of the file where the condition begins.
    pub when_at: usize,
    pub is_bounded: bool,
    pub hits: Vec<(String, Range<usize>)>,
    pub misses: Vec<(String, Range<usize>)>,
}

impl Draft {
    /// What the compiler takes.
    #[must_use]
    pub fn written(&self) -> Written {
        Written {
            symbol: self.symbol.clone(),
            when: self.when.clone(),
            multiple: self.rule.multiple,
            is_bounded: self.is_bounded,
        }
    }
}

/// What one file holds.
#[derive(Default)]
pub struct Pack {
    pub drafts: Vec<Draft>,
    pub groups: BTreeMap<String, Group>,
}

const KEYS: [&str; 11] =
    ["about", "action", "bounded", "group", "hits", "locked", "misses", "multiple", "score", "shadow", "when"];

/// Reads one rule file; its mistakes stay with the document.
#[must_use]
pub fn pack(document: &Document<'_>, file: &str, text: &str) -> Pack {
    let group = group_of(file);
    let mut pack = Pack::default();
    for (name, value) in &document.root() {
        if name.get_ref() == "groups" {
            groups(document, value, &mut pack.groups);
        } else if let Some(draft) = draft(document, text, name, value, group) {
            pack.drafts.push(draft);
        }
    }
    pack
}

fn groups(document: &Document<'_>, value: &Value<'_>, groups: &mut BTreeMap<String, Group>) {
    let Some(table) = document.table(value) else { return };
    for (name, value) in table {
        let Some(table) = document.table(value) else { continue };
        let mut group = Group::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "cap" => group.cap = document.score(value),
                "about" => group.about = document.text(value).unwrap_or_default(),
                _ => document.complain_of_key(key, ["about", "cap"]),
            }
        }
        groups.insert(name.get_ref().clone().into_owned(), group);
    }
}

fn draft(document: &Document<'_>, text: &str, name: &Key<'_>, value: &Value<'_>, group: &str) -> Option<Draft> {
    let symbol = name.get_ref();
    if !is_symbol(symbol) {
        document.complain(
            name.span(),
            format!(
                "`{symbol}` is no symbol: capital letters, digits and _, beginning with a letter, as in [MY_SYMBOL]"
            ),
        );
        return None;
    }
    let is_subrule = symbol.starts_with("__");
    let table = document.table(value)?;
    let mut draft = Draft {
        symbol: Symbol::named(symbol),
        rule: Rule { group: group.to_owned(), position: document.position(&name.span()), ..Rule::default() },
        at: name.span().start,
        when: None,
        when_at: 0,
        is_bounded: false,
        hits: Vec::new(),
        misses: Vec::new(),
    };
    // What is wrong with one key hides nothing of the others.
    for (key, value) in table {
        field(document, text, key, value, &mut draft);
    }
    for (key, example) in [("about", "\"one sentence for operators\""), ("score", "NUMBER (0 if it weighs nothing)")] {
        if !is_subrule && !table.contains_key(key) {
            document.complain(name.span(), format!("[{symbol}] needs {key} = {example}"));
        }
    }
    if is_subrule && !table.contains_key("when") {
        document.complain(name.span(), format!("[{symbol}] is a sub-rule and needs when = '''condition'''"));
    }
    if !table.contains_key("when") {
        for key in ["hits", "misses", "multiple", "bounded"].iter().filter(|key| table.contains_key(**key)) {
            document.complain(name.span(), format!("[{symbol}] has {key}, but no condition: when = '''...'''"));
        }
    }
    if draft.when.is_none() {
        // Without a condition every sample would be wrong.
        draft.hits.clear();
        draft.misses.clear();
    }
    Some(draft)
}

/// Reads one key of a rule; `None` if something is wrong with it.
fn field(document: &Document<'_>, text: &str, key: &Key<'_>, value: &Value<'_>, draft: &mut Draft) -> Option<()> {
    let rule = &mut draft.rule;
    match key.get_ref().as_ref() {
        "about" => rule.about = sentence(document, value)?,
        "score" => rule.score = document.score(value)?,
        "group" => rule.group = document.text(value)?,
        "action" => rule.action = action(document, value)?,
        "shadow" => rule.is_shadow = document.flag(value)?,
        "locked" => rule.is_locked = document.flag(value)?,
        "bounded" => draft.is_bounded = document.flag(value)?,
        "multiple" => {
            let most = usize::try_from(document.count(value)?).unwrap_or(usize::MAX);
            if most == 0 || most > limits::RULE_HITS_MAX {
                document.complain(value.span(), format!("multiple is from 1 to {}", limits::RULE_HITS_MAX));
                return None;
            }
            rule.multiple = Some(most);
        }
        "hits" => draft.hits = document.texts(value)?,
        "misses" => draft.misses = document.texts(value)?,
        "when" => {
            rule.when = document.text(value)?;
            draft.when_at = inside(text, &value.span(), &rule.when);
            match parser::parse(&rule.when) {
                Ok(node) => draft.when = Some(node),
                Err(wrong) => {
                    document.complain(draft.when_at + wrong.at..draft.when_at + wrong.at, wrong.what);
                    return None;
                }
            }
        }
        _ => {
            document.complain_of_key(key, KEYS);
            return None;
        }
    }
    Some(())
}

/// The octet of the file where the content of a string begins; its opening quote where escapes change the content.
fn inside(text: &str, span: &Range<usize>, content: &str) -> usize {
    let raw = text.get(span.clone()).unwrap_or_default();
    span.start + raw.find(content).filter(|_| !content.is_empty()).unwrap_or_default()
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

/// Is this the name of a symbol: `[A-Z_][A-Z0-9_]*`, at most 64 characters (they go into a header field)?
#[must_use]
pub fn is_symbol(name: &str) -> bool {
    name.len() <= limits::SYMBOL_BYTES_MAX && names::is_symbol(name)
}

/// The file's name without folder and extension.
fn group_of(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}

impl Default for Position {
    fn default() -> Self {
        Self { file: String::new(), line: 1, column: 1 }
    }
}
