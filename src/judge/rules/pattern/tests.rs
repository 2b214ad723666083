//! Sentences about single patterns; what Perl says was asked of Perl 5.36.

use super::*;
use crate::judge::rules::scan::{Haystack, Hits, Matcher};

fn hits(pattern: Pattern, text: &[u8]) -> bool {
    let mut hay = Haystack::new();
    hay.push(text);
    let mut hits = Hits::new();
    Matcher::new(vec![pattern]).scan(&hay, &mut hits);
    hits.contains(0)
}

/// Pattern, flags, text, whether Perl finds it.
const PERL: [(&str, &str, &str, bool); 38] = [
    (r"foo$", "", "foo\n", true),
    (r"foo$", "", "foo\nx", false),
    (r"foo$", "m", "foo\nx", true),
    (r"foo\z", "", "foo\n", false),
    (r"foo\Z", "", "foo\n", true),
    (r"^x", "", "a\nx", false),
    (r"^x", "m", "a\nx", true),
    (r"abc(?:-|$)", "", "abc\n", true),
    (r"a.b", "", "a\nb", false),
    (r"a.b", "s", "a\nb", true),
    (r"a\Nb", "s", "a\nb", false),
    (r"\Qa.b\E+c", "", "a.bbbc", true),
    (r"\Qa.b\E", "", "axb", false),
    (r"(?^aai:VIAGRA)", "", "viagra", true),
    (r"(?i)a(?-i:B)c", "", "AbC", false),
    (r"(?i)a(?-i:B)c", "", "ABC", true),
    (r"a (?# a comment) b", "x", "ab", true),
    (r"a [ ] b # the rest", "x", "a b", true),
    (r"a{2}{", "", "aa{", true),
    (r"a{,2}b", "", "aab", true),
    (r"x{a}", "", "x{a}", true),
    (r"[]a]", "", "]", true),
    (r"[^]a]", "", "]a", false),
    (r"[\d-x]", "", "-", true),
    (r"[[:alpha:][:^ascii:]]", "", "\u{e4}", true),
    (r"[[:^space:]]", "", " \t", false),
    (r"\x41\x{42}\103\cI\e", "", "ABC\t\u{1b}", true),
    (r"\o{101}\N{U+42}", "", "AB", true),
    (r"\h\H", "", " x", true),
    (r"a\Rb", "", "a\r\nb", true),
    (r"\bfoo(?!\w)", "", "a foo.", true),
    (r"\bfoo(?!\w)", "", "a food", false),
    (r"a(?|(b)|(c))d", "", "acd", true),
    (r"(?<word>a)(?'other'b)", "", "ab", true),
    (r"a++b", "", "aaab", true),
    (r"(?>a|ab)", "", "ab", true),
    (r"[&&~~||]", "", "&", true),
    (r"\<b\>", "", "<b>", true),
];

#[test]
fn linear_patterns_mean_what_they_mean_in_perl() {
    for (source, flags, text, found) in PERL {
        let pattern = Pattern::parse(source, flags).unwrap_or_else(|refusal| panic!("/{source}/: {refusal}"));
        assert_eq!(hits(pattern, text.as_bytes()), found, "/{source}/{flags} on {text:?}");
    }
}

/// Pattern, flags, text, whether Perl finds it; none of these is linear.
const BOUNDED: [(&str, &str, &str, bool); 13] = [
    (r"(?>a|ab)c", "", "abc", false),
    (r"a++ab", "", "aaab", false),
    (r"^\s*$", "m", "foo\n", false),
    (r"^\s*$", "m", "foo\n\n", true),
    (r"abc(?:-|$)\n", "", "abc\n", true),
    (r"(a|b)x\1", "", "axbxb", true),
    (r"(?i)(a|b)x\g{-1}", "", "axA", true),
    (r"(?<q>['x])y\k<q>", "", "'y'", true),
    (r"foo(?=bar)", "", "foobaz foobar", true),
    (r"(?!viagra)v[i1]agra", "", "viagra", false),
    (r"(?!viagra)v[i1]agra", "", "v1agra", true),
    (r"(?<!\d)1", "", "11", true),
    (r"(?<=\xe9)a", "", "\u{e9}a", false),
];

#[test]
fn bounded_patterns_mean_what_they_mean_in_perl() {
    for (source, flags, text, found) in BOUNDED {
        assert!(Pattern::parse(source, flags).is_err(), "/{source}/");
        let pattern = Pattern::bounded(source, flags).unwrap_or_else(|refusal| panic!("/{source}/: {refusal}"));
        assert!(pattern.is_bounded());
        assert_eq!(hits(pattern, text.as_bytes()), found, "/{source}/{flags} on {text:?}");
    }
}

#[test]
fn letters_beyond_ascii_are_whole() {
    for (source, flags, text, found) in [
        ("\u{fc}ber", "i", "\u{dc}BER", true),
        ("\u{fc}ber", "", "\u{dc}ber", false),
        ("^[\u{e4}\u{f6}]$", "", "\u{f6}", true),
        ("^[\u{e4}\u{f6}]$", "i", "\u{d6}", true),
        ("^[^\u{e4}]$", "", "\u{f6}", true),
        ("^[^\u{e4}]$", "", "\u{e4}", false),
        ("[^\u{e4}]", "", "\u{e4}", false),
        ("^\u{e4}{2}$", "", "\u{e4}\u{e4}", true),
        ("^[\u{430}-\u{44f}]+$", "i", "\u{41f}\u{440}\u{438}", true),
        ("^\\x{20ac}$", "", "\u{20ac}", true),
    ] {
        let pattern = Pattern::parse(source, flags).unwrap();
        assert_eq!(hits(pattern, text.as_bytes()), found, "/{source}/{flags} on {text:?}");
    }
    assert!(hits(Pattern::literal("Stra\u{df}e.", true), "STRA\u{df}E.".as_bytes()));
    assert!(!hits(Pattern::literal("a.", false), b"ab"));
}

#[test]
fn refusals_say_where_and_why() {
    for (source, at, word) in [
        ("ab(?=c)d", 2, "look-ahead"),
        ("(a)b\\1", 4, "backreference"),
        ("a(b", 1, "does not end"),
        ("a)b", 1, "without its"),
        ("ab[c", 2, "class"),
        ("a\\Kb", 1, "\\K"),
        ("a\\p{L}", 1, "properties"),
        ("+a", 0, "nothing to repeat"),
        ("a**", 2, "two quantifiers"),
        ("a{3,1}", 1, "below"),
        ("[z-a]", 1, "range"),
        ("a(?R)", 1, "recursion"),
        ("a(*SKIP)b", 1, "verbs"),
        ("\\2(a)", 0, "not there"),
        ("((a{1000}){1000}){1000}", 0, "places"),
        ("a\\", 1, "backslash"),
    ] {
        let refusal = Pattern::parse(source, "").unwrap_err();
        assert!(refusal.what.contains(word), "/{source}/: {refusal}");
        assert_eq!(refusal.at, at, "/{source}/: {refusal}");
    }
    assert!(Pattern::parse(&"(".repeat(5000), "").is_err());
    assert!(Pattern::parse("a", "g").is_err());
}
