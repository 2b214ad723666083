//! Octets to characters as SpamAssassin 4 does it when `normalize_charset` is on, which it is by default.
//!
//! Pure. UTF-8 is tried first whatever is declared, then the declared charset if every octet is valid in it, then
//! windows-1252. Charsets that Perl's Encode does not know are not known here.

use super::wide::Wide;
use mail_parser::Charset;
use std::borrow::Cow;

/// Decodes a body: valid UTF-8 goes before what is declared.
#[must_use]
pub fn body(octets: &[u8], declared: &[u8]) -> Wide {
    if octets.is_ascii() && is_superset_of_ascii(declared) {
        return Wide::octets(octets);
    }
    if !octets.is_ascii()
        && let Some(text) = utf8(octets)
    {
        return Wide::decoded(text);
    }
    let decoded = if is_ascii_label(declared) && !octets.is_ascii() { None } else { by_label(octets, declared) };
    match decoded {
        Some(text) => Wide::decoded(text),
        None if octets.is_ascii() => Wide::octets(octets),
        None => Wide::decoded(windows_1252(octets)),
    }
}

/// Decodes an encoded word: the declared charset counts, what is invalid in it becomes U+FFFD.
#[must_use]
pub fn word(octets: &[u8], declared: &[u8]) -> Vec<u8> {
    if octets.is_ascii() && is_superset_of_ascii(declared) {
        return octets.to_vec();
    }
    if starts_with_utf16(declared) {
        return by_label(octets, declared).map_or_else(|| last_resort(octets), String::into_bytes);
    }
    match known(declared) {
        Some(Known::Ascii) => octets
            .iter()
            .map(|octet| if octet.is_ascii() { char::from(*octet) } else { char::REPLACEMENT_CHARACTER })
            .collect::<String>()
            .into_bytes(),
        Some(Known::Latin) => windows_1252(octets).into_bytes(),
        Some(Known::Charset(charset)) if is_small(charset, declared) => by_pairs(charset, octets).into_bytes(),
        Some(Known::Charset(charset)) => charset.decode(&decodable(charset, octets)).into_owned().into_bytes(),
        None => last_resort(octets),
    }
}

fn last_resort(octets: &[u8]) -> Vec<u8> {
    if octets.is_ascii() { octets.to_vec() } else { windows_1252(octets).into_bytes() }
}

/// Strict UTF-8: no surrogates, no noncharacters.
#[must_use]
pub fn utf8(octets: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(octets).ok()?;
    let is_character =
        |letter: char| !matches!(u32::from(letter), 0xfdd0..=0xfdef) && u32::from(letter) & 0xfffe != 0xfffe;
    text.chars().all(is_character).then(|| text.to_owned())
}

/// windows-1252, its five holes as U+FFFD.
#[must_use]
pub fn windows_1252(octets: &[u8]) -> String {
    octets
        .iter()
        .map(|octet| match octet {
            0x81 | 0x8d | 0x8f | 0x90 | 0x9d => char::REPLACEMENT_CHARACTER,
            0x80..=0x9f => C1.get(usize::from(*octet) - 0x80).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
            _ => char::from(*octet),
        })
        .collect()
}

/// windows-1252 from 0x80 to 0x9f.
const C1: [char; 32] = [
    '\u{20ac}', '\u{fffd}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{fffd}', '\u{17d}', '\u{fffd}', '\u{fffd}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{fffd}', '\u{17e}', '\u{178}',
];

/// What a label names.
enum Known {
    Ascii,
    /// ISO 8859-1 is read as windows-1252.
    Latin,
    Charset(Charset),
}

fn lower(label: &[u8]) -> String {
    String::from_utf8_lossy(label).trim().to_ascii_lowercase()
}

fn is_ascii_label(label: &[u8]) -> bool {
    label.eq_ignore_ascii_case(b"ascii") || label.eq_ignore_ascii_case(b"us-ascii")
}

fn starts_with_utf16(label: &[u8]) -> bool {
    let label = lower(label);
    label.strip_prefix("utf").is_some_and(|rest| rest.trim_start_matches([' ', '-']).starts_with("16"))
}

/// Labels whose ASCII octets are ASCII, so that an ASCII text needs no decoding.
fn is_superset_of_ascii(label: &[u8]) -> bool {
    let label = String::from_utf8_lossy(label).to_ascii_lowercase();
    let digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let letters = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase());
    if matches!(
        label.as_str(),
        "ascii"
            | "us-ascii"
            | "ansix3.4-1986"
            | "ansi x3.4-1986"
            | "ansi_x3.4-1986"
            | "ansix3.4-1968"
            | "ansi x3.4-1968"
            | "ansi_x3.4-1968"
            | "iso646-us"
            | "utf8"
            | "utf-8"
            | "big5"
            | "gbk"
            | "gb18030"
            | "gb-18030"
            | "gb 18030"
    ) {
        return true;
    }
    let iso = ["iso8859", "iso-8859", "iso 8859"].iter().find_map(|start| label.strip_prefix(start));
    iso.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-').is_some_and(|part| digits(part, 2)))
        || label.strip_prefix("windows-").is_some_and(|page| page.len() == 4 && digits(page, 4))
        || ["koi8-", "euc-"].iter().any(|start| label.strip_prefix(start).is_some_and(letters))
        || label.strip_prefix("gb18030-20").is_some_and(|year| year.len() == 2 && digits(year, 2))
}

/// The charset that Perl's Encode takes a label for.
fn known(label: &[u8]) -> Option<Known> {
    let name = lower(label).trim_start_matches('"').replace('_', "-");
    let compact: String = name.chars().filter(|letter| !matches!(letter, '-' | ' ')).collect();
    let compact = compact.strip_prefix("x").filter(|_| name.starts_with("x-")).unwrap_or(&compact);
    let charset = match compact {
        "ascii" | "usascii" | "646" | "iso646us" => return Some(Known::Ascii),
        "iso88591" | "latin1" | "windows1252" | "cp1252" => return Some(Known::Latin),
        "gb2312" | "gb18030" | "gbk" | "cp936" | "windows936" | "ms936" | "euccn" | "gb231280" => Charset::Gbk,
        "iso885911" | "tis620" => Charset::Tis620,
        "cp874" => Charset::Windows874,
        "ksc56011987" | "cp949" | "euckr" | "uhc" => Charset::EucKr,
        "iso88599" => Charset::Iso8859_9,
        "utf16" | "unicode" | "8bit" | "binary" | "default" | "unknown" | "win1251" | "ksc5601" | "userdefined" => {
            return None;
        }
        _ => Charset::from_label(name.as_bytes()).or_else(|| Charset::from_label(compact.as_bytes()))?,
    };
    match charset {
        Charset::Replacement | Charset::XUserDefined => None,
        Charset::Windows1252 if !compact.contains("1252") => None,
        charset => Some(Known::Charset(charset)),
    }
}

/// Decodes by the label, if it is known and every octet is valid in it.
fn by_label(octets: &[u8], label: &[u8]) -> Option<String> {
    if starts_with_utf16(label) {
        return utf_16(octets);
    }
    match known(label)? {
        Known::Ascii => octets.is_ascii().then(|| String::from_utf8_lossy(octets).into_owned()),
        Known::Latin => {
            let text = windows_1252(octets);
            (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
        }
        Known::Charset(Charset::Utf8) => utf8(octets),
        Known::Charset(charset @ Charset::Iso2022Jp) => Some(charset.decode(&decodable(charset, octets)).into_owned()),
        Known::Charset(charset) => {
            let (text, malformed) = charset.decode_checked(octets);
            let is_hole = |letter: char| letter == char::REPLACEMENT_CHARACTER;
            let is_control = |letter: char| matches!(letter, '\u{80}'..='\u{9f}');
            let has_holes = text.contains(is_hole) || (is_windows(charset) && text.contains(is_control));
            (!malformed && !has_holes && is_strict(charset, label, octets)).then(|| text.into_owned())
        }
    }
}

/// Perl reads ISO-2022-JP up to the first octet that cannot be in it, and is content with that.
///
/// A shift that another one follows at once is left out: our decoder takes it for an error.
fn decodable(charset: Charset, octets: &[u8]) -> Cow<'_, [u8]> {
    if charset != Charset::Iso2022Jp {
        return Cow::Borrowed(octets);
    }
    let end = octets.iter().position(|octet| !octet.is_ascii()).unwrap_or(octets.len());
    let mut kept = Vec::with_capacity(end);
    let mut rest = octets.get(..end).unwrap_or_default();
    while let [first, tail @ ..] = rest {
        let is_shift = matches!(rest, [0x1b, b'(' | b'$', _, 0x1b, ..]);
        if is_shift {
            rest = rest.get(3..).unwrap_or_default();
        } else {
            kept.push(*first);
            rest = tail;
        }
    }
    Cow::Owned(kept)
}

fn is_windows(charset: Charset) -> bool {
    matches!(
        charset,
        Charset::Windows1250
            | Charset::Windows1251
            | Charset::Windows1253
            | Charset::Windows1254
            | Charset::Windows1255
            | Charset::Windows1257
            | Charset::Windows1258
            | Charset::Windows874
    )
}

/// GB 2312 and KS X 1001 are smaller than what the web reads under their names.
fn is_small(charset: Charset, label: &[u8]) -> bool {
    let label = lower(label);
    match charset {
        Charset::Gbk => label.contains("2312") || label.contains("euc"),
        Charset::EucKr => label.contains("euc"),
        _ => false,
    }
}

fn is_strict(charset: Charset, label: &[u8], octets: &[u8]) -> bool {
    !is_small(charset, label) || octets.iter().all(|octet| octet.is_ascii() || (0xa1..=0xfe).contains(octet))
}

/// Characters of two octets from 0xa1 on; any other octet beyond ASCII is U+FFFD alone.
fn by_pairs(charset: Charset, octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut rest = octets;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if first.is_ascii() {
            text.push(char::from(*first));
            continue;
        }
        let pair = tail.first().filter(|second| *first >= 0xa1 && **second >= 0xa1).map(|second| [*first, *second]);
        let decoded = pair.as_ref().map(|pair| charset.decode(pair));
        // What GBK puts into the area for private use is not in the smaller sets.
        let is_none = |letter: char| matches!(letter, char::REPLACEMENT_CHARACTER | '\u{e000}'..='\u{f8ff}');
        match decoded.filter(|decoded| !decoded.contains(is_none)) {
            Some(decoded) => {
                text.push_str(&decoded);
                rest = tail.get(1..).unwrap_or_default();
            }
            None => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
    text
}

/// UTF-16 whose order of octets shows in its spaces and zeros. With a byte order mark SpamAssassin gives up.
fn utf_16(octets: &[u8]) -> Option<String> {
    if matches!(octets, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return None;
    }
    let (mut little, mut big) = (0_u64, 0_u64);
    let (mut even, mut odd) = (0_u64, 0_u64);
    let nibbles = |octet: u8| u64::from(octet >> 4) + u64::from(octet & 15);
    let (pairs, _) = octets.as_chunks::<2>();
    for [first, second] in pairs {
        even += nibbles(*first);
        odd += nibbles(*second);
        little += u64::from((*first, *second) == (0x20, 0));
        big += u64::from((*first, *second) == (0, 0x20));
    }
    little += u64::from(even > odd * 4);
    big += u64::from(odd * 4 > even);
    let charset = match little.cmp(&big) {
        std::cmp::Ordering::Greater => Charset::Utf16Le,
        std::cmp::Ordering::Less => Charset::Utf16Be,
        std::cmp::Ordering::Equal => return None,
    };
    let (text, malformed) = charset.decode_checked(octets);
    (!malformed).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_goes_before_the_label() {
        assert_eq!(body("\u{fc}".as_bytes(), b"iso-8859-1").to_octets(), "\u{fc}".as_bytes());
        assert_eq!(body(b"\xfc", b"utf-8").to_octets(), "\u{fc}".as_bytes());
        assert_eq!(body(b"\xe4\xf6", b"koi8-r").text, "\u{414}\u{416}");
        assert!(!body(b"plain", b"us-ascii").decoded);
        assert!(body(b"plain", b"iso-2022-jp").decoded);
        assert!(!body(b"plain", b"klingon").decoded);
        let shifts = body(b"\x1b$B%9\x1b(B\x1b$B%Q\x1b(B", b"iso-2022-jp");
        assert_eq!(shifts.text, "\u{30b9}\u{30d1}");
        assert_eq!(body(b"ab\xa4\xa2", b"iso-2022-jp").text, "ab");
    }

    #[test]
    fn encoded_words_obey_the_label() {
        assert_eq!(word(b"\xfc", b"iso-8859-1"), "\u{fc}".as_bytes());
        assert_eq!(word("\u{fc}".as_bytes(), b"us-ascii"), "\u{fffd}\u{fffd}".as_bytes());
        assert_eq!(word(b"\x98\xc4\xe3`", b"gb2312"), "\u{fffd}\u{4f60}`".as_bytes());
        assert_eq!(word(b"\x93x\x94", b"klingon"), "\u{201c}x\u{201d}".as_bytes());
    }
}
