//! Texts that a match must begin with.
//!
//! Pure. Letters are lower case here: the search for texts ignores ASCII case, and what it finds is verified.

use super::text::{BYTES_MAX, Text};
use crate::judge::rules::pattern::octets::sequences;
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Repetition};
use std::{collections::HashMap, marker::PhantomData, ptr, rc::Rc};

/// Texts, one of which a match begins with.
pub type Texts = Vec<Text>;

/// Texts of one set at most.
const TEXTS_MAX: usize = 48;

/// Every text of each list, followed by every one of the other; none if there are too many or they are too long.
pub fn cross(heads: &[Text], tails: &[Text]) -> Option<Texts> {
    if heads.len() * tails.len() > TEXTS_MAX * 2 {
        return None;
    }
    let mut texts = Texts::with_capacity(heads.len() * tails.len());
    for head in heads {
        for tail in tails {
            texts.push(head.then(*tail)?);
        }
    }
    distinct(texts)
}

fn distinct(mut texts: Texts) -> Option<Texts> {
    texts.sort_unstable();
    texts.dedup();
    (texts.len() <= TEXTS_MAX).then_some(texts)
}

/// The texts of parts of one pattern, which are asked for again and again: by the address of the part.
#[derive(Default)]
pub struct Known<'h> {
    exact: HashMap<*const Hir, Option<Rc<Texts>>>,
    beginnings: HashMap<*const Hir, Option<Rc<Texts>>>,
    pattern: PhantomData<&'h Hir>,
}

impl<'h> Known<'h> {
    /// All texts a part matches, if they are few and short; assertions count as nothing.
    pub fn exact(&mut self, hir: &'h Hir) -> Option<Rc<Texts>> {
        if let Some(known) = self.exact.get(&ptr::from_ref(hir)) {
            return known.clone();
        }
        let texts = if count(hir) >= TEXTS_MAX * 8 { None } else { self.enumerate(hir).map(Rc::new) };
        self.exact.insert(hir, texts.clone());
        texts
    }

    /// The same for a part that is known to match few.
    fn enumerate(&mut self, hir: &'h Hir) -> Option<Texts> {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Some(vec![Text::default()]),
            HirKind::Literal(literal) => (literal.0.len() <= BYTES_MAX).then(|| vec![Text::of(&literal.0)]),
            HirKind::Class(class) => letters(class),
            HirKind::Capture(capture) => self.enumerate(&capture.sub),
            HirKind::Repetition(repetition) => self.exact_repetition(repetition),
            HirKind::Concat(parts) => {
                let mut texts = vec![Text::default()];
                for part in parts {
                    texts = cross(&texts, &self.exact(part)?)?;
                }
                Some(texts)
            }
            HirKind::Alternation(branches) => self.of_branches(branches, Self::exact),
        }
    }

    fn exact_repetition(&mut self, repetition: &'h Repetition) -> Option<Texts> {
        let max = repetition.max.filter(|max| *max <= 4)?;
        let sub = self.exact(&repetition.sub)?;
        let (mut texts, mut turn) = (Texts::new(), vec![Text::default()]);
        for count in 0..=max {
            if count >= repetition.min {
                texts.extend(&turn);
            }
            if count < max {
                turn = cross(&turn, &sub)?;
            }
        }
        distinct(texts)
    }

    fn of_branches(
        &mut self,
        branches: &'h [Hir],
        of: impl Fn(&mut Self, &'h Hir) -> Option<Rc<Texts>>,
    ) -> Option<Texts> {
        let mut texts = Texts::new();
        for branch in branches {
            texts.extend(of(self, branch)?.iter());
            if texts.len() > TEXTS_MAX * 2 {
                return None;
            }
        }
        distinct(texts)
    }

    /// Texts that every match begins with, not longer than the pattern allows to tell; none if it cannot be told.
    pub fn beginnings(&mut self, hir: &'h Hir) -> Option<Rc<Texts>> {
        if let Some(known) = self.beginnings.get(&ptr::from_ref(hir)) {
            return known.clone();
        }
        let texts = match hir.kind() {
            HirKind::Capture(capture) => self.beginnings(&capture.sub),
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                self.exact(&repetition.sub).or_else(|| self.beginnings(&repetition.sub))
            }
            HirKind::Concat(parts) => self.of_sequence(parts).map(Rc::new),
            HirKind::Alternation(branches) => self.of_branches(branches, Self::beginnings).map(Rc::new),
            HirKind::Literal(literal) => Some(Rc::new(vec![Text::of(&literal.0)])),
            _ => self.exact(hir),
        };
        self.beginnings.insert(hir, texts.clone());
        texts
    }

    /// What a sequence begins with: as much as can be told.
    fn of_sequence(&mut self, parts: &'h [Hir]) -> Option<Texts> {
        let mut texts = vec![Text::default()];
        for (number, part) in parts.iter().enumerate() {
            let Some(next) = self.exact(part).and_then(|tails| cross(&texts, &tails)) else {
                let last = self.beginnings(part).and_then(|tails| cross(&texts, &tails));
                return last.or((number > 0).then_some(texts));
            };
            texts = next;
        }
        Some(texts)
    }
}

/// How many texts a pattern matches at most; anything above the bound is as good as endless.
fn count(hir: &Hir) -> usize {
    let endless = TEXTS_MAX * 8;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => {
            if literal.0.len() > BYTES_MAX {
                endless
            } else {
                1
            }
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().map(|range| usize::from(range.end() - range.start()) + 1).sum()
        }
        HirKind::Class(Class::Unicode(class)) => class.iter().map(ClassUnicodeRange::len).sum::<usize>().min(endless),
        HirKind::Capture(capture) => count(&capture.sub),
        HirKind::Repetition(repetition) => match repetition.max {
            Some(max) if max <= 4 => count(&repetition.sub).saturating_add(1).saturating_pow(max).min(endless),
            _ => endless,
        },
        HirKind::Concat(parts) => {
            let mut all = 1;
            for part in parts {
                all *= count(part);
                if all >= endless {
                    return endless;
                }
            }
            all
        }
        HirKind::Alternation(branches) => {
            let mut all = 0;
            for branch in branches {
                all += count(branch);
                if all >= endless {
                    return endless;
                }
            }
            all
        }
    }
}

/// What a class takes as texts.
fn letters(class: &Class) -> Option<Texts> {
    let mut texts = Texts::new();
    for sequence in sequences(class) {
        let mut heads = vec![Text::default()];
        for set in sequence {
            if set.len() > 32 || heads.len() > TEXTS_MAX {
                return None;
            }
            heads = heads.iter().flat_map(|head| set.iter().map(|octet| head.with(octet))).collect();
        }
        texts.extend(heads);
    }
    if texts.is_empty() { None } else { distinct(texts) }
}
