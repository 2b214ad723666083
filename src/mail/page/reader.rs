//! The reader of a page: takes the tokens in, keeps the open elements and parts what is seen from what is hidden.
//!
//! Pure, and linear in the octets.

use super::{
    Anchor, Page,
    color::Color,
    flow::Flow,
    look::{Cause, Look},
    references::{self, Found},
    script,
    sheet::{self, Names, Sheet},
    start::{Attribute, Start},
    style::Declarations,
    tags::{Kind, Stack},
};
use crate::{limits, mail::fold::in_order_of_sight};
use html5gum::{
    Emitter, ForwardingEmitter, Span, State, Tokenizer,
    emitters::callback::{Callback, CallbackEmitter, CallbackEvent},
};
use std::collections::BTreeSet;

/// Reads a page; hands out what it refers to as it is met.
#[must_use]
pub fn read(html: &str, found: &mut dyn FnMut(Found<'_>)) -> Page {
    let mut reader = Reader::default();
    reader.tokenize(html, found);
    reader.finish()
}

/// What the next text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Content {
    #[default]
    Text,
    Title,
    Style,
    Script,
    /// Shown by clients that do not know the element, which is none.
    Fallback,
}

#[derive(Debug, Default)]
struct Reader {
    page: Page,
    sheet: Sheet,
    stack: Stack,
    start: Start,
    attribute: Attribute,
    content: Content,
    visible: Flow,
    hidden: Flow,
    title: Flow,
    anchor: Option<OpenAnchor>,
    oddities: BTreeSet<&'static str>,
    marks: BTreeSet<&'static str>,
    /// Hidden letters came straight behind visible ones.
    split: bool,
    /// `<html>` and `<body>` so far.
    roots: usize,
}

#[derive(Debug)]
struct OpenAnchor {
    href: String,
    /// Where its text begins in what is visible.
    start: usize,
    /// Texts of its pictures.
    alts: String,
}

impl Reader {
    fn tokenize(&mut self, html: &str, found: &mut dyn FnMut(Found<'_>)) {
        let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| self.event(&event, found));
        let mut tokenizer = Tokenizer::new_with_emitter(html, Quiet(emitter));
        // Reading from memory cannot fail.
        while let Some(Ok(state)) = tokenizer.next() {
            tokenizer.set_state(state);
        }
    }

    /// Takes one token in; gives how the tokenizer goes on where that is not as markup.
    fn event(&mut self, event: &CallbackEvent<'_>, found: &mut dyn FnMut(Found<'_>)) -> Option<State> {
        match event {
            CallbackEvent::OpenStartTag { name } => self.start.begin(name),
            CallbackEvent::AttributeName { name } => {
                self.attribute = self.start.attribute(name);
                self.page.event_handlers += usize::from(self.attribute == Attribute::Handler);
            }
            CallbackEvent::AttributeValue { value } => {
                let attribute = std::mem::take(&mut self.attribute);
                if let Ok(value) = std::str::from_utf8(value) {
                    self.attribute_value(attribute, value, found);
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                self.open(*self_closing);
                return raw_state(&self.start.name);
            }
            CallbackEvent::EndTag { name } => self.close(name),
            CallbackEvent::String { value } => {
                if let Ok(text) = std::str::from_utf8(value) {
                    self.string(text, found);
                }
            }
            CallbackEvent::Comment { value } => self.comment(value, found),
            _ => {}
        }
        None
    }

    fn attribute_value(&mut self, attribute: Attribute, value: &str, found: &mut dyn FnMut(Found<'_>)) {
        match attribute {
            Attribute::Style => references::style(value, found),
            Attribute::SourceSet => references::source_set(value, found),
            Attribute::Refresh => {
                if let Some(target) = references::refresh_target(value) {
                    found(Found::Reference(target));
                }
            }
            Attribute::SourceDocument => found(Found::Text(value)),
            Attribute::Handler => script::marks(value, &mut self.marks),
            _ if attribute.is_reference() => {
                let is_base = self.start.name == b"base";
                found(if is_base { Found::Base(value) } else { Found::Reference(value) });
                self.page.data_uris += usize::from(begins(value, "data:"));
                if begins(value, "javascript:") {
                    script::marks(value, &mut self.marks);
                }
            }
            _ => {}
        }
        self.start.value(attribute, value);
    }

    /// A start tag with all its attributes is there.
    fn open(&mut self, self_closing: bool) {
        if !std::mem::take(&mut self.start.is_open) {
            return;
        }
        let kind = self.start.kind;
        self.page.tags += 1;
        self.count();
        if kind.breaks() {
            self.part();
        }
        if kind == Kind::Anchor && !self.start.href.is_empty() {
            self.finish_anchor();
            let href = std::mem::take(&mut self.start.href);
            self.anchor = Some(OpenAnchor { href, start: self.visible.text.len(), alts: String::new() });
        }
        self.stack.make_room(kind);
        let (look, meets) = self.look();
        if self.start.name == b"img" {
            self.image(&look);
        }
        self.content = match self.start.name.as_slice() {
            b"title" => Content::Title,
            b"style" => Content::Style,
            b"script" => Content::Script,
            b"iframe" | b"noembed" => Content::Fallback,
            _ => Content::Text,
        };
        let is_empty = kind.is_void() || (self_closing && kind == Kind::Other);
        if is_empty || matches!(kind, Kind::Code | Kind::Title) {
            return;
        }
        if kind == Kind::Root {
            self.roots += 1;
            if self.roots > limits::PAGE_ROOTS_MAX {
                return;
            }
        }
        self.stack.push(&self.start.name, kind, look, meets);
        self.page.cut |= self.stack.is_too_deep();
    }

    fn count(&mut self) {
        match self.start.name.as_slice() {
            b"form" => self.page.forms += 1,
            b"script" => self.page.scripts += 1,
            b"iframe" | b"frame" => self.page.iframes += 1,
            b"meta" => self.page.meta_refresh += usize::from(self.start.is_refresh),
            b"input" => {
                self.page.inputs += 1;
                self.page.password_inputs += usize::from(self.start.is_password);
            }
            _ => {}
        }
    }

    /// The look of the element that begins, and the conditions of style sheets that are met inside.
    fn look(&mut self) -> (Look, u64) {
        let start = &self.start;
        let outer = self.stack.look();
        let mut meets = self.stack.meets();
        let mut said = start.presented;
        if !self.sheet.is_empty()
            && let Ok(tag) = std::str::from_utf8(&start.name)
        {
            let names = Names::new(tag, &start.classes, &start.identifier);
            said.overlay(&self.sheet.of(&names, meets));
            meets |= self.sheet.meets(&names);
        }
        said.overlay(&start.inline);
        if start.kind == Kind::Anchor && self.anchor.is_some() && said.color.is_none() {
            said.color = Some(Color::LINK);
        }
        if start.kind == Kind::Never {
            said.display = Some(false);
        }
        if said == Declarations::default() {
            return (outer, meets);
        }
        if said.reversed == Some(true) {
            self.oddities.insert("reversed_text");
        }
        (outer.inside(&said), meets)
    }

    fn image(&mut self, look: &Look) {
        let start = &mut self.start;
        self.page.images += 1;
        self.page.remote_images += usize::from(start.is_remote);
        let is_dot = |length: Option<f32>| length.is_some_and(|pixels| pixels <= DOT_PIXELS_MAX);
        let width = start.inline.width.or(start.presented.width);
        let height = start.inline.height.or(start.presented.height);
        let is_unseen = is_dot(width) || is_dot(height) || look.is_hidden();
        self.page.tracking_images += usize::from(start.is_remote && is_unseen);
        if start.alt.is_empty() {
            return;
        }
        let alt = std::mem::take(&mut start.alt);
        if let Some(anchor) = self.anchor.as_mut().filter(|anchor| anchor.alts.len() < limits::LINK_TEXT_BYTES_MAX) {
            let gap = if anchor.alts.is_empty() { "" } else { " " };
            anchor.alts.push_str(gap);
            anchor.alts.push_str(&alt);
        }
        if self.page.alts.len() < limits::PAGE_ALTS_MAX {
            self.page.alts.push(alt);
        } else {
            self.page.cut = true;
        }
    }

    fn close(&mut self, name: &[u8]) {
        self.start.is_open = false;
        self.content = Content::Text;
        let kind = Kind::of(name);
        if kind.breaks() {
            self.part();
        }
        if matches!(kind, Kind::Anchor | Kind::Cell | Kind::Row | Kind::Section | Kind::Table) {
            self.finish_anchor();
        }
        if !matches!(kind, Kind::Code | Kind::Title) {
            self.stack.pop(name, kind);
        }
    }

    fn string(&mut self, text: &str, found: &mut dyn FnMut(Found<'_>)) {
        match self.content {
            Content::Style => {
                references::style(text, found);
                if sheet::is_for_any_window(&self.start.media) {
                    self.sheet.read(text);
                    self.page.cut |= self.sheet.is_cut;
                }
            }
            // Scripts do not run in mail clients, but they do in attached pages.
            Content::Script => {
                found(Found::Text(text));
                script::marks(text, &mut self.marks);
            }
            Content::Fallback => {
                found(Found::Text(text));
                self.hidden.push(text);
            }
            Content::Title => {
                found(Found::Text(text));
                self.title.push(clipped(text, limits::PAGE_TITLE_BYTES_MAX));
            }
            Content::Text => {
                found(Found::Text(text));
                match self.stack.look().cause() {
                    None => self.show(text),
                    Some(cause) => self.hide(text, cause),
                }
            }
        }
    }

    fn show(&mut self, text: &str) {
        if !text.is_ascii() {
            self.page.split_words += marks_between(text, &mut self.oddities);
        }
        if std::mem::take(&mut self.split) && self.visible.is_open() && text.starts_with(char::is_alphanumeric) {
            self.oddities.insert("hidden_in_word");
        }
        self.visible.push(&in_order_of_sight(text));
        self.hidden.part();
    }

    fn hide(&mut self, text: &str, cause: Cause) {
        if text.contains(char::is_alphanumeric) {
            self.oddities.insert(cause.word());
            self.split = self.visible.is_open();
        }
        self.hidden.push(text);
    }

    /// A line or a block begins or ends.
    fn part(&mut self) {
        self.visible.part();
        self.hidden.part();
        self.split = false;
    }

    /// Conditional comments are shown by old Outlook; a comment may hide half a mail from a filter.
    fn comment(&mut self, value: &[u8], found: &mut dyn FnMut(Found<'_>)) {
        if value.starts_with(b"[if") {
            if let Ok(text) = std::str::from_utf8(value) {
                found(Found::Text(text));
            }
        } else if !value.starts_with(b"[") && !value.starts_with(b"<![") {
            self.page.comment_bytes += value.len();
        }
    }

    fn finish_anchor(&mut self) {
        let Some(anchor) = self.anchor.take() else { return };
        if self.page.anchors.len() >= limits::PAGE_ANCHORS_MAX {
            self.page.cut = true;
            return;
        }
        let shown = self.visible.text.get(anchor.start..).unwrap_or_default().trim();
        let shown = if shown.is_empty() { anchor.alts.trim() } else { shown };
        let text = clipped(shown, limits::LINK_TEXT_BYTES_MAX).to_owned();
        self.page.anchors.push(Anchor { href: anchor.href, text });
    }

    fn finish(mut self) -> Page {
        self.finish_anchor();
        let mut page = self.page;
        page.visible = self.visible.text;
        page.hidden = self.hidden.text;
        page.title = self.title.text;
        page.style_oddities = self.oddities.into_iter().collect();
        page.script_marks = self.marks.into_iter().collect();
        page
    }
}

/// Hands on everything but errors: finding them takes a quarter of the time, and nobody asks for them.
struct Quiet<F: Callback<State, ()>>(CallbackEmitter<F, State>);

impl<F: Callback<State, ()>> ForwardingEmitter for Quiet<F> {
    type Token = State;

    fn inner(&mut self) -> &mut impl Emitter<Token = State> {
        &mut self.0
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }
}

/// How the content of an element is read that is no markup. Mail clients run no scripts, so `<noscript>` is none of them.
fn raw_state(name: &[u8]) -> Option<State> {
    match name {
        b"textarea" | b"title" => Some(State::RcData),
        b"style" | b"iframe" | b"xmp" | b"noembed" => Some(State::RawText),
        b"script" => Some(State::ScriptData),
        b"plaintext" => Some(State::PlainText),
        _ => None,
    }
}

/// Pictures up to this width or height are not to be looked at.
const DOT_PIXELS_MAX: f32 = 3.0;

fn begins(value: &str, scheme: &str) -> bool {
    let value = value.trim_start_matches(|mark: char| mark <= ' ');
    value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// The first octets of a text, whole characters.
fn clipped(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

/// Notes characters without width inside of words and in long runs, and those that turn the direction of text. Gives the
/// number of words that are parted so.
fn marks_between(text: &str, oddities: &mut BTreeSet<&'static str>) -> usize {
    let (mut run, mut is_word, mut split) = (0, false, 0);
    for mark in text.chars() {
        match mark {
            '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{180e}' | '\u{34f}' => run += 1,
            '\u{202d}' | '\u{202e}' => {
                oddities.insert("reversed_text");
            }
            // Newsletters fill lines with these and spaces in turn.
            _ if mark.is_whitespace() => is_word = false,
            _ => {
                if run > 0 && is_word && mark.is_ascii_alphanumeric() {
                    oddities.insert("split_word");
                    split += 1;
                }
                run = 0;
                is_word = mark.is_ascii_alphanumeric();
            }
        }
        if run >= ZERO_WIDTH_RUN_MIN {
            oddities.insert("zero_width_run");
        }
    }
    split
}

/// Characters without width in a row (white space between them left out) that no writing needs.
const ZERO_WIDTH_RUN_MIN: usize = 8;
