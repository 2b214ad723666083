//! A start tag while its attributes come in.
//!
//! Pure.

use super::{
    color::Color,
    references,
    style::{self, Declarations, Size},
    tags::Kind,
};
use crate::limits;

/// Which value comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attribute {
    #[default]
    Other,
    Href,
    Source,
    Background,
    /// Any other attribute that names a resource.
    Reference,
    Style,
    Class,
    Identifier,
    /// `content` of `<meta>`: a refresh may stand there.
    Refresh,
    SourceSet,
    /// A page in an attribute: `srcdoc`.
    SourceDocument,
    /// A program in an attribute, such as `onload`.
    Handler,
    Width,
    Height,
    Color,
    BackgroundColor,
    FontSize,
    Alternative,
    InputType,
    HttpEquivalent,
    Media,
}

impl Attribute {
    /// Does its value name one resource?
    #[must_use]
    pub fn is_reference(self) -> bool {
        matches!(self, Self::Href | Self::Source | Self::Background | Self::Reference)
    }
}

/// What is known of the tag so far.
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
#[derive(Debug)]
pub struct Start {
    /// Its end has not been met.
    pub is_open: bool,
    /// Lower case.
    pub name: Vec<u8>,
    pub kind: Kind,
    /// What attributes other than `style` say about its look.
    pub presented: Declarations,
    pub inline: Declarations,
    has_style: bool,
    pub classes: String,
    pub identifier: String,
    /// Of `<style>`: which windows its rules count for.
    pub media: String,
    /// Of `<a>`.
    pub href: String,
    pub alt: String,
    /// Its picture is fetched from somewhere.
    pub is_remote: bool,
    pub is_password: bool,
    /// A `<meta>` that leads elsewhere by itself.
    pub is_refresh: bool,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            is_open: false,
            name: Vec::new(),
            kind: Kind::Other,
            presented: Declarations::default(),
            inline: Declarations::default(),
            has_style: false,
            classes: String::new(),
            identifier: String::new(),
            media: String::new(),
            href: String::new(),
            alt: String::new(),
            is_remote: false,
            is_password: false,
            is_refresh: false,
        }
    }
}

impl Start {
    /// A tag begins.
    pub fn begin(&mut self, name: &[u8]) {
        self.is_open = true;
        self.name.clear();
        self.name.extend_from_slice(name);
        self.kind = Kind::of(name);
        self.presented = Declarations::default();
        self.inline = Declarations::default();
        self.has_style = false;
        for text in [&mut self.classes, &mut self.identifier, &mut self.media, &mut self.href, &mut self.alt] {
            text.clear();
        }
        self.is_remote = false;
        self.is_password = false;
        self.is_refresh = false;
    }

    /// An attribute begins: which is it? Those without value are taken at once.
    pub fn attribute(&mut self, name: &[u8]) -> Attribute {
        match name {
            b"style" => Attribute::Style,
            b"class" => Attribute::Class,
            b"id" => Attribute::Identifier,
            b"href" => Attribute::Href,
            b"src" => Attribute::Source,
            b"background" => Attribute::Background,
            b"width" => Attribute::Width,
            b"height" => Attribute::Height,
            b"color" => Attribute::Color,
            b"text" if self.kind == Kind::Root => Attribute::Color,
            b"bgcolor" => Attribute::BackgroundColor,
            b"size" if self.name == b"font" => Attribute::FontSize,
            b"alt" => Attribute::Alternative,
            b"type" => Attribute::InputType,
            b"srcset" => Attribute::SourceSet,
            b"srcdoc" => Attribute::SourceDocument,
            b"content" if self.name == b"meta" => Attribute::Refresh,
            b"media" if self.kind == Kind::Code => Attribute::Media,
            b"http-equiv" => Attribute::HttpEquivalent,
            b"hidden" => {
                self.presented.display = Some(false);
                Attribute::Other
            }
            [b'o', b'n', _, ..] => Attribute::Handler,
            _ if references::is_reference(name) => Attribute::Reference,
            _ => Attribute::Other,
        }
    }

    /// The value of an attribute; where it comes twice, the first counts.
    pub fn value(&mut self, attribute: Attribute, value: &str) {
        match attribute {
            Attribute::Style if !self.has_style => {
                self.has_style = true;
                self.inline = Declarations::parse(value);
            }
            Attribute::Class => keep(&mut self.classes, value),
            Attribute::Media => keep(&mut self.media, value),
            Attribute::Identifier => keep(&mut self.identifier, value),
            Attribute::Href if self.kind == Kind::Anchor && self.href.is_empty() => value.clone_into(&mut self.href),
            Attribute::Source => self.is_remote = is_remote(value),
            Attribute::Background => self.presented.background = Some(Color::Unknown),
            Attribute::Width => self.presented.width = style::pixels(value.trim()),
            Attribute::Height => self.presented.height = style::pixels(value.trim()),
            Attribute::Color => self.presented.color = Color::of_attribute(value),
            Attribute::BackgroundColor if self.presented.background.is_none() => {
                self.presented.background = Color::of_attribute(value);
            }
            Attribute::FontSize => self.presented.size = Some(font_size(value)),
            Attribute::Alternative => {
                let alt = value.split_whitespace().collect::<Vec<_>>().join(" ");
                keep(&mut self.alt, &alt);
            }
            Attribute::InputType => self.is_password = value.trim().eq_ignore_ascii_case("password"),
            Attribute::HttpEquivalent => self.is_refresh = value.trim().eq_ignore_ascii_case("refresh"),
            _ => {}
        }
    }
}

/// Keeps the first value of an attribute, cut.
fn keep(place: &mut String, value: &str) {
    if place.is_empty() {
        let end = value.floor_char_boundary(limits::PAGE_ATTRIBUTE_BYTES_MAX);
        place.push_str(value.get(..end).unwrap_or_default());
    }
}

fn is_remote(source: &str) -> bool {
    let source = source.trim_start();
    ["http:", "https:", "//"]
        .iter()
        .any(|start| source.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)))
}

/// `<font size>` in pixels: the smallest can be read.
fn font_size(value: &str) -> Size {
    let is_small = value.trim().starts_with('-') || matches!(value.trim(), "0" | "1");
    Size::Pixels(if is_small { 10.0 } else { style::ROOT_PIXELS })
}
