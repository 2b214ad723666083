//! Office documents that are zip files (OOXML, ODF) or one XML file: what they show, link to, embed and run.
//!
//! Pure.

use super::{
    budget::{Budget, ENCRYPTED},
    coded,
    contents::Contents,
    octets::holds,
    xml::{self, Tag},
};

/// Looks at the members of a zip file that may be a document.
pub fn inspect(contents: &mut Contents) {
    let is_ooxml = contents.members.iter().any(|member| member.path.eq_ignore_ascii_case("[Content_Types].xml"));
    let is_odf = contents.members.iter().any(|member| member.path == "META-INF/manifest.xml")
        && contents.members.iter().any(|member| member.path == "mimetype" || member.path == "content.xml");
    if !is_ooxml && !is_odf {
        return;
    }
    let mut members = std::mem::take(&mut contents.members);
    for member in &mut members {
        let path = member.path.to_ascii_lowercase();
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        let is_xml = matches!(extension, "xml" | "rels" | "vml" | "rdf");
        member.is_plumbing |= is_xml || path == "mimetype";
        if is_ooxml {
            of_path(&path, contents);
        } else {
            of_odf_path(&path, contents);
        }
        if !is_xml {
            if path == "mimetype" {
                contents.kind = odf_kind(&member.bytes);
            }
            continue;
        }
        let text = xml::decoded(&member.bytes);
        if extension == "rels" {
            relations(&text, contents);
        } else if path == "[content_types].xml" {
            content_types(&text, contents);
        } else if is_ooxml {
            document(&text, contents);
        } else {
            open_document(&text, contents);
        }
    }
    contents.members = members;
}

/// What the place of a member in an OOXML package tells.
fn of_path(path: &str, contents: &mut Contents) {
    if path.contains("macrosheets/") {
        contents.traits.insert("macro");
        contents.traits.insert("macro_xlm");
    }
    if path.contains("embeddings/") || path.contains("oleobject") {
        contents.traits.insert("embedded_object");
    }
    if path.contains("activex/") {
        contents.traits.insert("active_x");
    }
}

fn of_odf_path(path: &str, contents: &mut Contents) {
    if path.starts_with("basic/") && !path.ends_with("script-lc.xml") && !path.ends_with("script-lb.xml")
        || path.starts_with("scripts/")
    {
        contents.traits.insert("macro");
    }
    if path.starts_with("object ") || path.starts_with("objectreplacements/") {
        contents.traits.insert("embedded_object");
    }
}

fn odf_kind(mimetype: &[u8]) -> Option<&'static str> {
    const KINDS: &[&str] = &[
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        "application/epub+zip",
    ];
    KINDS.iter().find(|kind| mimetype.starts_with(kind.as_bytes())).copied()
}

/// What kind of package it is, and whether it may hold macros.
fn content_types(text: &str, contents: &mut Contents) {
    for (mark, kind) in [
        ("wordprocessingml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("ms-word.", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("spreadsheetml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("ms-excel.", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("presentationml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("ms-powerpoint.", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ] {
        if text.contains(mark) {
            contents.kind = Some(kind);
            break;
        }
    }
    if text.contains("macrosheet+xml") || text.contains("ms-excel.macrosheet") {
        contents.traits.insert("macro");
        contents.traits.insert("macro_xlm");
    }
}

/// Relations to what stands outside of the package (ECMA-376 part 2, 8.3).
fn relations(text: &str, contents: &mut Contents) {
    for tag in xml::tags(text).filter(|tag| tag.name == "Relationship") {
        let kind = tag.attribute("Type").unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let target = tag.attribute("Target").unwrap_or_default();
        let is_external = tag.attribute("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external"));
        if !is_external {
            continue;
        }
        let is_remote = is_remote(&target);
        if is_remote || kind == "hyperlink" {
            contents.link(&target);
        }
        match kind.as_str() {
            "attachedtemplate" if is_remote => {
                contents.traits.insert("remote_template");
                contents.traits.insert("external_link");
            }
            "attachedtemplate" | "hyperlink" => {}
            _ => {
                contents.traits.insert("external_link");
            }
        }
    }
}

/// Does this target lie on another machine?
fn is_remote(target: &str) -> bool {
    let target = target.trim().to_ascii_lowercase();
    let starts = |start: &str| target.starts_with(start);
    ["http:", "https:", "ftp:", "mhtml:", "\\\\", "//", "x-usc:", "ms-"].iter().any(|start| starts(start))
        || (starts("file://") && !starts("file:///"))
        || starts("file:///\\\\")
        || starts("file://///")
}

/// Text, fields and links of an OOXML part.
fn document(text: &str, contents: &mut Contents) {
    let mut fields = String::new();
    let mut shown = String::new();
    for tag in xml::tags(text) {
        match tag.name {
            "t" => shown.push_str(&xml::unescaped(tag.text)),
            "/p" | "br" | "/si" | "tab" => shown.push(' '),
            "instrText" => fields.push_str(&xml::unescaped(tag.text)),
            "fldSimple" => fields.push_str(&tag.attribute("instr").unwrap_or_default()),
            "ddeLink" => {
                contents.traits.insert("dde");
            }
            "oleLink" => {
                contents.traits.insert("external_link");
            }
            "OLEObject" => {
                contents.traits.insert("embedded_object");
            }
            "definedName" => {
                let name = tag.attribute("name").unwrap_or_default().to_ascii_lowercase();
                if name.contains("auto_open") || name.contains("auto_close") {
                    contents.traits.insert("auto_exec");
                }
            }
            "f" => formula(tag, contents),
            _ => {}
        }
    }
    fields_of(&fields, contents);
    contents.show(&shown);
}

/// Fields of Word that fetch or run something.
fn fields_of(fields: &str, contents: &mut Contents) {
    let upper = fields.to_ascii_uppercase();
    if upper.split(|mark: char| !mark.is_ascii_alphanumeric()).any(|word| matches!(word, "DDE" | "DDEAUTO")) {
        contents.traits.insert("dde");
    }
    if (upper.contains("INCLUDETEXT") || upper.contains("INCLUDEPICTURE") || upper.contains("IMPORT"))
        && upper.contains("HTTP")
    {
        contents.traits.insert("external_link");
    }
    contents.show(fields);
}

fn formula(tag: Tag<'_>, contents: &mut Contents) {
    if is_exchange(&xml::unescaped(tag.text)) {
        contents.traits.insert("dde");
    }
}

/// A formula that asks another program: `cmd|'/c calc'!A0`.
fn is_exchange(formula: &str) -> bool {
    let formula = formula.trim().trim_start_matches(['=', '+', '-', '@', ' ', '"', '\'']);
    let Some((program, rest)) = formula.split_once('|') else { return false };
    let is_program = (1..=64).contains(&program.len())
        && program
            .chars()
            .all(|mark| mark.is_ascii_alphanumeric() || matches!(mark, '.' | '_' | '\\' | ':' | '\'' | '/'));
    is_program && rest.contains('!')
}

/// Text, links and scripts of an ODF part.
fn open_document(text: &str, contents: &mut Contents) {
    let mut shown = String::new();
    for tag in xml::tags(text) {
        match tag.full {
            "manifest:encryption-data" => contents.skip(ENCRYPTED),
            "text:dde-connection-decl" | "office:dde-source" | "table:dde-link" => {
                contents.traits.insert("dde");
            }
            "script:event-listener" | "presentation:event-listener" => {
                let target = tag.attribute("href").unwrap_or_default();
                if target.contains("vnd.sun.star.script") || tag.attribute("macro-name").is_some() {
                    contents.traits.insert("auto_exec");
                }
            }
            "draw:object" | "draw:object-ole" | "draw:plugin" => {
                contents.traits.insert("embedded_object");
                remote(tag, contents);
            }
            "text:section-source"
            | "table:table-source"
            | "table:cell-range-source"
            | "draw:image"
            | "draw:floating-frame" => {
                remote(tag, contents);
            }
            "text:a" | "draw:a" => contents.link(&tag.attribute("href").unwrap_or_default()),
            _ => {}
        }
        if !tag.text.trim().is_empty() && tag.full.starts_with(['t', '/']) {
            shown.push_str(&xml::unescaped(tag.text));
        }
        if tag.full == "/text:p" {
            shown.push(' ');
        }
    }
    contents.show(&shown);
}

fn remote(tag: Tag<'_>, contents: &mut Contents) {
    let target = tag.attribute("href").unwrap_or_default();
    if is_remote(&target) {
        contents.traits.insert("external_link");
        contents.link(&target);
    }
}

/// A document in one XML file: Word and Excel of 2003, and packages written flat.
pub fn single(bytes: &[u8], contents: &mut Contents, budget: &mut Budget) {
    let is_office =
        ["mso-application", "schemas.microsoft.com/office/", "urn:schemas-microsoft-com:office", "pkg:package"]
            .iter()
            .any(|mark| holds(bytes.get(..HEAD_BYTES).unwrap_or(bytes), mark.as_bytes()));
    if !is_office {
        return;
    }
    let text = xml::decoded(bytes);
    document(&text, contents);
    relations(&text, contents);
    for tag in xml::tags(&text) {
        match tag.name {
            "binData" | "binaryData" | "docOleData" if tag.text.len() > 16 => {
                let name = tag.attribute("name").unwrap_or_default();
                let names = Some(contents.name(&name)).filter(|name| !name.is_empty());
                if tag.name == "docOleData" || name.contains("oleObject") {
                    contents.traits.insert("embedded_object");
                }
                let output = budget.copy(&coded::base64(tag.text.as_bytes()));
                contents.member(names.into_iter().collect(), output, budget);
            }
            "Cell" if tag.attribute("Formula").is_some_and(|formula| is_exchange(&formula)) => {
                contents.traits.insert("dde");
            }
            _ => {}
        }
    }
}

/// A table in plain text: cells that ask another program when it is opened.
pub fn table(bytes: &[u8], contents: &mut Contents) {
    let text = xml::decoded(bytes.get(..TABLE_BYTES).unwrap_or(bytes));
    let is_formula = |cell: &str| cell.trim_start_matches(['"', '\'', ' ']).starts_with(['=', '+', '-', '@']);
    if text.split(['\n', ';', ',', '\t']).any(|cell| is_formula(cell) && is_exchange(cell)) {
        contents.traits.insert("dde");
    }
}

/// Octets in which a file says what program it is of.
const HEAD_BYTES: usize = 4096;
const TABLE_BYTES: usize = 4 << 20;
