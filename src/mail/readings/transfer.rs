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

/// Every plausible decoding of the body, the declared ones first.
///
/// `named` are the encodings that fields name. Where they name none, the octets as they are count as declared.
#[must_use]
pub fn decodings(named: &[Transfer], body: &[u8], identity: bool) -> Vec<Decoding> {
    let mut transfers: Vec<(Transfer, bool)> = named.iter().map(|transfer| (*transfer, true)).collect();
    if named.is_empty() && identity {
        transfers.push((Transfer::Identity, true));
    }
    for transfer in likely(body) {
        if !named.contains(&transfer) {
            transfers.push((transfer, false));
        }
    }
    let mut found = Vec::new();
    for (transfer, is_declared) in transfers {
        for file in files(transfer, body) {
            found.push(Decoding { transfer, is_declared, file });
        }
    }
    found
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

fn files(transfer: Transfer, body: &[u8]) -> Vec<File> {
    let raw_bytes = body.len();
    let plain = |octets: Vec<u8>| File { name: String::new(), octets, raw_bytes };
    match transfer {
        Transfer::Identity => vec![plain(body.to_vec())],
        Transfer::Base64 => base64::readings(body).into_iter().map(plain).collect(),
        Transfer::Quoted => quoted::readings(body).into_iter().map(plain).collect(),
        Transfer::Uuencode => {
            let mut found = uuencode::files(body);
            let whole = uuencode::decoded(body);
            if !whole.is_empty() && found.iter().all(|file| file.octets != whole) {
                found.push(plain(whole));
            }
            found
        }
        Transfer::Yenc => yenc::files(body),
        Transfer::Binhex => {
            let found = binhex::files(body);
            if found.is_empty() { binhex::decoded(body).into_iter().collect() } else { found }
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
