//! PDF: files in it, scripts, what happens when it is opened, where it leads, codes in its pictures.
//!
//! Pure. Every object counts, whether a table refers to it or not.

mod cipher;
mod filters;
mod syntax;

use super::{
    budget::{Budget, ENCRYPTED},
    contents::{Contents, Member},
};
use cipher::Cipher;
use syntax::{Object, has, names_of, number_of, string, string_of, text_of, value};

/// Keys whose presence tells, and the mark for it.
const MARKS: &[(&[u8], &str)] = &[
    (b"/JavaScript", "javascript"),
    (b"/JS", "javascript"),
    (b"/Launch", "launch"),
    (b"/OpenAction", "open_action"),
    (b"/AA", "open_action"),
    (b"/EmbeddedFile", "embedded_object"),
    (b"/EmbeddedFiles", "embedded_object"),
    (b"/RichMedia", "rich_media"),
    (b"/XFA", "xfa"),
    (b"/SubmitForm", "form"),
    (b"/GoToR", "external_link"),
    (b"/GoToE", "external_link"),
    (b"/ImportData", "external_link"),
];

/// Opens a PDF file.
#[must_use]
pub fn open(bytes: &[u8], words: &[String], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let objects = syntax::objects(bytes);
    let cipher = Cipher::of(bytes, &objects, words, budget);
    let key = match &cipher {
        cipher::Found::Plain => None,
        cipher::Found::Open(cipher, mark) => {
            contents.traits.extend(*mark);
            Some(cipher)
        }
        cipher::Found::Sealed => {
            contents.skip(ENCRYPTED);
            None
        }
    };
    let is_sealed = matches!(cipher, cipher::Found::Sealed);
    let names = file_names(&objects, key);
    let mut next_name = names.into_iter();
    for object in &objects {
        marks(object, key, &mut contents);
        if let Some(stream) = object.stream.filter(|_| !is_sealed) {
            let plain = key.map(|cipher| cipher.stream(object, stream));
            let stream = plain.as_deref().unwrap_or(stream);
            if !data(object, stream, &mut next_name, &mut contents, budget) {
                break;
            }
        }
    }
    contents
}

/// What an object says of itself.
fn marks(object: &Object<'_>, key: Option<&Cipher>, contents: &mut Contents) {
    let text = &object.text;
    for (name, mark) in MARKS {
        if has(text, name) {
            contents.traits.insert(mark);
        }
    }
    let plain = |raw: Vec<u8>| key.map_or(raw.clone(), |cipher| cipher.string(object, &raw));
    strings_behind(text, b"/URI", |raw| contents.link(&text_of(&plain(raw))));
    if has(text, b"/Launch") || has(text, b"/SubmitForm") || has(text, b"/GoToR") {
        strings_behind(text, b"/F", |raw| contents.link(&text_of(&plain(raw))));
    }
    let mut scripts = Vec::new();
    strings_behind(text, b"/JS", |raw| scripts.push(text_of(&plain(raw))));
    for script in scripts {
        contents.show(&script);
        contents.show("\n");
    }
}

/// Hands out every string that is the value of this key, and goes on behind it.
fn strings_behind(text: &[u8], key: &[u8], mut take: impl FnMut(Vec<u8>)) {
    let mut rest = text;
    while let Some(found) = value(rest, key) {
        rest = found;
        if let Some((string, length)) = string_of(found) {
            take(string);
            rest = found.get(length..).unwrap_or_default();
        }
    }
}

/// Names of embedded files, in the order of their specifications.
fn file_names(objects: &[Object<'_>], key: Option<&Cipher>) -> Vec<String> {
    let specifications = objects.iter().filter(|object| has(&object.text, b"/EF"));
    let found = specifications.filter_map(|object| {
        let raw = string(value(&object.text, b"/UF").or_else(|| value(&object.text, b"/F"))?)?;
        let raw = key.map_or(raw.clone(), |cipher| cipher.string(object, &raw));
        Some(text_of(&raw))
    });
    found.collect()
}

/// The data of an object: further objects, a file, a picture, a script.
fn data(
    object: &Object<'_>,
    stream: &[u8],
    names: &mut impl Iterator<Item = String>,
    contents: &mut Contents,
    budget: &mut Budget,
) -> bool {
    let text = &object.text;
    let is_type = |name: &[u8]| {
        [&b"/Type"[..], b"/Subtype"].iter().any(|key| names_of(text, &[key]).first().is_some_and(|own| own == name))
    };
    let filters = names_of(text, &[b"/Filter", b"/F"]);
    if is_type(b"EmbeddedFile") || (has(text, b"/Params") && has(text, b"/CheckSum")) {
        contents.traits.insert("embedded_object");
        let output = filters::decode(&filters, stream, budget);
        let name = names.next().map(|name| contents.name(&name));
        return contents.member(name.into_iter().collect(), output, budget);
    }
    if is_type(b"ObjStm") {
        let output = filters::decode(&filters, stream, budget);
        if let Some(reason) = output.cut {
            contents.skip(reason);
        }
        // The numbers at its beginning do no harm: all of it is looked at as one object.
        let inner = Object { text: syntax::names_undone(&output.bytes), ..Object::default() };
        marks(&inner, None, contents);
        return true;
    }
    if is_type(b"Image") {
        return picture(text, &filters, stream, contents, budget);
    }
    if is_type(b"XRef") || is_type(b"Metadata") || has(text, b"/Length1") {
        return true;
    }
    // A script may be a stream of its own, which only its reader knows: it looks like one.
    if stream.len() <= SCRIPT_BYTES_MAX && !has(text, b"/Type") && !has(text, b"/Subtype") && contents.text.is_empty() {
        let output = filters::decode(&filters, stream, budget);
        let is_script = [&b"app."[..], b"this.", b"eval(", b"function", b"util.", b"unescape("]
            .iter()
            .any(|mark| super::octets::holds(&output.bytes, mark));
        if is_script && output.bytes.is_ascii() {
            contents.show(&String::from_utf8_lossy(&output.bytes));
        }
    }
    true
}

/// A picture: one of a known format is a member, one of bare pixels is looked at for codes.
fn picture(text: &[u8], filters: &[Vec<u8>], stream: &[u8], contents: &mut Contents, budget: &mut Budget) -> bool {
    let is_jpeg = filters.last().is_some_and(|filter| filter == b"DCTDecode" || filter == b"DCT");
    let size = number_of(text, b"/Width").zip(number_of(text, b"/Height"));
    let Some((width, height)) = size else { return true };
    let pixels = width.saturating_mul(height);
    if !(1764..=PIXELS_MAX).contains(&pixels) {
        return true;
    }
    if is_jpeg {
        let output = filters::decode(filters, stream, budget);
        let member = Member { bytes: output.bytes, skipped: output.cut, is_plumbing: true, ..Member::default() };
        return contents.push(member, budget);
    }
    let bits = number_of(text, b"/BitsPerComponent").unwrap_or(1);
    if !budget.picture(pixels) {
        contents.skip(super::budget::SIZE_LIMIT);
        return true;
    }
    let output = filters::decode(filters, stream, budget);
    if let Some(gray) = filters::gray(&output.bytes, width, height, bits) {
        super::codes(width, &gray, contents);
    }
    true
}

const PIXELS_MAX: usize = 30_000_000;
const SCRIPT_BYTES_MAX: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_string_is_read_once() {
        let mut found = Vec::new();
        strings_behind(b"/JS (a /JS (b) c) /JS(d) /JS <65> /JS 7 0 R /JS(open /JS(", b"/JS", |string| {
            found.push(string);
        });
        assert_eq!(found, [&b"a /JS (b) c"[..], b"d", b"e", b"open /JS("]);
    }

    #[test]
    fn strings_without_end_take_no_longer_than_their_octets() {
        let mut octets = 0;
        let text = b"/JS(".repeat(500_000);
        strings_behind(&text, b"/JS", |string| octets += string.len());
        assert!(octets <= text.len());
    }
}
