//! Header tests: `Subject =~ /re/`, `From:addr !~ /re/`, `exists:X-Mailer`, `[if-unset: text]`, and their kin on parts.
//!
//! Pure.

use super::{
    expression::{Expression, delimited},
    octets::is_space,
};

/// What a header test looks at and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderTest {
    /// A field name with its modifiers, as `From:addr`, or a pseudo-field as `ALL`.
    pub field: String,
    pub ask: Ask,
}

/// What is asked of the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    Exists,
    Matches {
        expression: Expression,
        negated: bool,
        /// The text taken where the field is missing.
        unset: Option<String>,
    },
}

/// Reads what follows the name of a `header` rule.
///
/// # Errors
/// Why SpamAssassin would not take it.
pub fn header(text: &str) -> Result<HeaderTest, &'static str> {
    if let Some(field) = text.strip_prefix("exists:") {
        let field = field.strip_suffix(':').unwrap_or(field);
        return if is_field(field) {
            Ok(HeaderTest { field: field.to_owned(), ask: Ask::Exists })
        } else {
            Err("not a name of a header field")
        };
    }
    let (field, negated, rest) = operator(text).ok_or("`=~` or `!~` is missing behind the name of the field")?;
    let (name, modifiers) = field.split_once(':').unwrap_or((field, ""));
    if !is_field(name) || modifiers.split(':').count() > 2 {
        return Err("not a name of a header field");
    }
    if !modifiers.is_empty() && !modifiers.split(':').all(is_modifier) {
        return Err("not a modifier of a header field");
    }
    matches(field.strip_suffix(':').unwrap_or(field), negated, rest)
}

/// Reads what follows the name of a `mimeheader` rule.
///
/// # Errors
/// Why SpamAssassin would not take it.
pub fn mime_header(text: &str) -> Result<HeaderTest, &'static str> {
    let (field, negated, rest) = operator(text).ok_or("`=~` or `!~` is missing behind the name of the field")?;
    let (name, modifier) = field.split_once(':').unwrap_or((field, ""));
    if name.is_empty() || name.contains(is_space) || !matches!(modifier, "" | "raw") {
        return Err("not a name of a header field");
    }
    matches(field.strip_suffix(':').unwrap_or(field), negated, rest)
}

fn matches(field: &str, negated: bool, rest: &str) -> Result<HeaderTest, &'static str> {
    let (pattern, unset) = without_default(rest);
    let expression = delimited(pattern)?;
    Ok(HeaderTest { field: field.to_owned(), ask: Ask::Matches { expression, negated, unset } })
}

/// The first of `=~` and `!~`, the field before it and what follows.
fn operator(text: &str) -> Option<(&str, bool, &str)> {
    let at = text.find("=~").into_iter().chain(text.find("!~")).min()?;
    let (field, rest) = text.split_at_checked(at)?;
    let negated = rest.starts_with('!');
    let rest = rest.get(2..)?.trim_start_matches(is_space);
    (!rest.is_empty()).then_some((field.trim_end_matches(is_space), negated, rest))
}

fn is_field(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-'))
}

fn is_modifier(word: &str) -> bool {
    matches!(word, "raw" | "addr" | "name" | "host" | "domain" | "ip" | "revip" | "first" | "last")
}

/// `/re/ [if-unset: text]`.
fn without_default(text: &str) -> (&str, Option<String>) {
    let found = text.strip_suffix(']').and_then(|inner| {
        let at = inner.find("[if-unset:")?;
        let (pattern, rest) = inner.split_at_checked(at)?;
        let default = rest.strip_prefix("[if-unset:")?;
        let is_apart = pattern.ends_with(is_space) && default.starts_with(is_space);
        let default = default.trim_start_matches(is_space);
        (is_apart && !default.is_empty()).then(|| (pattern.trim_end_matches(is_space), default.to_owned()))
    });
    match found {
        Some((pattern, default)) => (pattern, Some(default)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(pattern: &str, flags: &str) -> Expression {
        Expression { pattern: pattern.to_owned(), flags: flags.to_owned() }
    }

    #[test]
    fn forms() {
        for (text, field, negated, unset) in [
            ("Subject =~ /a/i", "Subject", false, None),
            ("From:addr=~/a/i", "From:addr", false, None),
            ("From:name:raw !~ /a/i", "From:name:raw", true, None),
            ("X-Spam-Relays-External =~ /a/i [if-unset: a b]", "X-Spam-Relays-External", false, Some("a b")),
            ("To: =~ /a/i", "To", false, None),
        ] {
            let unset = unset.map(str::to_owned);
            let ask = Ask::Matches { expression: expression("a", "i"), negated, unset };
            assert_eq!(header(text), Ok(HeaderTest { field: field.to_owned(), ask }), "{text}");
        }
        assert_eq!(header("exists:To").unwrap().ask, Ask::Exists);
        assert_eq!(mime_header("Content-Type:raw =~ m{/}").unwrap().field, "Content-Type:raw");
    }

    #[test]
    fn what_is_none() {
        for text in ["", "exists:a b", "Subject", "Subject =~", "a:nix =~ /a/", "a b =~ /a/", "a:b:c:d =~ /x/"] {
            assert!(header(text).is_err(), "{text}");
        }
    }
}
