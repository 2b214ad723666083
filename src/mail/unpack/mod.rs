//! What is inside attachments: archives, documents, pictures and pages opened, under one budget for the whole mail.
//!
//! Pure. Nothing is skipped silently: what is not looked into stands in `skipped` with its reason.

mod biff;
pub mod budget;
mod cabinet;
mod cms;
mod coded;
#[cfg(feature = "qr")]
mod codes;
mod compound;
pub mod contents;
mod disc;
mod dos;
mod huffman;
pub mod lent;
mod lzw;
mod md5;
pub mod octets;
mod office;
mod ole;
mod openpgp;
mod outlook;
pub mod passwords;
mod pdf;
#[cfg(feature = "qr")]
mod picture;
#[cfg(feature = "rar")]
mod rar;
mod rtf;
#[cfg(feature = "sevenz")]
mod sevenz;
mod small;
mod smuggle;
mod stream;
mod strings;
mod tar;
mod universal;
mod vba;
mod xml;
mod zip;

use crate::mail::filetype;
use budget::{Budget, UNSUPPORTED};
use contents::Contents;
use lent::Lent;

/// Opens a file of the type that its content shows. `passwords` are tried where it is encrypted.
#[must_use]
pub fn open(kind: &str, name: &str, bytes: &[u8], passwords: &[String], budget: &mut Budget) -> Contents {
    budget.begin(bytes.len());
    match kind {
        "application/x-ole-storage"
        | "application/x-msi"
        | "application/msword"
        | "application/vnd.ms-excel"
        | "application/vnd.ms-powerpoint"
        | "application/vnd.ms-outlook" => ole::open(kind, bytes, budget),
        "application/rtf" => rtf::open(bytes, budget),
        "text/xml" => {
            let mut contents = Contents::default();
            office::single(bytes, &mut contents, budget);
            contents
        }
        "text/html" | "image/svg+xml" | "application/hta" | "text/javascript" => smuggle::open(bytes, budget),
        "application/pdf" => pdf::open(bytes, passwords, budget),
        "application/x-7z-compressed" => seven(bytes, passwords, budget),
        "application/vnd.rar" => roshal(bytes, passwords, budget),
        "image/png" | "image/jpeg" | "image/gif" | "image/bmp" | "image/webp" => picture(bytes, budget),
        "application/x-ms-shortcut" => small::shortcut(bytes),
        "application/onenote" => small::notebook(bytes, budget),
        "text/calendar" | "text/vcard" => small::card(bytes, budget),
        "application/pkcs7-mime" => cms::open(bytes, budget),
        "application/pgp-encrypted" => openpgp::open(bytes, budget),
        "application/vnd.ms-tnef" => outlook::open(bytes, budget),
        "application/x-iso9660-image" => disc::open(bytes, budget),
        "application/x-arj" => dos::open_arj(bytes, budget),
        "application/x-lzh-compressed" => dos::open_lzh(bytes, budget),
        "application/vnd.ms-cab-compressed" => cabinet::open(bytes, budget),
        "text/plain" => {
            let mut contents = Contents::default();
            if name.to_ascii_lowercase().ends_with(".csv") {
                office::table(bytes, &mut contents);
            }
            contents
        }
        "application/gzip"
        | "application/x-bzip2"
        | "application/x-xz"
        | "application/x-lzip"
        | "application/zstd"
        | "application/x-compress"
        | "application/x-lzma"
        | "application/zlib" => stream::open(kind, name, bytes, budget),
        "application/x-tar" => tar::open_tar(bytes, budget),
        "application/x-cpio" => tar::open_cpio(bytes, budget),
        "application/x-unix-archive" => tar::open_ar(bytes, budget),
        "application/x-dosexec" if installer(bytes).is_some() => {
            let (kind, inner) = installer(bytes).unwrap_or_default();
            open(kind, name, inner, passwords, budget)
        }
        _ if is_zip(kind) || zip::begins_at(bytes).is_some() => {
            let mut contents = zip::open(bytes, passwords, budget);
            office::inspect(&mut contents);
            contents
        }
        _ if filetype::is_container(kind) => Contents::skipped(UNSUPPORTED),
        _ => Contents::default(),
    }
}

/// Opens what was encrypted to a lent key: a CMS file, a message of OpenPGP, or a text with such messages. None where no
/// key opens any of it.
#[must_use]
pub fn unseal(kind: &str, bytes: &[u8], lent: &Lent, budget: &mut Budget) -> Option<Contents> {
    if lent.is_empty() {
        return None;
    }
    budget.begin(bytes.len());
    match kind {
        "application/pkcs7-mime" => cms::unseal(bytes, lent, budget),
        "application/pgp-encrypted" | "text/plain" => openpgp::unseal(bytes, lent, budget),
        _ => None,
    }
}

/// The archive that a program unpacks when it is run, and its type.
fn installer(bytes: &[u8]) -> Option<(&'static str, &[u8])> {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"7z\xbc\xaf\x27\x1c\0", "application/x-7z-compressed"),
        (b"Rar!\x1a\x07\0", "application/vnd.rar"),
        (b"Rar!\x1a\x07\x01\0", "application/vnd.rar"),
        (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    ];
    if zip::begins_at(bytes).is_some() {
        return None;
    }
    let found = SIGNATURES.iter().filter_map(|(mark, kind)| Some((octets::find(bytes, 0, mark)?, *kind)));
    let (at, kind) = found.min()?;
    Some((kind, bytes.get(at..)?))
}

/// Is this one of the types that are zip files?
fn is_zip(kind: &str) -> bool {
    kind == "application/zip"
        || kind == "application/epub+zip"
        || kind.starts_with("application/vnd.openxmlformats-officedocument.")
        || kind.starts_with("application/vnd.oasis.opendocument.")
}

#[cfg(feature = "sevenz")]
fn seven(bytes: &[u8], passwords: &[String], budget: &mut Budget) -> Contents {
    sevenz::open(bytes, passwords, budget)
}

#[cfg(not(feature = "sevenz"))]
fn seven(_: &[u8], _: &[String], _: &mut Budget) -> Contents {
    Contents::skipped(UNSUPPORTED)
}

#[cfg(feature = "rar")]
fn roshal(bytes: &[u8], passwords: &[String], budget: &mut Budget) -> Contents {
    rar::open(bytes, passwords, budget)
}

#[cfg(not(feature = "rar"))]
fn roshal(_: &[u8], _: &[String], _: &mut Budget) -> Contents {
    Contents::skipped(UNSUPPORTED)
}

#[cfg(feature = "qr")]
fn picture(bytes: &[u8], budget: &mut Budget) -> Contents {
    picture::open(bytes, budget)
}

#[cfg(not(feature = "qr"))]
fn picture(_: &[u8], _: &mut Budget) -> Contents {
    Contents::default()
}

/// Looks for codes in bare pixels, `width` in a line.
#[cfg(feature = "qr")]
fn codes(width: usize, gray: &[u8], contents: &mut Contents) {
    codes::read(width, gray, contents);
}

#[cfg(not(feature = "qr"))]
fn codes(_: usize, _: &[u8], _: &mut Contents) {}
