//! Scripts: marks of pages that build a file or another page in the reader's browser (HTML smuggling).
//!
//! Pure, and linear in the octets. Reads words, runs nothing.

use std::collections::BTreeSet;

/// What is looked for, and the word it is told by.
const MARKS: &[(&str, &str)] = &[
    ("atob", "atob"),
    ("Blob(", "blob"),
    ("createObjectURL", "object_url"),
    ("msSaveBlob", "save_blob"),
    ("msSaveOrOpenBlob", "save_blob"),
    ("unescape(", "unescape"),
    ("decodeURIComponent", "decode_uri"),
    ("document.write", "document_write"),
    ("fromCharCode", "from_char_code"),
    ("eval(", "eval"),
    ("Uint8Array", "octets"),
    (".download", "download"),
    ("window.location", "location"),
    ("location.href", "location"),
    ("location.replace", "location"),
    ("innerHTML", "inner_html"),
    ("XMLHttpRequest", "request"),
    ("fetch(", "request"),
    ("parseInt(", "parse_int"),
    ("charCodeAt", "char_code_at"),
    ("CryptoJS", "crypto"),
];

/// Adds the marks that `text` shows.
pub fn marks(text: &str, found: &mut BTreeSet<&'static str>) {
    for (mark, word) in MARKS {
        if memchr::memmem::find(text.as_bytes(), mark.as_bytes()).is_some() {
            found.insert(word);
        }
    }
    if has_run(text) {
        found.insert("base64_run");
    }
}

/// Is there a long run of base64 or of hexadecimal digits, which is data rather than program?
fn has_run(text: &str) -> bool {
    let is_symbol = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if is_symbol(byte) { run + 1 } else { 0 };
        run >= RUN_BYTES_MIN
    })
}

/// Octets of a run that no name, number or path of a program has.
const RUN_BYTES_MIN: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smuggling_is_marked() {
        let mut found = BTreeSet::new();
        marks("var b=new Blob([atob('QUJD')]);a.href=URL.createObjectURL(b);a.download='x.zip'", &mut found);
        assert_eq!(found.iter().copied().collect::<Vec<_>>(), ["atob", "blob", "download", "object_url"]);
        found.clear();
        marks(&format!("x='{}'", "QUJD".repeat(100)), &mut found);
        assert_eq!(found.iter().copied().collect::<Vec<_>>(), ["base64_run"]);
        found.clear();
        marks("function f(a) { return a + 1 }", &mut found);
        assert!(found.is_empty());
    }
}
