//! Fields of links and attachments.
//!
//! Pure.

use super::{Type, Value};
use crate::mail::{
    content::{Link, Part},
    message::Message,
    names,
};

/// A field of one link or attachment.
pub struct Item<T> {
    pub name: &'static str,
    pub kind: Type,
    pub is_many: bool,
    pub about: &'static str,
    pub read: for<'s> fn(&'s T, &mut Vec<Value<'s>>),
}

const PLACES: &[&str] = &["text", "html", "attachment", "qr"];

/// Fields of a link.
pub const LINK: &[Item<Link>] = &[
    Item {
        name: "url",
        kind: Type::Text,
        is_many: false,
        about: "the whole link as browsers normalise it",
        read: |link, out| out.push(Value::text(&link.url)),
    },
    Item {
        name: "host",
        kind: Type::Domain,
        is_many: false,
        about: "its host in A-labels",
        read: |link, out| out.push(Value::text(&link.host)),
    },
    Item {
        name: "domain",
        kind: Type::Domain,
        is_many: true,
        about: "registrable domain of the host",
        read: |link, out| out.extend(link.domain.as_deref().map(Value::text)),
    },
    Item {
        name: "scheme",
        kind: Type::Text,
        is_many: false,
        about: "`https`, `mailto`, `data` and the like",
        read: |link, out| out.push(Value::text(scheme(&link.url))),
    },
    Item {
        name: "path",
        kind: Type::Text,
        is_many: false,
        about: "what follows the host: path, query and fragment",
        read: |link, out| out.push(Value::text(path(link))),
    },
    Item {
        name: "text",
        kind: Type::Text,
        is_many: false,
        about: "what the page shows for it",
        read: |link, out| out.push(Value::text(&link.text)),
    },
    Item {
        name: "place",
        kind: Type::Word(PLACES),
        is_many: false,
        about: "where it stands",
        read: |link, out| out.push(Value::text(link.place.word())),
    },
    Item {
        name: "ip",
        kind: Type::Flag,
        is_many: false,
        about: "the host is an IP address",
        read: |link, out| out.push(Value::flag(link.is_ip)),
    },
    Item {
        name: "userinfo",
        kind: Type::Flag,
        is_many: false,
        about: "there is something before an @ in front of the host",
        read: |link, out| out.push(Value::flag(link.userinfo)),
    },
    Item {
        name: "punycode",
        kind: Type::Flag,
        is_many: false,
        about: "the host holds an A-label (xn--)",
        read: |link, out| out.push(Value::flag(link.is_punycode)),
    },
    Item {
        name: "mismatch",
        kind: Type::Flag,
        is_many: false,
        about: "the text shown names another registrable domain",
        read: |link, out| out.push(Value::flag(link.mismatch)),
    },
];

/// Fields of an attachment: every part that is not shown as the mail's text.
pub const ATTACHMENT: &[Item<Part>] = &[
    Item {
        name: "name",
        kind: Type::Text,
        is_many: true,
        about: "file name, every reading of it",
        read: |part, out| out.extend(part.names.iter().map(|name| Value::text(name))),
    },
    Item {
        name: "extension",
        kind: Type::Text,
        is_many: true,
        about: "extension of the name as Windows sees it, lower case",
        read: |part, out| out.extend(part.names.iter().filter_map(|name| names::extension(name)).map(Value::owned)),
    },
    Item {
        name: "declared",
        kind: Type::Text,
        is_many: false,
        about: "media type of Content-Type, lower case",
        read: |part, out| out.push(Value::text(&part.declared)),
    },
    Item {
        name: "detected",
        kind: Type::Text,
        is_many: false,
        about: "media type by content; empty if unknown",
        read: |part, out| out.push(Value::text(&part.detected)),
    },
    Item {
        name: "trait",
        kind: Type::Text,
        is_many: true,
        about: "marks found inside, such as `macro`",
        read: |part, out| out.extend(part.traits.iter().map(|mark| Value::text(mark))),
    },
    Item {
        name: "size",
        kind: Type::Number,
        is_many: false,
        about: "decoded octets",
        read: |part, out| out.push(Value::count(part.bytes)),
    },
    Item {
        name: "encrypted",
        kind: Type::Flag,
        is_many: false,
        about: "needs a password",
        read: |part, out| out.push(Value::flag(part.encrypted)),
    },
    Item {
        name: "shown",
        kind: Type::Flag,
        is_many: false,
        about: "clients show it in the message window",
        read: |part, out| out.push(Value::flag(part.is_shown)),
    },
    Item {
        name: "disputed",
        kind: Type::Flag,
        is_many: false,
        about: "only some clients show it",
        read: |part, out| out.push(Value::flag(part.is_disputed)),
    },
    Item {
        name: "inner",
        kind: Type::Flag,
        is_many: false,
        about: "came out of an archive, a document or another reading",
        read: |part, out| out.push(Value::flag(part.is_inner)),
    },
];

/// Every part but the texts shown without a file name.
pub fn attachments(message: &Message) -> impl Iterator<Item = &Part> {
    message.parts.iter().filter(|part| !(part.is_shown && part.names.is_empty() && part.declared.starts_with("text/")))
}

fn scheme(url: &str) -> &str {
    url.split_once(':').map_or("", |(scheme, _)| scheme)
}

fn path(link: &Link) -> &str {
    let Some((_, rest)) = link.url.split_once("://") else {
        return link.url.split_once(':').map_or("", |(_, rest)| rest);
    };
    rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::content::LinkPlace;

    #[test]
    fn the_path_begins_behind_the_host() {
        let link = |url: &str| Link { url: url.to_owned(), ..Link::default() };
        assert_eq!(path(&link("https://u@a.example:8/x/y?z#w")), "/x/y?z#w");
        assert_eq!(path(&link("https://a.example")), "");
        assert_eq!(path(&link("mailto:a@b.example")), "a@b.example");
        assert_eq!(scheme("data:text/html,x"), "data");
        assert!(PLACES.contains(&LinkPlace::Qr.word()));
    }
}
