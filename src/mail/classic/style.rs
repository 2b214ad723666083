//! How text looks on a page, as far as SpamAssassin follows it: two colours, size, and whether it is shown.
//!
//! Pure. A stack of open elements; there is no cascade.

use super::{colors, wide::Wide};
use crate::limits;
use std::rc::Rc;

/// Elements that change how text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    Default,
    Body,
    Font,
    Table,
    Row,
    Cell,
    Big,
    Small,
    Basefont,
    Span,
    Paragraph,
    Div,
    Anchor,
}

impl Element {
    /// `th` is a cell.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "body" => Self::Body,
            "font" => Self::Font,
            "table" => Self::Table,
            "tr" => Self::Row,
            "td" | "th" => Self::Cell,
            "big" => Self::Big,
            "small" => Self::Small,
            "basefont" => Self::Basefont,
            "span" => Self::Span,
            "p" => Self::Paragraph,
            "div" => Self::Div,
            "a" => Self::Anchor,
            _ => return None,
        })
    }

    /// Attributes that count on it.
    fn allows(self, attribute: &str) -> bool {
        match self {
            Self::Basefont | Self::Font => matches!(attribute, "color" | "size"),
            Self::Body => attribute == "text",
            Self::Table | Self::Row | Self::Cell | Self::Span | Self::Paragraph | Self::Div | Self::Anchor => {
                attribute == "style"
            }
            Self::Default | Self::Big | Self::Small => false,
        }
    }
}

#[derive(Clone, Debug)]
struct Look {
    element: Element,
    foreground: Rc<str>,
    background: Rc<str>,
    size: i64,
    display_none: bool,
    hidden: bool,
}

/// What makes a text invisible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    Shown,
    Hidden,
    LowContrast,
    InvalidColor,
}

/// The open elements.
#[derive(Debug)]
pub struct Styles {
    stack: Vec<Look>,
    /// How many of each element are open.
    open: [usize; 13],
    basefont: i64,
    pub size_max: i64,
    pub size_min: i64,
}

impl Default for Styles {
    fn default() -> Self {
        let look = Look {
            element: Element::Default,
            foreground: "#000000".into(),
            background: "#ffffff".into(),
            size: 3,
            display_none: false,
            hidden: false,
        };
        Self { stack: vec![look], open: [0; 13], basefont: 3, size_max: 3, size_min: 3 }
    }
}

impl Styles {
    /// Opens an element.
    pub fn start(&mut self, element: Element, attributes: &[(String, Wide)]) {
        let attribute =
            |name: &str| attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.text.as_str());
        if element == Element::Basefont
            && let Some(size) = attribute("size").and_then(|size| leading_number(size.trim_start()))
        {
            self.basefont = size;
            return;
        }
        if matches!(element, Element::Cell | Element::Row) {
            self.close_cells(element);
        }
        let Some(mut look) = self.stack.last().cloned() else { return };
        let parent_background = Rc::clone(&look.background);
        look.element = element;
        match element {
            Element::Big => look.size += 1,
            Element::Small => look.size -= 1,
            _ => {
                for (name, value) in attributes.iter().filter(|(name, _)| element.allows(name)) {
                    self.apply(&mut look, name, &value.text, &parent_background);
                }
            }
        }
        if self.stack.len() < limits::CLASSIC_STYLES_MAX {
            self.count(element, true);
            self.stack.push(look);
        }
    }

    fn apply(&mut self, look: &mut Look, name: &str, value: &str, parent_background: &Rc<str>) {
        match name {
            "text" | "color" => look.foreground = colors::parse(value).into(),
            "size" => {
                let value = value.trim_start();
                if let Some(digits) = value.strip_prefix(['+', '-']) {
                    if let Some(number) = leading_number(digits) {
                        let sign = if value.starts_with('-') { -1 } else { 1 };
                        look.size = self.basefont.saturating_add(sign * number);
                    }
                } else if let Some(number) = leading_number(value) {
                    look.size = number;
                }
            }
            _ => look.style(value, parent_background),
        }
        if look.size > self.size_max {
            self.size_max = look.size;
        } else if look.size < self.size_min {
            self.size_min = look.size;
        }
    }

    /// Closes an element and all that were opened in it; `body` never ends.
    pub fn end(&mut self, element: Element) {
        if element == Element::Body || !self.is_open(element) {
            return;
        }
        while let Some(look) = self.pop() {
            if look.element == element {
                break;
            }
        }
    }

    /// A cell ends the cell before it, a row the row before it.
    fn close_cells(&mut self, element: Element) {
        if !self.is_open(element) {
            return;
        }
        while let Some(top) = self.stack.last().map(|look| look.element) {
            let ends = matches!(top, Element::Font | Element::Cell) || (element == Element::Row && top == Element::Row);
            if !ends {
                break;
            }
            self.pop();
        }
    }

    fn pop(&mut self) -> Option<Look> {
        let look = self.stack.pop()?;
        self.count(look.element, false);
        Some(look)
    }

    fn count(&mut self, element: Element, up: bool) {
        if let Some(open) = self.open.get_mut(element as usize) {
            *open = if up { *open + 1 } else { open.saturating_sub(1) };
        }
    }

    fn is_open(&self, element: Element) -> bool {
        self.open.get(element as usize).is_some_and(|open| *open > 0)
    }

    /// Would somebody see text here?
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        let Some(look) = self.stack.last() else { return Visibility::Shown };
        if tail(&look.foreground) == tail(&look.background) {
            return Visibility::LowContrast;
        }
        if let (Some(front), Some(back)) = (colors::components(&look.foreground), colors::components(&look.background))
        {
            let weights = [0.2126, 0.7152, 0.0722];
            let squares = weights.iter().zip(front.iter().zip(back)).map(|(weight, (a, b))| (weight * (a - b)).powi(2));
            if squares.sum::<f64>().sqrt() < CONTRAST_MIN {
                return Visibility::LowContrast;
            }
        }
        if &*look.foreground == colors::INVALID || &*look.background == colors::INVALID {
            return Visibility::InvalidColor;
        }
        if look.size <= 1 || look.display_none || look.hidden { Visibility::Hidden } else { Visibility::Shown }
    }
}

/// Weighted distance of two colours below which nobody can read.
const CONTRAST_MIN: f64 = 12.0;

fn tail(color: &str) -> &str {
    color.get(color.len().saturating_sub(6)..).unwrap_or(color)
}

fn leading_number(text: &str) -> Option<i64> {
    let end = text.bytes().position(|digit| !digit.is_ascii_digit()).unwrap_or(text.len());
    let digits = text.get(..end).filter(|digits| !digits.is_empty())?;
    Some(digits.parse().unwrap_or(SIZE_MAX).min(SIZE_MAX))
}

/// A font size above this is as good as this.
const SIZE_MAX: i64 = 1_000_000_000;

impl Look {
    /// Reads a style attribute.
    fn style(&mut self, style: &str, parent_background: &Rc<str>) {
        for declaration in style.split(';') {
            self.declaration(declaration);
        }
        if &*self.background == "transparent" {
            self.background = Rc::clone(parent_background);
        }
        if &*self.foreground == "transparent" {
            self.foreground = Rc::clone(&self.background);
        }
    }

    fn declaration(&mut self, declaration: &str) {
        let Some((name, raw)) = declaration.trim_start().split_once(':') else { return };
        let value = raw.trim();
        let is_plain = name.bytes().all(|octet| octet.is_ascii_alphabetic() || matches!(octet, b'_' | b'-'));
        // White space alone is a value, a wrong one; a value of two lines is none.
        if value.contains('\n') || !raw.contains(|letter| letter != '\n') {
            return;
        }
        if name.eq_ignore_ascii_case("color") {
            self.color(value, false);
        } else if name.eq_ignore_ascii_case("background-color") {
            self.color(value, true);
        } else if name == "background" {
            let lower = value.to_lowercase();
            let bottom = last_layer(&lower);
            if let Some(color) = bottom.iter().map(|part| colors::parse(part)).find(|color| color != colors::INVALID) {
                self.background = color.into();
            }
        } else if is_plain
            || name.trim_end().bytes().all(|octet| octet.is_ascii_alphabetic() || matches!(octet, b'_' | b'-'))
        {
            match name.trim_end() {
                "display" => self.display_none = value.eq_ignore_ascii_case("none"),
                "visibility" => self.hidden = value.eq_ignore_ascii_case("hidden"),
                _ => {}
            }
        }
    }

    fn color(&mut self, value: &str, is_background: bool) {
        let lower = value.to_lowercase();
        let value = lower
            .strip_suffix("important")
            .map_or(lower.as_str(), |rest| rest.trim_end().strip_suffix('!').map_or(lower.as_str(), str::trim_end));
        let color = if value.contains("rgb") {
            colors::parse_rgb(value)
        } else if value == "inherit" {
            return;
        } else if value == "transparent" {
            value.to_owned()
        } else {
            colors::parse(value)
        };
        *(if is_background { &mut self.background } else { &mut self.foreground }) = color.into();
    }
}

/// The values of the bottom layer of a CSS background: those behind the last comma outside parentheses and quotes.
fn last_layer(value: &str) -> Vec<String> {
    let mut layers: Vec<Vec<String>> = Vec::new();
    let (mut tokens, mut token) = (Vec::new(), String::new());
    let mut nesting: Vec<char> = Vec::new();
    for letter in value.chars() {
        match (nesting.last().copied(), letter) {
            (None, ' ' | ',') => {
                if !token.is_empty() {
                    tokens.push(std::mem::take(&mut token));
                }
                if letter == ',' {
                    layers.push(std::mem::take(&mut tokens));
                }
                continue;
            }
            (None, '(') => nesting.push(')'),
            (None | Some(')'), '"' | '\'') => nesting.push(letter),
            (Some(close), letter) if close == letter => {
                nesting.pop();
                if letter == ')' {
                    token.push(letter);
                    tokens.push(std::mem::take(&mut token));
                    continue;
                }
            }
            _ => {}
        }
        token.push(letter);
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    if !tokens.is_empty() {
        layers.push(tokens);
    }
    layers.pop().unwrap_or_default()
}

/// The value of an attribute of a start tag.
#[must_use]
pub fn attribute<'t>(token: &'t [(String, Wide)], name: &str) -> Option<&'t Wide> {
    token.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(element: Element, name: &str, value: &str) -> Visibility {
        let mut styles = Styles::default();
        styles.start(element, &[(name.to_owned(), Wide::octets(value.as_bytes()))]);
        styles.visibility()
    }

    #[test]
    fn text_hides_in_many_ways() {
        assert_eq!(look(Element::Font, "color", "white"), Visibility::LowContrast);
        assert_eq!(look(Element::Font, "color", "klingon"), Visibility::InvalidColor);
        assert_eq!(look(Element::Font, "size", "-3"), Visibility::Hidden);
        assert_eq!(look(Element::Span, "style", "Color: #FEFEFE !important"), Visibility::LowContrast);
        assert_eq!(look(Element::Span, "style", "display : none"), Visibility::Hidden);
        assert_eq!(
            look(Element::Div, "style", "background: url(x,y) red, black;color:rgb(1,1,1)"),
            Visibility::LowContrast
        );
        assert_eq!(look(Element::Div, "style", "color:transparent"), Visibility::LowContrast);
        assert_eq!(look(Element::Div, "style", "color:inherit"), Visibility::Shown);
        assert_eq!(look(Element::Div, "style", "color: ;"), Visibility::InvalidColor);
        assert_eq!(look(Element::Div, "style", "color:;background-color:a\nb"), Visibility::Shown);
    }

    #[test]
    fn elements_close_what_they_hold() {
        let mut styles = Styles::default();
        styles.start(Element::Cell, &[("style".to_owned(), Wide::octets(b"display:none"))]);
        styles.start(Element::Font, &[]);
        styles.start(Element::Cell, &[]);
        assert_eq!(styles.visibility(), Visibility::Shown);
        styles.end(Element::Cell);
        styles.end(Element::Cell);
        assert_eq!(styles.stack.len(), 1);
    }
}
