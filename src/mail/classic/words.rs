//! Header field bodies as SpamAssassin decodes them: encoded words of RFC 2047 with their common violations.
//!
//! Pure.

use super::{characters, encoding, wide::is_blank};

/// The decoded field body, unfolded and trimmed, in UTF-8 unless the field holds no text that is decoded.
#[must_use]
pub fn field(name: &[u8], raw: &[u8]) -> Vec<u8> {
    decode(name, super::wide::trim(&unfold(raw)))
}

/// Every fold becomes one space.
#[must_use]
pub fn unfold(raw: &[u8]) -> Vec<u8> {
    let mut flat = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(newline) = memchr::memchr(b'\n', rest) {
        let (line, tail) = rest.split_at(newline);
        flat.extend_from_slice(line);
        let tail = tail.get(1..).unwrap_or_default();
        let text = tail.iter().position(|octet| !matches!(octet, b' ' | b'\t')).unwrap_or(tail.len());
        flat.push(if text > 0 { b' ' } else { b'\n' });
        rest = tail.get(text..).unwrap_or_default();
    }
    flat.extend_from_slice(rest);
    flat
}

/// Decodes a field body that was unfolded.
#[must_use]
pub fn decode(name: &[u8], body: &[u8]) -> Vec<u8> {
    let flat = without_line_ends(body);
    let flat = if flat.is_ascii() { flat } else { characters::body(&flat, b"UTF-8").to_octets() };
    if is_verbatim(name) || memchr::memmem::find(&flat, b"=?").is_none() {
        return flat;
    }
    let mut decoded = Vec::with_capacity(flat.len());
    let mut charset: Option<Vec<u8>> = None;
    let mut held = Vec::new();
    for section in sections(&flat) {
        let (label, octets) = match section {
            Section::Plain(text) => (None, text.to_vec()),
            Section::Word { label, base64, text } => (Some(label.to_ascii_lowercase()), word_octets(base64, text)),
        };
        // Words of one charset are joined before they are decoded: senders cut characters in two.
        if label != charset {
            close(charset.as_deref(), &mut held, &mut decoded);
        }
        held.extend_from_slice(&octets);
        charset = label;
    }
    close(charset.as_deref(), &mut held, &mut decoded);
    decoded
}

fn close(charset: Option<&[u8]>, held: &mut Vec<u8>, decoded: &mut Vec<u8>) {
    match charset {
        None => decoded.append(held),
        Some(label) => {
            let label = label.split(|octet| *octet == b'*').next().unwrap_or_default();
            if label.is_empty() {
                decoded.append(held);
            } else {
                decoded.extend_from_slice(&characters::word(held, label));
                held.clear();
            }
        }
    }
}

fn word_octets(base64: bool, text: &[u8]) -> Vec<u8> {
    if base64 {
        return encoding::base64(text);
    }
    let spaced: Vec<u8> = text
        .iter()
        .flat_map(|octet| if *octet == b'_' { &b"=20"[..] } else { std::slice::from_ref(octet) })
        .copied()
        .collect();
    encoding::quoted_printable(&spaced)
}

/// CRLF, LF are left out; a tab behind a line end is a space.
fn without_line_ends(body: &[u8]) -> Vec<u8> {
    let mut flat = Vec::with_capacity(body.len());
    let mut after = false;
    for octet in body {
        match octet {
            b'\n' => {
                if flat.last() == Some(&b'\r') {
                    flat.pop();
                }
            }
            b'\t' if after => flat.push(b' '),
            octet => flat.push(*octet),
        }
        after = *octet == b'\n';
    }
    flat
}

/// Fields that hold no encoded words.
fn is_verbatim(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let plain = name.strip_prefix(b"resent-").unwrap_or(&name);
    matches!(plain, b"message-id" | b"date")
        || matches!(name.as_slice(), b"received" | b"mime-version" | b"references" | b"in-reply-to")
        || name.starts_with(b"list-")
}

enum Section<'a> {
    Plain(&'a [u8]),
    Word { label: &'a [u8], base64: bool, text: &'a [u8] },
}

/// Cuts a field body into words and what stands between them; white space between two words is left out.
fn sections(body: &[u8]) -> Vec<Section<'_>> {
    let mut found = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    while let Some(start) = memchr::memmem::find(body.get(at..).unwrap_or_default(), b"=?").map(|start| at + start) {
        let Some((word, end)) = word_at(body, start) else {
            at = start + 1;
            continue;
        };
        push_plain(&mut found, body.get(plain..start).unwrap_or_default());
        found.push(word);
        plain = end;
        let rest = body.get(end..).unwrap_or_default();
        let gap = rest.iter().position(|octet| !is_blank(octet)).unwrap_or(rest.len());
        if gap > 0 && word_at(body, end + gap).is_some() {
            plain = end + gap;
        }
        at = plain;
    }
    push_plain(&mut found, body.get(plain..).unwrap_or_default());
    found
}

fn push_plain<'a>(found: &mut Vec<Section<'a>>, text: &'a [u8]) {
    if !text.is_empty() {
        found.push(Section::Plain(text));
    }
}

/// The encoded word at `start`, and where it ends.
fn word_at(body: &[u8], start: usize) -> Option<(Section<'_>, usize)> {
    let rest = body.get(start..)?.strip_prefix(b"=?")?;
    let label_end = rest.iter().position(|octet| !(octet.is_ascii_alphanumeric() || b"*_-".contains(octet)))?;
    let label = rest.get(..label_end).filter(|label| !label.is_empty())?;
    let [b'?', encoding, b'?', tail @ ..] = rest.get(label_end..)? else { return None };
    let base64 = match encoding.to_ascii_lowercase() {
        b'b' => true,
        b'q' => false,
        _ => return None,
    };
    let text_end = memchr::memchr(b'?', tail)?;
    let text = tail.get(..text_end)?;
    tail.get(text_end + 1).filter(|octet| **octet == b'=')?;
    Some((Section::Word { label, base64, text }, start + 2 + label_end + 3 + text_end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_join_before_they_decode() {
        assert_eq!(
            field(b"Subject", b" =?utf-8?b?w7w=?= \n\t=?UTF-8?Q?x_=C3?= =?utf-8?q?=BC?= y\n"),
            "\u{fc}x \u{fc} y".as_bytes()
        );
        assert_eq!(field(b"Subject", b" a =?utf-8?q?b?= c\n"), b"a b c");
        assert_eq!(field(b"Subject", b" =?x?z?b?= =?\n"), b"=?x?z?b?= =?");
        assert_eq!(field(b"Message-ID", b" <=?utf-8?q?b?=>\n"), b"<=?utf-8?q?b?=>");
        assert_eq!(field(b"Subject", b" Gr\xfc\xdfe\n"), "Gr\u{fc}\u{df}e".as_bytes());
    }
}
