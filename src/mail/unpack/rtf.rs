//! Rich text (RTF 1.9): embedded objects, remote templates, fields.
//!
//! Pure.

use super::{
    budget::Budget,
    coded,
    contents::Contents,
    octets::{find, find_any_case, holds, le32, piece},
    ole, strings,
};

/// Opens a rich text file.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut from = 0;
    let mut objects = 0;
    while let Some(at) = find_any_case(bytes, from, b"\\objdata")
        && objects < OBJECTS_MAX
    {
        from = at + 8;
        objects += 1;
        let data = group(bytes, from);
        object(&data, &mut contents, budget);
    }
    if holds(bytes, b"\\objupdate") || holds(bytes, b"\\objautlink") {
        contents.traits.insert("embedded_object");
    }
    if let Some(at) = find_any_case(bytes, 0, b"\\*\\template") {
        let target = bytes.get(at + 11..).unwrap_or_default();
        let end = target.iter().position(|octet| matches!(octet, b'}' | b'{')).unwrap_or(0);
        let target = String::from_utf8_lossy(target.get(..end).unwrap_or_default()).trim().to_owned();
        if target.contains("://") || target.starts_with("\\\\") {
            contents.traits.insert("remote_template");
            contents.traits.insert("external_link");
            contents.link(&target);
        }
    }
    if let Some(at) = find(bytes, 0, b"\\fldinst")
        && holds(bytes.get(at..).unwrap_or_default(), b"DDEAUTO")
    {
        contents.traits.insert("dde");
    }
    strings::urls(bytes, &mut contents);
    contents
}

/// The hex digits of the group that goes on at `from`: control words and groups within it do not count, `\bin` data does.
fn group(bytes: &[u8], from: usize) -> Vec<u8> {
    let mut digits = Vec::new();
    let mut binary: Option<&[u8]> = None;
    let mut depth = 0usize;
    let mut at = from;
    while let Some(octet) = bytes.get(at) {
        match octet {
            b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            b'\\' => {
                let word = piece(bytes, at + 1, 40);
                let letters = word.iter().take_while(|mark| mark.is_ascii_alphabetic()).count();
                let numbers = word.iter().skip(letters).take_while(|mark| mark.is_ascii_digit() || **mark == b'-');
                let count = numbers.count();
                let number = word.get(letters..letters + count).and_then(|text| std::str::from_utf8(text).ok());
                if word.get(..letters) == Some(b"bin")
                    && let Some(length) = number.and_then(|number| number.parse::<usize>().ok())
                {
                    let start = at + 1 + letters + count + 1;
                    binary = Some(piece(bytes, start, length));
                    at = start.saturating_add(length);
                    continue;
                }
                // A control symbol is one mark, `\'` with two digits.
                at += match (letters, word.first()) {
                    (0, Some(b'\'')) => 3,
                    (0, _) => 1,
                    _ => letters + count,
                };
            }
            mark if depth == 0 && mark.is_ascii_hexdigit() => digits.push(*mark),
            _ => {}
        }
        at += 1;
    }
    let mut data = coded::hex(&digits);
    data.extend_from_slice(binary.unwrap_or_default());
    data
}

/// An object as OLE 1 writes it (MS-OLEDS 2.2.4): version, format, class, topic, item, data.
fn object(data: &[u8], contents: &mut Contents, budget: &mut Budget) {
    let parts = || {
        let class_length = le32(data, 8)?;
        let class = piece(data, 12, class_length.min(256));
        let mut at = 12usize.checked_add(class_length)?;
        for _ in 0..2 {
            at = at.checked_add(4)?.checked_add(le32(data, at)?)?;
        }
        let size = le32(data, at)?;
        Some((class.split(|octet| *octet == 0).next().unwrap_or_default(), piece(data, at + 4, size)))
    };
    match parts().filter(|(_, inner)| !inner.is_empty()) {
        Some((class, inner)) => ole::object(class, inner, contents, budget),
        None => ole::object(b"", data, contents, budget),
    }
}

const OBJECTS_MAX: usize = 200;
