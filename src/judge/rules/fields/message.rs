//! Fields of the message: subject, texts, pages, header, counters.
//!
//! Pure.

use super::{Field, Type, Value, items};
use crate::{
    judge::rules::scene::Scene,
    mail::{content::Text, page::Page, timestamp::Timestamp},
};
use std::borrow::Cow;

/// Fields of the message.
pub const FIELDS: &[Field] = &[
    Field {
        name: "subject",
        kind: Type::Text,
        is_many: false,
        about: "the topmost Subject, decoded; empty if there is none",
        read: |scene, out| {
            out.push(Value::text(&scene.mail.message.subject));
            Some(())
        },
    },
    Field {
        name: "text",
        kind: Type::Text,
        is_many: true,
        about: "visible text of every part shown, white space runs as one space",
        read: |scene, out| {
            out.extend(visible(scene, true).map(Value::text));
            Some(())
        },
    },
    Field {
        name: "html",
        kind: Type::Text,
        is_many: true,
        about: "source of every page shown",
        read: |scene, out| {
            out.extend(shown(scene).filter(|text| text.is_page).map(|text| Value::text(&text.text)));
            Some(())
        },
    },
    Field {
        name: "hidden",
        kind: Type::Text,
        is_many: true,
        about: "text that a page hides from its reader",
        read: |scene, out| {
            out.extend(pages(scene).filter(|page| !page.hidden.is_empty()).map(|page| Value::text(&page.hidden)));
            Some(())
        },
    },
    Field {
        name: "attached",
        kind: Type::Text,
        is_many: true,
        about: "text of readable attachments",
        read: |scene, out| {
            out.extend(visible(scene, false).map(Value::text));
            Some(())
        },
    },
    Field {
        name: "head",
        kind: Type::Text,
        is_many: false,
        about: "the header section as it came",
        read: |scene, out| {
            out.push(Value::Text(Cow::Borrowed(scene.mail.message.head.raw())));
            Some(())
        },
    },
    Field {
        name: "header_names",
        kind: Type::Text,
        is_many: true,
        about: "names of the header fields in order, as they came",
        read: |scene, out| {
            out.extend(scene.mail.message.head.fields().iter().map(|field| Value::Text(Cow::Borrowed(&field.name))));
            Some(())
        },
    },
    Field {
        name: "names",
        kind: Type::Text,
        is_many: true,
        about: "file names of attachments, every reading",
        read: |scene, out| {
            out.extend(
                items::attachments(&scene.mail.message).flat_map(|part| &part.names).map(|name| Value::text(name)),
            );
            Some(())
        },
    },
    Field {
        name: "defect",
        kind: Type::Text,
        is_many: true,
        about: "what is wrong with the octets, by name, such as `missing_message_id`",
        read: |scene, out| {
            out.extend(scene.mail.message.defects.iter().map(|defect| Value::text(defect)));
            Some(())
        },
    },
    Field {
        name: "defects",
        kind: Type::Number,
        is_many: false,
        about: "number of defects",
        read: |scene, out| {
            out.push(Value::count(scene.mail.message.defects.len()));
            Some(())
        },
    },
    Field {
        name: "size",
        kind: Type::Number,
        is_many: false,
        about: "octets of the message",
        read: |scene, out| {
            out.push(Value::count(scene.mail.message.raw.len()));
            Some(())
        },
    },
    Field {
        name: "hops",
        kind: Type::Number,
        is_many: false,
        about: "number of Received fields",
        read: |scene, out| {
            out.push(Value::count(scene.mail.message.head.all("Received").count()));
            Some(())
        },
    },
    Field {
        name: "parts",
        kind: Type::Number,
        is_many: false,
        about: "number of leaf parts",
        read: |scene, out| {
            out.push(Value::count(scene.mail.message.parts.len()));
            Some(())
        },
    },
    Field {
        name: "date.skew_hours",
        kind: Type::Number,
        is_many: false,
        about: "hours that Date lies ahead of the arrival, negative if behind; 0 if unreadable",
        read: |scene, out| {
            out.push(Value::Number(skew_hours(scene)));
            Some(())
        },
    },
    Field {
        name: "text.bytes",
        kind: Type::Number,
        is_many: false,
        about: "octets of the visible text",
        read: |scene, out| {
            out.push(Value::count(shown(scene).map(|text| seen(text).len()).sum()));
            Some(())
        },
    },
    Field {
        name: "text.words",
        kind: Type::Number,
        is_many: false,
        about: "words of the visible text, of the part with the most",
        read: |scene, out| {
            // One space stands between two words of what is seen, and nowhere else.
            let gaps = |text: &str| text.bytes().filter(|octet| *octet == b' ').count();
            let words = |text: &str| if text.is_empty() { 0 } else { gaps(text) + 1 };
            out.push(Value::count(visible(scene, true).map(words).max().unwrap_or_default()));
            Some(())
        },
    },
    Field {
        name: "html.bytes",
        kind: Type::Number,
        is_many: false,
        about: "octets of page source",
        read: |scene, out| {
            out.push(Value::count(shown(scene).filter(|text| text.is_page).map(|text| text.text.len()).sum()));
            Some(())
        },
    },
    Field {
        name: "html.title",
        kind: Type::Text,
        is_many: true,
        about: "title of every page",
        read: |scene, out| {
            out.extend(pages(scene).filter(|page| !page.title.is_empty()).map(|page| Value::text(&page.title)));
            Some(())
        },
    },
    Field {
        name: "html.alt",
        kind: Type::Text,
        is_many: true,
        about: "texts that stand for pictures",
        read: |scene, out| {
            out.extend(pages(scene).flat_map(|page| &page.alts).map(|alt| Value::text(alt)));
            Some(())
        },
    },
    Field {
        name: "html.style_oddity",
        kind: Type::Text,
        is_many: true,
        about: "how text is kept from the reader, by name, such as `tiny_font`",
        read: |scene, out| {
            out.extend(pages(scene).flat_map(|page| &page.style_oddities).map(|word| Value::text(word)));
            Some(())
        },
    },
    Field {
        name: "html.script_mark",
        kind: Type::Text,
        is_many: true,
        about: "marks of HTML smuggling in scripts of pages and attached pages, such as `atob`",
        read: |scene, out| {
            out.extend(all_pages(scene).flat_map(|page| &page.script_marks).map(|word| Value::text(word)));
            Some(())
        },
    },
    Field {
        name: "html.images",
        kind: Type::Number,
        is_many: false,
        about: "pictures",
        read: |scene, out| {
            out.push(sum(scene, |page| page.images));
            Some(())
        },
    },
    Field {
        name: "html.remote_images",
        kind: Type::Number,
        is_many: false,
        about: "pictures that are fetched from somewhere",
        read: |scene, out| {
            out.push(sum(scene, |page| page.remote_images));
            Some(())
        },
    },
    Field {
        name: "html.tracking_images",
        kind: Type::Number,
        is_many: false,
        about: "fetched pictures that nobody sees",
        read: |scene, out| {
            out.push(sum(scene, |page| page.tracking_images));
            Some(())
        },
    },
    Field {
        name: "html.forms",
        kind: Type::Number,
        is_many: false,
        about: "forms",
        read: |scene, out| {
            out.push(sum(scene, |page| page.forms));
            Some(())
        },
    },
    Field {
        name: "html.inputs",
        kind: Type::Number,
        is_many: false,
        about: "input fields of any kind",
        read: |scene, out| {
            out.push(sum(scene, |page| page.inputs));
            Some(())
        },
    },
    Field {
        name: "html.password_inputs",
        kind: Type::Number,
        is_many: false,
        about: "input fields for passwords",
        read: |scene, out| {
            out.push(sum(scene, |page| page.password_inputs));
            Some(())
        },
    },
    Field {
        name: "html.scripts",
        kind: Type::Number,
        is_many: false,
        about: "scripts",
        read: |scene, out| {
            out.push(sum(scene, |page| page.scripts));
            Some(())
        },
    },
    Field {
        name: "html.event_handlers",
        kind: Type::Number,
        is_many: false,
        about: "attributes such as onload",
        read: |scene, out| {
            out.push(sum(scene, |page| page.event_handlers));
            Some(())
        },
    },
    Field {
        name: "html.iframes",
        kind: Type::Number,
        is_many: false,
        about: "embedded frames",
        read: |scene, out| {
            out.push(sum(scene, |page| page.iframes));
            Some(())
        },
    },
    Field {
        name: "html.tags",
        kind: Type::Number,
        is_many: false,
        about: "start tags",
        read: |scene, out| {
            out.push(sum(scene, |page| page.tags));
            Some(())
        },
    },
    Field {
        name: "html.comment_bytes",
        kind: Type::Number,
        is_many: false,
        about: "octets of comments",
        read: |scene, out| {
            out.push(sum(scene, |page| page.comment_bytes));
            Some(())
        },
    },
    Field {
        name: "html.hidden_bytes",
        kind: Type::Number,
        is_many: false,
        about: "octets of hidden text",
        read: |scene, out| {
            out.push(sum(scene, |page| page.hidden.len()));
            Some(())
        },
    },
    Field {
        name: "html.data_uris",
        kind: Type::Number,
        is_many: false,
        about: "targets that are carried in the page (data:)",
        read: |scene, out| {
            out.push(sum(scene, |page| page.data_uris));
            Some(())
        },
    },
    Field {
        name: "html.meta_refresh",
        kind: Type::Number,
        is_many: false,
        about: "redirections by meta refresh",
        read: |scene, out| {
            out.push(sum(scene, |page| page.meta_refresh));
            Some(())
        },
    },
];

/// The texts that clients show in the message window.
fn shown<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = &'s Text> {
    scene.mail.message.texts.iter().filter(|text| text.is_shown)
}

fn pages<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = &'s Page> {
    shown(scene).filter_map(|text| text.page.as_ref())
}

/// Attached pages too.
fn all_pages<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = &'s Page> {
    scene.mail.message.texts.iter().filter_map(|text| text.page.as_ref())
}

fn seen(text: &Text) -> &str {
    text.page.as_ref().map_or(text.text.as_str(), |page| page.visible.as_str())
}

/// What the reader sees of those texts that are shown, or of the others.
fn visible<'s>(scene: &'s Scene<'_>, is_shown: bool) -> impl Iterator<Item = &'s str> {
    let texts = scene.mail.message.texts.iter().zip(scene.visible());
    texts.filter(move |(text, _)| text.is_shown == is_shown).map(|(_, visible)| &**visible)
}

fn sum<'s>(scene: &Scene<'_>, count: impl Fn(&Page) -> usize) -> Value<'s> {
    Value::count(pages(scene).map(count).sum())
}

/// Hours from the arrival to Date.
fn skew_hours(scene: &Scene<'_>) -> f64 {
    const SECONDS: i32 = 3600;
    let date = scene.mail.message.head.first("Date").and_then(|field| Timestamp::parse_rfc5322(&field.text()));
    let Some(date) = date else { return 0.0 };
    let seconds = date.seconds().saturating_sub(scene.mail.received_at.seconds());
    // Beyond 68 years the number says nothing more.
    f64::from(i32::try_from(seconds).unwrap_or(if seconds < 0 { i32::MIN } else { i32::MAX })) / f64::from(SECONDS)
}
