//! Tags in patterns: `<inter W1><V>i<A>gra` becomes the pattern it stands for.
//!
//! Pure. The order of steps is SpamAssassin's, since their results differ by it.

use std::collections::BTreeMap;

/// The tables that `replace_tag`, `replace_pre`, `replace_inter` and `replace_post` fill.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    pub tag: BTreeMap<String, String>,
    pub pre: BTreeMap<String, String>,
    pub inter: BTreeMap<String, String>,
    pub post: BTreeMap<String, String>,
}

/// Rounds of replacement: a tag may stand for a pattern with tags.
const ROUNDS_MAX: usize = 6;

impl Tags {
    /// The pattern with all tags replaced; `None` where it grows beyond the bound on patterns.
    #[must_use]
    pub fn replaced(&self, pattern: &str) -> Option<String> {
        let mut pattern = pattern.to_owned();
        for _ in 0..ROUNDS_MAX {
            let pre = modifier(&mut pattern, "<pre ").and_then(|name| self.pre.get(&name));
            let post = modifier(&mut pattern, "<post ").and_then(|name| self.post.get(&name));
            let inter = modifier(&mut pattern, "<inter ").and_then(|name| self.inter.get(&name));
            let mut is_nested = false;
            let mut pieces = pieces(&pattern);
            let mut length = 0;
            for piece in &mut pieces {
                if let Some(pre) = pre.filter(|text| !text.is_empty()) {
                    *piece = around(piece, false, |tag| format!("{pre}{tag}"));
                }
                if let Some(post) = post.filter(|text| !text.is_empty()) {
                    *piece = around(piece, true, |tag| format!("{tag}{post}"));
                }
                if let Some(inter) = inter
                    && piece.is_empty()
                {
                    piece.clone_from(inter);
                }
                let found = tag(piece, 0).and_then(|(start, end)| piece.get(start + 1..end - 1));
                if let Some((name, text)) = found.and_then(|name| self.tag.get_key_value(name)) {
                    *piece = piece.replace(&format!("<{name}>"), text);
                    is_nested |= tag(text, 0).is_some();
                }
                length += piece.len();
                if length > crate::limits::PATTERN_BYTES_MAX {
                    return None;
                }
            }
            pattern = pieces.concat();
            if !is_nested {
                break;
            }
        }
        Some(pattern)
    }
}

/// Takes `<pre NAME>` and its like out of the pattern; tells the name.
fn modifier(pattern: &mut String, opening: &str) -> Option<String> {
    let start = pattern.find(opening)?;
    let name_at = start + opening.len();
    let rest = pattern.get(name_at..)?;
    // A name has one character at least.
    let first = rest.chars().next()?.len_utf8();
    let length = first + rest.get(first..)?.find('>')?;
    let name = rest.get(..length)?.to_owned();
    pattern.replace_range(start..=name_at + length, "");
    Some(name)
}

/// Where `<...>` stands from `at` on: at least one character between, the first `>` ends it.
fn tag(text: &str, at: usize) -> Option<(usize, usize)> {
    let start = at + text.get(at..)?.find('<')?;
    let first = text.get(start + 1..)?.chars().next()?.len_utf8();
    let end = start + 1 + first + text.get(start + 1 + first..)?.find('>')?;
    Some((start, end + 1))
}

/// The pattern cut around its tags: text, tag, text, tag ...; two adjacent tags have an empty text between them.
fn pieces(pattern: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut text_from = 0;
    let mut open = None;
    for (at, character) in pattern.char_indices() {
        match (character, open) {
            // A later `<` begins anew: a tag holds none.
            ('<', _) => open = Some(at),
            ('>', Some(start)) if at > start + 1 => {
                pieces.push(pattern.get(text_from..start).unwrap_or_default().to_owned());
                pieces.push(pattern.get(start..=at).unwrap_or_default().to_owned());
                text_from = at + 1;
                open = None;
            }
            ('>', _) => open = None,
            _ => {}
        }
    }
    let rest = pattern.get(text_from..).unwrap_or_default();
    if !rest.is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces
}

/// Writes every tag (or only the first) anew.
fn around(piece: &str, all: bool, write: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut from = 0;
    while let Some((start, end)) = tag(piece, from) {
        out.push_str(piece.get(from..start).unwrap_or_default());
        out.push_str(&write(piece.get(start..end).unwrap_or_default()));
        from = end;
        if !all {
            break;
        }
    }
    out.push_str(piece.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> Tags {
        let table = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        Tags {
            tag: table(&[("A", "[a@]"), ("B", "[b8]"), ("AB", "<A>-<B>"), ("LOOP", "<LOOP>x")]),
            pre: table(&[("P", "p")]),
            inter: table(&[("I", "\\W?")]),
            post: table(&[("T", "{1,2}")]),
        }
    }

    #[test]
    fn tags_are_replaced() {
        for (pattern, expected) in [
            ("x<A><B>c", "x[a@][b8]c"),
            ("(?i)<inter I><post T><A><B>c", "(?i)[a@]{1,2}\\W?[b8]{1,2}c"),
            ("<pre P>x<A>", "xp[a@]"),
            ("x<AB>", "x[a@]-[b8]"),
            ("x(?<!a)<A>", "x(?<!a)[a@]"),
            ("x<unknown><>", "x<unknown><>"),
        ] {
            assert_eq!(tags().replaced(pattern).unwrap(), expected, "{pattern}");
        }
        assert_eq!(tags().replaced("<LOOP>").unwrap(), "<LOOP>xxxxxx");
    }
}
