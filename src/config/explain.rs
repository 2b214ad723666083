//! `wehr config explain`: a key's value, where it comes from, its default, and what it means.
//!
//! Reads the host's name where no other is configured.

use super::{
    host_name,
    keys::{Key, Shape},
    read::{Entry, Values},
};
use serde::Serialize;

/// What is told of one key.
#[derive(Debug, Serialize)]
pub struct Explanation {
    pub key: &'static str,
    /// As it would stand in the file.
    pub value: String,
    /// `FILE:LINE:COLUMN` or `default`.
    pub origin: String,
    pub default: &'static str,
    pub about: &'static str,
}

/// Explains one key.
#[must_use]
pub fn explain(values: &Values, key: &'static Key) -> Explanation {
    let entry = values.entry(key.name);
    let mut value = if entry.origin.is_some() { shown(key, entry) } else { key.default.to_owned() };
    if key.name == "authserv_id" && value == key.default {
        value = quoted(&host_name());
    }
    let origin = entry.origin.as_ref().map_or_else(|| "default".to_owned(), ToString::to_string);
    Explanation { key: key.name, value, origin, default: key.default, about: key.about }
}

fn shown(key: &Key, entry: &Entry) -> String {
    let texts = entry.items.iter().map(|item| item.text.as_str());
    match key.shape {
        Shape::Text => texts.map(quoted).collect(),
        Shape::Score | Shape::Count => texts.collect(),
        Shape::Texts => format!("[{}]", texts.map(quoted).collect::<Vec<_>>().join(", ")),
        Shape::Actions => {
            let pairs = texts.filter_map(|text| text.split_once('='));
            let pairs: Vec<_> = pairs.map(|(symbol, action)| format!("{symbol} = {}", quoted(action))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
