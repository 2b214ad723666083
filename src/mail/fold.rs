//! Folding: text as a reader takes it, reduced to small ASCII letters, so that one word has one spelling (after UTS 39).
//!
//! Pure, and linear in the octets. German umlauts become two letters, as people write them without the keys; figures stay
//! figures. Letters of no Latin look stay as they are.

use super::{
    alike,
    squeeze::{self, Squeezed, Table},
};
use std::borrow::Cow;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Folds a text; borrows where there is nothing to do.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    fold_with(text, Umlauts::Two)
}

/// As `fold`, but umlauts become the one letter they look like.
#[must_use]
pub fn fold_by_looks(text: &str) -> Cow<'_, str> {
    fold_with(text, Umlauts::One)
}

/// Text in the order in which it is seen: what an override (U+202E) turns round is turned back.
#[must_use]
pub fn in_order_of_sight(text: &str) -> Cow<'_, str> {
    if !text.contains(OVERRIDE) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split(OVERRIDE);
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (turned, rest) = piece.split_once(END_OF_OVERRIDE).unwrap_or((piece, ""));
        out.extend(turned.chars().rev());
        out.push_str(rest);
    }
    Cow::Owned(out)
}

const OVERRIDE: char = '\u{202e}';
/// POP DIRECTIONAL FORMATTING.
const END_OF_OVERRIDE: char = '\u{202c}';

#[derive(Clone, Copy, PartialEq, Eq)]
enum Umlauts {
    /// As they are spelt: `ae`.
    Two,
    /// As they look: `a`.
    One,
}

/// Capitals small, control characters left out.
const SMALL: Table = squeeze::table(true, false);

fn fold_with(text: &str, umlauts: Umlauts) -> Cow<'_, str> {
    if is_folded(text) {
        return Cow::Borrowed(text);
    }
    let text = in_order_of_sight(text);
    let mut out = Folded(Squeezed::new(text.len(), true));
    let mut rest = &*text;
    loop {
        let foreign = out.0.ascii(rest, &SMALL);
        let is_vowel = rest.len() > foreign.len() && out.0.text.ends_with(['a', 'o', 'u']);
        let mut marks = foreign.chars();
        let Some(mark) = marks.next() else { break };
        if is_vowel && umlauts == Umlauts::Two && mark == '\u{308}' {
            out.push('e');
        } else {
            out.foreign(mark, umlauts);
        }
        rest = marks.as_str();
    }
    Cow::Owned(out.0.text)
}

/// Whether folding changes nothing; for ASCII only.
fn is_folded(text: &str) -> bool {
    let mut was_blank = false;
    text.bytes().all(|byte| {
        let is_blank = byte == b' ';
        let changes =
            byte.is_ascii_uppercase() || byte.is_ascii_control() || !byte.is_ascii() || (is_blank && was_blank);
        was_blank = is_blank;
        !changes
    })
}

/// What is folded so far.
struct Folded(Squeezed);

impl Folded {
    /// Adds a folded character; white space runs are one space, control characters nothing.
    fn push(&mut self, mark: char) {
        if mark.is_whitespace() {
            self.0.blank();
        } else if !mark.is_control() {
            self.0.mark(mark);
        }
    }

    fn any(&mut self, mark: char, umlauts: Umlauts) {
        if mark.is_ascii() { self.push(mark.to_ascii_lowercase()) } else { self.foreign(mark, umlauts) }
    }

    /// Adds a character beyond ASCII. Goes into itself for what it decomposes to, which decomposes no more.
    fn foreign(&mut self, mark: char, umlauts: Umlauts) {
        if is_nothing(mark) {
            return;
        }
        if mark.is_whitespace() || matches!(mark, '\u{2800}' | '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{ffa0}') {
            return self.push(' ');
        }
        if let Some(letters) = spelt(mark, umlauts) {
            return letters.chars().for_each(|letter| self.push(letter));
        }
        if let Some(letter) = alike::letter(mark) {
            return self.push(letter);
        }
        if has_latin_look(mark) {
            let mut is_whole = false;
            decompose_compatible(mark, |piece| {
                is_whole = piece == mark;
                if !is_whole && !is_combining_mark(piece) {
                    self.any(piece, umlauts);
                }
            });
            if !is_whole || is_combining_mark(mark) {
                return;
            }
        }
        let mut small = mark.to_lowercase();
        if small.len() == 1 && small.next() == Some(mark) {
            self.push(mark);
        } else {
            mark.to_lowercase().for_each(|letter| self.any(letter, umlauts));
        }
    }
}

/// Characters that take no room: of no width, marks that combine, selectors, tags, marks of direction.
fn is_nothing(mark: char) -> bool {
    matches!(mark,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{61c}' | '\u{180b}'..='\u{180f}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Letters that are spelt with others.
fn spelt(mark: char, umlauts: Umlauts) -> Option<&'static str> {
    Some(match (mark, umlauts) {
        ('\u{e4}' | '\u{c4}', Umlauts::Two) | ('\u{e6}' | '\u{c6}', _) => "ae",
        ('\u{f6}' | '\u{d6}', Umlauts::Two) | ('\u{153}' | '\u{152}', _) => "oe",
        ('\u{fc}' | '\u{dc}', Umlauts::Two) => "ue",
        ('\u{df}' | '\u{1e9e}', _) => "ss",
        ('\u{de}' | '\u{fe}', _) => "th",
        ('\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{b4}', _) => "'",
        ('\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{ab}' | '\u{bb}', _) => "\"",
        ('\u{2010}'..='\u{2015}' | '\u{2212}', _) => "-",
        ('\u{2044}' | '\u{2215}', _) => "/",
        _ => return None,
    })
}

/// Could the decomposition have a Latin look? Kana, Hangul and the like would only fall apart.
fn has_latin_look(mark: char) -> bool {
    !matches!(mark, '\u{590}'..='\u{1cff}' | '\u{3040}'..='\u{31ff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{ff61}'..='\u{ffdf}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_one_spelling() {
        for (text, expected) in [
            ("Gr\u{fc}\u{df}e  AUS\r\n K\u{d6}LN", "gruesse aus koeln"),
            ("u\u{308}ber caf\u{e9} cafe\u{301} na\u{ef}ve", "ueber cafe cafe naive"),
            ("P\u{430}yP\u{430}l", "paypal"),
            ("\u{391}\u{3bc}azon", "auazon"),
            ("\u{ff30}\u{ff41}\u{ff59}\u{3000}\u{1d429}\u{1d41a}\u{1d432} \u{24df}\u{24d0}\u{24e8}", "pay pay pay"),
            ("\u{1f17f}\u{1f170}\u{1f188} \u{1d18}\u{1d00}\u{28f}", "pay pay"),
            ("pass\u{200b}\u{ad}\u{fe0f}w\u{34f}ort\u{202e}\u{e0041}", "passwort"),
            ("m\u{200d}odern 0l1", "modern 0l1"),
            ("\u{2116} \u{bd} \u{fb01}n \u{2122}", "no 1/2 fin tm"),
            ("it\u{2019}s \u{201e}x\u{201c} a\u{2013}b", "it's \"x\" a-b"),
            ("\u{d55c}\u{ad6d} \u{30ac} \u{5d0}", "\u{d55c}\u{ad6d} \u{30ac} \u{5d0}"),
            ("a\0b", "ab"),
            ("Der \u{202e}prodriA\u{202c} beginnt", "der airdorp beginnt"),
        ] {
            assert_eq!(fold(text), expected, "{text:?}");
        }
        assert_eq!(fold_by_looks("p\u{e4}ypal"), "paypal");
    }

    #[test]
    fn folded_text_is_borrowed_and_stays() {
        assert!(matches!(fold("schon gefaltet 1-2"), Cow::Borrowed(_)));
        for number in 0..=u32::from(char::MAX) {
            let Some(mark) = char::from_u32(number) else { continue };
            let once = fold(&format!("A{mark} b")).into_owned();
            assert_eq!(fold(&once), once, "{mark:?}");
        }
    }
}
