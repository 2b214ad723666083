//! The leaves of a condition looked up in a mail.
//!
//! Pure. Each field is scanned once, when the first condition asks for it, for all patterns on it.

use super::{
    Matched,
    code::{Each, Hit},
    evaluate::{Senses, passes, quantify},
};
use crate::{
    judge::rules::{
        fields::{Items, Looked, Reference, Value, folded, items},
        lists::{Brand, Brands},
        scan::{Haystack, Hits},
        scene::Scene,
    },
    mail::{address::Domain, lookalike::Looks},
};
use std::cell::{Cell, OnceCell};

/// What a matcher found in one mail.
pub struct Scanned {
    pub haystack: Haystack,
    pub hits: Hits,
}

/// One mail under the eyes of the rules.
pub struct Eyes<'p, 's, 'a> {
    scene: &'s Scene<'a>,
    matchers: &'p [Matched],
    /// `None` inside: the field is open.
    scanned: Vec<OnceCell<Option<Scanned>>>,
    /// Hits of the rules judged so far.
    pub values: Vec<Cell<Option<f64>>>,
    pub leaves_out_open: bool,
}

impl<'p, 's, 'a> Eyes<'p, 's, 'a> {
    pub fn new(scene: &'s Scene<'a>, matchers: &'p [Matched], rules: usize) -> Self {
        Self {
            scene,
            matchers,
            scanned: matchers.iter().map(|_| OnceCell::new()).collect(),
            values: (0..rules).map(|_| Cell::new(Some(0.0))).collect(),
            leaves_out_open: false,
        }
    }

    /// The field of a matcher, scanned; `None` if it is open.
    pub fn scanned(&self, matcher: usize) -> Option<&Scanned> {
        self.scanned.get(matcher)?.get_or_init(|| self.scan(matcher)).as_ref()
    }

    /// Those fields that were scanned, with the place of their matcher.
    pub fn all_scanned(&self) -> impl Iterator<Item = (usize, &Scanned)> {
        self.scanned.iter().enumerate().filter_map(|(at, cell)| Some((at, cell.get()?.as_ref()?)))
    }

    fn scan(&self, matcher: usize) -> Option<Scanned> {
        let on_field = self.matchers.get(matcher)?;
        let mut haystack = Haystack::new();
        for value in on_field.reference.values(self.scene, None)? {
            if let Value::Text(text) = value {
                haystack.push(&text);
            }
        }
        let mut hits = Hits::default();
        on_field.matcher.scan(&haystack, &mut hits);
        Some(Scanned { haystack, hits })
    }

    fn texts(&self, reference: &Reference, item: Option<Looked<'s>>) -> Option<Vec<Vec<u8>>> {
        let values = reference.values(self.scene, item)?;
        let texts = values.into_iter().filter_map(|value| match value {
            Value::Text(text) => Some(text.into_owned()),
            Value::Number(_) => None,
        });
        Some(texts.collect())
    }

    /// The domains of a field, each once.
    fn domains(&self, reference: &Reference, item: Option<Looked<'s>>) -> Option<Vec<Domain>> {
        let mut texts = self.texts(reference, item)?;
        texts.sort_unstable();
        texts.dedup();
        Some(texts.iter().filter_map(|text| Domain::parse(&String::from_utf8_lossy(text))).collect())
    }
}

impl<'s> Senses for Eyes<'_, 's, '_> {
    type Item = Looked<'s>;

    fn leaves_out_open(&self) -> bool {
        self.leaves_out_open
    }

    fn symbol(&self, rule: usize) -> Option<f64> {
        self.values.get(rule)?.get()
    }

    fn hit(&self, hit: Hit) -> Option<bool> {
        Some(self.scanned(hit.matcher)?.hits.contains(hit.pattern))
    }

    fn read(&self, reference: &Reference, item: Option<Looked<'s>>) -> Option<f64> {
        match reference.values(self.scene, item)?.first() {
            Some(Value::Number(number)) => Some(*number),
            _ => Some(0.0),
        }
    }

    fn each(&self, each: &Each, item: Option<Looked<'s>>) -> Option<f64> {
        let values = each.reference.values(self.scene, item)?;
        let others = |other: &Reference| self.texts(other, item);
        quantify(
            each.quantifier,
            values.iter().map(|value| Some(passes(&each.test, value, others)? != each.is_negated)),
        )
    }

    fn items(&self, items: Items) -> Option<Vec<Looked<'s>>> {
        let message = &self.scene.mail.message;
        Some(match items {
            Items::Links => message.links.iter().map(Looked::Link).collect(),
            Items::Attachments => items::attachments(message).map(Looked::Attachment).collect(),
        })
    }

    fn lookalike(&self, domains: &Reference, listed: &[Looks], item: Option<Looked<'s>>) -> Option<bool> {
        let domains = self.domains(domains, item)?;
        let looks: Vec<Looks> = domains.iter().filter_map(Looks::of).collect();
        // Two that are both listed may look alike and yet be what they are.
        let is_listed = |looks: &Looks| listed.iter().any(|listed| looks == listed);
        let is_like = |looks: &Looks| listed.iter().any(|listed| looks.is_like(listed));
        Some(looks.iter().any(|looks| !is_listed(looks) && is_like(looks)))
    }

    fn impersonates(
        &self,
        text: &Reference,
        domains: &Reference,
        brands: &Brands,
        item: Option<Looked<'s>>,
    ) -> Option<bool> {
        let texts: Vec<Vec<u8>> = self.texts(text, item)?.iter().map(|text| folded(text)).collect();
        let domains = self.domains(domains, item)?;
        let writes_from =
            |brand: &Brand| domains.iter().any(|domain| brand.domains.iter().any(|own| domain.is_within(own)));
        Some(texts.iter().any(|text| brands.named(text).any(|brand| !writes_from(brand))))
    }
}
