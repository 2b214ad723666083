//! Text signed in the clear (RFC 9580 7): the octets that are signed, and the signature.
//!
//! Pure. Only a text that is nothing but the signed message gives one: words around it would look signed.

use super::armor::{self, Label};
use memchr::{memchr, memmem};

const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";

/// The signed octets in canonical form (RFC 9580 7.2), and the packets of the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleartext {
    pub signed: Vec<u8>,
    pub signature: Vec<u8>,
}

/// Reads a text that is a signed message from its first to its last line.
#[must_use]
pub fn read(text: &[u8]) -> Option<Cleartext> {
    let text = text.trim_ascii();
    let first = armor::blocks(text).next().filter(|block| block.label == Label::SignedMessage && block.at == 0)?;
    first.rest?;
    let mut rest = after_line(text)?;
    // Anything but these headers would be shown and not signed.
    loop {
        let line = line_of(rest).trim_ascii();
        rest = after_line(rest)?;
        if line.is_empty() {
            break;
        }
        line.strip_prefix(b"Hash:")?;
    }
    let end = if rest.starts_with(SIGNATURE) { 0 } else { memmem::find(rest, b"\n-----BEGIN PGP SIGNATURE-----")? + 1 };
    let (body, tail) = rest.split_at_checked(end)?;
    let block = armor::blocks(tail).next().filter(|block| block.label == Label::Signature)?;
    if !block.rest?.trim_ascii().is_empty() {
        return None;
    }
    Some(Cleartext { signed: canonical(body)?, signature: block.octets() })
}

/// Lines without dash escapes and trailing white space, CRLF between them, none behind the last.
fn canonical(body: &[u8]) -> Option<Vec<u8>> {
    let mut signed = Vec::with_capacity(body.len());
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    for (number, line) in body.split(|octet| *octet == b'\n').enumerate() {
        let line = match line.strip_prefix(b"- ") {
            Some(line) => line,
            // A line that begins so begins another block.
            None if line.starts_with(b"-----") => return None,
            None => line,
        };
        if number > 0 {
            signed.extend_from_slice(b"\r\n");
        }
        let end = line.iter().rposition(|octet| !matches!(octet, b' ' | b'\t' | b'\r')).map_or(0, |last| last + 1);
        signed.extend_from_slice(line.get(..end)?);
    }
    Some(signed)
}

fn line_of(text: &[u8]) -> &[u8] {
    text.get(..memchr(b'\n', text).unwrap_or(text.len())).unwrap_or_default()
}

fn after_line(text: &[u8]) -> Option<&[u8]> {
    text.get(memchr(b'\n', text)? + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(head: &str, body: &str, tail: &str) -> String {
        format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\r\n{head}\r\n{body}\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\naGVsbG8=\r\n\
             -----END PGP SIGNATURE-----\r\n{tail}"
        )
    }

    #[test]
    fn escapes_and_trailing_blanks_are_undone() {
        let read = read(text("Hash: SHA256\r\n", "one \t\r\n- -- \r\n\r\nlast", "").as_bytes()).unwrap();
        assert_eq!(read.signed, b"one\r\n--\r\n\r\nlast");
        assert_eq!(read.signature, b"hello");
    }

    #[test]
    fn words_around_the_message_are_not_signed() {
        assert_eq!(read(text("Hash: SHA256\r\n", "one", "pay now").as_bytes()), None);
        assert_eq!(read(text("Note: pay now\r\n", "one", "").as_bytes()), None);
        assert_eq!(read(format!("pay now\r\n{}", text("", "one", "")).as_bytes()), None);
    }
}
