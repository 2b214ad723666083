//! Patterns of rules: any pattern over any text.
//!
//! 1. Reading a pattern ends, and refuses at a place inside of it.
//! 2. What a matcher finds is what each pattern finds alone; where it finds something, it can say where, and count it.
//! 3. A pattern that is linear is never out of steps.
//!
//! The input's first line is flags, the second and third are patterns; the rest is text, a line a segment.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::judge::rules::{
    pattern::Pattern,
    scan::{Haystack, Hits, Matcher},
};

fn read(source: &str, flags: &str) -> Option<Pattern> {
    match Pattern::bounded(source, flags) {
        Ok(pattern) => {
            assert_eq!(Pattern::parse(source, flags).is_ok(), !pattern.is_bounded());
            assert_eq!(pattern.source(), source);
            Some(pattern)
        }
        Err(refusal) => {
            assert!(refusal.at <= source.len() && !refusal.what.is_empty());
            assert!(Pattern::parse(source, flags).is_err());
            None
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(4, |octet| *octet == b'\n');
    let mut text = || String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (flags, one, other) = (text(), text(), text());
    let mut hay = Haystack::new();
    for segment in lines.next().unwrap_or_default().split(|octet| *octet == b'\n').take(20) {
        hay.push(segment);
    }
    let patterns: Vec<Pattern> = [one, other].iter().filter_map(|source| read(source, &flags)).collect();
    let together = Matcher::new(patterns.clone());
    let mut hits = Hits::new();
    together.scan(&hay, &mut hits);
    for (index, pattern) in patterns.iter().enumerate() {
        let mut own = Hits::new();
        Matcher::new(vec![pattern.clone()]).scan(&hay, &mut own);
        assert_eq!(hits.contains(index), own.contains(0), "/{}/", pattern.source());
        assert_eq!(hits.exhausted().contains(&index), own.exhausted().contains(&0));
        if !pattern.is_bounded() {
            assert!(!own.exhausted().contains(&0));
            assert_eq!(together.find(index, &hay).is_some(), hits.contains(index), "/{}/", pattern.source());
            assert_eq!(together.count(index, &hay, 3) > 0, hits.contains(index), "/{}/", pattern.source());
        }
    }
});
