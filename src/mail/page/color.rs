//! Colours of pages: CSS Color 4 as far as mail uses it, the legacy colours of HTML attributes, and which of them look alike.
//!
//! Pure.

/// What a declaration says about a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Rgb(u8, u8, u8),
    /// Nothing is painted.
    Transparent,
    /// Something is painted that we cannot tell: a picture, a gradient, a colour in a form that we do not read.
    Unknown,
}

impl Color {
    pub const BLACK: Self = Self::Rgb(0, 0, 0);
    pub const WHITE: Self = Self::Rgb(255, 255, 255);
    /// What clients give links that have no colour of their own.
    pub const LINK: Self = Self::Rgb(0, 0, 238);

    /// Reads a CSS colour; `None` where nothing changes (`inherit`, `currentcolor`) or nothing can be read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(digits) = text.strip_prefix('#') {
            return hexadecimal(digits);
        }
        match text.as_bytes().first() {
            Some(b'r' | b'R') if has_prefix(text, "rgb") => function(text),
            Some(b'h' | b'H' | b'l' | b'L' | b'v' | b'V' | b'o' | b'O') if text.contains('(') => Some(Self::Unknown),
            _ => named(text),
        }
    }

    /// Reads a colour attribute: `bgcolor="ffffff"` needs no number sign.
    #[must_use]
    pub fn of_attribute(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| hexadecimal(text.trim()))
    }

    /// Is a text in this colour not to be seen on `background`?
    #[must_use]
    pub fn vanishes_on(self, background: Self) -> bool {
        match (self, background) {
            (Self::Transparent, _) => true,
            (Self::Rgb(red, green, blue), Self::Rgb(red_below, green_below, blue_below)) => {
                let distance = u16::from(red.abs_diff(red_below))
                    + u16::from(green.abs_diff(green_below))
                    + u16::from(blue.abs_diff(blue_below));
                distance <= DISTANCE_MAX
            }
            _ => false,
        }
    }
}

/// Sum of the differences of the three channels up to which a text cannot be read: 10 of 255 each.
const DISTANCE_MAX: u16 = 30;

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn hexadecimal(digits: &str) -> Option<Color> {
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [first, second, third, fourth] = number.to_be_bytes();
    let twice = |shift: u32| u8::try_from((number >> shift & 15) * 17).unwrap_or_default();
    let with_alpha = |red, green, blue, alpha: u8| {
        if alpha < ALPHA_MIN { Color::Transparent } else { Color::Rgb(red, green, blue) }
    };
    match digits.len() {
        3 => Some(Color::Rgb(twice(8), twice(4), twice(0))),
        4 => Some(with_alpha(twice(12), twice(8), twice(4), twice(0))),
        6 => Some(Color::Rgb(second, third, fourth)),
        8 => Some(with_alpha(first, second, third, fourth)),
        _ => None,
    }
}

/// Opacity of 255 below which a colour is not seen.
const ALPHA_MIN: u8 = 20;

/// `rgb(1, 2, 3)`, `rgba(1 2 3 / 40%)`.
fn function(text: &str) -> Option<Color> {
    let (_, inner) = text.split_once('(')?;
    let inner = inner.split(')').next().unwrap_or_default();
    let mut numbers = inner.split([',', ' ', '/', '\t', '\n', '\r']).filter(|piece| !piece.is_empty());
    let mut channel = || {
        let piece = numbers.next()?;
        let number: f32 = piece.trim_end_matches('%').parse().ok()?;
        Some(if piece.ends_with('%') { number * 2.55 } else { number })
    };
    let (Some(red), Some(green), Some(blue)) = (channel(), channel(), channel()) else { return Some(Color::Unknown) };
    if let Some(alpha) = numbers.next() {
        let number: f32 = alpha.trim_end_matches('%').parse().unwrap_or(1.0);
        let share = if alpha.ends_with('%') { number / 100.0 } else { number };
        if share * 255.0 < f32::from(ALPHA_MIN) {
            return Some(Color::Transparent);
        }
    }
    Some(Color::Rgb(octet(red), octet(green), octet(blue)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn octet(number: f32) -> u8 {
    number.clamp(0.0, 255.0) as u8
}

fn named(text: &str) -> Option<Color> {
    if text.eq_ignore_ascii_case("transparent") {
        return Some(Color::Transparent);
    }
    let (_, number) = NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name))?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some(Color::Rgb(red, green, blue))
}

/// The names that mail uses: the sixteen of HTML, the nearly white ones, and the greys.
const NAMES: &[(&str, u32)] = &[
    ("white", 0xff_ff_ff),
    ("black", 0x00_00_00),
    ("red", 0xff_00_00),
    ("blue", 0x00_00_ff),
    ("green", 0x00_80_00),
    ("yellow", 0xff_ff_00),
    ("gray", 0x80_80_80),
    ("grey", 0x80_80_80),
    ("silver", 0xc0_c0_c0),
    ("navy", 0x00_00_80),
    ("maroon", 0x80_00_00),
    ("purple", 0x80_00_80),
    ("fuchsia", 0xff_00_ff),
    ("magenta", 0xff_00_ff),
    ("lime", 0x00_ff_00),
    ("olive", 0x80_80_00),
    ("aqua", 0x00_ff_ff),
    ("cyan", 0x00_ff_ff),
    ("teal", 0x00_80_80),
    ("orange", 0xff_a5_00),
    ("snow", 0xff_fa_fa),
    ("ivory", 0xff_ff_f0),
    ("azure", 0xf0_ff_ff),
    ("linen", 0xfa_f0_e6),
    ("honeydew", 0xf0_ff_f0),
    ("mintcream", 0xf5_ff_fa),
    ("aliceblue", 0xf0_f8_ff),
    ("ghostwhite", 0xf8_f8_ff),
    ("whitesmoke", 0xf5_f5_f5),
    ("seashell", 0xff_f5_ee),
    ("floralwhite", 0xff_fa_f0),
    ("lavender", 0xe6_e6_fa),
    ("lightyellow", 0xff_ff_e0),
    ("lightcyan", 0xe0_ff_ff),
    ("beige", 0xf5_f5_dc),
    ("gainsboro", 0xdc_dc_dc),
    ("lightgray", 0xd3_d3_d3),
    ("lightgrey", 0xd3_d3_d3),
    ("darkgray", 0xa9_a9_a9),
    ("darkgrey", 0xa9_a9_a9),
    ("dimgray", 0x69_69_69),
    ("dimgrey", 0x69_69_69),
    ("darkblue", 0x00_00_8b),
    ("darkred", 0x8b_00_00),
    ("darkgreen", 0x00_64_00),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read() {
        assert_eq!(Color::parse("#FFF"), Some(Color::WHITE));
        assert_eq!(Color::parse(" rgb(255,255, 254) "), Some(Color::Rgb(255, 255, 254)));
        assert_eq!(Color::parse("rgba(0,0,0,0)"), Some(Color::Transparent));
        assert_eq!(Color::parse("rgb(100% 0% 0% / 50%)"), Some(Color::Rgb(255, 0, 0)));
        assert_eq!(Color::parse("#00000000"), Some(Color::Transparent));
        assert_eq!(Color::parse("hsl(1,2%,3%)"), Some(Color::Unknown));
        assert_eq!(Color::parse("inherit"), None);
        assert_eq!(Color::parse("ffffff"), None);
        assert_eq!(Color::of_attribute("ffffff"), Some(Color::WHITE));
        assert_eq!(Color::of_attribute("White"), Some(Color::WHITE));
    }

    #[test]
    fn what_is_nearly_the_background_is_not_seen() {
        assert!(Color::parse("#fefefe").unwrap().vanishes_on(Color::WHITE));
        assert!(!Color::parse("#ccc").unwrap().vanishes_on(Color::WHITE));
        assert!(!Color::WHITE.vanishes_on(Color::Unknown));
        assert!(Color::Transparent.vanishes_on(Color::Unknown));
    }
}
