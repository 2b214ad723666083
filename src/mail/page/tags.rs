//! Tags: what kind of element a name stands for, and the stack of open elements (WHATWG HTML 13.2.4.2, much reduced).
//!
//! Pure, and linear in the tags: the depth is bounded, and what lies deeper looks like what it lies in.

use super::look::Look;
use crate::limits;

/// How an element behaves in the flow of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Within a line; `/>` ends it where the name is none of HTML.
    Other,
    Inline,
    Anchor,
    /// Without content and within a line.
    Void,
    /// Without content, and breaks the line.
    Break,
    Block,
    Paragraph,
    Item,
    List,
    Cell,
    Row,
    Section,
    Table,
    /// `<html>`, `<body>`: one of each, and their end tags end nothing.
    Root,
    /// Text inside is no text of the page.
    Code,
    Title,
    /// Content that is never shown.
    Never,
}

impl Kind {
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"span" | b"font" | b"b" | b"i" | b"u" | b"em" | b"strong" | b"small" | b"big" | b"s" | b"strike"
            | b"sub" | b"sup" | b"code" | b"tt" | b"label" | b"abbr" | b"q" | b"mark" | b"ins" | b"del" | b"bdo" => {
                Self::Inline
            }
            b"a" => Self::Anchor,
            b"td" | b"th" | b"caption" => Self::Cell,
            b"tr" => Self::Row,
            b"table" => Self::Table,
            b"tbody" | b"thead" | b"tfoot" => Self::Section,
            b"p" => Self::Paragraph,
            b"li" | b"dd" | b"dt" | b"option" => Self::Item,
            b"ul" | b"ol" | b"dl" | b"menu" | b"select" => Self::List,
            b"br" | b"hr" | b"input" | b"embed" => Self::Break,
            b"img" | b"meta" | b"link" | b"base" | b"area" | b"col" | b"param" | b"source" | b"track" | b"wbr"
            | b"bgsound" | b"basefont" | b"frame" => Self::Void,
            b"div" | b"center" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"blockquote" | b"pre" | b"form"
            | b"fieldset" | b"legend" | b"address" | b"article" | b"aside" | b"section" | b"header" | b"footer"
            | b"main" | b"nav" | b"figure" | b"figcaption" | b"details" | b"summary" | b"button" | b"textarea"
            | b"xmp" | b"optgroup" | b"marquee" => Self::Block,
            b"html" | b"body" => Self::Root,
            b"style" | b"script" => Self::Code,
            b"title" => Self::Title,
            b"template" | b"iframe" | b"noembed" | b"datalist" => Self::Never,
            _ => Self::Other,
        }
    }

    /// Does it stand apart from the text before and behind it?
    #[must_use]
    pub fn breaks(self) -> bool {
        !matches!(self, Self::Other | Self::Inline | Self::Anchor | Self::Void | Self::Code | Self::Title)
    }

    /// Has it no content?
    #[must_use]
    pub fn is_void(self) -> bool {
        matches!(self, Self::Void | Self::Break)
    }

    /// Does an open paragraph end where it begins?
    fn ends_paragraph(self) -> bool {
        matches!(self, Self::Block | Self::Paragraph | Self::Item | Self::List | Self::Table)
    }

    /// Is this element one that `inner` closes where it is still open, unless `Kind::bounds` stands between?
    fn is_closed_by(self, inner: Self) -> bool {
        match inner {
            Self::Item => self == Self::Item,
            Self::Cell => self == Self::Cell,
            Self::Row => matches!(self, Self::Row | Self::Cell),
            Self::Section => matches!(self, Self::Section | Self::Row | Self::Cell),
            _ => false,
        }
    }

    /// May a search for an element of kind `wanted` not go past this one?
    fn bounds(self, wanted: Self) -> bool {
        match wanted {
            Self::Table => false,
            Self::Cell | Self::Row | Self::Section => self == Self::Table,
            Self::Item => matches!(self, Self::List | Self::Cell | Self::Table),
            _ => matches!(self, Self::Cell | Self::Table),
        }
    }
}

/// An open element.
#[derive(Clone, Copy, Debug)]
struct Open {
    name: u32,
    kind: Kind,
    look: Look,
    /// Conditions of style sheets that it and those around it meet.
    meets: u64,
}

/// The open elements, outermost first.
#[derive(Debug, Default)]
pub struct Stack {
    open: Vec<Open>,
    paragraphs: usize,
    /// Open elements above the bound.
    beyond: usize,
}

impl Stack {
    /// How text looks here.
    #[must_use]
    pub fn look(&self) -> Look {
        self.open.last().map_or_else(Look::default, |open| open.look)
    }

    /// The conditions of style sheets that the open elements meet.
    #[must_use]
    pub fn meets(&self) -> u64 {
        self.open.last().map_or(0, |open| open.meets)
    }

    /// Closes what an element of this kind closes by its beginning.
    pub fn make_room(&mut self, kind: Kind) {
        if self.beyond > 0 {
            return;
        }
        if self.paragraphs > 0 && kind.ends_paragraph() {
            self.close(|open| open.kind == Kind::Paragraph, Kind::Paragraph, limits::PAGE_LOOK_BACK_MAX);
        }
        match kind {
            Kind::Item | Kind::Cell => {
                self.close(|open| open.kind.is_closed_by(kind), kind, limits::PAGE_LOOK_BACK_MAX);
            }
            Kind::Row | Kind::Section => {
                // Up to three, from the inside outward: cell, row, section.
                for _ in 0..3 {
                    self.close(|open| open.kind.is_closed_by(kind), kind, limits::PAGE_LOOK_BACK_MAX);
                }
            }
            _ => {}
        }
    }

    pub fn push(&mut self, name: &[u8], kind: Kind, look: Look, meets: u64) {
        if self.open.len() >= limits::PAGE_DEPTH_MAX {
            self.beyond += 1;
            return;
        }
        self.paragraphs += usize::from(kind == Kind::Paragraph);
        self.open.push(Open { name: hash(name), kind, look, meets });
    }

    /// Closes the innermost element of that name and what is open in it.
    pub fn pop(&mut self, name: &[u8], kind: Kind) {
        if kind.is_void() || kind == Kind::Root {
            return;
        }
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let name = hash(name);
        self.close(|open| open.name == name, kind, limits::PAGE_DEPTH_MAX);
    }

    fn close(&mut self, is_it: impl Fn(&Open) -> bool, wanted: Kind, looks_max: usize) {
        let mut at = self.open.len();
        for open in self.open.iter().rev().take(looks_max) {
            at -= 1;
            if is_it(open) {
                let closed = self.open.iter().skip(at).filter(|open| open.kind == Kind::Paragraph).count();
                self.paragraphs -= closed;
                self.open.truncate(at);
                return;
            }
            if open.kind.bounds(wanted) {
                return;
            }
        }
    }

    /// Has the page more open elements than are followed?
    #[must_use]
    pub fn is_too_deep(&self) -> bool {
        self.beyond > 0
    }
}

/// FNV-1a: names are compared often, and what a collision closes too early does no harm.
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::page::style::Declarations;

    fn hidden() -> Look {
        Look::default().inside(&Declarations::parse("display:none"))
    }

    fn open(stack: &mut Stack, name: &str, look: Look) {
        stack.make_room(Kind::of(name.as_bytes()));
        stack.push(name.as_bytes(), Kind::of(name.as_bytes()), look, 0);
    }

    #[test]
    fn beginnings_close_what_they_must() {
        let mut stack = Stack::default();
        for name in ["table", "tr"] {
            open(&mut stack, name, Look::default());
        }
        open(&mut stack, "td", hidden());
        open(&mut stack, "p", hidden());
        open(&mut stack, "td", Look::default());
        assert_eq!(stack.look().cause(), None);
        stack.pop(b"p", Kind::Paragraph);
        assert_eq!(stack.open.len(), 3);
        open(&mut stack, "tr", Look::default());
        assert_eq!(stack.open.len(), 2);
        stack.pop(b"table", Kind::Table);
        assert!(stack.open.is_empty());
        assert_eq!(stack.paragraphs, 0);
    }

    #[test]
    fn what_is_too_deep_ends_too() {
        let mut stack = Stack::default();
        for _ in 0..limits::PAGE_DEPTH_MAX + 10 {
            open(&mut stack, "b", Look::default());
        }
        assert!(stack.is_too_deep());
        for _ in 0..limits::PAGE_DEPTH_MAX + 10 {
            stack.pop(b"b", Kind::Inline);
        }
        assert!(stack.open.is_empty());
    }
}
