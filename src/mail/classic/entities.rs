//! Character references as HTML 4 names them, decoded as HTML::Parser decodes them.
//!
//! Pure.

use super::wide::Wide;

/// Decodes all references in `text`. With `prefixes`, `&ampx` is read as `&amp;x`.
#[must_use]
pub fn decode(text: &str, decoded: bool, prefixes: bool) -> Wide {
    let mut out = Wide { text: String::with_capacity(text.len()), decoded };
    let mut rest = text;
    let mut high = None;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let (plain, tail) = rest.split_at(at);
        if !plain.is_empty() {
            high = None;
        }
        out.text.push_str(plain);
        let body = tail.get(1..).unwrap_or_default();
        let found = match body.strip_prefix('#') {
            Some(number) => numeric(number, &mut out, &mut high).map(|used| used + 1),
            None => named(body, &mut out, prefixes),
        };
        let Some(used) = found else {
            out.text.push('&');
            rest = body;
            continue;
        };
        let after = body.get(used..).unwrap_or_default();
        rest = after.strip_prefix(';').unwrap_or(after);
    }
    out.text.push_str(rest);
    out
}

/// Appends the character of a numeric reference; tells how many octets it took.
fn numeric(body: &str, out: &mut Wide, high: &mut Option<u32>) -> Option<usize> {
    let (digits, radix, prefix) = match body.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 1),
        None => (body, 10, 0),
    };
    let length = digits.bytes().position(|digit| !char::from(digit).is_digit(radix)).unwrap_or(digits.len());
    let significant = digits.get(..length)?.trim_start_matches('0');
    let number = if significant.len() > 8 { None } else { u32::from_str_radix(significant, radix).ok() };
    let number = number.filter(|number| *number > 0 && *number <= 0x10_ffff)?;
    if !out.decoded && number <= 0xff {
        out.text.push(char::from_u32(number)?);
        return Some(prefix + length);
    }
    if matches!(number, 0xfffe | 0xffff) {
        return None;
    }
    out.decoded = true;
    let letter = match (number, *high) {
        (0xdc00..=0xdfff, Some(first)) => {
            out.text.pop();
            *high = None;
            char::from_u32((first - 0xd800) * 0x400 + (number - 0xdc00) + 0x1_0000)
        }
        (0xd800..=0xdbff, _) => {
            *high = Some(number);
            None
        }
        (0xfdd0..=0xfdef, _) => None,
        (number, _) if number & 0xfffe == 0xfffe => None,
        (number, _) => char::from_u32(number),
    };
    if !matches!(number, 0xd800..=0xdbff) {
        *high = None;
    }
    out.text.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    Some(prefix + length)
}

/// Appends the character of a named reference; tells how many octets its name took.
fn named(body: &str, out: &mut Wide, prefixes: bool) -> Option<usize> {
    let is_name = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
    let length = body.bytes().take(NAME_BYTES_MAX + 1).position(|octet| !is_name(octet)).unwrap_or(body.len());
    let ended = body.as_bytes().get(length) == Some(&b';');
    let shortest = if prefixes { 1 } else { length };
    let lengths = (shortest..=length.min(NAME_BYTES_MAX)).rev();
    for used in lengths {
        let Some(name) = body.get(..used).filter(|name| !name.is_empty()) else { continue };
        let Some((_, letter, is_loose)) = lookup(name) else { continue };
        if is_loose || (used == length && ended) {
            out.text.push(letter);
            out.decoded |= u32::from(letter) > 0xff;
            return Some(used);
        }
    }
    None
}

fn lookup(name: &str) -> Option<(&'static str, char, bool)> {
    let at = NAMES.binary_search_by(|(entry, _, _)| (*entry).cmp(name)).ok()?;
    NAMES.get(at).copied()
}

/// The longest name has eight octets.
const NAME_BYTES_MAX: usize = 8;

/// Name, character, and whether it counts without its semicolon.
#[rustfmt::skip]
const NAMES: [(&str, char, bool); 253] = [
    ("AElig", '\u{c6}', true), ("Aacute", '\u{c1}', true), ("Acirc", '\u{c2}', true),
    ("Agrave", '\u{c0}', true), ("Alpha", '\u{391}', false), ("Aring", '\u{c5}', true),
    ("Atilde", '\u{c3}', true), ("Auml", '\u{c4}', true), ("Beta", '\u{392}', false),
    ("Ccedil", '\u{c7}', true), ("Chi", '\u{3a7}', false), ("Dagger", '\u{2021}', false),
    ("Delta", '\u{394}', false), ("ETH", '\u{d0}', true), ("Eacute", '\u{c9}', true),
    ("Ecirc", '\u{ca}', true), ("Egrave", '\u{c8}', true), ("Epsilon", '\u{395}', false),
    ("Eta", '\u{397}', false), ("Euml", '\u{cb}', true), ("Gamma", '\u{393}', false),
    ("Iacute", '\u{cd}', true), ("Icirc", '\u{ce}', true), ("Igrave", '\u{cc}', true),
    ("Iota", '\u{399}', false), ("Iuml", '\u{cf}', true), ("Kappa", '\u{39a}', false),
    ("Lambda", '\u{39b}', false), ("Mu", '\u{39c}', false), ("Ntilde", '\u{d1}', true),
    ("Nu", '\u{39d}', false), ("OElig", '\u{152}', false), ("Oacute", '\u{d3}', true),
    ("Ocirc", '\u{d4}', true), ("Ograve", '\u{d2}', true), ("Omega", '\u{3a9}', false),
    ("Omicron", '\u{39f}', false), ("Oslash", '\u{d8}', true), ("Otilde", '\u{d5}', true),
    ("Ouml", '\u{d6}', true), ("Phi", '\u{3a6}', false), ("Pi", '\u{3a0}', false),
    ("Prime", '\u{2033}', false), ("Psi", '\u{3a8}', false), ("Rho", '\u{3a1}', false),
    ("Scaron", '\u{160}', false), ("Sigma", '\u{3a3}', false), ("THORN", '\u{de}', true),
    ("Tau", '\u{3a4}', false), ("Theta", '\u{398}', false), ("Uacute", '\u{da}', true),
    ("Ucirc", '\u{db}', true), ("Ugrave", '\u{d9}', true), ("Upsilon", '\u{3a5}', false),
    ("Uuml", '\u{dc}', true), ("Xi", '\u{39e}', false), ("Yacute", '\u{dd}', true),
    ("Yuml", '\u{178}', false), ("Zeta", '\u{396}', false), ("aacute", '\u{e1}', true),
    ("acirc", '\u{e2}', true), ("acute", '\u{b4}', true), ("aelig", '\u{e6}', true),
    ("agrave", '\u{e0}', true), ("alefsym", '\u{2135}', false), ("alpha", '\u{3b1}', false),
    ("amp", '\u{26}', true), ("and", '\u{2227}', false), ("ang", '\u{2220}', false),
    ("apos", '\u{27}', true), ("aring", '\u{e5}', true), ("asymp", '\u{2248}', false),
    ("atilde", '\u{e3}', true), ("auml", '\u{e4}', true), ("bdquo", '\u{201e}', false),
    ("beta", '\u{3b2}', false), ("brvbar", '\u{a6}', true), ("bull", '\u{2022}', false),
    ("cap", '\u{2229}', false), ("ccedil", '\u{e7}', true), ("cedil", '\u{b8}', true),
    ("cent", '\u{a2}', true), ("chi", '\u{3c7}', false), ("circ", '\u{2c6}', false),
    ("clubs", '\u{2663}', false), ("cong", '\u{2245}', false), ("copy", '\u{a9}', true),
    ("crarr", '\u{21b5}', false), ("cup", '\u{222a}', false), ("curren", '\u{a4}', true),
    ("dArr", '\u{21d3}', false), ("dagger", '\u{2020}', false), ("darr", '\u{2193}', false),
    ("deg", '\u{b0}', true), ("delta", '\u{3b4}', false), ("diams", '\u{2666}', false),
    ("divide", '\u{f7}', true), ("eacute", '\u{e9}', true), ("ecirc", '\u{ea}', true),
    ("egrave", '\u{e8}', true), ("empty", '\u{2205}', false), ("emsp", '\u{2003}', false),
    ("ensp", '\u{2002}', false), ("epsilon", '\u{3b5}', false), ("equiv", '\u{2261}', false),
    ("eta", '\u{3b7}', false), ("eth", '\u{f0}', true), ("euml", '\u{eb}', true),
    ("euro", '\u{20ac}', false), ("exist", '\u{2203}', false), ("fnof", '\u{192}', false),
    ("forall", '\u{2200}', false), ("frac12", '\u{bd}', true), ("frac14", '\u{bc}', true),
    ("frac34", '\u{be}', true), ("frasl", '\u{2044}', false), ("gamma", '\u{3b3}', false),
    ("ge", '\u{2265}', false), ("gt", '\u{3e}', true), ("hArr", '\u{21d4}', false),
    ("harr", '\u{2194}', false), ("hearts", '\u{2665}', false), ("hellip", '\u{2026}', false),
    ("iacute", '\u{ed}', true), ("icirc", '\u{ee}', true), ("iexcl", '\u{a1}', true),
    ("igrave", '\u{ec}', true), ("image", '\u{2111}', false), ("infin", '\u{221e}', false),
    ("int", '\u{222b}', false), ("iota", '\u{3b9}', false), ("iquest", '\u{bf}', true),
    ("isin", '\u{2208}', false), ("iuml", '\u{ef}', true), ("kappa", '\u{3ba}', false),
    ("lArr", '\u{21d0}', false), ("lambda", '\u{3bb}', false), ("lang", '\u{2329}', false),
    ("laquo", '\u{ab}', true), ("larr", '\u{2190}', false), ("lceil", '\u{2308}', false),
    ("ldquo", '\u{201c}', false), ("le", '\u{2264}', false), ("lfloor", '\u{230a}', false),
    ("lowast", '\u{2217}', false), ("loz", '\u{25ca}', false), ("lrm", '\u{200e}', false),
    ("lsaquo", '\u{2039}', false), ("lsquo", '\u{2018}', false), ("lt", '\u{3c}', true),
    ("macr", '\u{af}', true), ("mdash", '\u{2014}', false), ("micro", '\u{b5}', true),
    ("middot", '\u{b7}', true), ("minus", '\u{2212}', false), ("mu", '\u{3bc}', false),
    ("nabla", '\u{2207}', false), ("nbsp", '\u{a0}', true), ("ndash", '\u{2013}', false),
    ("ne", '\u{2260}', false), ("ni", '\u{220b}', false), ("not", '\u{ac}', true),
    ("notin", '\u{2209}', false), ("nsub", '\u{2284}', false), ("ntilde", '\u{f1}', true),
    ("nu", '\u{3bd}', false), ("oacute", '\u{f3}', true), ("ocirc", '\u{f4}', true),
    ("oelig", '\u{153}', false), ("ograve", '\u{f2}', true), ("oline", '\u{203e}', false),
    ("omega", '\u{3c9}', false), ("omicron", '\u{3bf}', false), ("oplus", '\u{2295}', false),
    ("or", '\u{2228}', false), ("ordf", '\u{aa}', true), ("ordm", '\u{ba}', true),
    ("oslash", '\u{f8}', true), ("otilde", '\u{f5}', true), ("otimes", '\u{2297}', false),
    ("ouml", '\u{f6}', true), ("para", '\u{b6}', true), ("part", '\u{2202}', false),
    ("permil", '\u{2030}', false), ("perp", '\u{22a5}', false), ("phi", '\u{3c6}', false),
    ("pi", '\u{3c0}', false), ("piv", '\u{3d6}', false), ("plusmn", '\u{b1}', true),
    ("pound", '\u{a3}', true), ("prime", '\u{2032}', false), ("prod", '\u{220f}', false),
    ("prop", '\u{221d}', false), ("psi", '\u{3c8}', false), ("quot", '\u{22}', true),
    ("rArr", '\u{21d2}', false), ("radic", '\u{221a}', false), ("rang", '\u{232a}', false),
    ("raquo", '\u{bb}', true), ("rarr", '\u{2192}', false), ("rceil", '\u{2309}', false),
    ("rdquo", '\u{201d}', false), ("real", '\u{211c}', false), ("reg", '\u{ae}', true),
    ("rfloor", '\u{230b}', false), ("rho", '\u{3c1}', false), ("rlm", '\u{200f}', false),
    ("rsaquo", '\u{203a}', false), ("rsquo", '\u{2019}', false), ("sbquo", '\u{201a}', false),
    ("scaron", '\u{161}', false), ("sdot", '\u{22c5}', false), ("sect", '\u{a7}', true),
    ("shy", '\u{ad}', true), ("sigma", '\u{3c3}', false), ("sigmaf", '\u{3c2}', false),
    ("sim", '\u{223c}', false), ("spades", '\u{2660}', false), ("sub", '\u{2282}', false),
    ("sube", '\u{2286}', false), ("sum", '\u{2211}', false), ("sup", '\u{2283}', false),
    ("sup1", '\u{b9}', true), ("sup2", '\u{b2}', true), ("sup3", '\u{b3}', true),
    ("supe", '\u{2287}', false), ("szlig", '\u{df}', true), ("tau", '\u{3c4}', false),
    ("there4", '\u{2234}', false), ("theta", '\u{3b8}', false), ("thetasym", '\u{3d1}', false),
    ("thinsp", '\u{2009}', false), ("thorn", '\u{fe}', true), ("tilde", '\u{2dc}', false),
    ("times", '\u{d7}', true), ("trade", '\u{2122}', false), ("uArr", '\u{21d1}', false),
    ("uacute", '\u{fa}', true), ("uarr", '\u{2191}', false), ("ucirc", '\u{fb}', true),
    ("ugrave", '\u{f9}', true), ("uml", '\u{a8}', true), ("upsih", '\u{3d2}', false),
    ("upsilon", '\u{3c5}', false), ("uuml", '\u{fc}', true), ("weierp", '\u{2118}', false),
    ("xi", '\u{3be}', false), ("yacute", '\u{fd}', true), ("yen", '\u{a5}', true),
    ("yuml", '\u{ff}', true), ("zeta", '\u{3b6}', false), ("zwj", '\u{200d}', false),
    ("zwnj", '\u{200c}', false),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_decode_as_html_parser_does() {
        let read = |text| decode(text, false, true);
        assert_eq!(read("&nbspx; &alpha &alpha; &ampx &notit;").text, "\u{a0}x; &alpha \u{3b1} &x \u{ac}it;");
        assert_eq!(read("&#150;&#x80;").text, "\u{96}\u{80}");
        assert!(!read("&#150;").decoded && read("&#8364;").decoded && read("&euro;").decoded);
        assert_eq!(read("&#xd83d;&#xde00;").text, "\u{1f600}");
        assert_eq!(read("& &; &#; &#0; &#x110000;").text, "& &; &#; &#0; &#x110000;");
        assert_eq!(decode("&ampx", false, false).text, "&ampx");
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
