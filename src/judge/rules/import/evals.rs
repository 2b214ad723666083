//! Functions that rules call: which of them are ours, and why the others are left out.
//!
//! Pure.

use super::octets::is_space;
use crate::{
    judge::rules::fields::{Argument, classic},
    mail::classic::evals::Settings,
};
use std::sync::Arc;

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

/// Functions that never hold before an operator lists somebody, by the beginning of their names.
const CONFIGURED: [&str; 5] =
    ["check_from_in_", "check_subject_in_", "check_to_in_", "check_uri_host_in_", "check_welcomelist_bounce_relays"];

/// Why a function that is not ours is left out.
#[must_use]
pub fn why_left_out(function: &str, is_net: bool, is_learned: bool) -> &'static str {
    if is_net || NETWORK.iter().any(|beginning| function.starts_with(beginning)) {
        "network"
    } else if is_learned || function.starts_with("check_bayes") {
        "Bayes"
    } else if CONFIGURED.iter().any(|beginning| function.starts_with(beginning)) {
        "own lists"
    } else {
        "function"
    }
}

/// The call in our language, if it is one of ours.
///
/// # Errors
/// What SpamAssassin would not take.
pub fn native(
    is_rawbody: bool,
    function: &str,
    text: &str,
    settings: &Arc<Settings>,
) -> Result<Option<String>, &'static str> {
    let arguments = arguments(text)?;
    let name = if is_rawbody { format!("rawbody.{function}") } else { function.to_owned() };
    if classic::eval(&name, &arguments, settings).is_none() {
        return Ok(None);
    }
    let words: Vec<String> = arguments
        .iter()
        .map(|argument| match argument {
            Argument::Text(text) => quoted(text),
            Argument::Number(number) => number.to_string(),
        })
        .collect();
    Ok(Some(format!("sa.{name}({})", words.join(", "))))
}

/// The arguments, quotes removed.
fn arguments(text: &str) -> Result<Vec<Argument>, &'static str> {
    let mut rest = text.trim_matches(is_space);
    let mut found = Vec::new();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (argument, after) = if let Some(quote) = quote {
            let inner = rest.get(1..).unwrap_or_default();
            let (text, after) = inner.split_once(quote).ok_or("a quote is not closed")?;
            (Argument::Text(text.to_owned()), after)
        } else {
            let end = rest.find(|character| character == ',' || is_space(character)).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | ':' | '-');
            if word.is_empty() || !word.chars().all(is_plain) {
                return Err("an argument that is neither text nor number");
            }
            let number = word.parse().ok().filter(|_| word.ends_with(|last: char| last.is_ascii_digit()));
            (number.map_or_else(|| Argument::Text(word.to_owned()), Argument::Number), after)
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
        let text = |text: &str| Argument::Text(text.to_owned());
        let expected = [text("a b"), text("c'd"), Argument::Number(12.0), Argument::Number(-0.5), text("INET")];
        assert_eq!(arguments("'a b', \"c'd\",12 , -0.5, INET").unwrap(), expected);
        assert_eq!(arguments("  ").unwrap(), []);
        assert!(arguments("'a").is_err() && arguments("a b").is_err() && arguments("$x").is_err());
    }
}
