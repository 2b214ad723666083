//! From trees to a program: logic, arithmetic, quantifiers, and the order of the rules.
//!
//! Pure. Every mistake is told with its place; a rule with a mistake is left out, which its reader finds out as well.

use super::{
    Matched, Program, Ready,
    code::{Code, Hit},
    names::Named,
};
use crate::judge::{
    findings::Symbol,
    rules::{
        fields::{self, Items, Reference, Source, Type},
        language::syntax::{Kind, Node, Operator, Quantifier},
        lists::Lists,
        pattern::Pattern,
        scan::Matcher,
    },
};
use crate::mail::classic::evals::Settings;
use std::{collections::BTreeMap, sync::Arc};

/// A rule as it was read.
pub struct Written {
    pub symbol: Symbol,
    pub when: Option<Node>,
    pub multiple: Option<usize>,
    /// Patterns that are not linear may run under a step limit.
    pub is_bounded: bool,
}

/// A mistake in the condition of a rule, at an octet of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub rule: usize,
    pub at: usize,
    pub what: String,
}

/// Where a piece of a condition stands.
#[derive(Clone, Copy)]
pub struct Context {
    /// Inside `where`.
    pub inside: Option<Items>,
}

/// The patterns gathered on one field.
struct Gathered {
    reference: Reference,
    patterns: Vec<Pattern>,
    /// Where a pattern stands, by source and flags.
    known: BTreeMap<String, usize>,
}

/// A program being made.
pub struct Compiler<'a> {
    pub lists: &'a Lists,
    /// What functions of SpamAssassin read from lists.
    pub settings: Arc<Settings>,
    pub places: BTreeMap<Symbol, usize>,
    gathered: Vec<Gathered>,
    /// Where a field stands among those gathered, by its key.
    keys: BTreeMap<String, usize>,
    rule: usize,
    pub is_bounded: bool,
    pub is_proven: bool,
    mistakes: Vec<Mistake>,
    /// Mistakes in lists, told by the list.
    pub of_lists: Vec<crate::judge::document::Complaint>,
}

/// Everything that came of compiling.
pub struct Compiled {
    pub program: Program,
    pub mistakes: Vec<Mistake>,
    pub of_lists: Vec<crate::judge::document::Complaint>,
}

/// Compiles rules that may read each other. Where they are not yet proven, bounded patterns are compiled at once, so that
/// one which the backtracking engine does not take is a mistake and not a rule that never hits.
#[must_use]
pub fn compile(written: &[Written], lists: &Lists, is_proven: bool) -> Compiled {
    let places: BTreeMap<Symbol, usize> =
        written.iter().enumerate().map(|(at, rule)| (rule.symbol.clone(), at)).collect();
    let mut compiler = Compiler {
        lists,
        settings: Arc::new(fields::classic::settings(lists)),
        places,
        gathered: Vec::new(),
        keys: BTreeMap::new(),
        rule: 0,
        is_bounded: false,
        is_proven,
        mistakes: Vec::new(),
        of_lists: Vec::new(),
    };
    let rules: Vec<Ready> = written.iter().enumerate().map(|(at, rule)| compiler.rule(at, rule)).collect();
    let order = compiler.order(written, &rules);
    let Compiler { places, gathered, mistakes, mut of_lists, .. } = compiler;
    of_lists.sort();
    of_lists.dedup();
    let matchers = gathered.into_iter().map(|Gathered { reference, patterns, .. }| Matched {
        matcher: Matcher::new(patterns.clone()),
        reference,
        patterns,
    });
    let program = Program { rules, order, matchers: matchers.collect(), index: places };
    Compiled { program, mistakes, of_lists }
}

impl Compiler<'_> {
    fn rule(&mut self, at: usize, written: &Written) -> Ready {
        self.rule = at;
        self.is_bounded = written.is_bounded;
        let when = written.when.as_ref().and_then(|node| self.truth(Context { inside: None }, node));
        let multiple = match (written.multiple, &when, &written.when) {
            (Some(most), Some(Code::Hit(hit)), _) => Some((*hit, most)),
            (Some(_), Some(_), Some(node)) => self.complain(
                node,
                "multiple counts the matches of one pattern: `when` has to be FIELD ~ /.../".to_owned(),
            ),
            _ => None,
        };
        let is_subrule = written.symbol.as_str().starts_with("__");
        Ready { symbol: written.symbol.clone(), when, multiple, is_subrule }
    }

    /// Notes a mistake at a piece of the condition.
    pub fn complain<T>(&mut self, node: &Node, what: String) -> Option<T> {
        self.complain_at(node.span.start, what)
    }

    pub fn complain_at<T>(&mut self, at: usize, what: String) -> Option<T> {
        self.mistakes.push(Mistake { rule: self.rule, at, what });
        None
    }

    /// A piece that is true or false.
    fn truth(&mut self, context: Context, node: &Node) -> Option<Code> {
        match &node.kind {
            Kind::Not(inner) => Some(Code::Not(Box::new(self.truth(context, inner)?))),
            Kind::And(all) => self.truths(context, all).map(Code::And),
            Kind::Or(all) => self.truths(context, all).map(Code::Or),
            Kind::Name(name) => match self.name(context, node, name)? {
                Named::Symbol(place) => Some(Code::Symbol(place)),
                Named::Field(reference) => self.bare(context, node, reference),
            },
            Kind::Call { name, arguments, suffix } if !is_special(name) => {
                let reference = self.call(node, name, arguments, suffix)?;
                self.bare(context, node, reference)
            }
            Kind::Text(_) | Kind::List(_) | Kind::Regex { .. } => self
                .complain(node, "a comparison is missing: FIELD == \"...\", FIELD ~ /.../, FIELD in list".to_owned()),
            _ => self.number(context, node),
        }
    }

    /// All of them, so that every mistake is told.
    fn truths(&mut self, context: Context, all: &[Node]) -> Option<Vec<Code>> {
        let codes: Vec<Option<Code>> = all.iter().map(|node| self.truth(context, node)).collect();
        codes.into_iter().collect()
    }

    /// A field alone: a flag.
    fn bare(&mut self, context: Context, node: &Node, reference: Reference) -> Option<Code> {
        match reference.kind() {
            Type::Flag if reference.is_many(context.inside.is_some()) => {
                Some(self.is_there(Quantifier::Any, reference))
            }
            Type::Flag => Some(Code::Read(reference)),
            // A number that is asked for by a function with arguments, as in imports, is true if it is not 0.
            Type::Number if matches!(reference.source, Source::Call(..)) => Some(Code::Read(reference)),
            Type::Number => self.complain(node, format!("`{0}` is a number: compare it, as in {0} > 0", reference.key)),
            kind => {
                let what = format!(
                    "`{0}` is a {1}: compare it, as in {0} ~ /.../ or {0} == \"...\"",
                    reference.key,
                    kind.word()
                );
                self.complain(node, what)
            }
        }
    }

    /// A piece that is a number, or a truth taken as 1 or 0.
    pub fn number(&mut self, context: Context, node: &Node) -> Option<Code> {
        match &node.kind {
            Kind::Number(number) => Some(Code::Number(*number)),
            Kind::Binary { operator, left, right } => self.binary(context, node, *operator, left, right),
            Kind::Sum(terms) => {
                let codes: Vec<Option<Code>> = terms.iter().map(|(_, term)| self.number(context, term)).collect();
                let signs = terms.iter().map(|(is_negative, _)| *is_negative);
                let codes: Option<Vec<Code>> = codes.into_iter().collect();
                Some(Code::Sum(signs.zip(codes?).collect()))
            }
            Kind::Quantified { quantifier, body } => self.quantified(context, *quantifier, body),
            Kind::Where { quantifier, items, condition } => self.choose(context, node, *quantifier, items, condition),
            Kind::Call { name, arguments, .. } if is_special(name) => self.special(context, node, name, arguments),
            Kind::Name(name) => match self.name(context, node, name)? {
                Named::Symbol(place) => Some(Code::Symbol(place)),
                Named::Field(reference) => self.numeric(context, node, reference),
            },
            Kind::Call { name, arguments, suffix } => {
                let reference = self.call(node, name, arguments, suffix)?;
                self.numeric(context, node, reference)
            }
            _ => self.truth(context, node),
        }
    }

    fn numeric(&mut self, context: Context, node: &Node, reference: Reference) -> Option<Code> {
        if reference.kind().is_text() {
            return self.complain(
                node,
                format!("`{}` is a {}, a number is needed here", reference.key, reference.kind().word()),
            );
        }
        if reference.is_many(context.inside.is_some()) {
            let what = format!(
                "`{0}` has any number of values: write any {0} ..., all {0} ... or count({0} ...)",
                reference.key
            );
            return self.complain(node, what);
        }
        Some(Code::Read(reference))
    }

    fn binary(&mut self, context: Context, node: &Node, operator: Operator, left: &Node, right: &Node) -> Option<Code> {
        if let Some(code) = self.comparison(context, None, node)? {
            return Some(code);
        }
        if !is_numeric(operator) {
            let what = format!("`{}` compares a field with a text; at its left stands none", operator.word());
            return self.complain(left, what);
        }
        let codes = (self.number(context, left), self.number(context, right));
        Some(Code::Binary(operator, Box::new(codes.0?), Box::new(codes.1?)))
    }

    fn quantified(&mut self, context: Context, quantifier: Quantifier, body: &Node) -> Option<Code> {
        if let Some(code) = self.comparison(context, Some(quantifier), body)? {
            return Some(code);
        }
        let reference = match &body.kind {
            Kind::Name(name) if context.inside.is_none() && items_of(name).is_some() => {
                return items_of(name).map(|items| Code::Where(quantifier, items, Box::new(Code::Number(1.0))));
            }
            Kind::Name(name) => match self.name(context, body, name)? {
                Named::Field(reference) => reference,
                Named::Symbol(_) => return self.complain(body, "a symbol is its number of hits already".to_owned()),
            },
            Kind::Call { name, arguments, suffix } if !is_special(name) => self.call(body, name, arguments, suffix)?,
            _ => return self.complain(body, "any, all and count look at the values of a field".to_owned()),
        };
        let is_plain_number = reference.kind() == Type::Number && quantifier != Quantifier::Count;
        if is_plain_number {
            return self.complain(body, format!("compare `{0}`, as in any {0} > 0", reference.key));
        }
        Some(self.is_there(quantifier, reference))
    }

    fn choose(
        &mut self,
        context: Context,
        node: &Node,
        quantifier: Quantifier,
        items: &str,
        condition: &Node,
    ) -> Option<Code> {
        if context.inside.is_some() {
            return self.complain(node, "`where` cannot stand inside `where`".to_owned());
        }
        let Some(items) = items_of(items) else {
            return self.complain(node, format!("`where` chooses from `link` or `attachment`, not from `{items}`"));
        };
        let condition = self.truth(Context { inside: Some(items) }, condition)?;
        Some(Code::Where(quantifier, items, Box::new(condition)))
    }

    /// The place of a pattern in the matcher of its field.
    pub fn hit(&mut self, reference: Reference, flags: &str, pattern: Pattern) -> Hit {
        let next = self.gathered.len();
        let matcher = *self.keys.entry(reference.key.clone()).or_insert(next);
        if matcher == next {
            self.gathered.push(Gathered { reference, patterns: Vec::new(), known: BTreeMap::new() });
        }
        let key = format!("{flags}/{}", pattern.source());
        let Some(gathered) = self.gathered.get_mut(matcher) else { return Hit { matcher, pattern: 0 } };
        let next = gathered.patterns.len();
        let at = *gathered.known.entry(key).or_insert(next);
        if at == next {
            gathered.patterns.push(pattern);
        }
        Hit { matcher, pattern: at }
    }

    /// Rules behind those that they read; what goes round in a circle is a mistake.
    fn order(&mut self, written: &[Written], rules: &[Ready]) -> Vec<usize> {
        let mut order = Vec::with_capacity(rules.len());
        let mut seen = vec![Visit::Not; rules.len()];
        for start in 0..rules.len() {
            // An own stack: chains of symbols may be longer than ours.
            let mut stack = vec![(start, false)];
            while let Some((at, is_done)) = stack.pop() {
                let Some(visit) = seen.get_mut(at) else { continue };
                match (is_done, *visit) {
                    (true, _) => {
                        *visit = Visit::Done;
                        order.push(at);
                    }
                    (false, Visit::Not) => {
                        *visit = Visit::Open;
                        stack.push((at, true));
                        let mut read = Vec::new();
                        if let Some(when) = rules.get(at).and_then(|rule| rule.when.as_ref()) {
                            symbols_of(when, &mut read);
                        }
                        stack.extend(read.into_iter().map(|symbol| (symbol, false)));
                    }
                    (false, Visit::Open) if stack.iter().any(|(other, is_done)| *is_done && *other == at) => {
                        self.rule = at;
                        let name = written.get(at).map_or("", |rule| rule.symbol.as_str());
                        let _: Option<()> =
                            self.complain_at(0, format!("{name} reads itself, through the symbols it names"));
                    }
                    (false, _) => {}
                }
            }
        }
        order
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Not,
    Open,
    Done,
}

/// What `where` and `count` choose from.
fn items_of(name: &str) -> Option<Items> {
    match name {
        "link" => Some(Items::Links),
        "attachment" => Some(Items::Attachments),
        _ => None,
    }
}

fn is_special(name: &str) -> bool {
    matches!(name, "lookalike" | "impersonates")
}

/// Does the operator work on numbers?
#[must_use]
pub fn is_numeric(operator: Operator) -> bool {
    !matches!(
        operator,
        Operator::Matches
            | Operator::NotMatches
            | Operator::Contains
            | Operator::NotContains
            | Operator::In
            | Operator::NotIn
    )
}

/// The rules that a condition reads.
pub fn symbols_of(code: &Code, found: &mut Vec<usize>) {
    code.walk(&mut |code| {
        if let Code::Symbol(rule) = code {
            found.push(*rule);
        }
    });
}
