//! Forms of a pattern with less at its ends.
//!
//! Pure.

use regex_syntax::hir::{Hir, HirKind, Repetition};

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
