//! The value of a condition: arithmetic and logic over numbers, with "open" where a sample does not say.
//!
//! Pure. Three-valued as Kleene has it: what is open stays open unless the rest decides. Never calls itself deeper than
//! `limits::CONDITION_DEPTH_MAX`, which bounds conditions.

use super::code::{Code, Each, Hit, Test};
use crate::judge::rules::{
    fields::{Items, Reference, Value},
    language::syntax::{Operator, Quantifier},
    lists::Brands,
};
use crate::mail::lookalike::Looks;

/// Where the leaves of a condition get their values: from a mail, or from a sample.
pub trait Senses {
    /// A link or attachment being looked at.
    type Item: Copy;
    /// Are open operands of `and` and `or` left out? So a sample is held against what it can answer.
    fn leaves_out_open(&self) -> bool;
    fn symbol(&self, rule: usize) -> Option<f64>;
    fn hit(&self, hit: Hit) -> Option<bool>;
    fn read(&self, reference: &Reference, item: Option<Self::Item>) -> Option<f64>;
    fn each(&self, each: &Each, item: Option<Self::Item>) -> Option<f64>;
    /// What `where` chooses from; `None` is one item of which nothing else is known.
    fn items(&self, items: Items) -> Option<Vec<Self::Item>>;
    fn lookalike(&self, domains: &Reference, listed: &[Looks], item: Option<Self::Item>) -> Option<bool>;
    fn impersonates(
        &self,
        text: &Reference,
        domains: &Reference,
        brands: &Brands,
        item: Option<Self::Item>,
    ) -> Option<bool>;
}

/// The value of a condition: 0 is false, `None` is open.
pub fn evaluate<S: Senses>(code: &Code, senses: &S, item: Option<S::Item>) -> Option<f64> {
    match code {
        Code::Number(number) => Some(*number),
        Code::Symbol(rule) => senses.symbol(*rule),
        Code::Read(reference) => senses.read(reference, item),
        Code::Not(inner) => evaluate(inner, senses, item).map(|value| number(value == 0.0)),
        Code::And(all) => logic(all, senses, item, false),
        Code::Or(all) => logic(all, senses, item, true),
        Code::Sum(terms) => terms.iter().try_fold(0.0, |sum, (is_negative, code)| {
            let value = evaluate(code, senses, item)?;
            Some(if *is_negative { sum - value } else { sum + value })
        }),
        Code::Binary(operator, left, right) => {
            Some(calculate(*operator, evaluate(left, senses, item)?, evaluate(right, senses, item)?))
        }
        Code::Hit(hit) => senses.hit(*hit).map(number),
        Code::Each(each) => senses.each(each, item),
        Code::Where(quantifier, items, condition) => choose(*quantifier, *items, condition, senses),
        Code::Lookalike(domains, listed) => senses.lookalike(domains, listed, item).map(number),
        Code::Impersonates(text, domains, brands) => senses.impersonates(text, domains, brands, item).map(number),
    }
}

/// `or` is decided by the first that is true, `and` by the first that is not.
fn logic<S: Senses>(all: &[Code], senses: &S, item: Option<S::Item>, deciding: bool) -> Option<f64> {
    let (mut is_open, mut is_known) = (false, false);
    for code in all {
        match evaluate(code, senses, item) {
            Some(value) if (value != 0.0) == deciding => return Some(number(deciding)),
            Some(_) => is_known = true,
            None => is_open = true,
        }
    }
    if is_open && !(is_known && senses.leaves_out_open()) { None } else { Some(number(!deciding)) }
}

fn choose<S: Senses>(quantifier: Quantifier, items: Items, condition: &Code, senses: &S) -> Option<f64> {
    match senses.items(items) {
        Some(found) => {
            quantify(quantifier, found.into_iter().map(|item| is_true(evaluate(condition, senses, Some(item)))))
        }
        None => match (quantifier, is_true(evaluate(condition, senses, None))) {
            (Quantifier::Any | Quantifier::All, known) => known.map(number),
            (Quantifier::Count, Some(false)) => Some(0.0),
            (Quantifier::Count, _) => None,
        },
    }
}

fn is_true(value: Option<f64>) -> Option<bool> {
    value.map(|value| value != 0.0)
}

/// Any, all or the number of those that are true; open where an open one could change it.
pub fn quantify(quantifier: Quantifier, found: impl Iterator<Item = Option<bool>>) -> Option<f64> {
    let (mut count, mut is_open) = (0.0, false);
    for known in found {
        match (quantifier, known) {
            (Quantifier::Any, Some(true)) => return Some(1.0),
            (Quantifier::All, Some(false)) => return Some(0.0),
            (Quantifier::Count, Some(true)) => count += 1.0,
            (_, None) => is_open = true,
            _ => {}
        }
    }
    match (is_open, quantifier) {
        (true, _) => None,
        (false, Quantifier::Any) => Some(0.0),
        (false, Quantifier::All) => Some(1.0),
        (false, Quantifier::Count) => Some(count),
    }
}

/// 1 for true, 0 for false.
#[must_use]
pub fn number(truth: bool) -> f64 {
    f64::from(u8::from(truth))
}

/// Products and comparisons (sums are lists of terms); dividing by 0 gives 0, so that a condition always has a value.
#[must_use]
#[expect(clippy::float_cmp, reason = "conditions compare counts and what authors wrote")]
pub fn calculate(operator: Operator, left: f64, right: f64) -> f64 {
    match operator {
        Operator::Multiply => left * right,
        Operator::Divide if right == 0.0 => 0.0,
        Operator::Divide => left / right,
        Operator::NotEqual => number(left != right),
        Operator::Less => number(left < right),
        Operator::LessOrEqual => number(left <= right),
        Operator::Greater => number(left > right),
        Operator::GreaterOrEqual => number(left >= right),
        _ => number(left == right),
    }
}

/// Does a value pass a test? Tests over other fields are answered by `others`.
pub fn passes(test: &Test, value: &Value<'_>, others: impl Fn(&Reference) -> Option<Vec<Vec<u8>>>) -> Option<bool> {
    let octets = match value {
        Value::Number(found) => {
            return Some(match test {
                Test::Number(operator, wanted) => calculate(*operator, *found, *wanted) != 0.0,
                _ => *found != 0.0,
            });
        }
        Value::Text(octets) => octets,
    };
    Some(match test {
        Test::Matches(pattern) => pattern.is_match(octets),
        Test::Contains(words) => words.is_match(&**octets),
        Test::Equals(wanted) => octets.eq_ignore_ascii_case(wanted),
        Test::In(set) => set.contains(octets),
        Test::InField(other) => others(other)?.iter().any(|other| octets.eq_ignore_ascii_case(other)),
        Test::ContainsField(other) => {
            let lower = octets.to_ascii_lowercase();
            let is_in = |other: &Vec<u8>| {
                !other.is_empty() && memchr::memmem::find(&lower, &other.to_ascii_lowercase()).is_some()
            };
            others(other)?.iter().any(is_in)
        }
        Test::Number(..) => false,
        Test::Is => !octets.is_empty(),
    })
}
