//! The fields that conditions read: name, type, meaning and where each comes from.
//!
//! Pure. Adding a field: one line in the table of its file. `docs/rules.md` is checked against these tables.

pub mod classic;
pub mod facts;
pub mod functions;
pub mod items;
pub mod message;
pub mod parties;
pub mod signed;

use self::{functions::Function, items::Item};
use super::scene::Scene;
use crate::mail::{
    classic::evals::Eval,
    content::{Link, Part},
};
use std::borrow::Cow;

/// One value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'s> {
    Text(Cow<'s, [u8]>),
    /// Flags are 0 and 1.
    Number(f64),
}

impl<'s> Value<'s> {
    pub fn text(text: &'s str) -> Self {
        Self::Text(Cow::Borrowed(text.as_bytes()))
    }

    pub fn owned(text: String) -> Self {
        Self::Text(Cow::Owned(text.into_bytes()))
    }

    pub fn flag(flag: bool) -> Self {
        Self::Number(f64::from(u8::from(flag)))
    }

    /// A number of things; those counted here stay far below 2^53.
    #[expect(clippy::cast_precision_loss, reason = "counts of things in a mail are below 2^53")]
    pub fn count(count: usize) -> Self {
        Self::Number(count as f64)
    }
}

/// The type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Free text.
    Text,
    /// A domain name in lower-case A-labels: lists match it and what is below.
    Domain,
    /// `local@domain`: lists match the address, or its domain and what is below.
    Address,
    /// An IP address: lists hold networks.
    Network,
    /// One of these words.
    Word(&'static [&'static str]),
    Number,
    Flag,
}

impl Type {
    /// For messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Domain => "domain",
            Self::Address => "address",
            Self::Network => "IP address",
            Self::Word(_) => "word",
            Self::Number => "number",
            Self::Flag => "flag",
        }
    }

    #[must_use]
    pub fn is_text(self) -> bool {
        !matches!(self, Self::Number | Self::Flag)
    }
}

/// Puts the values of a field into the list; `None` if they are open.
pub type Read = for<'s, 'a> fn(&'s Scene<'a>, &mut Vec<Value<'s>>) -> Option<()>;

/// A field of the whole mail.
pub struct Field {
    pub name: &'static str,
    pub kind: Type,
    /// There may be several values, or none.
    pub is_many: bool,
    pub about: &'static str,
    pub read: Read,
}

/// Where the values of a reference come from.
#[derive(Clone)]
pub enum Source {
    Mail(&'static Field),
    Link(&'static Item<Link>),
    Attachment(&'static Item<Part>),
    Call(&'static Function, Vec<Argument>),
    /// A function of SpamAssassin.
    Eval(Eval),
}

/// An argument of a function, known when the rule is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    Text(String),
    Number(f64),
}

/// A field as a condition names it.
#[derive(Clone)]
pub struct Reference {
    pub source: Source,
    /// `.folded`: letters reduced to what they look like.
    pub is_folded: bool,
    /// As it is written, in one spelling: equal keys have equal values.
    pub key: String,
}

/// What `where` chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items {
    Links,
    Attachments,
}

/// The link or attachment that a condition inside `where` looks at.
#[derive(Clone, Copy)]
pub enum Looked<'s> {
    Link(&'s Link),
    Attachment(&'s Part),
}

impl Reference {
    /// Type of the values.
    #[must_use]
    pub fn kind(&self) -> Type {
        match &self.source {
            Source::Mail(field) => field.kind,
            Source::Link(item) => item.kind,
            Source::Attachment(item) => item.kind,
            Source::Call(function, _) => function.kind,
            Source::Eval(_) => Type::Flag,
        }
    }

    /// May there be more or less than one value? Inside `where` there is one.
    #[must_use]
    pub fn is_many(&self, is_inside: bool) -> bool {
        match &self.source {
            Source::Mail(field) => field.is_many,
            Source::Link(item) => !is_inside || item.is_many,
            Source::Attachment(item) => !is_inside || item.is_many,
            Source::Call(function, _) => function.is_many,
            Source::Eval(_) => false,
        }
    }

    /// The values, `None` if they are open.
    #[must_use]
    pub fn values<'s>(&self, scene: &'s Scene<'_>, looked: Option<Looked<'s>>) -> Option<Vec<Value<'s>>> {
        let mut values = Vec::new();
        let message = &scene.mail.message;
        match (&self.source, looked) {
            (Source::Mail(field), _) => (field.read)(scene, &mut values)?,
            (Source::Call(function, arguments), _) => (function.read)(scene, arguments, &mut values)?,
            (Source::Eval(eval), _) => values.push(Value::flag(eval.holds(scene.classic()))),
            (Source::Link(item), Some(Looked::Link(link))) => (item.read)(link, &mut values),
            (Source::Attachment(item), Some(Looked::Attachment(part))) => (item.read)(part, &mut values),
            (Source::Link(item), _) => message.links.iter().for_each(|link| (item.read)(link, &mut values)),
            (Source::Attachment(item), _) => {
                items::attachments(message).for_each(|part| (item.read)(part, &mut values));
            }
        }
        if self.is_folded {
            values.iter_mut().for_each(fold);
        }
        Some(values)
    }
}

fn fold(value: &mut Value<'_>) {
    if let Value::Text(octets) = value {
        *octets = Cow::Owned(folded(octets));
    }
}

/// Text reduced to what its letters look like.
#[must_use]
pub fn folded(octets: &[u8]) -> Vec<u8> {
    crate::mail::fold::fold(&String::from_utf8_lossy(octets)).into_owned().into_bytes()
}

/// The field of that name, outside `where`.
#[must_use]
pub fn field(name: &str) -> Option<Source> {
    if let Some(field) = tables().find(|field| field.name == name) {
        return Some(Source::Mail(field));
    }
    if let Some(rest) = name.strip_prefix("link.") {
        return items::LINK.iter().find(|item| item.name == rest).map(Source::Link);
    }
    let rest = name.strip_prefix("attachment.")?;
    items::ATTACHMENT.iter().find(|item| item.name == rest).map(Source::Attachment)
}

/// The field of that name, looked at inside `where` first among those of the item.
#[must_use]
pub fn field_of(items: Items, name: &str) -> Option<Source> {
    let found = match items {
        Items::Links => items::LINK.iter().find(|item| item.name == name).map(Source::Link),
        Items::Attachments => items::ATTACHMENT.iter().find(|item| item.name == name).map(Source::Attachment),
    };
    found.or_else(|| field(name))
}

/// Every field of the whole mail.
pub fn tables() -> impl Iterator<Item = &'static Field> {
    message::FIELDS.iter().chain(parties::FIELDS).chain(facts::FIELDS).chain(signed::FIELDS).chain(classic::FIELDS)
}

/// Every name there is, for suggestions.
#[must_use]
pub fn names() -> Vec<String> {
    let links = items::LINK.iter().map(|item| format!("link.{}", item.name));
    let attachments = items::ATTACHMENT.iter().map(|item| format!("attachment.{}", item.name));
    tables().map(|field| field.name.to_owned()).chain(links).chain(attachments).collect()
}
