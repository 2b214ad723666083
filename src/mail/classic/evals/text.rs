//! Facts about rendered text.
//!
//! Pure.

use super::{Arguments, Run, run};
use crate::mail::classic::{
    Classic,
    expression::Expression,
    wide::{Wide, is_blank},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// How the words of the alternatives of a mail differ.
#[derive(Debug, Default)]
pub struct AlternativeFacts {
    /// Percentage of the words of a page that its plain text does not have.
    difference: f64,
    html_words: f64,
    text_words: f64,
}

/// The functions about text.
pub fn resolve(name: &str, args: &Arguments<'_>) -> Option<Run> {
    let (min, max) = (args.number(0).unwrap_or(0.0), args.bound(1));
    Some(match name {
        "multipart_alternative_difference" => run(move |classic| {
            let difference = alternatives(classic).difference;
            (min == 0.0 || difference > min) && max.is_none_or(|max| difference <= max)
        }),
        "multipart_alternative_difference_count" => {
            let least = args.number(1)?;
            run(move |classic| {
                let facts = alternatives(classic);
                facts.html_words > least && facts.text_words / facts.html_words > min
            })
        }
        "check_blank_line_ratio" => {
            let (max, least) = (args.number(1)?, args.number(2).unwrap_or(1.0).max(1.0));
            run(move |classic| {
                let ratio = blank_lines(classic, least);
                ratio <= max && (min == 0.0 || ratio > min)
            })
        }
        "tvd_vertical_words" => {
            let max = args.number(1)?;
            let max = if max >= 100.0 { 101.0 } else { max };
            run(move |classic| {
                let percent = spaces(classic);
                percent >= min && percent < max
            })
        }
        "check_stock_info" => run(move |classic| min == 0.0 || stock_words(classic) >= min),
        "check_body_length" => run(move |classic| length(classic.tree().pristine_body.len()) <= min),
        "check_uri_truncated" => run(Classic::uri_truncated),
        "plaintext_body_length" => signature(min, max, |body, _| Some(body)),
        "plaintext_sig_length" => signature(min, max, |_, signature| Some(signature)),
        "plaintext_body_sig_ratio" => signature(min, Some(max.unwrap_or(1e6)), |body, signature| {
            Some(if signature > 0.0 { body / signature } else { 1e6 })
        }),
        _ => return None,
    })
}

#[allow(clippy::cast_precision_loss, reason = "lengths of a mail are small")]
fn length(count: usize) -> f64 {
    count as f64
}

fn alternatives(classic: &Classic) -> &AlternativeFacts {
    classic.facts().alternatives.get_or_init(|| AlternativeFacts::of(classic))
}

/// Words of a text that hold a letter or digit, with how often they stand there.
fn words(text: &Wide) -> BTreeMap<&str, usize> {
    let mut found = BTreeMap::new();
    let is_word =
        |letter: char| letter == '_' || letter.is_ascii_alphanumeric() || (text.decoded && letter.is_alphanumeric());
    for word in text.text.split(|letter| text.is_space(letter)).filter(|word| word.contains(is_word)) {
        *found.entry(word).or_insert(0) += 1;
    }
    found
}

impl AlternativeFacts {
    fn of(classic: &Classic) -> Self {
        let mut facts = Self::default();
        let tree = classic.tree();
        let kind = |index: usize| tree.nodes.get(index).map(|node| node.kind.as_slice()).unwrap_or_default();
        let all = tree.below(0);
        let alternatives: Vec<usize> =
            all.iter().copied().filter(|index| kind(*index).starts_with(b"multipart/alternative")).collect();
        // A meeting request of Exchange has a page and a calendar.
        let kinds: Vec<&[u8]> = all.iter().map(|index| kind(*index)).collect();
        if kinds == [&b"multipart/alternative"[..], b"text/html", b"text/calendar"] {
            return facts;
        }
        for alternative in alternatives {
            facts.compare(classic, &tree.below(alternative));
        }
        facts
    }

    fn compare(&mut self, classic: &Classic, below: &[usize]) {
        let (mut html, mut text) = (BTreeMap::new(), BTreeMap::new());
        for index in below {
            let is_text = classic.tree().nodes.get(*index).is_some_and(|node| node.kind.starts_with(b"text"));
            let Some(part) = classic.rendered().get(*index).and_then(Option::as_ref).filter(|_| is_text) else {
                continue;
            };
            let into = if part.is_page { &mut html } else { &mut text };
            for (word, count) in words(&part.text) {
                *into.entry(word).or_insert(0) += count;
            }
            if part.is_page && html.is_empty() && part.page.as_ref().is_some_and(|page| page.inside.contains_key("img"))
            {
                html.insert("\n", 1);
            }
        }
        if html.is_empty() {
            return;
        }
        let left = html.iter().filter(|(word, count)| text.get(*word).is_none_or(|other| *count > other)).count();
        self.html_words = length(html.len());
        self.text_words = length(text.len());
        self.difference = self.difference.max(length(left) / length(html.len()) * 100.0);
    }
}

/// Percentage of blank lines; -1 where there are too few lines.
fn blank_lines(classic: &Classic, least: f64) -> f64 {
    let lines = classic.rawbody().iter().flat_map(|chunk| chunk.split_inclusive(|octet| *octet == b'\n'));
    let (mut all, mut blank) = (0, 0);
    for line in lines {
        all += 1;
        blank += usize::from(line.iter().all(is_blank));
    }
    if length(all) < least { -1.0 } else { 100.0 * length(blank) / length(all) }
}

/// The largest percentage of spaces to other octets in a paragraph.
fn spaces(classic: &Classic) -> f64 {
    let percents = classic.body().iter().filter(|line| line.len() > 5).map(|line| {
        let spaces = memchr::memchr_iter(b' ', line).count();
        let others = line.len() - spaces;
        if spaces > others || others == 0 { 100.0 } else { length(100 * spaces / others) }
    });
    percents.fold(-1.0, f64::max)
}

/// How many of the words stand at line starts that praise shares.
fn stock_words(classic: &Classic) -> f64 {
    static LABEL: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?m)^\s*([^:\s][^:\n]{2,29})\s*:\s*\S"));
    static WORD: LazyLock<Expression> = LazyLock::new(|| {
        Expression::new(concat!(
            r"(^trad(?:e|ing)date|company(?:name)?|s\w?(?:t\w?o\w?c\w?k|y\w?m(?:\w?b\w?o\w?l)?)|t(?:arget|icker)|",
            r"(?:opening|current)p(?:rice)?|p(?:rojected|osition)|expectations|weeks?high|marketperformance|",
            r"(?:year|week|month|day|price)(?:target|estimates?)|sector|r(?:ecommendation|ating))\z"
        ))
    });
    let tree = classic.tree();
    let is_plain = |index: &usize| tree.nodes.get(*index).is_some_and(|node| node.kind == b"text/plain");
    let Some(index) = tree.below(0).into_iter().find(is_plain) else { return 0.0 };
    let Some(part) = classic.rendered().get(index).and_then(Option::as_ref) else { return 0.0 };
    let text = part.text.text.as_bytes();
    let mut hits = BTreeSet::new();
    let mut at = 0;
    while let Some(found) = LABEL.groups(text, at) {
        at = found.end().max(at + 1);
        let letters: Vec<u8> =
            found.get(1).unwrap_or_default().to_ascii_lowercase().into_iter().filter(u8::is_ascii_lowercase).collect();
        if let Some(word) = WORD.groups(&letters, 0).and_then(|word| word.get(1).map(<[u8]>::to_vec)) {
            hits.insert(word);
        }
    }
    length(hits.len())
}

/// Lengths of the first plain text before and behind its signature mark.
fn signature(min: f64, max: Option<f64>, pick: impl Fn(f64, f64) -> Option<f64> + Send + Sync + 'static) -> Run {
    static MARK: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?m)^-- ?\r?$"));
    run(move |classic| {
        let Some(part) = classic.tree().parts().into_iter().find(|part| part.kind.starts_with(b"text/plain")) else {
            return false;
        };
        if !part.is_leaf() {
            return false;
        }
        let text = part.decoded();
        let (mut body, mut behind) = (length(text.len()), 0.0);
        let mut at = 0;
        while let Some(found) = MARK.find(text, at) {
            at = found.end.max(found.start + 1);
            // A mark with nothing behind is none.
            if text.len() - found.end > 4 {
                body = length(found.start);
                behind = length(text.len() - found.end);
            }
        }
        pick(body, behind).is_some_and(|value| value >= min && max.is_none_or(|max| value <= max))
    })
}
