//! What is inside attachments: archives, documents, pictures and pages opened, under one budget for the whole mail.
//!
//! Pure. Nothing is skipped silently: what is not looked into stands in `skipped` with its reason.

pub mod budget;
pub mod contents;
mod lzw;
pub mod octets;
pub mod passwords;
mod stream;
mod tar;
mod zip;

use crate::mail::filetype;
use budget::{Budget, UNSUPPORTED};
use contents::Contents;

/// Opens a file of the type that its content shows. `passwords` are tried where it is encrypted.
#[must_use]
pub fn open(kind: &str, name: &str, bytes: &[u8], passwords: &[String], budget: &mut Budget) -> Contents {
    budget.begin(bytes.len());
    match kind {
        "application/zip" => zip::open(bytes, passwords, budget),
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
        _ if zip::begins_at(bytes).is_some() => zip::open(bytes, passwords, budget),
        _ if filetype::is_container(kind) => Contents::skipped(UNSUPPORTED),
        _ => Contents::default(),
    }
}
