//! Words of a text: runs of letters and figures with the marks that words hold inside.
//!
//! Pure, and linear in the octets.

/// The words of a folded text, 2 to 40 octets each; longer ones are left out.
pub fn of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|mark: char| !(mark.is_alphanumeric() || matches!(mark, '$' | '\'' | '-' | '_' | '.' | '@' | '!' | '%')))
        .map(|word| word.trim_matches(|mark: char| matches!(mark, '.' | '\'' | '-' | '_')))
        .filter(|word| (2..=40).contains(&word.len()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_keep_the_marks_inside_them() {
        let found: Vec<&str> = super::of("der t-test (9.99$) a, wo? 'x.y'").collect();
        assert_eq!(found, ["der", "t-test", "9.99$", "wo", "x.y"]);
    }
}
