//! Small formats that carry files or lead to some: shortcuts, notebooks, calendars and cards.
//!
//! Pure.

use super::{
    budget::{Budget, MALFORMED},
    coded,
    contents::Contents,
    octets::{find, holds, le16, le32, le64, piece, until_nul, utf16_le},
    strings,
};
use crate::mail::charset;

/// Opens a shortcut (MS-SHLLINK): its target, arguments and icon become text.
#[must_use]
pub fn shortcut(bytes: &[u8]) -> Contents {
    let mut contents = Contents::default();
    contents.traits.insert("shortcut");
    let flags = le32(bytes, 20).unwrap_or(0);
    let mut at = 76;
    if flags & 1 != 0 {
        at += 2 + le16(bytes, at).unwrap_or(0);
    }
    if flags & 2 != 0 {
        let info = piece(bytes, at, le32(bytes, at).unwrap_or(0));
        for place in [16, 24] {
            let start = le32(info, place).filter(|start| *start >= 28);
            let path = until_nul(start.and_then(|start| info.get(start..)).unwrap_or_default());
            contents.show(&charset::guess(path));
            contents.show(" ");
        }
        at += le32(bytes, at).unwrap_or(0);
    }
    for flag in [4, 8, 0x10, 0x20, 0x40] {
        if flags & flag == 0 {
            continue;
        }
        let Some(count) = le16(bytes, at) else { break };
        let unit = if flags & 0x80 == 0 { 1 } else { 2 };
        let raw = piece(bytes, at + 2, count * unit);
        let text = if unit == 2 { utf16_le(raw) } else { charset::guess(raw).into_owned() };
        contents.show(&text);
        contents.show(" ");
        at += 2 + count * unit;
    }
    let calls =
        ["powershell", "pwsh", "cmd", "mshta", "rundll32", "regsvr32", "wscript", "cscript", "certutil", "curl"];
    let text = contents.text.to_lowercase();
    if calls.iter().any(|call| text.contains(call)) || holds(bytes, b"p\0o\0w\0e\0r\0s\0h\0e\0l\0l\0") {
        contents.traits.insert("suspicious_call");
    }
    strings::urls(bytes, &mut contents);
    contents
}

/// Opens a OneNote section: the files in its store (MS-ONESTORE 2.6.13).
#[must_use]
pub fn notebook(bytes: &[u8], budget: &mut Budget) -> Contents {
    const FILE_DATA: &[u8] = b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac";
    let mut contents = Contents::default();
    let mut from = 0;
    while let Some(at) = find(bytes, from, FILE_DATA) {
        let length = le64(bytes, at + 16).unwrap_or(0);
        let data = piece(bytes, at + 36, length);
        from = at + 16;
        if data.is_empty() {
            continue;
        }
        contents.traits.insert("embedded_object");
        let mut output = budget.copy(data);
        if data.len() < length {
            output.cut = Some(MALFORMED);
        }
        from = from.saturating_add(data.len());
        if !contents.member(Vec::new(), output, budget) {
            break;
        }
    }
    strings::urls(bytes, &mut contents);
    contents
}

/// Opens a calendar or a card (RFC 5545, RFC 6350): data in its properties.
#[must_use]
pub fn card(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let text = charset::guess(bytes);
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    for line in unfolded.lines() {
        // Colons within quotes do not end the parameters.
        let mut quoted = false;
        let colon = line.bytes().position(|octet| {
            quoted ^= octet == b'"';
            octet == b':' && !quoted
        });
        let Some((head, value)) = colon.and_then(|colon| line.split_at_checked(colon)) else { continue };
        let value = value.get(1..).unwrap_or_default();
        let upper = head.to_ascii_uppercase();
        let is_coded = upper.contains("ENCODING=BASE64") || upper.contains("ENCODING=B") || upper.contains(";BASE64");
        let data = match value.split_once(";base64,") {
            Some((_, data)) if value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) => data,
            _ if is_coded => value,
            _ => {
                if upper.starts_with("ATTACH") || upper.starts_with("URL") {
                    contents.link(value);
                }
                continue;
            }
        };
        let name = ["X-FILENAME=", "FILENAME=", "X-APPLE-FILENAME="].iter().find_map(|key| {
            let start = upper.find(key)? + key.len();
            let rest = head.get(start..)?;
            Some(rest.split([';', '"']).find(|part| !part.is_empty()).unwrap_or_default().to_owned())
        });
        let names = name.map(|name| contents.name(&name)).into_iter().collect();
        contents.traits.insert("embedded_object");
        let output = budget.copy(&coded::base64(data.as_bytes()));
        if !contents.member(names, output, budget) {
            break;
        }
    }
    contents
}
