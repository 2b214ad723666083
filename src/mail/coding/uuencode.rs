//! uuencode (POSIX `uuencode`), with and without its first and last line, and `begin-base64`.
//!
//! Pure.

use super::{File, base64, lines};
use crate::limits;
use memchr::memmem;

/// The files that stand in a text, in their order.
#[must_use]
pub fn files(text: &[u8]) -> Vec<File> {
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < limits::ENCODED_FILES_MAX
        && let Some(at) = text.get(from..).and_then(|rest| memmem::find(rest, b"begin"))
    {
        let start = from + at;
        from = start + 5;
        let is_line_start = start == 0 || matches!(text.get(start - 1), Some(b'\n' | b'\r'));
        if !is_line_start {
            continue;
        }
        if let Some((file, next)) = file_at(text, start) {
            from = next;
            found.push(file);
        }
    }
    found
}

/// The file whose `begin` line starts there, and where it ends.
fn file_at(text: &[u8], start: usize) -> Option<(File, usize)> {
    let first = lines::line_at(text, start)?;
    let (name, is_base64) = opening(first.of(text))?;
    let mut octets = Vec::new();
    let mut end = first.next;
    let mut data = 0usize;
    for line in lines::from(text, first.next) {
        let content = line.of(text);
        if is_base64 {
            if content.starts_with(b"====") {
                end = line.next;
                break;
            }
            octets.extend_from_slice(content);
            octets.push(b'\n');
        } else if content == b"end" {
            end = line.next;
            break;
        } else if !decode_line(content, &mut octets) {
            // A line that is none ends the data unless it is empty.
            if !content.trim_ascii().is_empty() || data == 0 {
                break;
            }
        } else {
            data += 1;
        }
        end = line.next;
    }
    if is_base64 {
        octets = base64::decoded(&octets);
    }
    let is_any = !octets.is_empty();
    is_any.then(|| (File { name, octets, raw_bytes: end.saturating_sub(start) }, end))
}

/// Name of `begin 644 name`; clients take any number of digits and blanks.
fn opening(line: &[u8]) -> Option<(String, bool)> {
    let rest = line.strip_prefix(b"begin")?;
    let (rest, is_base64) = rest.strip_prefix(b"-base64").map_or((rest, false), |rest| (rest, true));
    if !matches!(rest.first(), Some(b' ' | b'\t')) {
        return None;
    }
    let rest = rest.trim_ascii();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let name = rest.get(digits..).unwrap_or_default().trim_ascii();
    let name = name.get(..limits::NAME_BYTES_MAX).unwrap_or(name);
    (digits > 0 || !name.is_empty()).then(|| (String::from_utf8_lossy(name).into_owned(), is_base64))
}

/// The octets of a body that is uuencoded, whether or not it has its first and last line.
#[must_use]
pub fn decoded(body: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    for line in lines::from(body, 0) {
        let content = line.of(body);
        if content == b"end" {
            break;
        }
        if !content.starts_with(b"begin ") {
            decode_line(content, &mut octets);
        }
    }
    octets
}

/// Does it look like uuencoded lines?
#[must_use]
pub fn is_likely(body: &[u8]) -> bool {
    let mut scratch = Vec::new();
    let mut lines = lines::from(body, 0).map(|line| line.of(body)).filter(|line| !line.trim_ascii().is_empty());
    let Some(first) = lines.next() else { return false };
    if first.starts_with(b"begin ") {
        return lines.next().is_some_and(|line| decode_line(line, &mut scratch));
    }
    first.first() == Some(&b'M') && first.len() >= 61 && decode_line(first, &mut scratch)
}

/// Decodes a line: a length, then groups of four characters. Says no where it cannot be one.
fn decode_line(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((length, data)) = line.split_first() else { return false };
    if !(b' '..=b'`').contains(length) {
        return false;
    }
    let wanted = usize::from((length - b' ') & 0x3f);
    let groups = wanted.div_ceil(3);
    // Blanks at the end may be lost on the way, one checksum character may have been added.
    if data.len() > groups * 4 + 2 || data.len() + 3 < groups * 4 && wanted > 3 && data.len() * 2 < groups * 4 {
        return false;
    }
    if data.iter().any(|byte| !(b' '..=b'`').contains(byte)) {
        return false;
    }
    let start = out.len();
    for group in 0..groups {
        let at =
            |offset: usize| data.get(group * 4 + offset).map_or(0, |byte| u32::from(byte.wrapping_sub(b' ') & 0x3f));
        let bits = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
        let [_, octets @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&octets);
    }
    out.truncate(start + wanted);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_a_text_are_found() {
        let text = b"Hello\r\nbegin 644 a b.txt\r\n#0V%T\r\n`\r\nend\r\nbegin 7 c\n#0V%T\n\nbegin the day\nwell\n";
        let found = files(text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].name.as_str(), found[0].octets.as_slice()), ("a b.txt", &b"Cat"[..]));
        assert_eq!((found[1].name.as_str(), found[1].octets.as_slice()), ("c", &b"Cat"[..]));
        assert_eq!(files(b"begin-base64 644 x\nQ2F0\n====\n")[0].octets, b"Cat");
    }

    #[test]
    fn bodies_need_no_first_line() {
        assert_eq!(decoded(b"#0V%T\r\n`\r\n"), b"Cat");
        assert!(files(b"begin 644\r\n").is_empty());
    }
}
