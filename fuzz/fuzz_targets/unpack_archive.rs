//! Archives of every kind: the first octet names one, any octets behind it are opened within the budget.
#![no_main]

#[path = "shared/opened.rs"]
mod opened;

use libfuzzer_sys::fuzz_target;

const KINDS: &[&str] = &[
    "application/zip",
    "application/gzip",
    "application/x-bzip2",
    "application/x-xz",
    "application/x-lzip",
    "application/zstd",
    "application/x-compress",
    "application/x-lzma",
    "application/x-tar",
    "application/x-cpio",
    "application/x-unix-archive",
    "application/x-iso9660-image",
    "application/x-arj",
    "application/x-lzh-compressed",
    "application/vnd.ms-cab-compressed",
    "application/x-7z-compressed",
    "application/vnd.rar",
    "application/x-dosexec",
];

fuzz_target!(|bytes: &[u8]| opened::open_as_one_of(KINDS, bytes));
