//! Why a rule hit a mail or did not: its condition as a tree, each piece with its value and with what was seen.
//!
//! Pure. The tree is read from the rule's text once more and walked beside what was compiled from it: `and`, `or` and `not`
//! have the same shape in both, anything else is one leaf.

use super::{
    Program,
    code::{Code, Each},
    evaluate::evaluate,
    senses::Eyes,
};
use crate::{
    judge::{
        findings::{Finding, Symbol},
        rules::{
            fields::{Reference, Value},
            language::{
                parser,
                syntax::{Kind, Node},
            },
            scene::Scene,
        },
    },
    limits,
};

/// A piece of a condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// `and`, `or`, `not`, or the text of a leaf; the name of a sub-rule.
    pub condition: String,
    /// 0 is false; `None` is open.
    pub value: Option<f64>,
    /// Had it the other value, the rule would be nearer to the other result. Only leaves are.
    pub is_short: bool,
    /// What a leaf found: a match, or the values it looked at.
    pub seen: String,
    pub steps: Vec<Step>,
}

/// Values of a field that are told.
const VALUES_MAX: usize = 5;
/// Characters of one of them.
const CHARACTERS_MAX: usize = 60;

impl Step {
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.value.is_some_and(|value| value != 0.0)
    }

    /// Marks the leaves that keep this piece from being `wanted`.
    fn mark(&mut self, wanted: bool) {
        if self.is_true() == wanted {
            return;
        }
        let is_not = self.condition == "not";
        if !matches!(self.condition.as_str(), "and" | "or" | "not") {
            self.is_short = true;
        }
        for step in &mut self.steps {
            step.mark(wanted != is_not);
        }
    }
}

impl Program {
    /// Why a rule hit or did not; `found` is what the checks have found, `when` the text of each rule's condition. `None` where
    /// the symbol has no condition.
    #[must_use]
    pub fn why<'w>(
        &self,
        scene: &Scene<'_>,
        found: &[Finding],
        symbol: &Symbol,
        when: &dyn Fn(&Symbol) -> Option<&'w str>,
    ) -> Option<Step> {
        let eyes = Eyes::new(scene, &self.matchers, self.rules.len());
        self.judge(&eyes, found, &mut Vec::new());
        let looking = Looking { program: self, scene, eyes: &eyes, when };
        let mut step = looking.rule(self.place(symbol)?, 0)?;
        let wanted = !step.is_true();
        step.steps.iter_mut().for_each(|step| step.mark(wanted));
        Some(step)
    }
}

struct Looking<'l, 'w, 'a> {
    program: &'l Program,
    scene: &'l Scene<'a>,
    eyes: &'l Eyes<'l, 'l, 'a>,
    when: &'l dyn Fn(&Symbol) -> Option<&'w str>,
}

impl Looking<'_, '_, '_> {
    /// A rule: its name above its condition.
    fn rule(&self, at: usize, depth: usize) -> Option<Step> {
        let rule = self.program.rules.get(at)?;
        let (code, text) = (rule.when.as_ref()?, (self.when)(&rule.symbol)?);
        let node = parser::parse(text).ok()?;
        let value = self.eyes.values.get(at)?.get();
        let steps = vec![self.step(&node, code, text, depth)];
        Some(Step { condition: rule.symbol.to_string(), value, steps, ..Step::default() })
    }

    fn step(&self, node: &Node, code: &Code, text: &str, depth: usize) -> Step {
        let value = evaluate(code, self.eyes, None);
        let all = |nodes: &[Node], codes: &[Code]| {
            nodes.iter().zip(codes).map(|(node, code)| self.step(node, code, text, depth)).collect()
        };
        let (word, steps): (&str, Vec<Step>) = match (&node.kind, code) {
            (Kind::And(nodes), Code::And(codes)) if nodes.len() == codes.len() => ("and", all(nodes, codes)),
            (Kind::Or(nodes), Code::Or(codes)) if nodes.len() == codes.len() => ("or", all(nodes, codes)),
            (Kind::Not(node), Code::Not(code)) => ("not", vec![self.step(node, code, text, depth)]),
            _ => return self.leaf(node, code, text, depth),
        };
        Step { condition: word.to_owned(), value, steps, ..Step::default() }
    }

    fn leaf(&self, node: &Node, code: &Code, text: &str, depth: usize) -> Step {
        let written = text.get(node.span.clone()).unwrap_or_default();
        let condition = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let (mut seen, mut steps): (Vec<String>, Vec<Step>) = (Vec::new(), Vec::new());
        code.walk(&mut |piece| match piece {
            Code::Symbol(at) => {
                seen.extend(self.symbol(*at));
                if depth < limits::WHY_DEPTH_MAX {
                    let rule = self.rule(*at, depth + 1);
                    // A leaf that is nothing but a sub-rule has its condition right below it.
                    match code {
                        Code::Symbol(_) => steps.extend(rule.into_iter().flat_map(|rule| rule.steps)),
                        _ => steps.extend(rule),
                    }
                }
            }
            Code::Hit(hit) => seen.extend(self.pattern(*hit)),
            Code::Read(reference) | Code::Lookalike(reference, _) | Code::Each(Each { reference, .. }) => {
                seen.push(self.values(reference));
            }
            Code::Impersonates(one, other, _) => seen.extend([self.values(one), self.values(other)]),
            _ => {}
        });
        seen.dedup();
        Step { condition, value: evaluate(code, self.eyes, None), is_short: false, seen: seen.join("; "), steps }
    }

    fn symbol(&self, at: usize) -> Option<String> {
        let hits = self.eyes.values.get(at)?.get();
        Some(format!(
            "{} = {}",
            self.program.rules.get(at)?.symbol,
            hits.map_or("open".to_owned(), |hits| hits.to_string())
        ))
    }

    /// The match, or how much was searched in vain.
    fn pattern(&self, hit: super::code::Hit) -> Option<String> {
        if let Some(span) = self.program.span(self.eyes, hit) {
            return Some(format!(
                "{} at octets {}..{}: {}",
                span.field,
                span.octets.start,
                span.octets.end,
                excerpt(&span.text)
            ));
        }
        let field = &self.program.matchers.get(hit.matcher)?.reference.key;
        let Some(scanned) = self.eyes.scanned(hit.matcher) else { return Some(format!("{field} is open")) };
        let (values, octets) = scanned
            .haystack
            .segments()
            .fold((0_usize, 0_usize), |(values, octets), text| (values + 1, octets + text.len()));
        Some(format!("no match in {octets} octets, {values} values of {field}"))
    }

    fn values(&self, reference: &Reference) -> String {
        let Some(values) = reference.values(self.scene, None) else { return format!("{} is open", reference.key) };
        let text = |value: &Value<'_>| match value {
            Value::Number(number) => number.to_string(),
            Value::Text(octets) => format!("\"{}\"", excerpt(octets)),
        };
        let mut told: Vec<String> = values.iter().take(VALUES_MAX).map(text).collect();
        if values.len() > VALUES_MAX {
            told.push(format!("{} more", values.len() - VALUES_MAX));
        }
        let told = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
        format!("{} is {told}", reference.key)
    }
}

fn excerpt(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::{
        lists::{List, Lists},
        ruleset::{Proof, Ruleset, Sources},
        samples,
    };

    #[test]
    fn the_leaves_that_are_short_are_marked() {
        let text = "[A]\nabout = 'a'\nscore = 1\nwhen = '''subject ~ /lure/i and (__B or size > 9000) and not from.domain in ours'''\n\
            [__B]\nwhen = 'any link.host == \"x.example\"'\n";
        let lists = Lists::from([("ours".to_owned(), List::of("ours", ["b.example".to_owned()]))]);
        let sources = Sources { files: vec![("r.toml".to_owned(), text.to_owned())], lists };
        let rules = Ruleset::read(&sources, Proof::Done).unwrap();
        let mail = samples::message("From: a@b.example\nSubject: A lure\n\nhttp://y.example/\n").unwrap();
        let scene = Scene::new(&mail, None);
        let when = |symbol: &Symbol| rules.table.get(symbol).map(|rule| rule.when.as_str());
        let why = rules.program.why(&scene, &[], &Symbol::named("A"), &when).unwrap();
        assert!(!why.is_true() && why.condition == "A");
        let and = &why.steps[0];
        assert_eq!((and.condition.as_str(), and.is_short, and.steps.len()), ("and", false, 3));
        assert!(
            and.steps[0].is_true() && !and.steps[0].is_short && and.steps[0].seen.ends_with("at octets 2..6: lure")
        );
        let or = &and.steps[1];
        let leaves: Vec<_> = or.steps.iter().map(|step| (step.condition.as_str(), step.is_short)).collect();
        assert_eq!(leaves, [("__B", true), ("size > 9000", true)]);
        assert_eq!(or.steps[0].steps[0].seen, "link.host is \"y.example\"");
        let not = &and.steps[2];
        assert!(!not.is_true() && not.steps[0].is_true() && not.steps[0].is_short, "{not:?}");
        assert_eq!(not.steps[0].condition, "from.domain in ours");
    }
}
