//! Header fields as milter packets carry them, brought back to the bytes of the message (RFC 5322 2.2).
//!
//! Pure. Folds come as a bare LF (Sendmail, Postfix) or as CRLF (others).

/// Appends one field, CRLF line ends. Returns whether it had to be mended.
///
/// Without `has_leading_space` the MTA took one space after the colon away, which is put back. A line break without
/// white space behind it would start a field of its own here, which the MTA does not see as one: Sendmail and Postfix
/// store it as a fold by putting white space in, so the same is done here. Nothing is hidden and the MTA's count of
/// fields stays ours.
pub fn append(head: &mut Vec<u8>, name: &[u8], value: &[u8], has_leading_space: bool) -> bool {
    let mut is_mended = name.is_empty();
    head.reserve(name.len() + value.len() + 8);
    for octet in name {
        let breaks_line = matches!(octet, b'\r' | b'\n');
        is_mended |= breaks_line;
        head.push(if breaks_line { b'?' } else { *octet });
    }
    head.push(b':');
    if !has_leading_space {
        head.push(b' ');
    }
    let mut rest = value;
    while let Some(newline) = rest.iter().position(|octet| *octet == b'\n') {
        let (line, after) = rest.split_at(newline);
        head.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        head.extend_from_slice(b"\r\n");
        rest = after.get(1..).unwrap_or_default();
        if !matches!(rest.first(), Some(b' ' | b'\t')) {
            head.push(b'\t');
            is_mended = true;
        }
    }
    head.extend_from_slice(rest.strip_suffix(b"\r").unwrap_or(rest));
    head.extend_from_slice(b"\r\n");
    is_mended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;

    fn restored(name: &str, value: &str, has_leading_space: bool) -> (String, bool) {
        let mut head = Vec::new();
        let is_mended = append(&mut head, name.as_bytes(), value.as_bytes(), has_leading_space);
        (String::from_utf8(head).unwrap(), is_mended)
    }

    #[test]
    fn folds_get_their_crlf_back_and_the_space_only_where_it_was_taken() {
        assert_eq!(restored("A", "b\n c\r\n\td", false), ("A: b\r\n c\r\n\td\r\n".to_owned(), false));
        assert_eq!(restored("A", "  b", true), ("A:  b\r\n".to_owned(), false));
        assert_eq!(restored("A", "", true), ("A:\r\n".to_owned(), false));
        assert_eq!(restored("From ", "x", false), ("From : x\r\n".to_owned(), false));
    }

    #[test]
    fn a_packet_is_one_field_whatever_it_holds() {
        let hostile = ["a\nFrom: b", "a\n\nbody", "a\r\n\r\nbody", "\n", "a\n", "a\r", "\r\r\n"];
        for value in hostile {
            for name in ["X", "X\nY", "X\r\n\r\n"] {
                let (text, _) = restored(name, value, false);
                let head = Head::parse(&format!("{text}Next: 1\r\n\r\n").into());
                assert_eq!(head.fields().len(), 2, "{text:?}");
            }
        }
        assert!(restored("X", "a\nFrom: b", false).1);
        assert!(restored("X\nFrom: b", "a", false).1);
    }
}
