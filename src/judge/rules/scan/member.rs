//! One pattern of a matcher, and where it is held.
//!
//! Pure.

use super::{factor, strand::Strand, whole::Whole};
use crate::judge::rules::pattern::Pattern;
use regex_syntax::hir::{Hir, HirKind};
use std::slice;

#[derive(Debug)]
pub struct Member {
    pub whole: Whole,
    /// The pattern without what is optional at its ends, where that is another.
    core: Option<Hir>,
    /// The way to each cut in the core.
    paths: Vec<Vec<usize>>,
    /// For each cut its branch, and its number among the cuts of that.
    places: Vec<(usize, usize)>,
}

impl Member {
    pub fn new(pattern: Pattern) -> Self {
        let core = factor::core(pattern.hir());
        Self { core, whole: Whole::new(pattern), paths: Vec::new(), places: Vec::new() }
    }

    pub fn core(&self) -> &Hir {
        self.core.as_ref().unwrap_or_else(|| self.whole.pattern.hir())
    }

    /// Sets where it is held.
    pub fn hold(&mut self, paths: Vec<Vec<usize>>) {
        self.paths = paths;
        let is_split = self.is_split();
        let branch = |path: &Vec<usize>| if is_split { path.first().copied().unwrap_or_default() } else { 0 };
        let mut places: Vec<(usize, usize)> = Vec::with_capacity(self.paths.len());
        for path in &self.paths {
            let branch = branch(path);
            places.push((branch, places.iter().filter(|(other, _)| *other == branch).count()));
        }
        self.places = places;
    }

    /// The branch that a cut is in, and the number of the cut among those of the branch.
    pub fn place(&self, cut: usize) -> Option<(usize, usize)> {
        self.places.get(cut).copied()
    }

    /// How many branches it has that are verified each on its own.
    pub fn branch_count(&self) -> usize {
        self.branches().len()
    }

    /// The automata of a branch.
    pub fn strand(&self, branch: usize) -> Strand {
        let skipped = usize::from(self.is_split());
        let inside = self.paths.iter().zip(&self.places).filter(|(_, (of, _))| *of == branch);
        let paths: Vec<&[usize]> = inside.filter_map(|(path, _)| path.get(skipped..)).collect();
        Strand::new(self.branches().get(branch).unwrap_or_else(|| self.core()), &paths)
    }

    fn branches(&self) -> &[Hir] {
        match self.core().kind() {
            HirKind::Alternation(branches) if self.is_split() => branches,
            _ => slice::from_ref(self.core()),
        }
    }

    /// Whether each cut is in one branch of the whole.
    fn is_split(&self) -> bool {
        matches!(self.core().kind(), HirKind::Alternation(_)) && self.paths.iter().all(|path| !path.is_empty())
    }
}
