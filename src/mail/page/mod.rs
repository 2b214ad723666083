//! Pages: what an HTML text shows its reader, what it hides, and what it refers to (WHATWG HTML tokenization).
//!
//! Pure, and linear in the octets. Builds no tree: broken nesting cannot hide an attribute. One pass serves links and texts.

pub mod color;
mod flow;
mod look;
pub mod reader;
pub mod references;
mod script;
mod sheet;
mod start;
mod style;
mod tags;

use self::references::Found;

/// What is known of one page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Text as a reader sees it: white space runs as one space, blocks parted by a space.
    pub visible: String,
    /// Text that the page keeps from its reader: not displayed, too small, in the colour of its background, out of sight.
    pub hidden: String,
    pub title: String,
    /// Texts that stand for pictures, each once a picture, empty ones left out.
    pub alts: Vec<String>,
    pub anchors: Vec<Anchor>,
    pub images: usize,
    /// Pictures that are fetched from somewhere, which tells that the mail was opened.
    pub remote_images: usize,
    /// Those of them that nobody sees: up to 3 pixels wide or high, or hidden.
    pub tracking_images: usize,
    pub forms: usize,
    /// Fields for input of any kind.
    pub inputs: usize,
    pub password_inputs: usize,
    pub scripts: usize,
    /// Attributes such as `onload`.
    pub event_handlers: usize,
    pub iframes: usize,
    /// Start tags.
    pub tags: usize,
    /// Octets of comments, those for Outlook (`<!--[if`) left out.
    pub comment_bytes: usize,
    /// Attributes that carry their target in themselves (`data:`).
    pub data_uris: usize,
    pub meta_refresh: usize,
    /// What is odd about how text looks, sorted: `Cause::word`, `hidden_in_word`, `split_word`, `zero_width_run`,
    /// `reversed_text`, `escaped_style`.
    pub style_oddities: Vec<&'static str>,
    /// Marks of HTML smuggling in scripts, sorted, such as `atob` or `blob`.
    pub script_marks: Vec<&'static str>,
    /// A bound was met: some of the page's styles, anchors or depth were left out.
    pub cut: bool,
}

/// A place to click.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// As it stands there, references to characters resolved.
    pub href: String,
    /// What is shown for it; the texts of its pictures where there is nothing else.
    pub text: String,
}

impl Page {
    /// Reads a page; hands out what it refers to as it is met.
    #[must_use]
    pub fn read(html: &str, found: &mut dyn FnMut(Found<'_>)) -> Self {
        reader::read(html, found)
    }
}
