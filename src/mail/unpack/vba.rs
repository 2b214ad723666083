//! Macros in Visual Basic (MS-OVBA): the project out of its storage, its source text, and what it would do.
//!
//! Pure.

use super::{
    compound::Compound,
    octets::{find, holds, le16, le32, octet, piece, utf16_le},
};
use crate::mail::charset;

/// One module: its name and source. Source is empty where only compiled code is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    pub name: String,
    pub source: Vec<u8>,
}

/// The modules of all projects in a compound file.
#[must_use]
pub fn modules(file: &Compound<'_>) -> Vec<Module> {
    let mut found = Vec::new();
    for directory in file.streams.iter().filter(|stream| stream.name().eq_ignore_ascii_case("dir")) {
        let storage = directory.storage();
        let Some(records) = decompress(&file.stream(directory), 0) else { continue };
        for (name, offset) in listed(&records) {
            let path = if storage.is_empty() { name.clone() } else { format!("{storage}/{name}") };
            let Some(stream) = file.named(&path) else { continue };
            let source = decompress(&stream, offset).or_else(|| carve(&stream)).unwrap_or_default();
            found.push(Module { name, source });
        }
    }
    if found.is_empty() {
        // No list of modules: whatever looks like a compressed one.
        for stream in &file.streams {
            if let Some(source) = carve(&file.stream(stream)) {
                found.push(Module { name: stream.name().to_owned(), source });
            }
        }
    }
    found
}

/// Marks of a project by its modules.
#[must_use]
pub fn traits(modules: &[Module]) -> Vec<&'static str> {
    let mut traits = Vec::new();
    let is_stomped = modules.iter().any(|module| module.source.is_empty());
    let has_code = modules.iter().any(|module| has_code(&module.source));
    if has_code || is_stomped {
        traits.push("macro");
    }
    if is_stomped {
        traits.push("stomped");
    }
    let any =
        |words: &[&str]| modules.iter().any(|module| words.iter().any(|word| holds(&module.source, word.as_bytes())));
    if has_code && any(AUTO_EXEC) {
        traits.push("auto_exec");
    }
    if has_code && any(SUSPICIOUS) {
        traits.push("suspicious_call");
    }
    traits
}

/// Lines beside the attributes that every module has.
fn has_code(source: &[u8]) -> bool {
    source.split(|octet| matches!(octet, b'\r' | b'\n')).any(|line| {
        let line = line.trim_ascii();
        let starts = |word: &[u8]| line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        !line.is_empty() && !starts(b"attribute ") && !starts(b"option ") && !starts(b"'") && !starts(b"rem ")
    })
}

/// Names and offsets of the modules that the `dir` stream lists (MS-OVBA 2.3.4.2.3).
fn listed(records: &[u8]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let (mut name, mut stream_name) = (String::new(), String::new());
    let mut at = 0;
    while let Some((id, size)) = le16(records, at).zip(le32(records, at + 2)) {
        // PROJECTVERSION says 4 and has 6 octets.
        let size = if id == 0x0009 { 6 } else { size };
        let data = piece(records, at + 6, size);
        match id {
            0x0019 => (name, stream_name) = (charset::guess(data).into_owned(), String::new()),
            0x001a if stream_name.is_empty() => stream_name = charset::guess(data).into_owned(),
            0x0032 => stream_name = utf16_le(data),
            0x0031 => {
                let listed = if stream_name.is_empty() { name.clone() } else { stream_name.clone() };
                if found.len() < MODULES_MAX {
                    found.push((listed, le32(data, 0).unwrap_or(0)));
                }
            }
            _ => {}
        }
        at = at.saturating_add(6).saturating_add(size);
    }
    found
}

/// Looks for compressed source by how every module begins.
fn carve(stream: &[u8]) -> Option<Vec<u8>> {
    let at = find(stream, 0, b"\0Attribut")?;
    decompress(stream, at.checked_sub(3)?)
}

/// Undoes the compression of MS-OVBA 2.4.1, from `at` on.
#[must_use]
pub fn decompress(bytes: &[u8], at: usize) -> Option<Vec<u8>> {
    if octet(bytes, at)? != 1 {
        return None;
    }
    let mut output = Vec::new();
    let mut at = at + 1;
    while let Some(header) = le16(bytes, at) {
        let length = (header & 0xfff) + 3;
        let chunk = piece(bytes, at + 2, length - 2);
        if header >> 12 & 7 != 3 || output.len() > SOURCE_BYTES_MAX {
            break;
        }
        if header & 0x8000 == 0 {
            output.extend_from_slice(chunk);
        } else {
            tokens(chunk, &mut output);
        }
        at += length;
    }
    Some(output).filter(|output| !output.is_empty())
}

/// One compressed chunk: flags, then eight literals or copies each.
fn tokens(chunk: &[u8], output: &mut Vec<u8>) {
    let start = output.len();
    let mut at = 0;
    while let Some(flags) = octet(chunk, at) {
        at += 1;
        for bit in 0..8 {
            if flags >> bit & 1 == 0 {
                let Some(literal) = chunk.get(at) else { return };
                output.push(*literal);
                at += 1;
                continue;
            }
            let Some(token) = le16(chunk, at) else { return };
            at += 2;
            let done = output.len() - start;
            // Bits of the offset: as many as the octets so far need, four at least.
            let bits = (4..12).find(|bits| 1 << bits >= done).unwrap_or(12);
            let length = (token & (0xffff >> bits)) + 3;
            let offset = (token >> (16 - bits)) + 1;
            if offset > done || done > CHUNK_BYTES_MAX {
                return;
            }
            for _ in 0..length {
                let Some(octet) = output.get(output.len() - offset).copied() else { return };
                output.push(octet);
            }
        }
    }
}

const MODULES_MAX: usize = 500;
const SOURCE_BYTES_MAX: usize = 4 << 20;
const CHUNK_BYTES_MAX: usize = 8192;

/// Procedures that office programs run by themselves.
const AUTO_EXEC: &[&str] = &[
    "sub autoexec",
    "sub autoopen",
    "sub auto_open",
    "sub autonew",
    "sub autoclose",
    "sub auto_close",
    "sub autoexit",
    "sub document_open",
    "sub document_close",
    "sub document_new",
    "sub document_contentcontrolonenter",
    "sub documentopen",
    "sub documentbeforeclose",
    "sub workbook_open",
    "sub workbook_activate",
    "sub workbook_close",
    "sub workbook_beforeclose",
    "sub workbook_deactivate",
    "sub worksheet_calculate",
    "sub newmacro",
    "_painted(",
    "_painting(",
    "_gotfocus(",
    "_mousehover(",
    "_layout(",
    "_resize(",
    "_beforenavigate2(",
    "_documentcomplete(",
    "_onconnecting(",
    "_setsecurecontext",
    "slideshow_end",
    "onslideshowpagechange",
    "sub app_presentation",
];

/// What a macro of an honest school seldom calls.
const SUSPICIOUS: &[&str] = &[
    "wscript.shell",
    "shell.application",
    "urldownloadtofile",
    "powershell",
    "cmd /c",
    "cmd.exe",
    "shellexecute",
    "xmlhttp",
    "winhttprequest",
    "adodb.stream",
    "virtualalloc",
    "createthread",
    "createremotethread",
    "rtlmovememory",
    "winexec",
    "shell(",
    "shell (",
    "= shell ",
    " shell \"",
    "mshta",
    "regsvr32",
    "rundll32",
    "certutil",
    "bitsadmin",
    "winmgmts",
    "savetofile",
    "macscript",
    "strreverse(",
    "callbyname",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_read() {
        // MS-OVBA 3.2.2
        let packed = [
            0x01, 0x2f, 0xb0, 0x00, 0x23, 0x61, 0x61, 0x61, 0x62, 0x63, 0x64, 0x65, 0x82, 0x66, 0x00, 0x70, 0x61, 0x67,
            0x68, 0x69, 0x6a, 0x01, 0x38, 0x08, 0x61, 0x6b, 0x6c, 0x00, 0x30, 0x6d, 0x6e, 0x6f, 0x70, 0x06, 0x71, 0x02,
            0x70, 0x04, 0x10, 0x72, 0x73, 0x74, 0x75, 0x76, 0x10, 0x77, 0x78, 0x79, 0x7a, 0x00, 0x3c,
        ];
        let text = decompress(&packed, 0).unwrap();
        assert_eq!(text, b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa");
    }

    #[test]
    fn a_module_of_attributes_is_no_macro() {
        let of = |source: &str| traits(&[Module { name: String::new(), source: source.as_bytes().to_vec() }]);
        assert!(of("Attribute VB_Name = \"Tabelle1\"\r\nOption Explicit\r\n").is_empty());
        assert_eq!(
            of("Attribute VB_Name = \"a\"\r\nSub AutoOpen()\r\nx = Shell(\"calc\")"),
            ["macro", "auto_exec", "suspicious_call"]
        );
        assert_eq!(of(""), ["macro", "stomped"]);
    }
}
