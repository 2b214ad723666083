//! Sentences about matchers: whatever is searched for together is found as if it was searched for alone.

use super::{whole::Whole, *};

/// Small numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    fn pattern(&mut self, depth: usize) -> String {
        const ATOMS: [&str; 22] = [
            "a", "b", "c", "ab", "abc", "bca", "cab", "[ab]", "[^a]", ".", "\\b", "\\B", "\\w", "\\W", "^", "$", "\\z",
            " ", "\\s", "A", "[A-C]", "(?!\\w)",
        ];
        let mut text = String::new();
        for _ in 0..=self.roll(4) {
            let atom = match self.roll(7) {
                0 if depth > 0 => format!("(?:{}|{})", self.pattern(depth - 1), self.pattern(depth - 1)),
                1 if depth > 0 => format!("({})", self.pattern(depth - 1)),
                _ => self.pick(&ATOMS).to_owned(),
            };
            let repeat = self.pick(&["", "", "", "", "", "?", "*", "+", "{2}", "{1,3}", "{0,5}", "+?", "{3,}"]);
            let repeat = if atom.starts_with(['^', '$']) { "" } else { repeat };
            text.extend(["(?:", &atom, ")", repeat]);
        }
        text
    }

    fn text(&mut self) -> String {
        (0..self.roll(40))
            .map(|_| self.pick(&["a", "b", "c", "a", "b", "c", " ", "A", "-", "\n", "abc", "cab"]))
            .collect()
    }
}

fn is_found(whole: &Whole, hay: &Haystack) -> bool {
    hay.segments()
        .any(|segment| whole.is_candidate(segment) && whole.is_confirmed_in(segment, 0..segment.len()) == Ok(true))
}

fn compare(patterns: Vec<Pattern>, dice: &mut Dice, texts: usize) -> usize {
    let wholes: Vec<Whole> = patterns.iter().cloned().map(Whole::new).collect();
    let matcher = Matcher::new(patterns);
    let (mut hits, mut count) = (Hits::new(), 0);
    for _ in 0..texts {
        let mut hay = Haystack::new();
        for _ in 0..dice.roll(4) {
            hay.push(dice.text().as_bytes());
        }
        matcher.scan(&hay, &mut hits);
        for (index, whole) in wholes.iter().enumerate() {
            let (together, alone) = (hits.contains(index), is_found(whole, &hay));
            assert_eq!(together, alone, "/{}/ in {hay:?}", whole.pattern.source());
            assert_eq!(matcher.find(index, &hay).is_some(), alone, "/{}/ in {hay:?}", whole.pattern.source());
        }
        count += hits.iter().count();
    }
    count
}

#[test]
fn together_is_as_alone_for_any_patterns_and_texts() {
    let mut dice = Dice(7);
    let mut count = 0;
    for _ in 0..40 {
        let mut patterns = Vec::new();
        while patterns.len() < 40 {
            let flags = dice.pick(&["", "i", "s", "m", "im"]);
            patterns.extend(Pattern::parse(&dice.pattern(3), flags));
        }
        count += compare(patterns, &mut dice, 20);
    }
    assert!(count > 5_000, "{count} hits test nothing");
}

#[test]
fn together_is_as_alone_for_bounded_patterns() {
    let mut dice = Dice(11);
    let mut patterns = Vec::new();
    while patterns.len() < 120 {
        let (one, other) = (dice.pattern(1), dice.pattern(1));
        let around = dice.pick(&["(?=", "(?!", "(?<=", "(?<!", "(?>"]);
        let source = format!("{one}{around}{}){other}", dice.pick(&["a", "ab", "b?c", "[ab]c"]));
        let pattern = Pattern::bounded(&source, "i").unwrap();
        if pattern.prepare().is_ok() {
            patterns.push(pattern);
        }
    }
    let bounded = patterns.iter().filter(|pattern| pattern.is_bounded()).count();
    assert!(bounded > 60, "{bounded} bounded patterns");
    assert!(compare(patterns, &mut dice, 60) > 500);
}

#[test]
fn together_is_as_alone_for_patterns_that_refer_back() {
    let mut dice = Dice(13);
    let mut patterns = Vec::new();
    while patterns.len() < 160 {
        // No groups: the backtracking engine misses matches where a repeated group can be empty.
        let (before, between) = (dice.pattern(0), dice.pattern(0));
        let behind = dice.pick(&["", "", "b", ".*c", "(?=[^a])", "$"]);
        let kept = dice.pick(&["[abc]+", "\\w", "[^ ]{1,3}", "a|bc?", "(?>[ab]*)", "(?>\\w?)b?", ".*", "(?!b)\\w+"]);
        let again = dice.pick(&["", "?", "{2}", "?$", "*^"]);
        let source = format!("{before}({kept}){between}(?:\\1){again}{behind}");
        let flags = dice.pick(&["", "m", "is", "ims"]);
        let pattern = Pattern::bounded(&source, flags).unwrap();
        if pattern.prepare().is_ok() {
            patterns.push(pattern);
        }
    }
    let in_pieces = patterns.iter().filter(|pattern| pattern.flow().is_some()).count();
    assert!(in_pieces > 120, "{in_pieces} patterns in pieces");
    let hits = compare(patterns, &mut dice, 100);
    assert!(hits > 500, "{hits} hits test nothing");
}

/// Rare letters with anything around them, and branches with gaps between such.
fn with_gaps(dice: &mut Dice) -> String {
    const ATOMS: [&str; 24] = [
        "zq",
        "xq",
        "qz",
        "x",
        "z",
        "q",
        "[xz]",
        "[^a]",
        ".",
        "\\b",
        "\\B",
        "\\w",
        "\\W",
        " ",
        "\\s",
        "zx?q",
        "(?:zz|q)x",
        "qq+",
        "^",
        "$",
        "abc",
        "[a-z]",
        "[^.]",
        "-",
    ];
    const TIMES: [&str; 14] = ["", "", "", "", "", "?", "*", "+", "{2}", "{1,3}", "{0,14}", "{3,20}", "{12,}", "+?"];
    const GAPS: [&str; 8] = [
        "[^.]{0,12}",
        "[^ ]{2,15}",
        ".{0,20}",
        "[^a-c]{13}",
        "[^q]{1,40}?",
        "\\W{0,12}",
        "[a-z]{0,30}",
        "[^\\n]{0,100}",
    ];
    fn piece(dice: &mut Dice, depth: usize) -> String {
        let mut text = String::new();
        for _ in 0..=dice.roll(3) {
            let atom = match dice.roll(4) {
                0 if depth > 0 => format!("(?:{}|{})", piece(dice, depth - 1), piece(dice, depth - 1)),
                _ => dice.pick(&ATOMS).to_owned(),
            };
            let times = if atom.starts_with(['^', '$']) || atom.starts_with("\\b") { "" } else { dice.pick(&TIMES) };
            text.extend(["(?:", &atom, ")", times]);
        }
        text
    }
    let mut branches = Vec::new();
    for _ in 0..=dice.roll(3) {
        let mut branch = piece(dice, 1);
        for _ in 0..dice.roll(4) {
            branch.push_str(dice.pick(&GAPS));
            branch.push_str(&piece(dice, 1));
        }
        branches.push(branch);
    }
    branches.join("|")
}

#[test]
fn together_is_as_alone_for_patterns_with_gaps() {
    const PIECES: [&str; 16] = ["q", "x", "z", "a", "b", "c", ".", "-", " ", "\n", "Z", "Q", "1", "zq", "xq", "\u{e4}"];
    let (mut dice, mut count) = (Dice(19), 0);
    for _ in 0..40 {
        let mut patterns = Vec::new();
        while patterns.len() < 20 {
            let flags = dice.pick(&["", "i", "s", "m", "im"]);
            patterns.extend(Pattern::parse(&with_gaps(&mut dice), flags));
        }
        let wholes: Vec<Whole> = patterns.iter().cloned().map(Whole::new).collect();
        let (matcher, mut hits) = (Matcher::new(patterns), Hits::new());
        for _ in 0..10 {
            let mut hay = Haystack::new();
            for _ in 0..dice.roll(4) {
                let text: String = (0..dice.roll(100)).map(|_| dice.pick(&PIECES)).collect();
                hay.push(text.as_bytes());
            }
            matcher.scan(&hay, &mut hits);
            for (index, whole) in wholes.iter().enumerate() {
                assert_eq!(hits.contains(index), is_found(whole, &hay), "/{}/ in {hay:?}", whole.pattern.source());
            }
            count += hits.iter().count();
        }
    }
    assert!(count > 800, "{count} hits test nothing");
}

#[test]
fn together_is_as_alone_for_crowds_side_by_side() {
    let (mut dice, mut count) = (Dice(17), 0);
    for wanted in 1..=9 {
        let wide =
            |number| format!("{}[a-z]{{{},}}{}", ["", "\\b"][number % 2], 13 + number, ["", "$", "\\B"][number % 3]);
        let patterns: Vec<Pattern> =
            (0..wanted).map(wide).map(|source| Pattern::parse(&source, "i").unwrap()).collect();
        let crowds = Matcher::new(patterns.clone()).figures().crowds;
        assert_eq!(crowds, wanted);
        count += compare(patterns, &mut dice, 60);
    }
    assert!(count > 400, "{count} hits test nothing");
}

#[test]
fn what_stands_first_is_told_whole() {
    let cases = [
        ("(?:\\Bq{0,14}(?:zz|q)x|\\W)+-", "xqx-"),
        ("[^a]{0,14}\\b|zq$(?:[a-z]){3}", "z"),
        (" x{0,3}(?:ab|c)de?|\\W", " cd"),
        ("(?:zx?q)?^|$zq-", ""),
    ];
    for others in [&[][..], &["\\s{3,20}", "[^ ]{2,15}[^b]{9}"]] {
        for (source, text) in cases {
            let sources = others.iter().chain([&source]);
            let matcher = Matcher::new(sources.map(|source| Pattern::parse(source, "").unwrap()).collect());
            let (mut hay, mut hits) = (Haystack::new(), Hits::new());
            hay.push(text.as_bytes());
            matcher.scan(&hay, &mut hits);
            assert!(hits.contains(others.len()), "/{source}/ in {text:?} beside {others:?}");
        }
    }
}

#[test]
fn a_pattern_never_matches_across_segments() {
    let patterns: Vec<Pattern> =
        ["foo.?bar", "o\\z", "^bar", "foo\\s*bar", "r\\b"].map(|source| Pattern::parse(source, "s").unwrap()).into();
    let mut hay = Haystack::new();
    hay.push(b"foo");
    hay.push(b"bar");
    let mut hits = Hits::new();
    Matcher::new(patterns).scan(&hay, &mut hits);
    assert_eq!(hits.iter().collect::<Vec<_>>(), [1, 2, 4]);
}

#[test]
fn matches_are_found_and_counted_where_perl_has_them() {
    let patterns: Vec<Pattern> =
        ["a*", "aa", "[bc]+?", "(?i)\u{fc}"].map(|source| Pattern::parse(source, "").unwrap()).into();
    let matcher = Matcher::new(patterns);
    let mut hay = Haystack::new();
    hay.push(b"baaac");
    hay.push("xaaaa\u{dc}".as_bytes());
    assert_eq!(matcher.count(0, &hay, 4), 4);
    assert_eq!(matcher.count(1, &hay, 10), 3);
    assert_eq!(matcher.count(2, &hay, 10), 2);
    assert_eq!(matcher.find(1, &hay), Some((0, 1..3)));
    assert_eq!(matcher.find(3, &hay), Some((1, 5..7)));
    assert_eq!(matcher.find(9, &hay), None);
}

#[test]
fn steps_are_bounded_whatever_the_text() {
    let sources = ["a.*a.*a.*b", "(?:a+)+b", "a.{0,200}a.{0,200}b", "[a-z]{1,50}a[a-z]{1,50}1", "aa[^b]*(?:a[^b]*)*b"];
    let patterns: Vec<Pattern> = sources.map(|source| Pattern::parse(source, "").unwrap()).into();
    let matcher = Matcher::new(patterns);
    let (mut hay, mut hits) = (Haystack::new(), Hits::new());
    hay.push(&b"a".repeat(100_000));
    matcher.scan(&hay, &mut hits);
    assert_eq!(hits.iter().count(), 0);
    hay.push(b"aaab");
    matcher.scan(&hay, &mut hits);
    assert_eq!(hits.iter().collect::<Vec<_>>(), [0, 1, 2, 4]);
}

#[test]
fn a_bounded_pattern_that_takes_too_many_steps_says_so() {
    let in_pieces = Pattern::bounded("(?:(a|aa)+)+(?=d)\\1x", "").unwrap();
    let pattern = Pattern::bounded("(?:(a|aa)+)+(?=d)\\1(?>x|xy)z", "").unwrap();
    assert!(in_pieces.flow().is_some() && pattern.flow().is_none());
    let matcher = Matcher::new(vec![pattern, in_pieces]);
    let (mut hay, mut hits) = (Haystack::new(), Hits::new());
    hay.push(&[&b"a".repeat(60)[..], b"d xz"].concat());
    matcher.scan(&hay, &mut hits);
    assert_eq!((hits.contains(0), hits.exhausted()), (false, [0].as_slice()));
}
