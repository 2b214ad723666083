//! How a mail as a whole is signed or encrypted (RFC 1847, RFC 8551, RFC 3156, RFC 9580 7), by its bytes.
//!
//! Pure. Only what covers the whole body counts: a signed part beside other parts says nothing about the mail, for
//! anybody can put somebody else's signed words into a mail of their own.

use super::{
    cms::{self, Kind},
    content::{Defect, Part},
    defects,
    mime::parser::declared_type,
    names,
    openpgp::{
        self,
        armor::{self, Label},
    },
};
use crate::limits;
use bytes::Bytes;
use mail_parser::{Message, MessagePart};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// The two ways to sign and encrypt mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Smime,
    Openpgp,
}

impl Family {
    /// The word used in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Smime => "smime",
            Self::Openpgp => "openpgp",
        }
    }
}

/// A signature over the whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub family: Family,
    pub form: Form,
    /// Detached: the signature. Opaque: the CMS file. Inline: the text.
    pub octets: Bytes,
}

/// Where the signed octets stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// In this range of the message, the first part of multipart/signed (RFC 1847 2.1), transfer encoding and all.
    Detached(Range<usize>),
    /// Inside the CMS file (RFC 8551 3.5.2).
    Opaque,
    /// Text signed in the clear (RFC 9580 7).
    Inline,
    /// multipart/signed that is not of two parts, or that clients read in different ways: nothing is known to be signed.
    Broken,
}

/// How the mail is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    pub signed: Option<Signed>,
    /// The whole body can only be read by its recipient.
    pub encrypted: Option<Family>,
    /// Some part of it is signed, not all.
    pub is_part_signed: bool,
}

impl Protection {
    /// Looks at the outermost structure of a message, all parts of it being listed.
    #[must_use]
    pub fn of(message: &Message<'_>, parts: &[Part], found: &BTreeSet<Defect>) -> Self {
        let root = message.root_part();
        let mut protection = match declared_type(&root).as_str() {
            "multipart/signed" => Self { signed: detached(&root, found), ..Self::default() },
            "multipart/encrypted" => Self { encrypted: encrypted_multipart(&root), ..Self::default() },
            "text/plain" => inline(&root),
            media_type if is_smime(media_type, parts) => opaque(&root),
            _ => Self::default(),
        };
        protection.is_part_signed = protection.signed.is_none() && parts.iter().any(is_signature);
        protection
    }
}

/// Is the only part a CMS file that clients take for one (RFC 8551 3.9)?
fn is_smime(media_type: &str, parts: &[Part]) -> bool {
    let Some(part) = parts.first().filter(|part| part.detected == CMS) else { return false };
    let is_named = part.names.iter().any(|name| names::extension(name).is_some_and(|extension| extension == "p7m"));
    matches!(media_type, "application/pkcs7-mime" | "application/x-pkcs7-mime") || is_named
}

/// Is this part a signature, or signed in itself?
fn is_signature(part: &Part) -> bool {
    matches!(
        part.declared.as_str(),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature"
    ) || part.detected == "application/pgp-signature"
        || part.traits.iter().any(|mark| mark == "signed")
}

fn decoded<'a>(part: &MessagePart<'a>) -> Cow<'a, [u8]> {
    part.encoding().decode_checked(part.raw_body()).0
}

/// multipart/signed: what is signed, and the signature.
fn detached(root: &MessagePart<'_>, found: &BTreeSet<Defect>) -> Option<Signed> {
    let mut children = root.children();
    let (content, signature) = (children.next()?, children.next());
    let octets = signature.as_ref().map(|part| decoded(part)).unwrap_or_default();
    let (family, octets) = family_of(root, &octets);
    let is_plain = |part: &MessagePart<'_>| part.flags().is_empty();
    let is_sound = children.next().is_none()
        && is_plain(root)
        && is_plain(&content)
        && signature.as_ref().is_some_and(is_plain)
        && octets.len() <= limits::SIGNATURE_BYTES_MAX
        && !AMBIGUITIES.iter().any(|defect| found.contains(defect));
    let range = content.offset_header() as usize..content.offset_end() as usize;
    let form = if is_sound { Form::Detached(range) } else { Form::Broken };
    Some(Signed { family, form, octets: if is_sound { octets.into() } else { Bytes::new() } })
}

/// What the signature is, and its octets without armour; the label decides where the octets say nothing.
fn family_of(root: &MessagePart<'_>, octets: &[u8]) -> (Family, Vec<u8>) {
    if cms::read(octets).is_some() {
        return (Family::Smime, octets.to_vec());
    }
    if let Some(block) = armor::blocks(octets).next().filter(|block| block.label == Label::Signature) {
        return (Family::Openpgp, block.octets());
    }
    let protocol = root.content_type().and_then(|content_type| content_type.attribute("protocol")).unwrap_or_default();
    let is_openpgp = protocol.to_ascii_lowercase().contains("pgp");
    (if is_openpgp { Family::Openpgp } else { Family::Smime }, octets.to_vec())
}

/// multipart/encrypted of OpenPGP (RFC 3156 4): two parts, the second one encrypted.
fn encrypted_multipart(root: &MessagePart<'_>) -> Option<Family> {
    let mut children = root.children();
    let (_, second) = (children.next()?, children.next()?);
    let is_sound = children.next().is_none() && root.flags().is_empty();
    let octets = decoded(&second);
    let is_encrypted = openpgp::texts(&octets).is_encrypted || openpgp::kind(&octets) == Some(openpgp::Kind::Encrypted);
    (is_sound && is_encrypted).then_some(Family::Openpgp)
}

/// A mail that is one CMS file.
fn opaque(root: &MessagePart<'_>) -> Protection {
    let octets = decoded(root);
    match cms::read(&octets).map(|info| info.kind) {
        Some(kind) if kind.is_encrypted() => Protection { encrypted: Some(Family::Smime), ..Protection::default() },
        Some(Kind::Signed) => {
            let signed = Signed { family: Family::Smime, form: Form::Opaque, octets: octets.into_owned().into() };
            Protection { signed: Some(signed), ..Protection::default() }
        }
        _ => Protection::default(),
    }
}

/// A mail that is one text: an encrypted message, or text signed in the clear, from its first to its last line.
fn inline(root: &MessagePart<'_>) -> Protection {
    let octets = decoded(root);
    let text = octets.trim_ascii();
    let Some(block) = text.starts_with(armor::BEGIN).then(|| armor::blocks(text).next()).flatten() else {
        return Protection::default();
    };
    let is_whole = block.rest.is_some_and(|rest| rest.trim_ascii().is_empty());
    match block.label {
        Label::Message if is_whole && openpgp::kind(&block.start()) == Some(openpgp::Kind::Encrypted) => {
            Protection { encrypted: Some(Family::Openpgp), ..Protection::default() }
        }
        Label::SignedMessage => {
            let signed = Signed { family: Family::Openpgp, form: Form::Inline, octets: text.to_vec().into() };
            Protection { signed: Some(signed), ..Protection::default() }
        }
        _ => Protection::default(),
    }
}

const CMS: &str = "application/pkcs7-mime";

/// Where these are found, clients may show something else than what is signed.
const AMBIGUITIES: &[Defect] = &[
    defects::DUPLICATE_CONTENT_TYPE,
    defects::DUPLICATE_CONTENT_TRANSFER_ENCODING,
    defects::CONTENT_IN_PREAMBLE,
    defects::CONTENT_IN_EPILOGUE,
    defects::HIDDEN_BY_READING,
    defects::DOUBTFUL_CONTENT_TYPE,
    defects::MALFORMED_BOUNDARY,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::Message;

    fn protection(content_type: &str, body: &str) -> Protection {
        let raw = format!("From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n{body}");
        Message::parse(raw.into_bytes().into()).protection
    }

    const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----\r\n\r\nwgQEAAAA\r\n-----END PGP SIGNATURE-----\r\n";

    #[test]
    fn the_signed_octets_are_the_first_part() {
        let body = format!(
            "--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n{SIGNATURE}--b--\r\n"
        );
        let raw = format!("MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n{body}");
        let message = Message::parse(raw.clone().into_bytes().into());
        let signed = message.protection.signed.unwrap();
        let Form::Detached(range) = signed.form else { panic!("{:?}", signed.form) };
        assert_eq!(&raw[range], "Content-Type: text/plain\r\n\r\nwords");
        assert_eq!((signed.family, &signed.octets[..]), (Family::Openpgp, &b"\xc2\x04\x04\0\0\0"[..]));
    }

    #[test]
    fn a_signed_part_beside_others_is_not_a_signed_mail() {
        let body = format!(
            "--a\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n\
             Content-Type: application/pgp-signature\r\n\r\n{SIGNATURE}--b--\r\n--a\r\n\r\nfooter\r\n--a--\r\n"
        );
        let found = protection("multipart/mixed; boundary=a", &body);
        assert!(found.signed.is_none() && found.is_part_signed);
        let third = format!("--b\r\n\r\nwords\r\n--b\r\n\r\n{SIGNATURE}\r\n--b\r\n\r\nmore\r\n--b--\r\n");
        let found = protection("multipart/signed; boundary=b", &third);
        assert_eq!(found.signed.unwrap().form, Form::Broken);
    }

    #[test]
    fn encrypted_mail_is_told_by_its_bytes() {
        let armour = |body: &str| format!("-----BEGIN PGP MESSAGE-----\r\n\r\n{body}\r\n-----END PGP MESSAGE-----\r\n");
        let real = armour("wQwDQUJDREVGR0gSAADSAwFhYg==");
        assert_eq!(protection("text/plain", &real).encrypted, Some(Family::Openpgp));
        assert_eq!(protection("text/plain", &format!("{real}and this")).encrypted, None);
        assert_eq!(protection("text/plain", &armour("just words")).encrypted, None);
        let multipart = |body: &str| {
            format!(
                "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n{body}--b--\r\n"
            )
        };
        assert_eq!(protection("multipart/encrypted; boundary=b", &multipart(&real)).encrypted, Some(Family::Openpgp));
        let raw = format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; boundary=b\r\n\r\n{}",
            multipart("hello\r\n")
        );
        let message = Message::parse(raw.into_bytes().into());
        assert_eq!(message.protection.encrypted, None);
        assert!(message.defects.contains(&defects::FALSE_ENCRYPTION_LABEL));
    }
}
