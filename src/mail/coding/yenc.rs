//! yEnc (yenc.org draft 1.3): `=ybegin`, octets shifted by 42, `=yend`.
//!
//! Pure.

use super::{File, lines};
use crate::limits;
use memchr::memmem;

/// The files that stand in a text, in their order.
#[must_use]
pub fn files(text: &[u8]) -> Vec<File> {
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < limits::ENCODED_FILES_MAX
        && let Some(at) = text.get(from..).and_then(|rest| memmem::find(rest, b"=ybegin "))
    {
        let (file, next) = file_at(text, from + at);
        from = next;
        if !file.octets.is_empty() {
            found.push(file);
        }
    }
    found
}

fn file_at(text: &[u8], start: usize) -> (File, usize) {
    let mut file = File::default();
    let mut end = start;
    // Only LF ends a line here: a shifted octet may be CR.
    for line in text.get(start..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        let content = lines::without_last_end(line);
        if content.starts_with(b"=ybegin ") {
            if !file.octets.is_empty() {
                end -= line.len();
                break;
            }
            if let Some(at) = memmem::find(content, b"name=") {
                let name = content.get(at + 5..).unwrap_or_default().trim_ascii();
                let name = name.get(..limits::NAME_BYTES_MAX).unwrap_or(name);
                file.name = String::from_utf8_lossy(name).into_owned();
            }
        } else if content.starts_with(b"=yend") {
            break;
        } else if !content.starts_with(b"=ypart") {
            decode_line(content, &mut file.octets);
        }
    }
    file.raw_bytes = end - start;
    (file, end)
}

fn decode_line(line: &[u8], out: &mut Vec<u8>) {
    let mut is_escaped = false;
    for byte in line {
        if is_escaped {
            out.push(byte.wrapping_sub(64 + 42));
            is_escaped = false;
        } else if *byte == b'=' {
            is_escaped = true;
        } else {
            out.push(byte.wrapping_sub(42));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_a_text_are_found() {
        let text = b"x\r\n=ybegin line=128 size=3 name=a b.bin\r\n\x8b=\x7d\x8d\r\n=yend size=3\r\ny";
        let found = files(text);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].octets.as_slice()), ("a b.bin", &b"a\x13c"[..]));
        assert!(files(b"=ybegin ").is_empty());
    }
}
