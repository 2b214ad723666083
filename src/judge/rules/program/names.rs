//! Resolves the names in a condition: fields, items, functions, symbols, lists.
//!
//! Pure.

use super::compile::{Compiler, Context};
use crate::judge::{
    document::nearest,
    findings::Symbol,
    rules::{
        fields::{self, Argument, Reference, Source, classic, functions},
        language::syntax::{Kind, Node},
    },
};

/// What a name stands for.
pub enum Named {
    Field(Reference),
    Symbol(usize),
}

/// Is this spelled as a symbol: capitals, digits, underscores?
#[must_use]
pub fn is_symbol(name: &str) -> bool {
    name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

impl Compiler<'_> {
    /// A field, or a symbol.
    pub fn name(&mut self, context: Context, node: &Node, name: &str) -> Option<Named> {
        if let Some(reference) = self.field(context, node, name)? {
            return Some(Named::Field(reference));
        }
        if is_symbol(name) {
            if let Some(place) = self.places.get(&Symbol::named(name)) {
                return Some(Named::Symbol(*place));
            }
            let known: Vec<String> = self.places.keys().map(Symbol::to_string).collect();
            return self.unknown(node, "symbol", name, &known.iter().map(String::as_str).collect::<Vec<_>>());
        }
        if self.lists.contains_key(name) {
            return self.complain(
                node,
                format!("the list `{name}` stands at the right of `in` or `contains`: FIELD in {name}"),
            );
        }
        if functions::find(name).is_some() {
            return self.complain(node, format!("`{name}` needs its arguments: {name}(...)"));
        }
        let mut known = fields::names();
        known.extend(self.lists.keys().cloned());
        known.extend(functions::names().map(str::to_owned));
        if context.inside.is_some() {
            known.extend(fields::items::LINK.iter().map(|item| item.name.to_owned()));
            known.extend(fields::items::ATTACHMENT.iter().map(|item| item.name.to_owned()));
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        self.unknown(node, "field", name, &known)
    }

    fn unknown<T>(&mut self, node: &Node, kind: &str, name: &str, known: &[&str]) -> Option<T> {
        let near = |name: &str| nearest(name, known.iter().copied());
        let what = match near(name).or_else(|| near(name.split_once('.')?.0)) {
            Some(near) => format!("unknown {kind} `{name}`; did you mean `{near}`?"),
            None => format!("unknown {kind} `{name}`"),
        };
        self.complain(node, what)
    }

    /// A field by its name; the inner `None` if there is none of that name.
    #[expect(clippy::option_option, reason = "the outer one is an error that was told")]
    fn field(&mut self, context: Context, node: &Node, name: &str) -> Option<Option<Reference>> {
        let (plain, is_folded) = name.strip_suffix(".folded").map_or((name, false), |plain| (plain, true));
        let source = match context.inside {
            Some(items) => fields::field_of(items, plain),
            None => fields::field(plain),
        };
        let Some(source) = source else { return Some(None) };
        let reference = Reference { source, is_folded, key: name.to_owned() };
        self.folding(node, &reference)?;
        Some(Some(reference))
    }

    fn folding(&mut self, node: &Node, reference: &Reference) -> Option<()> {
        if reference.is_folded && !reference.kind().is_text() {
            return self.complain(
                node,
                format!("`.folded` is for text; `{}` is a {}", reference.key, reference.kind().word()),
            );
        }
        Some(())
    }

    /// `name(arguments).suffix` as a field.
    pub fn call(&mut self, node: &Node, name: &str, arguments: &[Node], suffix: &str) -> Option<Reference> {
        let (form, is_folded) = suffix.strip_suffix(".folded").map_or((suffix, false), |form| (form, true));
        let full = format!("{name}{form}");
        let eval = full.strip_prefix("sa.");
        let function = functions::find(&full);
        if function.is_none() && eval.is_none() {
            let known: Vec<&str> = functions::names().chain(["lookalike", "impersonates", "count"]).collect();
            return self.unknown(node, "function", &full, &known);
        }
        let example = function.map_or("sa.html_range(\"html_length\", 0, 1024)", |function| function.example);
        let mut given = Vec::new();
        for argument in arguments {
            given.push(match &argument.kind {
                Kind::Text(text) => Argument::Text(text.clone()),
                Kind::Number(number) => Argument::Number(*number),
                _ => {
                    return self.complain(argument, format!("{name}(...) takes texts and numbers, as in {example}"));
                }
            });
        }
        let words: Vec<String> = given.iter().map(|argument| format!("{argument:?}")).collect();
        let key = format!("{full}({}){}", words.join(","), if is_folded { ".folded" } else { "" });
        let source = match (function, eval) {
            (Some(function), _) => {
                if let Err(what) = (function.check)(&given) {
                    return self.complain(node, format!("{what}, as in {example}"));
                }
                Source::Call(function, given)
            }
            (None, eval) => match classic::eval(eval.unwrap_or_default(), &given, &self.settings) {
                Some(eval) => Source::Eval(eval),
                None => {
                    return self.complain(node, format!("no function of SpamAssassin that is known here: {full}(...)"));
                }
            },
        };
        let reference = Reference { source, is_folded, key };
        self.folding(node, &reference)?;
        Some(reference)
    }
}
