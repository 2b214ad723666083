//! References that a page makes, as SpamAssassin collects them.
//!
//! Pure.

use super::{
    canonical,
    expression::Expression,
    hosts,
    style::attribute,
    target, textual,
    wide::{Wide, is_wide_space},
};
use crate::limits;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// How a URI was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Elements that refer to it; `parsed` for one found in text.
    pub types: BTreeSet<&'static str>,
    /// The text between `<a>` and `</a>`, one for each anchor.
    pub anchor_text: Vec<Wide>,
}

/// The references of one page.
#[derive(Debug, Default)]
pub struct References {
    /// In the order they were met.
    pub list: Vec<(Wide, Detail)>,
    index: BTreeMap<Wide, usize>,
    base: Wide,
    /// Where the text of the open anchor goes.
    anchor: Option<usize>,
    /// A reference was longer than `URI_CHARACTERS_MAX`.
    pub truncated: bool,
}

/// Characters of a URI; longer ones are cut.
pub const URI_CHARACTERS_MAX: usize = 8192;

static FILE_OF_BASE: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r"(?is)^([a-z]+:/{0,2}[^/]+/.*?)[^/\.]+\.[^/\.]{2,4}\n?\z"));

impl References {
    fn detail(&mut self, uri: &Wide) -> Option<&mut Detail> {
        if let Some(at) = self.index.get(uri) {
            return self.list.get_mut(*at).map(|(_, detail)| detail);
        }
        if self.list.len() >= limits::CLASSIC_URIS_MAX {
            return None;
        }
        self.index.insert(uri.clone(), self.list.len());
        self.list.push((uri.clone(), Detail::default()));
        self.list.last_mut().map(|(_, detail)| detail)
    }

    /// Trimmed, and no longer than a URI may be.
    fn canonical(&mut self, uri: &Wide) -> Wide {
        let is_blank =
            |letter: char| uri.is_space(letter) || letter == '\u{a0}' || (uri.decoded && is_wide_space(letter));
        let text = uri.text.trim_matches(is_blank);
        let cut = text.char_indices().nth(URI_CHARACTERS_MAX).map(|(at, _)| at);
        self.truncated |= cut.is_some();
        let text = cut.and_then(|at| text.get(..at)).unwrap_or(text);
        Wide { text: text.to_owned(), decoded: uri.decoded }
    }

    fn push(&mut self, element: &'static str, uri: &Wide) {
        let uri = self.canonical(uri);
        if uri.is_empty() {
            return;
        }
        let scheme = uri.text.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let is_final = matches!(scheme.as_str(), "data" | "mailto" | "file" | "cid" | "tel") && uri.text.contains(':');
        let target = if is_final { uri } else { target::resolve(&self.base, &uri) };
        if !target.is_empty()
            && let Some(detail) = self.detail(&target)
        {
            detail.types.insert(element);
        }
    }

    /// Collects what a start tag refers to.
    pub fn take(&mut self, name: &str, attributes: &mut Vec<(String, Wide)>) {
        let Some(element) = ELEMENTS.iter().copied().find(|element| *element == name) else { return };
        match element {
            "body" | "table" | "tr" | "td" => self.push_attribute(element, attributes, "background"),
            "a" | "area" | "link" => {
                repair(attributes, "href");
                if let Some(at) = attributes.iter().position(|(key, _)| key == "href")
                    && let Some((_, value)) = attributes.get_mut(at)
                {
                    value.text = value.text.replace(if value.decoded { "\u{feff}" } else { "\u{ef}\u{bb}\u{bf}" }, "");
                }
                self.push_attribute(element, attributes, "href");
                self.push_attribute(element, attributes, "data-saferedirecturl");
            }
            "img" | "frame" | "iframe" | "embed" | "script" | "bgsound" => {
                repair(attributes, "src");
                self.push_attribute(element, attributes, "src");
            }
            "form" => self.push_attribute(element, attributes, "action"),
            "base" => self.rebase(attributes),
            _ => self.refresh(attributes),
        }
    }

    fn push_attribute(&mut self, element: &'static str, attributes: &[(String, Wide)], name: &str) {
        if let Some(value) = attribute(attributes, name) {
            self.push(element, value);
        }
    }

    fn rebase(&mut self, attributes: &[(String, Wide)]) {
        let Some(value) = attribute(attributes, "href").filter(|value| !value.is_empty() && value.text != "0") else {
            return;
        };
        let uri = self.canonical(value);
        self.push("base", &uri);
        let lower = uri.text.to_ascii_lowercase();
        if !["http:", "https:", "ftp:"].iter().any(|scheme| lower.starts_with(scheme)) {
            return;
        }
        let mut text = FILE_OF_BASE
            .groups(uri.text.as_bytes(), 0)
            .and_then(|found| found.get(1).and_then(|folder| uri.text.get(..folder.len())))
            .unwrap_or(&uri.text)
            .to_owned();
        if !text.ends_with('/') {
            text.push('/');
        }
        self.base = Wide { text, decoded: uri.decoded };
    }

    /// `<meta http-equiv=refresh content="0; url=...">`.
    fn refresh(&mut self, attributes: &[(String, Wide)]) {
        static URL: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?i)\burl\s*=\s*"));
        let (Some(equivalent), Some(content)) = (attribute(attributes, "http-equiv"), attribute(attributes, "content"))
        else {
            return;
        };
        if !equivalent.text.to_ascii_lowercase().contains("refresh") {
            return;
        }
        let text = content.text.as_bytes();
        let mut end = None;
        let mut at = 0;
        while let Some(found) = URL.find(text, at) {
            end = Some(found.end);
            at = found.end;
        }
        let Some(rest) = end.and_then(|end| content.text.get(end..)) else { return };
        let target = rest.split(';').next().unwrap_or_default();
        self.push(
            "meta",
            &Wide { text: target.trim_end_matches(super::wide::is_space).to_owned(), decoded: content.decoded },
        );
    }

    /// An anchor begins; its reference counts as it is written, too.
    pub fn open_anchor(&mut self, href: Option<&Wide>) {
        let uri = href.map(|href| self.canonical(href)).unwrap_or_default();
        if let Some(detail) = self.detail(&uri) {
            detail.anchor_text.push(Wide::default());
        }
        self.anchor = self.index.get(&uri).copied();
    }

    /// Text inside the open anchor.
    pub fn anchor_text(&mut self, text: &Wide) {
        let detail = self.anchor.and_then(|at| self.list.get_mut(at)).map(|(_, detail)| detail);
        if let Some(shown) = detail.and_then(|detail| detail.anchor_text.last_mut()) {
            shown.push(text);
        }
    }
}

/// Elements that refer to something.
const ELEMENTS: [&str; 16] = [
    "body", "table", "tr", "td", "a", "area", "link", "img", "frame", "iframe", "embed", "script", "form", "base",
    "bgsound", "meta",
];

/// `<a/href=x>` and the like: an attribute whose name ends so is read as `name`.
fn repair(attributes: &mut Vec<(String, Wide)>, name: &str) {
    let ending = format!("/{name}");
    let is_odd = |key: &str| {
        key.find(&ending)
            .and_then(|at| key.get(..at))
            .is_some_and(|before| before.chars().last().is_some_and(|letter| letter == '_' || letter.is_alphanumeric()))
    };
    let Some(at) = attributes.iter().position(|(key, _)| is_odd(key)) else { return };
    let (_, value) = attributes.remove(at);
    attributes.retain(|(key, _)| key != name);
    attributes.push((name.to_owned(), value));
}

/// All URIs of a mail.
#[derive(Debug, Default)]
pub struct UriList {
    /// Every variant of every URI, as octets, each once.
    pub cleaned: BTreeSet<Vec<u8>>,
    /// The URIs as written. What was found in text comes first.
    pub details: Vec<(Wide, Detail)>,
    pub truncated: bool,
}

impl UriList {
    /// Collects the URIs of rendered text and of pages.
    #[must_use]
    pub fn of<'a>(body: &[Vec<u8>], pages: impl Iterator<Item = &'a super::page::Page>) -> Self {
        let mut list = Self::default();
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for paragraph in body {
            textual::find(paragraph, &mut seen, &mut found);
            if found.len() > limits::CLASSIC_URIS_MAX {
                break;
            }
        }
        for found in found {
            let mut types = BTreeSet::from(["parsed"]);
            types.extend(found.schemeless.then_some("schemeless"));
            types.extend(found.unlinked.then_some("unlinked"));
            let uri = Wide { text: found.uri, decoded: false };
            list.add(&uri, &Detail { types, anchor_text: Vec::new() }, true);
        }
        for page in pages {
            list.truncated |= page.references.truncated;
            for (uri, detail) in &page.references.list {
                list.add(uri, detail, false);
            }
        }
        list
    }

    fn add(&mut self, uri: &Wide, detail: &Detail, only_valid: bool) {
        if self.details.len() >= limits::CLASSIC_URIS_MAX {
            return;
        }
        let variants = canonical::variants(uri);
        if only_valid && !variants.iter().any(|variant| hosts::of_uri(&variant.to_octets()).is_some()) {
            return;
        }
        self.cleaned.extend(variants.iter().map(Wide::to_octets));
        self.details.push((uri.clone(), detail.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tags: &[(&str, &str, &str)]) -> Vec<String> {
        let mut references = References::default();
        for (element, name, value) in tags {
            let mut attributes = vec![((*name).to_owned(), Wide::octets(value.as_bytes()))];
            references.take(element, &mut attributes);
            if *element == "a" {
                references.open_anchor(attribute(&attributes, "href"));
            }
        }
        references.list.into_iter().map(|(uri, _)| uri.text).collect()
    }

    #[test]
    fn references_are_resolved_and_kept() {
        assert_eq!(
            read(&[("base", "href", "http://x.example/a/b.html"), ("a", "href", " c ")]),
            ["http://x.example/a/b.html", "http://x.example/a/c", "c"]
        );
        assert_eq!(read(&[("img", "x/src", "cid:1"), ("a", "id", "n")]), ["cid:1", ""]);
    }
}
