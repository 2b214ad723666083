//! Regular expressions as they stand in a rule file: `/.../i`, `m{...}x`, `m!...!`, `qr'...'`.
//!
//! Pure: the delimiters are read here, the pattern by `judge::rules::pattern`.

/// A pattern between its delimiters, and its flags; one character an octet.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Expression {
    pub pattern: String,
    pub flags: String,
}

/// Takes the delimiters off.
///
/// # Errors
/// Why this is no regular expression.
pub fn delimited(text: &str) -> Result<Expression, &'static str> {
    let (rest, end) = opened(text)?;
    // The first delimiter that only flags follow is the last one.
    let is_flag = |character: char| character.is_ascii_lowercase() && character != 'e';
    let close = rest.match_indices(end).map(|(at, _)| at).find(|at| {
        let flags = rest.get(at + end.len_utf8()..).unwrap_or_default();
        flags.chars().all(is_flag)
    });
    let close = close.ok_or("the end of the regular expression is missing")?;
    let (pattern, flags) = rest.split_at_checked(close).unwrap_or((rest, ""));
    let is_paired = matches!(end, '}' | ')' | ']');
    if !is_paired && has_bare(pattern, end) {
        return Err("the delimiter stands inside the regular expression");
    }
    if pattern.contains("(?{") || pattern.contains("(??{") {
        return Err("code inside the regular expression");
    }
    Ok(Expression { pattern: pattern.to_owned(), flags: flags.trim_start_matches(end).to_owned() })
}

/// What follows the opening delimiter, and the closing one.
fn opened(text: &str) -> Result<(&str, char), &'static str> {
    if let Some(rest) = text.strip_prefix('/') {
        return Ok((rest, '/'));
    }
    let rest = text.strip_prefix('m').or_else(|| text.strip_prefix("qr")).unwrap_or_default();
    let mut characters = rest.chars();
    let end = match characters.next() {
        Some('{') => '}',
        Some('(') => ')',
        Some('<') => '>',
        Some('[') => ']',
        Some('\\') => return Err("a backslash cannot delimit a regular expression"),
        Some(other) if !other.is_ascii_alphanumeric() && other != '_' => other,
        _ => return Err("the delimiters of the regular expression are missing"),
    };
    Ok((characters.as_str(), end))
}

fn has_bare(pattern: &str, delimiter: char) -> bool {
    let mut is_escaped = false;
    pattern.chars().any(|character| {
        let found = character == delimiter && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        let read = |text| delimited(text).map(|found| (found.pattern, found.flags));
        let ok = |pattern: &str, flags: &str| Ok((pattern.to_owned(), flags.to_owned()));
        assert_eq!(read("/a\\/b/i"), ok("a\\/b", "i"));
        assert_eq!(read("m{a{1,3}/}ix"), ok("a{1,3}/", "ix"));
        assert_eq!(read("m'^https?://'"), ok("^https?://", ""));
        assert_eq!(read("m!a\\!!s"), ok("a\\!", "s"));
        assert_eq!(read("qr(a(b))m"), ok("a(b)", "m"));
        assert_eq!(read("/a\\\\/"), ok("a\\\\", ""));
        assert_eq!(read("//"), ok("", ""));
    }

    #[test]
    fn what_is_none() {
        for text in ["a", "/a", "/a/b/", "/a/e", "mxax", "m\\a\\", "", "m", "/(?{1})/", "\u{e4}"] {
            assert!(delimited(text).is_err(), "{text}");
        }
    }
}
