//! Style declarations: what a `style` attribute or a rule says about whether a text can be seen (CSS 2.2, as mail uses it).
//!
//! Pure, and linear in the octets. Reads only what hides, shrinks, paints or moves text; all else is passed over.

use super::color::Color;

/// A font size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    Pixels(f32),
    /// Of the outer element's.
    Times(f32),
}

/// What a list of declarations says; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Declarations {
    /// `display` other than `none`?
    pub display: Option<bool>,
    /// `visibility: visible`?
    pub visible: Option<bool>,
    /// `opacity` above almost nothing?
    pub opaque: Option<bool>,
    pub size: Option<Size>,
    pub color: Option<Color>,
    pub background: Option<Color>,
    /// Moved or cut to where nobody sees it?
    pub away: Option<bool>,
    /// `text-indent` far outside?
    pub indented: Option<bool>,
    /// Pixels.
    pub width: Option<f32>,
    pub height: Option<f32>,
    /// `overflow` hidden?
    pub cut: Option<bool>,
    /// Written from right to left against its letters?
    pub reversed: Option<bool>,
    /// Which of them are `!important`, a bit each in the order above.
    important: u16,
}

impl Declarations {
    /// Reads a list of declarations; the last of a kind counts, but for important ones.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut all = Self::default();
        each(text, &mut |name, value| {
            let Some(property) = property(name) else { return };
            let (value, is_important) = without_importance(value);
            let mut one = Self::default();
            one.declare(property, value);
            one.important = if is_important { u16::MAX } else { 0 };
            all.overlay(&one);
        });
        all
    }

    /// Does it say nothing that counts here?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts declarations that count more on top of these.
    pub fn overlay(&mut self, upper: &Self) {
        let mut important = self.important;
        let mut bit = 1;
        let mut layer = |is_said: bool| {
            let wins = is_said && (important & bit == 0 || upper.important & bit != 0);
            if wins {
                important |= upper.important & bit;
            }
            bit <<= 1;
            wins
        };
        put(&mut self.display, upper.display, layer(upper.display.is_some()));
        put(&mut self.visible, upper.visible, layer(upper.visible.is_some()));
        put(&mut self.opaque, upper.opaque, layer(upper.opaque.is_some()));
        put(&mut self.size, upper.size, layer(upper.size.is_some()));
        put(&mut self.color, upper.color, layer(upper.color.is_some()));
        put(&mut self.background, upper.background, layer(upper.background.is_some()));
        put(&mut self.away, upper.away, layer(upper.away.is_some()));
        put(&mut self.indented, upper.indented, layer(upper.indented.is_some()));
        put(&mut self.width, upper.width, layer(upper.width.is_some()));
        put(&mut self.height, upper.height, layer(upper.height.is_some()));
        put(&mut self.cut, upper.cut, layer(upper.cut.is_some()));
        put(&mut self.reversed, upper.reversed, layer(upper.reversed.is_some()));
        self.important = important;
    }

    /// Takes one declaration in.
    fn declare(&mut self, property: Property, value: &str) {
        match property {
            Property::Display => self.display = Some(!is(value, "none")),
            Property::Visibility => self.visible = Some(!is(value, "hidden") && !is(value, "collapse")),
            Property::Opacity => self.opaque = number(value).map(|share| share >= OPACITY_MIN),
            Property::FontSize => self.size = size(value),
            Property::Font => self.size = value.split([' ', '/']).find_map(font_size),
            Property::Color => self.color = Color::parse(value),
            Property::Background => self.background = background(value),
            Property::BackgroundImage => {
                self.background = (!is(value, "none")).then_some(Color::Unknown);
            }
            Property::Offset => self.away = is_far(value).then_some(true),
            Property::TextIndent => self.indented = Some(is_far(value)),
            Property::Clip => self.away = is_clipped(value).then_some(true),
            Property::Transform => self.away = is_transformed_away(value).then_some(true),
            Property::Width => self.width = pixels(value),
            Property::Height => self.height = pixels(value),
            Property::MaxWidth => self.width = pixels(value).filter(|width| *width <= BOX_PIXELS_MIN),
            Property::MaxHeight => self.height = pixels(value).filter(|height| *height <= BOX_PIXELS_MIN),
            Property::Overflow => self.cut = Some(has_word(value, "hidden") || has_word(value, "clip")),
            Property::Bidi => self.reversed = Some(has_word(value, "bidi-override")),
        }
    }
}

fn put<T>(target: &mut Option<T>, value: Option<T>, wins: bool) {
    if wins {
        *target = value;
    }
}

/// The properties that count here.
#[derive(Clone, Copy)]
enum Property {
    Display,
    Visibility,
    Opacity,
    FontSize,
    Font,
    Color,
    Background,
    BackgroundImage,
    /// `left`, `margin-top` and the like: far outside is out of sight.
    Offset,
    TextIndent,
    Clip,
    Transform,
    Width,
    Height,
    MaxWidth,
    MaxHeight,
    Overflow,
    Bidi,
}

fn property(name: &str) -> Option<Property> {
    let known: &[(&str, Property)] = match name.as_bytes().first()?.to_ascii_lowercase() {
        b'd' => &[("display", Property::Display)],
        b'v' => &[("visibility", Property::Visibility)],
        b'o' => &[("opacity", Property::Opacity), ("overflow", Property::Overflow)],
        b'f' => &[("font-size", Property::FontSize), ("font", Property::Font)],
        b'c' => &[("color", Property::Color), ("clip", Property::Clip), ("clip-path", Property::Clip)],
        b'b' => &[
            ("background-color", Property::Background),
            ("background", Property::Background),
            ("background-image", Property::BackgroundImage),
            ("bottom", Property::Offset),
        ],
        b'l' => &[("left", Property::Offset)],
        b'r' => &[("right", Property::Offset)],
        b't' => &[("text-indent", Property::TextIndent), ("top", Property::Offset), ("transform", Property::Transform)],
        b'm' => &[
            ("max-height", Property::MaxHeight),
            ("max-width", Property::MaxWidth),
            ("margin-left", Property::Offset),
            ("margin-top", Property::Offset),
        ],
        b'w' => &[("width", Property::Width)],
        b'h' => &[("height", Property::Height)],
        b'u' => &[("unicode-bidi", Property::Bidi)],
        _ => return None,
    };
    known.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, property)| *property)
}

/// Hands out name and value of every declaration; a semicolon in quotes or parentheses ends none.
fn each(text: &str, take: &mut impl FnMut(&str, &str)) {
    let mut rest = text;
    while !rest.is_empty() {
        let first = memchr::memchr(b';', rest.as_bytes()).unwrap_or(rest.len());
        let is_plain = memchr::memchr3(b'(', b'"', b'\'', rest.as_bytes().get(..first).unwrap_or_default()).is_none();
        let end = if is_plain { first } else { end_of_declaration(rest) };
        let (declaration, tail) = rest.split_at(end);
        if let Some(colon) = memchr::memchr(b':', declaration.as_bytes()) {
            let (name, value) = declaration.split_at(colon);
            take(without_comment(name), value.get(1..).unwrap_or_default().trim());
        }
        rest = tail.get(1..).unwrap_or_default();
    }
}

/// The first semicolon outside of quotes and parentheses, or the end.
fn end_of_declaration(text: &str) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    let end = text.bytes().position(|byte| {
        match (byte, quote) {
            (b';', None) if depth == 0 => return true,
            (b'(', None) => depth += 1,
            (b')', None) => depth = depth.saturating_sub(1),
            (b'"' | b'\'', None) => quote = Some(byte),
            _ if quote == Some(byte) => quote = None,
            _ => {}
        }
        false
    });
    end.unwrap_or(text.len())
}

/// The name behind comments that stand before it.
fn without_comment(name: &str) -> &str {
    let name = name.trim();
    if name.ends_with('/') || name.starts_with('/') {
        return name.rsplit_once("*/").map_or(name, |(_, name)| name).trim();
    }
    name
}

fn without_importance(value: &str) -> (&str, bool) {
    match value.rsplit_once('!') {
        Some((value, word)) if is(word.trim(), "important") => (value.trim_end(), true),
        _ => (value, false),
    }
}

fn is(value: &str, word: &str) -> bool {
    value.eq_ignore_ascii_case(word)
}

fn has_word(value: &str, word: &str) -> bool {
    value.split_ascii_whitespace().any(|part| is(part, word))
}

/// The number at the start of a value, and its unit.
fn quantity(value: &str) -> Option<(f32, &str)> {
    let end = value
        .bytes()
        .position(|byte| !(byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+')))
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

fn number(value: &str) -> Option<f32> {
    let (number, unit) = quantity(value)?;
    Some(if unit == "%" { number / 100.0 } else { number })
}

/// A length in pixels; `None` for shares of something else.
#[must_use]
pub fn pixels(value: &str) -> Option<f32> {
    let (number, unit) = quantity(value)?;
    let factor = match unit {
        "" | ";" => 1.0,
        _ if is(unit, "px") => 1.0,
        _ if is(unit, "pt") => 4.0 / 3.0,
        _ if is(unit, "em") || is(unit, "rem") => ROOT_PIXELS,
        _ if is(unit, "in") => 96.0,
        _ if is(unit, "cm") => 38.0,
        _ if is(unit, "mm") => 3.8,
        // A share of nothing is nothing.
        _ if number == 0.0 => 0.0,
        _ => return None,
    };
    Some(number * factor)
}

fn size(value: &str) -> Option<Size> {
    if let Some((number, unit)) = quantity(value) {
        return match unit {
            "%" => Some(Size::Times(number / 100.0)),
            _ if is(unit, "em") => Some(Size::Times(number)),
            _ if is(unit, "vw") || is(unit, "vh") => Some(Size::Pixels(number * VIEW_PIXELS)),
            _ => pixels(value).map(Size::Pixels),
        };
    }
    let known = ["xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "initial"];
    known.iter().any(|word| is(value, word)).then_some(Size::Pixels(ROOT_PIXELS))
}

/// The size within a `font` shorthand, where weights are numbers too.
fn font_size(word: &str) -> Option<Size> {
    let (number, unit) = quantity(word)?;
    if unit.is_empty() && number != 0.0 { None } else { size(word) }
}

fn background(value: &str) -> Option<Color> {
    if let Some(color) = Color::parse(value) {
        return Some(color);
    }
    let has_picture = value.contains("url(") || value.contains("gradient(");
    if has_picture || value.contains('(') {
        return Some(Color::Unknown);
    }
    if is(value, "none") {
        return Some(Color::Transparent);
    }
    value.split_ascii_whitespace().find_map(Color::parse)
}

/// Farther left or up than any window reaches.
fn is_far(value: &str) -> bool {
    match quantity(value) {
        Some((number, "%")) => number <= -100.0,
        Some(_) => pixels(value).is_some_and(|pixels| pixels.abs() >= AWAY_PIXELS_MIN),
        None => false,
    }
}

fn is_clipped(value: &str) -> bool {
    let Some((shape, inner)) = value.split_once('(') else { return false };
    let numbers = || inner.split([',', ' ', ')']).filter_map(quantity).map(|(number, _)| number);
    match shape.trim().to_ascii_lowercase().as_str() {
        "rect" => numbers().count() == 4 && numbers().all(|number| number <= 1.0),
        "inset" => numbers().any(|number| number >= 50.0),
        "circle" | "ellipse" => numbers().next() == Some(0.0),
        _ => false,
    }
}

fn is_transformed_away(value: &str) -> bool {
    let Some((function, inner)) = value.split_once('(') else { return false };
    let first = inner.split([',', ')']).next().unwrap_or_default().trim();
    let function = function.trim().to_ascii_lowercase();
    (function.starts_with("scale") && number(first).is_some_and(|factor| factor < OPACITY_MIN))
        || (function.starts_with("translate") && is_far(first))
}

/// Below this share of opacity or size nothing is seen.
const OPACITY_MIN: f32 = 0.06;
/// Boxes up to this width or height show nothing of a text that they cut.
pub const BOX_PIXELS_MIN: f32 = 1.5;
/// Pixels outside the window that are out of sight: pages are narrower.
const AWAY_PIXELS_MIN: f32 = 900.0;
/// Font size of a page that says nothing (HTML 15.3).
pub const ROOT_PIXELS: f32 = 16.0;
/// Pixels of one hundredth of a small window.
const VIEW_PIXELS: f32 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        let style = Declarations::parse(
            "/* x */ DISPLAY : none !important; font:0/0 a;color:#FFF; background:url(data:a;b) #000; display:block",
        );
        assert_eq!(style.display, Some(false));
        assert_eq!(style.size, Some(Size::Pixels(0.0)));
        assert_eq!(style.color, Some(Color::WHITE));
        assert_eq!(style.background, Some(Color::Unknown));
        assert!(Declarations::parse("padding:0;margin:0 auto;font-family:a").is_empty());
        assert_eq!(Declarations::parse("font: bold 12px/30px Georgia").size, Some(Size::Pixels(12.0)));
        assert_eq!(Declarations::parse("font: 700 1em a").size, Some(Size::Times(1.0)));
        assert_eq!(Declarations::parse("font-size:1.5pt").size, Some(Size::Pixels(2.0)));
        assert_eq!(Declarations::parse("background:transparent none repeat").background, Some(Color::Transparent));
    }

    #[test]
    fn places_out_of_sight_are_known() {
        for away in ["left:-9999px", "margin-left:-99em", "clip:rect(0,0,0,0)", "transform: scale(0)", "top:-200%"] {
            assert_eq!(Declarations::parse(away).away, Some(true), "{away}");
        }
        for here in ["left:-9px", "clip:rect(0,100px,50px,0)", "transform:scale(1.2)", "margin-left:-50%"] {
            assert_eq!(Declarations::parse(here).away, None, "{here}");
        }
    }
}
