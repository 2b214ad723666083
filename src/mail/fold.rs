//! stub
use std::borrow::Cow;
pub fn fold(text: &str) -> Cow<'_, str> { Cow::Owned(text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")) }
pub fn is_lookalike(_a: &str, _b: &str) -> bool { false }
