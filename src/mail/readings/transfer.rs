//! Which transfer encodings a body may be in, for some reader: by what is declared, and by what it looks like.
//!
//! Pure.

use crate::mail::coding::{File, base64, binhex, quoted, uuencode, yenc};
use memchr::memmem;

/// A transfer encoding (RFC 2045 6.1), or one of the older ones that clients still undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transfer {
    Identity,
    Base64,
    Quoted,
    Uuencode,
    Yenc,
    Binhex,
}

/// One way to decode a body.
pub struct Decoding {
    pub transfer: Transfer,
    /// A field names this encoding; otherwise the octets look like it.
    pub is_declared: bool,
    pub file: File,
}

/// Words that stand for an encoding wherever they stand in the value.
const WORDS: [(&str, Transfer); 12] = [
    ("base", Transfer::Base64),
    ("64", Transfer::Base64),
    ("quoted", Transfer::Quoted),
    ("printable", Transfer::Quoted),
    ("qp", Transfer::Quoted),
    ("uu", Transfer::Uuencode),
    ("yenc", Transfer::Yenc),
    ("binhex", Transfer::Binhex),
    ("hqx", Transfer::Binhex),
    ("7bit", Transfer::Identity),
    ("8bit", Transfer::Identity),
    ("binary", Transfer::Identity),
];

/// The encodings that the values name, sorted; none if they name none.
#[must_use]
pub fn named(values: &[Vec<u8>]) -> Vec<Transfer> {
    let mut found = Vec::new();
    for value in values {
        let word: String = value
            .iter()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
        found.extend(WORDS.iter().filter(|(name, _)| word.contains(name)).map(|(_, transfer)| *transfer));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Hands out every plausible decoding of the body, the declared ones first.
///
/// `named` are the encodings that fields name. Where they name none, the octets as they are count as declared. A body
/// that is not a leaf by its octets is decoded only as fields say: what is in it is found where it stands.
pub fn decodings(named: &[Transfer], body: &[u8], is_leaf: bool, take: &mut dyn FnMut(Decoding)) {
    for transfer in named {
        if is_leaf || *transfer != Transfer::Identity {
            files(*transfer, body, &mut |file| take(Decoding { transfer: *transfer, is_declared: true, file }));
        }
    }
    if !is_leaf {
        return;
    }
    if named.is_empty() {
        let transfer = Transfer::Identity;
        files(transfer, body, &mut |file| take(Decoding { transfer, is_declared: true, file }));
    }
    for transfer in likely(body) {
        if !named.contains(&transfer) {
            files(transfer, body, &mut |file| take(Decoding { transfer, is_declared: false, file }));
        }
    }
}

/// The encodings that the body looks like.
fn likely(body: &[u8]) -> Vec<Transfer> {
    let start = body.trim_ascii_start();
    [
        (base64::is_likely(start), Transfer::Base64),
        (quoted::is_likely(start), Transfer::Quoted),
        (uuencode::is_likely(start), Transfer::Uuencode),
        (memmem::find(body, b"=ybegin ").is_some(), Transfer::Yenc),
        (memmem::find(body, b"(This file must be converted with BinHex").is_some(), Transfer::Binhex),
    ]
    .into_iter()
    .filter_map(|(is_likely, transfer)| is_likely.then_some(transfer))
    .collect()
}

fn files(transfer: Transfer, body: &[u8], take: &mut dyn FnMut(File)) {
    let raw_bytes = body.len();
    let mut plain = |octets: Vec<u8>| take(File { name: String::new(), octets, raw_bytes });
    match transfer {
        Transfer::Identity => plain(body.to_vec()),
        Transfer::Base64 => base64::readings(body, &mut plain),
        Transfer::Quoted => quoted::readings(body, &mut plain),
        Transfer::Uuencode => {
            plain(uuencode::decoded(body));
            uuencode::files(body).into_iter().for_each(take);
        }
        Transfer::Yenc => yenc::files(body).into_iter().for_each(take),
        Transfer::Binhex => {
            binhex::files(body).into_iter().chain(binhex::decoded(body)).for_each(take);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_understood() {
        for (value, transfer) in [
            (" base64 (x)", Transfer::Base64),
            ("\"base64\"", Transfer::Base64),
            ("base 64", Transfer::Base64),
            ("x-uuencode", Transfer::Uuencode),
            ("quoted-printable;", Transfer::Quoted),
            ("X-Mac-BinHex40", Transfer::Binhex),
        ] {
            assert_eq!(named(&[value.as_bytes().to_vec()]), [transfer], "{value}");
        }
        assert_eq!(named(&[b"base64, quoted-printable".to_vec()]), [Transfer::Base64, Transfer::Quoted]);
        assert!(named(&[b"x-unknown".to_vec()]).is_empty());
    }
}
