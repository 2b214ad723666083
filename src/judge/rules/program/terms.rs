//! Comparisons of fields with texts, lists, patterns, numbers and other fields.
//!
//! Pure.

use super::{
    code::{Code, Each, Test},
    compile::{Compiler, Context, is_numeric},
    names::Named,
};
use crate::judge::{
    document::{nearest, unknown},
    rules::{
        fields::{Reference, Type},
        language::syntax::{Kind, Node, Operator, Quantifier},
        lists::Set,
        pattern::Pattern,
        scan::whole::Whole,
    },
};
use crate::mail::{address::Domain, lookalike::Looks};
use aho_corasick::AhoCorasick;
use std::sync::Arc;

/// A comparison being made.
struct Term<'n> {
    context: Context,
    quantifier: Option<Quantifier>,
    reference: Reference,
    operator: Operator,
    node: &'n Node,
    right: &'n Node,
}

impl Compiler<'_> {
    /// A comparison whose left side is a field of texts, or one of many values; the inner `None` if it is something else.
    pub fn comparison(
        &mut self,
        context: Context,
        quantifier: Option<Quantifier>,
        node: &Node,
    ) -> Option<Option<Code>> {
        let Kind::Binary { operator, left, right } = &node.kind else { return Some(None) };
        let reference = match &left.kind {
            Kind::Name(name) => match self.name(context, left, name)? {
                Named::Field(reference) => reference,
                Named::Symbol(_) => return Some(None),
            },
            Kind::Call { name, arguments, suffix } if !matches!(name.as_str(), "lookalike" | "impersonates") => {
                self.call(left, name, arguments, suffix)?
            }
            _ => return Some(None),
        };
        let is_many = reference.is_many(context.inside.is_some());
        if !reference.kind().is_text() && quantifier.is_none() && !is_many {
            return Some(None);
        }
        let term = Term { context, quantifier, reference, operator: *operator, node, right };
        let code = if term.reference.kind().is_text() { self.text_term(&term) } else { self.number_term(&term) };
        code.map(Some)
    }

    fn number_term(&mut self, term: &Term<'_>) -> Option<Code> {
        let Kind::Number(number) = term.right.kind else {
            return self
                .complain(term.right, format!("`{}` has many values: compare it with a number", term.reference.key));
        };
        if !is_numeric(term.operator) {
            return self.complain(
                term.node,
                format!("`{}` is for texts; `{}` is a number", term.operator.word(), term.reference.key),
            );
        }
        self.each(term, Test::Number(term.operator, number), false)
    }

    fn text_term(&mut self, term: &Term<'_>) -> Option<Code> {
        let (operator, is_negated) = term.operator.positive();
        match operator {
            Operator::Matches => self.matches(term, is_negated),
            Operator::Contains => self.contains(term, is_negated),
            Operator::Equal => self.equals(term, is_negated),
            Operator::In => self.is_in(term, is_negated),
            _ => {
                let what = format!(
                    "`{}` is for numbers; `{}` is a {}",
                    operator.word(),
                    term.reference.key,
                    term.reference.kind().word()
                );
                self.complain(term.node, what)
            }
        }
    }

    fn matches(&mut self, term: &Term<'_>, is_negated: bool) -> Option<Code> {
        let Kind::Regex { source, flags } = &term.right.kind else {
            return self.complain(term.right, "a regular expression is needed here: /.../".to_owned());
        };
        let parsed = if self.is_bounded { Pattern::bounded(source, flags) } else { Pattern::parse(source, flags) };
        let ready = |pattern: Pattern| if self.is_proven { Ok(pattern) } else { pattern.prepare().map(|()| pattern) };
        let pattern = match parsed.and_then(ready) {
            Ok(pattern) => pattern,
            // Octet 0 of the source stands behind the first slash.
            Err(refusal) => return self.complain_at(term.right.span.start + 1 + refusal.at, refusal.what),
        };
        self.patterned(term, flags, pattern, is_negated)
    }

    /// A pattern goes into its field's matcher where "some value" is meant, else it is put to each value.
    fn patterned(&mut self, term: &Term<'_>, flags: &str, pattern: Pattern, is_negated: bool) -> Option<Code> {
        let is_many = term.reference.is_many(term.context.inside.is_some());
        let is_some_value = match term.quantifier {
            None => !is_negated || !is_many,
            Some(Quantifier::Any) => !is_negated,
            Some(Quantifier::All | Quantifier::Count) => false,
        };
        if !is_some_value || term.context.inside.is_some() {
            return self.each(term, Test::Matches(Arc::new(Whole::new(pattern))), is_negated);
        }
        let hit = Code::Hit(self.hit(term.reference.clone(), flags, pattern));
        Some(if is_negated { Code::Not(Box::new(hit)) } else { hit })
    }

    fn contains(&mut self, term: &Term<'_>, is_negated: bool) -> Option<Code> {
        let words = match &term.right.kind {
            Kind::Text(text) if !text.is_empty() => {
                return self.patterned(term, "contains", Pattern::literal(text, true), is_negated);
            }
            Kind::List(items) => self.texts(items)?,
            Kind::Name(name) if self.lists.contains_key(name) => {
                self.lists.get(name).map(|list| list.entries().map(str::to_owned).collect()).unwrap_or_default()
            }
            Kind::Name(_) | Kind::Call { .. } => {
                let other = self.other(term)?;
                return self.each(term, Test::ContainsField(other), is_negated);
            }
            _ => {
                return self.complain(
                    term.right,
                    "a text, a list of texts, a named list or a field is needed here".to_owned(),
                );
            }
        };
        if words.iter().any(String::is_empty) {
            return self.complain(term.right, "every text contains the empty one; leave it out".to_owned());
        }
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&words);
        match automaton {
            Ok(automaton) => self.each(term, Test::Contains(Arc::new(automaton)), is_negated),
            Err(error) => self.complain(term.right, format!("too many words: {error}")),
        }
    }

    fn equals(&mut self, term: &Term<'_>, is_negated: bool) -> Option<Code> {
        match &term.right.kind {
            Kind::Text(text) => {
                if let Type::Word(words) = term.reference.kind()
                    && !words.contains(&text.as_str())
                {
                    return self.complain(
                        term.right,
                        unknown(&format!("word of {}", term.reference.key), text, words.iter().copied()),
                    );
                }
                let text = if term.reference.kind() == Type::Domain { text.trim_end_matches('.') } else { text };
                self.each(term, Test::Equals(text.as_bytes().to_vec()), is_negated)
            }
            Kind::Name(_) | Kind::Call { .. } => {
                let other = self.other(term)?;
                self.each(term, Test::InField(other), is_negated)
            }
            Kind::Number(number) => {
                self.complain(term.right, format!("`{}` is a text: write \"{number}\"", term.reference.key))
            }
            _ => self.complain(term.right, "a text or a field is needed here; lists stand behind `in`".to_owned()),
        }
    }

    fn is_in(&mut self, term: &Term<'_>, is_negated: bool) -> Option<Code> {
        let kind = term.reference.kind();
        let set = match &term.right.kind {
            Kind::List(items) => {
                let mut set = Set::new(kind);
                for (item, node) in self.texts(items)?.iter().zip(items) {
                    if let Err(what) = set.add(item) {
                        return self.complain(node, what);
                    }
                }
                set
            }
            Kind::Text(text) => {
                let mut set = Set::new(kind);
                match set.add(text) {
                    Ok(()) => set,
                    Err(what) => return self.complain(term.right, what),
                }
            }
            Kind::Name(name) => match self.lists.get(name).map(|list| list.set(kind)) {
                Some(Ok(set)) => set,
                Some(Err(complaints)) => {
                    self.of_lists.extend(complaints);
                    return None;
                }
                None => return self.in_field(term, name, is_negated),
            },
            Kind::Call { .. } => {
                let other = self.other(term)?;
                return self.each(term, Test::InField(other), is_negated);
            }
            _ => return self.complain(term.right, "a named list, [\"a\", \"b\"] or a field is needed here".to_owned()),
        };
        self.each(term, Test::In(Arc::new(set)), is_negated)
    }

    fn in_field(&mut self, term: &Term<'_>, name: &str, is_negated: bool) -> Option<Code> {
        let is_near_list = |near: &str| self.lists.contains_key(near);
        let known = self.lists.keys().map(String::as_str);
        if crate::judge::rules::fields::field(name.trim_end_matches(".folded")).is_none()
            && let Some(near) = nearest(name, known)
            && is_near_list(near)
        {
            let what = format!("unknown list `{name}`; did you mean `{near}`?");
            return self.complain(term.right, what);
        }
        if !name.contains('.') && crate::judge::rules::fields::field(name).is_none() {
            let what = format!("unknown list `{name}`; lists are files in rules/lists: {name}.txt");
            return self.complain(term.right, what);
        }
        let other = self.other(term)?;
        self.each(term, Test::InField(other), is_negated)
    }

    /// The field at the right side.
    fn other(&mut self, term: &Term<'_>) -> Option<Reference> {
        let reference = match &term.right.kind {
            Kind::Name(name) => match self.name(term.context, term.right, name)? {
                Named::Field(reference) => reference,
                Named::Symbol(_) => {
                    return self.complain(term.right, "a symbol is a number, a text is needed here".to_owned());
                }
            },
            Kind::Call { name, arguments, suffix } => self.call(term.right, name, arguments, suffix)?,
            _ => return None,
        };
        if !reference.kind().is_text() {
            return self.complain(
                term.right,
                format!("`{}` is a {}, a text is needed here", reference.key, reference.kind().word()),
            );
        }
        Some(reference)
    }

    /// The texts of a list in brackets.
    fn texts(&mut self, items: &[Node]) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for item in items {
            match &item.kind {
                Kind::Text(text) => texts.push(text.clone()),
                _ => return self.complain(item, "a list holds texts: [\"a\", \"b\"]".to_owned()),
            }
        }
        Some(texts)
    }

    /// The test put to each value; a negation over many values has to say which.
    fn each(&mut self, term: &Term<'_>, test: Test, is_negated: bool) -> Option<Code> {
        let reference = term.reference.clone();
        if is_negated && term.quantifier.is_none() && reference.is_many(term.context.inside.is_some()) {
            let what = format!(
                "`{0}` has any number of values: write any {0} {1} ... (some value) or all {0} {1} ... (every value)",
                reference.key,
                term.operator.word()
            );
            return self.complain(term.node, what);
        }
        let quantifier = term.quantifier.unwrap_or(Quantifier::Any);
        Some(Code::Each(Each { quantifier, reference, test, is_negated }))
    }

    /// Is there a value: a flag that is set, a text that is not empty?
    pub fn is_there(&mut self, quantifier: Quantifier, reference: Reference) -> Code {
        Code::Each(Each { quantifier, reference, test: Test::Is, is_negated: false })
    }

    /// `lookalike(DOMAINS, list)`, `impersonates(TEXT, DOMAINS, list)`.
    pub fn special(&mut self, context: Context, node: &Node, name: &str, arguments: &[Node]) -> Option<Code> {
        let usage = if name == "lookalike" {
            "lookalike(from.domain, list)"
        } else {
            "impersonates(from.name, from.domain, list)"
        };
        let (fields, list) = match (name, arguments) {
            ("lookalike", [domains, list]) => (vec![domains], list),
            ("impersonates", [text, domains, list]) => (vec![text, domains], list),
            _ => return self.complain(node, format!("{name} is written {usage}")),
        };
        let mut references = Vec::new();
        for field in fields {
            match &field.kind {
                Kind::Name(name) => match self.name(context, field, name)? {
                    Named::Field(reference) => references.push(reference),
                    Named::Symbol(_) => return self.complain(field, format!("a field is needed here: {usage}")),
                },
                Kind::Call { name, arguments, suffix } => references.push(self.call(field, name, arguments, suffix)?),
                _ => return self.complain(field, format!("a field is needed here: {usage}")),
            }
        }
        let Some(domains) = references.pop().filter(|domains| domains.kind() == Type::Domain) else {
            return self.complain(node, format!("a field of domains is needed: {usage}"));
        };
        let found = match &list.kind {
            Kind::Name(name) => self.lists.get(name),
            _ => None,
        };
        let Some(found) = found else { return self.complain(list, format!("a named list is needed here: {usage}")) };
        if name == "lookalike" {
            // A list of brands serves as well: its domains count.
            let domains_of = |entry: &str| {
                entry
                    .split_once(':')
                    .map_or(entry, |(_, domains)| domains)
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            let domains_in = found.entries().flat_map(domains_of).filter_map(|name| Domain::parse(&name));
            let listed: Vec<Looks> = domains_in.filter_map(|domain| Looks::of(&domain)).collect();
            return Some(Code::Lookalike(domains, Arc::new(listed)));
        }
        match found.brands() {
            Ok(brands) => Some(Code::Impersonates(references.pop()?, domains, Arc::new(brands))),
            Err(complaints) => {
                self.of_lists.extend(complaints);
                None
            }
        }
    }
}
