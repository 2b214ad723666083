//! Colours as SpamAssassin reads them from attributes and styles: names of CSS 3, hexadecimal, `rgb()`.
//!
//! Pure. What is no colour is `invalid`, which SpamAssassin takes for a trick.

use super::expression::Expression;
use std::sync::LazyLock;

/// What stands for something that is no colour.
pub const INVALID: &str = "invalid";

static PERCENT: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"rgb\((\d+)%,\s*(\d+)%,\s*(\d+)%\s*\)"));
static DECIMAL: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"rgb\((\d+),\s*(\d+),\s*(\d+)\s*\)"));
static SHAPE: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"^[#a-f0-9]*\n?\z|rgb\([\d%, ]*\)"));

/// `#rrggbb`, or `INVALID`.
#[must_use]
pub fn parse(value: &str) -> String {
    let color = value.to_lowercase();
    let color = color.trim();
    if let Some(number) = named(color) {
        return format!("#{number:06x}");
    }
    if !SHAPE.is_match(color.as_bytes()) {
        return INVALID.to_owned();
    }
    let mut color = color.to_owned();
    if let Some(parts) = numbers(&PERCENT, &color) {
        color = hex(parts.map(|part| part.saturating_mul(255) / 100));
    }
    if let Some(parts) = numbers(&DECIMAL, &color) {
        color = hex(parts);
    }
    if !color.starts_with('#') {
        return INVALID.to_owned();
    }
    let mut digits: String = color.chars().filter(char::is_ascii_hexdigit).take(6).collect();
    if matches!(digits.len(), 4 | 5) {
        digits.truncate(3);
    }
    while !digits.len().is_multiple_of(3) {
        digits.push('0');
    }
    if digits.len() == 3 {
        digits = digits.chars().flat_map(|digit| [digit, digit]).collect();
    }
    format!("#{digits}")
}

/// The colour of `rgb()` in a style: digits and commas count, too large is 255.
#[must_use]
pub fn parse_rgb(value: &str) -> String {
    let kept: String = value.chars().filter(|letter| letter.is_ascii_digit() || *letter == ',').collect();
    let number = |part: &str| part.parse::<u64>().map_or(if part.is_empty() { 0 } else { 255 }, |part| part.min(255));
    let mut parts = kept.split(',').map(number);
    let mut next = || parts.next().unwrap_or(0);
    format!("#{:02x}{:02x}{:02x}", next(), next(), next())
}

/// Red, green and blue of `#rrggbb`.
#[must_use]
pub fn components(color: &str) -> Option<[f64; 3]> {
    let digits = color.strip_prefix('#').unwrap_or(color);
    if digits.len() != 6 || !digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok().map(f64::from);
    Some([part(0)?, part(2)?, part(4)?])
}

fn numbers(expression: &Expression, color: &str) -> Option<[u64; 3]> {
    let found = expression.groups(color.as_bytes(), 0)?;
    let part = |index: usize| std::str::from_utf8(found.get(index)?).ok()?.parse().ok();
    Some([part(1)?, part(2)?, part(3)?])
}

fn hex(parts: [u64; 3]) -> String {
    let [red, green, blue] = parts;
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn named(name: &str) -> Option<u32> {
    let at = NAMES.binary_search_by(|(entry, _)| (*entry).cmp(name)).ok()?;
    NAMES.get(at).map(|(_, number)| *number)
}

#[rustfmt::skip]
const NAMES: [(&str, u32); 147] = [
    ("aliceblue", 0xf0f8ff), ("antiquewhite", 0xfaebd7), ("aqua", 0x00ffff), ("aquamarine", 0x7fffd4),
    ("azure", 0xf0ffff), ("beige", 0xf5f5dc), ("bisque", 0xffe4c4), ("black", 0x000000),
    ("blanchedalmond", 0xffebcd), ("blue", 0x0000ff), ("blueviolet", 0x8a2be2), ("brown", 0xa52a2a),
    ("burlywood", 0xdeb887), ("cadetblue", 0x5f9ea0), ("chartreuse", 0x7fff00), ("chocolate", 0xd2691e),
    ("coral", 0xff7f50), ("cornflowerblue", 0x6495ed), ("cornsilk", 0xfff8dc), ("crimson", 0xdc143c),
    ("cyan", 0x00ffff), ("darkblue", 0x00008b), ("darkcyan", 0x008b8b), ("darkgoldenrod", 0xb8860b),
    ("darkgray", 0xa9a9a9), ("darkgreen", 0x006400), ("darkgrey", 0xa9a9a9), ("darkkhaki", 0xbdb76b),
    ("darkmagenta", 0x8b008b), ("darkolivegreen", 0x556b2f), ("darkorange", 0xff8c00), ("darkorchid", 0x9932cc),
    ("darkred", 0x8b0000), ("darksalmon", 0xe9967a), ("darkseagreen", 0x8fbc8f), ("darkslateblue", 0x483d8b),
    ("darkslategray", 0x2f4f4f), ("darkslategrey", 0x2f4f4f), ("darkturquoise", 0x00ced1), ("darkviolet", 0x9400d3),
    ("deeppink", 0xff1493), ("deepskyblue", 0x00bfff), ("dimgray", 0x696969), ("dimgrey", 0x696969),
    ("dodgerblue", 0x1e90ff), ("firebrick", 0xb22222), ("floralwhite", 0xfffaf0), ("forestgreen", 0x228b22),
    ("fuchsia", 0xff00ff), ("gainsboro", 0xdcdcdc), ("ghostwhite", 0xf8f8ff), ("gold", 0xffd700),
    ("goldenrod", 0xdaa520), ("gray", 0x808080), ("green", 0x008000), ("greenyellow", 0xadff2f),
    ("grey", 0x808080), ("honeydew", 0xf0fff0), ("hotpink", 0xff69b4), ("indianred", 0xcd5c5c),
    ("indigo", 0x4b0082), ("ivory", 0xfffff0), ("khaki", 0xf0e68c), ("lavender", 0xe6e6fa),
    ("lavenderblush", 0xfff0f5), ("lawngreen", 0x7cfc00), ("lemonchiffon", 0xfffacd), ("lightblue", 0xadd8e6),
    ("lightcoral", 0xf08080), ("lightcyan", 0xe0ffff), ("lightgoldenrodyellow", 0xfafad2), ("lightgray", 0xd3d3d3),
    ("lightgreen", 0x90ee90), ("lightgrey", 0xd3d3d3), ("lightpink", 0xffb6c1), ("lightsalmon", 0xffa07a),
    ("lightseagreen", 0x20b2aa), ("lightskyblue", 0x87cefa), ("lightslategray", 0x778899), ("lightslategrey", 0x778899),
    ("lightsteelblue", 0xb0c4de), ("lightyellow", 0xffffe0), ("lime", 0x00ff00), ("limegreen", 0x32cd32),
    ("linen", 0xfaf0e6), ("magenta", 0xff00ff), ("maroon", 0x800000), ("mediumaquamarine", 0x66cdaa),
    ("mediumblue", 0x0000cd), ("mediumorchid", 0xba55d3), ("mediumpurple", 0x9370db), ("mediumseagreen", 0x3cb371),
    ("mediumslateblue", 0x7b68ee), ("mediumspringgreen", 0x00fa9a), ("mediumturquoise", 0x48d1cc), ("mediumvioletred", 0xc71585),
    ("midnightblue", 0x191970), ("mintcream", 0xf5fffa), ("mistyrose", 0xffe4e1), ("moccasin", 0xffe4b5),
    ("navajowhite", 0xffdead), ("navy", 0x000080), ("oldlace", 0xfdf5e6), ("olive", 0x808000),
    ("olivedrab", 0x6b8e23), ("orange", 0xffa500), ("orangered", 0xff4500), ("orchid", 0xda70d6),
    ("palegoldenrod", 0xeee8aa), ("palegreen", 0x98fb98), ("paleturquoise", 0xafeeee), ("palevioletred", 0xdb7093),
    ("papayawhip", 0xffefd5), ("peachpuff", 0xffdab9), ("peru", 0xcd853f), ("pink", 0xffc0cb),
    ("plum", 0xdda0dd), ("powderblue", 0xb0e0e6), ("purple", 0x800080), ("red", 0xff0000),
    ("rosybrown", 0xbc8f8f), ("royalblue", 0x4169e1), ("saddlebrown", 0x8b4513), ("salmon", 0xfa8072),
    ("sandybrown", 0xf4a460), ("seagreen", 0x2e8b57), ("seashell", 0xfff5ee), ("sienna", 0xa0522d),
    ("silver", 0xc0c0c0), ("skyblue", 0x87ceeb), ("slateblue", 0x6a5acd), ("slategray", 0x708090),
    ("slategrey", 0x708090), ("snow", 0xfffafa), ("springgreen", 0x00ff7f), ("steelblue", 0x4682b4),
    ("tan", 0xd2b48c), ("teal", 0x008080), ("thistle", 0xd8bfd8), ("tomato", 0xff6347),
    ("turquoise", 0x40e0d0), ("violet", 0xee82ee), ("wheat", 0xf5deb3), ("white", 0xffffff),
    ("whitesmoke", 0xf5f5f5), ("yellow", 0xffff00), ("yellowgreen", 0x9acd32),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_many_spellings() {
        for (value, color) in [
            ("White", "#ffffff"),
            (" #FfF ", "#ffffff"),
            ("#1234", "#112233"),
            ("#12", "#112200"),
            ("fff", INVALID),
            ("rgb(1, 2,3)", "#010203"),
            ("rgb(100%,0%,0%)", "#ff0000"),
            ("no colour", INVALID),
            ("", INVALID),
            ("#", "#"),
        ] {
            assert_eq!(parse(value), color, "{value}");
        }
        assert_eq!(parse_rgb("rgb(300, 2"), "#ff0200");
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
