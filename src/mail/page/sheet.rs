//! Style sheets: which declarations of the page's `<style>` elements count for an element.
//!
//! Pure, and linear in the octets. Selectors of tags, classes and identifiers, also inside others; no pseudo-classes, no
//! attributes. Rules for small windows, print and other media do not count. Specificity is tag, class, identifier.

use super::style::Declarations;
use crate::limits;
use std::{borrow::Cow, collections::BTreeMap};

/// The rules of a page so far.
#[derive(Debug, Default)]
pub struct Sheet {
    tags: BTreeMap<String, Declarations>,
    classes: BTreeMap<String, Declarations>,
    identifiers: BTreeMap<String, Declarations>,
    /// Rules with more than one condition.
    compounds: Vec<Rule>,
    /// What the rules above ask of outer elements.
    outer: Vec<Compound>,
    /// More rules than are kept.
    pub is_cut: bool,
}

/// Names that one element must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Compound {
    /// `sign` of all of them. First, so that it is compared first.
    signs: u128,
    tag: String,
    class: String,
    identifier: String,
}

#[derive(Debug)]
struct Rule {
    /// Outer elements that must be there: a bit for each entry of `outer`.
    outer: u64,
    target: Compound,
    declarations: Declarations,
}

/// The names an element has.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    tag: &'a str,
    /// Separated by white space.
    classes: &'a str,
    identifier: &'a str,
    /// `sign` of all of them.
    signs: u128,
}

impl<'a> Names<'a> {
    #[must_use]
    pub fn new(tag: &'a str, classes: &'a str, identifier: &'a str) -> Self {
        let mut names = Self { tag, classes, identifier, signs: sign(tag) | sign(identifier) };
        names.signs |= names.classes().fold(0, |signs, class| signs | sign(class));
        names
    }

    fn classes(&self) -> impl Iterator<Item = &'a str> {
        self.classes.split_ascii_whitespace().take(limits::PAGE_CLASSES_MAX)
    }
}

/// One bit of many for a name: where it is not set, the name is not there, and nothing need be compared.
fn sign(name: &str) -> u128 {
    let hash = name.bytes().fold(0_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    if name.is_empty() { 0 } else { 1 << ((hash ^ (hash >> 15)) % u128::BITS) }
}

impl Compound {
    fn fits(&self, names: &Names<'_>) -> bool {
        self.signs & names.signs == self.signs
            && (self.tag.is_empty() || self.tag == names.tag)
            && (self.identifier.is_empty() || self.identifier == names.identifier)
            && (self.class.is_empty() || names.classes().any(|class| class == self.class))
    }

    /// Reads `td.note#first`; `None` for what is not read here.
    fn parse(text: &str) -> Option<Self> {
        let mut compound = Self::default();
        let start = text.find(['.', '#']).unwrap_or(text.len());
        let (tag, mut rest) = text.split_at(start);
        if tag != "*" {
            compound.tag = tag.to_ascii_lowercase();
        }
        while let Some(kind) = rest.chars().next() {
            let after = rest.get(1..)?;
            let end = after.find(['.', '#']).unwrap_or(after.len());
            let (name, tail) = after.split_at(end);
            let place = if kind == '#' { &mut compound.identifier } else { &mut compound.class };
            // Two classes on one element: the first decides too much, so the rule is left out.
            if name.is_empty() || !place.is_empty() {
                return None;
            }
            name.clone_into(place);
            rest = tail;
        }
        let is_plain = |name: &String| name.chars().all(|mark| mark.is_alphanumeric() || matches!(mark, '-' | '_'));
        let is_read = [&compound.tag, &compound.class, &compound.identifier].into_iter().all(is_plain);
        compound.signs = sign(&compound.tag) | sign(&compound.class) | sign(&compound.identifier);
        is_read.then_some(compound)
    }

    fn conditions(&self) -> usize {
        [&self.tag, &self.class, &self.identifier].into_iter().filter(|name| !name.is_empty()).count()
    }
}

impl Sheet {
    /// Are there rules at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.classes.is_empty() && self.identifiers.is_empty() && self.compounds.is_empty()
    }

    /// What the rules say about an element inside others that gave `outer`.
    #[must_use]
    pub fn of(&self, names: &Names<'_>, outer: u64) -> Declarations {
        let mut found = self.tags.get("").copied().unwrap_or_default();
        if let Some(declarations) = self.tags.get(names.tag) {
            found.overlay(declarations);
        }
        for class in names.classes() {
            if let Some(declarations) = self.classes.get(class) {
                found.overlay(declarations);
            }
        }
        for rule in &self.compounds {
            if rule.outer & outer == rule.outer && rule.target.fits(names) {
                found.overlay(&rule.declarations);
            }
        }
        if let Some(declarations) = self.identifiers.get(names.identifier) {
            found.overlay(declarations);
        }
        found
    }

    /// Which conditions on outer elements an element meets, a bit each.
    #[must_use]
    pub fn meets(&self, names: &Names<'_>) -> u64 {
        let bits = self.outer.iter().enumerate().filter(|(_, compound)| compound.fits(names));
        bits.fold(0, |all, (at, _)| all | 1 << at)
    }

    /// Reads one style sheet.
    pub fn read(&mut self, text: &str) {
        let text = without_comments(text);
        let mut rest: &str = &text;
        loop {
            rest = rest.trim_start_matches(|mark: char| mark.is_whitespace() || matches!(mark, '}' | ';'));
            rest = rest.strip_prefix("<!--").or_else(|| rest.strip_prefix("-->")).unwrap_or(rest);
            let Some(end) = rest.find(['{', '}', ';']) else { return };
            let (head, tail) = rest.split_at(end);
            let body = tail.get(1..).unwrap_or_default();
            let head = head.trim();
            if !tail.starts_with('{') {
                rest = body;
            } else if let Some(condition) = head.strip_prefix('@') {
                // The rules of a block that counts for any window come as if they stood alone.
                rest = if counts(condition) { body } else { after_block(body) };
            } else {
                let end = body.find('}').unwrap_or(body.len());
                let (declarations, tail) = body.split_at(end);
                self.rule(head, declarations);
                rest = tail;
            }
        }
    }

    fn rule(&mut self, selectors: &str, declarations: &str) {
        let declarations = Declarations::parse(declarations);
        if declarations.is_empty() {
            return;
        }
        for selector in selectors.split(',') {
            self.selector(selector.trim(), &declarations);
        }
    }

    fn selector(&mut self, selector: &str, declarations: &Declarations) {
        let mut compounds = Vec::new();
        for word in selector.split([' ', '\t', '\r', '\n', '>']).filter(|word| !word.is_empty()) {
            let Some(compound) = Compound::parse(word) else { return };
            compounds.push(compound);
            if compounds.len() > limits::PAGE_SELECTOR_WORDS_MAX {
                return;
            }
        }
        let Some(target) = compounds.pop() else { return };
        // `html` and `body` are around everything.
        compounds.retain(|outer| outer.conditions() > 1 || !matches!(outer.tag.as_str(), "html" | "body"));
        if !compounds.is_empty() || target.conditions() > 1 {
            return self.compound(compounds, target, declarations);
        }
        let (map, name) = match (target.identifier.is_empty(), target.class.is_empty()) {
            (false, _) => (&mut self.identifiers, target.identifier),
            (_, false) => (&mut self.classes, target.class),
            _ => (&mut self.tags, target.tag),
        };
        if map.len() >= limits::PAGE_RULES_MAX && !map.contains_key(&name) {
            self.is_cut = true;
            return;
        }
        map.entry(name).or_default().overlay(declarations);
    }

    fn compound(&mut self, outer: Vec<Compound>, target: Compound, declarations: &Declarations) {
        let mut bits = 0;
        for compound in outer {
            let at = self.outer.iter().position(|known| *known == compound).unwrap_or(self.outer.len());
            if at >= OUTER_MAX {
                self.is_cut = true;
                return;
            }
            if at == self.outer.len() {
                self.outer.push(compound);
            }
            bits |= 1 << at;
        }
        if let Some(rule) = self.compounds.iter_mut().find(|rule| rule.outer == bits && rule.target == target) {
            rule.declarations.overlay(declarations);
        } else if self.compounds.len() < limits::PAGE_COMPOUND_RULES_MAX {
            self.compounds.push(Rule { outer: bits, target, declarations: *declarations });
        } else {
            self.is_cut = true;
        }
    }
}

/// Conditions on outer elements: as many as a number has bits.
const OUTER_MAX: usize = 64;

fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("/*") {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, tail)| tail);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// Does a block such as `@media screen` count for any window?
fn counts(condition: &str) -> bool {
    let (word, media) = condition.split_once(|mark: char| mark.is_whitespace()).unwrap_or((condition, ""));
    word.eq_ignore_ascii_case("media") && is_for_any_window(media)
}

/// Do rules for these media count for any window? Those that ask for a width, a scheme or paper do not.
#[must_use]
pub fn is_for_any_window(media: &str) -> bool {
    media
        .split(|mark: char| mark.is_whitespace() || mark == ',')
        .filter(|word| !word.is_empty())
        .all(|word| ["screen", "all", "only"].iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// What follows the block whose inside `text` begins with.
fn after_block(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(sheet: &Sheet, tag: &str, classes: &str, identifier: &str, outer: u64) -> bool {
        sheet.of(&Names::new(tag, classes, identifier), outer).display != Some(false)
    }

    #[test]
    fn rules_are_found_by_tag_class_and_identifier() {
        let mut sheet = Sheet::default();
        sheet.read("<!-- .a, p.b { display:none } /* #c{} */ #d{display:none !important} @import 'x'; -->");
        sheet.read("@media screen and (max-width:600px) { .e { display:none } } @media screen { .f { display:none } }");
        sheet.read("@font-face { font-family: x } i{display:none}");
        assert!(!shows(&sheet, "div", "x a", "", 0));
        assert!(!shows(&sheet, "p", "b", "", 0));
        assert!(shows(&sheet, "div", "b", "", 0));
        assert!(!shows(&sheet, "div", "", "d", 0));
        assert!(shows(&sheet, "div", "e", "", 0));
        assert!(!shows(&sheet, "div", "f", "", 0));
        assert!(!shows(&sheet, "i", "", "", 0));
        assert!(shows(&sheet, "b", "", "", 0));
    }

    #[test]
    fn outer_elements_count() {
        let mut sheet = Sheet::default();
        sheet.read("body .x span { display:none } a:hover { display:none } td[title] { display:none }");
        let outer = sheet.meets(&Names::new("div", "x", ""));
        assert!(!shows(&sheet, "span", "", "", outer));
        assert!(shows(&sheet, "span", "", "", 0));
        assert!(shows(&sheet, "a", "", "", outer));
        assert!(shows(&sheet, "td", "", "", outer));
    }
}
