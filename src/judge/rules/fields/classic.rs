//! Fields that mean what SpamAssassin means by them, for imported rules.
//!
//! Pure. What they are is worked out in `mail/classic`, once for each mail and only when a rule asks.

use super::{Argument, Field, Type, Value, functions::Function};
use crate::{
    judge::rules::lists::Lists,
    mail::classic::evals::{self, Eval, Kind, Settings},
};
use std::{borrow::Cow, sync::Arc};

/// Fields without arguments.
pub const FIELDS: &[Field] = &[
    Field {
        name: "body",
        kind: Type::Text,
        is_many: true,
        about: "SpamAssassin's body: the Subject, then paragraphs of rendered text",
        read: |scene, out| {
            out.extend(scene.classic().body().iter().map(|text| borrowed(text)));
            Some(())
        },
    },
    Field {
        name: "body_only",
        kind: Type::Text,
        is_many: true,
        about: "SpamAssassin's body without the Subject (`tflags nosubject`)",
        read: |scene, out| {
            out.extend(scene.classic().body().iter().skip(1).map(|text| borrowed(text)));
            Some(())
        },
    },
    Field {
        name: "rawbody",
        kind: Type::Text,
        is_many: true,
        about: "SpamAssassin's rawbody: decoded text parts, tags included, in pieces of 2 to 4 KiB",
        read: |scene, out| {
            out.extend(scene.classic().rawbody().iter().map(|text| borrowed(text)));
            Some(())
        },
    },
    Field {
        name: "full",
        kind: Type::Text,
        is_many: false,
        about: "SpamAssassin's full: the message as it came, with LF line ends",
        read: |scene, out| {
            out.push(borrowed(scene.classic().full()));
            Some(())
        },
    },
    Field {
        name: "uri",
        kind: Type::Text,
        is_many: true,
        about: "SpamAssassin's uri: every link as written and as cleaned up",
        read: |scene, out| {
            out.extend(scene.classic().uris().map(borrowed));
            Some(())
        },
    },
];

/// Header fields by SpamAssassin's names and modifiers.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "sa_header",
        kind: Type::Text,
        is_many: true,
        about: "SpamAssassin's header: all fields of that name (`From:addr`, `ALL`, `X-Spam-Relays-External` ...) as one text; \
                the second argument stands for a missing one",
        example: "sa_header(\"From:addr\")",
        check: name_and_default,
        read: |scene, arguments, out| {
            let (name, default) = texts(arguments);
            let value = scene.classic().header(name);
            out.extend(value.or_else(|| default.map(octets)).map(|value| Value::Text(Cow::Owned(value))));
            Some(())
        },
    },
    Function {
        name: "sa_mimeheader",
        kind: Type::Text,
        is_many: true,
        about: "SpamAssassin's mimeheader: the field of that name of each part; the second argument stands for a missing one",
        example: "sa_mimeheader(\"Content-Type\")",
        check: name_and_default,
        read: |scene, arguments, out| {
            let (name, default) = texts(arguments);
            let values = scene.classic().mime_headers(name).into_iter();
            let values = values.filter_map(|value| value.or_else(|| default.map(octets)));
            out.extend(values.map(|value| Value::Text(Cow::Owned(value))));
            Some(())
        },
    },
];

fn borrowed(octets: &[u8]) -> Value<'_> {
    Value::Text(Cow::Borrowed(octets))
}

fn octets(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn name_and_default(arguments: &[Argument]) -> Result<(), String> {
    match arguments {
        [Argument::Text(_)] | [Argument::Text(_), Argument::Text(_)] => Ok(()),
        _ => Err("the name of a header field is needed, and perhaps a text for a missing one".to_owned()),
    }
}

fn texts(arguments: &[Argument]) -> (&str, Option<&str>) {
    let text = |at: usize| match arguments.get(at) {
        Some(Argument::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    (text(0).unwrap_or_default(), text(1))
}

/// `sa.NAME(arguments)`: a function of SpamAssassin; `sa.rawbody.NAME` is one that looks at rawbody, not at body.
#[must_use]
pub fn eval(name: &str, arguments: &[Argument], settings: &Arc<Settings>) -> Option<Eval> {
    let (kind, name) = name.strip_prefix("rawbody.").map_or((Kind::Body, name), |name| (Kind::Rawbody, name));
    let text = |argument: &Argument| match argument {
        Argument::Text(text) => text.clone(),
        Argument::Number(number) => number.to_string(),
    };
    let arguments: Vec<String> = arguments.iter().map(text).collect();
    evals::resolve(name, &arguments, kind, settings)
}

/// What functions of SpamAssassin read from lists: `sa_freemail_domains`, `sa_addresses_NAME`, `sa_hosts_NAME`.
#[must_use]
pub fn settings(lists: &Lists) -> Settings {
    let mut settings = Settings::default();
    for (name, list) in lists {
        let entries = list.entries().map(str::to_owned).collect();
        if name == "sa_freemail_domains" {
            settings.freemail_domains = entries;
        } else if let Some(name) = name.strip_prefix("sa_addresses_") {
            settings.addresses.insert(name.to_owned(), entries);
        } else if let Some(name) = name.strip_prefix("sa_hosts_") {
            settings.hosts.insert(name.to_owned(), entries);
        }
    }
    settings
}
