//! Texts that a match must begin with, and forms of a pattern with less at its ends.
//!
//! Pure. Letters are lower case here: the search for texts ignores ASCII case, and what it finds is verified.

use super::text::{BYTES_MAX, Text};
use crate::judge::rules::pattern::octets::sequences;
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Repetition};

/// Texts, one of which a match begins with.
pub type Texts = Vec<Text>;

/// Texts of one set at most.
const TEXTS_MAX: usize = 48;

/// Every text of each list, followed by every one of the other; none if there are too many or they are too long.
pub fn cross(heads: &Texts, tails: &Texts) -> Option<Texts> {
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

/// All texts a pattern matches, if they are few and short; assertions count as nothing.
pub fn exact(hir: &Hir) -> Option<Texts> {
    if count(hir) >= TEXTS_MAX * 8 { None } else { enumerate(hir) }
}

/// The same for a pattern that is known to match few.
fn enumerate(hir: &Hir) -> Option<Texts> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![Text::default()]),
        HirKind::Literal(literal) => (literal.0.len() <= BYTES_MAX).then(|| vec![Text::of(&literal.0)]),
        HirKind::Class(class) => letters(class),
        HirKind::Capture(capture) => enumerate(&capture.sub),
        HirKind::Repetition(repetition) => exact_repetition(repetition),
        HirKind::Concat(parts) => {
            let mut texts = vec![Text::default()];
            for part in parts {
                texts = cross(&texts, &enumerate(part)?)?;
            }
            Some(texts)
        }
        HirKind::Alternation(branches) => {
            let mut texts = Texts::new();
            for branch in branches {
                texts.extend(enumerate(branch)?);
                if texts.len() > TEXTS_MAX * 2 {
                    return None;
                }
            }
            distinct(texts)
        }
    }
}

fn exact_repetition(repetition: &Repetition) -> Option<Texts> {
    let max = repetition.max.filter(|max| *max <= 4)?;
    let sub = enumerate(&repetition.sub)?;
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

/// Texts that every match begins with, not longer than the pattern allows to tell; none if it cannot be told.
pub fn beginnings(hir: &Hir) -> Option<Texts> {
    match hir.kind() {
        HirKind::Capture(capture) => beginnings(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            exact(&repetition.sub).or_else(|| beginnings(&repetition.sub))
        }
        HirKind::Concat(parts) => run(parts).map(|(texts, _)| texts),
        HirKind::Alternation(branches) => {
            let mut texts = Texts::new();
            for branch in branches {
                texts.extend(beginnings(branch)?);
                if texts.len() > TEXTS_MAX * 2 {
                    return None;
                }
            }
            distinct(texts)
        }
        HirKind::Literal(literal) => Some(vec![Text::of(&literal.0)]),
        _ => exact(hir),
    }
}

/// What a sequence begins with: as much as can be told, and of how many parts.
fn run(parts: &[Hir]) -> Option<(Texts, usize)> {
    let mut texts = vec![Text::default()];
    for (number, part) in parts.iter().enumerate() {
        let Some(next) = exact(part).and_then(|tails| cross(&texts, &tails)) else {
            let last = beginnings(part).and_then(|tails| cross(&texts, &tails));
            return last.map_or_else(|| (number > 0).then_some((texts, number)), |texts| Some((texts, number + 1)));
        };
        texts = next;
    }
    Some((texts, parts.len()))
}

/// A form that is found in a text if and only if the pattern is, with nothing optional at its ends; none if that is
/// the pattern itself.
pub fn core(hir: &Hir) -> Option<Hir> {
    let tail = trim(hir, true);
    let head = trim(tail.as_ref().unwrap_or(hir), false);
    head.or(tail)
}

/// A form without what is optional at one end; none if there is nothing.
fn trim(hir: &Hir, tail: bool) -> Option<Hir> {
    match hir.kind() {
        HirKind::Capture(capture) => Some(trim(&capture.sub, tail).unwrap_or_else(|| (*capture.sub).clone())),
        HirKind::Repetition(repetition) => {
            let Repetition { min, max, sub, .. } = repetition;
            let end = || trim(sub, tail).unwrap_or_else(|| (**sub).clone());
            match min {
                0 => Some(Hir::empty()),
                1 => Some(end()),
                min if *max == Some(*min) && trim(sub, tail).is_none() => None,
                min => {
                    let most = Repetition { min: min - 1, max: Some(min - 1), ..repetition.clone() };
                    let most = Hir::repetition(most);
                    Some(Hir::concat(if tail { vec![most, end()] } else { vec![end(), most] }))
                }
            }
        }
        HirKind::Concat(parts) => trim_sequence(parts, tail),
        HirKind::Alternation(branches) => {
            let trimmed: Vec<Option<Hir>> = branches.iter().map(|branch| trim(branch, tail)).collect();
            if trimmed.iter().all(Option::is_none) {
                return None;
            }
            let whole =
                trimmed.into_iter().zip(branches).map(|(trimmed, branch)| trimmed.unwrap_or_else(|| branch.clone()));
            let whole: Vec<Hir> = whole.collect();
            let is_empty = |branch: &Hir| matches!(branch.kind(), HirKind::Empty);
            Some(if whole.iter().any(is_empty) { Hir::empty() } else { Hir::alternation(whole) })
        }
        _ => None,
    }
}

fn trim_sequence(parts: &[Hir], tail: bool) -> Option<Hir> {
    let mut rest = parts;
    let mut changed = false;
    loop {
        let split = if tail { rest.split_last() } else { rest.split_first() };
        let Some((end, inner)) = split else { return Some(Hir::empty()) };
        let trimmed = trim(end, tail);
        if trimmed.as_ref().is_some_and(|trimmed| matches!(trimmed.kind(), HirKind::Empty)) {
            rest = inner;
            changed = true;
            continue;
        }
        if trimmed.is_none() && !changed {
            return None;
        }
        let end = trimmed.unwrap_or_else(|| end.clone());
        let inner = inner.iter().cloned();
        return Some(Hir::concat(if tail {
            inner.chain([end]).collect()
        } else {
            [end].into_iter().chain(inner).collect()
        }));
    }
}
