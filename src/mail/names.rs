//! File names: every reading that some client makes of a part's name (RFC 2183 2.3, RFC 2231, RFC 2047).
//!
//! Pure. Bounded in number and length. Clients disagree, so none of the readings is "the" name; the first is preferred.

use super::{
    charset,
    parameters::{self, Parameter, percent_decoded},
};
use crate::limits;
use std::collections::BTreeMap;

/// Every reading of a name in the given Content-Disposition and Content-Type values, preferred ones first.
#[must_use]
pub fn readings<'a>(
    dispositions: impl Iterator<Item = &'a [u8]>,
    types: impl Iterator<Item = &'a [u8]>,
) -> Vec<String> {
    let mut names = Vec::new();
    let mut sections = Vec::new();
    let mut fields = 0;
    for (value, wanted, other) in
        dispositions.map(|value| (value, "filename", "name")).chain(types.map(|value| (value, "name", "filename")))
    {
        let parameters = parameters::of(value);
        of_field(&parameters, wanted, &mut names);
        of_field(&parameters, other, &mut names);
        let before = sections.len();
        for name in [wanted, other] {
            sections.extend(sections_of(&parameters, name).map(Section::owned));
        }
        fields += usize::from(sections.len() > before);
    }
    if fields > 1 {
        // Readers that put all fields of a kind into one list.
        let all: Vec<Section<'_>> = sections.iter().map(OwnedSection::section).collect();
        joined(&all, &mut names);
    }
    names
}

/// The extension that counts on the reader's machine: Windows drops dots and spaces at the end of a name, and
/// marks that nobody sees are none. A class in braces, by which Windows opens a file as well, is `clsid`.
#[must_use]
pub fn extension(name: &str) -> Option<String> {
    let name = name
        .trim_end_matches(|mark: char| mark.is_whitespace() || mark.is_control() || matches!(mark, '.' | '"' | '\''));
    // A NUL ends the name, a colon starts a stream of the file.
    let name = name.split(['\0', ':']).next().unwrap_or_default();
    let (_, end) = name.rsplit_once('.')?;
    if end.starts_with('{') && end.ends_with('}') {
        return Some("clsid".to_owned());
    }
    let end: String = end.chars().filter(|mark| mark.is_alphanumeric() || *mark == '-').collect();
    Some(end.to_ascii_lowercase())
}

/// One section of a value (RFC 2231 3).
#[derive(Clone, Copy)]
struct Section<'a> {
    number: u32,
    is_extended: bool,
    value: &'a [u8],
}

struct OwnedSection {
    number: u32,
    is_extended: bool,
    value: Vec<u8>,
}

impl Section<'_> {
    fn owned(self) -> OwnedSection {
        OwnedSection { number: self.number, is_extended: self.is_extended, value: self.value.to_vec() }
    }
}

impl OwnedSection {
    fn section(&self) -> Section<'_> {
        Section { number: self.number, is_extended: self.is_extended, value: &self.value }
    }
}

/// The sections of the parameter `wanted` in the order they stand in.
fn sections_of<'a>(parameters: &'a [Parameter], wanted: &'a str) -> impl Iterator<Item = Section<'a>> {
    parameters.iter().filter_map(move |parameter| {
        let section = parameter.name.strip_prefix(wanted)?.strip_prefix('*')?;
        let value = parameter.values.first()?;
        let (number, is_extended) = match section.strip_suffix('*') {
            Some(number) => (number, true),
            None => (section, false),
        };
        Some(Section { number: number.parse().ok()?, is_extended, value })
    })
}

/// The readings that one field gives for the parameter `wanted`.
fn of_field(parameters: &[Parameter], wanted: &str, names: &mut Vec<String>) {
    for parameter in parameters {
        let Some(section) = parameter.name.strip_prefix(wanted) else { continue };
        if section == "*" {
            for value in &parameter.values {
                extended(value, names);
            }
        }
    }
    let sections: Vec<Section<'_>> = sections_of(parameters, wanted).collect();
    joined(&sections, names);
    for parameter in parameters.iter().filter(|parameter| parameter.name == wanted) {
        for value in &parameter.values {
            plain(value, names);
        }
    }
}

/// The readings of a value that is no section.
fn plain(value: &[u8], names: &mut Vec<String>) {
    let plain = charset::guess(value).into_owned();
    if plain.contains("=?") {
        words(value, names);
    }
    if plain.contains("''") && plain.contains('%') {
        extended(value, names);
    }
    add(names, &plain);
    let percent = charset::guess(&percent_decoded(value)).into_owned();
    // Some readers undo `%2E` everywhere; worth a reading where it makes another kind of file.
    if extension(&percent) != extension(&plain) {
        add(names, &percent);
    }
}

/// Encoded-words (RFC 2047), which readers undo in names though the standard forbids it.
fn words(value: &[u8], names: &mut Vec<String>) {
    add(names, &charset::unstructured(value));
    let label = b"=?utf-16?";
    let Some(at) = value.windows(label.len()).position(|window| window.eq_ignore_ascii_case(label)) else { return };
    for order in ["le", "be"] {
        let mut exact = value.to_vec();
        let end = at + label.len() - 1;
        exact.splice(end..end, order.bytes());
        add(names, &charset::unstructured(&exact));
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    let name: String = name.chars().filter(|mark| !matches!(mark, '\r' | '\n')).collect();
    let name = name.trim();
    let cut = name.get(..name.floor_char_boundary(limits::NAME_BYTES_MAX)).unwrap_or_default();
    push(names, cut);
    if cut.contains('\0') {
        // It ends the name for some readers and is nothing for others.
        push(names, &cut.replace('\0', ""));
    }
    if cut.len() < name.len() {
        // The end of a name says what it is.
        let start = name.ceil_char_boundary(name.len().saturating_sub(limits::NAME_BYTES_MAX));
        push(names, name.get(start..).unwrap_or_default());
    }
}

fn push(names: &mut Vec<String>, name: &str) {
    if !name.is_empty() && names.len() < limits::NAMES_MAX && !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// `charset'language'percent%20encoded` (RFC 2231 4).
fn extended(value: &[u8], names: &mut Vec<String>) {
    let (label, rest) = label_of(value);
    in_charset(label.as_deref(), &percent_decoded(rest), names);
}

/// UTF-16 may come without a mark of its byte order: readers take either.
fn in_charset(label: Option<&str>, octets: &[u8], names: &mut Vec<String>) {
    let mut add_as = |label| add(names, &charset::decode(label, octets).text);
    if label.is_some_and(|label| label.eq_ignore_ascii_case("utf-16")) {
        add_as(Some("utf-16be"));
        add_as(Some("utf-16le"));
    } else {
        add_as(label);
    }
}

fn label_of(value: &[u8]) -> (Option<String>, &[u8]) {
    let mut quotes = value.iter().enumerate().filter(|(_, byte)| **byte == b'\'').map(|(at, _)| at);
    let (Some(first), Some(second)) = (quotes.next(), quotes.next()) else { return (None, value) };
    let label = String::from_utf8_lossy(value.get(..first).unwrap_or_default()).into_owned();
    (Some(label), value.get(second + 1..).unwrap_or_default())
}

/// Sections put together: by number up to the first gap (RFC 2231 3), over gaps, and in the order they stand in.
fn joined(sections: &[Section<'_>], names: &mut Vec<String>) {
    let mut by_number: BTreeMap<u32, Section<'_>> = BTreeMap::new();
    for section in sections {
        by_number.entry(section.number).or_insert(*section);
    }
    let Some(start) = by_number.keys().next().copied() else { return };
    let run: Vec<Section<'_>> = by_number
        .values()
        .zip(start..=u32::MAX)
        .take_while(|(section, expected)| section.number == *expected)
        .map(|(section, _)| *section)
        .collect();
    continued(&run, names);
    if run.len() < by_number.len() {
        continued(&by_number.into_values().collect::<Vec<_>>(), names);
    }
    if !sections.is_sorted_by_key(|section| section.number) || run.len() < sections.len() {
        continued(sections, names);
    }
}

/// One way to put sections together; the first may name the charset.
fn continued(sections: &[Section<'_>], names: &mut Vec<String>) {
    let mut octets = Vec::new();
    let mut label = None;
    for (at, section) in sections.iter().enumerate() {
        let mut value = section.value;
        if section.is_extended && at == 0 {
            (label, value) = label_of(value);
        }
        if section.is_extended {
            octets.extend_from_slice(&percent_decoded(value));
        } else {
            octets.extend_from_slice(value);
        }
    }
    let decoded = charset::decode(label.as_deref(), &octets).text.into_owned();
    if decoded.contains("=?") {
        words(decoded.as_bytes(), names);
    } else {
        in_charset(label.as_deref(), &octets, names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(disposition: &str, content_type: &str) -> Vec<String> {
        readings([disposition.as_bytes()].into_iter(), [content_type.as_bytes()].into_iter())
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(of(" attachment; filename=\"a.txt\"", " text/plain; name=b.txt"), ["a.txt", "b.txt"]);
        assert_eq!(of("attachment; filename*=iso-8859-1'de'Pr%FCfung.pdf", ""), ["Pr\u{fc}fung.pdf"]);
        assert_eq!(
            of("attachment;\r\n filename*0*=utf-8''Pr%C3%BC;\r\n filename*1=\"fung\";\r\n filename*2=.exe", ""),
            ["Pr\u{fc}fung.exe"]
        );
        assert_eq!(of("attachment; filename=\"=?utf-8?q?a=2Eexe?=\"", ""), ["a.exe", "=?utf-8?q?a=2Eexe?="]);
    }

    #[test]
    fn extensions_are_read_as_windows_does() {
        assert_eq!(extension("a.pdf.EXE. .").as_deref(), Some("exe"));
        assert_eq!(extension("a.exe:x.txt").as_deref(), Some("exe"));
        assert_eq!(extension("Elternbrief"), None);
        assert_eq!(extension("a.search-ms").as_deref(), Some("search-ms"));
        assert_eq!(extension("a.jpg.{00020424-0000-0000-C000-000000000046}").as_deref(), Some("clsid"));
    }

    #[test]
    fn a_nul_ends_a_name_or_is_nothing() {
        let names = of("x; filename*=utf-8''a.jpg%00.exe", "");
        let extensions: Vec<_> = names.iter().filter_map(|name| extension(name)).collect();
        assert!(extensions.contains(&"jpg".to_owned()) && extensions.contains(&"exe".to_owned()), "{names:?}");
    }

    #[test]
    fn disagreements_give_several_readings() {
        assert_eq!(of("attachment; filename=\"a.txt\"; filename=\"b.exe\"", ""), ["a.txt", "b.exe"]);
        assert_eq!(of("attachment; filename=a b.exe", ""), ["a b.exe", "a"]);
        assert_eq!(of("attachment; filename=\"a\\.exe\"", ""), ["a.exe", "a\\.exe"]);
        assert_eq!(of("filename=a.exe", ""), ["a.exe"]);
        assert_eq!(of("attachment; FILENAME = \"a.exe", ""), ["a.exe"]);
    }

    #[test]
    fn sections_are_joined_in_every_order() {
        assert!(of("x; filename*1=file.; filename*0=zip", "").contains(&"file.zip".to_owned()));
        assert!(of("x; filename*0=file.; filename*2=zip", "").contains(&"file.zip".to_owned()));
        assert!(of("x; filename*1=zip", "y; filename*0=file.").contains(&"file.zip".to_owned()));
    }

    #[test]
    fn wide_names_are_read_in_both_orders() {
        assert!(of("x; filename*=utf-16''%00a%00.%00b", "").contains(&"a.b".to_owned()));
        assert!(of("x; filename=\"=?UTF-16?B?AGEALgBi?=\"", "").contains(&"a.b".to_owned()));
    }

    #[test]
    fn long_names_keep_their_end() {
        let names = of(&format!("x; filename={}.exe", "a".repeat(limits::NAME_BYTES_MAX)), "");
        assert!(names.iter().any(|name| extension(name).as_deref() == Some("exe")));
    }

    #[test]
    fn readings_are_bounded() {
        let many: String = (0..1000).map(|number| format!(";filename={number}.exe")).collect();
        assert_eq!(of(&many, "").len(), limits::NAMES_MAX);
        assert_eq!(
            of("x;filename*4294967295=a.exe;filename*0*=utf-8''%zz%4", ""),
            ["%zz%4", "%zz%4a.exe", "a.exeutf-8''%zz%4"]
        );
        assert_eq!(of("x;filename*4294967295=a.exe", ""), ["a.exe"]);
        assert!(of(&format!("x;filename={}", "a".repeat(9999)), "")[0].len() <= limits::NAME_BYTES_MAX);
    }
}
