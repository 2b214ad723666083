//! Forms: texts and counts reduced to what they look like.
//!
//! Pure.

use crate::limits;

/// A text by kinds of its characters, runs joined: `Rechnung_17.pdf` is `Aa_0.a`.
#[must_use]
pub fn of(text: &str) -> String {
    let mut out = String::new();
    for mark in text.chars().take(limits::LEARNED_FORM_CHARACTERS_MAX) {
        let class = match mark {
            'a'..='z' => 'a',
            'A'..='Z' => 'A',
            '0'..='9' => '0',
            other => other,
        };
        if !out.ends_with(class) {
            out.push(class);
        }
    }
    out
}

/// A count by its order: names stand for the most of each step.
#[must_use]
pub fn size(count: usize) -> &'static str {
    match count {
        0 => "0",
        1 => "1",
        2..=3 => "3",
        4..=9 => "9",
        10..=31 => "31",
        32..=99 => "99",
        100..=316 => "316",
        317..=999 => "999",
        1000..=9999 => "9999",
        _ => "more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_forget_what_was_said() {
        assert_eq!(of("Rechnung_17.pdf"), "Aa_0.a");
        assert_eq!((size(0), size(5), size(70_000)), ("0", "9", "more"));
    }
}
