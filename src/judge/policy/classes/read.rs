//! The file of classes: TOML to `Classes`, every error at once.
//!
//! Pure.

use super::{Class, Classes, KINDS, extension};
use crate::judge::{
    document::{Document, Errors, Value, unknown},
    policy::{verdict::Action, whom},
};
use std::collections::BTreeMap;
use toml::de::DeValue;

const KEYS: [&str; 7] = ["name", "about", "recipients", "release", "extensions", "types", "bytes_max"];

/// Reads a file of classes.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(file: &str, text: &str) -> Result<Classes, Errors> {
    let document = Document::new(file, text);
    let mut classes = Vec::new();
    for (key, value) in &document.root() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("class", DeValue::Array(items)) => classes.extend(items.iter().filter_map(|item| class(&document, item))),
            ("class", _) => document.complain(value.span(), "classes are tables: write [[class]]"),
            _ => document.complain_of_key(key, ["class"]),
        }
    }
    let names_nobody = |(class, _): &&(Class, usize)| class.recipients.is_empty();
    match classes.iter().position(|class| names_nobody(&class)) {
        Some(place) if place + 1 < classes.len() => {
            let at = classes.get(place + 1).map_or(0, |(_, at)| *at);
            document.complain(at..at, "never counts: the class before it has no `recipients`, so it is for everybody");
        }
        Some(_) => {}
        None => document.complain(
            text.len()..text.len(),
            "the last [[class]] needs to be without `recipients`, for everybody else",
        ),
    }
    let mut known = BTreeMap::new();
    for (class, at) in &classes {
        if known.insert(class.name.clone(), at).is_some() {
            document.complain(*at..*at, format!("there are two classes `{}`", class.name));
        }
    }
    document.finish(Classes::new(classes.into_iter().map(|(class, _)| class).collect()))
}

/// One class, with the octet it stands at.
fn class(document: &Document<'_>, value: &Value<'_>) -> Option<(Class, usize)> {
    let mut class = Class { may_release: true, ..Class::default() };
    for (key, value) in document.table(value)? {
        match key.get_ref().as_ref() {
            "name" => class.name = document.text(value).unwrap_or_default(),
            "about" => class.about = document.text(value).unwrap_or_default(),
            "recipients" => class.recipients = whom::read(document, value),
            "release" => class.may_release = document.flag(value).unwrap_or_default(),
            "extensions" => class.extensions = actions(document, value, "extension", extension),
            "types" => class.types = actions(document, value, "media type", media_type),
            "bytes_max" => class.bytes_max = document.count(value).and_then(|count| usize::try_from(count).ok()),
            word => match KINDS.iter().position(|kind| *kind == word).and_then(|place| class.actions.get_mut(place)) {
                Some(kept) => *kept = action(document, value).unwrap_or_default(),
                None => document.complain_of_key(key, KEYS.into_iter().chain(KINDS)),
            },
        }
    }
    if class.name.is_empty() {
        document.complain(value.span(), "a class needs a `name`");
    }
    Some((class, value.span().start))
}

fn actions(
    document: &Document<'_>,
    value: &Value<'_>,
    kind: &str,
    name: impl Fn(&str) -> Option<String>,
) -> BTreeMap<String, Action> {
    let mut found = BTreeMap::new();
    for (key, value) in document.table(value).into_iter().flatten() {
        match (name(key.get_ref()), action(document, value)) {
            (Some(name), Some(action)) => drop(found.insert(name, action)),
            (None, _) => document.complain(key.span(), format!("`{}` is no {kind}", key.get_ref())),
            (_, None) => {}
        }
    }
    found
}

fn action(document: &Document<'_>, value: &Value<'_>) -> Option<Action> {
    let word = document.text(value)?;
    let action = Action::parse(&word);
    if action.is_none() {
        document.complain(value.span(), unknown("action", &word, Action::ALL.iter().map(|action| action.word())));
    }
    action
}

fn media_type(text: &str) -> Option<String> {
    let (kind, subtype) = text.split_once('/')?;
    (!kind.is_empty() && !subtype.is_empty()).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_errors_are_told_with_their_places() {
        let text = "[[class]]\nname = 'a'\nexecutable = 'rejekt'\nrecipients = ['x']\nmakro = 'tag'\n[class.types]\nvideo = 'tag'\n";
        let errors = read("r.toml", text).unwrap_err().to_string();
        for part in
            ["r.toml:3:14: ", "did you mean `reject`", "r.toml:4:15: ", "r.toml:5:1: ", "`macro`", "r.toml:7:1: "]
        {
            assert!(errors.contains(part), "{part} in\n{errors}");
        }
        let errors = read("r.toml", "[[class]]\nname = 'a'\nrecipients = '@b.example'\n").unwrap_err().to_string();
        assert!(errors.contains("everybody else"), "{errors}");
        let text = "[[class]]\nname = 'a'\n[[class]]\nname = 'a'\nrecipients = '@b.example'\n";
        let errors = read("r.toml", text).unwrap_err().to_string();
        assert!(errors.contains("r.toml:3:1: never counts") && errors.contains("two classes `a`"), "{errors}");
    }
}
