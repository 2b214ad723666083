//! Texts that a match must begin with, and forms of a pattern with less at its ends.
//!
//! Pure. Letters are lower case here: the search for texts ignores ASCII case, and what it finds is verified.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// Texts, one of which a match begins with.
pub type Texts = Vec<Vec<u8>>;

/// Texts of one set at most, and octets of one text at most.
pub const TEXTS_MAX: usize = 48;
const TEXT_BYTES_MAX: usize = 16;

/// Every text of each list, followed by every one of the other; none if there are too many or they are too long.
pub fn cross(heads: &Texts, tails: &Texts) -> Option<Texts> {
    if heads.len() * tails.len() > TEXTS_MAX * 2 {
        return None;
    }
    let mut texts = Texts::with_capacity(heads.len() * tails.len());
    for head in heads {
        for tail in tails {
            if head.len() + tail.len() > TEXT_BYTES_MAX {
                return None;
            }
            texts.push([head.as_slice(), tail].concat());
        }
    }
    distinct(texts)
}

fn distinct(mut texts: Texts) -> Option<Texts> {
    texts.sort_unstable();
    texts.dedup();
    (texts.len() <= TEXTS_MAX).then_some(texts)
}

/// All texts a pattern matches, if they are few and short; assertions count as nothing.
pub fn exact(hir: &Hir) -> Option<Texts> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => {
            (literal.0.len() <= TEXT_BYTES_MAX).then(|| vec![literal.0.to_ascii_lowercase()])
        }
        HirKind::Class(class) => octets(class),
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Repetition(repetition) => exact_repetition(repetition),
        HirKind::Concat(parts) => {
            let mut texts = vec![Vec::new()];
            for part in parts {
                texts = cross(&texts, &exact(part)?)?;
            }
            Some(texts)
        }
        HirKind::Alternation(branches) => {
            let mut texts = Texts::new();
            for branch in branches {
                texts.extend(exact(branch)?);
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
    let sub = exact(&repetition.sub)?;
    let (mut texts, mut turn) = (Texts::new(), vec![Vec::new()]);
    for count in 0..=max {
        if count >= repetition.min {
            texts.extend(turn.iter().cloned());
        }
        if count < max {
            turn = cross(&turn, &sub)?;
        }
    }
    distinct(texts)
}

/// The octets of a class as texts.
fn octets(class: &Class) -> Option<Texts> {
    let Class::Bytes(class) = class else { return None };
    let mut texts = Texts::new();
    for range in class.iter() {
        if range.end() - range.start() >= 26 {
            return None;
        }
        texts.extend((range.start()..=range.end()).map(|octet| vec![octet.to_ascii_lowercase()]));
    }
    if texts.is_empty() { None } else { distinct(texts) }
}

/// Texts that every match begins with, not longer than the pattern allows to tell; none if it cannot be told.
pub fn beginnings(hir: &Hir) -> Option<Texts> {
    match hir.kind() {
        HirKind::Capture(capture) => beginnings(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => exact(&repetition.sub).or_else(|| beginnings(&repetition.sub)),
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
        HirKind::Literal(literal) => {
            Some(vec![literal.0.get(..TEXT_BYTES_MAX).unwrap_or(&literal.0).to_ascii_lowercase()])
        }
        _ => exact(hir),
    }
}

/// What a sequence begins with: as much as can be told, and of how many parts.
fn run(parts: &[Hir]) -> Option<(Texts, usize)> {
    let mut texts = vec![Vec::new()];
    for (number, part) in parts.iter().enumerate() {
        let Some(next) = exact(part).and_then(|tails| cross(&texts, &tails)) else {
            let last = beginnings(part).and_then(|tails| cross(&texts, &tails));
            return last.map_or_else(|| (number > 0).then_some((texts, number)), |texts| Some((texts, number + 1)));
        };
        texts = next;
    }
    Some((texts, parts.len()))
}

/// A form that is found in a text if and only if the pattern is: nothing optional at its ends.
pub fn core(hir: &Hir) -> Hir {
    trim(&trim(hir, true), false)
}

fn trim(hir: &Hir, tail: bool) -> Hir {
    match hir.kind() {
        HirKind::Capture(capture) => trim(&capture.sub, tail),
        HirKind::Repetition(repetition) => {
            let Repetition { min, sub, .. } = repetition;
            match min {
                0 => Hir::empty(),
                1 => trim(sub, tail),
                min => {
                    let most = Repetition { min: min - 1, max: Some(min - 1), ..repetition.clone() };
                    let (most, end) = (Hir::repetition(most), trim(sub, tail));
                    Hir::concat(if tail { vec![most, end] } else { vec![end, most] })
                }
            }
        }
        HirKind::Concat(parts) => {
            let mut parts = parts.clone();
            loop {
                let end = if tail { parts.pop() } else { (!parts.is_empty()).then(|| parts.remove(0)) };
                let Some(end) = end else { return Hir::empty() };
                let end = trim(&end, tail);
                if matches!(end.kind(), HirKind::Empty) {
                    continue;
                }
                if tail { parts.push(end) } else { parts.insert(0, end) }
                return Hir::concat(parts);
            }
        }
        HirKind::Alternation(branches) => {
            let branches: Vec<Hir> = branches.iter().map(|branch| trim(branch, tail)).collect();
            let is_empty = |branch: &Hir| matches!(branch.kind(), HirKind::Empty);
            if branches.iter().any(is_empty) { Hir::empty() } else { Hir::alternation(branches) }
        }
        _ => hir.clone(),
    }
}
