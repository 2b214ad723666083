//! Patch: new scores put into rule files, and what that changes as a unified diff.
//!
//! Pure. Only the number behind `score =` is replaced: comments, order and every other octet stay.

use crate::judge::{
    document::{Document, Errors},
    findings::Score,
};
use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

/// Lines that are shown before and behind a change.
const CONTEXT: usize = 3;

/// The text of a rule file with other scores for some of its symbols.
///
/// # Errors
/// What is wrong with the file.
pub fn edited(file: &str, text: &str, scores: &BTreeMap<String, Score>) -> Result<String, Errors> {
    let document = Document::new(file, text);
    let mut places: Vec<(Range<usize>, Score)> = Vec::new();
    for (name, value) in &document.root() {
        let Some(score) = scores.get(name.get_ref().as_ref()) else { continue };
        let Some(table) = document.table(value) else { continue };
        if let Some(number) = table.get("score") {
            places.push((number.span(), *score));
        }
    }
    document.finish(())?;
    places.sort_by_key(|(span, _)| span.start);
    let (mut out, mut read) = (String::with_capacity(text.len()), 0);
    for (span, score) in places {
        out.push_str(text.get(read..span.start).unwrap_or_default());
        out.push_str(&number(score));
        read = span.end;
    }
    out.push_str(text.get(read..).unwrap_or_default());
    Ok(out)
}

/// As people write it: `2.5`, `3.0`, `-0.25`.
fn number(score: Score) -> String {
    let text = score.to_string();
    text.strip_suffix('0').map_or(text.clone(), ToOwned::to_owned)
}

/// What makes the text after out of the text before, for `git apply` and `patch -p1`; empty if nothing does. Both have the
/// same lines but for some that were changed.
#[must_use]
pub fn diff(file: &str, before: &str, after: &str) -> String {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let changed: Vec<usize> = (0..old.len()).filter(|at| old.get(*at) != new.get(*at)).collect();
    let mut out = String::new();
    let mut open: Option<Range<usize>> = None;
    for at in changed {
        let (from, to) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(old.len()));
        match &mut open {
            Some(hunk) if from <= hunk.end => hunk.end = to,
            _ => {
                if let Some(hunk) = open.replace(from..to) {
                    write_hunk(&mut out, &old, &new, &hunk);
                }
            }
        }
    }
    let Some(hunk) = open else { return out };
    write_hunk(&mut out, &old, &new, &hunk);
    format!("--- a/{file}\n+++ b/{file}\n{out}")
}

fn write_hunk(out: &mut String, old: &[&str], new: &[&str], hunk: &Range<usize>) {
    let (first, lines) = (hunk.start + 1, hunk.len());
    // Writing into a String cannot fail.
    let _ = writeln!(out, "@@ -{first},{lines} +{first},{lines} @@");
    let mut at = hunk.start;
    while at < hunk.end {
        if old.get(at) == new.get(at) {
            write_line(out, ' ', old.get(at));
            at += 1;
            continue;
        }
        let changed = (at..hunk.end).take_while(|at| old.get(*at) != new.get(*at)).count();
        for (mark, lines) in [('-', old), ('+', new)] {
            for line in lines.iter().skip(at).take(changed) {
                write_line(out, mark, Some(line));
            }
        }
        at += changed;
    }
}

fn write_line(out: &mut String, mark: char, line: Option<&&str>) {
    let line = line.copied().unwrap_or_default();
    out.push(mark);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# on top\n[A]\nabout = \"a\" # why\nscore  = 1.5   # for now\n\n[B]\nabout = \"b\"\nscore = -2\n\n\n\n\n\n\n\n\n[C]\nabout = \"score = 9\"\nscore=3.0";

    fn scores(of: &[(&str, i32)]) -> BTreeMap<String, Score> {
        of.iter().map(|(name, score)| ((*name).to_owned(), Score::from_hundredths(*score))).collect()
    }

    #[test]
    fn only_the_number_is_replaced() {
        let after = edited("r.toml", TEXT, &scores(&[("A", 225), ("B", -30), ("C", 400), ("D", 1)])).unwrap();
        let wanted = TEXT
            .replace("= 1.5   #", "= 2.25   #")
            .replace("score = -2\n", "score = -0.3\n")
            .replace("score=3.0", "score=4.0");
        assert_eq!(after, wanted);
        assert!(edited("r.toml", "[A", &scores(&[])).is_err());
    }

    #[test]
    fn a_diff_has_hunks_with_context() {
        let after = edited("r.toml", TEXT, &scores(&[("A", 225), ("C", 400)])).unwrap();
        let wanted = "--- a/r.toml\n+++ b/r.toml\n@@ -1,7 +1,7 @@\n # on top\n [A]\n about = \"a\" # why\n-score  = 1.5   # for now\n\
            +score  = 2.25   # for now\n \n [B]\n about = \"b\"\n@@ -16,4 +16,4 @@\n \n [C]\n about = \"score = 9\"\n-score=3.0\n\
            \\ No newline at end of file\n+score=4.0\n\\ No newline at end of file\n";
        assert_eq!(diff("r.toml", TEXT, &after), wanted);
        assert_eq!(diff("r.toml", TEXT, TEXT), "");
    }
}
