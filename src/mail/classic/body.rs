//! The arrays of text that `body` and `rawbody` rules are run on.
//!
//! Pure.

use super::{
    characters,
    lines::LINE_BYTES_MAX,
    node::{Node, Tree},
    page::Page,
    wide::Wide,
};
use crate::limits;

/// The text of one leaf, and the page it came from.
#[derive(Debug)]
pub struct Rendered {
    pub text: Wide,
    /// It is HTML, if maybe without content.
    pub is_page: bool,
    pub page: Option<Page>,
}

/// Renders a leaf; `None` if it is no text that SpamAssassin reads.
#[must_use]
pub fn render(leaf: &Node) -> Option<Rendered> {
    let kind = leaf.effective_kind();
    if kind != b"text/plain" && kind != b"text/html" {
        return None;
    }
    let octets = leaf.decoded();
    let source = characters::body(octets, leaf.charset.as_deref().unwrap_or(b"us-ascii"));
    if kind == b"text/plain" || octets.is_empty() {
        return Some(Rendered { text: source, is_page: kind == b"text/html", page: None });
    }
    let mut page = Page::render(&source, octets.len());
    Some(Rendered { text: std::mem::take(&mut page.text), is_page: true, page: Some(page) })
}

/// Renders every leaf; what is no leaf or no text has nothing in its place.
#[must_use]
pub fn render_all(tree: &Tree) -> Vec<Option<Rendered>> {
    let mut left = limits::TEXT_BYTES_MAX;
    let mut all: Vec<Option<Rendered>> = Vec::new();
    all.resize_with(tree.nodes.len(), || None);
    for index in tree.below(0) {
        let Some(node) = tree.nodes.get(index).filter(|node| node.is_leaf()) else { continue };
        // What is beyond the limit is not looked at; the coverage account of the message says so already.
        if matches!(node.effective_kind(), b"text/plain" | b"text/html") {
            let size = node.decoded().len();
            if size <= left
                && let Some(place) = all.get_mut(index)
            {
                *place = render(node);
            }
            left = left.saturating_sub(size);
        }
    }
    all
}

/// The paragraphs of `body`: the Subject first, then the text of all leaves with white space squeezed.
#[must_use]
pub fn paragraphs(tree: &Tree, rendered: &[Option<Rendered>]) -> Vec<Vec<u8>> {
    let mut leaves = tree.below(0);
    leaves.retain(|index| tree.nodes.get(*index).is_some_and(Node::is_leaf));
    // A multipart without parts has no text, not even a Subject.
    if leaves.is_empty() {
        return Vec::new();
    }
    let mut text = Wide::default();
    for part in leaves.into_iter().map(|index| rendered.get(index).and_then(Option::as_ref)) {
        if !text.is_empty() {
            text.text.push('\n');
        }
        if let Some(part) = part {
            text.text.push_str(cut(&part.text.text, BODY_CHARACTERS_MAX));
            text.decoded |= part.text.decoded;
        }
    }
    let squeezed = squeeze(&text);
    let mut whole = tree.top().and_then(|top| top.value("subject")).unwrap_or_default().to_vec();
    whole.push(b'\n');
    whole.extend_from_slice(&squeezed.to_octets());
    let mut found = Vec::new();
    for line in whole.split_inclusive(|octet| *octet == b'\n') {
        let mut rest = line;
        while rest.len() > LINE_BYTES_MAX {
            let head = rest.get(..=LINE_BYTES_MAX).unwrap_or(rest);
            let length = head.iter().rposition(|octet| *octet == b' ').map_or(LINE_BYTES_MAX, |space| space + 1);
            let (piece, tail) = rest.split_at(length);
            found.push(piece.to_vec());
            rest = tail;
        }
        if !rest.is_empty() {
            found.push(rest.to_vec());
        }
    }
    found
}

/// Blank lines part paragraphs; all other white space becomes one space.
fn squeeze(text: &Wide) -> Wide {
    let mut kept = String::with_capacity(text.text.len());
    let mut run = String::new();
    for letter in text.text.chars().chain(['\u{10ffff}']) {
        if text.is_space(letter) {
            run.push(letter);
            continue;
        }
        let newline = (run.find('\n'), run.rfind('\n'));
        match newline {
            (Some(first), Some(last)) if first < last => {
                if first > 0 {
                    kept.push(' ');
                }
                kept.push('\n');
                if last + 1 < run.len() {
                    kept.push(' ');
                }
            }
            _ if !run.is_empty() => kept.push(' '),
            _ => {}
        }
        run.clear();
        kept.push(if letter == '\0' { '\n' } else { letter });
    }
    kept.pop();
    Wide { text: kept, decoded: text.decoded }
}

/// At most about `most` characters, cut at a line end or a space.
fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let mut ends = text.char_indices().map(|(at, _)| at);
    let Some(limit) = ends.nth(most) else { return text };
    let near = text.get(limit..).unwrap_or_default();
    let window = near.char_indices().nth(CUT_WINDOW + 1).map_or(near, |(at, _)| near.get(..at).unwrap_or(near));
    let end = window.find('\n').or_else(|| window.find(' ')).map_or(limit, |at| limit + at + 1);
    text.get(..end).unwrap_or(text)
}

/// Characters of one part that `body` rules see (body_part_scan_size).
const BODY_CHARACTERS_MAX: usize = 50_000;
/// Octets of one part that `rawbody` rules see (rawbody_part_scan_size).
const RAWBODY_BYTES_MAX: usize = 500_000;
/// How far behind a limit a good place to cut is looked for.
const CUT_WINDOW: usize = 1024;

/// The pieces of `rawbody`: every text or message leaf, decoded, in chunks of two to four KiB.
#[must_use]
pub fn chunks(leaves: &[&Node]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for leaf in leaves {
        let kind = leaf.effective_kind();
        let is_text = [&b"text"[..], b"message"].iter().any(|start| {
            kind.strip_prefix(*start)
                .is_some_and(|rest| rest.first().is_none_or(|octet| !(octet.is_ascii_alphanumeric() || *octet == b'_')))
        });
        if is_text && leaf.kind != b"text/calendar" {
            split(cut_octets(leaf.decoded()), &mut found);
        }
    }
    found
}

fn cut_octets(text: &[u8]) -> &[u8] {
    if text.len() <= RAWBODY_BYTES_MAX {
        return text;
    }
    let near = text.get(RAWBODY_BYTES_MAX..).unwrap_or_default();
    let window = near.get(..=CUT_WINDOW).unwrap_or(near);
    let end = [b'\n', b'>', b' '].iter().find_map(|mark| memchr::memchr(*mark, window));
    text.get(..end.map_or(RAWBODY_BYTES_MAX, |at| RAWBODY_BYTES_MAX + at + 1)).unwrap_or(text)
}

fn split(text: &[u8], found: &mut Vec<Vec<u8>>) {
    if text.len() <= LINE_BYTES_MAX {
        found.push(text.to_vec());
        return;
    }
    let mut rest = text;
    while rest.len() > 2 * LINE_BYTES_MAX {
        let window = rest.get(LINE_BYTES_MAX..2 * LINE_BYTES_MAX).unwrap_or_default();
        let end = [b'\n', b'>', b' '].iter().find_map(|mark| memchr::memchr(*mark, window));
        let (piece, tail) = rest.split_at(LINE_BYTES_MAX + end.unwrap_or(0) + 1);
        found.push(piece.to_vec());
        rest = tail;
    }
    if !rest.is_empty() {
        found.push(rest.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &[u8]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let tree = Tree::parse(raw);
        (paragraphs(&tree, &render_all(&tree)), chunks(&tree.leaves()))
    }

    #[test]
    fn paragraphs_follow_the_subject() {
        let (body, raw) = read(b"Subject: hello\n\na\n b \n\n\n c\xc2\xa0d\n");
        assert_eq!(body, [b"hello\n".to_vec(), b"a b \n".to_vec(), b" c d ".to_vec()]);
        assert_eq!(raw.len(), 1);
        assert_eq!(read(b"").0, [b"\n".to_vec()]);
        assert!(read(b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n").0.is_empty());
    }

    #[test]
    fn long_text_is_cut() {
        let mut raw = b"\n".to_vec();
        raw.extend(b"word ".repeat(20_000));
        let (body, chunks) = read(&raw);
        assert!(body.iter().all(|line| line.len() <= 2049));
        assert!(body.iter().map(Vec::len).sum::<usize>() < 52_000);
        assert_eq!(chunks.concat(), raw[1..]);
    }
}
