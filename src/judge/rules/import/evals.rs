//! Functions that rules call: which of them are ours, and why the others are left out.
//!
//! Pure.

use super::octets::is_space;

/// Functions that ask the network, by the beginning of their names.
const NETWORK: [&str; 16] = [
    "check_arc",
    "check_dcc",
    "check_dkim",
    "check_dmarc",
    "check_dns",
    "check_for_def_dkim",
    "check_for_def_spf",
    "check_for_dkim",
    "check_for_spf",
    "check_hashbl",
    "check_pyzor",
    "check_razor",
    "check_rbl",
    "check_uridnsbl",
    "check_senders_reputation",
    "check_access_database",
];

/// Why a function that is not ours is left out.
#[must_use]
pub fn why_left_out(function: &str, is_net: bool, is_learned: bool) -> &'static str {
    if is_net || NETWORK.iter().any(|beginning| function.starts_with(beginning)) {
        "network"
    } else if is_learned || function.starts_with("check_bayes") {
        "Bayes"
    } else {
        "function"
    }
}

/// The arguments as our language writes them: texts quoted, numbers bare.
///
/// # Errors
/// What SpamAssassin would not take.
pub fn arguments(text: &str) -> Result<Vec<String>, &'static str> {
    let mut rest = text.trim_matches(is_space);
    let mut found = Vec::new();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (argument, after) = if let Some(quote) = quote {
            let inner = rest.get(1..).unwrap_or_default();
            inner.split_once(quote).map(|(text, after)| (quoted(text), after)).ok_or("a quote is not closed")?
        } else {
            let end = rest.find(|character| character == ',' || is_space(character)).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | ':' | '-');
            if word.is_empty() || !word.chars().all(is_plain) {
                return Err("an argument that is neither text nor number");
            }
            let is_number = word.ends_with(|last: char| last.is_ascii_digit()) && word.parse::<f64>().is_ok();
            (if is_number { word.to_owned() } else { quoted(word) }, after)
        };
        found.push(argument);
        rest = after.trim_start_matches(is_space);
        if let Some(next) = rest.strip_prefix(',') {
            rest = next.trim_start_matches(is_space);
        } else if !rest.is_empty() {
            return Err("a comma is missing between arguments");
        }
    }
    Ok(found)
}

/// A text in the quotes of our language.
#[must_use]
pub fn quoted(octets: &str) -> String {
    let text = super::octets::readable(octets).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read() {
        assert_eq!(
            arguments("'a b', \"c'd\",12 , -0.5, INET").unwrap(),
            ["\"a b\"", "\"c'd\"", "12", "-0.5", "\"INET\""]
        );
        assert_eq!(arguments("  ").unwrap(), Vec::<String>::new());
        assert!(arguments("'a").is_err() && arguments("a b").is_err() && arguments("$x").is_err());
    }
}
