//! Old office documents, installers and Outlook messages: what their compound file holds.
//!
//! Pure.

use super::{
    biff,
    budget::{Budget, ENCRYPTED, MALFORMED},
    compound::{self, Compound, Stream},
    contents::{Contents, Member},
    octets::{find, le16, le32, piece, until_nul, utf16_le},
    strings, vba,
};
use crate::mail::charset;
use flate2::bufread::ZlibDecoder;

/// Opens a compound file.
#[must_use]
pub fn open(kind: &str, bytes: &[u8], budget: &mut Budget) -> Contents {
    let Some(file) = Compound::read(bytes) else { return Contents::skipped(MALFORMED) };
    let mut contents = Contents::default();
    let names: Vec<String> = file.streams.iter().map(|stream| stream.path.to_ascii_lowercase()).collect();
    let has = |name: &str| names.iter().any(|path| path.rsplit('/').next() == Some(name));
    if file.streams.is_empty() {
        contents.skip(MALFORMED);
    }
    if has("encryptedpackage") || has("encryptedsummary") {
        contents.skip(ENCRYPTED);
    }
    macros(&file, &mut contents, budget);
    for stream in &file.streams {
        let name = stream.name().to_ascii_lowercase();
        match name.as_str() {
            "\u{1}ole10native" => native(&file.stream(stream), &mut contents, budget),
            "package" | "contents" | "embedded odf" if stream.path.contains('/') => {
                embedded(&file.stream(stream), &mut contents, budget);
            }
            "workbook" | "book" => biff::read(&file.stream(stream), &mut contents),
            "worddocument" => word(&file.stream(stream), &mut contents),
            "powerpoint document" => slides(&file.stream(stream), &mut contents, budget),
            "current user" if le32(&file.stream(stream), 12) == Some(0xf3d1_c4df) => contents.skip(ENCRYPTED),
            "equation native" => {
                contents.traits.insert("embedded_object");
                contents.traits.insert("equation");
            }
            "objinfo" | "\u{3}objinfo" | "\u{1}ole" if stream.path.contains('/') => {
                contents.traits.insert("embedded_object");
            }
            _ => {}
        }
    }
    if kind == "application/vnd.ms-outlook" || has("__properties_version1.0") {
        letter(&file, &mut contents, budget);
    } else if is_package(kind, &names) {
        for stream in &file.streams {
            let names = vec![package_name(stream.name())];
            let output = budget.copy(&file.stream(stream));
            if !contents.member(names, output, budget) {
                break;
            }
        }
    } else {
        strings::urls(bytes, &mut contents);
    }
    contents
}

/// An installer, or a compound file of no known kind: its streams are its members.
fn is_package(kind: &str, names: &[String]) -> bool {
    const DOCUMENTS: &[&str] = &[
        "worddocument",
        "workbook",
        "book",
        "powerpoint document",
        "encryptedpackage",
        "dir",
        "__properties_version1.0",
    ];
    kind == "application/x-msi"
        || !names.iter().any(|path| DOCUMENTS.contains(&path.rsplit('/').next().unwrap_or_default()))
}

/// Names of streams in installers are packed two letters into one.
fn package_name(name: &str) -> String {
    const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    let letter = |number: u32| LETTERS.get(number as usize & 63).map_or('_', |octet| char::from(*octet));
    let mut plain = String::new();
    for mark in name.chars() {
        match u32::from(mark) {
            code @ 0x3800..=0x47ff => plain.extend([letter(code - 0x3800), letter((code - 0x3800) >> 6)]),
            code @ 0x4800..=0x483f => plain.push(letter(code - 0x4800)),
            0x4840 | 0..=31 => {}
            _ => plain.push(mark),
        }
    }
    plain
}

/// Macros become members with their source.
fn macros(file: &Compound<'_>, contents: &mut Contents, budget: &mut Budget) {
    let is_project = |stream: &Stream| matches!(stream.name().to_ascii_lowercase().as_str(), "dir" | "_vba_project");
    if !file.streams.iter().any(is_project) {
        return;
    }
    let modules = vba::modules(file);
    contents.traits.extend(vba::traits(&modules));
    for module in modules {
        let name = contents.name(&format!("{}.bas", module.name));
        let output = budget.copy(&module.source);
        if !module.source.is_empty() && !contents.member(vec![name], output, budget) {
            return;
        }
    }
}

/// A file packed into an object (`\x01Ole10Native`): its names and its octets.
pub fn native(bytes: &[u8], contents: &mut Contents, budget: &mut Budget) {
    contents.traits.insert("embedded_object");
    let Some((names, data)) = native_parts(bytes) else {
        let output = budget.copy(bytes.get(4..).unwrap_or_default());
        contents.member(Vec::new(), output, budget);
        return;
    };
    let names = names.into_iter().flat_map(|name| contents.names(name)).collect();
    let output = budget.copy(data);
    contents.member(names, output, budget);
}

fn native_parts(bytes: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    let mut rest = bytes.get(6..)?;
    let label = until_nul(rest);
    rest = rest.get(label.len() + 1..)?;
    let file = until_nul(rest);
    rest = rest.get(file.len() + 1 + 4..)?;
    let path_length = le32(rest, 0)?;
    rest = rest.get(4 + path_length..)?;
    let size = le32(rest, 0)?;
    let data = piece(rest, 4, size);
    let is_sound = !data.is_empty() && label.len() < 1024 && le16(bytes, 4).is_some_and(|flags| flags <= 3);
    is_sound.then_some((vec![file, label], data))
}

/// A whole document within a document.
fn embedded(bytes: &[u8], contents: &mut Contents, budget: &mut Budget) {
    contents.traits.insert("embedded_object");
    let output = budget.copy(bytes);
    contents.member(Vec::new(), output, budget);
}

/// The file information block says whether a Word document is encrypted; fields stand in the text.
fn word(bytes: &[u8], contents: &mut Contents) {
    if le16(bytes, 10).is_some_and(|flags| flags & 0x0100 != 0) {
        contents.skip(ENCRYPTED);
    }
    for mark in [&b"\x13DDE"[..], b"\x13 DDE", b"\x13\0D\0D\0E\0", b"\x13\0 \0D\0D\0E\0"] {
        if find(bytes, 0, mark).is_some() {
            contents.traits.insert("dde");
        }
    }
    if find(bytes, 0, b"\x01\0\0\0\0\0\0\0").is_none() && find(bytes, 0, b"EMBED ").is_some() {
        contents.traits.insert("embedded_object");
    }
}

/// Objects and macros in slides are compound files of their own, packed or not (MS-PPT 2.10.34).
fn slides(bytes: &[u8], contents: &mut Contents, budget: &mut Budget) {
    let mut at = 0;
    let mut objects = 0;
    while let Some((kind, length)) = le16(bytes, at + 2).zip(le32(bytes, at + 4)) {
        let instance = le16(bytes, at).unwrap_or(0);
        let data = piece(bytes, at + 8, length);
        if kind == 0x1011 && objects < OBJECTS_MAX {
            objects += 1;
            contents.traits.insert("embedded_object");
            let output = if instance >> 4 == 1 {
                budget.read(
                    &mut ZlibDecoder::new(data.get(4..).unwrap_or_default()),
                    length,
                    super::budget::Cost::Inflate,
                )
            } else {
                budget.copy(data)
            };
            if !contents.member(Vec::new(), output, budget) {
                return;
            }
        }
        // A container's records follow its header.
        at = at.saturating_add(8);
        if instance & 0xf != 0xf {
            at = at.saturating_add(length);
        }
    }
}

/// An Outlook message (MS-OXMSG): its text, its pages, its attachments.
fn letter(file: &Compound<'_>, contents: &mut Contents, budget: &mut Budget) {
    let text = |path: &str| -> Option<String> {
        file.named(&format!("{path}001F")).map(|bytes| utf16_le(&bytes)).or_else(|| {
            let bytes = file.named(&format!("{path}001E"))?;
            Some(charset::guess(&bytes).into_owned())
        })
    };
    for stream in &file.streams {
        let storage = stream.storage();
        let prefix = if storage.is_empty() { String::new() } else { format!("{storage}/") };
        let name = stream.name();
        if name.eq_ignore_ascii_case("__substg1.0_1000001F") {
            contents.show(&utf16_le(&file.stream(stream)));
        } else if name.eq_ignore_ascii_case("__substg1.0_1000001E") {
            contents.show(&charset::guess(&file.stream(stream)));
        } else if name.eq_ignore_ascii_case("__substg1.0_10130102") {
            let output = budget.copy(&file.stream(stream));
            contents
                .push(Member { names: vec!["body.html".to_owned()], bytes: output.bytes, ..Member::default() }, budget);
        } else if name.eq_ignore_ascii_case("__substg1.0_37010102") {
            let mut names = Vec::new();
            for tag in ["3707", "3704", "3001"] {
                let found = text(&format!("{prefix}__substg1.0_{tag}")).map(|name| contents.name(&name));
                names.extend(found.filter(|name| !name.is_empty() && !names.contains(name)));
            }
            let output = budget.copy(&file.stream(stream));
            if !contents.member(names, output, budget) {
                return;
            }
        }
    }
}

/// Looks for compound files and packed files in the data of an object of any program.
pub fn object(class: &[u8], data: &[u8], contents: &mut Contents, budget: &mut Budget) {
    contents.traits.insert("embedded_object");
    if find(class, 0, b"quation").is_some() {
        contents.traits.insert("equation");
    }
    if class.eq_ignore_ascii_case(b"package") {
        let mut framed = le32(data, 0).map_or_else(Vec::new, |_| vec![0; 4]);
        framed.extend_from_slice(data);
        return native(&framed, contents, budget);
    }
    let start = find(data, 0, compound::MAGIC).unwrap_or(0);
    let output = budget.copy(data.get(start..).unwrap_or_default());
    contents.member(Vec::new(), output, budget);
    if find(class, 0, b"OLE2Link").is_some() {
        contents.traits.insert("external_link");
    }
    strings::urls(data, contents);
}

const OBJECTS_MAX: usize = 500;
