//! Octets to text: charset labels (RFC 2046 4.1.2), unlabelled 8-bit text, encoded words (RFC 2047).
//!
//! Pure. Never fails: what cannot be decoded becomes U+FFFD and is said so.

use crate::limits;
use mail_parser::{Charset, HeaderForm};
use std::borrow::Cow;

/// Text with what went wrong on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    pub text: Cow<'a, str>,
    /// The label names no charset we know; the octets were read as if there was none.
    pub unknown: bool,
    /// Octets that are not valid in the charset.
    pub malformed: bool,
}

/// Decodes octets by the label of their Content-Type, if any.
///
/// Unlabelled octets are UTF-8 if they can be, else windows-1252, which is what clients in Europe show.
#[must_use]
pub fn decode<'a>(label: Option<&str>, bytes: &'a [u8]) -> Decoded<'a> {
    if let Some(order) = label.and_then(utf_32) {
        return order.decode(bytes);
    }
    let charset = label.and_then(|label| Charset::from_label(label.trim().as_bytes()));
    let unknown = charset.is_none() && label.is_some_and(|label| !label.trim().is_empty());
    let Some(charset) = charset else {
        return Decoded { text: guess(bytes), unknown, malformed: false };
    };
    let (text, malformed) = charset.decode_checked(bytes);
    Decoded { text, unknown, malformed }
}

/// Octet order of UTF-32, which Outlook reads and WHATWG does not.
#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

fn utf_32(label: &str) -> Option<Order> {
    let label = label.trim().to_ascii_lowercase();
    let rest = label.strip_prefix("utf-32").or_else(|| label.strip_prefix("utf32"))?;
    Some(if rest == "le" { Order::Little } else { Order::Big })
}

impl Order {
    /// Four octets a character; a byte order mark counts more than the label.
    fn decode(self, bytes: &[u8]) -> Decoded<'static> {
        let order = match bytes {
            [0xff, 0xfe, 0, 0, ..] => Self::Little,
            [0, 0, 0xfe, 0xff, ..] => Self::Big,
            _ => self,
        };
        let (groups, rest) = bytes.as_chunks::<4>();
        let mut malformed = !rest.is_empty();
        let decoded = groups.iter().map(|group| {
            let number = match order {
                Self::Little => u32::from_le_bytes(*group),
                Self::Big => u32::from_be_bytes(*group),
            };
            char::from_u32(number).unwrap_or_else(|| {
                malformed = true;
                char::REPLACEMENT_CHARACTER
            })
        });
        let text: String = decoded.filter(|mark| *mark != '\u{feff}').collect();
        Decoded { text: Cow::Owned(text), unknown: false, malformed }
    }
}

/// Reads octets without label.
#[must_use]
pub fn guess(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // A cut at the end of the prefix we read must not turn the whole text over.
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default())
        }
        Err(_) => Charset::Windows1252.decode(bytes),
    }
}

/// The text of an unstructured field value: unfolded, trimmed, encoded words decoded.
///
/// At most `limits::FIELD_TEXT_BYTES_MAX` octets are read.
#[must_use]
pub fn unstructured(value: &[u8]) -> String {
    let value = value.get(..limits::FIELD_TEXT_BYTES_MAX).unwrap_or(value);
    let text = guess(value);
    let parsed = HeaderForm::Text.parse(text.as_bytes());
    parsed.value().as_text().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_lenient() {
        assert_eq!(decode(Some("ISO-8859-1"), b"Gr\xfc\xdfe").text, "Gr\u{fc}\u{df}e");
        assert_eq!(decode(Some("\"utf-8\" "), b"x").text, "x");
        assert!(decode(Some("klingon"), b"x").unknown);
        assert!(decode(Some("utf-8"), b"\xff").malformed);
        assert_eq!(decode(Some("utf-16le"), b"h\0i\0").text, "hi");
        assert_eq!(decode(Some("UTF-32"), b"\0\0\0h\0\0\0i").text, "hi");
        assert_eq!(decode(Some("utf-32"), b"\xff\xfe\0\0h\0\0\0").text, "h");
        assert!(decode(Some("utf-32le"), b"\xff\xff\xff\xffx").malformed);
    }

    #[test]
    fn octets_without_label_are_guessed() {
        assert_eq!(decode(None, b"Gr\xfc\xdfe").text, "Gr\u{fc}\u{df}e");
        assert_eq!(decode(None, "Gr\u{fc}\u{df}e".as_bytes()).text, "Gr\u{fc}\u{df}e");
        assert_eq!(decode(None, b"ok\xc3").text, "ok");
    }

    #[test]
    fn subjects_decode() {
        let text = "Elternbrief: M\u{fc}ndliche Noten";
        assert_eq!(unstructured(b" =?utf-8?q?Elternbrief:_M=C3=BCnd?=\r\n =?utf-8?q?liche?= Noten\r\n"), text);
        assert_eq!(unstructured(b" Elternbrief: M\xfcndliche Noten"), text);
        assert_eq!(unstructured(text.as_bytes()), text);
        assert_eq!(unstructured(b""), "");
    }
}
