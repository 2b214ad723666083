//! Pages that carry files: data URIs, and data in scripts that becomes a file in the reader's browser.
//!
//! Pure. Runs nothing: looks for data that is long enough, and takes it where it decodes to a file.

use super::{
    budget::Budget,
    coded,
    contents::{Contents, Member},
    octets::{find_any_case, holds},
};
use crate::mail::filetype;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::{collections::BTreeSet, sync::LazyLock};

/// Marks of a page, and what is looked for.
const MARKS: &[(&[u8], &str)] = &[
    (b"<script", "script"),
    (b"javascript:", "script"),
    (b"onload=", "script"),
    (b"onerror=", "script"),
    (b"<form", "form"),
    (b"type=\"password\"", "password_form"),
    (b"type='password'", "password_form"),
    (b"type=password", "password_form"),
    (b"http-equiv=\"refresh", "redirect"),
    (b"http-equiv='refresh", "redirect"),
    (b"http-equiv=refresh", "redirect"),
    (b"<iframe", "frame"),
];

/// Opens a page.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    contents.traits.extend(marks(bytes));
    data_uris(bytes, &mut contents, budget);
    if contents.traits.contains("script") {
        script(bytes, &mut contents, budget);
    }
    contents
}

/// The words for the marks that a page has, found in one pass over it.
fn marks(bytes: &[u8]) -> BTreeSet<&'static str> {
    static ALL: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let marks = MARKS.iter().map(|(mark, _)| mark);
        AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(marks).ok()
    });
    let found = ALL.iter().flat_map(|all| all.find_overlapping_iter(bytes));
    found.filter_map(|found| MARKS.get(found.pattern().as_usize())).map(|(_, word)| *word).collect()
}

/// Files that stand in the page as RFC 2397 writes them.
fn data_uris(bytes: &[u8], contents: &mut Contents, budget: &mut Budget) {
    let mut from = 0;
    let mut found = 0;
    while let Some(at) = find_any_case(bytes, from, b"data:") {
        from = at + 5;
        let rest = bytes.get(from..).unwrap_or_default();
        let Some(comma) = rest.iter().take(HEAD_BYTES_MAX).position(|octet| *octet == b',') else { continue };
        let head = String::from_utf8_lossy(rest.get(..comma).unwrap_or_default()).to_ascii_lowercase();
        if head.contains(['"', '<', '>', '\n', '{'])
            || !head.contains('/') && !head.is_empty() && !head.starts_with(';')
        {
            continue;
        }
        let data = rest.get(comma + 1..).unwrap_or_default();
        let end = data.iter().position(|octet| matches!(octet, b'"' | b'\'' | b'<' | b'>' | b')' | b'`' | b' '));
        let data = data.get(..end.unwrap_or(data.len())).unwrap_or_default();
        from += comma + 1 + data.len();
        let plain = unescaped(data);
        let octets = if head.contains("base64") { coded::base64(&plain) } else { plain };
        if octets.len() < DATA_BYTES_MIN || FONTS.iter().any(|font| head.contains(font)) {
            continue;
        }
        let is_picture =
            filetype::detect(&octets).starts_with("image/") && filetype::detect(&octets) != "image/svg+xml";
        if !is_picture && !head.starts_with("text/css") {
            contents.traits.insert("smuggling");
        }
        found += 1;
        if !blob(&octets, contents, budget) || found >= BLOBS_MAX {
            return;
        }
    }
}

/// Data in scripts: base64, hex digits, percent signs, lists of numbers.
fn script(bytes: &[u8], contents: &mut Contents, budget: &mut Budget) {
    let joined = joined(bytes);
    let is_built =
        [&b"atob"[..], b"createobjecturl", b"new blob", b"mssave", b".download", b"uint8array", b"fromcharcode"]
            .iter()
            .any(|mark| holds(&joined, mark));
    let mut found = 0;
    for run in runs(&joined) {
        let octets = match run {
            Run::Base64(text) => coded::base64(text),
            Run::Hex(text) => coded::hex(text),
            Run::Escaped(text) => unescaped(text),
            Run::Numbers(octets) => octets,
        };
        let kind = filetype::detect(&octets);
        let is_file =
            !kind.is_empty() && kind != "text/plain" && !kind.starts_with("image/") && !kind.starts_with("font");
        let is_taken = is_file || (kind == "text/plain" && is_built);
        if !is_taken {
            continue;
        }
        contents.traits.insert("smuggling");
        found += 1;
        if !blob(&octets, contents, budget) || found >= BLOBS_MAX {
            return;
        }
    }
}

fn blob(octets: &[u8], contents: &mut Contents, budget: &mut Budget) -> bool {
    let output = budget.copy(octets);
    contents.push(Member { bytes: output.bytes, skipped: output.cut, ..Member::default() }, budget)
}

/// A piece of a script that is data.
enum Run<'a> {
    Base64(&'a [u8]),
    Hex(&'a [u8]),
    Escaped(&'a [u8]),
    Numbers(Vec<u8>),
}

/// Text with the seams of joined strings taken out: `"ab" + "cd"` is `"abcd"`.
fn joined(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(octet) = bytes.get(at) {
        if matches!(octet, b'"' | b'\'' | b'`') {
            let seam = bytes.get(at + 1..).unwrap_or_default();
            let blanks = |text: &[u8]| text.iter().take_while(|mark| mark.is_ascii_whitespace()).count();
            let first = blanks(seam);
            if matches!(seam.get(first), Some(b'+' | b',')) {
                let second = first + 1 + blanks(seam.get(first + 1..).unwrap_or_default());
                if seam.get(second) == Some(octet) {
                    at += second + 2;
                    continue;
                }
            }
        }
        text.push(*octet);
        at += 1;
    }
    text
}

/// Runs of one alphabet that are long enough to be data.
fn runs(text: &[u8]) -> Vec<Run<'_>> {
    let mut found = Vec::new();
    let is_symbol = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=' | b'-' | b'_');
    for run in text.split(|octet| !is_symbol(octet)).filter(|run| run.len() >= RUN_BYTES_MIN) {
        let is_hex = run.iter().all(u8::is_ascii_hexdigit);
        found.push(if is_hex { Run::Hex(run) } else { Run::Base64(run) });
        if found.len() >= RUNS_MAX {
            break;
        }
    }
    let is_escape = |octet: &u8| {
        octet.is_ascii_alphanumeric() || matches!(octet, b'%' | b'\\' | b'-' | b'_' | b'.' | b'~' | b'*' | b'!')
    };
    for run in text.split(|octet| !is_escape(octet)).filter(|run| run.len() >= RUN_BYTES_MIN) {
        let signs = run.iter().filter(|octet| matches!(octet, b'%' | b'\\')).count();
        if signs * 6 > run.len() && found.len() < RUNS_MAX {
            found.push(Run::Escaped(run));
        }
    }
    let is_listed = |octet: &u8| octet.is_ascii_digit() || matches!(octet, b',' | b' ' | b'\n' | b'\r' | b'\t');
    for run in text.split(|octet| !is_listed(octet)).filter(|run| run.len() >= RUN_BYTES_MIN) {
        let numbers: Option<Vec<u8>> = run
            .split(|octet| *octet == b',')
            .map(|number| std::str::from_utf8(number.trim_ascii()).ok()?.parse().ok())
            .collect();
        if let Some(numbers) = numbers.filter(|_| found.len() < RUNS_MAX) {
            found.push(Run::Numbers(numbers));
        }
    }
    found
}

/// Undoes `%41`, `%u0041`, `\x41` and `\u0041`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    let digits = |from: usize, count: usize| {
        let digits = text.get(from..from + count).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    while let Some(octet) = text.get(at) {
        let wide = matches!((octet, text.get(at + 1)), (b'%' | b'\\', Some(b'u'))).then(|| digits(at + 2, 4)).flatten();
        let narrow = match (octet, text.get(at + 1)) {
            (b'%', _) => digits(at + 1, 2).map(|code| (code, 3)),
            (b'\\', Some(b'x')) => digits(at + 2, 2).map(|code| (code, 4)),
            _ => None,
        };
        if let Some(mark) = wide.and_then(char::from_u32) {
            let mut buffer = [0; 4];
            plain.extend_from_slice(mark.encode_utf8(&mut buffer).as_bytes());
            at += 6;
        } else if let Some((code, length)) = narrow {
            plain.extend(u8::try_from(code));
            at += length;
        } else {
            plain.push(*octet);
            at += 1;
        }
    }
    plain
}

/// Types that only style a page.
const FONTS: &[&str] = &["font", "text/css", "octet-stream;charset=utf-8;base64,d09g"];
const HEAD_BYTES_MAX: usize = 200;
/// Octets below which a data URI holds nothing.
const DATA_BYTES_MIN: usize = 24;
/// Letters that a run of data has at least.
const RUN_BYTES_MIN: usize = 64;
const RUNS_MAX: usize = 500;
const BLOBS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_becomes_files() {
        let zip = "UEsDBBQAAAAIAAAAAABQP/L0TwcAAAAFAAAACgAAAGEuZXhlXy5qcGdLKc3NrQQAUEsBAhQDFAAAAAgA";
        for page in [
            format!("<script>var a = atob('{zip}');</script>"),
            format!("<script>var a = '{}' +\n '{}';</script>", &zip[..30], &zip[30..]),
            format!("<a href=\"data:application/zip;base64,{zip}\">x</a>"),
            format!(
                "<script>[{}]</script>",
                coded::base64(zip.as_bytes())
                    .iter()
                    .map(|octet| format!("{octet}, "))
                    .collect::<String>()
                    .trim_end_matches(", ")
            ),
        ] {
            let contents = open(page.as_bytes(), &mut Budget::default());
            assert!(contents.traits.contains("smuggling"), "{page}");
            assert!(contents.members[0].bytes.starts_with(b"PK\x03\x04"), "{page}");
        }
        let harmless = open(b"<p>data: nothing, really</p><script>let x = 1;</script>", &mut Budget::default());
        assert!(harmless.members.is_empty() && !harmless.traits.contains("smuggling"));
    }
}
