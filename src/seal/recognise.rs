//! Is a mail encrypted as a whole already? By its octets, not by its label (RFC 3156, RFC 8551, RFC 9580).
//!
//! Pure. In doubt the answer is no: what is sealed twice can be opened, what is left in plaintext cannot be hidden again.

use super::{
    cms::{AUTH_ENVELOPED_DATA, ENVELOPED_DATA},
    der,
};
use crate::mail::{
    coding::{base64, quoted},
    head::{Field, Head},
    parameters,
};
use bytes::Bytes;
use std::borrow::Cow;

const ARMOUR_BEGINS: &[u8] = b"-----BEGIN PGP MESSAGE-----";
const ARMOUR_ENDS: &[u8] = b"-----END PGP MESSAGE-----";
/// Octets before the first and behind the last delimiter of multipart/encrypted, which nobody shows.
const AROUND_BYTES_MAX: usize = 512;
/// Packets that an encrypted message begins with (RFC 9580 5): PKESK, SKESK, SED, SEIPD, AEAD of draft 4880bis.
const ENCRYPTED_PACKETS: [u8; 5] = [1, 3, 9, 18, 20];

/// Is the whole content of the mail encrypted to somebody?
#[must_use]
pub fn is_encrypted(head: &Head, body: &[u8]) -> bool {
    let types: Vec<&Field> = head.all("Content-Type").collect();
    let field = match types.as_slice() {
        [] => return is_armoured(&decoded(head, body)),
        [one] => one,
        _ => return false,
    };
    let kind = field.text().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => is_envelope(&decoded(head, body)),
        "multipart/encrypted" => boundary(&field.value).is_some_and(|cut| is_pgp_mime(&cut, body)),
        "text/plain" => is_armoured(&decoded(head, body)),
        _ => false,
    }
}

fn boundary(value: &[u8]) -> Option<Vec<u8>> {
    let found = parameters::of(value);
    let cut = found.iter().find(|parameter| parameter.name == "boundary")?.values.first()?;
    (!cut.is_empty()).then(|| cut.clone())
}

/// The body with its transfer encoding undone.
fn decoded<'a>(head: &Head, body: &'a [u8]) -> Cow<'a, [u8]> {
    let coding = head.first("Content-Transfer-Encoding").map(|field| field.text().to_ascii_lowercase());
    match coding.as_deref() {
        Some("base64") => Cow::Owned(base64::decoded(body)),
        Some("quoted-printable") => {
            let mut first = None;
            quoted::readings(body, &mut |reading| first = first.take().or(Some(reading)));
            Cow::Owned(first.unwrap_or_default())
        }
        _ => Cow::Borrowed(body),
    }
}

/// ContentInfo (RFC 5652 3) of an envelope; its outer length may be indefinite, as some clients write it.
fn is_envelope(octets: &[u8]) -> bool {
    let inside = match octets {
        [der::SEQUENCE, 0..=0x80, rest @ ..] => Some(rest),
        [der::SEQUENCE, long @ 0x81..=0x84, rest @ ..] => rest.get(usize::from(long & 0x7f)..),
        _ => None,
    };
    let named = inside.and_then(|rest| der::Reader::new(rest).read(der::OID)).map(|name| name.content);
    named.is_some_and(|name| [ENVELOPED_DATA, AUTH_ENVELOPED_DATA].contains(&name))
}

/// Two parts, the second one an armoured message and nothing else.
fn is_pgp_mime(cut: &[u8], body: &[u8]) -> bool {
    let delimiter = [b"--", cut].concat();
    let mut pieces: Vec<&[u8]> = Vec::new();
    let (mut from, mut at, mut is_closed) = (0, 0, false);
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        let text = line.trim_ascii_end();
        if !is_closed && text.starts_with(&delimiter) {
            pieces.push(body.get(from..at).unwrap_or_default());
            from = at + line.len();
            is_closed = text.get(delimiter.len()..) == Some(b"--");
        }
        at += line.len();
    }
    pieces.push(body.get(from..).unwrap_or_default());
    let [before, control, message, after] = pieces.as_slice() else { return false };
    let entity = Bytes::copy_from_slice(message);
    let head = Head::parse(&entity);
    before.len() + after.len() <= AROUND_BYTES_MAX
        && is_closed
        && control.len() <= AROUND_BYTES_MAX
        && is_armoured(&decoded(&head, message.get(head.len_bytes()..).unwrap_or_default()))
}

/// One armoured encrypted message with nothing before and nothing behind it.
fn is_armoured(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let Some(inside) = text.strip_prefix(ARMOUR_BEGINS).and_then(|rest| rest.strip_suffix(ARMOUR_ENDS)) else {
        return false;
    };
    // Armour headers end with an empty line.
    let mut lines = inside.split(|octet| *octet == b'\n').skip(1).skip_while(|line| !line.trim_ascii().is_empty());
    lines.next();
    let mut content = lines.map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).peekable();
    let first = content.peek().map(|line| base64::decoded(line)).and_then(|octets| octets.first().copied());
    let is_data = |line: &[u8]| {
        line.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'='))
            && line.len() <= 96
    };
    first.is_some_and(begins_encrypted) && content.all(is_data)
}

/// RFC 9580 4.2: the packet's type in its first octet, new format or old.
fn begins_encrypted(octet: u8) -> bool {
    let packet = match octet {
        0xc0.. => octet & 0x3f,
        0x80..0xc0 => octet >> 2 & 0x0f,
        _ => 0,
    };
    ENCRYPTED_PACKETS.contains(&packet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_sealed(mail: &str) -> bool {
        let raw = Bytes::copy_from_slice(mail.as_bytes());
        let head = Head::parse(&raw);
        is_encrypted(&head, &raw[head.len_bytes()..])
    }

    /// A PKESK of version 3.
    const ARMOUR: &str =
        "-----BEGIN PGP MESSAGE-----\r\nComment: x\r\n\r\nwV4DAAAAAAAAAAA=\r\n=AAAA\r\n-----END PGP MESSAGE-----\r\n";

    fn pgp_mime(second: &str, after: &str) -> String {
        format!(
            "Content-Type: multipart/encrypted; boundary=\"x\"; protocol=\"application/pgp-encrypted\"\r\n\r\n--x\r\n\
             Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--x\r\n\
             Content-Type: application/octet-stream\r\n\r\n{second}\r\n--x--\r\n{after}"
        )
    }

    #[test]
    fn encrypted_mails_are_known() {
        assert!(is_sealed(&pgp_mime(ARMOUR, "")));
        assert!(is_sealed(&format!("Subject: x\r\n\r\n{ARMOUR}")));
        assert!(is_sealed(&format!("Content-Type: text/plain\r\n\r\n\r\n{ARMOUR}\r\n")));
        for start in ["MIAGCSqGSIb3DQEHA6CA", "MIIBAAYJKoZIhvcNAQcDoA==", "MIAGCyqGSIb3DQEJEAEXoIA="] {
            let fields = "Content-Type: application/pkcs7-mime; smime-type=x\r\nContent-Transfer-Encoding: base64";
            assert!(is_sealed(&format!("{fields}\r\n\r\n{start}\r\n")), "{start}");
        }
    }

    #[test]
    fn a_label_makes_nothing_encrypted() {
        let text = "-----BEGIN PGP MESSAGE-----\r\n\r\nMeet me at nine.\r\n-----END PGP MESSAGE-----\r\n";
        assert!(!is_sealed(&pgp_mime(text, "")));
        assert!(!is_sealed(&pgp_mime("Meet me at nine.", "")));
        assert!(!is_sealed(&pgp_mime(ARMOUR, &"Meet me at nine. ".repeat(40))));
        assert!(!is_sealed(&pgp_mime(&format!("{ARMOUR}\r\n--x\r\n\r\nMeet me at nine."), "")));
        assert!(!is_sealed(&format!("\r\nSee below:\r\n{ARMOUR}")));
        assert!(!is_sealed("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMeet me at nine."));
        // signedData
        let fields = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64";
        assert!(!is_sealed(&format!("{fields}\r\n\r\nMIAGCSqGSIb3DQEHAqCA\r\n")));
        // Two types: clients differ.
        assert!(!is_sealed(&format!("Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\n{ARMOUR}")));
    }

    proptest! {
        #[test]
        fn any_octets_get_an_answer(mail in prop::collection::vec(any::<u8>(), 0..300)) {
            let raw = Bytes::from(mail);
            let head = Head::parse(&raw);
            let _ = is_encrypted(&head, &raw[head.len_bytes()..]);
        }
    }
}
