//! How the verifiers put DNS questions to a `Reading`: only names a resolver could carry, and every missing fact
//! noted before anybody gives up.
//!
//! Pure.

use crate::judge::facts::{Name, Unknown};

/// The name as a DNS question, if DNS can carry it (RFC 1035 2.3.4): labels of 1 to 63 octets, 253 in all.
///
/// Other characters than letters, digits and hyphens are allowed: SPF macros make odd names. NUL is not, for
/// resolvers written in C cut names there.
#[must_use]
pub fn name(text: &str) -> Option<Name> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let fits = text.len() <= 253
        && text.split('.').all(|label| !label.is_empty() && label.len() <= 63)
        && !text.bytes().any(|byte| byte == 0);
    fits.then(|| Name::new(text))
}

/// Is it a host or mail domain: letters, digits, hyphens, underscores, at least two labels?
///
/// Stricter than [`name`], for identities that a sender chose: what is no domain is nobody's domain.
#[must_use]
pub fn is_domain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.contains('.') && text.bytes().all(is_plain) && name(text).is_some()
}

/// Collects answers that are asked together: the first `Unknown` is kept, the rest is asked all the same.
///
/// # Errors
/// `Unknown` if any of them is.
pub fn all<T>(answers: impl IntoIterator<Item = Result<T, Unknown>>) -> Result<Vec<T>, Unknown> {
    let mut known = Vec::new();
    let mut missing = None;
    for answer in answers {
        match answer {
            Ok(answer) => known.push(answer),
            Err(unknown) => missing = Some(unknown),
        }
    }
    missing.map_or(Ok(known), Err)
}
