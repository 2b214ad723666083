//! Fields with arguments: `header("X-Mailer").raw`, `header_count("To")`.
//!
//! Pure.

use super::{Argument, Type, Value};
use crate::{
    judge::rules::scene::Scene,
    mail::{charset, head::Field},
};
use std::borrow::Cow;

/// Puts the values of a call into the list; `None` if they are open.
pub type Call = for<'s, 'a> fn(&'s Scene<'a>, &[Argument], &mut Vec<Value<'s>>) -> Option<()>;

/// A function.
pub struct Function {
    /// With the suffix that belongs to it: `header.raw` is written `header("X").raw`.
    pub name: &'static str,
    pub kind: Type,
    pub is_many: bool,
    pub about: &'static str,
    pub example: &'static str,
    /// Says what is wrong with arguments.
    pub check: fn(&[Argument]) -> Result<(), String>,
    pub read: Call,
}

/// Every function.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "header",
        kind: Type::Text,
        is_many: true,
        about: "every field of that name: unfolded, encoded-words decoded",
        example: "header(\"X-Mailer\")",
        check: one_name,
        read: |scene, arguments, out| {
            out.extend(named(scene, arguments).map(|field| Value::owned(charset::unstructured(&field.value))));
            Some(())
        },
    },
    Function {
        name: "header.raw",
        kind: Type::Text,
        is_many: true,
        about: "every field of that name as it came, folds included",
        example: "header(\"X-Mailer\").raw",
        check: one_name,
        read: |scene, arguments, out| {
            out.extend(named(scene, arguments).map(|field| Value::Text(Cow::Borrowed(&field.value))));
            Some(())
        },
    },
    Function {
        name: "header_count",
        kind: Type::Number,
        is_many: false,
        about: "how many fields of that name there are",
        example: "header_count(\"Subject\")",
        check: one_name,
        read: |scene, arguments, out| {
            out.push(Value::count(named(scene, arguments).count()));
            Some(())
        },
    },
];

/// The function of that name, suffix included.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name)
}

fn all() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().chain(super::classic::FUNCTIONS)
}

fn one_name(arguments: &[Argument]) -> Result<(), String> {
    match arguments {
        [Argument::Text(name)] if is_field_name(name) => Ok(()),
        [Argument::Text(name)] => Err(format!("`{name}` is no name of a header field")),
        _ => Err("the name of a header field is needed".to_owned()),
    }
}

/// RFC 5322 2.2: printable ASCII without colon.
fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

fn named<'s>(scene: &'s Scene<'_>, arguments: &[Argument]) -> impl Iterator<Item = &'s Field> {
    let name = match arguments.first() {
        Some(Argument::Text(name)) => name.clone(),
        _ => String::new(),
    };
    scene.mail.message.head.fields().iter().filter(move |field| field.is(&name))
}
